"""An insight as a program asks for it: the same numbers, from the library."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from llmtrack.ledger.query import Filter
from pages.components.span import Span


def as_python(
    metrics: Sequence[str],
    by: Sequence[str],
    where: Sequence[Filter],
    span: Span,
    *,
    top: int | None,
    against: Span | None,
) -> str:
    """The lines of a program that asks for the metrics, and for those of the time `against`."""
    names = "Filter, ask" if where else "ask"
    lines = [
        "from datetime import datetime",
        "",
        "from llmtrack.ledger import open_ledger",
        f"from llmtrack.ledger.metrics import {names}",
        "",
        "ledger = open_ledger()",
        *_asked("result", metrics, by, where, span, None if top is None else repr(top)),
    ]
    if against is not None:
        lines += _asked("before", metrics, by, where, against, None if top is None else "result.top")
    return "\n".join(lines)


def _asked(
    name: str, metrics: Sequence[str], by: Sequence[str], where: Sequence[Filter], span: Span, top: str | None
) -> list[str]:
    since, until = (at.replace(tzinfo=None).isoformat() for at in (span.period.since, span.period.until))
    return [
        f"{name} = ask(",
        "    ledger,",
        f"    {list(metrics)!r},",
        *([f"    by={list(by)!r},"] if by else []),
        *(["    where=[", *(f"        {_filter(condition)}," for condition in where), "    ],"] if where else []),
        f"    since=datetime.fromisoformat({since!r}),",
        f"    until=datetime.fromisoformat({until!r}),",
        f"    timezone={span.timezone!r},",
        *([f"    top={top},"] if top is not None else []),
        "    fill=False,",
        ")",
        f"print({name}.frame())",
    ]


def _filter(condition: Filter) -> str:
    more = ", negated=True" if condition.negated else ""
    more += f", operator={condition.operator!r}" if condition.operator != "is" else ""
    return f"Filter({condition.dimension!r}, {condition.values!r}{more})"


def draw(code: str) -> None:
    """A popover with the lines, to be copied."""
    with st.popover("Copy as Python", icon=":material/code:", key="as_python"):
        st.code(code, language="python")
