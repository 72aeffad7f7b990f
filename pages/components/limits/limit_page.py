"""One limit: its terms, who used how much of it, raises and resets in force, and its history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from llmtrack.billing.limits import limit_in_words
from llmtrack.ledger import people
from llmtrack.ledger.limit_book import LimitUse
from llmtrack.ledger.limits import EACH, Limit
from llmtrack.ledger.people import AuditEntry, AuditFilter
from pages.components import card, empty_states, formatting, links, outcome, queries, tables, tiles
from pages.components.limits import dialogs, limit_changes, limit_form, uses
from pages.components.limits.uses import LimitLine
from pages.components.links import here
from pages.components.tables import Column
from pages.components.tables.cells import pill, text_of
from pages.components.viewer import require_admin

MOST_ENTRIES = 50
_CHANGES = {"limit set": "set", "limit remove": "removed", "limit raise": "raised", "limit raise end": "raise ended",
            "limit reset": "reset", "limit reset undo": "reset undone"}  # fmt: skip
_EITHER = {"refuse": "refused", "allow": "let out", "rate": "counted at a stated price"}


def draw(line: LimitLine | None, number: str) -> None:
    """The page of one limit; `number` is what the address says."""
    require_admin()
    back = f'<a data-in class="ll-k" href="{here(limit=None, page=None)}">Limits</a>'
    if line is None:
        with card.head("Limit"):
            pass
        card.sub(f"{back} / {text_of(number)}")
        outcome.show()
        empty_states.empty("There is no such limit", "It was removed, or never there. The audit log has its history.")
        return
    limit, subjects = line.limit, [use.subject for use in line.uses]
    with card.head(uses.name_of(limit)):
        st.space("stretch")
        for name, label, icon, off in (
            ("raise", "Raise…", "trending_up", not limit.amount),
            ("reset", "Reset…", "restart_alt", limit.amount is None),
            ("remove", "Remove…", "delete", False),
            ("change", "Change", "edit", False),
        ):
            st.button(
                label, icon=f":material/{icon}:", key=name, disabled=off, on_click=dialogs.want, args=(name,),
                type="primary" if name == "change" else "secondary",
            )  # fmt: skip
    card.sub(f"{back} / {text_of(limit_in_words(limit))}. {pill(uses.kind_of(limit))}", _thing(limit))
    outcome.show()
    if limit.amount is not None:
        _draw_tiles(line)
    if limit.target == EACH:
        _draw_subjects(line)
    left, right = st.columns(2, gap="medium")
    with left:
        _draw_terms(limit)
    with right:
        _draw_adjustments(line)
    _draw_history(limit)
    _open_dialog(limit, subjects)


def _open_dialog(limit: Limit, subjects: Sequence[str]) -> None:
    name = dialogs.wanted()[0]
    if name == "raise":
        limit_changes.ask_to_raise(limit, subjects)
    elif name == "reset":
        limit_changes.ask_to_reset(limit, subjects)
    elif name == "remove":
        limit_changes.ask_to_remove(limit)
    elif name == "change":
        limit_form.ask(limit)


def _thing(limit: Limit) -> str:
    """A link to the user, team, feature or model that it is for."""
    href = uses.thing_behind(limit)
    return links.anchor(f"What {limit.target} did.", href) if href else ""


def _draw_tiles(line: LimitLine) -> None:
    limit, use = line.limit, line.most
    if use is None:
        card.note(
            text_of(f"Nobody used anything of it {'yet' if limit.period == 'total' else f'this {limit.period}'}.")
        )
        return
    whose = (
        f"most: {use.subject}" if limit.target == EACH else f"{formatting.percent(use.spent, use.cap or None)} of it"
    )
    tiles.draw(
        [
            tiles.Tile("Spent", uses.amount(limit, use.spent), remark=whose, href=uses.calls_behind(use)),
            tiles.Tile("Held now", uses.amount(limit, use.held), remark="by calls under way",
                       href=here(limit=None, page=None)),
            tiles.Tile("Left", uses.amount(limit, use.room), remark=f"of {uses.amount(limit, use.cap)}"),
            tiles.Tile("Resets", uses.resets(use, line.now), remark=limit.timezone),
        ]
    )  # fmt: skip


def _draw_subjects(line: LimitLine) -> None:
    """Who used how much of a limit for each, fifty to a page."""
    limit = line.limit
    page = max(1, int(value) if (value := st.query_params.get("page", "1")).isdigit() else 1)
    first = (page - 1) * tables.SIZE
    shown = line.uses[first : first + tables.SIZE]
    if not shown:
        return
    columns = [
        Column("name", limit.scope.capitalize(), "named", pinned=True, href=lambda row: row["calls"]),
        Column("used", "", "meter"),
        Column("spent", "Spent", "written"),
        Column("held", "Held", "written", wide_only=True),
        Column("cap", "Limit", "written"),
        Column("left", "Left", "written", wide_only=True),
    ]
    last = first + len(shown)
    pages = tables.Pages(
        first + 1, len(line.uses), here(page=page - 1) if page > 1 else None,
        here(page=page + 1) if last < len(line.uses) else None,
    )  # fmt: skip
    with card.card(f"Each {limit.scope}", formatting.counted(len(line.uses), limit.scope)):
        rows = [_subject(use) for use in shown]
        html = tables.html_table(rows, columns, alt_text=f"Use of limit {limit.id}", pages=pages)
        st.html(html)


def _subject(use: LimitUse) -> Mapping[str, Any]:
    limit = use.limit
    change = limit.adjustments.get(use.subject)
    raised = "raised" if change and change.raised_to and use.cap != limit.amount else ""
    return {
        "name": (use.subject or "not given", raised, ""),
        "used": uses.meter_of(use),
        "spent": uses.amount(limit, use.spent),
        "held": uses.amount(limit, use.held) if use.held else "\N{EN DASH}",
        "cap": uses.amount(limit, use.cap),
        "left": uses.amount(limit, use.room),
        "calls": uses.calls_behind(use),
    }


def _draw_terms(limit: Limit) -> None:
    with card.card("Terms", stretch=True):
        facts = [("Period", uses.of_what(limit)), ("Counted in", limit.timezone)]
        if limit.period == "cycle":
            facts.append(("Begins on", f"day {limit.anchor_day} of the month"))
        percents = ", ".join(f"{percent}{formatting.NARROW}%" for percent in limit.thresholds)
        facts.append(("Warns at", percents or "nothing"))
        if limit.hard and limit.amount:
            holds = {"expected": "what a call will probably use", "worst_case": "the most a call can come to"}
            facts.append(("Holds", holds[limit.mode]))
            if limit.unit == "cost":
                price = (
                    f" (${limit.rate / 10**9:g} a million tokens)" if limit.unpriced == "rate" and limit.rate else ""
                )
                facts.append(("Models without a price", _EITHER[limit.unpriced] + price))
            if limit.mode == "worst_case":
                facts.append(("Calls without a worst case", _EITHER[limit.unbounded]))
            facts.append(("While it cannot be checked", _EITHER[limit.unavailable]))
        lines = "".join(f"<div><dt>{text_of(name)}</dt><dd>{text_of(value)}</dd></div>" for name, value in facts)
        st.html(f'<dl class="ll ll-facts">{lines}</dl>')


def _draw_adjustments(line: LimitLine) -> None:
    """Raises and resets in force, each with its end."""
    limit = line.limit
    since = min((use.since for use in line.uses), default=0)
    with card.card("Raises and resets", "in force", stretch=True):
        drawn = 0
        for subject, change in sorted(limit.adjustments.items()):
            whom = formatting.plain(limit_changes.for_whom(limit, subject))
            if (change.raised_until or 0) > line.now:
                drawn += 1
                with st.container(horizontal=True, vertical_alignment="center"):
                    to = formatting.plain(uses.amount(limit, change.raised_to or 0))
                    st.markdown(f"Raised to {to}{whom} until {uses.moment(change.raised_until or 0)}")
                    st.button("End it", key=f"end_{subject}", on_click=limit_changes.end_one_raise,
                              args=(limit.id, subject))  # fmt: skip
            if change.reset_at and change.reset_at >= since:
                drawn += 1
                with st.container(horizontal=True, vertical_alignment="center"):
                    st.markdown(f"Counts since {uses.moment(change.reset_at)}{whom}")
                    st.button("Undo", key=f"undo_{subject}", on_click=limit_changes.undo_one_reset,
                              args=(limit.id, change.reset_at, subject))  # fmt: skip
        if not drawn:
            st.html('<p class="ll ll-muted">None: the limit holds as it stands, from the beginning of its period.</p>')


def _draw_history(limit: Limit) -> None:
    entries = [
        entry
        for entry in people.audit_log(queries.ledger(), AuditFilter(who=str(limit.id)), limit=4 * MOST_ENTRIES)
        if entry.action in _CHANGES
    ][:MOST_ENTRIES]
    if not entries:
        return
    columns = [
        Column("at", "When", "text", pinned=True),
        Column("what", "What", "named"),
        Column("by", "By", wide_only=True),
    ]
    with card.card("Changes", more=("Audit log", links.address("audit-log", who=str(limit.id)))):
        rows = [
            {"at": uses.moment(entry.at), "what": (_change(limit, entry), "", f"by {entry.actor}"), "by": entry.actor}
            for entry in entries
        ]
        tables.table(rows, columns, alt_text=f"Changes of limit {limit.id}")


def _change(limit: Limit, entry: AuditEntry) -> str:
    """A change in words: ``set to $20.00, hard, expected``, ``raised to $30.00 for alice until 5 Dec, 00:00``."""
    detail, word = entry.detail, _CHANGES[entry.action]
    after = detail.get("after")
    if isinstance(after, dict):
        amount = after.get("amount")
        shown = "no limit" if amount is None else uses.amount(limit, amount)
        mode = (
            ("worst case" if after.get("mode") == "worst_case" else "expected") if after.get("hard") else "warns only"
        )
        before = detail.get("before")
        earlier = before.get("amount") if isinstance(before, dict) else None
        was = f", before {uses.amount(limit, earlier)}" if earlier is not None else ""
        return f"{word} to {shown}, {mode}{was}"
    whom = limit_changes.for_whom(limit, str(detail.get("subject_of", EACH)))
    if entry.action == "limit raise":
        return f"{word} to {uses.amount(limit, int(detail['to']))}{whom} until {uses.moment(int(detail['until']))}"
    return f"{word}{whom}"


def find(lines: Sequence[LimitLine], number: str) -> LimitLine | None:
    """The limit that the address names."""
    return next((line for line in lines if str(line.limit.id) == number), None)
