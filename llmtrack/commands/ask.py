"""`llmtrack ask`: any metric by any dimension, as a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

import click

from llmtrack.commands import (
    check_one_source,
    database_option,
    note_if_empty,
    open_given,
    own_clocks,
    server_option,
)
from llmtrack.commands.estimate import dollars

if TYPE_CHECKING:
    from llmtrack.ledger.query import Filter, QueryResult, Row

Command = TypeVar("Command", bound=Callable[..., Any])
_SIMULATION = ("generations", "simulated", "simulated_cost")
_WHEN = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"])


def _or_setting(context: click.Context, parameter: click.Parameter, value: Any) -> Any:
    """The option's value, or the setting of that name, so that the terminal and the pages agree on days and cycles."""
    from llmtrack.settings import get_settings

    return getattr(get_settings(), str(parameter.name)) if value is None else value


def question_options(command: Command) -> Command:
    """The options that choose the generations a query is about."""
    for option in reversed((
        click.option("--since", type=_WHEN, help="The beginning of the time asked about.  [default: the first call]"),
        click.option("--until", type=_WHEN, help="The end of it, not included.  [default: the latest call]"),
        click.option("--timezone", callback=_or_setting, help="Whose clocks, such as Europe/Berlin.  "
                     "[default: LLMTRACK_TIMEZONE]"),
        click.option("--anchor-day", "billing_anchor_day", type=click.IntRange(1, 31), callback=_or_setting,
                     help="The day a billing cycle begins on, for --by cycle.  [default: LLMTRACK_BILLING_ANCHOR_DAY]"),
        click.option("--where", "filters", multiple=True, metavar="NAME=VALUE", help="Only these; also NAME!=VALUE, "
                     "VALUE,VALUE, NAME= for those without. May be repeated, also for other values of one name."),
    )):  # fmt: skip
        command = option(command)
    return command


def where_of(typed: Sequence[str]) -> list[Filter]:
    """The filters that were typed. A name given twice means either of its values, or with ``!=`` neither."""
    from llmtrack.ledger.metrics import parse_filters

    try:
        return parse_filters(typed)
    except ValueError as error:
        raise click.UsageError(str(error)) from None


@contextmanager
def refusals() -> Iterator[None]:
    """Turns a query that is refused into a usage error, without a traceback."""
    try:
        yield
    except ValueError as error:
        raise click.UsageError(str(error)) from error


@click.command(name="ask")
@click.argument("metrics", nargs=-1)
@click.option("--by", multiple=True, help="Split by hour, day, week, month, cycle, model, user, … May be repeated.")
@click.option("--order", help="Sort by a metric; after - the largest first (--order=-cost).")
@click.option("--limit", type=int, help="Show so many rows at most.")
@click.option(
    "--top",
    type=click.IntRange(min=1),
    help="Keep so many values of the first dimension, those with the most of the first metric; the rest are one row.",
)
@click.option("--explain", is_flag=True, help="Say where the numbers were read.")
@click.option("--list", "show_list", is_flag=True, help="Say which metrics and dimensions there are.")
@question_options
@database_option
@server_option
@click.pass_context
def command(
    context: click.Context,
    metrics: tuple[str, ...],
    by: tuple[str, ...],
    order: str | None,
    limit: int | None,
    top: int | None,
    explain: bool,
    show_list: bool,
    since: Any,
    until: Any,
    timezone: str,
    billing_anchor_day: int,
    filters: tuple[str, ...],
    database_url: str | None,
    server: str | None,
) -> None:
    """Answer a question: METRICS are such as cost, generations, errors, or a formula of two as "cost / users"."""
    from llmtrack.ledger.metrics import ask
    from llmtrack.server_client import ServerClient

    if show_list:
        return _list()
    check_one_source(server, database_url)
    about = {"since": since, "until": until, "where": where_of(filters), "order": order, "limit": limit, "top": top}
    with refusals():
        if server is not None:
            own = own_clocks(context)
            answer = ServerClient(server).ask(
                (*metrics, *_apart(metrics)), by, **about,
                timezone=timezone if "timezone" in own else None,
                anchor_day=billing_anchor_day if "billing_anchor_day" in own else None,
            )  # fmt: skip
        else:
            ledger = open_given(database_url)
            answer = ask(
                ledger, (*metrics, *_apart(metrics)), by, **about, timezone=timezone, anchor_day=billing_anchor_day,
                max_rows=None,
            )  # fmt: skip
    _show_apart(answer, list(dict.fromkeys(metrics)))
    for warning in answer.warnings:
        click.echo(f"\n{warning}")
    if server is None:
        note_if_empty(ledger)
    elif answer.cut and limit is None:
        click.echo(f"\n{answer.cut:,} more rows are not shown: split by less, or ask about a shorter time.")
    if explain:
        click.echo(f"\nRead: {answer.explain} ({answer.queries} queries)")
    return None


