"""Asking models in a user's conversations; messages are stored before they are sent, answers while they are written."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from llmtrack.chat.answers import reply
from llmtrack.chat.answers.prompt import (
    File,
    Parameters,
    Prompt,
    PromptMessage,
    StandingFiles,
    can_search,
    check,
    check_message,
)
from llmtrack.chat.conversations import attachments
from llmtrack.chat.conversations.folders import fit, folder_name
from llmtrack.chat.conversations.persistence import line_of, register, reply_to, saver
from llmtrack.chat.conversations.store import GONE, ConversationStore
from llmtrack.chat.conversations.tree import Conversation, Message, next_id, settings_of, takes_folder_files
from llmtrack.chat.error_messages import ChatError
from llmtrack.chat.models.catalog import Catalog, get_catalog
from llmtrack.chat.models.model import Model
from llmtrack.ids import new_id

if TYPE_CHECKING:
    from llmtrack.chat.answers.reply import Reply
    from llmtrack.ledger.chats import FolderFile, Line, NewFile

MOST_COMPARED = 4
GO_ON = "Go on exactly where you stopped, without repeating anything."
"""What is asked for when an answer that was cut is to be continued."""
_TITLE_LENGTH = 60


@dataclass(frozen=True, slots=True)
class Beginning:
    """How a new conversation begins."""

    temporary: bool = False
    """Nothing of it is kept but the numbers."""
    folder: str | None = None
    """The folder it lies in from the start."""
    folder_files: bool | None = None
    """Whether the folder's files go along; None: unless it is temporary."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What was asked, and the answers now being written."""

    conversation_id: int
    message_id: int | None
    """The user's message; None where there is no new one (regenerate, go on)."""
    answers: tuple[int, ...]
    """Ids of the answers, in the order of the models asked."""
    replies: tuple[Reply, ...]

    @property
    def reply(self) -> Reply:
        """The first answer; the only one unless models are compared."""
        return self.replies[0]


