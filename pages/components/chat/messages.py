"""One message of a conversation on screen, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from pages.components import formatting, queries
from pages.components.chat import answer_footer, live_answer, smaller_answer
from pages.components.chat.markdown import drawing, from_person
from pages.components.chat.notes import beside_answer

if TYPE_CHECKING:
    from llmtrack.chat.conversations import Conversations, Message
    from llmtrack.ledger.chats import Figures

PERSON, MODEL = ":material/person:", ":material/smart_toy:"
REGENERATE, OTHER_MODEL, CONTINUE, EDIT, TEXT = "again", "other", "continue", "edit", "text"
"""What can be done with a message; asking a certain model again is `OTHER_MODEL`, a colon, and ``provider/name``."""
LABELS = {
    REGENERATE: ":material/refresh: Ask again",
    OTHER_MODEL: ":material/swap_horiz: Ask the model chosen below",
    EDIT: ":material/edit: Edit and ask again",
    TEXT: ":material/notes: Show as plain text",
}
MOST_COPIED = 100_000
"""Characters of an answer that its copy button holds as they were written; of a longer one it copies what is shown."""
BROKEN = ("error", "empty", "abandoned")
Act = Callable[[str, int], None]
"""Does one of the actions above to the message with this id."""
Judge = Callable[[int, int, str | None], None]
"""Stores a judgement of the message with this id: 1, -1, or 0 to take it back; and a comment."""


def let_wide_parts_scroll() -> None:
    """A table or formula wider than its message scrolls by itself; the page would go sideways, or cut it off."""
    drawing.style()


def draw_person(message: Message, conversations: Conversations, act: Act) -> None:
    """What a person wrote, with its files."""
    with st.chat_message("user", avatar=PERSON), st.container(key=f"ll_asked_{message.id}", gap=None):
        if message.files:
            _draw_files(message, conversations.thumbnails([file.id for file in message.files]))
        with st.container(key=f"ll_bubble_{message.id}", width="content"):
            st.markdown(from_person(message.text))
        with st.container(key=f"ll_acts_{message.id}", horizontal=True, horizontal_alignment="right", gap=None):
            _draw_versions(message, conversations)
            _menu(message, [EDIT], act)


def draw_answer(
    message: Message, conversations: Conversations, figures: Figures | None, act: Act, judge: Judge,
    retries: Mapping[str, str] | None = None,
) -> None:  # fmt: skip
    """An answer that has ended: thoughts, text, what went wrong, what can be done, what it took.

    `retries` are labels of further ways to ask again, by action.
    """
    with st.chat_message("assistant", avatar=MODEL):
        draw_body(message)
        draw_actions(message, conversations, figures, act, judge, retries)


def draw_actions(
    message: Message, conversations: Conversations, figures: Figures | None, act: Act, judge: Judge,
    retries: Mapping[str, str] | None = None,
) -> None:  # fmt: skip
    """The row of icons under an answer, and the line of what it took."""
    with st.container(key=f"ll_acts_{message.id}", horizontal=True, vertical_alignment="center", gap=None):
        if message.text:
            st.html(_copy_button(message.text), width="content")
            _judge(message, figures, judge)
        if message.status in BROKEN:
            smaller_answer.draw(message, conversations)
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
        _draw_retry(message, retries or {REGENERATE: LABELS[REGENERATE], OTHER_MODEL: LABELS[OTHER_MODEL]}, act)
        if message.text:
            _menu(message, [TEXT], act)
        _draw_versions(message, conversations)
        st.html(answer_footer.html(answer_footer.line(message, figures, message.quoted)), width="content")
    if more := beside_answer.line(message, figures, queries.ledger()):
        st.caption(more)


def _copy_button(text: str) -> str:
    """The text goes along, so that it is in the clipboard at once; `assets/copy.js` does it."""
    copied = escape(text) if len(text) <= MOST_COPIED else ""
    names = 'class="ll-icon-button ll-copy" aria-label="Copy" title="Copy"'
    return f'<button type="button" {names} data-copy="{copied}"></button>'


def _draw_retry(message: Message, labels: Mapping[str, str], act: Act) -> None:
    key = f"again_{message.id}"
    st.menu_button(
        "Ask again",
        list(labels),
        format_func=lambda action: labels.get(action, action),
        key=key,
        icon=":material/refresh:",
        type="tertiary",
        help="Ask again, also another model",
        on_click=lambda: act(st.session_state[key], message.id),
    )


def draw_to_read(message: Message, thumbnails: Mapping[int, bytes]) -> None:
    """A message of somebody else's, with nothing to press."""
    person = message.role == "user"
    with st.chat_message("user" if person else "assistant", avatar=PERSON if person else MODEL):
        if not person:
            draw_body(message)
            st.caption(formatting.plain((message.model or "").partition("/")[2]))
            return
        _draw_files(message, thumbnails)
        if message.text:
            st.markdown(from_person(message.text))


def draw_body(message: Message) -> None:
    """Thoughts, text and what went wrong."""
    live_answer.draw_reasoning(message.reasoning)
    if message.text:
        live_answer.draw_text(message.text)
        beside_answer.draw_sources(message)
    if message.error:
        st.error(formatting.plain(message.error), icon=":material/error:")


def _menu(message: Message, actions: Sequence[str], act: Act) -> None:
    key = f"menu_{message.id}"
    st.menu_button(
        "More",
        actions,
        format_func=lambda action: LABELS.get(action, action),
        key=key,
        icon=":material/more_horiz:",
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
                icon=":material/chevron_left:" if step < 0 else ":material/chevron_right:",
                type="tertiary",
                help=f"{name} version",
                disabled=not there,
                on_click=conversations.choose,
                args=(message.versions[at + step] if there else message.id,),
            )


def _draw_files(message: Message, small: Mapping[int, bytes]) -> None:
    with st.container(horizontal=True, gap="small"):
        for file in message.files:
            if picture := small.get(file.id):
                st.image(picture, width=160, caption=formatting.plain(file.name), alt=formatting.visible(file.name))
            else:
                size = f"{max(1, file.size // 1000):,} kB"
                st.badge(f"{formatting.plain(file.name)} · {size}", icon=":material/draft:", color="gray")
