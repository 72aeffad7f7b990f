"""One call: what was said, what it took, what it cost and why."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from html import escape
from typing import Any

import streamlit as st

from llmtrack.ledger.lists import GenerationDetail, GenerationRow
from llmtrack.ledger.query import Filter
from pages.components import empty_states, formatting, links
from pages.components.charts import colours
from pages.components.reader.layout import facts
from pages.components.reader.messages import draw_messages
from pages.components.tables.cells import text_of, unknown
from pages.components.viewer import viewer

UNREAD = "llmtrack.unread"
"""Where the gateway keeps the compression of a request that it could not read."""


def draw_call(detail: GenerationDetail, today: date) -> None:
    """One call: its facts in a row, then tabs with its messages, its cost, the request and its attributes."""
    st.html(f'<div class="ll">{_facts(detail.row, today)}</div>')
    if detail.error_message:
        st.error(formatting.plain(detail.error_message), icon=":material/error:")
    messages, cost, request, attributes = st.tabs(["Messages", "Cost", "Request", "Attributes"])
    with messages:
        draw_messages(detail.input, detail.output, unread=detail.properties.get(UNREAD))
    with cost:
        _draw_cost(detail)
    with request:
        _draw_pairs(_request(detail))
    with attributes:
        _draw_pairs(_attributes(detail))


def draw_missing(what: str, name: str, page: str) -> None:
    """In place of a thing the ledger does not have, or no longer: the way on."""
    empty_states.empty(
        f"There is no {what} {formatting.plain(name)} (any more)",
        "It may have been erased, or deleted by the retention time.",
        ":material/search_off:",
    )
    st.html(f'<p class="ll">{links.anchor(f"All {what}s", links.address(page), css="ll-k")}</p>')


def chat_link(session: str | None, user: str | None) -> str:
    """The way to a conversation of the viewer's own on the chat page, as HTML; empty where it is none."""
    mine = user in viewer().ids and session is not None and session.isascii() and session.isdigit()
    return links.anchor("Open in chat", f"./?c={session}") if mine else ""


def _facts(row: GenerationRow, today: date) -> str:
    of_model = colours.css("model", [row.model or ""])[row.model or ""]
    dot = f'<i class="ll-dot" style="color:{escape(of_model)}"></i> '
    status = formatting.status(row.status) + (f": {row.error_type}" if row.error_type else "")
    tone = "bad" if row.status in ("error", "refused") else ""
    tokens = f"{formatting.count(row.input_tokens)} → {formatting.count(row.output_tokens)}"
    cost = unknown() if row.cost is None else escape(formatting.usd(row.cost))
    if row.cost_status != "exact" and row.cost is not None:
        cost += f" {text_of(row.cost_status.replace('_', ' '))}"
    speed = ""
    if row.output_tokens and row.duration and row.duration > (row.time_to_first_token or 0):
        speed = f"{row.output_tokens / (row.duration - (row.time_to_first_token or 0)):,.0f} tokens/s"
    return facts(
        [
            ("Model", dot + links.anchor(row.model or formatting.UNKNOWN, links.model(row.model))),
            ("User", links.anchor(row.user or "not given", links.user(row.user))),
            ("When", escape(formatting.short_moment(row.at, today))),
            ("Status", f'<span class="ll-{tone}">{text_of(status)}</span>' if tone else text_of(status)),
            ("Cost", cost),
            ("Tokens", escape(tokens) + (" estimated" if row.usage_estimated else "")),
            ("Took", escape(formatting.seconds(row.duration))),
            ("First token", escape(formatting.seconds(row.time_to_first_token)) if row.streamed else ""),
            ("Speed", escape(speed)),
        ]
    )


def _draw_cost(detail: GenerationDetail) -> None:
    from llmtrack.pricing import in_words

    row = detail.row
    parts = {part.replace("_", " ").capitalize(): formatting.usd(amount) for part, amount in detail.cost_parts.items()}
    _draw_pairs({"Cost": f"{formatting.usd(row.cost)} ({row.cost_status.replace('_', ' ')})", **parts})
    if row.cost_reason:
        empty_states.note(formatting.plain(in_words(row.cost_reason)))
    if detail.price:
        price = detail.price
        model = f"{price.get('provider')}/{price.get('model')}"
        rates = ", ".join(f"{name} {rate}" for name, rate in (price.get("rates") or {}).items())
        region = f", region {row.region}" if row.region else ""
        adjusted = f" Included in them: {price['adjustment']}." if price.get("adjustment") else ""
        empty_states.note(
            formatting.plain(
                f"Priced by {price.get('source')} {price.get('version')} as {model}, "
                f"tier {price.get('tier')}{region}. Dollars per million: {rates}.{adjusted}"
            )
        )


def _request(detail: GenerationDetail) -> dict[str, Any]:
    row = detail.row
    return {
        "Tokens in": formatting.count(row.input_tokens),
        "of these read from a cache": _some(row.cache_read_tokens),
        "of these written to a cache": _some(row.cache_write_tokens),
        "Tokens out": formatting.count(row.output_tokens) + (" (estimated)" if row.usage_estimated else ""),
        "of these reasoning": _some(row.reasoning_tokens),
        **{formatting.heading(name): _some(number) for name, number in detail.more.items() if isinstance(number, int)},
        "Attempts": formatting.count(row.attempts),
        "Provider": row.provider,
        "Operation": row.operation,
        "Model asked for": row.request_model,
        "Model served": row.response_model,
        "Service tier": row.service_tier,
        "Region": row.region,
        "Finish reason": row.finish_reason,
        "HTTP status": row.http_status,
        "Error code": row.error_code,
        "Provider's ids": " · ".join(filter(None, [row.response_id, row.request_id])) or None,
        **{formatting.heading(name): word for name, word in detail.more.items() if isinstance(word, str)},
        "Sent": formatting.moment(row.at),
        "Number": str(row.id),
    }


def _attributes(detail: GenerationDetail) -> dict[str, Any]:
    row = detail.row

    def way(text: str | None, href: str | None) -> Any:
        return _Html(links.anchor(text, href, css="ll-k")) if text else None

    named: dict[str, Any] = {
        "Feature": way(row.feature, links.feature(row.feature)),
        "Team": way(row.group, links.team(row.group)),
        "Conversation": way(row.session, links.conversation(row.session)),
        "Trace": way(row.trace, links.trace(row.trace)),
    }
    for name, value in detail.properties.items():
        text = "true" if value is True else "false" if value is False else str(value)
        named[f"property.{name}"] = way(text, links.calls(Filter(f"property.{name}", (text,))))
    return named


class _Html(str):
    """Text that is HTML already."""


def _some(number: int | None) -> str | None:
    return formatting.count(number) if number else None


def _draw_pairs(pairs: Mapping[str, Any]) -> None:
    """Names and values as a table, without those that are unknown."""
    shown = {name: value if isinstance(value, _Html) else text_of(value) for name, value in pairs.items() if value}
    rows = "".join(
        f"<tr><td class='ll-muted'>{text_of(name)}</td><td>{value}</td></tr>" for name, value in shown.items()
    )
    if not rows:
        empty_states.note("None were given.")
        return
    st.html(f'<div class="ll ll-table ll-pairs"><table><tbody>{rows}</tbody></table></div>')
