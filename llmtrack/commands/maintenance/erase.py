"""`llmtrack erase`: erase a user; what they cost stays in the totals."""

from __future__ import annotations

import getpass

import click

from llmtrack.commands import database_option, open_given


@click.command()
@click.argument("user")
@database_option
@click.option("--yes", is_flag=True, help="Do not ask.")
def command(user: str, database_url: str | None, yes: bool) -> None:
    """Erase USER: all they said, their conversations, attributes and every name they are known by.

    What they cost stays in all totals, under a name that says nothing. There is no way back: backups made before
    upgrades are deleted too, and records that could not be written. Backups of your own are yours to clear.
    """
    from llmtrack.serving.daily_maintenance import erase_everywhere

    ledger = open_given(database_url)
    if not yes:
        click.confirm(f"Erase {user!r} from {ledger.name}? This cannot be undone.", abort=True)
    erased = erase_everywhere(ledger, user, by=getpass.getuser(), database_url=database_url)
    click.echo(f"{user} is {erased.name} from now on.")
    click.echo(
        f"{erased.texts:,} texts, {erased.conversations:,} conversations and {erased.backups:,} backups are gone."
    )
