"""What a person does on the chat page: sends, judges, chooses, asks again. Called by the page and its callbacks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import streamlit as st

from llmtrack.chat.cheaper_models import Hint
from llmtrack.chat.conversations import Conversation, Message, Turn
from llmtrack.chat.cost_estimate import Quote
from llmtrack.chat.error_messages import ChatError
from pages.components import formatting
from pages.components.chat import (
    comforts,
    composer,
    confirm_cost,
    conversation_list,
    cost_estimate,
    dialogs,
    messages,
    model_picker,
    titlebar,
)
from pages.components.chat.options import folder, pasted, web_search
from pages.components.chat.page import ChatPage, beginning
from pages.components.chat.problems import attempt, note_unsent_files

REFUSED = "chat_refused"
"""The message just submitted could not be sent: the page is drawn anew, with what was typed back in the box."""
MOST_RETRIES = 5
"""Models offered to ask again."""
CHOSEN = "chat_better"
"""The answer last chosen from several."""
GIVE_WAY_SECONDS = 0.03
"""Before the page is drawn: drawing keeps the interpreter busy, and the request would wait for it again and again."""
SHOWN = "chat_shown"
"""The conversation this tab shows, and the last message of it that is on the page."""


def act(page: ChatPage, action: str, message_id: int) -> None:
    """Do what was chosen in a message's menu."""
    if action == messages.CONTINUE:
        attempt(page.conversations.go_on, message_id)
    elif action == messages.REGENERATE:
        attempt(page.conversations.regenerate, message_id)
    elif action.startswith(messages.OTHER_MODEL):
        attempt(ask_again, page, message_id, action.partition(":")[2] or st.session_state[model_picker.CHOSEN])
    else:
        dialogs.want(action, message_id)


def ask_again(page: ChatPage, message_id: int, model: str) -> None:
    """Another answer to the same message, of the model ``provider/name``."""
    page.conversations.regenerate(message_id, page.catalog.find(model))


def retries(page: ChatPage, message: Message, draft: composer.Draft) -> dict[str, str]:
    """The ways to ask for an answer again, the first of its own model, each with what it is expected to cost."""
    if page.conversation is None:
        return {}
    question = page.conversation.message(message.parent_id) if message.parent_id else None
    if question is None or question.role != "user":
        return {messages.REGENERATE: messages.LABELS[messages.REGENERATE]}
    before = replace(page.conversation, messages=page.conversation.up_to(question.parent_id))
    keys = dict.fromkeys([message.model or "", draft.model.key, *page.preferences.favourites])
    labels = {}
    for key in list(keys)[:MOST_RETRIES]:
        with suppress(ChatError):
            model = page.catalog.find(key)
            if model.needs is None:
                again = replace(draft, model=model, others=(), text=question.text, files=())
                cost = cost_estimate.quotes(before, again, page.ledger, None, {}, page.folder_files)[0].expected
                price = "price unknown" if cost is None else f"≈ {formatting.usd(cost)}"
                name = "Ask again" if key == message.model else f"Ask {formatting.plain(model.name)}"
                action = messages.REGENERATE if key == message.model else f"{messages.OTHER_MODEL}:{key}"
                icon = "refresh" if key == message.model else "swap_horiz"
                labels[action] = f":material/{icon}: {name} · {formatting.plain(price)}"
    return labels or {messages.REGENERATE: messages.LABELS[messages.REGENERATE]}


def obey(page: ChatPage, command: Mapping[str, Any]) -> None:
    """Do what a person did in the browser's own part: the list of models, the menu of a row, a key."""
    if command.get("kind") == "model":
        model_picker.take(page.catalog, str(command.get("model")))
    elif command.get("kind") == "edit":
        branch = page.conversation.messages if page.conversation else ()
        if own := [message.id for message in branch if message.role == "user"]:
            dialogs.want(messages.EDIT, own[-1])
    elif command.get("kind") == "row" and isinstance(name := command.get("folder"), str):
        folder.manage_later(name) if command.get("action") == "files" else begin_in_folder(name)
    elif command.get("kind") == "row" and str(command.get("id")).isdigit():
        titlebar.act_on(page.conversations, int(command["id"]), str(command.get("action")))


def begin_in_folder(name: str) -> None:
    """The page of a new chat that will lie in a folder."""
    conversation_list.show(None)
    folder.begin_in(name)


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
        web_search.sent()
        enter(turn)
    else:
        st.session_state[REFUSED] = True


def enter(turn: Turn) -> None:
    """Show the conversation in which something was just asked, once the requests have had time to go out."""
    conversation_list.show(turn.conversation_id)
    model_picker.keep(turn.conversation_id)
    turn.reply.wait_change(timeout=GIVE_WAY_SECONDS)


def ask(page: ChatPage, draft: composer.Draft, after: int | None) -> Turn | None:
    """Keep the message after the one with id `after` and ask whoever is to answer; None where it cannot be sent."""
    conversation_id = page.conversation.id if page.conversation else None
    expected = {}
    if is_quoted(page, draft):
        expected = {quote.model.key: quote.expected for quote in quotes(page, draft) if quote.expected}
    search = web_search.wanted(page.ledger, draft.models)
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
            web_search=search,
            begin=beginning(),
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
            web_search=search,
            begin=beginning(),
        )
    st.session_state.pop(titlebar.DELETED, None)  # whoever goes on has no wish to undo
    if turn is None:  # what was typed goes back into the box
        comforts.note_refused()
        st.session_state[composer.BACK] = pasted.as_typed(draft.text, draft.files)
        note_unsent_files([file.name for file in draft.files])
    else:
        comforts.note_sent(conversation_id, turn.message_id)
    return turn


def quotes(page: ChatPage, draft: composer.Draft) -> list[Quote]:
    """What a message is expected to cost, from each model that is to answer."""
    figures = page.read_figures()  # those that the page was drawn with: its price is the one that was told
    return cost_estimate.quotes(page.conversation, draft, page.ledger, None, figures, page.folder_files)


def is_quoted(page: ChatPage, draft: composer.Draft) -> bool:
    """Whether the page says beforehand what the next message will cost: before the first one there is little to say."""
    first = not (page.conversation and page.conversation.messages)
    return not first or bool(draft.others or draft.files or page.folder_files) or draft.parameters.system is not None


def take_hint(page: ChatPage, hint: Hint) -> None:
    """Take the cheaper way that was pressed."""
    if hint.kind == "start_afresh":
        conversation_list.show(None)
    elif hint.kind == "drop_files":
        resend_files(page, False)
    elif hint.kind == "drop_folder":
        if page.conversation:
            send_folder_files(page, False)
    elif hint.model is not None:
        attempt(choose_model, page, hint.model)


def resend_files(page: ChatPage, resend: bool) -> None:
    """Set whether files of earlier messages go along with each new one."""
    if page.conversation:
        _configure(page, page.conversation, resend, page.conversation.folder_files)


def send_folder_files(page: ChatPage, along: bool) -> None:
    """Set whether the files of the folder go along with each new message."""
    if page.conversation:
        _configure(page, page.conversation, page.conversation.resend_files, along)


def _configure(page: ChatPage, conversation: Conversation, resend: bool, along: bool | None) -> None:
    model = page.catalog.find(st.session_state[model_picker.CHOSEN])
    attempt(page.conversations.configure, conversation.id, model, conversation.parameters, resend, along)
