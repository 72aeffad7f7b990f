"""`llmtrack prices`: the price book of this installation, and what a model costs and why."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from llmtrack.commands import database_option, open_given

if TYPE_CHECKING:
    from llmtrack.ledger.price_book import BookLine
    from llmtrack.pricing import BookEntry, Pricer

BY = "command line"
LOOK_BACK = 30
"""Days in which `check` looks for models without a price."""


@click.group()
def command() -> None:
    """Keep this installation's own prices, discounts and markups.

    They hold for calls from a date on; what was recorded before keeps its cost. Calls that had no price can be priced
    later on (apply), which can be undone.
    """


@command.command("list")
@click.option("--all", "everything", is_flag=True, help="Retired entries too.")
@database_option
def show(everything: bool, database_url: str | None) -> None:
    """Show the entries of the price book."""
    from llmtrack.ledger.price_book import list_prices

    now = time.time_ns() // 1_000
    lines = list_prices(open_given(database_url))
    shown = [line for line in lines if everything or line.entry.until is None or line.entry.until > now]
    for line in shown:
        click.echo(_line(line))
    if not shown:
        click.echo("The price book is empty: every call has the price of the public list, where that has one.")


@command.command()
@click.argument("model", metavar="PROVIDER/MODEL")
@click.argument("rates", nargs=-1, metavar="[CLASS=DOLLARS]...")
@click.option("--discount", metavar="PERCENT", help="Take a percentage off instead.")
@click.option("--markup", metavar="PERCENT", help="Add a percentage instead.")
@click.option("--same-as", metavar="PROVIDER/MODEL", help="Take the list price of another model instead.")
@click.option("--everything", is_flag=True, help="Change own prices and costs the provider told, not only list prices.")
@click.option("--since", metavar="DATE", help="From when it holds, such as 2026-12-01.  [default: now]")
@click.option("--until", metavar="DATE", help="When it ends.  [default: when a later entry follows]")
@click.option("--tier", default="", help="The service tier it is for, * for any.  [default: standard, for a price]")
@click.option("--above", default=0, metavar="TOKENS", help="Only for calls with more input tokens than this.")
@click.option("--note", default="", help="Why, for whoever reads it later.")
@database_option
def add(
    model: str, rates: tuple[str, ...], discount: str | None, markup: str | None, same_as: str | None,
    everything: bool, since: str | None, until: str | None, tier: str, above: int, note: str, database_url: str | None,
) -> None:  # fmt: skip
    """Add an entry. * stands for any letters in PROVIDER/MODEL; a plain name covers its dated snapshots too.

    \b
    llmtrack prices add 'ollama/*' input=0 output=0
    llmtrack prices add openai/gpt-4o input=2 output=8 --since 2026-12-01
    llmtrack prices add 'openai/*' --discount 15
    llmtrack prices add gateway/fast --same-as openai/gpt-4o

    Rates are dollars per million tokens (input, output, cache_read, cache_write, cache_write_1h, …), per 1,000
    requests or searches (request, web_search, tool:NAME), or per hour (audio_hour).
    """
    from llmtrack.ledger.price_book import add_price
    from llmtrack.pricing import BookEntry, PriceRefused
    from llmtrack.pricing.book import Kind

    provider, name = _split(model)
    given = {"discount": discount, "markup": markup, "same_as": same_as}
    kinds = [kind for kind, value in given.items() if value is not None] + (["price"] if rates else [])
    if len(kinds) != 1:
        raise click.UsageError("Give either rates (such as input=2.5), --discount, --markup or --same-as.")
    kind: Kind = kinds[0]  # type: ignore[assignment]  # one of the four, as written above
    entry = BookEntry(
        kind=kind,
        provider=provider,
        model=name,
        since=_moment(since, "--since") or time.time_ns() // 1_000,
        until=_moment(until, "--until"),
        tier=tier,
        rates=_rates(rates),
        above=above,
        percent=_number(discount or markup or "", "percentage") if kind in ("discount", "markup") else None,
        same_as=same_as,
        applies_to="all" if everything else "list",
        note=note,
    )
    try:
        added = add_price(open_given(database_url), entry, by=BY)
    except PriceRefused as refused:
        raise click.ClickException(str(refused)) from refused
    click.echo(f"Entry {added.id}: {added.title}, from {_day(added.since)}.")
    _offer(added, database_url)


@command.command()
@click.argument("entry", type=int)
@click.option("--never", is_flag=True, help="As if it had never held: it was a mistake from its beginning.")
@database_option
def retire(entry: int, never: bool, database_url: str | None) -> None:
    """End an entry. It stays listed, because stored costs name it."""
    from llmtrack.ledger.price_book import retire_price

    line = retire_price(open_given(database_url), entry, by=BY, from_the_beginning=never)
    ended = "never holds" if line.void else f"holds no longer, since {_day(line.entry.until or 0)}"
    click.echo(f"Entry {entry}: {line.entry.title} {ended}.")


@command.command()
@click.argument("models", nargs=-1, metavar="[PROVIDER/MODEL]...")
@click.option("--tier", help="The service tier.  [default: standard]")
@click.option("--region", help="Where it is served, such as us-east5.  [default: anywhere]")
@database_option
def check(models: tuple[str, ...], tier: str | None, region: str | None, database_url: str | None) -> None:
    """Say what models cost now, and why; without any, which models of the last 30 days have no price."""
    from llmtrack.ledger.price_book import missing_prices, why_missing
    from llmtrack.pricing import Pricer, freshness

    ledger = open_given(database_url)
    pricer = Pricer(ledger.book()[1])
    for model in models:
        provider, name = _split(model)
        for line in describe(pricer, provider, name, tier, region):
            click.echo(line)
    if models:
        return
    click.echo(f"Public price list: genai-prices {freshness().version}")
    missing = missing_prices(ledger, since=datetime.now(UTC) - timedelta(days=LOOK_BACK))
    for usage in missing:
        calls = f"{usage.unpriced:,} of {usage.calls:,} calls unpriced"
        click.echo(f"{usage.provider}/{usage.model}: {calls}; {why_missing(usage, pricer)}")
    if not missing:
        click.echo(f"Every model of the last {LOOK_BACK} days has a price.")
    else:
        raise SystemExit(1)


@command.command()
@click.argument("models", default="*/*", metavar="[PROVIDER/MODEL]")
@click.option("--yes", is_flag=True, help="Do it without asking.")
@database_option
def apply(models: str, yes: bool, database_url: str | None) -> None:
    """Price calls that had no price when they were made: shows what it comes to by month and user, then asks.

    \b
    llmtrack prices apply 'ollama/*'

    Costs that exist are left alone. It can be undone: llmtrack prices undo.
    """
    from llmtrack.ledger import repricing
    from llmtrack.settings import get_settings

    provider, name = _split(models)
    ledger = open_given(database_url)
    preview = repricing.preview(ledger, provider, name, timezone=get_settings().timezone)
    for line in preview.lines:
        click.echo(f"{line.month}  {line.user or 'no user':30} {line.calls:10,} calls  ${line.cost:,f}")
    if preview.unpriced:
        click.echo(f"{preview.unpriced:,} calls have no price yet; llmtrack prices check says why.")
    if preview.sealed:
        click.echo(f"{preview.sealed:,} calls stay unpriced: their rows have been deleted, only totals are left.")
    if not preview.calls:
        click.echo(f"No unpriced call of {models} has a price now.")
        return
    question = f"Price {preview.calls:,} calls at ${preview.cost:,f} in all?"
    if not yes and not click.confirm(question):
        click.echo("Nothing was changed.")
        return
    run = repricing.apply(ledger, provider, name, by=BY)
    click.echo(f"Priced {run.calls:,} calls at ${run.cost:,f}. To undo it: llmtrack prices undo {run.number}")


@command.command()
@click.argument("pricing", type=int)
@database_option
def undo(pricing: int, database_url: str | None) -> None:
    """Make the calls that a pricing priced unpriced again; `llmtrack prices runs` lists them."""
    from llmtrack.ledger import repricing

    calls = repricing.undo(open_given(database_url), pricing, by=BY)
    click.echo(f"Pricing {pricing} is undone: {calls:,} calls are unpriced again.")


@command.command()
@database_option
def runs(database_url: str | None) -> None:
    """Show when unpriced calls were priced, and by whom."""
    from llmtrack.ledger import repricing

    past = repricing.runs(open_given(database_url))
    for run in past:
        undone = ", undone" if run.undone else ""
        click.echo(
            f"{run.number:4}  {_day(run.at)}, {run.models}: {run.calls:,} calls, ${run.cost:,f}, by {run.by}{undone}"
        )
    if not past:
        click.echo("No unpriced calls have been priced later on.")


def _offer(entry: BookEntry, database_url: str | None) -> None:
    """Says how to price the unpriced calls that a new entry is about, if there are any."""
    from llmtrack.ledger import repricing

    if entry.kind not in ("price", "same_as"):
        return
    preview = repricing.preview(open_given(database_url), entry.provider, entry.model)
    if preview.calls:
        click.echo(
            f"{preview.calls:,} unpriced calls have a price now: llmtrack prices apply '{entry.provider}/{entry.model}'"
        )


def describe(
    pricer: Pricer, provider: str, model: str, tier: str | None = None, region: str | None = None
) -> list[str]:
    """What a model costs now and where that is from, in lines."""
    from llmtrack.pricing import in_words
    from llmtrack.pricing.classes import unit

    quote = pricer.quote(provider, model, tier, at=time.time_ns() // 1_000, region=region)
    if quote.reason is not None:
        return [f"{provider}/{model}: {in_words(quote.reason)}"]
    lines = []
    for band in quote.bands:
        price = band.price
        over = f", over {band.above:,} input tokens" if band.above else ""
        adjusted = f", {price.adjustment}" if price.adjustment else ""
        lines.append(
            f"{provider}/{model}, {price.tier}{over}: {price.model} of {price.source} {price.version}{adjusted}"
        )
        lines += [f"  {name:16} ${rate} {unit(name)}" for name, rate in price.rates.items()]
    if quote.doubt is not None:
        lines.append(f"  An estimate: {in_words(quote.doubt)}.")
    return lines


def _line(line: BookLine) -> str:
    entry = line.entry
    parts = [f"{entry.id:4}  {entry.title}", f"from {_day(entry.since)}"]
    if line.void:
        parts.append("never holds")
    elif entry.until is not None:
        parts.append(f"to {_day(entry.until)}")
    if entry.tier:
        parts.append(f"tier {entry.tier}")
    if entry.above:
        parts.append(f"over {entry.above:,} input tokens")
    if entry.applies_to == "all":
        parts.append("on everything")
    if line.withdrawn_by:
        parts.append(f"retired by {line.withdrawn_by}")
    return ", ".join(parts) + (f"  ({entry.note})" if entry.note else "")


def _split(model: str) -> tuple[str, str]:
    provider, slash, name = model.partition("/")
    if not slash or not provider or not name:
        raise click.BadParameter(f"{model!r} must be PROVIDER/MODEL, such as openai/gpt-4o or 'ollama/*'.")
    return provider, name


def _rates(options: tuple[str, ...]) -> dict[str, Decimal]:
    rates: dict[str, Decimal] = {}
    for text in options:
        name, rate = _rate(text)
        if name in rates:
            raise click.BadParameter(f"{name} is given twice, as {rates[name]} and {rate}; give it once.")
        rates[name] = rate
    return rates


def _rate(text: str) -> tuple[str, Decimal]:
    name, equals, value = text.partition("=")
    if not equals:
        raise click.BadParameter(f"{text!r} must be CLASS=DOLLARS, such as input=2.5.")
    return name.strip(), _number(value, f"number of dollars for {name.strip()}")


def _number(text: str, what: str) -> Decimal:
    try:
        return Decimal(text.strip().removesuffix("%").removeprefix("$"))
    except InvalidOperation:
        raise click.BadParameter(f"{text!r} is no {what}; write it as 2.5.") from None


def _moment(text: str | None, option: str) -> int | None:
    """A day, or a day and time, in the time zone of the settings, as microseconds since 1970."""
    from llmtrack.settings import get_settings

    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        today = datetime.now(UTC).date()
        raise click.BadParameter(f"{text!r} is no date; write {option} {today} or {today}T12:00.") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(get_settings().timezone))
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _day(at: int) -> str:
    from llmtrack.settings import get_settings

    moment = datetime.fromtimestamp(at / 1_000_000, ZoneInfo(get_settings().timezone))
    shown = f"{moment.day} {moment:%B %Y}"
    return shown if moment.hour == moment.minute == moment.second == 0 else f"{shown} {moment:%H:%M %Z}"
