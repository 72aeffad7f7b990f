"""`llmtrack retention`: let go of what has been kept long enough."""

from __future__ import annotations

import click

from llmtrack.commands import database_option, open_given
from llmtrack.commands.verify import advance


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

    What is not named is kept for ever. Days that lose their rows are sealed: their totals can still be checked, but
    not made anew. Backups made before upgrades go too when they are as old. Run it daily, for example by cron.
    """
    from llmtrack.ledger.retention import Keep, expired, retain

    if text_days is property_days is row_days is None:
        raise click.UsageError("Say what to let go of: --text, --properties or --rows, each with a number of days.")
    keep = Keep(text_days, property_days, row_days)
    ledger = open_given(database_url)
    if dry_run:
        removed = expired(ledger, keep)
    else:
        with click.progressbar(length=1, label="Removing") as bar:
            removed = retain(ledger, keep, progress=lambda done, of: advance(bar, done, of))
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
