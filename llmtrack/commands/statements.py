"""`llmtrack statements`: issue the statements of closed billing cycles, list them, and enter exchange rates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from llmtrack.commands import database_option, open_given

if TYPE_CHECKING:
    from llmtrack.billing.cycles import Cycle
    from llmtrack.ledger import Ledger

BY = "command line"
_DAY = click.DateTime(["%Y-%m-%d"])


@click.group()
def command() -> None:
    """Keep statements of what closed billing cycles cost, one for each person.

    A statement stays as it was issued. What is recorded or priced later for its cycle is an adjustment on the next one.
    """


@command.command()
@click.option("--user", "users", multiple=True, metavar="USER", help="Only for this user.  [default: all with usage]")
@click.option("--cycle", "day", type=_DAY, help="The cycle that holds this day.  [default: the last closed one]")
@click.option("--dry-run", is_flag=True, help="Only say what would be issued.")
@database_option
def issue(users: tuple[str, ...], day: datetime | None, dry_run: bool, database_url: str | None) -> None:
    """Issue the statements of a closed cycle; who has one already keeps it.

    \b
    llmtrack statements issue
    llmtrack statements issue --user alice --cycle 2026-10-15
    """
    from llmtrack.billing import statements
    from llmtrack.billing.statements import printed_number
    from llmtrack.ledger.periods import zone
    from llmtrack.settings import get_settings

    ledger, settings = open_given(database_url), get_settings()
    at = None if day is None else day.replace(hour=12, tzinfo=zone(settings.timezone))
    count = 0
    for own in _people(ledger, users):
        cycle = _cycle(ledger, own, at)
        if cycle.number is not None:
            click.echo(f"{own[0]}: {_days(cycle)} has statement {printed_number(cycle.number)} already.")
            continue
        if not users and not _used(ledger, own, cycle):
            continue
        count += 1
        if dry_run:
            click.echo(f"{own[0]}: {_days(cycle)} would be issued.")
            continue
        made = statements.issue(ledger, own, cycle, by=BY)
        adjusted = f", ${made.adjusted:,f} of it adjustments" if made.adjustments else ""
        click.echo(f"{own[0]}: {_days(cycle)}, statement {printed_number(made.number)}, ${made.total:,f}{adjusted}")
    if not count:
        click.echo("There is nothing to issue.")


@command.command("list")
@click.option("--user", "users", multiple=True, metavar="USER", help="Only of this user.")
@database_option
def show(users: tuple[str, ...], database_url: str | None) -> None:
    """List the statements that were issued, the latest cycle first."""
    from llmtrack.billing.statements import decode, printed_number
    from llmtrack.ledger.periods import from_micros
    from llmtrack.ledger.statements import statements

    records = statements(open_given(database_url), list(users) or None)
    for record in records:
        first, last = (from_micros(at, record.timezone).date() for at in (record.since, record.until - 1))
        total = f"${decode(record.content).total:,f}"
        click.echo(
            f"{printed_number(record.id)}  {first} to {last}  {record.user_id:20} {total:>18}  {record.digest[:12]}"
        )
    if not records:
        click.echo("No statement has been issued: llmtrack statements issue")


@command.command()
@click.argument("statement")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@database_option
def save(statement: str, file: Path, database_url: str | None) -> None:
    """Write STATEMENT to FILE, whose name ends in .pdf or .csv, byte for byte as it was issued."""
    from llmtrack.ledger.statements import statement_file

    kind = file.suffix.lower().removeprefix(".")
    if kind not in ("pdf", "csv"):
        raise click.BadParameter(f"{file.name!r} must end in .pdf or .csv.", param_hint="FILE")
    content = statement_file(open_given(database_url), identify(statement), kind)  # type: ignore[arg-type]
    file.write_bytes(content)
    click.echo(f"{file}: {len(content):,} bytes")


@command.command()
@click.argument("currency")
@click.argument("month", metavar="YYYY-MM")
@click.argument("rate")
@database_option
def rate(currency: str, month: str, rate: str, database_url: str | None) -> None:
    """Enter that a US dollar was RATE units of CURRENCY in a month, for statements issued from now on.

    \b
    llmtrack statements rate EUR 2026-11 0.9217

    LLMTRACK_BILLING_CURRENCY says which currency statements show beside US dollars.
    """
    from llmtrack.billing.amounts import parse_currency, parse_month, parse_rate
    from llmtrack.ledger.statements import set_rate

    hint = "CURRENCY"
    try:
        parse_currency(currency)
        hint = "YYYY-MM"
        number = parse_month(month)
        hint = "RATE"
        value = parse_rate(rate)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint=hint) from None
    set_rate(open_given(database_url), currency, number, format(value, "f"), by=BY)
    click.echo(f"1 US dollar = {format(value, 'f')} {currency} in {month}")


@command.command()
@database_option
def rates(database_url: str | None) -> None:
    """List the exchange rates that were entered."""
    from llmtrack.billing.amounts import month_name
    from llmtrack.ledger.statements import rates as entered

    records = entered(open_given(database_url))
    for record in records:
        click.echo(f"{month_name(record.month)}  1 US dollar = {record.rate} {record.currency}  ({record.entered_by})")
    if not records:
        click.echo("No rate has been entered: llmtrack statements rate EUR 2026-11 0.9217")


def identify(statement: str) -> int:
    """The statement that a command names. Raises `click.BadParameter` for what is no number of one."""
    from llmtrack.billing.statements import parse_number

    try:
        return parse_number(statement)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="STATEMENT") from None


def _people(ledger: Ledger, users: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """The user ids of each person that is meant, the one their calls are booked under first."""
    from llmtrack.ledger.metrics import ask
    from llmtrack.ledger.people import people

    records = people(ledger, limit=1_000_000)
    owner = {user: (person.user_id, *person.user_ids) for person in records for user in person.user_ids}
    if not users:
        users = [row["user"] for row in ask(ledger, "generations", "user", max_rows=None) if row["user"] is not None]
    seen = set()
    for user in users:
        own = tuple(dict.fromkeys(owner.get(user, (user,))))
        if own[0] not in seen:
            seen.add(own[0])
            yield own


def _cycle(ledger: Ledger, users: Sequence[str], at: datetime | None) -> Cycle:
    """The closed cycle to issue for these users: that of `at`, or the last one."""
    from llmtrack.billing.statements import own_cycles

    now = datetime.now(UTC)
    if at is None:
        return own_cycles(ledger, users, 2, now=now)[1]
    cycle = own_cycles(ledger, users, 1, now=at)[0]
    if not cycle.closed(now):
        raise click.ClickException(f"The cycle {_days(cycle)} is not over; it can be issued after that.")
    return cycle


def _used(ledger: Ledger, users: Sequence[str], cycle: Cycle) -> bool:
    from llmtrack.billing.statements import adjustments
    from llmtrack.ledger.metrics import ask

    period = cycle.period
    result = ask(
        ledger, "generations", since=period.since, until=period.until, timezone=cycle.timezone,
        where={"user": list(users)}, max_rows=None,
    )  # fmt: skip
    return bool(result.totals["generations"]) or bool(adjustments(ledger, users))


def _days(cycle: Cycle) -> str:
    first: date = cycle.first
    return f"{first} to {cycle.last}"
