"""One message of a conversation on screen, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from pages.components import formatting
from pages.components.chat import answer_footer, live_answer
from pages.components.chat.markdown import from_person

if TYPE_CHECKING:
    from llmtrack.chat.conversations import Conversations, Message
    from llmtrack.ledger.chats import Figures

PERSON, MODEL = ":material/person:", ":material/smart_toy:"
REGENERATE, OTHER_MODEL, CONTINUE, EDIT, TEXT = (
    ":material/refresh: Ask again",
    ":material/swap_horiz: Ask the model chosen below",
    "continue",
    ":material/edit: Edit and ask again",
    ":material/content_copy: Show as plain text",
)
BROKEN = ("error", "empty", "abandoned")
Act = Callable[[str, int], None]
"""Does one of the actions above to the message with this id."""
Judge = Callable[[int, int, str | None], None]
"""Stores a judgement of the message with this id: 1, -1, or 0 to take it back; and a comment."""


def let_wide_parts_scroll() -> None:
    """A table or formula wider than its message scrolls by itself; the page would go sideways, or cut it off."""
    wide = "[data-testid=stMarkdownContainer]:has(table, .katex-display)"
    st.html(f"<style>{wide} {{ overflow-x: auto; overflow-y: hidden }}</style>")


def draw_person(message: Message, conversations: Conversations, act: Act) -> None:
    """What a person wrote, with its files."""
    with st.chat_message("user", avatar=PERSON):
        if message.files:
            _draw_files(message, conversations)
        with st.container(horizontal=True, vertical_alignment="top", gap="small", wrap=False):
            st.markdown(from_person(message.text), width="stretch")
            _draw_versions(message, conversations)
            _menu(message, [EDIT], act)


def draw_answer(
    message: Message, conversations: Conversations, figures: Figures | None, act: Act, judge: Judge
) -> None:
    """An answer that has ended: thoughts, text, what went wrong, what it took."""
    with st.chat_message("assistant", avatar=MODEL):
        draw_body(message)
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            _draw_versions(message, conversations)
            if message.text:
                _judge(message, figures, judge)
            if message.status in BROKEN:
                st.button(
                    "Retry",
                    key=f"retry_{message.id}",
                    icon=":material/refresh:",
                    on_click=act,
                    args=(REGENERATE, message.id),
                )
            elif message.can_go_on:
                st.button(
                    "Continue", key=f"on_{message.id}", icon=":material/keyboard_double_arrow_right:",
                    on_click=act, args=(CONTINUE, message.id),
                )  # fmt: skip
            _menu(message, _possible(message), act)
            st.caption(answer_footer.line(message, figures, message.quoted), width="content")


def draw_body(message: Message) -> None:
    """Thoughts, text and what went wrong."""
    live_answer.draw_reasoning(message.reasoning)
    if message.text:
        live_answer.draw_text(message.text)
    if message.error:
        st.error(formatting.plain(message.error), icon=":material/error:")


def _possible(message: Message) -> list[str]:
    actions = [REGENERATE, OTHER_MODEL]
    return [*actions, TEXT] if message.text else actions


def _menu(message: Message, actions: list[str], act: Act) -> None:
    key = f"menu_{message.id}"
    st.menu_button(
        "More",
        actions,
        key=key,
        type="tertiary",
        help="What can be done with this message",
        on_click=lambda: act(st.session_state[key], message.id),
    )


def _judge(message: Message, figures: Figures | None, judge: Judge) -> None:
    """Thumbs and, once one is given, why."""
    key, why = f"judged_{message.id}", f"why_{message.id}"
    score = figures.score if figures else None
    if key not in st.session_state and score:
        st.session_state[key] = 1 if score > 0 else 0

    def send_judgement() -> None:
        value = st.session_state.get(key)
        judge(message.id, 0 if value is None else (1 if value else -1), st.session_state.get(why) or None)

    value = st.feedback("thumbs", key=key, on_change=send_judgement)
    if value is not None:
        with st.popover("Why?", type="tertiary", help="Say what was good or bad about it"):
            st.text_input(
                "What was good or bad about it?",
                (figures.comment if figures else None) or "",
                key=why,
                on_change=send_judgement,
            )


def _draw_versions(message: Message, conversations: Conversations) -> None:
    """The way to the other versions of this turn."""
    if len(message.versions) < 2:
        return
    at = message.versions.index(message.id)
    with st.container(horizontal=True, vertical_alignment="center", gap="xxsmall", width="content"):
        for step, name in ((-1, "Earlier"), (1, "Later")):
            if step == 1:
                st.caption(f"{at + 1}/{len(message.versions)}", width="content")
            there = 0 <= at + step < len(message.versions)
            st.button(
                name,
                key=f"walk_{message.id}_{step}",
                type="tertiary",
                help=f"{name} version",
                disabled=not there,
                on_click=conversations.choose,
                args=(message.versions[at + step] if there else message.id,),
            )


def _draw_files(message: Message, conversations: Conversations) -> None:
    small = conversations.thumbnails([file.id for file in message.files])
    with st.container(horizontal=True, gap="small"):
        for file in message.files:
            if picture := small.get(file.id):
                st.image(picture, width=160, caption=formatting.plain(file.name), alt=formatting.visible(file.name))
            else:
                size = f"{max(1, file.size // 1000):,} kB"
                st.badge(f"{formatting.plain(file.name)} · {size}", icon=":material/draft:", color="gray")
