"""`llmtrack flush`: move records from the journals of processes that ended into the ledger."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option("--timeout", default=60.0, show_default=True, help="Seconds to try for.")
@click.option(
    "--take",
    "files",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    metavar="FILE",
    help="Also move this journal into the ledger, whichever it belongs to. May be given several times.",
)
def command(timeout: float, files: tuple[Path, ...]) -> None:
    """Move records that wait in this ledger's journals into it.

    The app and every program that records calls do this by themselves; after a crash, this does it at once.
    Journals of programs that still run, and those of other ledgers, are left to them.
    """
    from llmtrack.capture.journal import survey
    from llmtrack.capture.tracker import Tracker
    from llmtrack.ledger import open_ledger

    tracker = Tracker()
    ledger = open_ledger(tracker.database_url)  # Says in one sentence what is wrong, which the writer would only log.
    tracker.writer.look_around(files)
    done = tracker.flush(timeout)
    tracker.close(0)
    click.echo(f"{done.written:,} records moved into the ledger.")
    if done.failed:
        click.echo(f"{done.failed:,} could not be written; they are kept in {done.where}.", err=True)
    for path in files:
        if path.exists():
            reason = "a program that still runs writes to it, or this version cannot read it"
            click.echo(f"{path} was left alone: {reason}.", err=True)
    left = survey(tracker.journal_dir(), ledger.owner, ledger.earlier).waiting
    if left:
        click.echo(f"{len(left)} journal files belong to programs that still run, in {tracker.journal_dir()}.")
