"""What calls under way hold, process by process, and releasing what a process holds that is gone."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from llmtrack.billing.limits import is_dead, release_holder
from llmtrack.ledger.limits import Holder, HoldsLost, Limit, OpenCall
from llmtrack.ledger.people import record
from llmtrack.settings import get_settings
from pages.components import card, formatting, outcome, queries, tables
from pages.components.limits import dialogs, uses
from pages.components.tables import Column
from pages.components.viewer import require_admin

FRESH_SECONDS = 1_200
"""A process that lives says so every ten minutes; one that was seen so lately may do."""


def read() -> tuple[list[Holder], list[OpenCall]] | None:
    """The processes that hold something, and their calls; None where that cannot be read now."""
    ledger = queries.ledger()
    try:
        holders, calls = ledger.holds.holders(), ledger.holds.open_calls()
    except HoldsLost:
        return None
    holding = {call.holder for call in calls}
    return [holder for holder in holders if holder.id in holding], calls


def draw(held: tuple[list[Holder], list[OpenCall]] | None, limits: Sequence[Limit]) -> None:
    """The card: who holds how much, and a button for each process that was not seen for a while."""
    gone = [holder for holder in held[0] if is_gone(holder)] if held else []
    remark = f"{formatting.counted(len(gone), 'process', 'processes')} not seen lately" if gone else ""
    with card.card("Held now", remark, stretch=True):
        if held is None:
            card.note("What calls hold cannot be read now: the file of the holds, or the database, does not answer.")
            return
        holders, calls = held
        if not calls:
            st.html('<p class="ll ll-muted">No call is under way that a limit applies to.</p>')
            return
        rows = [_row(holder, [call for call in calls if call.holder == holder.id], limits) for holder in holders]
        columns = [
            Column("who", "Held by", "named", pinned=True),
            Column("seen", "Seen", tone=lambda row: "warn" if row["late"] else "muted", wide_only=True),
            Column("calls", "Calls", "count"),
            Column("held", "Held", "written"),
        ]
        total = {"who": "All holds", "calls": len(calls), "held": _sums(calls, limits)}
        table = tables.html_table(rows, columns, alt_text="What processes hold", total=total if len(rows) > 1 else None)
        st.html(table)
        if gone:
            with st.container(horizontal=True):
                for holder in gone:
                    name = formatting.plain(f"{holder.host}, process {holder.pid}")
                    st.button(
                        f"Release {name}",
                        key=f"release_{holder.id}",
                        icon=":material/lock_open:",
                        on_click=dialogs.want,
                        args=("release", holder.id),
                    )
        hours = format(get_settings().hold_hours, "g")
        st.html(
            '<p class="ll ll-foot">What a machine holds that is gone counts for '
            f"{hours} hours, then it is booked at the amounts held; releasing does so at once.</p>"
        )


def is_gone(holder: Holder) -> bool:
    """Whether a process is gone, or was not seen for so long that an admin may know."""
    return _age(holder) > FRESH_SECONDS or is_dead(holder)


def _age(holder: Holder) -> int:
    return max(0, time.time_ns() // 1000 - holder.seen_at) // 1_000_000


def _row(holder: Holder, calls: Sequence[OpenCall], limits: Sequence[Limit]) -> Mapping[str, Any]:
    seconds = _age(holder)
    seen = f"{formatting.seconds(float(seconds))} ago" if seconds >= 60 else f"{seconds} s ago"
    return {
        "who": (f"{holder.host}, process {holder.pid}", "", f"seen {seen}"),
        "seen": seen,
        "late": is_gone(holder),
        "calls": len(calls),
        "held": _sums(calls, limits),
    }


def _sums(calls: Sequence[OpenCall], limits: Sequence[Limit]) -> str:
    """What calls hold, by unit. A call holds of several limits at once, so of each unit its largest part counts."""
    units = {limit.id: limit for limit in limits}
    sums: dict[str, int] = {}
    for call in calls:
        largest: dict[str, int] = {}
        for entry in call.entries:
            if limit := units.get(entry.limit_id):
                largest[limit.unit] = max(largest.get(limit.unit, 0), entry.amount)
        for unit, amount in largest.items():
            sums[unit] = sums.get(unit, 0) + amount
    by_unit = {limit.unit: limit for limit in limits}
    words = [
        uses.amount(by_unit[unit], sums[unit]) + ("" if unit == "cost" else f" {unit}")
        for unit in uses.UNITS
        if unit in sums
    ]
    return ", ".join(words) or "nothing"


@st.dialog("Release what a process holds", on_dismiss=dialogs.close)
def confirm(id: int) -> None:
    """Asks before it is booked: a call that still runs would then count twice until it is."""
    require_admin()
    if outcome.is_waiting():  # it was pressed: away with the dialog
        dialogs.done()
    holder = next((holder for holder in queries.ledger().holds.holders() if holder.id == id), None)
    if holder is None:
        st.markdown("It holds nothing any more.")
        return
    st.markdown(
        f"**{formatting.plain(holder.host)}, process {holder.pid}**, last seen {uses.moment(holder.seen_at)}. "
        "Its calls are booked as abandoned, at the amounts they hold. Should one of them be recorded later all the "
        "same, its own record takes the place of that."
    )
    if not is_dead(holder):
        card.note(
            "It cannot be seen from here that this process is gone. Release only what you know has ended.", "warn"
        )
    with st.container(horizontal=True):
        st.button("Release", type="primary", on_click=release, args=(holder,))
        if st.button("Keep"):
            dialogs.done()


def release(holder: Holder) -> None:
    """Books what a process holds, with an entry in the audit log."""
    ledger = queries.ledger()

    def work(by: str) -> int:
        count = release_holder(ledger, holder)
        detail = {"host": holder.host, "pid": holder.pid, "calls": count}
        record(ledger, by, "limit release", f"{holder.id:016x}", detail)
        return count

    outcome.change(work, lambda count: f"{formatting.counted(count, 'call')} booked at what they held.")  # type: ignore[arg-type]
