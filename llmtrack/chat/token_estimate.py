"""How many tokens the next request will have: counted for the history where the model has counted it, else estimated.

Tokens of a history are known where the same model has just counted them: its last answer's input and output. What is
left is estimated as `llmtrack.pricing` estimates any request.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmtrack.chat.answers.file_tokens import file_tokens, pdf_pages
from llmtrack.chat.answers.prompt import File, Parameters
from llmtrack.chat.conversations.folders import NO_FILES, FittedFiles
from llmtrack.chat.conversations.tree import Conversation, Message
from llmtrack.chat.models.model import Model

if TYPE_CHECKING:
    from llmtrack.ledger.chats import Figures

_FRAME = 3  # tokens around a whole request


@dataclass(frozen=True, slots=True)
class RequestTokens:
    """Of what the input of the next request consists."""

    system: int
    history: int
    earlier_files: int
    """Part of `history`."""
    draft: int
    draft_files: int
    """Part of `draft`."""
    counted: bool
    folder: int = 0
    """Files of the conversation's folder; no part of `history`."""

    @property
    def before(self) -> int:
        """What is sent whatever is typed; files put to the draft go along already."""
        return _FRAME + self.system + self.folder + self.history + self.draft_files

    @property
    def all(self) -> int:
        """Everything sent."""
        return _FRAME + self.system + self.folder + self.history + self.draft


def request_tokens(
    conversation: Conversation | None, model: Model, draft: str, files: Sequence[File], parameters: Parameters,
    figures: Mapping[int, Figures], folder: FittedFiles = NO_FILES,
) -> RequestTokens:  # fmt: skip
    """The input of the next request of a conversation; `figures` are those of its answers, by message, and `folder`
    the files that go along with it."""
    from llmtrack.pricing.tokens import estimate_text, weights_for

    weights = weights_for(model.name)
    draft_files = sum(
        file_tokens(file.media_type, len(file.data), weights, pdf_pages(file.media_type, file.data)) for file in files
    )
    draft_tokens = math.ceil(estimate_text(draft, weights)) + draft_files
    if draft_tokens:
        draft_tokens += math.ceil(weights.message)
    system = math.ceil(estimate_text(parameters.system, weights) + weights.message) if parameters.system else 0
    messages = conversation.messages if conversation else ()
    earlier_files = 0
    if conversation is None or conversation.resend_files:
        files_of_history = [file for message in messages for file in message.files]
        earlier_files = sum(file_tokens(file.media_type, file.size, weights) for file in files_of_history)
    counted = _counted(messages, model, figures)
    if counted is not None:
        # What the model counted includes the system prompt and the folder's files, which are taken out again by our
        # estimate of them.
        went_along = messages[-1].folder_files
        history = max(0, counted - system - went_along.tokens - _FRAME)
    else:
        texts = [message.text for message in messages if message.text]
        history = math.ceil(sum(estimate_text(text, weights) + weights.message for text in texts)) + earlier_files
    same = counted is not None and messages[-1].folder_files.ids == tuple(file.id for file in folder.sent)
    return RequestTokens(
        system, history, min(earlier_files, history), draft_tokens, draft_files, counted=same, folder=folder.tokens
    )


def _counted(messages: Sequence[Message], model: Model, figures: Mapping[int, Figures]) -> int | None:
    """Tokens of the branch as this model has counted them: the last answer's input, and its text that joins it."""
    last = messages[-1] if messages else None
    if last is None or last.role != "assistant" or last.model != model.key or last.continues:
        return None
    usage = figures.get(last.id)
    if usage is None or usage.usage_estimated or usage.input_tokens is None or usage.output_tokens is None:
        return None
    return usage.input_tokens + usage.output_tokens - (usage.reasoning_tokens or 0)


def usual_output(conversation: Conversation | None, figures: Mapping[int, Figures]) -> int:
    """Tokens of an answer to expect: the average of this conversation's, else the usual."""
    from llmtrack.pricing.forecast import USUAL_OUTPUT

    messages = conversation.messages if conversation else ()
    outputs = [figures[message.id].output_tokens for message in messages if message.id in figures]
    lengths = [output for output in outputs if output]
    return round(sum(lengths) / len(lengths)) if lengths else USUAL_OUTPUT
