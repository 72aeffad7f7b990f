"""The steps of an interaction as a waterfall: when each began and how long it took, its tokens and its cost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from html import escape
from typing import TYPE_CHECKING

from llmtrack.statuses import NOT_SPENT
from pages.components import formatting
from pages.components.charts import colours
from pages.components.tables.cells import link, text_of, unknown

if TYPE_CHECKING:
    from llmtrack.ledger.lists import GenerationRow, SpanRow, TraceDetail

    _Entry = tuple[datetime, SpanRow | None, GenerationRow | None]

TICKS = 4


@dataclass(frozen=True, slots=True)
class Step:
    """One line: a span, a call, or a span that is nothing but one call."""

    name: str
    depth: int
    after: float
    """Seconds from the beginning of the interaction."""
    duration: float | None
    """Seconds."""
    call: GenerationRow | None
    error: str | None


def steps(detail: TraceDetail) -> list[Step]:
    """The steps in the order of a tree: what a step holds below it, by time."""
    start = detail.row.at
    spans = {span.id for span in detail.spans}
    below: dict[int | None, list[_Entry]] = {}
    for span in detail.spans:
        below.setdefault(span.parent_id if span.parent_id in spans else None, []).append((span.at, span, None))
    for call in detail.generations:
        below.setdefault(call.span_id if call.span_id in spans else None, []).append((call.at, None, call))
    made: list[Step] = []

    def add(entries: Sequence[_Entry], depth: int) -> None:
        for at, span, call in sorted(entries, key=lambda entry: entry[0]):
            after = (at - start).total_seconds()
            if call is not None:
                made.append(_call_step(call, call.feature or call.operation, depth, after))
            elif span is not None:
                inner = below.get(span.id, [])
                only_call = inner[0][2] if len(inner) == 1 else None
                if only_call is not None and depth:
                    made.append(_call_step(only_call, span.name, depth, after, span))
                    continue
                made.append(Step(span.name, depth, after, span.duration, None, span.error))
                add(inner, depth + 1)

    add(below.get(None, []), 0)
    return made


def _call_step(call: GenerationRow, name: str, depth: int, after: float, span: SpanRow | None = None) -> Step:
    error = call.error_type or (None if call.status == "ok" else formatting.status(call.status))
    return Step(name, depth, after, span.duration if span else call.duration, call, error)


def waterfall(detail: TraceDetail, chosen: int | None, href: Callable[[GenerationRow], str]) -> str:
    """The table as HTML; a line that is a call opens it."""
    made = steps(detail)
    if made and made[0].call is None and [step.depth for step in made].count(0) == 1:
        made = made[1:]  # the one that holds all others is what the first line is about
    whole = max([detail.row.duration, *(step.after + (step.duration or 0) for step in made)]) or 1.0
    of_model = colours.css("model", {step.call.model or "" for step in made if step.call})
    shown_costs = [step.call.cost for step in made if step.call]
    decimals = formatting.column_decimals([*shown_costs, detail.row.cost])
    lines = [_whole_line(detail, whole, decimals)]
    lines += [_line(step, whole, decimals, of_model, chosen, href) for step in made]
    ticks = "".join(f"<span>{escape(formatting.seconds(whole * n / TICKS))}</span>" for n in range(TICKS))
    heads = (
        f'<th scope="col">Step</th><th scope="col" class="ll-fall-cell"><span class="ll-ticks">{ticks}</span></th>'
        '<th scope="col" class="ll-right">Took</th><th scope="col" class="ll-right">Tokens</th>'
        '<th scope="col" class="ll-right">Cost</th>'
    )
    return (
        f'<div class="ll ll-table" role="region" tabindex="0" aria-label="Steps"><table>'
        f"<thead><tr>{heads}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"
    )


def _whole_line(detail: TraceDetail, whole: float, decimals: int) -> str:
    row = detail.row
    return _cells(
        f"<b>{text_of(row.name or 'Interaction')}</b>", _bar(0, row.duration, whole, None, "ll-whole"), row.duration,
        f"{formatting.count(row.input_tokens)} → {formatting.count(row.output_tokens)}",
        formatting.usd_with(row.cost, decimals) if row.cost is not None else unknown(), "",
    )  # fmt: skip


def _line(
    step: Step, whole: float, decimals: int, of_model: object, chosen: int | None, href: Callable[[GenerationRow], str]
) -> str:
    call = step.call
    colour = of_model.get(call.model or "") if call and isinstance(of_model, dict) else None
    dot = f'<i class="ll-dot" style="color:{escape(colour)}"></i>' if colour else ""
    name = text_of(step.name)
    if call:
        name = link(name, href(call), "ll-row")
    error = f' <span class="ll-bad">{text_of(step.error)}</span>' if step.error else ""
    indent = f'<span style="padding-left:{16 * step.depth}px">{dot}{name}{error}</span>'
    tokens = cost = ""
    if call:
        tokens = f"{formatting.count(call.input_tokens)} → {formatting.count(call.output_tokens)}"
        cost = unknown() if call.cost is None else escape(_cost(call, decimals))
    classes = " ".join(filter(None, ["ll-open" if call else "", "ll-chosen" if call and call.id == chosen else ""]))
    bar = _bar(step.after, step.duration, whole, colour, "")
    return _cells(indent, bar, step.duration, tokens, cost, classes)


def _cost(call: GenerationRow, decimals: int) -> str:
    shown = formatting.usd_with(call.cost or Decimal(0), decimals)
    return f"{shown} {call.cost_status.replace('_', ' ')}" if call.cost_status in NOT_SPENT else shown


def _cells(name: str, bar: str, duration: float | None, tokens: str, cost: str, classes: str) -> str:
    took = unknown() if duration is None else escape(formatting.seconds(duration))
    return (
        f'<tr class="{classes}"><td>{name}</td><td class="ll-fall-cell">{bar}</td><td class="ll-right">{took}</td>'
        f'<td class="ll-right ll-muted">{escape(tokens)}</td><td class="ll-right">{cost}</td></tr>'
    )


def _bar(after: float, duration: float | None, whole: float, colour: str | None, kind: str) -> str:
    left = 100 * max(0.0, after) / whole
    width = 100 * (duration or 0) / whole
    own = f";background:{escape(colour)}" if colour else ""
    return (
        f'<span class="ll-fall {kind}"><i style="left:{left:.2f}%;width:{min(width, 100 - left):.2f}%{own}"></i></span>'
    )
