"""Talking to models, and seeing what it costs."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from llmtrack.ledger.periods import zone
from llmtrack.settings import get_settings
from pages.components.chat import (
    actions,
    answer_footer,
    comforts,
    comparison,
    composer,
    confirm_cost,
    conversation_list,
    cost_estimate,
    dialogs,
    in_flight,
    messages,
    model_picker,
    presets,
    problems,
    titlebar,
)
from pages.components.chat import page as chat_page
from pages.components.chat.notes import model_switch_note
from pages.components.chat.options import folder, temporary
from pages.components.limits import own as own_limits
from pages.components.viewer import viewer

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from llmtrack.chat.conversations import Message
    from llmtrack.chat.cost_estimate import Quote
    from llmtrack.ledger.chats import Figures
    from pages.components.chat.page import ChatPage

SUGGESTIONS = (
    "What is a token? Give an example",
    "Write a short Python function with a test",
    "Compare three ways to cache, in a table",
)
SUGGESTED = "suggestion"


def main() -> None:
    """Draw the page: the bar below, the list at the side, and the conversation with its answers."""
    page = chat_page.load()
    model_picker.follow(page.catalog, page.conversation_id, page.conversation.model if page.conversation else None)
    if st.session_state.pop(actions.REFUSED, False):
        st.rerun()
    draft, price_place = composer.draw(
        page.catalog,
        page.conversation,
        page.preferences,
        page.ledger,
        partial(actions.resend_files, page),
        partial(actions.send_folder_files, page),
        partial(actions.submit, page),
    )
    send(page, draft)
    folder.draw_left_out(draft.models, page.folder_files)

    compared = comparison.compared(page.conversation) if page.conversation else []
    compared_figures = page.conversations.figures(compared)
    if is_decided(compared, compared_figures):
        compared = []
    st.set_page_config(layout="wide" if compared else "centered")

    now = datetime.now(zone(get_settings().timezone))
    conversation_list.draw(page.ledger, page.conversations, page.conversation_id, now)
    if page.conversation is not None:
        st.set_page_config(page_title=f"{page.conversation.title} · llmtrack")
    titlebar.draw_undo(page.conversations)
    draw_top(page, draft)
    if dialog := st.session_state.get(dialogs.WANTED):
        open_dialog(page, draft, *dialog)

    figures = page.read_figures()
    last = page.conversation.messages[-1] if page.conversation and page.conversation.messages else None
    latest = compared or ([last] if last else [])
    quotes = None
    if not any(message.in_flight for message in latest):
        # Before the messages: the page goes down to its end when they come, and that must not move afterwards.
        with price_place:
            quotes = draw_price(page, draft, figures)
            draw_room(page, draft)
    prices = cost_estimate.browser_prices(quotes) if quotes else None
    comforts.draw(viewer(), page.conversation_id, prices, confirm_cost.is_waiting(), partial(actions.obey, page))
    if page.conversation is None:
        return
    st.session_state[actions.SHOWN] = (page.conversation.id, page.conversation.head)
    draw_messages(page, page.conversation.messages[:-1] if compared else page.conversation.messages, figures, draft)
    draw_problem(page)
    growing: list[tuple[Message, DeltaGenerator]] = []
    if compared:
        growing = comparison.draw(compared, compared_figures, partial(actions.choose_answer, page))
    elif last is not None and last.in_flight:
        with st.chat_message("assistant", avatar=messages.MODEL):
            growing = [(last, st.container())]
            # As high as what will stand here, so that nothing moves when the answer ends.
            st.html(answer_footer.html(f"{(last.model or '').partition('/')[2]} · writing"))
    elif last is not None and last.trace_id and not figures.get(last.id) and in_flight.is_expected(last):
        in_flight.redraw_with_figures(page.conversations, last)
    if growing:
        in_flight.follow(page.conversations, page.conversation.id, growing, price_place)


def send(page: ChatPage, draft: composer.Draft) -> None:
    """Send what was not typed into the box just now: a suggestion, or a message whose cost has been confirmed."""
    if page.conversation_id is None and (suggestion := st.session_state.get(SUGGESTED)):
        draft = replace(draft, text=suggestion)
        st.session_state[SUGGESTED] = None
    draft = confirm_cost.confirmed() or draft
    if not draft.sent:
        return
    turn = actions.ask(page, draft, actions.last_shown(page))
    if turn is None:
        st.rerun()
    actions.enter(turn)
    page.open(turn.conversation_id)


def is_decided(compared: Sequence[Message], figures: Mapping[int, Figures]) -> bool:
    """Whether one of several answers was chosen: the conversation goes on with it."""
    chosen = st.session_state.get(actions.CHOSEN)
    return any(message.id == chosen for message in compared) or any(figure.score for figure in figures.values())


def draw_top(page: ChatPage, draft: composer.Draft) -> None:
    """The title of the conversation, or what stands in its place where there is none."""
    if page.conversation is not None:
        total = page.conversations.total(page.conversation.id)
        titlebar.draw(page.ledger, page.conversations, page.conversation, answer_footer.total(total))
        temporary.draw_notice(page.conversations, page.conversation)
    elif page.conversation_id is not None:
        st.warning("This conversation is not there: it was deleted, or it is somebody else's. Start a new one.")
        draw_problem(page)
    else:
        st.html('<h1 class="ll ll-hello">What would you like to know?</h1>')
        st.caption(model_picker.facts(draft.model, model_picker.prices(draft.model, page.ledger)))
        st.pills("Try one of these", SUGGESTIONS, key=SUGGESTED, label_visibility="collapsed")
        temporary.draw_switch()
        folder.draw_new_chat(page.conversations, temporary.wanted())
        draw_problem(page)


def open_dialog(page: ChatPage, draft: composer.Draft, action: str, message_id: int) -> None:
    """The dialog that was chosen in a menu."""
    message = page.conversation.message(message_id) if page.conversation else None
    if action == dialogs.PRESETS:
        presets.manage(page.catalog, page.preferences, draft.model, draft.parameters, page.conversation_id)
    elif action in (dialogs.RENAME, dialogs.MOVE) and (one := page.conversations.open(message_id)):
        (dialogs.rename if action == dialogs.RENAME else dialogs.move)(page.conversations, one)
    elif action == dialogs.FOLDER:
        folder.manage(page.conversations, actions.begin_in_folder)
    elif message and action == messages.EDIT:
        dialogs.edit(page.conversations, message, draft.model)
    elif message and action == messages.TEXT:
        dialogs.plain_text(message)
    else:
        dialogs.close()


def draw_price(page: ChatPage, draft: composer.Draft, figures: Mapping[int, Figures]) -> list[Quote]:
    """What the next message will cost, before a word of it is typed."""
    empty = replace(draft, text="", files=())
    quotes = cost_estimate.quotes(page.conversation, empty, page.ledger, page.catalog, figures, page.folder_files)
    cost_estimate.draw(quotes, partial(actions.take_hint, page))
    with st.bottom, st.container(key="ll_notes", gap=None):
        model_switch_note.draw(page.conversation, figures)
    return quotes


def draw_room(page: ChatPage, draft: composer.Draft) -> None:
    """What is left of the limits that the next message counts against."""
    own = own_limits.read(page.ledger, viewer(), feature="chat", model=draft.model.name)
    if own:
        now = time.time_ns() // 1000
        if not own_limits.draw_warning(own, now, least=own_limits.CHAT_FROM):
            st.caption(own_limits.room_line(own, now))


def draw_messages(
    page: ChatPage, branch: Sequence[Message], figures: Mapping[int, Figures], draft: composer.Draft
) -> None:
    """The messages of a branch that nobody is writing any more."""
    messages.let_wide_parts_scroll()
    act, judge = partial(actions.act, page), partial(actions.judge, page)
    for message in branch:
        if message.in_flight:
            continue
        if message.role == "user":
            messages.draw_person(message, page.conversations, act)
        else:
            retries = actions.retries(page, message, draft) if message is branch[-1] else None
            messages.draw_answer(message, page.conversations, figures.get(message.id), act, judge, retries)


def draw_problem(page: ChatPage) -> None:
    """What kept the last message from going out, near the box it was typed in."""
    confirm_cost.draw(page.conversation_id)
    problems.draw()


main()
