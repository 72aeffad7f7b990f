"""Talking to models, and seeing what it costs."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from llmtrack.chat.answers import Reply
from llmtrack.chat.cheaper_models import Hint
from llmtrack.chat.conversations import Conversation, Conversations, Message, Turn, reply_to
from llmtrack.chat.cost_estimate import Quote
from llmtrack.chat.error_messages import ChatError
from llmtrack.chat.models import get_catalog
from llmtrack.chat.preferences import Preferences
from llmtrack.ledger.periods import zone
from llmtrack.settings import get_settings
from pages.components import formatting, queries
from pages.components.chat import (
    answer_footer,
    comparison,
    composer,
    confirm_cost,
    conversation_list,
    cost_estimate,
    dialogs,
    live_answer,
    messages,
    model_picker,
    presets,
    titlebar,
)
from pages.components.viewer import viewer

WATCH_SECONDS = 0.5
SUGGESTIONS = (
    "What is a token? Give an example",
    "Write a short Python function with a test",
    "Compare three ways to cache, in a table",
)
SUGGESTED = "suggestion"
PROBLEM = "chat_problem"
LOST = "chat_files_lost"
"""Names of the files that came with a message that could not be sent."""
REFUSED = "chat_refused"
"""The message just submitted could not be sent: the page is drawn anew, with what was typed back in the box."""
CHOSEN = "chat_better"
SHOWN = "chat_shown"
"""The conversation this tab shows, and the last message of it that is on the page."""


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
    live_answer.draw_text(found.text)
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
        attempt(room.regenerate, message_id, catalog.find(st.session_state[model_picker.CHOSEN]))
    else:
        dialogs.want(action, message_id)


def judge(message_id: int, score: int, comment: str | None) -> None:
    """Somebody pressed a thumb, or said why."""
    attempt(room.judge, message_id, score, comment)


def choose(message_id: int, answers: Sequence[int]) -> None:
    """The best of several answers: the conversation goes on with it and its model, and the vote is kept."""
    st.session_state[CHOSEN] = message_id
    attempt(room.choose, message_id)
    winner = conversation.message(message_id) if conversation else None
    if winner and winner.model:
        composer.stop_comparing()
        attempt(lambda: model_picker.choose(catalog.find(winner.model or "")))
    for answer in answers:
        attempt(room.judge, answer, 1 if answer == message_id else -1, "compared with other models")


def stop(growing: Sequence[tuple[Reply, DeltaGenerator]]) -> None:
    """Escape, or the button by that name."""
    for reply, _ in growing:
        reply.cancel()


def seen(conversation: Conversation) -> int | None:
    """The last message this tab has shown: what another tab has said since is none of what is answered here."""
    shown_in, head = st.session_state.get(SHOWN, (None, None))
    return head if shown_in == conversation.id else conversation.head


def submit() -> None:
    """Enter was pressed: keep the message and ask before anything is drawn, so that a tab that closes loses nothing.

    Streamlit ends a closed tab's run where it next reads the state or draws. So the state is read first, in one go;
    from then until the message is kept there is no such place.
    """
    draft, after = composer.submitted(catalog, conversation), seen(conversation) if conversation else None
    if draft is None or (draft.files and confirm_cost.hold(draft, quoted(draft), current)):
        return
    if turn := ask(draft, after):
        enter(turn)
    else:
        st.session_state[REFUSED] = True


def enter(turn: Turn) -> None:
    """Show the conversation in which something was just asked."""
    conversation_list.show(turn.conversation_id)
    model_picker.keep(turn.conversation_id)


def ask(draft: composer.Draft, after: int | None) -> Turn | None:
    """Keep the message after the one with id `after` and ask whoever is to answer; None where it cannot be sent."""
    more = {
        "conversation_id": conversation.id if conversation else None,
        "after": after,
        "parameters": draft.parameters,
        "files": draft.files,
    }
    told = {one.model.key: one.expected for one in quoted(draft) if one.expected} if is_quoted(draft) else {}
    if draft.others:
        turn = attempt(room.compare, draft.text, draft.models, quoted=told, **more)
    else:
        turn = attempt(room.send, draft.text, draft.model, quoted=told.get(draft.model.key), **more)
    st.session_state.pop(titlebar.DELETED, None)  # whoever goes on has no wish to undo
    if turn is None:  # what was typed goes back into the box
        st.session_state[composer.BACK] = draft.text
        st.session_state[LOST] = [file.name for file in draft.files]
    return turn


def quoted(draft: composer.Draft) -> list[Quote]:
    """What a message is expected to cost, from each model that is to answer."""
    known = room.figures(conversation.messages) if conversation else {}
    return cost_estimate.quotes(conversation, draft, ledger, None, known)


def is_quoted(draft: composer.Draft) -> bool:
    """Whether the page says beforehand what the next message will cost: before the first one there is little to say."""
    first = not (conversation and conversation.messages)
    return not first or bool(draft.others or draft.files) or draft.parameters.system is not None


def heed(hint: Hint) -> None:
    """Take the cheaper way that was pressed."""
    if hint.kind == "start_afresh":
        conversation_list.show(None)
    elif hint.kind == "drop_files":
        resend(False)
    elif hint.model is not None:
        attempt(lambda: model_picker.choose(catalog.find(hint.model or "")))


def resend(wanted: bool) -> None:
    """Whether files of earlier messages go along with each new one."""
    if conversation:
        chosen = catalog.find(st.session_state[model_picker.CHOSEN])
        attempt(room.configure, conversation.id, chosen, conversation.parameters, wanted)


def open_wanted(action: str, message_id: int) -> None:
    """The dialog that was chosen in a menu."""
    message = conversation.message(message_id) if conversation else None
    if action == dialogs.PRESETS:
        presets.manage(catalog, mine, draft.model, draft.parameters, current)
    elif conversation and action == dialogs.RENAME:
        dialogs.rename(room, conversation)
    elif message and action == messages.EDIT:
        dialogs.edit(room, message, draft.model)
    elif message and action == messages.TEXT:
        dialogs.plain_text(message)
    else:
        dialogs.close()


def draw(message: Message) -> None:
    """One message that nobody is writing any more."""
    if message.role == "user":
        messages.draw_person(message, room, act)
    else:
        messages.draw_answer(message, room, found.get(message.id), act, judge)


def draw_problem() -> None:
    """What kept the last message from going out, near the box it was typed in."""
    confirm_cost.draw(current)
    if problem := st.session_state.pop(PROBLEM, None):
        st.error(problem, icon=":material/error:")
        if lost := st.session_state.pop(LOST, None):
            names = formatting.plain(" and ".join(lost))
            st.caption(f"Nothing was sent. The message is in the box again; attach {names} anew.")


def follow(growing: Sequence[tuple[Message, DeltaGenerator]]) -> None:
    """Watch answers being written, here or by another process, and draw the page again when they have ended."""
    here = [(reply, place) for message, place in growing if (reply := reply_to(message.id))]
    if here:
        price_place.button(
            "Stop", icon=":material/stop_circle:", type="tertiary", shortcut="escape", on_click=stop, args=(here,)
        )
    for reply, _ in here:
        watch(reply)
    for message, place in growing:
        if not reply_to(message.id):
            with place:
                watch_elsewhere(message)
    if here:
        live_answer.follow(here)
        st.rerun()


me = viewer()
ledger = queries.ledger()
room = Conversations(ledger, me.id, me.team)
mine = Preferences(ledger, me.id)
catalog = get_catalog()
current = conversation_list.opened()
conversation = room.open(current) if current else None
model_picker.follow(catalog, current, conversation.model if conversation else None)

if st.session_state.pop(REFUSED, False):
    st.rerun()
draft, price_place = composer.draw(catalog, conversation, mine, ledger, resend, submit)
if current is None and (suggested := st.session_state.get(SUGGESTED)):
    draft = replace(draft, text=suggested)
    st.session_state[SUGGESTED] = None
if may_go := confirm_cost.released():
    draft = may_go
if draft.sent:
    turn = ask(draft, seen(conversation) if conversation else None)
    if turn is None:
        st.rerun()
    enter(turn)
    current = turn.conversation_id
    conversation = room.open(current)

together = comparison.compared(conversation) if conversation else []
beside = room.figures(together)
if any(one.id == st.session_state.get(CHOSEN) for one in together) or any(one.score for one in beside.values()):
    together = []  # one of them was chosen: the conversation goes on with it
st.set_page_config(layout="wide" if together else "centered")

conversation_list.draw(ledger, room, current, datetime.now(zone(get_settings().timezone)))
titlebar.draw_undo(room, attempt)
found = room.figures(conversation.messages) if conversation else {}
if current is not None and conversation is None:
    st.warning("This conversation is not there: it was deleted, or it is somebody else's. Start a new one.")
    draw_problem()
elif conversation is None:
    st.title("What would you like to know?", anchor=False)
    st.caption(model_picker.facts(draft.model, model_picker.prices(draft.model, ledger)))
    st.pills("Try one of these", SUGGESTIONS, key=SUGGESTED, label_visibility="collapsed")
    draw_problem()
else:
    titlebar.draw(room, conversation, answer_footer.total(room.total(conversation.id)), attempt)
if wanted := st.session_state.get(dialogs.WANTED):
    open_wanted(*wanted)

last = conversation.messages[-1] if conversation and conversation.messages else None
if not any(one.in_flight for one in together or (last,) if one) and is_quoted(draft):
    # Before the messages: the page goes down to its end when they come, and that must not move afterwards.
    asked = replace(draft, text="", files=())
    with price_place:
        cost_estimate.draw(cost_estimate.quotes(conversation, asked, ledger, catalog, found), heed)
if conversation is not None:
    messages.let_wide_parts_scroll()
    st.session_state[SHOWN] = (conversation.id, conversation.head)
    for message in conversation.messages[:-1] if together else conversation.messages:
        if not message.in_flight:
            draw(message)
    growing: list[tuple[Message, DeltaGenerator]] = []
    draw_problem()
    if together:
        growing = comparison.draw(together, beside, choose)
    elif last is not None and last.in_flight:
        with st.chat_message("assistant", avatar=messages.MODEL):
            growing = [(last, st.container())]
    if growing:
        follow(growing)