class Conversations(ConversationStore):
    """The conversations of one user, and asking models in them."""

    def send(
        self,
        text: str,
        model: Model,
        *,
        conversation_id: int | None = None,
        after: int | None = None,
        parameters: Parameters | None = None,
        files: Sequence[File] = (),
        quoted: Decimal | None = None,
        web_search: bool = False,
        begin: Beginning = Beginning(),
    ) -> Turn:
        """Keeps a message and asks `model`; without `conversation_id` in a new conversation.

        `after` is the last message this page shows: where another tab went on meanwhile, this becomes a branch of its
        own. `quoted` is what the page said it would cost, kept to be held against what it did. `web_search` lets the
        provider search the web for it, at its price. `begin` is about a new conversation.
        Raises `ChatError` for what cannot be sent; nothing is kept then.
        """
        prices = {} if quoted is None else {model.key: quoted}
        more = {"web_search": True} if web_search else {}
        return self._ask(text, [model], conversation_id, after, parameters, files, more, prices, begin=begin)

    def compare(
        self,
        text: str,
        models: Sequence[Model],
        *,
        conversation_id: int | None = None,
        after: int | None = None,
        parameters: Parameters | None = None,
        files: Sequence[File] = (),
        quoted: Mapping[str, Decimal] | None = None,
        web_search: bool = False,
        begin: Beginning = Beginning(),
    ) -> Turn:
        """The same message to several models at once; their answers are versions of one turn, to `choose` from.

        `quoted` is what the page said each would cost, by ``provider/name``.
        """
        if not 2 <= len(models) <= MOST_COMPARED:
            raise ChatError(f"{len(models)} models cannot be compared: choose from 2 to {MOST_COMPARED}.")
        more = {"compared": True, **({"web_search": True} if web_search else {})}
        return self._ask(text, models, conversation_id, after, parameters, files, more, quoted, begin=begin)

    def edit(self, message_id: int, text: str, model: Model | None = None) -> Turn:
        """A new version of a message of the user's, with its files, as a branch of its own."""
        chat, message = self._message(message_id)
        if message.role != "user":
            raise ChatError("An answer cannot be edited: edit the message before it, or ask again.")
        files = self._files(message)
        chosen = model or self._model_of(chat)
        return self._ask(text, [chosen], chat.id, message.parent_id, None, files, {}, branch=True)

    def regenerate(self, message_id: int, model: Model | None = None, *, max_tokens: int | None = None) -> Turn:
        """Another answer to the same message, from the same model or another one; also the way to retry.

        `max_tokens`: no longer than that, this once.
        """
        chat, message = self._message(message_id)
        question = chat.message(message.parent_id) if message.role == "assistant" and message.parent_id else message
        while question is not None and question.role == "assistant":  # a continued answer: ask the message before it
            question = chat.message(question.parent_id) if question.parent_id else None
        if question is None:
            raise ChatError("There is no message to answer: write one first.")
        chosen = model or self._find(message.model) or self._model_of(chat)
        again = message.web_search and can_search(chosen)
        if again:
            self._check_web_search()
        prompt = self._prompt(chat, chat.up_to(question.id), chosen, web_search=again)
        if max_tokens is not None:
            prompt = replace(prompt, parameters=replace(prompt.parameters, max_tokens=max_tokens))
        check(prompt)
        more = {"web_search": True} if again else {}
        return self._begin(chat.id, [], {}, [(prompt, next_id(question.id), question.id)], more)

    retry = regenerate

    def go_on(self, message_id: int) -> Turn:
        """Continues an answer that was cut by length, as a message of its own after it."""
        chat, message = self._message(message_id)
        if message.role != "assistant" or not message.text:
            raise ChatError("There is nothing to go on with here: ask again instead.")
        model = self._find(message.model) or self._model_of(chat)
        prompt = self._prompt(chat, chat.up_to(message_id), model, PromptMessage("user", GO_ON))
        check(prompt)
        return self._begin(chat.id, [], {}, [(prompt, next_id(message_id), message_id)], {"continues": True})

    def keep(self, conversation_id: int) -> None:
        """Puts a temporary conversation among the others, with all that is in it."""
        chat = self._opened(conversation_id)
        first = next((message for message in chat.messages if message.role == "user"), None)
        if any(message.in_flight for message in chat.everything):
            raise ChatError("An answer is still being written: wait for its end, or stop it.")
        if not self._chats.keep(conversation_id, title_of(first.text) if first else "New conversation"):
            raise ChatError(GONE)

    def _ask(
        self, text: str, models: Sequence[Model], conversation_id: int | None, after: int | None,
        parameters: Parameters | None, files: Sequence[File], more: Mapping[str, Any],
        quoted: Mapping[str, Decimal] | None = None, *, branch: bool = False, begin: Beginning = Beginning(),
    ) -> Turn:  # fmt: skip
        from llmtrack.ledger.chats import Line

        if more.get("web_search"):
            self._check_web_search()
        check_message(PromptMessage("user", text, tuple(files)))
        files = attachments.as_they_are(files)
        message = PromptMessage("user", text, files)
        chat = None
        if conversation_id is not None:
            chat = self._opened(conversation_id)
            after = after if after is not None or branch else chat.head
        before = chat.up_to(after) if chat else ()
        chosen = parameters if parameters is not None else chat.parameters if chat else Parameters()
        beside = self.files_beside(chat, begin)
        prompts = []
        for model in models:
            searching = bool(more.get("web_search"))
            prompt = self._prompt(chat, before, model, message, chosen, web_search=searching, beside=beside)
            check(prompt)
            prompts.append(prompt)
        stored_files = attachments.to_keep(files)
        others = (chat.resend_files, chat.folder_files) if chat else (True, begin.folder_files)
        settings = settings_of(models[0].key, chosen, *others)
        if conversation_id is None:
            conversation_id = new_id()
            folder = folder_name(begin.folder)
            if begin.temporary:
                self._chats.begin_temporary(conversation_id, settings, folder)
            else:
                self._chats.create(conversation_id, title_of(text, files), settings, folder)
            session = str(conversation_id)
            prompts = [replace(prompt, session_id=session, temporary=begin.temporary) for prompt in prompts]
        elif chat and settings != settings_of(chat.model, chat.parameters, *others):
            self._chats.change(conversation_id, settings=settings)
        question = Line(next_id(after or 0), after, "user", [{"type": "text", "content": text}] if text else [])
        ids = list(accumulate(prompts, lambda last, _: next_id(last), initial=question.id))[1:]
        requests = [(prompt, id, question.id) for prompt, id in zip(prompts, ids, strict=True)]
        return self._begin(
            conversation_id, [question], {question.id: stored_files} if stored_files else {}, requests, more, quoted
        )

    def _begin(
        self, conversation_id: int, lines: Sequence[Line], files: dict[int, list[NewFile]],
        requests: Sequence[tuple[Prompt, int, int]], more: Mapping[str, Any],
        quoted: Mapping[str, Decimal] | None = None,
    ) -> Turn:  # fmt: skip
        """Keeps the messages, then asks: what was typed is safe before anything is sent."""

        def meta(prompt: Prompt) -> Mapping[str, Any]:
            price = (quoted or {}).get(prompt.model.key)
            return more if price is None else {**more, "quoted": str(price)}

        placeholders = [line_of(prompt, id, parent, None, meta(prompt)) for prompt, id, parent in requests]
        # The first model asked is the one shown last; the others are versions beside it.
        new = [*lines, *reversed(placeholders)]
        if not self._chats.append(conversation_id, new, files):
            raise ChatError(GONE)
        started = []
        for prompt, id, parent in requests:
            save = saver(self._chats, id, parent, meta(prompt))
            started.append(reply.start(prompt, save, partial(register, id)))
        question = lines[0].id if lines else None
        return Turn(conversation_id, question, tuple(id for _, id, _ in requests), tuple(started))

    def _prompt(
        self, chat: Conversation | None, before: Sequence[Message], model: Model, message: PromptMessage | None = None,
        parameters: Parameters | None = None, *, web_search: bool = False,
        beside: Sequence[FolderFile] | None = None,
    ) -> Prompt:  # fmt: skip
        standing = self._standing(self.files_beside(chat) if beside is None else beside, model)
        resend = chat.resend_files if chat else True
        file_ids = [file.id for message in before for file in message.files] if resend else []
        contents = self._chats.contents(file_ids) if file_ids else {}
        history = attachments.history(before, contents)
        return Prompt(
            model,
            tuple([*history, message] if message else history),
            parameters if parameters is not None else chat.parameters if chat else Parameters(),
            self.user_id,
            str(chat.id) if chat else None,
            uuid.uuid4().hex,
            self.group,
            chat.temporary if chat else False,
            web_search,
            # A conversation that has an answer goes on more often than not; a file is asked about more than once.
            reuse=bool(before) or bool(message and message.files) or bool(standing.files),
            previous_id=_previous_id(before, model),
            standing=standing,
        )

    def files_beside(self, chat: Conversation | None, begin: Beginning = Beginning()) -> Sequence[FolderFile]:
        """The files of the folder that go along with each message of a conversation, or of one about to begin."""
        folder = chat.folder if chat else folder_name(begin.folder)
        takes = chat.takes_folder_files if chat else takes_folder_files(folder, begin.folder_files, begin.temporary)
        return self.folder_files.list(folder) if folder and takes else ()

    def _standing(self, files: Sequence[FolderFile], model: Model) -> StandingFiles:
        fitted = fit(files, model)
        contents = self.folder_files.contents(fitted.sent)
        sent = [file for file in fitted.sent if file.id in contents]
        return StandingFiles(
            tuple(File(file.name, file.media_type, contents[file.id]) for file in sent),
            tuple(file.id for file in sent),
            fitted.left_out,
            fitted.tokens,
        )

    def _check_web_search(self) -> None:
        from llmtrack.ledger.people import may_search_the_web

        if not may_search_the_web(self._ledger, self.group):
            raise ChatError(f"The team {self.group!r} may not search the web: switch that off, or ask an admin.")

    def _files(self, message: Message) -> list[File]:
        contents = self._chats.contents([file.id for file in message.files])
        return [File(file.name, file.media_type, contents[file.id]) for file in message.files if file.id in contents]

    def _find(self, key: str | None) -> Model | None:
        try:
            return get_catalog().find(key) if key else None
        except ChatError:
            return None  # its provider is no longer set up

    def _model_of(self, chat: Conversation) -> Model:
        catalog: Catalog = get_catalog()
        return self._find(chat.model) or catalog.default()


def _previous_id(before: Sequence[Message], model: Model) -> str | None:
    """The id that the same provider gave the answer before."""
    last = next((message for message in reversed(before) if message.role == "assistant"), None)
    same = last is not None and (last.model or "").partition("/")[0] == model.provider
    return last.response_id if last and same else None


def title_of(text: str, files: Sequence[File] = ()) -> str:
    """A title made from the first message: its first line, cut between words."""
    line = next((" ".join(line.split()).lstrip("#*->` ") for line in text.splitlines() if line.strip()), "")
    line = line or (files[0].name if files else "New conversation")
    if len(line) <= _TITLE_LENGTH:
        return line
    cut = line[:_TITLE_LENGTH].rsplit(" ", 1)[0] if " " in line[:_TITLE_LENGTH] else line[:_TITLE_LENGTH]
    return cut.rstrip(" ,.;:") + "…"


__all__ = ["Conversation", "Conversations", "Message", "Turn", "reply_to", "title_of"]
