"""`llmtrack status`: which ledger this is, and what is in it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from llmtrack.commands import check_one_source, database_option, note_if_empty, open_given, server_option
from llmtrack.commands.estimate import dollars


@click.command()
@database_option
@server_option
def command(database_url: str | None, server: str | None) -> None:
    """Say which ledger this is, how much is in it, and whether anything waits to get in."""
    check_one_source(server, database_url)
    if server is not None:
        return _of_server(server)
    from llmtrack.capture.journal import survey
    from llmtrack.capture.tracker import Tracker
    from llmtrack.ledger.metrics import ask

    ledger = open_given(database_url)
    totals = ask(ledger, ["generations", "users", "cost", "unpriced"]).totals
    journals = survey(Tracker(database_url).journal_dir(), ledger.owner, ledger.earlier)
    cost = "unknown" if totals["cost"] is None else dollars(totals["cost"])
    click.echo(f"Ledger       {ledger.name}")
    if ledger.replica is not None:
        click.echo(f"Read from    {ledger.replica.name}, {ledger.lag():.1f} s behind")
    click.echo(f"Size         {ledger.size() / 1e6:,.1f} MB")
    click.echo(f"Generations  {totals['generations']:,} by {_counted(totals['users'], 'user')}")
    click.echo(f"Cost         {cost}, {_counted(totals['unpriced'], 'call')} unpriced")
    note_if_empty(ledger)
    click.echo(f"Waiting      {_sized(journals.waiting)}")
    for owner, paths in sorted(journals.others.items()):
        click.echo(f"Not ours     {_sized(paths)} in {paths[0].parent}, of {owner.address}")
    for path in journals.aside:
        click.echo(f"Set aside    {path}, of no known ledger: llmtrack flush --take moves it into this one")
    for path in ledger.file.set_aside() if ledger.file is not None else ():
        click.echo(f"Set aside    {path}, the log of a database that was removed or replaced")
    return None


def _of_server(server: str) -> None:
    """What the token shows of a server's ledger; whether anything waits there takes one that reads everything."""
    from llmtrack.ledger import LedgerError
    from llmtrack.server_client import ServerClient

    client = ServerClient(server)
    totals = client.ask(["generations", "users", "cost", "unpriced"], [], where=[]).totals
    cost = "unknown" if totals["cost"] is None else dollars(totals["cost"])
    click.echo(f"Server       {client.server}")
    click.echo(f"Generations  {totals['generations']:,} by {_counted(totals['users'], 'user')}")
    click.echo(f"Cost         {cost}, {_counted(totals['unpriced'], 'call')} unpriced")
    try:
        journal = client.get("/readyz")["reasons"]["journal"]
    except LedgerError:
        return
    waiting = f"{_counted(journal['files'], 'journal file')}, the oldest record for {journal['lag_seconds']:,.0f} s"
    click.echo(f"Waiting      {waiting if journal['files'] else 'nothing'}")


def _sized(paths: Sequence[Path]) -> str:
    size = sum(path.stat().st_size for path in paths if path.exists())
    return f"{_counted(size, 'byte')} in {_counted(len(paths), 'journal file')}"


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
