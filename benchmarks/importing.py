"""What importing the tracked clients costs over importing the SDKs alone.

    python benchmarks/importing.py

Fresh processes in pairs, the bare import next to the tracked one; the median of the differences, in milliseconds of
time and of CPU.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MEASURED = """
import sys, time
sys.path.insert(0, {root!r})
time_before, cpu_before = time.perf_counter(), time.process_time()
import {module}
print(time.perf_counter() - time_before, time.process_time() - cpu_before)
"""


def once(module: str) -> tuple[float, float]:
    """Milliseconds, and milliseconds of CPU, that importing `module` takes in a process of its own."""
    code = MEASURED.format(root=str(ROOT), module=module)
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    seconds, cpu = map(float, said.split())
    return seconds * 1000, cpu * 1000


def main() -> None:
    """Measures both providers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=21)
    pairs = parser.parse_args().pairs
    for bare in ("openai", "anthropic"):
        once(f"llmtrack.{bare}")  # So that all is compiled.
        bares, differences = [], []
        for pair in range(pairs):
            modules = (bare, f"llmtrack.{bare}") if pair % 2 else (f"llmtrack.{bare}", bare)
            spent = {module: once(module) for module in modules}
            ours, theirs = spent[f"llmtrack.{bare}"], spent[bare]
            bares.append(theirs)
            differences.append((ours[0] - theirs[0], ours[1] - theirs[1]))
        alone = [statistics.median(column) for column in zip(*bares, strict=True)]
        added = [statistics.median(column) for column in zip(*differences, strict=True)]
        print(
            f"{bare}: {alone[0]:.0f} ms ({alone[1]:.0f} of CPU) alone, "
            f"{added[0]:+.1f} ms ({added[1]:+.1f} of CPU) tracked"
        )


if __name__ == "__main__":
    main()
