"""Questions that were saved before insights were views: they become views, once."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from llmtrack.ledger import preferences
from llmtrack.ledger.query import Filter, filters
from pages.components import queries
from pages.components.conditions import WHERE, encode
from pages.components.viewer import viewer

QUESTIONS, VIEWS = "questions", "views"


def bring_over() -> None:
    """Make the viewer's questions views of the Explore page; what is none is left out."""
    me, ledger = viewer().id, queries.ledger()
    stored = preferences.read(ledger, me).get(QUESTIONS)
    if not isinstance(stored, dict):
        return
    addresses = {str(name): address for name, value in stored.items() if (address := _address(value))}
    preferences.change(ledger, me, VIEWS, lambda views: {**addresses, **(views or {})} or None)
    preferences.write(ledger, me, QUESTIONS, None)


def _address(value: Any) -> str | None:
    if not isinstance(value, dict) or not _texts(value.get("metrics")) or not isinstance(value.get("only"), str):
        return None
    parameters = [("metrics", name) for name in value["metrics"]]
    parameters += [("by", name) for name in value.get("by") or [] if isinstance(name, str)]
    for part in filter(None, (part.strip() for part in value["only"].split(","))):
        name, equals, text = part.partition("=")
        condition = Filter(name.strip(), (text.strip() or None,))
        try:
            filters([condition])
        except ValueError:
            continue
        parameters += [(WHERE, encode(condition))] if equals else []
    return f"explore?{urlencode(parameters)}"


def _texts(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(text, str) for text in value)
