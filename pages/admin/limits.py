"""Limits: what may be used, what is used and held of it, and who was warned."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import streamlit as st

from llmtrack.billing.limits import amount_in_words
from llmtrack.ledger.limits import OpenCall
from llmtrack.ledger.periods import last_days, zone
from llmtrack.ledger.query import Filter
from llmtrack.settings import get_settings
from pages.components import card, empty_states, formatting, links, outcome, queries, tiles
from pages.components.insights.trends import trend
from pages.components.limits import dialogs, held, limit_form, limit_page, limit_table, uses, warning_list
from pages.components.limits.uses import LimitLine
from pages.components.span import Span
from pages.components.viewer import require_admin

DAYS = 30


def draw_tiles(lines: Sequence[LimitLine]) -> None:
    """How many there are, who is close to one, what was refused, and what went beyond."""
    timezone = get_settings().timezone
    span = Span(last_days(DAYS, timezone), timezone)
    exceptions = sum(1 for line in lines if line.limit.amount is None)
    raises = sum(line.raises for line in lines)
    close = [use for line in lines for use in line.close]
    names = list(dict.fromkeys(use.subject or "everyone" for use in close))
    more = f" and {len(names) - 2} more" if len(names) > 2 else ""
    shown = f": {', '.join(names[:2])}{more}" if names else ""
    first = next((line.limit.id for line in lines if line.close), None)
    answer = queries.ask_briefly(["refused", "generations"], span, by=["day"])
    refused = None if answer is None else answer.totals["refused"]
    calls = None if answer is None else answer.totals["generations"]
    of_calls = formatting.share(refused, calls) if calls else ""
    tiles.draw(
        [
            tiles.Tile("Limits", formatting.count(len(lines)),
                       remark=f"{formatting.counted(exceptions, 'exception')}, "
                       f"{formatting.counted(raises, 'temporary raise')}"),
            tiles.Tile("Close to a limit", formatting.count(len(close)),
                       remark=f"{'from' if close else 'none above'} 80{formatting.NARROW}%{shown}",
                       href=links.here(limit=first) if first else None),
            tiles.Tile(f"Refused, {DAYS} days", formatting.count(refused),
                       remark=f"of {formatting.counted(calls, 'call')}, {of_calls}" if of_calls else "",
                       trend=trend(answer.rows, span.axis("day"), "refused") if answer and refused else (),
                       alarming=True,
                       href=links.over("calls", str(span.first), str(span.last), [Filter("status", ("refused",))])),
            tiles.Tile("Overspent now", *overspent(lines)),
        ]
    )  # fmt: skip


def overspent(lines: Sequence[LimitLine]) -> tuple[str, str | None, str, str]:
    """By how much hard limits on cost are overspent in their present periods, of each mode: value and remark."""
    sums = {"worst_case": 0, "expected": 0}
    money = next((line.limit for line in lines if line.limit.unit == "cost"), None)
    for line in lines:
        if line.limit.hard and line.limit.unit == "cost" and line.limit.amount:
            sums[line.limit.mode] += sum(max(0, use.spent - use.cap) for use in line.uses)
    if money is None:
        return "$0.00", None, "", "no hard limit on cost"
    worst, expected = (uses.amount(money, sums[mode]) for mode in ("worst_case", "expected"))
    return worst, None, "", f"of worst case, {expected} of expected"


def bound_of(lines: Sequence[LimitLine], calls: Sequence[OpenCall]) -> str:
    """By how much expected limits can be overrun by the calls under way."""
    expected = [line.limit for line in lines if line.limit.hard and line.limit.mode == "expected" and line.limit.amount]
    if not expected:
        return ""
    bounds = [(limit, uses.overrun_bound(limit, calls)) for limit in expected]
    money = [(limit, bound) for limit, bound in bounds if limit.unit == "cost"]
    sentence = "Expected limits can be overrun by the calls under way"
    if any(bound is None for _, bound in bounds):
        return f"{sentence}, by how much is unknown: one of them has no upper bound."
    if money:
        limit, bound = max(money, key=lambda pair: pair[1] or 0)
        return f"{sentence}, here by at most {amount_in_words(limit, bound or 0)}."
    return f"{sentence}; none is, or by nothing." if not any(bound for _, bound in bounds) else f"{sentence}."


def draw_list(lines: Sequence[LimitLine]) -> None:
    """The limits, and what calls under way hold of them."""
    if not lines:
        empty_states.empty(
            "There are no limits",
            "Nothing is refused, and nobody is warned. A limit is on dollars, tokens or messages, for everyone "
            "together, or for one or each user, team, feature, model or token. **+ Limit** above sets the first.",
            ":material/data_usage:",
        )
        return
    holding = held.read()
    limit_table.draw(lines, bound_of(lines, holding[1] if holding else ()))
    left, right = st.columns(2, gap="medium")
    with left:
        held.draw(holding, [line.limit for line in lines])
    with right:
        warning_list.draw_latest()


require_admin()
lines = uses.read(queries.ledger())
if number := st.query_params.get("limit"):
    limit_page.draw(limit_page.find(lines, number), number)
    st.stop()
zone_name = get_settings().timezone
with card.head("Limits"):
    st.space("stretch")
    view = card.choose("Show", {"limits": "Limits", "warnings": "Warnings"}, key="view")
    st.button("Limit", icon=":material/add:", type="primary", key="new", on_click=dialogs.want, args=("new",))
now = datetime.now(zone(zone_name))
card.sub(
    f"Spent and held at {now:%H:%M}, {zone_name}.",
    f"A change holds everywhere within 5 seconds; all are in the {links.anchor('audit log', 'audit-log')}.",
)
outcome.show()
if view == "warnings":
    warning_list.draw()
else:
    draw_tiles(lines)
    draw_list(lines)
opened, *about = dialogs.wanted()
if opened == "new":
    limit_form.ask()
elif opened == "release":
    held.confirm(*about)
