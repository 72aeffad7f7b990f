"""`llmtrack limits`: what may be used, what has been used of it, and what calls under way hold."""

from __future__ import annotations

import time
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

import click

from llmtrack.commands import database_option, open_given

if TYPE_CHECKING:
    from llmtrack.ledger.limits import Limit

BY = "command line"


@click.group()
def command() -> None:
    """Limit what users, teams, features or models may use, in dollars, tokens or messages."""


@command.command(name="list")
@database_option
def list_limits(database_url: str | None) -> None:
    """Show the limits with what is used, held and left of each."""
    from llmtrack.billing.limits import amount_in_words, limit_in_words, whom_in_words
    from llmtrack.ledger.limit_book import limit_use, policy_of
    from llmtrack.settings import get_settings

    ledger = open_given(database_url)
    policy, uses, zone = policy_of(ledger), limit_use(ledger), get_settings().timezone
    for limit in policy.limits:
        click.echo(f"{limit.id:4}  {limit_in_words(limit)}; {_terms(limit)}")
        if limit.timezone != zone:
            click.echo(f"      counted in {limit.timezone}, not in {zone}: set it again to change that")
        for use in uses:
            if use.limit.id == limit.id:
                spent, held, room = (amount_in_words(limit, part) for part in (use.spent, use.held, use.room))
                whom = whom_in_words(limit, use.subject)
                click.echo(f"      {whom}: {spent} used, {held} held, {room} left{_raised(limit, use.cap)}")
    if not policy.limits:
        click.echo("There are no limits. To set one: llmtrack limits set 20 --user '*' --per month")


@command.command(name="set")
@click.argument("amount")
@click.option("--user", metavar="NAME", help="One user; * stands for each, as in the next four.")
@click.option("--team", metavar="NAME", help="One team.")
@click.option("--feature", metavar="NAME", help="One feature.")
@click.option("--model", metavar="NAME", help="A name also stands for its dated snapshots.")
@click.option("--token", metavar="PREFIX", help="Calls made with one of our tokens.")
@click.option(
    "--per", "period", default="month", show_default=True, help="minute, hour, day, week, month, cycle or total."
)
@click.option("--warn-only", is_flag=True, help="Refuse nothing; show what is used.")
@click.option(
    "--warn-at",
    default="50,80,100",
    show_default=True,
    help="Percentages at which it warns, parted by commas; or none.",
)
@click.option("--worst-case", is_flag=True, help="Hold the most that a call can come to: the limit cannot be overrun.")
@click.option(
    "--unpriced",
    default="refuse",
    show_default=True,
    help="Calls of models without a price: refuse, allow, or count them at so many dollars for a million tokens.",
)
@click.option("--unbounded", default="refuse", show_default=True, help="Calls without a worst case: refuse or allow.")
@click.option("--unavailable", default="refuse", show_default=True, help="While it cannot be checked: refuse or allow.")
@database_option
def set_one(
    amount: str, user: str | None, team: str | None, feature: str | None, model: str | None,
    token: str | None, period: str, warn_only: bool, warn_at: str, worst_case: bool, unpriced: str, unbounded: str,
    unavailable: str, database_url: str | None,
) -> None:  # fmt: skip
    """Set a limit, or change the one there is for the same and the same time.

    \b
    llmtrack limits set '$20' --user '*' --per month
    llmtrack limits set none --user alice --per month
    llmtrack limits set '50000 tokens' --team blue --per minute
    llmtrack limits set '100 messages' --per day --worst-case

    AMOUNT is dollars, tokens or messages; 0 blocks, none excepts somebody from a limit for each ('none tokens' from
    one on tokens). Without --user and its like it is for everyone together.
    """
    from llmtrack.billing.limits import limit_in_words
    from llmtrack.ledger.limit_book import set_limit
    from llmtrack.ledger.limits import Limit
    from llmtrack.settings import get_settings

    named = {"user": user, "team": team, "feature": feature, "model": model, "token": token}
    given = [(scope, name) for scope, name in named.items() if name is not None]
    if len(given) > 1:
        raise click.UsageError("Give one of --user, --team, --feature, --model and --token.")
    scope, target = given[0] if given else ("all", None)
    unit, number = _amount(amount)
    settings = get_settings()
    rate = None if unpriced in ("refuse", "allow") else _nano(unpriced)
    limit = set_limit(
        open_given(database_url),
        Limit(
            id=0, scope=scope, target=target, unit=unit, period=period, amount=number, hard=not warn_only,
            mode="worst_case" if worst_case else "expected",
            unpriced=unpriced if rate is None else "rate", rate=rate, unbounded=unbounded, unavailable=unavailable,
            thresholds=_percentages(warn_at), timezone=settings.timezone, anchor_day=settings.billing_anchor_day,
        ),
        by=BY,
    )  # fmt: skip
    click.echo(f"Limit {limit.id}: {limit_in_words(limit)}; {_terms(limit)}.")


@command.command(name="raise")
@click.argument("limit", type=int)
@click.argument("amount")
@click.option("--until", required=True, help="When it is over: 2026-12-24, or 2026-12-24T18:00.")
@click.option("--for", "subject", default="*", help="One user (team, …) of a limit for each.  [default: all of them]")
@database_option
def raise_one(limit: int, amount: str, until: str, subject: str, database_url: str | None) -> None:
    """Let more be used for a while; the limit stays as it is."""
    from llmtrack.ledger.limit_book import raise_limit
    from llmtrack.ledger.periods import instant
    from llmtrack.settings import get_settings

    _, number = _amount(amount)
    if number is None:
        raise click.BadParameter("A raise needs an amount; none is no limit: llmtrack limits set none.")
    try:
        end = instant(datetime.fromisoformat(until), get_settings().timezone)
    except ValueError:
        raise click.BadParameter(f"{until!r} is no date; write --until 2026-12-24.") from None
    raise_limit(open_given(database_url), limit, number, end, subject=subject, by=BY)
    whom = "everybody" if subject == "*" else subject
    click.echo(f"Limit {limit} is raised to {amount} for {whom} until {until}.")


