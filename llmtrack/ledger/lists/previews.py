"""The beginning of what was asked in a call, for lists; cut off in the database, where prompts may be long."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from llmtrack.ledger.database.snapshot import Snapshot, snapshot
from llmtrack.ledger.query.names import ids_of

if TYPE_CHECKING:
    from llmtrack.ledger.ledger import Ledger

LETTERS = 160
FIRST = 4
"""Generations of a trace that are looked at: an embedding before the question has no text."""


def generation_previews(ledger: Ledger, ids: Sequence[int]) -> dict[int, str]:
    """The beginning of the last message sent in each of these generations, without those whose text is not kept."""
    with snapshot(ledger) as view:
        return _previews(view, ids)


def trace_previews(ledger: Ledger, trace_ids: Sequence[str]) -> dict[str, str]:
    """The same of the first generation of each of these traces that has a text: what its user asked."""
    with snapshot(ledger) as view:
        numbers = dict(zip(ids_of(view, "trace", trace_ids), trace_ids, strict=True))
        if not numbers:
            return {}
        listed = ", ".join(map(str, numbers))
        numbered = "SELECT id, trace, ROW_NUMBER() OVER (PARTITION BY trace ORDER BY id) AS number FROM generation"
        rows = view.rows(
            f"SELECT id, trace FROM ({numbered} WHERE trace IN ({listed})) AS numbered "
            f"WHERE number <= {FIRST} ORDER BY id"
        )
        texts = _previews(view, [id for id, _ in rows])
        first: dict[str, str] = {}
        for id, number in rows:
            if id in texts:
                first.setdefault(numbers[number], texts[id])
        return first


def _previews(view: Snapshot, ids: Sequence[int]) -> dict[int, str]:
    if not ids:
        return {}
    if view.dialect.name == "postgresql":
        text = "input -> -1 -> 'parts' -> 0 ->> 'content'"
    else:
        text = "json_extract(input, '$[#-1].parts[0].content')"
    listed = ", ".join(map(str, ids))
    rows = view.rows(
        f"SELECT id, substr({text}, 1, {LETTERS}) FROM generation_text WHERE id IN ({listed}) AND input IS NOT NULL"
    )
    return {row[0]: " ".join(str(row[1]).split()) for row in rows if row[1]}
