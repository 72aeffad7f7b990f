"""`llmtrack verify`: compare the totals with the sums of the rows."""

from __future__ import annotations

import click

from llmtrack.commands import database_option, open_given


@click.command()
@database_option
def command(database_url: str | None) -> None:
    """Add up every row and compare with the totals, to the nano-dollar.

    Exits with 1 if any total is wrong; `llmtrack rebuild` makes them anew. Days whose rows have been deleted are
    compared with their seal.
    """
    from llmtrack.ledger.maintenance import verify

    ledger = open_given(database_url)
    with click.progressbar(length=1, label="Adding up", show_eta=True) as bar:
        verdict = verify(ledger, lambda done, of: advance(bar, done, of))
    click.echo(verdict.in_words())
    if not verdict.right:
        raise click.exceptions.Exit(1)


def advance(bar: object, done: int, of: int) -> None:
    """Moves a progress bar whose length becomes known on the way."""
    bar.length = of  # type: ignore[attr-defined] # click's bar, whose class is private
    bar.update(done - bar.pos)  # type: ignore[attr-defined]
