"""What the writer imports, and only while no fork can happen."""

from __future__ import annotations

import os
import threading
from importlib import import_module

_importing = threading.RLock()
"""Held while this thread imports, and so at no fork: a child would be left with modules that are half there."""


def import_all(url: str) -> None:
    """Imports what the writer needs for the ledger at `url`."""
    modules = [
        "llmtrack.ledger.open",
        "llmtrack.ledger.error_classes",
        "llmtrack.capture.journal.decode",
        "llmtrack.pricing",
    ]
    modules.append(f"sqlalchemy.dialects.{'sqlite.pysqlite' if url.startswith('sqlite') else 'postgresql.psycopg'}")
    with _importing:
        for module in modules:
            import_module(module)


def _after_fork() -> None:
    global _importing
    _importing = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=lambda: _importing.acquire(),
        after_in_parent=lambda: _importing.release(),
        after_in_child=_after_fork,
    )
