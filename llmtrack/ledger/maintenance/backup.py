"""A copy of a ledger in one file, as it was at one moment, while others write."""

from __future__ import annotations

import secrets
import sqlite3
from pathlib import Path

from llmtrack.ledger.database.sqlite import SQLite
from llmtrack.ledger.errors import LedgerError
from llmtrack.ledger.ledger import Ledger


def back_up(ledger: Ledger, target: Path, *, replace: bool = False) -> int:
    """Copies the ledger to `target`, which only its owner can read; returns its size in bytes.

    The copy appears under its name once it is whole. Raises `LedgerError` where there is a file
    already (unless `replace`), where it cannot be written, and where the ledger lies in PostgreSQL.
    """
    if ledger.file is None or not isinstance(ledger.dialect, SQLite):
        raise LedgerError(
            f"The ledger {ledger.name} lies in PostgreSQL, which makes its own backups: "
            "pg_dump --format=custom --file=FILE DATABASE, and pg_restore brings one back."
        )
    if target.is_dir():
        raise LedgerError(f"{target} is a directory: name a file in it, such as {target / 'llmtrack-backup.db'}.")
    if target.exists() and (not replace or target.samefile(ledger.file.path)):
        raise LedgerError(f"{target} exists: name another file{'' if replace else ', or add --replace'}.")
    young = target.with_name(f"{target.name}.{secrets.token_hex(4)}.new")
    try:
        ledger.dialect.backup(ledger.file.path, young)
        size = young.stat().st_size
        young.rename(target)
        return size
    except (OSError, sqlite3.Error) as error:
        raise LedgerError(f"The backup {target} cannot be written ({error}): check its directory and disk.") from error
    finally:
        for name in (young.name, f"{young.name}-wal", f"{young.name}-shm"):
            young.with_name(name).unlink(missing_ok=True)
