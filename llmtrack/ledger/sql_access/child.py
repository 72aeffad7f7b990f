"""The process that runs one statement: `python -m llmtrack.ledger.sql_access.child`.

Takes a request as JSON from its input and writes the result as JSON. It has no settings, no keys and no other file of
ours open, limits its own memory and time, and is killed by whoever started it where that is not enough.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from llmtrack.ledger.sql_access.errors import SqlError, too_large
from llmtrack.ledger.sql_access.result import encode_cell

MEMORY = 256 * 2**20
"""Bytes a SQLite statement may take; the process around it may take `_OVERHEAD` more."""
_OVERHEAD = 512 * 2**20
_LARGEST_FILE = 64 * 2**20
"""Bytes: SQLite's index of its log is the only file that this process may have to lengthen."""


def main() -> None:
    """Reads the request, runs the statement, writes what came of it."""
    request = json.load(sys.stdin)
    _limit(request["seconds"])
    try:
        answer = _run(request)
    except SqlError as error:
        answer = _as_answer(error)
    except MemoryError:
        answer = _as_answer(too_large())
    except Exception as error:
        answer = _as_answer(SqlError(f"It could not be run ({type(error).__name__}: {error}).", "failed"))
    sys.stdout.write(json.dumps(answer))
    sys.stdout.flush()
    os._exit(0)  # nothing to tidy: what the statement took goes with the process


def _as_answer(error: SqlError) -> dict[str, Any]:
    return {"error": str(error), "reason": error.reason, "position": error.position}


def _run(request: Mapping[str, Any]) -> dict[str, Any]:
    columns, rows = _reader(request).read(request["statement"])
    return {"columns": columns, **_collect(rows, request["rows"], request["bytes"])}


def _reader(request: Mapping[str, Any]) -> Any:
    if request["database"] == "sqlite":
        from llmtrack.ledger.sql_access.sqlite_reader import SqliteReader

        return SqliteReader(
            request["path"], request["views"], request["sources"], seconds=request["seconds"], memory=MEMORY
        )
    from llmtrack.ledger.sql_access.postgresql_reader import PostgresqlReader

    return PostgresqlReader(request["server"], request["schema"], request["views"], seconds=request["seconds"])


def _collect(rows: Iterator[tuple[object, ...]], most_rows: int, most_bytes: int) -> dict[str, Any]:
    """The rows up to the first limit, and which that was."""
    taken: list[list[object]] = []
    size = 0
    for row in rows:
        if len(taken) == most_rows:
            return {"rows": taken, "cut": "rows"}
        cells = [encode_cell(value) for value in row]
        size += len(json.dumps(cells))
        if size > most_bytes:
            return {"rows": taken, "cut": "bytes"}
        taken.append(cells)
    return {"rows": taken, "cut": None}


def _limit(seconds: float) -> None:
    """Limits of the operating system, where it has them, for what the database itself does not end."""
    try:
        import resource
    except ImportError:  # Windows: SQLite's own limit of memory and the parent's of time remain
        return
    os.nice(10)
    cpu = int(seconds) + 2
    for kind, most in (
        (resource.RLIMIT_CPU, cpu),
        (resource.RLIMIT_AS, MEMORY + _OVERHEAD),
        (resource.RLIMIT_FSIZE, _LARGEST_FILE),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(kind)
        allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (allowed, allowed))


if __name__ == "__main__":
    main()
