"""What a person does on the chat page: sends, judges, chooses, asks again. Called by the page and its callbacks."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from llmtrack.chat.cheaper_models import Hint
from llmtrack.chat.conversations import Turn
from llmtrack.chat.cost_estimate import Quote
from pages.components.chat import (
    composer,
    confirm_cost,
    conversation_list,
    cost_estimate,
    dialogs,
    messages,
    model_picker,
    titlebar,
)
from pages.components.chat.page import ChatPage
from pages.components.chat.problems import attempt, note_unsent_files

REFUSED = "chat_refused"
"""The message just submitted could not be sent: the page is drawn anew, with what was typed back in the box."""
CHOSEN = "chat_better"
"""The answer last chosen from several."""
SHOWN = "chat_shown"
"""The conversation this tab shows, and the last message of it that is on the page."""


def act(page: ChatPage, action: str, message_id: int) -> None:
    """Do what was chosen in a message's menu."""
    if action == messages.CONTINUE:
        attempt(page.conversations.go_on, message_id)
    elif action == messages.REGENERATE:
        attempt(page.conversations.regenerate, message_id)
    elif action == messages.OTHER_MODEL:
        model = page.catalog.find(st.session_state[model_picker.CHOSEN])
        attempt(page.conversations.regenerate, message_id, model)
    else:
        dialogs.want(action, message_id)


def judge(page: ChatPage, message_id: int, score: int, comment: str | None) -> None:
    """Keep what a person thinks of an answer: a thumb, and why."""
    attempt(page.conversations.judge, message_id, score, comment)


def choose_answer(page: ChatPage, message_id: int, answers: Sequence[int]) -> None:
    """Go on with the best of several answers and its model, and keep the vote."""
    st.session_state[CHOSEN] = message_id
    attempt(page.conversations.choose, message_id)
    winner = page.conversation.message(message_id) if page.conversation else None
    if winner and winner.model:
        composer.stop_comparing()
        attempt(choose_model, page, winner.model)
    for answer in answers:
        attempt(page.conversations.judge, answer, 1 if answer == message_id else -1, "compared with other models")


def choose_model(page: ChatPage, key: str) -> None:
    """Ask the model ``provider/name`` from now on. Raises `ChatError` for one that cannot be chosen."""
    model_picker.choose(page.catalog.find(key))


def last_shown(page: ChatPage) -> int | None:
    """The last message this tab has shown: what another tab has added since is none of what is answered here."""
    conversation = page.conversation
    if conversation is None:
        return None
    conversation_id, message_id = st.session_state.get(SHOWN, (None, None))
    return message_id if conversation_id == conversation.id else conversation.head


def submit(page: ChatPage) -> None:
    """Enter was pressed: keep the message and ask before anything is drawn, so that a tab that closes loses nothing.

    Streamlit ends a closed tab's run where it next reads the state or draws. So the state is read first, in one go;
    from then until the message is kept there is no such place.
    """
    draft, after = composer.submitted(page.catalog, page.conversation), last_shown(page)
    if draft is None or (draft.files and confirm_cost.hold(draft, quotes(page, draft), page.conversation_id)):
        return
    if turn := ask(page, draft, after):
        enter(turn)
    else:
        st.session_state[REFUSED] = True


def enter(turn: Turn) -> None:
    """Show the conversation in which something was just asked."""
    conversation_list.show(turn.conversation_id)
    model_picker.keep(turn.conversation_id)


def ask(page: ChatPage, draft: composer.Draft, after: int | None) -> Turn | None:
    """Keep the message after the one with id `after` and ask whoever is to answer; None where it cannot be sent."""
    conversation_id = page.conversation.id if page.conversation else None
    expected = {}
    if is_quoted(page, draft):
        expected = {quote.model.key: quote.expected for quote in quotes(page, draft) if quote.expected}
    if draft.others:
        turn = attempt(
            page.conversations.compare,
            draft.text,
            draft.models,
            conversation_id=conversation_id,
            after=after,
            parameters=draft.parameters,
            files=draft.files,
            quoted=expected,
        )
    else:
        turn = attempt(
            page.conversations.send,
            draft.text,
            draft.model,
            conversation_id=conversation_id,
            after=after,
            parameters=draft.parameters,
            files=draft.files,
            quoted=expected.get(draft.model.key),
        )
    st.session_state.pop(titlebar.DELETED, None)  # whoever goes on has no wish to undo
    if turn is None:  # what was typed goes back into the box
        st.session_state[composer.BACK] = draft.text
        note_unsent_files([file.name for file in draft.files])
    return turn


def quotes(page: ChatPage, draft: composer.Draft) -> list[Quote]:
    """What a message is expected to cost, from each model that is to answer."""
    figures = page.conversations.figures(page.conversation.messages) if page.conversation else {}
    return cost_estimate.quotes(page.conversation, draft, page.ledger, None, figures)


def is_quoted(page: ChatPage, draft: composer.Draft) -> bool:
    """Whether the page says beforehand what the next message will cost: before the first one there is little to say."""
    first = not (page.conversation and page.conversation.messages)
    return not first or bool(draft.others or draft.files) or draft.parameters.system is not None


def take_hint(page: ChatPage, hint: Hint) -> None:
    """Take the cheaper way that was pressed."""
    if hint.kind == "start_afresh":
        conversation_list.show(None)
    elif hint.kind == "drop_files":
        resend_files(page, False)
    elif hint.model is not None:
        attempt(choose_model, page, hint.model)


def resend_files(page: ChatPage, resend: bool) -> None:
    """Set whether files of earlier messages go along with each new one."""
    if page.conversation:
        model = page.catalog.find(st.session_state[model_picker.CHOSEN])
        attempt(page.conversations.configure, page.conversation.id, model, page.conversation.parameters, resend)
