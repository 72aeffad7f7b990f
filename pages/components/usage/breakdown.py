"""The tables of the usage page: by model, by feature, by conversation, and every call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import streamlit as st

from llmtrack.ledger.query import Where
from pages.components import card, empty_states, filters, formatting, queries, tables
from pages.components.charts import colours
from pages.components.conditions import both
from pages.components.insights.trends import trends
from pages.components.links import here
from pages.components.tables import Column
from pages.components.usage import calls, controls, conversations, download
from pages.components.usage.choice import Narrowing, Time, parameter
from pages.components.usage.numbers import read_parts, total_of

TABS = {"model": "By model", "feature": "By feature", "conversation": "By conversation", "call": "Every call"}
NAMES = {"day": "Day", "hour": "Hours", "model": "Model", "feature": "Feature"}
CHIPS = """<style>.ll-chips{display:flex;flex-wrap:wrap;gap:8px}
.ll-chips a{display:inline-flex;gap:8px;align-items:center;padding:3px 12px;border:1px solid var(--ll-line);
border-radius:15px;font-size:14px;overflow-wrap:anywhere}</style>"""


def draw(time: Time, mine: Mapping[str, Any], narrowing: Narrowing, users: Sequence[str]) -> None:
    """The card with the table chosen, what it is narrowed down to, and its files."""
    with st.container(border=True, gap="small"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            tab = controls.choose("Table", TABS, key="by")
            with st.container(horizontal=True, width="content", gap="small"):
                filters.draw_new_filter(time.span, narrowing.chosen, ("user",), both(mine))
                files = st.container(width="content")
        if narrowing.words:
            st.html(_chips(narrowing) + CHIPS)
        if narrowing.chosen:
            st.html(filters.chips(narrowing.chosen))
            empty_states.note("The statement above is of all calls, whatever filter is chosen here.")
        filters.draw_problems()
        where = both(narrowing.where, mine)
        with st.skeleton(height=200):
            if tab == "call":
                columns, rows = calls.draw(time, where, narrowing, users)
            elif tab == "conversation":
                columns, rows = conversations.draw(time, where, narrowing, users)
            else:
                columns, rows = _draw_parts(tab, time, mine, where, narrowing)
        with files:
            download.draw(f"usage-{time.span.first}-{time.span.last}-by-{tab}", columns, rows, mine)


def _chips(narrowing: Narrowing) -> str:
    chips = [
        f'<a data-in href="{escape(here(**{name: None, "page": None}))}" title="Show all again">'
        f'{NAMES[name]}: {escape(formatting.visible(words))} <span aria-hidden="true">&times;</span></a>'
        for name, words in narrowing.words.items()
    ]
    return f'<div class="ll ll-chips">{"".join(chips)}</div>'


def _draw_parts(
    by: str, time: Time, mine: Mapping[str, Any], where: Where, narrowing: Narrowing
) -> tuple[list[Column], list[dict[str, Any]]]:
    """A row for each model or feature, and one for the whole."""
    dimensions = ["provider", "model"] if by == "model" else [by]
    parts = read_parts(dimensions, narrowing.spans, where)
    if not parts:
        empty_states.empty("Nothing here", "No call matches what is chosen above.", ":material/search_off:")
        return [], []
    total = total_of(parts)
    lines = _lines(by, time, where) if narrowing.whole and by == "model" else {}
    of_part = colours.css(by, (row[by] or "" for row in parts))
    rows = [
        {
            **row,
            "name": queries.model_name(row) if by == "model" else (row[by] or "not given"),  # type: ignore[arg-type]
            "share": float(row["cost"] / total["cost"]) if row["cost"] is not None and total["cost"] else None,
            "line": lines.get(row[by]),
        }
        for row in parts
    ]
    rows.sort(key=lambda row: (row["cost"] is None, -(row["cost"] or 0), -row["generations"]))

    def colour(row: Mapping[str, Any]) -> str:
        return of_part[row[by] or ""]

    columns = [
        Column(
            "name", by.capitalize(), "model" if by == "model" else "text", pinned=True, colour=colour,
            href=lambda row: here(**{by: parameter(row[by]), "by": "call", "page": None, "call": None}),
        ),
        Column("messages", "Messages", "count"),
        Column("generations", "Calls", "count", help="Failed ones and embeddings included.", wide_only=True),
        Column("input_tokens", "Tokens in", "count", wide_only=True),
        Column("output_tokens", "Tokens out", "count", wide_only=True),
        Column("duration", "Average time", "seconds", wide_only=True,
               help="Of an answer; failures and stops are not counted."),
        *([Column("line", f"Per {time.span.grain}", "line", colour=colour, wide_only=True)] if lines else []),
        Column("share", "Share", "bar", colour=colour, wide_only=True),
        Column("cost", "Cost", "usd"),
    ]  # fmt: skip
    shown = {"name": f"All {by}s", **{name: total[name] for name in ("messages", "generations", "input_tokens",
             "output_tokens", "cost")}} | ({"share": 1.0} if total["cost"] else {})  # fmt: skip
    tables.table(rows, columns, alt_text=f"{TABS[by]}, {time.span}", total=shown)
    _note(parts, by)
    return columns, rows


def _lines(by: str, time: Time, where: Where) -> Mapping[Any, Sequence[float | None]]:
    grain = time.span.grain
    answer = queries.ask(["messages"], time.span, by=[grain, by], where=where, fill=False)
    return trends([row for row in answer.rows if row[grain] <= time.now], time.axis(grain), "messages", by)


def _note(parts: Sequence[Mapping[str, Any]], by: str) -> None:
    """What has no price, and where that can be mended."""
    unpriced = [row for row in parts if row["unpriced"]]
    if not unpriced:
        return
    names = [formatting.visible(str(row[by] or "not given")) for row in unpriced[:3]]
    more = f" and {len(unpriced) - 3} more" if len(unpriced) > 3 else ""
    calls_made = formatting.counted(sum(row["unpriced"] for row in unpriced), "call")
    verb = "has" if calls_made.startswith("1 ") else "have"
    card.note(
        f"{calls_made} to {escape(', '.join(names))}{more} {verb} no price and "
        f"{'is' if verb == 'has' else 'are'} not in the total. An admin can set one."
    )
