"""The head of the statement: cost and messages large, what is left of a limit, and how it will end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import streamlit as st

from llmtrack.billing.amounts import month_number
from llmtrack.billing.forecasts import METHOD, Forecast, TooLittle
from llmtrack.billing.statements import exchange_rate
from llmtrack.settings import get_settings
from pages.components import formatting, queries
from pages.components.tables.cells import text_of, unknown
from pages.components.usage.choice import Time
from pages.components.usage.numbers import Past, charged

STYLE = """<style>
.ll-bill{display:flex;gap:28px 40px;flex-wrap:wrap;padding:6px 8px}
.ll-bill>div{flex:1.5 1 380px;min-width:0}
.ll-bill>dl{flex:1 1 280px;margin:0!important;padding:0!important;min-width:0}
.ll-bill-head{display:flex;align-items:baseline;justify-content:space-between;gap:6px 16px;flex-wrap:wrap}
.ll-bill-head b{font-size:40px;font-weight:650;letter-spacing:-.025em;line-height:1.15}
.ll-bill-head span{font-size:16px;color:var(--ll-muted);margin-left:8px;white-space:nowrap}
.ll-bill dl div{margin:0;display:flex;justify-content:space-between;gap:16px;padding:4px 0;font-size:14px}
.ll-bill dt{color:var(--ll-muted);font-weight:400}
.ll-bill dt[title]{text-decoration:underline dotted var(--ll-faint);text-underline-offset:3px;cursor:help}
.ll-bill dd{margin:0!important;font-weight:600;text-align:right}
.ll-bar{height:9px;border-radius:5px;background:var(--ll-press);overflow:hidden;position:relative;margin:12px 0 8px}
.ll-bar i{position:absolute;left:0;top:0;bottom:0;background:var(--c,var(--ll-accent));border-radius:5px}
.ll-bar i.ll-pale{opacity:.35}
.ll-bill-foot{display:flex;justify-content:space-between;gap:4px 16px;flex-wrap:wrap;font-size:13.5px}
.ll-bill-foot{color:var(--ll-muted)}
.ll-bill-foot strong{color:var(--ll-text)}
.ll-bill .ll-note{margin-top:14px}
@media(max-width:640px){.ll-bill{padding:0}.ll-bill-head{gap:2px 10px}.ll-bill-head b{font-size:30px}
.ll-bill-head div+div b{font-size:21px}.ll-bill-head span{font-size:13.5px;margin-left:4px}
.ll-bill>div,.ll-bill>dl{flex-basis:100%}}
</style>"""
DASH = "\N{EN DASH}"
CLOSE = Decimal("0.8")
"""The part of a limit from which on its bar warns."""


@dataclass(frozen=True, slots=True)
class CycleLimit:
    """A limit on what a person may spend in the billing cycle, as the headline shows it."""

    amount: Decimal
    """With the limit's markup, as `spent` is."""
    spent: Decimal
    """What counts against it, calls in flight included."""
    resets_at: datetime
    list_amount: Decimal
    """The list dollars that fill it."""
    markup_percent: Decimal


Fact = tuple[str, str, str]
"""A name, its value as HTML, and what is said where the name is pointed at."""


def draw(
    time: Time,
    totals: Mapping[str, Any],
    past: Past | None,
    expected: Forecast | TooLittle | None,
    limit: CycleLimit | None = None,
) -> None:
    """The card at the top. `totals` are the sums of the time, markup included."""
    st.html(html(time, totals, past, expected, limit))


def html(
    time: Time,
    totals: Mapping[str, Any],
    past: Past | None,
    expected: Forecast | TooLittle | None,
    limit: CycleLimit | None = None,
) -> str:
    """The card as HTML; what comes from data is escaped in it."""
    cost = formatting.usd(totals["cost"]) if totals["cost"] is not None else ""
    beside = f"of your {_in_cents(limit.amount)} limit" if limit else _in_other_currency(time, totals["cost"])
    messages = "message" if totals["messages"] == 1 else "messages"
    lines = "".join(_line(*fact) for fact in facts(time, totals, past, expected))
    return (
        f'<div class="ll ll-bill" data-testid="statement-head"><div><div class="ll-bill-head">'
        f"<div><b>{text_of(cost) or unknown()}</b>{f' <span>{text_of(beside)}</span>' if beside else ''}</div>"
        f"<div><b>{formatting.count(totals['messages'])}</b> <span>{messages}</span></div></div>"
        f"{_bar(limit, expected)}{_foot(time, limit)}{_note(limit, expected)}</div><dl>{lines}</dl></div>{STYLE}"
    )


def _line(name: str, value: str, why: str) -> str:
    hover = f' title="{text_of(why)}"' if why else ""
    return f"<div><dt{hover}>{text_of(name)}</dt><dd>{value}</dd></div>"


