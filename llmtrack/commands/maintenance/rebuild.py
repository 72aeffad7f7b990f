"""`llmtrack rebuild`: make the totals anew from the rows."""

from __future__ import annotations

import click

from llmtrack.commands import database_option, open_given
from llmtrack.commands.maintenance.verify import advance


@click.command()
@database_option
@click.option("--all", "everything", is_flag=True, help="Every day, not only those that are wrong.")
def command(database_url: str | None, everything: bool) -> None:
    """Make the totals anew from the rows, where they are wrong.

    One day at a time, so that calls can be recorded meanwhile. Days whose rows have been deleted are left alone:
    their totals are all there is of them.
    """
    from llmtrack.ledger.maintenance import rebuild, verify

    ledger = open_given(database_url)
    days = None
    if not everything:
        with click.progressbar(length=1, label="Adding up") as bar:
            verdict = verify(ledger, lambda done, of: advance(bar, done, of))
        days = sorted(verdict.wrong)
        if verdict.right:
            click.echo(verdict.in_words())
            return
    with click.progressbar(length=1, label="Rebuilding") as bar:
        done = rebuild(ledger, days, lambda at, of: advance(bar, at, of))
    click.echo(f"The totals of {done:,} days are made anew.")
