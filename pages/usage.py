"""The viewer's own usage as a statement: what a billing cycle cost, how it will end, and what it is made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from llmtrack.billing.forecasts import Forecast, TooLittle
from llmtrack.ledger.periods import to_micros
from pages.components import card, empty_states, formatting, queries, tiles
from pages.components.insights.trends import trend
from pages.components.limits import own
from pages.components.usage import breakdown, controls, daily, headline, heat, other_model, own_limits, statement_menu
from pages.components.usage.choice import Time, read_narrowing, read_time
from pages.components.usage.numbers import (
    DAILY,
    SUMS,
    Past,
    priced_as,
    read_forecast,
    read_past,
    with_charges,
)
from pages.components.viewer import viewer


def about(time: Time) -> str:
    """The line under the title: which day of the cycle it is, the zone, and in which prices."""
    zone = time.span.timezone
    if time.running:
        return f"Day {time.whole_days() + 1} of {time.span.days}, {zone}. {priced_as()}"
    kind = "Billing cycle of" if time.cycle else "Time of"
    return f"{kind} {formatting.counted(time.span.days, 'day')}, {zone}. {priced_as()}"


def draw_tiles(time: Time, mine: Mapping[str, Any], totals: Mapping[str, Any], past: Past | None) -> None:
    """Four numbers with their lines over the time."""
    grain = time.span.grain
    by_time = queries.ask(DAILY, time.span, by=[grain], where=mine)
    rows = [
        {
            **row,
            "each": float(row["cost"] / row["messages"]) if row["cost"] is not None and row["messages"] else None,
            "first": row["total_time_to_first_token"] / row["first_tokens"]
            if row["first_tokens"] and row["total_time_to_first_token"] is not None
            else None,
            "cached": row["cache_read_tokens"] / row["input_tokens"]
            if row["input_tokens"] and row["cache_read_tokens"] is not None
            else None,
        }
        for row in by_time.rows
        if row[grain] <= time.now
    ]
    axis = time.axis(grain)
    whole = by_time.totals
    first = whole["first_tokens"] and whole["total_time_to_first_token"] / whole["first_tokens"]
    each = totals["cost"] / totals["messages"] if totals["cost"] is not None and totals["messages"] else None
    count = min(time.whole_days(), time.before().days)
    cost, messages = past.sums(time.before().first, count) if past and count else (None, 0)
    before = cost / messages if cost is not None and messages else None
    tiles.draw(
        [
            tiles.Tile("First token, average", formatting.seconds(first or None), remark="when streamed",
                       trend=trend(rows, axis, "first")),
            tiles.changed("Cost per message", formatting.usd(each), each, before, better="less",
                          was=f"{formatting.usd(before)} before" if before is not None else "",
                          trend=trend(rows, axis, "each")),
            tiles.Tile("Tokens", formatting.three_digits(totals["total_tokens"]),
                       remark=f"{formatting.three_digits(totals['input_tokens'])} in, "
                       f"{formatting.three_digits(totals['output_tokens'])} out",
                       trend=trend(rows, axis, "total_tokens")),
            tiles.Tile("Read from cache", formatting.percent(whole["cache_read_tokens"], whole["input_tokens"]),
                       remark="of the tokens in", trend=trend(rows, axis, "cached")),
        ]
    )  # fmt: skip


me = viewer()
mine = {"user": list(me.ids)}
time = read_time(me.ids)
with card.head("Usage"):
    st.space("stretch")
    statement_menu.draw(time, me.ids)
    controls.choose_time(time)
card.sub(about(time))

uses = own.read(queries.ledger(), me) if time.running else []
limit = own_limits.of_cycle(uses, time.span.period)
own.draw_warning(uses, to_micros(time.now))
with st.skeleton(height=220):
    answer = queries.ask(SUMS, time.span, where=mine)
    totals = with_charges(answer.totals)
    past = read_past(time, mine)
    expected: Forecast | TooLittle | None = read_forecast(time, past, totals["list_cost"])
    with st.container(border=True):
        headline.draw(time, totals, past, expected, limit)
    queries.remark(answer)
own.draw_card(uses, to_micros(time.now))
if not totals["generations"]:
    when = "in this billing cycle yet" if time.running else "in this time"
    empty_states.empty(
        f"Nothing used {when}",
        "Send a message on the **Chat** page, or call a model with a tracked client as user "
        f"**{formatting.plain(me.id)}**: it shows here within a second.",
    )
    st.stop()

draw_tiles(time, mine, totals, past)
if time.cycle is not None and past is not None and totals["cost"]:
    left, right = st.columns([1.75, 1], gap="medium")
    with left:
        daily.draw(time, mine, totals, expected, limit)
    with right:
        daily.draw_total(time, past, totals, expected, limit)
else:
    daily.draw(time, mine, totals, expected, limit)
breakdown.draw(time, mine, read_narrowing(time.span), me.ids)
other_model.draw(time, me.ids)
heat.draw(time.span, mine)
