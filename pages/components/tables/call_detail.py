"""One call: what was said in it, what it took, what it cost and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.components import empty_states, formatting
from pages.components.chat.markdown import from_model, from_person

if TYPE_CHECKING:
    from llmtrack.ledger.lists import GenerationDetail

MOST_TEXT = 20_000


def show(detail: GenerationDetail) -> None:
    """One call: what was said, what it took, what it cost and why."""
    row = detail.row
    status = f"{row.status}: {row.error_type}" if row.error_type else row.status
    st.markdown(
        f"**{formatting.plain(row.model or formatting.UNKNOWN)}** · {formatting.moment(row.at)} · "
        f"{formatting.plain(status)}"
    )
    if detail.error_message:
        st.error(formatting.plain(detail.error_message), icon=":material/error:")
    texts, usage, cost, rest = st.tabs(["What was said", "What it took", "What it cost", "Everything else"])
    with texts:
        _draw_messages("Prompt", detail.input)
        _draw_messages("Answer", detail.output)
    with usage:
        _facts(
            {
                "Tokens in": formatting.count(row.input_tokens),
                "of these read from a cache": _some(row.cache_read_tokens),
                "of these written to a cache": _some(row.cache_write_tokens),
                "Tokens out": formatting.count(row.output_tokens) + (" (estimated)" if row.usage_estimated else ""),
                "of these reasoning": _some(row.reasoning_tokens),
                **{_label(name): _some(number) for name, number in detail.more.items() if isinstance(number, int)},
                "Took": formatting.seconds(row.duration),
                "First token after": formatting.seconds(row.time_to_first_token) if row.streamed else None,
                "Attempts": formatting.count(row.attempts),
            }
        )
    with cost:
        _draw_cost(detail)
    with rest:
        _facts(
            {
                "User": row.user or "not given",
                "Conversation": row.session,
                "Trace": row.trace,
                "Feature": row.feature,
                "Group": row.group,
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
                "Properties": ", ".join(f"{name} = {value}" for name, value in detail.properties.items()) or None,
                **{_label(name): word for name, word in detail.more.items() if isinstance(word, str)},
                "Number": row.id,
            }
        )


def _label(column: str) -> str:
    return column.replace("_", " ").capitalize()


def _some(number: int | None) -> str | None:
    return formatting.count(number) if number else None


def _facts(facts: Mapping[str, Any]) -> None:
    """Names and values, without those that are unknown."""
    lines = [(name, value) for name, value in facts.items() if value not in (None, "")]
    st.markdown("  \n".join(f"{name}: **{formatting.plain(str(value))}**" for name, value in lines))


def _draw_cost(detail: GenerationDetail) -> None:
    from llmtrack.pricing import in_words

    row = detail.row
    parts = {part.replace("_", " ").capitalize(): formatting.usd(amount) for part, amount in detail.cost_parts.items()}
    _facts({"Cost": f"{formatting.usd(row.cost)} ({row.cost_status.replace('_', ' ')})", **parts})
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


def _draw_messages(title: str, messages: Sequence[Any] | None) -> None:
    st.markdown(f"**{title}**")
    if messages is None:
        st.caption("Not kept: content was switched off for this call, there was none, or it has been deleted since.")
        return
    for message in messages:
        text = message_text(message)
        shown = text if len(text) <= MOST_TEXT else f"{text[:MOST_TEXT]}\n\n… {len(text) - MOST_TEXT:,} more characters"
        role = message.get("role", "") if isinstance(message, Mapping) else ""
        st.caption(formatting.plain(role or "message"))
        with st.container(border=True):
            st.markdown(from_model(shown) if role == "assistant" else from_person(shown))


def message_text(message: Any) -> str:
    """What a kept message says: its texts, and of everything else what it is."""
    if not isinstance(message, Mapping):
        return str(message)
    return "\n\n".join(filter(None, (_part_text(part) for part in message.get("parts") or [])))


def _part_text(part: Any) -> str:
    if not isinstance(part, Mapping):
        return str(part)
    content = part.get("content")
    if isinstance(content, str):
        return content
    kind = part.get("type", "part")
    fields = {name: value for name, value in part.items() if name != "type" and value not in (None, "", [], {})}
    return f"[{kind}] " + ", ".join(f"{name}: {value}" for name, value in fields.items())
