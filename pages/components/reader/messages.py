"""The messages of a call as a conversation: text, reasoning, tool calls and results, pictures by kind and size."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from pages.components import empty_states, formatting
from pages.components.chat.markdown import from_model, from_person
from pages.components.tables.cells import text_of

MOST_TEXT = 20_000
ROLES = {
    "user": "User",
    "assistant": "Assistant",
    "system": "Instructions",
    "developer": "Instructions",
    "tool": "Tool",
}
_FOLDED = ("reasoning", "tool_call_response", "server_tool_call_response")
_TITLES = {
    "reasoning": "Reasoning", "tool_call": "Tool call", "server_tool_call": "Tool call", "refusal": "Declined",
    "tool_call_response": "Tool result", "server_tool_call_response": "Tool result",
}  # fmt: skip
NOT_KEPT = "Not kept: content was switched off for this call, there was none, or it has been deleted since."


def draw_messages(sent: Sequence[Any] | None, answered: Sequence[Any] | None, *, unread: object = None) -> None:
    """What was sent and what was answered; which of them is not kept is said.

    `unread` is the compression of a request that nobody here could read.
    """
    if unread is not None:
        words = f"What was sent is unknown: it came compressed ({unread}), which this server could not undo."
        empty_states.note(formatting.plain(words))
        sent = sent or ()
    if sent is None and answered is None:
        empty_states.note(NOT_KEPT)
        return
    for name, messages in (("What was sent", sent), ("The answer", answered)):
        if messages is None:
            empty_states.note(f"{name}: {NOT_KEPT[0].lower()}{NOT_KEPT[1:]}")
        for message in messages or ():
            _draw_message(message)


def _draw_message(message: Any) -> None:
    if not isinstance(message, Mapping):
        _draw_text(str(message), "user")
        return
    role = str(message.get("role") or "message")
    with st.container(gap="xsmall"):
        st.html(f'<div class="ll"><strong>{text_of(ROLES.get(role, role.capitalize()))}</strong></div>')
        for part in message.get("parts") or []:
            _draw_part(part, role)


def _draw_part(part: Any, role: str) -> None:
    if not isinstance(part, Mapping):
        _draw_text(str(part), role)
        return
    kind = str(part.get("type") or "part")
    if kind == "text":
        _draw_text(str(part.get("content") or ""), role)
    elif kind in _FOLDED:
        _draw_folded(_TITLES[kind], part.get("content", part.get("response")))
    elif kind in _TITLES:
        name = str(part.get("name") or "")
        st.html(f'<div class="ll"><strong>{_TITLES[kind]}</strong> <span class="ll-muted">{text_of(name)}</span></div>')
        content = part.get("arguments", part.get("content"))
        if content not in (None, ""):
            _draw_value(content)
    else:
        st.html(f'<div class="ll"><strong>{text_of(described(part))}</strong></div>')


def described(part: Mapping[str, Any]) -> str:
    """What is known of a part whose content is not kept: ``Image, image/png, 12.3 kB``."""
    kind = str(part.get("modality") or part.get("type") or "part").capitalize()
    size = part.get("size")
    shown = [kind, str(part.get("mime_type") or "")]
    if isinstance(size, int):
        shown.append(f"{formatting.compact(size)}B" if size >= 1000 else f"{size} bytes")
    rest = {
        name: value
        for name, value in part.items()
        if name not in ("type", "modality", "mime_type", "size", "sha256") and value not in (None, "", [], {})
    }
    shown += [f"{name} {value}" for name, value in rest.items()]
    return ", ".join(filter(None, shown))


def plain_text(message: Any) -> str:
    """What a kept message says, as text alone."""
    if not isinstance(message, Mapping):
        return str(message)
    parts = message.get("parts") or []
    return "\n\n".join(
        str(part.get("content")) for part in parts if isinstance(part, Mapping) and isinstance(part.get("content"), str)
    )


def _draw_folded(title: str, content: Any) -> None:
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False, indent=2)
    with st.expander(f"{title} · {formatting.counted(len(text), 'character')}"):
        _draw_value(content)


def _draw_value(content: Any) -> None:
    if isinstance(content, str):
        try:
            content = json.loads(content)
        except ValueError:
            st.code(_cut(content), language=None, wrap_lines=True)
            return
    st.code(_cut(json.dumps(content, ensure_ascii=False, indent=2)), language="json", wrap_lines=True)


def _draw_text(text: str, role: str) -> None:
    shown = _cut(text)
    st.markdown(from_model(shown) if role == "assistant" else from_person(shown))


def _cut(text: str) -> str:
    more = len(text) - MOST_TEXT
    return text if more <= 0 else f"{text[:MOST_TEXT]}\n\n… {more:,} more characters"
