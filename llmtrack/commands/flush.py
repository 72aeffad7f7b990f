"""`llmtrack flush`: take in what processes that died left in their journals."""

from __future__ import annotations

import click


@click.command()
@click.option("--timeout", default=60.0, show_default=True, help="Seconds to try for.")
def command(timeout: float) -> None:
    """Move records that wait in journals into the ledger.

    The app and every program that records calls do this by themselves; after a crash, this does it at once.
    Journals of programs that still run are left to them.
    """
    from llmtrack.capture.tracker import default_tracker
    from llmtrack.ledger import open_ledger

    tracker = default_tracker()
    open_ledger(tracker.database_url)  # Says in one sentence what is wrong with it, which the writer would only log.
    done = tracker.flush(timeout)
    click.echo(f"{done.written:,} records moved into the ledger.")
    if done.failed:
        click.echo(f"{done.failed:,} could not be written; they are kept in {done.where}.", err=True)
    left = sorted(tracker.journal_dir().glob("*.journal"))
    if left:
        click.echo(f"{len(left)} journal files belong to programs that still run, in {tracker.journal_dir()}.")
