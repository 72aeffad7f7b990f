"""Looks names up by id and ids by name: texts that repeat are stored once in the ledger and referred to by number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from string import ascii_lowercase, ascii_uppercase
from typing import Any
from weakref import WeakKeyDictionary

from llmtrack.ledger.database.snapshot import Snapshot
from llmtrack.ledger.write.interning import fitted

UNKNOWN_NAME = -1
"""The id of a name that is not in the ledger: no row has it."""
_TABLES = {"user": ("app_user", "user_id"), "session": ("session", "session_id"), "trace": ("trace", "trace_id")}
_CHUNK = 500


class NameLookup:
    """All rows of the tables `name` and `user_alias`: few and rarely changed, so read once and after a change."""

    def __init__(self) -> None:
        self.aliases: Mapping[int, int] = {}
        """The users whose calls count as another's, with that other one; never changed in place."""
        self._ids: dict[tuple[str, str], int] = {}
        self._texts: dict[int, str] = {}
        self._version: object = None

    def refresh(self, snapshot: Snapshot, version: object) -> None:
        """Reads all names and aliases, unless they were read at this `version`, which counts them and their changes."""
        if version != self._version:
            rows = snapshot.rows("SELECT id, kind, text FROM name")
            self._ids = {(kind, text): id for id, kind, text in rows}
            self._texts = {id: text for id, kind, text in rows}
            self.aliases = {row[0]: row[1] for row in snapshot.rows("SELECT app_user, target FROM user_alias")}
            self._version = version

    def id(self, kind: str, text: Any) -> int:
        """The id of a name; 0 for None, `UNKNOWN_NAME` for one that is not in the ledger."""
        return 0 if text is None else self._ids.get((kind, fitted(str(text))), UNKNOWN_NAME)

    def ids_with(self, kind: str, parts: Sequence[Any]) -> list[int]:
        """The ids of names that have one of these texts in them, in whatever case of ASCII letters."""
        wanted = [ascii_lower(str(part)) for part in parts]
        return [
            id
            for (of, text), id in self._ids.items()
            if of == kind and any(part in ascii_lower(text) for part in wanted)
        ]

    def text(self, id: int | None) -> str | None:
        """The name with that id; None for 0."""
        return self._texts.get(id) if id else None


_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)


def ascii_lower(text: str) -> str:
    """`text` in small letters as far as they are ASCII's: what every database agrees about."""
    return text.translate(_LOWER)


_lookups: WeakKeyDictionary[Any, NameLookup] = WeakKeyDictionary()


def name_lookup(ledger: Any) -> NameLookup:
    """The names of this ledger, cached between queries."""
    return _lookups.setdefault(ledger, NameLookup())


def ids_of(snapshot: Snapshot, dimension: str, texts: Sequence[Any]) -> list[int]:
    """The ids of users, sessions or traces by the names callers gave them, as `NameLookup.id` does."""
    table, column = _TABLES[dimension]
    names = [fitted(str(text)) for text in texts if text is not None]
    ids: dict[str, int] = {}
    for at in range(0, len(names), _CHUNK):
        chunk = names[at : at + _CHUNK]
        placeholders = snapshot.dialect.placeholders(len(chunk))
        rows = snapshot.rows(f"SELECT {column}, id FROM {table} WHERE {column} IN ({placeholders})", chunk)
        ids.update({row[0]: row[1] for row in rows})
    return [0 if text is None else ids.get(fitted(str(text)), UNKNOWN_NAME) for text in texts]


def name_column(dimension: str) -> tuple[str, str]:
    """The table of users, sessions or traces, and its column with the names callers gave them."""
    return _TABLES[dimension]


def texts_of(snapshot: Snapshot, dimension: str, ids: Iterable[int]) -> dict[int, str]:
    """The names callers gave to users, sessions or traces, by id."""
    table, column = _TABLES[dimension]
    wanted = sorted({int(id) for id in ids if id})
    texts: dict[int, str] = {}
    for at in range(0, len(wanted), _CHUNK):
        chunk = ", ".join(map(str, wanted[at : at + _CHUNK]))
        rows = snapshot.rows(f"SELECT id, {column} FROM {table} WHERE id IN ({chunk})")
        texts.update({row[0]: row[1] for row in rows})
    return texts
