"""The controls that an insight is put together with: metrics in groups, a formula, what it is split by, and how."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from html import escape
from typing import Any

import streamlit as st

from llmtrack.ledger.metrics import METRIC_GROUPS, METRICS
from llmtrack.ledger.query import metric
from pages.components import formatting
from pages.components.conditions import dimension_name
from pages.components.explore.insight import (
    COMPARISONS,
    LETTERS,
    MOST_METRICS,
    MOST_SPLITS,
    OPERATORS,
    READY,
    TOPS,
    Insight,
    in_letters,
    parts_of,
    title_of,
    usual_top,
    without,
)
from pages.components.filters import values

EVERY = {"hour": "Hour", "day": "Day", "week": "Week", "month": "Month", "cycle": "Billing cycle"}
GROUPS = ("Money", "Usage", "Tokens", "Speed", "Errors", "Feedback")
"""In the order of how often they are asked for."""


def draw(insight: Insight, chart: str) -> None:
    """The controls, which say what the address says and write into it what is chosen; `chart` is how it is drawn."""
    with st.container(border=True, gap="small", key="ll_builder"):
        _draw_metrics(insight)
        _draw_split(insight)
        _select(
            "Every", "every", ["", *EVERY], insight.every or "", lambda name: EVERY.get(name, "Whole time"), insight
        )
        if insight.by:
            tops = sorted({*TOPS, 0, *([insight.top] if insight.top else [])}, key=lambda number: number or 1_000)
            chosen = usual_top(chart) if insight.top is None else insight.top
            _select("The largest", "top", tops, chosen, lambda number: str(number) if number else "Every one", insight)
        _select(
            "Compare with", "compare", ["", *COMPARISONS], insight.compare or "",
            lambda name: COMPARISONS.get(name, "nothing").capitalize(), insight,
        )  # fmt: skip
        _draw_ready(insight)


def _draw_metrics(insight: Insight) -> None:
    plain = [name for name in insight.metrics if not parts_of(name)]
    lines = []
    for name in insight.metrics:
        formula = bool(parts_of(name))
        mark = "=" if formula else LETTERS[plain.index(name)]
        text = in_letters(name, insight.metrics)
        remark = f"<small>{escape(title_of(name))}</small>" if formula and text != title_of(name) else ""
        remove = ""
        if len(insight.metrics) > 1:
            label = escape(f"Remove {title_of(name)}")
            href = escape(without(insight, name).href())
            remove = f'<a data-in href="{href}" aria-label="{label}" title="{label}">✕</a>'
        lines.append(
            f'<div class="{"ll-of-formula" if formula else ""}" title="{escape(metric(name).doc)}"><b>{mark}</b>'
            f"<span>{escape(formatting.visible(text))}{remark}</span>{remove}</div>"
        )
    st.html(f'<div class="ll ll-field">Show</div><div class="ll ll-series">{"".join(lines)}</div>')
    if len(insight.metrics) >= MOST_METRICS:
        st.caption(f"{MOST_METRICS} at most.")
        return
    with st.container(horizontal=True, gap="small"):
        _draw_new_metric(insight)
        _draw_new_formula(insight)


def _draw_new_metric(insight: Insight) -> None:
    """All metrics there are, in groups, each with what it means; a word narrows them down."""
    popover = st.popover("Metric", icon=":material/add:", key="new_metric", on_change="rerun")
    if not popover.open:
        return
    with popover:
        word = st.text_input(
            "Search", key="metric_search", placeholder="A word, then Enter", label_visibility="collapsed"
        )
        lines = []
        for group in GROUPS:
            names = [name for name in METRIC_GROUPS[group] if _matches(name, group, word)]
            lines += [f"<h3>{group}</h3>"] if names else []
            for name in names:
                added = replace(insight, metrics=(*insight.metrics, name), chart=None)
                pressed = ' aria-pressed="true" role="button"' if name in insight.metrics else ""
                href = escape(added.href() if name not in insight.metrics else without(insight, name).href())
                lines.append(
                    f'<a data-in href="{href}"{pressed}><span>{escape(title_of(name))}'
                    f"<small>{escape(_meaning(name))}</small></span></a>"
                )
        if not lines:
            st.caption(formatting.plain(f"No metric has {word!r} in its name or meaning."))
            return
        st.html(f'<div class="ll ll-values ll-metrics">{"".join(lines)}</div>')


def _matches(name: str, group: str, word: str) -> bool:
    text = f"{group} {title_of(name)} {METRICS[name].doc}".lower()
    return all(part in text for part in word.lower().split())


def _meaning(name: str) -> str:
    """What a metric means, in plain text, and whether it can be stacked."""
    doc = METRICS[name].doc.replace("`", "").replace(" (OpenTelemetry GenAI semantic conventions)", "")
    return doc if METRICS[name].additive else f"{doc} Does not add up: lines, never stacks."


def _draw_new_formula(insight: Insight) -> None:
    """Two metrics and what is done with them, chosen."""
    popover = st.popover("Formula", icon=":material/function:", key="new_formula", on_change="rerun")
    if not popover.open:
        return
    names = [name for group in GROUPS for name in METRIC_GROUPS[group]]
    plain = [name for name in insight.metrics if name in METRICS]
    with popover:
        left = st.selectbox("A", names, names.index((plain or ["cost"])[0]), format_func=_in_group, key="formula_a")
        how = st.selectbox("Operator", list(OPERATORS), format_func=OPERATORS.__getitem__, key="formula_operator")
        other = plain[1] if len(plain) > 1 else "users"
        right = st.selectbox("B", names, names.index(other), format_func=_in_group, key="formula_b")
        formula = f"{left} {how} {right}"
        try:
            unit = metric(formula).unit
        except ValueError as error:
            st.warning(formatting.plain(str(error)))
            return
        st.button(f"Add A {how} B", key="add_formula", type="primary", on_click=_add, args=(insight, formula))
        st.caption(f"{formatting.plain(title_of(formula))}, in {_UNITS.get(unit, unit)}. Divided by 0 it is unknown.")


_UNITS = {"usd": "dollars", "number": "numbers", "count": "numbers", "ratio": "per cent"}


def _in_group(name: str) -> str:
    group = next(group for group, names in METRIC_GROUPS.items() if name in names)
    return f"{title_of(name)} · {group.lower()}"


def _add(insight: Insight, formula: str) -> None:
    if formula not in insight.metrics:
        replace(insight, metrics=(*insight.metrics, formula), chart=None).write()


def _draw_split(insight: Insight) -> None:
    names = values.sorted_names(values.dimensions())
    for place in range(min(len(insight.by) + 1, MOST_SPLITS)):
        present = insight.by[place] if place < len(insight.by) else ""
        offered = ["", *(name for name in names if name == present or name not in insight.by)]
        offered += [present] if present not in offered else []
        _select(
            "and by" if place else "Split by", f"split_{place}", offered, present,
            lambda name: dimension_name(name) if name else "Nothing", insight,
        )  # fmt: skip


def _select(
    label: str, key: str, options: Sequence[Any], value: Any, write: Any, insight: Insight, **more: Any
) -> None:
    """A select box that shows what the address says, and writes there what is chosen."""
    st.session_state[key] = value
    st.selectbox(label, options, format_func=write, key=key, on_change=_chosen, args=(key, insight), **more)


def _chosen(key: str, insight: Insight) -> None:
    value = st.session_state[key]
    if key.startswith("split_"):
        split = list(insight.by)
        split[int(key[-1]) : int(key[-1]) + 1] = [value] if value else []
        replace(insight, by=tuple(split), chart=None).write()
    elif key == "every":
        replace(insight, every=value or None, chart=None).write()
    elif key == "compare":
        replace(insight, compare=value or None).write()
    else:
        replace(insight, top=value).write()


def _draw_ready(insight: Insight) -> None:
    """The insights to begin with."""
    ways = []
    for name, ready in READY.items():
        same = ' aria-current="true"' if ready == replace(insight, compare=None) else ""
        ways.append(f'<a data-in href="{escape(ready.href())}"{same}>{escape(name)}</a>')
    st.html(f'<div class="ll ll-field">Ready-made</div><div class="ll ll-ready">{"".join(ways)}</div>')
