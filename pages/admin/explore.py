"""Any metric or formula by any dimension, over time or in all: for questions that have no page of their own."""

from __future__ import annotations

import streamlit as st

from llmtrack.ledger.query import QueryResult
from pages.components import card, empty_states, filters, formatting, queries
from pages.components.card import Choice
from pages.components.explore import builder, drawing, python_code, results, saved_questions, table
from pages.components.explore.insight import CHARTS, READY, charts_for, drawn_as, read
from pages.components.insights import spike_notes
from pages.components.span import Span
from pages.components.viewer import require_admin

APART = (*queries.MONEY, "api_equivalent", "api_equivalent_cost", "users_with_cost")
"""What the line under the title tells, and the tiles need."""


def totals(span: Span) -> QueryResult:
    """The metrics over the whole of a time."""
    return queries.ask(list(dict.fromkeys((*insight.metrics, *APART))), span, where=view.where)


def draw_insight() -> None:
    """Tiles, chart and table of the insight; the ways to draw it are links above it."""
    now = totals(span)
    if not now.totals["generations"]:
        empty_states.no_calls(span, view.where)
        return
    before = totals(against) if against else None
    table.draw_tiles(insight, now, before)
    offered = charts_for(insight)
    chart = drawn_as(insight)
    ways = {way: CHARTS[way] for way in (offered[0], *(way for way in CHARTS if way in offered and way != offered[0]))}
    named = next((name for name, ready in READY.items() if ready == insight), "")
    with st.container(horizontal=True, vertical_alignment="center", key="ll_ways"):
        st.html(f'<div class="ll">{Choice("Drawn as", "chart", ways).html()}</div>', width="content")
        if named:
            st.html('<span class="ll ll-pill">ready-made</span>', width="content")
    if insight.chart and insight.chart != chart:
        empty_states.note(f"{CHARTS[insight.chart]} does not fit what is shown: averages are not stacked, a "
                          "distribution takes a split, a scatter two metrics and a split.")  # fmt: skip
    answered = results.ask(insight, chart, span, against, view.where)
    drawing.draw(answered, chart)
    if insight.every == "day" and not insight.by:
        spike_notes.draw(span, view.where, insight.drawn[0])
    if insight.groups and answered.answer.rows:
        table.draw_table(answered)
    with st.container(horizontal=True, vertical_alignment="center", key="ll_take"):
        python_code.draw(
            python_code.as_python(
                insight.metrics,
                answered.answer.by,
                view.where,
                span,
                top=answered.top,
                against=against,
            )
        )
        if answered.answer.by and answered.answer.rows:
            table.draw_files(answered)
    if answered.has_others:
        empty_states.note("The files hold each value by itself.")
    queries.remark(answered.answer)
    empty_states.note(f"Read from {formatting.plain(answered.answer.explain)}.")


require_admin()
saved_questions.bring_over()
view = filters.head("Explore", "explore")
span = view.span
card.sub(view.in_words)
try:
    insight = read(span)
except ValueError as error:
    st.warning(formatting.plain(str(error)), icon=":material/help:")
    st.stop()
against = {"before": span.before, "year": span.year_before}.get(insight.compare or "", lambda: None)()
with st.container(key="ll_insight"):
    controls, drawn = st.columns([3, 8])
    with controls:
        builder.draw(insight, drawn_as(insight))
    with drawn, st.skeleton(height=420):
        draw_insight()
