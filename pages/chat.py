"""Talking to models, and seeing what it costs."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import streamlit as st

from llmtrack.chat.branches import Message
from llmtrack.chat.catalog import get_catalog
from llmtrack.chat.conversations import Conversations, reply_to
from llmtrack.chat.replies import Reply
from llmtrack.chat.wording import ChatError
from llmtrack.ledger.periods import zone
from llmtrack.settings import get_settings
from pages.parts import composer, dialogs, figures, history, messages, numbers, picker, tail, titlebar
from pages.parts.viewer import viewer

WATCH_SECONDS = 0.5
SUGGESTIONS = (
    "What is a token? Give an example",
    "Write a short Python function with a test",
    "Compare three ways to cache, in a table",
)
PROBLEM = "chat_problem"


@st.fragment(run_every=WATCH_SECONDS)
def watch(reply: Reply) -> None:
    """After Stop nothing would draw the page again; this does, once the answer has ended."""
    if reply.done.is_set():
        st.rerun()


@st.fragment(run_every=WATCH_SECONDS)
def watch_elsewhere(message: Message) -> None:
    """An answer that another process writes: what it has come to, until it ends."""
    now = room.open(conversation.id)
    found = now.message(message.id) if now else None
    if found is None or not found.in_flight:
        st.rerun()
    tail.draw_text(found.text)
    st.markdown(":shimmer[Generating…]")


def attempt(work: Callable[..., Any], *args: Any, **more: Any) -> Any:
    """Do what a person asked for; where it cannot be done, the page says why."""
    try:
        return work(*args, **more)
    except ChatError as error:
        st.session_state[PROBLEM] = str(error)
        return None


def act(action: str, message_id: int) -> None:
    """One of the actions in a message's menu."""
    if action == messages.CONTINUE:
        attempt(room.go_on, message_id)
    elif action == messages.REGENERATE:
        attempt(room.regenerate, message_id)
    elif action == messages.OTHER_MODEL:
        attempt(room.regenerate, message_id, catalog.find(st.session_state[picker.CHOSEN]))
    else:
        st.session_state[dialogs.WANTED] = (action, message_id)


def judge(message_id: int, score: int) -> None:
    """Somebody pressed a thumb."""
    attempt(room.judge, message_id, score)


def open_wanted(action: str, message_id: int) -> None:
    """The dialog that was chosen in a message's menu."""
    message = conversation.message(message_id) if conversation else None
    if message is None:
        return
    if action == messages.EDIT:
        dialogs.edit(room, message, draft.model)
    elif action == messages.TEXT:
        dialogs.plain_text(message)


def draw(message: Message) -> None:
    """One message, also one that is still being written."""
    if message.role == "user":
        messages.draw_person(message, room, act)
    elif not message.in_flight:
        messages.draw_answer(message, room, found, act, judge)
    else:
        reply = reply_to(message.id)
        if reply is not None:
            watch(reply)
        with st.chat_message("assistant", avatar=messages.MODEL):
            if reply is None:
                watch_elsewhere(message)
                return
            tail.follow(reply)
        st.rerun()


me = viewer()
room = Conversations(numbers.ledger(), me.id)
catalog = get_catalog()
current = history.opened()
conversation = room.open(current) if current else None
picker.follow(catalog, current, conversation.model if conversation else None)

# The bar first: what was typed goes out before anything else is drawn.
draft = composer.draw(catalog, conversation)
if not draft.sent and conversation is None and current is None and (chosen := st.session_state.get("suggestion")):
    draft = composer.Draft(draft.model, draft.parameters, chosen)
if draft.sent:
    turn = attempt(
        room.send,
        draft.text,
        draft.model,
        conversation_id=conversation.id if conversation else None,
        after=conversation.head if conversation else None,
        parameters=draft.parameters,
        files=draft.files,
    )
    if turn:
        current = turn.conversation_id
        history.show(current)
        picker.keep(current)
        conversation = room.open(current)

history.draw(room, current, datetime.now(zone(get_settings().timezone)))
titlebar.draw_undo(room, attempt)
if current is not None and conversation is None:
    st.warning("This conversation is not there: it was deleted, or it is somebody else's. Start a new one.")
elif conversation is None:
    st.title("What would you like to know?", anchor=False)
    st.caption(picker.facts(draft.model))
    st.pills("Try one of these", SUGGESTIONS, key="suggestion", label_visibility="collapsed")
else:
    found = figures.of(conversation.messages, me.id)
    titlebar.draw(room, conversation, figures.total(found), attempt)
if problem := st.session_state.pop(PROBLEM, None):
    st.error(problem, icon=":material/error:")
    if draft.text:
        st.code(draft.text, language=None, wrap_lines=True, height=120 if len(draft.text) > 400 else "content")
if wanted := st.session_state.pop(dialogs.WANTED, None):
    open_wanted(*wanted)
if conversation is not None:
    for message in conversation.messages:
        draw(message)
