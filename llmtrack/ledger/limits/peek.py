"""Whether a SQLite ledger has limits at all, without opening it as a ledger: most have none, and then it is enough."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from llmtrack.ledger.owner import address_of


def peek_version(url: str) -> int | None:
    """The version of the limits of a SQLite ledger; 0 where there is no ledger or none ever had a limit.

    None where only opening the ledger tells: on a server. Raises `sqlite3.Error` where the file cannot be read.
    """
    if not url.startswith("sqlite"):
        return None
    path = Path(address_of(url).removeprefix("sqlite:///"))
    if not path.is_file() or not os.access(path, os.R_OK):
        return 0
    with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=1.0)) as connection:
        try:
            row = connection.execute("SELECT value FROM state WHERE key = 'limits'").fetchone()
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                return 0  # not made yet, or by an earlier version
            raise
    return 0 if row is None else int(row[0])
