"""`llmtrack what-if`: what a period would have cost on another model."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import click

from llmtrack.commands import database_option, open_given
from llmtrack.commands.estimate import dollars


@click.command()
@click.argument("model", metavar="PROVIDER/MODEL")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="The first day.  [default: 30 days ago]")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="The day after the last.  [default: now]")
@click.option("--instead-of", metavar="MODEL", help="Only the calls that were served by this model.")
@click.option("--user", help="Only this user's calls.")
@click.option("--tier", help="The service tier.  [default: standard]")
@click.option("--no-caching", is_flag=True, help="As if nothing were read from a cache.")
@database_option
def command(
    model: str, since: datetime | None, until: datetime | None, instead_of: str | None, user: str | None,
    tier: str | None, no_caching: bool, database_url: str | None,
) -> None:  # fmt: skip
    """Say what the same tokens would have cost on PROVIDER/MODEL, and what that assumes.

    \b
    llmtrack what-if anthropic/claude-opus-4-5 --since 2026-11-01 --instead-of gpt-4o-2024-08-06
    """
    from llmtrack.ledger.query import cost_elsewhere
    from llmtrack.settings import get_settings

    provider, slash, name = model.partition("/")
    if not slash or not provider or not name:
        raise click.BadParameter(f"{model!r} must be PROVIDER/MODEL, such as openai/gpt-4o.")
    where = {key: value for key, value in (("model", instead_of), ("user", user)) if value is not None}
    comparison = cost_elsewhere(
        open_given(database_url),
        name,
        provider,
        since=since or datetime.now(UTC) - timedelta(days=30),
        until=until,
        timezone=get_settings().timezone,
        where=where,
        tier=tier,
        caching=not no_caching,
    )
    if not comparison.calls:
        raise click.ClickException("No calls were counted in that time; choose a longer one with --since.")
    if comparison.answer.cost is None:
        raise click.ClickException(f"{model} cannot be asked about: {comparison.answer.reason}.")
    cost = "unknown" if comparison.cost is None else dollars(comparison.cost)
    missing = f", {comparison.unpriced:,} of {comparison.calls:,} calls unpriced" if comparison.unpriced else ""
    click.echo(f"as it was      {cost}{missing}")
    click.echo(f"on {model}  {dollars(comparison.answer.cost)}")
    click.echo("Assuming " + "; ".join(comparison.answer.assumptions) + ".")
    if comparison.uncounted:
        calls = "1 call is" if comparison.uncounted == 1 else f"{comparison.uncounted:,} calls are"
        click.echo(f"{calls} left out, because nobody reported what was used.")
