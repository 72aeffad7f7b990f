"""What if: what the same calls would have cost on another model."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import streamlit as st

from llmtrack.ledger.query import Filter, Row, Where, cost_elsewhere
from pages.components import card, empty_states, formatting, links, queries, tables
from pages.components.charts import colours
from pages.components.conditions import both
from pages.components.filters import address
from pages.components.insights import cost_factors
from pages.components.span import Span
from pages.components.tables import Column

KEY = "instead"
"""The parameter of the address that names the other model."""
MOST = 8


def draw(span: Span, where: Where, rows: Sequence[Row]) -> None:
    """A card: another model to choose, and what the calls to the dearest models of `rows` would have cost on it."""
    offered = queries.ask(["cost", "simulated"], span, by=["provider", "model"], order="-cost", fill=False)
    priced = [f"{row['provider']}/{row['model']}" for row in offered if row["cost"] and not row["simulated"]]
    with card.card("What if", "the same calls on another model"):
        address.show(KEY, lambda texts: texts[-1] if texts and "/" in texts[-1] else None)
        chosen = st.selectbox(
            "Another model",
            dict.fromkeys(filter(None, [*priced, st.session_state.get(KEY)])),
            format_func=formatting.visible,
            key=KEY,
            index=None,
            placeholder="Choose a model, or type one: provider/model",
            accept_new_options=True,
            on_change=_write,
            width=360,
            label_visibility="collapsed",
        )
        if not chosen or "/" not in chosen:
            empty_states.note("What these calls cost, and what their tokens would have cost on the model you choose.")
            return
        _compare(span, where, rows, chosen)


def _write() -> None:
    chosen = st.session_state[KEY]
    address.write({KEY: [chosen] if chosen else []})


def _compare(span: Span, where: Where, rows: Sequence[Row], chosen: str) -> None:
    provider, _, model = chosen.partition("/")
    lines: list[dict[str, Any]] = []
    assumed: dict[str, None] = {}
    for row in rows[:MOST]:
        if not row["model"] or row["simulated"]:
            continue
        result = cost_elsewhere(
            queries.ledger(), model, provider, since=span.period.since, until=span.period.until,
            timezone=span.timezone, where=both(where, [Filter("model", (row["model"],))]),
        )  # fmt: skip
        if result.answer.cost is None:
            empty_states.note(formatting.plain(f"{chosen}: {result.answer.reason}."))
            return
        if result.calls:
            assumed.update(dict.fromkeys(result.answer.assumptions))
            lines.append(
                {
                    "model": row["model"], "calls": result.calls, "cost": result.cost, "elsewhere": result.answer.cost,
                    "change": None if result.cost is None else result.answer.cost - result.cost,
                }
            )  # fmt: skip
    _draw_table(lines, chosen)
    if assumed:
        empty_states.note(formatting.plain(f"Chat calls alone, at today's price. Assumed: {'; '.join(assumed)}."))


def _draw_table(lines: Sequence[dict[str, Any]], chosen: str) -> None:
    of_model = colours.css("model", (line["model"] for line in lines))
    shown = formatting.short_names([chosen])[chosen].partition("/")[2]
    columns = [
        Column("model", "Model", "model", pinned=True, href=lambda line: links.model(line["model"]),
               colour=lambda line: of_model[line["model"]]),
        Column("calls", "Chat calls", "count"),
        Column("cost", "Cost", "usd", alike="cost"),
        Column("elsewhere", f"On {shown}", "usd", alike="cost"),
        Column("difference", "Difference", "written", tone=tone),
    ]  # fmt: skip
    both_known = [line for line in lines if line["change"] is not None]
    change = sum((line["change"] for line in both_known), Decimal(0))
    decimals = formatting.column_decimals(line["change"] for line in both_known)
    rows = [
        {**line, "difference": cost_factors.signed_with(line["change"], decimals) if line in both_known else None}
        for line in lines
    ]
    total = {
        "model": "All of them",
        "calls": sum(line["calls"] for line in lines),
        "cost": sum((line["cost"] for line in both_known), Decimal(0)),
        "elsewhere": sum((line["elsewhere"] for line in both_known), Decimal(0)),
        "difference": cost_factors.signed_with(change, decimals),
    }
    tables.table(rows, columns, alt_text=f"Cost of the same calls on {chosen}", total=total)


def tone(line: Any) -> str:
    """Red where it would have been dearer, green where cheaper."""
    if not line["change"]:
        return ""
    return "bad" if line["change"] > 0 else "good"
