"""How much memory an export takes: the same for many rows as for few.

    python benchmarks/ledger.py build --rows 200000 --database sqlite:///bench.db
    python benchmarks/exporting.py --database sqlite:///bench.db

Streams a tenth of the generations and then all of them in each format, and prints the most that Python held beyond what
it held before (tracemalloc).
"""

from __future__ import annotations

import argparse
import sys
import tracemalloc
from datetime import datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from llmtrack.ledger import Ledger, open_ledger
from llmtrack.ledger.export import FORMATS, stream_generations
from llmtrack.ledger.metrics import ask


def peak(ledger: Ledger, kind: str, since: datetime | None) -> tuple[int, int]:
    """Bytes of the file, and the most that was held at once while it was made."""
    tracemalloc.start()
    size = sum(len(piece) for piece in stream_generations(ledger, kind, since=since))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return size, most


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--database", default="sqlite:///bench.db")
    ledger = open_ledger(parser.parse_args().database)
    days = [row for row in ask(ledger, ["generations"], ["day"]) if row["generations"]]
    whole = sum(row["generations"] for row in days)
    some, since = 0, None
    for row in reversed(days):
        some, since = some + row["generations"], row["day"]
        if some >= whole / 10:
            break
    start = since if isinstance(since, datetime) else datetime.fromisoformat(f"{since}T00:00:00+00:00")
    for kind in FORMATS:
        peak(ledger, kind, start)  # what is imported and remembered once does not count
        for count, beginning in ((some, start), (whole, None)):
            size, most = peak(ledger, kind, beginning)
            print(f"{kind:<8} {count:>9,} rows {size / 1e6:8.1f} MB of file, {most / 1e6:6.1f} MB of memory at most")


if __name__ == "__main__":
    main()
