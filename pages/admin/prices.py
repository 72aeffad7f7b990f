"""Prices: models without one, this installation's own, and where the price of a model comes from."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, date, datetime
from datetime import time as clock
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import streamlit as st

from llmtrack.settings import get_settings
from pages.components import card, empty_states, filters, formatting, links, outcome, queries, tables, tiles
from pages.components.insights import price_effects
from pages.components.prices import exchange_rates, repricing
from pages.components.span import Span
from pages.components.tables import Column
from pages.components.viewer import require_admin

if TYPE_CHECKING:
    from llmtrack.ledger.price_book import BookLine, Missing
    from llmtrack.ledger.query import Row
    from llmtrack.pricing import BookEntry, Pricer
    from llmtrack.pricing.book import Kind

KINDS: dict[Kind, str] = {
    "price": "Price",
    "discount": "Discount",
    "markup": "Markup",
    "same_as": "Same as another model",
}
RATES = {"input": "Input", "output": "Output", "cache_read": "Cache read", "cache_write": "Cache write"}
MORE = "More classes"
FIELDS = (
    "provider", "model", *(f"rate {name}" for name in RATES), "more", "same_as", "percent", "since", "until", "tier",
    "everything", "note",
)  # fmt: skip


def now() -> int:
    """Microseconds since 1970."""
    return time.time_ns() // 1_000


def day(at: int) -> datetime:
    """A moment in the time zone of the settings."""
    return datetime.fromtimestamp(at / 1e6, ZoneInfo(get_settings().timezone))


def beginning(chosen: date | None) -> int | None:
    """The first microsecond of a day in the time zone of the settings."""
    if chosen is None:
        return None
    moment = datetime.combine(chosen, clock(), ZoneInfo(get_settings().timezone))
    return int(moment.astimezone(UTC).timestamp()) * 1_000_000


def show_missing(missing: Sequence[Missing], pricer: Pricer, span: Span) -> None:
    """The models some of whose calls are unpriced; a click fills the form for an entry with one of them."""
    from llmtrack.ledger.price_book import why_missing

    if not missing:
        st.markdown(f":material/check_circle: Every call of {span} that said what it used has a price.")
        return
    rows = [
        {
            "model": usage.model or formatting.UNKNOWN, "provider": usage.provider, "unpriced": usage.unpriced,
            "generations": usage.calls, "input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens,
            "why": why_missing(usage, pricer).partition(";")[0],
        }
        for usage in missing
    ]  # fmt: skip
    columns = [
        Column("model", "Model", "model", pinned=True, href=lambda row: links.model(row["model"])),
        Column("provider", "Provider", tone="muted", wide_only=True),
        Column("unpriced", "Unpriced calls", "count"),
        Column("generations", "Of calls", "count", wide_only=True),
        Column("input_tokens", "Tokens in", "tokens", wide_only=True),
        Column("output_tokens", "Tokens out", "tokens", wide_only=True),
        Column("why", "Why", width="large"),
    ]
    tables.table(rows, columns, alt_text=f"Models without a price, {span}")
    with st.container(horizontal=True):
        for usage in missing[:5]:
            if usage.model and st.button(
                f"Give {formatting.plain(usage.model)} a price", key=f"give {usage.provider}/{usage.model}"
            ):
                st.session_state.update(kind="price", provider=usage.provider, model=usage.model)
    empty_states.note(
        "A price holds for calls from a day on. Calls made before that have none can be priced here, too."
    )


def ask_for_entry() -> BookEntry | None:
    """The form for a new entry; returns the entry once it is sent, if its numbers can be read."""
    from llmtrack.pricing import BookEntry

    kind: Kind = st.segmented_control(
        "Kind", list(KINDS), default="price", required=True, format_func=KINDS.__getitem__, key="kind"
    )
    with st.form("entry", border=True):
        left, right = st.columns(2)
        provider = left.text_input("Provider", key="provider", help="A name such as openai, or * for any.")
        model = right.text_input(
            "Model", key="model", help="A name covers its dated snapshots too; * stands for any letters."
        )
        rates: dict[str, str] = {}
        percent = same_as = ""
        if kind == "price":
            for column, (name, label) in zip(st.columns(len(RATES)), RATES.items(), strict=True):
                rates[name] = column.text_input(f"{label}, $ per million", key=f"rate {name}")
            more = st.text_input(
                MORE, key="more", placeholder="cache_write_1h=10 web_search=10",
                help="Dollars per million tokens, per 1,000 searches or requests, or per hour of audio.",
            )  # fmt: skip
        elif kind == "same_as":
            same_as = st.text_input("Has the list price of", key="same_as", placeholder="openai/gpt-4o")
        else:
            percent = st.text_input("Percent", key="percent", placeholder="15")
        left, middle, right = st.columns(3)
        since = left.date_input("Holds from", value=None, key="since", format="YYYY-MM-DD", help="Empty: from now on.")
        until = middle.date_input("Until", value=None, key="until", format="YYYY-MM-DD", help="Empty: until replaced.")
        tier = right.text_input("Service tier", key="tier", placeholder="standard" if kind == "price" else "any")
        everything = kind in ("discount", "markup") and st.checkbox(
            "Change own prices and costs told by the provider too, not only list prices", key="everything"
        )
        note = st.text_input("Note", key="note")
        if not st.form_submit_button("Add", type="primary"):
            return None
    try:
        if kind == "price":
            rates |= dict(part.partition("=")[::2] for part in more.split())
        return BookEntry(
            kind, provider.strip(), model.strip(), beginning(since) or now(), beginning(until), tier.strip(),
            rates={name: amount(text, name) for name, text in rates.items() if text.strip()},
            percent=amount(percent, "Percent") if kind in ("discount", "markup") else None,
            same_as=same_as.strip() or None,
            applies_to="all" if everything else "list",
            note=note.strip(),
        )  # fmt: skip
    except ValueError as wrong:
        st.error(formatting.plain(str(wrong)), icon=":material/error:")
        return None


def amount(text: str, name: str) -> Decimal:
    """The number in a field. Raises ValueError, naming the field."""
    try:
        return Decimal(text.strip().removesuffix("%").removeprefix("$"))
    except InvalidOperation:
        raise ValueError(f"{name}: {text.strip()!r} is no number; write it as 2.5.") from None


def add(entry: BookEntry, by: str) -> None:
    """Add an entry to the price book, or say why it is refused."""
    from llmtrack.ledger.price_book import add_price
    from llmtrack.pricing import PriceRefused

    try:
        added = add_price(queries.ledger(), entry, by=by)
    except PriceRefused as refused:
        st.error(formatting.plain(str(refused)), icon=":material/error:")
    else:
        for field in FIELDS:
            st.session_state.pop(field, None)
        st.session_state.outcome = f"Added entry {added.id}: {added.title}."
        st.rerun()


def show_book(lines: Sequence[BookLine], by: str) -> None:
    """The entries, and ending one."""
    from llmtrack.ledger.price_book import retire_price

    if not lines:
        empty_states.note(
            "No prices of your own. Every call has the price of the public list, where that has one. Add a price for "
            "models you run yourself, a discount you negotiated, or a markup for internal billing."
        )
        return
    price_effects.draw_book(lines, {line.entry.id: state(line) for line in lines}, day, ends)
    going = [line.entry.id for line in lines if line.entry.until is None or line.entry.until > now()]
    if not going:
        return
    with st.form("retire", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        titles = {line.entry.id: formatting.visible(f"{line.entry.id}: {line.entry.title}") for line in lines}
        chosen = st.selectbox("Entry to retire", going, format_func=titles.__getitem__, key="ending")
        never = st.checkbox("It was a mistake: as if it had never held", key="never")
        with st.container(key="ll_danger_retire", width="content"):
            retired = st.form_submit_button("Retire")
        if retired:
            ended = retire_price(queries.ledger(), chosen, by=by, from_the_beginning=never)
            st.session_state.outcome = f"Retired entry {chosen}: {ended.entry.title}."
            st.rerun()


def ends(line: BookLine) -> str:
    """When an entry ends, in words."""
    if line.void:
        return "never held"
    return "no end" if line.entry.until is None else formatting.moment(day(line.entry.until))


def state(line: BookLine) -> str:
    """Whether an entry holds now."""
    at = now()
    if line.void:
        return "never holds"
    if line.entry.until is not None and line.entry.until <= at:
        return "ended"
    return "holds" if line.entry.since <= at else "to come"


def show_price(pricer: Pricer) -> None:
    """What a model costs now, and where that is from."""
    from llmtrack.pricing import freshness, in_words
    from llmtrack.pricing.classes import unit

    left, right = st.columns(2)
    provider = left.text_input("At provider", key="asked provider", placeholder="openai").strip()
    model = right.text_input("Model asked about", key="asked model", placeholder="gpt-4o").strip()
    fresh = freshness()
    origin = "fetched " + formatting.moment(fresh.refreshed_at) if fresh.refreshed_at else "as installed"
    trouble = f" Fetching newer prices failed: {fresh.error}" if fresh.error else ""
    empty_states.note(f"Public price list: genai-prices {fresh.version}, {origin}.{formatting.plain(trouble)}")
    if not provider or not model:
        return
    quote = pricer.quote(provider, model, at=now())
    if quote.reason is not None:
        st.warning(f"{formatting.plain(model)}: {in_words(quote.reason)}.", icon=":material/help:")
    for band in quote.bands:
        price = band.price
        over = f", over {formatting.count(band.above)} input tokens" if band.above else ""
        adjusted = f", {price.adjustment}" if price.adjustment else ""
        st.markdown(formatting.plain(f"{price.model}{over}: {price.source} {price.version}{adjusted}"))
        rows = [{"class": name, "rate": f"${rate}", "unit": unit(name)} for name, rate in price.rates.items()]
        columns = [Column("class", "Class"), Column("rate", "Price"), Column("unit", "Unit")]
        tables.table(rows, columns, alt_text=f"Price of {formatting.visible(model)}")
    if quote.doubt is not None:
        empty_states.note(f"An estimate: {in_words(quote.doubt)}.")


def page() -> None:
    """Draw the page. What is sent is written before anything is read, so that everything on the page shows it."""
    from llmtrack.ledger.price_book import list_prices, missing_prices
    from llmtrack.pricing import Pricer

    me = require_admin()
    with card.head("Prices"):
        span = filters.choose_span()
    card.sub(filters.in_words(span))
    if sentence := st.session_state.pop("outcome", None):
        st.success(formatting.plain(sentence), icon=":material/check:")
    numbers, missing, used, book = (st.container() for _ in range(4))
    lacking = missing_prices(queries.ledger(), since=span.period.since, until=span.period.until, timezone=span.timezone)
    pricer = Pricer(queries.ledger().book()[1])
    with missing, card.card("Missing", "models some of whose calls have no price"):
        show_missing(lacking, pricer, span)
        repricing.show_offer(lacking, pricer, now(), span.timezone, me.id)
    answer = queries.ask(price_effects.METRICS, span, by=["provider", "model"], order="-cost", fill=False)
    in_use = price_effects.in_use(answer.rows)
    with used, card.card("In use", "what a model costs now, and what its calls came to"):
        if in_use:
            price_effects.draw_in_use(in_use, answer.totals, pricer, now(), f"Prices in use, {span}")
        else:
            empty_states.note(f"No call of {span} has a price.")
    with card.card("Add an entry", "it holds for calls from a day on"):
        entry = ask_for_entry()
    if entry is not None:
        add(entry, me.id)
    lines = list_prices(queries.ledger())
    with book, card.card("Changed", "the price book of this installation"):
        show_book(lines, me.id)
        repricing.show_runs(day, me.id)
    with numbers:
        draw_tiles(in_use, lacking, answer.totals, lines)
    with card.card("What does a model cost?"):
        show_price(Pricer(queries.ledger().book()[1]))
    outcome.show()
    exchange_rates.draw()


def draw_tiles(in_use: Sequence[Row], lacking: Sequence[Missing], totals: Row, lines: Sequence[BookLine]) -> None:
    """How many models have a price, how many lack one, and what was changed."""
    from llmtrack.pricing import freshness

    unpriced = sum(usage.unpriced for usage in lacking)
    holding = sum(state(line) == "holds" for line in lines)
    tiles.draw(
        [
            tiles.Tile("Cost", queries.cost_text(totals), remark=formatting.counted(totals["priced"], "priced call")),
            tiles.Tile("Prices in use", formatting.count(len(in_use)), remark=f"list of {freshness().version}"),
            tiles.Tile(
                "Models without a price", formatting.count(len(lacking)),
                remark=price_effects.headline(unpriced, totals["generations"]), tone="bad" if lacking else "",
            ),
            tiles.Tile(
                "Prices of your own", formatting.count(holding),
                remark=f"{formatting.count(len(lines) - holding)} ended or to come" if lines else "none added",
            ),
        ]
    )  # fmt: skip


page()
