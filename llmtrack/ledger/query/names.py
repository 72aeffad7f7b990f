"""Words and their numbers: what the ledger keeps once and refers to by id, looked up both ways."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from llmtrack.ledger.database.snapshot import Snapshot
from llmtrack.ledger.write.interning import fitted

NOBODY = -1
"""The id of a word the ledger has never met: equal to none."""
_TABLES = {"user": ("app_user", "user_id"), "session": ("session", "session_id"), "trace": ("trace", "trace_id")}
_CHUNK = 500


class Words:
    """All words of a ledger by kind; they are few, change rarely and are read anew when one is missing."""

    def __init__(self) -> None:
        self._ids: dict[tuple[str, str], int] = {}
        self._texts: dict[int, str] = {}
        self._version: object = None

    def refresh(self, snapshot: Snapshot, version: object) -> None:
        """Reads all words, if any may be new (`version` counts them and their changes)."""
        if version != self._version:
            found = snapshot.rows("SELECT id, kind, text FROM name")
            self._ids = {(kind, text): id for id, kind, text in found}
            self._texts = {id: text for id, kind, text in found}
            self._version = version

    def id(self, kind: str, text: Any) -> int:
        """The number of a word; 0 for None, -1 for one the ledger has never met."""
        return 0 if text is None else self._ids.get((kind, fitted(str(text))), NOBODY)

    def text(self, id: int | None) -> str | None:
        """The word of a number; None for 0."""
        return self._texts.get(id) if id else None


_words: WeakKeyDictionary[Any, Words] = WeakKeyDictionary()


def words_of(ledger: Any) -> Words:
    """The words of this ledger, kept between questions."""
    return _words.setdefault(ledger, Words())


def ids_of(snapshot: Snapshot, dimension: str, texts: Sequence[Any]) -> list[int]:
    """The numbers of users, sessions or traces by the names callers gave them."""
    table, column = _TABLES[dimension]
    known = [fitted(str(text)) for text in texts if text is not None]
    found: dict[str, int] = {}
    for at in range(0, len(known), _CHUNK):
        some = known[at : at + _CHUNK]
        marks = snapshot.dialect.placeholders(len(some))
        rows = snapshot.rows(f"SELECT {column}, id FROM {table} WHERE {column} IN ({marks})", some)
        found.update({row[0]: row[1] for row in rows})
    return [0 if text is None else found.get(fitted(str(text)), NOBODY) for text in texts]


def texts_of(snapshot: Snapshot, dimension: str, ids: Iterable[int]) -> dict[int, str]:
    """The names callers gave to users, sessions or traces, by number."""
    table, column = _TABLES[dimension]
    wanted = sorted({int(id) for id in ids if id})
    found: dict[int, str] = {}
    for at in range(0, len(wanted), _CHUNK):
        some = ", ".join(map(str, wanted[at : at + _CHUNK]))
        rows = snapshot.rows(f"SELECT id, {column} FROM {table} WHERE id IN ({some})")
        found.update({row[0]: row[1] for row in rows})
    return found
