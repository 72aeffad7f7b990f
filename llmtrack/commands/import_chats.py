"""`llmtrack import-chats`: bring conversations over from other programs, whatever the size of their export."""

from __future__ import annotations

from pathlib import Path

import click

from llmtrack.commands import database_option, open_given


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--user", required=True, metavar="ID", help="Whose conversations they become, by the id the app shows.")
@database_option
def command(files: tuple[Path, ...], user: str, database_url: str | None) -> None:
    """Import FILES, exports of this app or of ChatGPT, Claude, Open WebUI or LibreChat, as conversations of a user.

    A file is the JSON or the zip as the program made it; one conversation at a time is in memory. What was imported
    before comes in once: the same file again, or a newer one, adds only what is new. A conversation that cannot be read
    is left out and named. Costs nothing and counts nothing: these are conversations, no calls.
    """
    from llmtrack.chat.conversations import import_file
    from llmtrack.chat.error_messages import ChatError

    ledger = open_given(database_url)
    failed = False
    for path in files:
        with path.open("rb") as file:
            try:
                imported = import_file(ledger, user, file)
            except ChatError as error:
                click.echo(f"{path}: {error}", err=True)
                failed = True
                continue
        click.echo(
            f"{path}: {imported.conversations:,} conversations new, {imported.extended:,} went on, "
            f"{imported.unchanged:,} were here; {imported.messages:,} messages and {imported.files:,} files came in, "
            f"{imported.left_out:,} messages left out."
        )
        for problem in imported.problems:
            click.echo(f"  left out: {problem}", err=True)
        if (more := imported.damaged - len(imported.problems)) > 0:
            click.echo(f"  left out: {more:,} more", err=True)
    if failed:
        raise SystemExit(1)
