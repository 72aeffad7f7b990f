"""`llmtrack retention`: remove texts, properties or rows older than so many days."""

from __future__ import annotations

import time

import click

from llmtrack.commands import database_option, open_given
from llmtrack.commands.maintenance.verify import advance


@click.command()
@database_option
@click.option("--text", "text_days", type=int, metavar="DAYS", help="Keep what was said for so many days.")
@click.option("--properties", "property_days", type=int, metavar="DAYS", help="Keep properties for so many days.")
@click.option("--rows", "row_days", type=int, metavar="DAYS", help="Keep single calls for so many days.")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
def command(
    database_url: str | None,
    text_days: int | None,
    property_days: int | None,
    row_days: int | None,
    dry_run: bool,
) -> None:
    """Remove texts, properties or whole rows older than so many days; all totals stay.

    What is not named is kept for ever; without any, the settings count (LLMTRACK_KEEP_TEXT_DAYS,
    LLMTRACK_KEEP_PROPERTY_DAYS, LLMTRACK_KEEP_ROW_DAYS), by which the app does the same once a day. Days that lose
    their rows are sealed: their totals can still be checked, but not made anew. Backups made before upgrades go too
    when they are as old.
    """
    from llmtrack.capture.journal import forget_before
    from llmtrack.capture.tracker import Tracker
    from llmtrack.ledger.maintenance import Keep, expired, retain
    from llmtrack.serving.daily_maintenance import keep_of
    from llmtrack.settings import get_settings

    keep = Keep(text_days, property_days, row_days)
    if keep.for_ever:
        keep = keep_of(get_settings())
    if keep.for_ever:
        raise click.UsageError(
            "Say what to let go of: --text, --properties or --rows, each with a number of days, "
            "or LLMTRACK_KEEP_TEXT_DAYS and its kin."
        )
    ledger = open_given(database_url)
    if dry_run:
        removed = expired(ledger, keep)
    else:
        with click.progressbar(length=1, label="Removing") as bar:
            removed = retain(ledger, keep, progress=lambda done, of: advance(bar, done, of))
        if (before := keep.text_before(time.time_ns() // 1000)) is not None:
            forget_before(Tracker(database_url).journal_dir(), ledger.owner, before)
    for count, what in (
        (removed.texts, "texts"),
        (removed.properties, "calls' properties"),
        (removed.rows, "rows"),
        (removed.days, "days sealed"),
        (removed.backups, "backups"),
    ):
        click.echo(f"{count:>12,} {what}")
    if dry_run:
        click.echo("Nothing was removed: this was a dry run.")
