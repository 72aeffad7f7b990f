"""What statements and the usage page make of list dollars: the markup, and rates of another currency by month."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from llmtrack.billing.amounts import month_name, month_number, parse_currency, parse_month, parse_rate
from llmtrack.ledger.periods import from_micros, zone
from llmtrack.ledger.statements import rates, set_rate
from llmtrack.settings import get_settings
from pages.components import card, formatting, queries, tables
from pages.components.outcome import done
from pages.components.tables import Column
from pages.components.tables.cells import text_of
from pages.components.viewer import require_admin

SHOWN = 24


def draw() -> None:
    """The card: markup, the rates there are, and the form for another."""
    require_admin()
    settings = get_settings()
    markup = settings.billing_markup_percent
    with card.card("Billing", "what people see on their usage page and on statements"):
        added = f"List prices plus {format(markup.normalize(), 'f')}{formatting.NARROW}% markup." if markup else ""
        card.note(text_of(added or "List prices, without markup (LLMTRACK_BILLING_MARKUP_PERCENT)."))
        records = rates(queries.ledger())[:SHOWN]
        if records:
            rows = [
                {
                    "month": month_name(record.month), "rate": f"{record.rate} {record.currency}",
                    "by": record.entered_by, "at": from_micros(record.entered_at, settings.timezone),
                }
                for record in records
            ]  # fmt: skip
            columns = [
                Column("month", "Month", pinned=True),
                Column("rate", "One US dollar", "written"),
                Column("by", "Entered by", tone="muted", wide_only=True),
                Column("at", "When", "time", wide_only=True),
            ]
            tables.table(rows, columns, alt_text="Exchange rates")
        _draw_form(settings.billing_currency)


def _draw_form(currency: str) -> None:
    now = datetime.now(zone(get_settings().timezone))
    with (
        st.form("exchange_rate", border=False, clear_on_submit=False),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        entered = st.text_input("Currency", "" if currency == "USD" else currency, key="rate_currency",
                                placeholder="EUR", max_chars=3, width=110)  # fmt: skip
        month = st.text_input("Month", month_name(month_number(now)), key="rate_month", max_chars=7, width=130)
        rate = st.text_input("One US dollar is", key="rate_value", placeholder="0.9217", width=160)
        pressed = st.form_submit_button("Enter the rate")
    st.html(
        '<p class="ll ll-foot">Nothing is fetched. Amounts also show in the currency of LLMTRACK_BILLING_CURRENCY, '
        "where the rate of the month in which a cycle ends was entered; statements that were issued keep theirs."
        "</p>"
    )
    if not pressed:
        return
    try:
        name, number, value = parse_currency(entered.strip()), parse_month(month.strip()), parse_rate(rate.strip())
    except ValueError as error:
        st.error(formatting.plain(str(error)), icon=":material/error:")
        return
    set_rate(queries.ledger(), name, number, format(value, "f"), by=require_admin().id)
    done(f"1 US dollar = {format(value, 'f')} {name} in {month_name(number)}.")
    st.rerun()
