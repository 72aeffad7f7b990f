"""`llmtrack copy`: move a ledger to another database."""

from __future__ import annotations

import click

from llmtrack.commands import open_given


@click.command()
@click.argument("source")
@click.argument("target")
@click.option("--again", is_flag=True, help="TARGET is a finished copy: make it the same once more.")
def command(source: str, target: str, again: bool) -> None:
    """Copy the ledger at SOURCE to TARGET, both given as sqlite:///file.db or postgresql://…

    Interrupted, it goes on where it stopped when run again. At the end every row of the copy is compared with the
    source. To move without losing a call: copy, stop what records calls, copy again with --again (only what is new is
    written), and start with LLMTRACK_DATABASE_URL set to TARGET.
    """
    from llmtrack.ledger import open_ledger
    from llmtrack.ledger.maintenance import copy_ledger

    here, there = open_given(source), open_ledger(target)
    shown = ""

    def progress(what: str, done: int, of: int) -> None:
        nonlocal shown
        line = "\n" if shown and shown != what else "\r"
        shown = what
        click.echo(f"{line}{what:<32} {done:>14,} of {of:,}", nl=False, err=True)

    copied = copy_ledger(here, there, again=again, progress=progress)
    click.echo("", err=True)
    click.echo(f"{copied.rows:,} rows are the same in both; {copied.new:,} were written now.")
