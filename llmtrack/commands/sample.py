"""`llmtrack sample`: a database of made-up days, to see the pages full."""

from __future__ import annotations

from datetime import UTC, datetime, time
from pathlib import Path

import click

FIRST_YEAR, LAST_YEAR = 2021, 2090
"""Ninety days before the end, a call's id must still be able to hold its time (`llmtrack.ids`)."""


@click.command()
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="The last day, whole.  [default: now]")
@click.option("--seed", default=1, show_default=True, help="Another number, other days.")
@click.option("--replace", is_flag=True, help="Make it anew where there is one already.")
def command(until: datetime | None, seed: int, replace: bool) -> None:
    """Fill the sample database with ninety plausible days.

    It is a database of its own (LLMTRACK_SAMPLE_DATABASE_URL); the real one is not touched.
    """
    from llmtrack.ledger import open_ledger
    from llmtrack.ledger.metrics import ask
    from llmtrack.sample import make_sample
    from llmtrack.settings import get_settings

    if until is not None and not FIRST_YEAR <= until.year <= LAST_YEAR:
        raise click.BadParameter(
            f"{until:%Y-%m-%d} is outside the years a ledger can hold: choose a day from {FIRST_YEAR} to {LAST_YEAR}.",
            param_hint="--until",
        )
    settings = get_settings()
    url = settings.sample_database_url
    if url == settings.database_url:
        raise click.ClickException(
            "LLMTRACK_SAMPLE_DATABASE_URL and LLMTRACK_DATABASE_URL are the same database; "
            "sample data never goes into the real one. Name another."
        )
    _make_room(url, replace)
    end = datetime.combine(until, time.max, UTC) if until else None
    ledger = open_ledger(url)
    if ask(ledger, "generations").totals["generations"]:
        raise click.ClickException(f"{ledger.name} is not empty; give the sample a database of its own.")
    with click.progressbar(length=100, label="Making up ninety days", show_eta=False) as bar:
        made = make_sample(ledger, end, seed, progress=lambda share: bar.update(round(share * 100) - bar.pos))
    click.echo(f"{made.generations:,} generations from {made.since:%d %B %Y} to {made.until:%d %B %Y}.")
    click.echo("To look at them: LLMTRACK_SAMPLE=1 streamlit run app.py")


def _make_room(url: str, replace: bool) -> None:
    """Refuse to write into a sample that exists, or delete it with ``--replace``."""
    path = Path(url.removeprefix("sqlite:///"))
    if not url.startswith("sqlite:///") or not path.exists():
        return
    if not replace:
        raise click.ClickException(f"{path} holds sample data already; add --replace to make it anew.")
    for part in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
        part.unlink(missing_ok=True)
