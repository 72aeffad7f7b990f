"""Who was warned of what, where warnings go, and what became of each message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from llmtrack.billing.warnings import ATTEMPTS, send_test, warning_in_words
from llmtrack.ledger import people
from llmtrack.ledger.limit_warnings import (
    DeliveryRecord,
    WarningRecord,
    count_warnings,
    deliveries,
    warnings,
)
from llmtrack.settings import Settings, get_settings
from llmtrack.warning_settings import is_mail_address
from pages.components import card, formatting, outcome, queries, tables
from pages.components.limits import uses
from pages.components.links import here
from pages.components.tables import Column
from pages.components.tables.cells import link
from pages.components.viewer import require_admin

LATEST = 4
_STATES = {"sent": "good", "failed": "bad", "pending": "warn", "withdrawn": "muted"}


def draw_latest() -> None:
    """The card with the last few warnings."""
    require_admin()
    ledger = queries.ledger()
    records = warnings(ledger, limit=LATEST)
    with card.card("Warnings sent", more=("All warnings", here(view="warnings", limit=None)), stretch=True):
        if not records:
            st.html('<p class="ll ll-muted">Nobody came near a limit yet.</p>')
            return
        _draw_warnings(records, deliveries(ledger, [record.id for record in records]))


def draw() -> None:
    """The view of warnings: all of them, page by page, where they go, and the latest messages."""
    require_admin()
    ledger, settings = queries.ledger(), get_settings()
    before = st.query_params.get("before", "")
    records = warnings(ledger, limit=tables.SIZE, before=int(before) if before.isdigit() else None)
    sent = deliveries(ledger, [record.id for record in records], tests=10)
    _draw_ways(settings, sent)
    with card.card("Warnings", f"{formatting.count(count_warnings(ledger))} told" if records else ""):
        if records:
            _draw_warnings(records, sent)
            more = here(before=records[-1].id) if len(records) == tables.SIZE else None
            newest = here(before=None) if before else None
            links = "".join(link(text, href, "") for text, href in (("Newest", newest), ("Older", more)) if href)
            st.html(f'<div class="ll ll-pages">{links}</div>' if links else "<span></span>")
        else:
            st.html(
                '<p class="ll ll-muted">Nobody came near a limit yet. A warning is told once for each percentage of a '
                "limit, within seconds of the call that reached it.</p>"
            )
    if sent:
        _draw_messages(records, sent)


def _draw_warnings(records: Sequence[WarningRecord], sent: Sequence[DeliveryRecord]) -> None:
    by_warning: dict[int | None, list[DeliveryRecord]] = {}
    for delivery in sent:
        by_warning.setdefault(delivery.warning, []).append(delivery)
    rows = [
        {
            "when": uses.moment(record.crossed_at), "limit": record.limit_id,
            "what": (_in_short(record), "", ""),
            **_delivered(by_warning.get(record.id, [])),
        }
        for record in records
    ]  # fmt: skip
    columns = [
        Column("when", "When", tone="muted"),
        Column("what", "What", "named", href=lambda row: here(limit=row["limit"], view=None, before=None)),
        Column("delivered", "Delivered", "written", tone=lambda row: row["tone"]),
    ]
    st.html(tables.html_table(rows, columns, alt_text="Warnings"))


def _in_short(record: WarningRecord) -> str:
    return warning_in_words(record).removesuffix(".").partition(": ")[0]


def _delivered(sent: Sequence[DeliveryRecord]) -> Mapping[str, str]:
    """How many of its messages arrived; while one is tried again, how often."""
    if not sent:
        return {"delivered": "on the page", "tone": "muted"}
    waiting = [one for one in sent if one.state == "pending"]
    if waiting:
        most = max(one.attempts for one in waiting)
        return {"delivered": f"retrying, {most} of {ATTEMPTS}" if most else "being sent", "tone": "warn"}
    arrived = sum(one.state == "sent" for one in sent)
    return {"delivered": f"{arrived} of {len(sent)}", "tone": "good" if arrived == len(sent) else "bad"}


def _draw_ways(settings: Settings, sent: Sequence[DeliveryRecord]) -> None:
    """Webhooks and the mail server of the settings, each with a button that tries it."""
    with card.card("Where warnings go", "beside the pages of whom they are about"):
        latest = {one.target: one for one in reversed(sent) if one.channel == "webhook"}
        for name, webhook in settings.webhooks.items():
            with st.container(horizontal=True, vertical_alignment="center"):
                signed = "signed" if webhook.secret or webhook.secret_env else "not signed"
                state = _state(latest[name]) if name in latest else "nothing sent yet"
                st.markdown(f"**{formatting.plain(name)}** · {formatting.plain(webhook.host)} · {signed} · {state}")
                st.space("stretch")
                st.button("Send a test", key=f"test_{name}", on_click=_test, args=("webhook", name))
        if settings.smtp_host:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(f"**Mail** · {formatting.plain(settings.smtp_host)}")
                st.space("stretch")
                me = require_admin()
                to = next(filter(is_mail_address, (*me.ids, *settings.warning_mail_to)), None)
                st.button(f"Send a test to {formatting.plain(to)}" if to else "Send a test", key="test_mail",
                          disabled=to is None, on_click=_test, args=("mail", to))  # fmt: skip
        if not settings.webhooks and not settings.smtp_host:
            st.html(
                '<p class="ll ll-muted">To nobody else yet. A table [webhooks.NAME] in .streamlit/secrets.toml, or '
                "LLMTRACK_SMTP_HOST, has them sent; docs/limits.md says how.</p>"
            )


def _state(delivery: DeliveryRecord) -> str:
    when = uses.moment(delivery.ended_at or delivery.created_at)
    if delivery.state == "sent":
        return f"last sent {when}"
    return formatting.plain(f"{_words(delivery)}: {delivery.error or ''}")


def _words(delivery: DeliveryRecord) -> str:
    if delivery.state == "pending":
        return f"retrying, {delivery.attempts} of {ATTEMPTS}" if delivery.attempts else "being sent"
    return {"sent": "sent", "failed": "given up", "withdrawn": "withdrawn"}[delivery.state]


def _draw_messages(records: Sequence[WarningRecord], sent: Sequence[DeliveryRecord]) -> None:
    about = {record.id: _in_short(record) for record in records}
    rows = [
        {
            "when": uses.moment(one.ended_at or one.created_at), "to": (one.target, one.channel, ""),
            "about": (about.get(one.warning or 0, "a test"), "", ""), "state": (_words(one), _pill(one)),
            "why": one.error or "",
        }
        for one in sent[: tables.SIZE]
    ]  # fmt: skip
    columns = [
        Column("when", "When", tone="muted"),
        Column("to", "To", "named"),
        Column("about", "About", "named", wide_only=True),
        Column("state", "State", "pill"),
        Column("why", "Why", tone="muted", wide_only=True),
    ]
    with card.card("Messages", "the latest first"):
        st.html(tables.html_table(rows, columns, alt_text="Messages about warnings"))


def _pill(delivery: DeliveryRecord) -> str:
    tone = _STATES[delivery.state]
    return "accent" if tone == "good" else "" if tone == "muted" else tone


def _test(channel: str, target: str) -> None:
    """Sends a test message and says at once what came of it."""
    me = require_admin()
    ledger, settings = queries.ledger(), get_settings()
    attempt = send_test(ledger, settings, channel, target)
    people.record(ledger, me.id, "warning test", target, {"channel": channel, "arrived": attempt.done})
    if attempt.done:
        outcome.done(f"The test arrived at {target}.")
    else:
        outcome.failed(f"The test did not arrive at {target}: {attempt.problem}. It is tried again.")
