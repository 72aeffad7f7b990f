"""`llmtrack verify-statement`: check that a statement is as it was issued and adds up."""

from __future__ import annotations

import click

from llmtrack.commands import database_option, open_given
from llmtrack.commands.statements import identify


@click.command()
@click.argument("statement")
@database_option
def command(statement: str, database_url: str | None) -> None:
    """Check STATEMENT: its digest, its sums, and its lines against the rows that still exist.

    \b
    llmtrack verify-statement S-5F2A19C3E0401A7

    Ends with 1 where it is not what was issued. Calls recorded or priced since then are no fault: they are listed, and
    the next statement carries them as adjustments.
    """
    from llmtrack.billing.statements import printed_number, verify

    checked = verify(open_given(database_url), identify(statement))
    own = checked.statement
    days = f"{own.period.since:%Y-%m-%d} to {own.period.until:%Y-%m-%d}"
    click.echo(f"{printed_number(own.number)} of {own.user_id}, {days} ({own.timezone}), ${own.total:,f}")
    for fault in checked.faults:
        click.echo(f"FAULT: {fault}")
    if checked.holds:
        click.echo("Its content is what was issued, and its sums add up to the nano-dollar.")
    click.echo(f"{checked.added:,} calls added up again: {_models(checked.matching)} as on the statement.")
    for (provider, model), calls in checked.without_rows:
        click.echo(f"{provider}/{model}: the rows of {calls:,} calls are deleted; only their totals could be compared.")
    for change in checked.differences:
        click.echo(f"Since then {change.provider}/{change.model}: {change.calls:+,} calls, {change.cost:+,f} dollars")
    if checked.differences:
        click.echo("The next statement carries what changed as adjustments.")
    if not checked.holds:
        raise SystemExit(1)


def _models(count: int) -> str:
    return "1 model is" if count == 1 else f"{count:,} models are"
