"""`llmtrack status`: which ledger this is, and what is in it."""

from __future__ import annotations

import click

from llmtrack.commands import database_option, note_if_empty, open_given
from llmtrack.commands.estimate import dollars


@click.command()
@database_option
def command(database_url: str | None) -> None:
    """Say which ledger this is, how much is in it, and whether anything waits to get in."""
    from llmtrack.capture.tracker import Tracker
    from llmtrack.ledger.metrics import ask

    ledger = open_given(database_url)
    totals = ask(ledger, ["generations", "users", "cost", "unpriced"]).totals
    waiting = list(Tracker(database_url).journal_dir().glob("*.journal"))
    cost = "unknown" if totals["cost"] is None else dollars(totals["cost"])
    click.echo(f"Ledger       {ledger.name}")
    click.echo(f"Size         {ledger.size() / 1e6:,.1f} MB")
    click.echo(f"Generations  {totals['generations']:,} by {_counted(totals['users'], 'user')}")
    click.echo(f"Cost         {cost}, {_counted(totals['unpriced'], 'call')} unpriced")
    note_if_empty(ledger)
    size = sum(path.stat().st_size for path in waiting)
    click.echo(f"Waiting      {_counted(size, 'byte')} in {_counted(len(waiting), 'journal file')}")


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