def facts(
    time: Time, totals: Mapping[str, Any], past: Past | None, expected: Forecast | TooLittle | None
) -> list[Fact]:
    """The lines beside the headline: forecast, change, and what the cost leaves out."""
    lines: list[Fact] = []
    last = formatting.short_day(time.span.last, time.today)
    if isinstance(expected, Forecast):
        low, high = charged(expected.low), charged(expected.high)
        share = formatting.percent(expected.hits, expected.tries) if expected.tries else ""
        proof = f" It held on {expected.hits} of the last {expected.tries} days ({share})." if expected.tries else ""
        lines.append((f"Expected by {last}", formatting.usd(charged(expected.expected)), METHOD + proof))
        lines.append((f"80{formatting.NARROW}% range", f"{_usd(low)} {DASH} {_usd(high)}", METHOD + proof))
        if expected.tries:
            lines.append(("Such ranges held so far", f"{share} of {expected.tries} days", METHOD))
    elif isinstance(expected, TooLittle):
        lines.append((f"Expected by {last}", unknown("too early to say"), str(expected)))
    elif time.running:
        lines.append(
            (f"Expected by {last}", unknown("not computed"), "It would have to read too many calls one by one.")
        )
    lines += _against(time, past)
    if totals["unpriced"]:
        lines.append(("Without a price", formatting.counted(totals["unpriced"], "call"),
                      "They may have cost something nobody knows, and are missing from the cost."))  # fmt: skip
    if totals.get("estimated"):
        lines.append(("Estimated", formatting.counted(totals["estimated"], "call"),
                      "Their cost rests on an estimate and is part of the cost."))  # fmt: skip
    if totals["simulated"]:
        calls = formatting.counted(totals["simulated"], "call")
        lines.append(("Simulated, not counted", f"{calls}, {formatting.usd(totals['simulated_cost'])}",
                      "What the simulated models would have cost at their demo price."))  # fmt: skip
    if totals["api_equivalent"]:
        calls = formatting.counted(totals["api_equivalent"], "call")
        lines.append(("Paid by subscription, not counted", f"{calls}, {formatting.usd(totals['api_equivalent_cost'])}",
                      "What the API would have charged for calls through the gateway that came with a sign-in of one's "
                      "own."))  # fmt: skip
    return lines


def _against(time: Time, past: Past | None) -> Sequence[Fact]:
    """The change against the same whole days of the time before."""
    whole = time.whole_days()
    before = time.before()
    count = min(whole, before.days)
    if past is None or not count:
        return []
    cost_now, _ = past.sums(time.span.first, count)
    cost_before, messages_before = past.sums(before.first, count)
    until = before.first + timedelta(days=count - 1)
    label = formatting.short_span(before.first, until, time.today)
    until_now = formatting.short_span(time.span.first, time.span.first + timedelta(days=count - 1), time.today)
    why = f"{_usd(cost_now)} on {until_now}, {_usd(cost_before)} on {label}: whole days on both sides."
    change = formatting.change(cost_now, cost_before)
    lines = [(f"Against {label}", change or unknown("nothing to compare"), why)]
    if messages_before:
        lines.append((f"Messages, {label}", formatting.count(messages_before), ""))
    return lines


def _in_cents(amount: Decimal) -> str:
    """As limits are written: ``$0.50``; below a cent with six decimals."""
    return formatting.usd(amount) if 0 < amount < Decimal("0.01") else formatting.usd_with(amount, 2)


def _usd(amount: Decimal | None) -> str:
    return formatting.usd(amount)


def _in_other_currency(time: Time, cost: Decimal | None) -> str:
    """The amount in the currency of the settings, where an admin entered the rate of the month."""
    currency = get_settings().billing_currency
    rate = exchange_rate(queries.ledger(), currency, month_number(time.span.period.until - timedelta(microseconds=1)))
    return f"{rate.convert(cost):,} {currency}" if rate and cost is not None else ""


def _bar(limit: CycleLimit | None, expected: Forecast | TooLittle | None) -> str:
    if limit is None:
        return ""
    used = _part(limit.spent, limit.amount)
    colour = "--c:var(--ll-warn-fill);" if used >= 100 * CLOSE else ""
    pale = ""
    if isinstance(expected, Forecast):
        pale = f'<i class="ll-pale" style="width:{_part(expected.expected, limit.list_amount):.1f}%"></i>'
    return f'<div class="ll-bar">{pale}<i style="{colour}width:{used:.1f}%"></i></div>'


def _part(amount: Decimal, of: Decimal) -> Decimal:
    return min(Decimal(100), max(Decimal(0), 100 * amount / of)) if of else Decimal(100)


def _foot(time: Time, limit: CycleLimit | None) -> str:
    """What is left of the limit and when it begins anew; without one the days left."""
    if limit is not None:
        left = max(Decimal(0), limit.amount - limit.spent)
        reset = limit.resets_at.astimezone(time.now.tzinfo)
        resets = f"{formatting.short_day(reset.date(), time.today)}, {reset:%H:%M}"
        return (
            f'<div class="ll-bill-foot"><span>{formatting.percent(limit.spent, limit.amount)} used, <strong>'
            f"{_in_cents(left)} left</strong>{_with_markup(limit)}</span><span>resets {resets}</span></div>"
        )
    if not time.running:
        return ""
    left_days = (time.span.last - time.today).days
    words = "last day" if not left_days else f"{formatting.counted(left_days, 'day')} left"
    return f'<div class="ll-bill-foot"><span>{words}</span></div>'


def _with_markup(limit: CycleLimit) -> str:
    """A limit keeps the markup it was set with: where that is not the page's, it has to be said."""
    if limit.markup_percent == get_settings().billing_markup_percent:
        return ""
    percent = format(limit.markup_percent.normalize(), "f")
    return f", counted with {percent}{formatting.NARROW}% markup"


def _note(limit: CycleLimit | None, expected: Forecast | TooLittle | None) -> str:
    """The day on which the limit will be reached, at this pace; nothing where it was."""
    if limit is None or not isinstance(expected, Forecast) or limit.spent >= limit.amount:
        return ""
    day = expected.reaches(limit.list_amount)
    if day is None:
        return ""
    return (
        '<div class="ll-note ll-of-warn"><span>At this pace the limit is reached on '
        f"<strong>{day.day} {day:%b}</strong>. What the same cycle costs on another model stands below.</span></div>"
    )