@command.command(name="reset")
@click.argument("limit", type=int)
@click.option("--for", "subject", default="*", help="One user (team, …) of a limit for each.  [default: all of them]")
@database_option
def reset_one(limit: int, subject: str, database_url: str | None) -> None:
    """Let only what is used from now on count; the limit stays as it is."""
    from llmtrack.ledger.limit_book import reset_limit

    reset_limit(open_given(database_url), limit, subject=subject, by=BY)
    click.echo(f"Limit {limit} counts from now on for {'everybody' if subject == '*' else subject}.")


@command.command(name="remove")
@click.argument("limit", type=int)
@database_option
def remove_one(limit: int, database_url: str | None) -> None:
    """Remove a limit."""
    from llmtrack.ledger.limit_book import remove_limit

    remove_limit(open_given(database_url), limit, by=BY)
    click.echo(f"Limit {limit} is removed.")


@command.command()
@database_option
def holds(database_url: str | None) -> None:
    """Show what calls under way hold, process by process."""
    from llmtrack.billing.limits import amount_in_words, is_dead
    from llmtrack.ledger.limit_book import policy_of

    ledger = open_given(database_url)
    limits = {limit.id: limit for limit in policy_of(ledger).limits}
    holders = ledger.holds.holders()
    calls = ledger.holds.open_calls()
    for holder in holders:
        own = [call for call in calls if call.holder == holder.id]
        state = ", which is gone" if is_dead(holder) else ""
        click.echo(f"{holder.id:016x}  process {holder.pid} on {holder.host}{state}: {len(own)} calls")
        for call in own:
            parts = [
                f"limit {entry.limit_id}: {amount_in_words(limits[entry.limit_id], entry.amount)}"
                for entry in call.entries
                if entry.limit_id in limits
            ]
            seconds = (time.time_ns() // 1000 - call.started_at) // 1_000_000
            click.echo(f"    since {seconds:,} s: {'; '.join(parts)}")
    if not holders:
        click.echo("Nothing is held.")


@command.command()
@click.argument("process")
@click.option("--yes", is_flag=True, help="Do it without asking.")
@database_option
def release(process: str, yes: bool, database_url: str | None) -> None:
    """Book what a PROCESS holds that is gone for good, at the amounts held; `llmtrack limits holds` lists them."""
    from llmtrack.billing.limits import is_dead, release_holder
    from llmtrack.ledger.people import record

    ledger = open_given(database_url)
    holder = next((holder for holder in ledger.holds.holders() if f"{holder.id:016x}" == process.lower()), None)
    if holder is None:
        raise click.ClickException(f"No process {process} holds anything; `llmtrack limits holds` lists those that do.")
    if not is_dead(holder) and not yes:
        question = f"It cannot be seen from here that process {holder.pid} on {holder.host} is gone. Go on?"
        click.confirm(question, abort=True)
    count = release_holder(ledger, holder)
    record(ledger, BY, "limit release", process.lower(), {"host": holder.host, "pid": holder.pid, "calls": count})
    click.echo(f"{count} calls are booked at what they held.")


def _terms(limit: Limit) -> str:
    markup = f", with {format(limit.markup_percent.normalize(), 'f')} % of markup" if limit.markup_percent else ""
    if not limit.hard:
        return f"refuses nothing{markup}"
    worst = limit.mode == "worst_case"
    return ("cannot be overrun (worst case)" if worst else "by what calls are expected to use") + markup


def _percentages(text: str) -> tuple[int, ...]:
    """The percentages of ``50,80,100``; none of ``none``."""
    if text.strip().lower() == "none":
        return ()
    parts = [part.strip().removesuffix("%").strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdigit() and 1 <= int(part) <= 100 for part in parts):
        raise click.BadParameter(f"{text!r} is no list of percentages from 1 to 100; write 50,80,100 or none.")
    return tuple(sorted({int(part) for part in parts}))


def _raised(limit: Limit, cap: int) -> str:
    from llmtrack.billing.limits import amount_in_words

    return "" if cap == limit.amount else f" of {amount_in_words(limit, cap)} for a while"


def _amount(text: str) -> tuple[str, int | None]:
    """The unit, and the amount in it: nano-dollars, tokens or messages."""
    words = text.replace(",", "").split()
    unit = "cost"
    if len(words) == 2 and words[1].rstrip("s") in ("token", "message"):
        unit = words[1].rstrip("s") + "s"
    elif len(words) != 1:
        raise click.BadParameter(f"{text!r} is no amount; write '$20', '50000 tokens', '100 messages' or none.")
    if words[0].lower() == "none":
        return unit, None
    if unit == "cost":
        return unit, _nano(words[0])
    if not words[0].isdigit():
        raise click.BadParameter(f"{words[0]!r} is no number of {unit}.")
    return unit, int(words[0])


def _nano(text: str) -> int:
    try:
        dollars = Decimal(text.removeprefix("$"))
        nano = dollars * 10**9
    except InvalidOperation:
        raise click.BadParameter(f"{text!r} is no number of dollars; write 20 or 2.50.") from None
    if not dollars.is_finite() or dollars < 0 or nano != int(nano):
        raise click.BadParameter(f"{text!r} is no number of dollars that can be kept; write 20 or 2.50.")
    return int(nano)
