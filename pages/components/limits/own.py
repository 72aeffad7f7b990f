"""The limits that one's calls count against: the warning when one comes near, what is left before sending, and the card
of the usage page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from llmtrack.billing.limits import amount_in_words, span_in_words, whom_in_words
from llmtrack.billing.warnings import rounded_in_words
from llmtrack.ledger.limit_book import LimitUse, limit_use
from llmtrack.ledger.limits import Caller
from llmtrack.ledger.periods import from_micros
from pages.components import card, formatting, tables
from pages.components.limits import uses
from pages.components.tables import Column
from pages.components.tables.cells import text_of
from pages.components.viewer import require_numbers

if TYPE_CHECKING:
    from llmtrack.ledger import Ledger
    from llmtrack.serving.identity import Viewer

CHAT_FROM = 80
"""Per cent from which on the chat warns, too: below it says only what is left. The same from a limit of others."""


def read(ledger: Ledger, me: Viewer, *, feature: str | None = None, model: str | None = None) -> list[LimitUse]:
    """What of the limits on a person, their team and everyone is used in their present periods, the fullest first.

    With the `feature` and the `model` that they are about to use, those on these, too.
    """
    require_numbers({"user": list(me.ids)})
    own: dict[tuple[int, str], LimitUse] = {}
    for user in me.ids:
        for use in limit_use(ledger, caller=Caller(user, me.team, feature, model)):
            own.setdefault((use.limit.id, use.subject), use)
    return sorted(own.values(), key=uses.share_of, reverse=True)


def is_own(use: LimitUse) -> bool:
    """Whether a limit is the person's alone."""
    return use.limit.scope == "user"


def _who(use: LimitUse) -> str:
    """At the beginning of a sentence: ``You``, ``Team blue``, ``Everyone together``."""
    whom = whom_in_words(use.limit, use.subject)
    return "You" if is_own(use) else f"{whom[0].upper()}{whom[1:]}"


def _whose(use: LimitUse) -> str:
    """``your``, ``team blue's``, ``everyone's``."""
    if is_own(use):
        return "your"
    return "everyone's" if use.limit.scope == "all" else f"{whom_in_words(use.limit, use.subject)}'s"


def reached(use: LimitUse) -> int | None:
    """The highest percentage reached of those at which a limit warns; None below the first."""
    shares = [share for share in use.limit.thresholds if use.cap and use.spent * 100 >= share * use.cap]
    return max(shares) if shares else None


def in_words(use: LimitUse, now: int) -> str:
    """``You have used $8.10 of your $10.00 per month, $1.90 is left. It begins anew on 1 Dec.``"""
    limit = use.limit
    if not use.cap:
        what = limit.unit if limit.unit != "cost" else "model that costs something"
        return f"{_who(use)} may not use any {what}."
    resets = "" if use.resets_at is None else f" It begins anew {_when(use, now)}."
    left = rounded_in_words(limit, use.room)
    then = "" if limit.hard else " Nothing is refused by it."
    verb, of = ("have used", "of your") if is_own(use) else ("used", "of")
    return (
        f"{_who(use)} {verb} {rounded_in_words(limit, use.spent)} {of} {amount_in_words(limit, use.cap)} "
        f"{span_in_words(limit)}, {left} left.{resets}{then}"
    )


def _when(use: LimitUse, now: int) -> str:
    shown = uses.resets(use, now)
    return shown if shown.startswith("in ") else f"on {shown}"


def draw_warning(own: Sequence[LimitUse], now: int, *, least: int = 0) -> bool:
    """A note for each limit of which so much is used that it warns, at most two; whether there was any."""
    warned = False
    for use in own[:2]:
        share = reached(use)
        blocked = use.limit.hard and not use.cap
        if blocked or (share is not None and share >= (least if is_own(use) else CHAT_FROM)):
            card.note(text_of(in_words(use, now)), "bad" if blocked or share == 100 else "warn")
            warned = True
    return warned


def room_line(own: Sequence[LimitUse], now: int) -> str:
    """What is left of the fullest limit that refuses, in Markdown: ``$1.12 left of your $3.00 per month``."""
    hard = [use for use in own if use.limit.hard]
    if not hard:
        return ""
    use = hard[0]
    limit = use.limit
    resets = f", resets {_when(use, now)}" if use.resets_at is not None else ""
    left, whole = rounded_in_words(limit, use.room), amount_in_words(limit, use.cap)
    return formatting.plain(f"{left} left of {_whose(use)} {whole} {span_in_words(limit)}{resets}")


def draw_card(own: Sequence[LimitUse], now: int) -> None:
    """The card with all limits that one's calls count against."""
    if not own:
        return
    columns = [
        Column("name", "Limit", "named", pinned=True),
        Column("used", "", "meter"),
        Column("spent", "Used", "written"),
        Column("held", "Held", "written", wide_only=True),
        Column("cap", "Of", "written"),
        Column("left", "Left", "written", wide_only=True),
        Column("resets", "Resets", "written", wide_only=True),
    ]
    rows = [
        {
            "name": (uses.of_what(use.limit), _terms(use), f"{uses.amount(use.limit, use.room)} left, "
                     f"resets {uses.resets(use, now)}"),
            "used": uses.meter_of(use), "spent": uses.amount(use.limit, use.spent),
            "held": uses.amount(use.limit, use.held) if use.held else "\N{EN DASH}",
            "cap": uses.amount(use.limit, use.cap), "left": uses.amount(use.limit, use.room),
            "resets": uses.resets(use, now),
        }
        for use in own
    ]  # fmt: skip
    with card.card("Your limits", "calls under way are counted with what they hold"):
        st.html(tables.html_table(rows, columns, alt_text="Your limits"))


def _terms(use: LimitUse) -> str:
    """Whose it is, whether it refuses, and how long it is raised."""
    limit = use.limit
    whom = "" if is_own(use) else whom_in_words(limit, use.subject)
    terms = ", ".join(filter(None, [whom, "" if limit.hard else "only warns"]))
    change = [limit.adjustments.get(name) for name in (use.subject, "*")]
    until = max((one.raised_until or 0 for one in change if one and one.raised_to == use.cap), default=0)
    if use.cap != limit.amount and until:
        at = from_micros(until, limit.timezone)
        raised = f"raised from {uses.amount(limit, limit.amount or 0)} until {at.day} {at:%b, %H:%M}"
        return ", ".join(filter(None, [terms, raised]))
    return terms
