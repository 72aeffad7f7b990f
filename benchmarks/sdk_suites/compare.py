"""Which tests end otherwise with llmtrack's clients: ``compare.py NONE.txt CLASSES.txt [BROKEN_BY_THE_SWAP.txt]``.

The files are what `run.sh` wrote. Exits with 1 if a test fails that passes without, and is not in the list.
"""

from __future__ import annotations

import collections
import re
import sys
from pathlib import Path

_VERDICT = re.compile(r"(PASSED|FAILED|ERROR|SKIPPED|XFAIL|XPASS) (\S+::.*?)(?: - .*)?$")


def verdicts(path: str) -> dict[str, str]:
    """How each test ended; the worse of two."""
    ends: dict[str, str] = {}
    for line in Path(path).read_text(errors="replace").splitlines():
        if match := _VERDICT.match(line.rstrip()):
            how, name = match.groups()
            ends[name] = ends[name] if ends.get(name) in ("FAILED", "ERROR") else how
    return ends


def main() -> int:
    """Compares and prints."""
    bare, ours = verdicts(sys.argv[1]), verdicts(sys.argv[2])
    known = set(Path(sys.argv[3]).read_text().splitlines()) if len(sys.argv) > 3 else set()
    print("without llmtrack:", dict(collections.Counter(bare.values())))
    print("with llmtrack:   ", dict(collections.Counter(ours.values())))
    worse = {name for name, how in ours.items() if how in ("FAILED", "ERROR") and bare.get(name) == "PASSED"}
    better = {name for name, how in ours.items() if how == "PASSED" and bare.get(name) in ("FAILED", "ERROR")}
    print(f"fail only with llmtrack: {len(worse)}, of which the swap itself breaks {len(worse & known)}")
    for name in sorted(worse - known):
        print("  WORSE", name)
    for name in sorted(better):
        print("  better", name)
    print("run without llmtrack only:", len(bare.keys() - ours.keys()))
    return 1 if worse - known else 0


if __name__ == "__main__":
    sys.exit(main())