def _list() -> None:
    from llmtrack.ledger.metrics import DIMENSIONS, METRICS

    click.echo("Metrics")
    for metric in METRICS.values():
        click.echo(f"  {metric.name:<28}{metric.doc} [{metric.unit}]")
    click.echo("\nDimensions, besides hour, day, week, month, cycle, property.NAME and user.NAME")
    for dimension in DIMENSIONS.values():
        click.echo(f"  {dimension.name:<28}{dimension.doc}")


def _apart(metrics: Sequence[str]) -> tuple[str, ...]:
    """Further metrics to query with metrics of money: the simulated part, which is never part of the cost."""
    from llmtrack.ledger.query import metric

    return _SIMULATION if any(metric(n).unit == "usd" for n in metrics) else ()


def _show_apart(answer: QueryResult, metrics: Sequence[str]) -> None:
    """The answer as one table; with metrics of money, simulated rows are in a table of their own."""
    rows = list(answer) if answer.by else []
    if not answer.units.keys() >= set(_SIMULATION):
        return _show(answer, metrics, rows)
    real: list[Row] = []
    simulated: list[Row] = []
    for row in rows:
        (simulated if row["simulated"] == row["generations"] > 0 else real).append(row)
    _show(answer, metrics, real)
    if simulated:
        others = [name for name in metrics if answer.units[name] != "usd"]
        click.echo("\nSimulated, and no part of the cost:")
        _show(answer, [*others, "simulated_cost"], simulated, total=False)
    if calls := answer.totals["simulated"]:
        cost = _text(answer, "simulated_cost", answer.totals["simulated_cost"])
        click.echo(
            f"\nApart from the cost: {cost} simulated cost of {calls:,} simulated {'call' if calls == 1 else 'calls'}."
        )
    return None


def _show(answer: QueryResult, metrics: Sequence[str], rows: Sequence[Row], *, total: bool = True) -> None:
    names = [*answer.by, *metrics]
    lines = [[_text(answer, name, row[name]) for name in names] for row in rows]
    if total:
        heads = ["total", *[""] * (len(answer.by) - 1)] if answer.by else []
        lines.append([*heads, *(_text(answer, name, answer.totals[name]) for name in metrics)])
    widths = [max(len(name), *(len(line[at]) for line in lines)) for at, name in enumerate(names)]
    for line in [names, *lines]:
        cells = (
            cell.ljust(width) if at < len(answer.by) else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        click.echo("  ".join(cells).rstrip())


def _text(answer: QueryResult, name: str, value: Any) -> str:
    """A value as people read it in a terminal."""
    if name in answer.by:
        return "-" if value is None else (f"{value:%Y-%m-%d %H:%M}" if name == "hour" else _named(value))
    if value is None:
        return "unknown"
    unit = answer.units[name]
    if unit == "usd":
        return dollars(value) if abs(value) < 1 else f"${value:,.2f}"
    if unit == "seconds":
        return "<0.01 s" if 0 < value < 0.005 else f"{value:,.2f} s"
    if unit == "ratio":
        return "<0.1%" if 0 < value < 0.0005 else f"{value:.1%}"
    return f"{value:,}" if isinstance(value, int) else ("<0.1" if 0 < value < 0.05 else f"{Decimal(value):,.1f}")


def _named(value: Any) -> str:
    return f"{value:%Y-%m-%d}" if hasattr(value, "strftime") else str(value)
