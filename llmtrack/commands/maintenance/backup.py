"""`llmtrack backup FILE`: a copy of the ledger, at any time."""

from __future__ import annotations

from pathlib import Path

import click

from llmtrack.commands import database_option, open_given


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--replace", is_flag=True, help="Overwrite FILE if there is one.")
@database_option
def command(file: Path, replace: bool, database_url: str | None) -> None:
    """Copy the ledger to FILE as it is at this moment, while programs go on writing to it.

    A plain copy of the file beside a program that writes is no backup. To restore one, stop what uses the ledger,
    remove its -wal and -shm files, and move the backup into its place.
    """
    from llmtrack.ledger.maintenance import back_up

    ledger = open_given(database_url)
    size = back_up(ledger, file, replace=replace)
    click.echo(f"{ledger.name} copied to {file} ({size:,} bytes).")
