"""What the next message will cost: before it is typed for its history, with the draft, and how good the guess was.

`token_estimate` says of how many tokens it consists; whether they were counted or estimated, the quote says as well.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from llmtrack.chat.answers.prompt import File, Parameters
from llmtrack.chat.cheaper_models import Hint, hints
from llmtrack.chat.conversations.folders import NO_FILES, FittedFiles, fit
from llmtrack.chat.conversations.tree import Conversation
from llmtrack.chat.models.catalog import Catalog
from llmtrack.chat.models.model import Model
from llmtrack.chat.models.prices import cost_of
from llmtrack.chat.token_estimate import request_tokens, usual_output

if TYPE_CHECKING:
    from llmtrack.ledger.chats import Figures, FolderFile
    from llmtrack.pricing import Pricer

_STEP = 1_000
"""Tokens over which the price of further input is taken."""


@dataclass(frozen=True, slots=True)
class Quote:
    """What asking next would take. Money is US dollars; None where the model has no known price."""

    model: Model
    before: Decimal | None
    """What is paid before a word is typed: the system prompt, the history and the files that go along."""
    expected: Decimal | None
    """With the draft, and an answer of the usual length."""
    low: Decimal | None
    high: Decimal | None
    """With the longest answer allowed, and more input tokens than estimated."""
    input_tokens: int
    """All that would be sent, the draft included."""
    history_tokens: int
    """Of these, earlier messages with their files."""
    file_tokens: int
    """Of these, files: earlier ones and those of the draft."""
    draft_tokens: int
    output_tokens: int
    """Of the answer, as expected."""
    counted: bool
    """The history's tokens were counted by the model; otherwise they are estimated."""
    standing_tokens: int = 0
    """Of the input, what goes along whatever is typed: the system prompt, earlier messages, and files."""
    hints: tuple[Hint, ...] = ()
    input_rate: Decimal | None = None
    """For each further token of input."""
    folder: FittedFiles = NO_FILES
    """The files of the conversation's folder, as this model is sent them."""
    folder_cost: Decimal | None = None
    """Of `before`, what those files make."""

    @property
    def history_share(self) -> float | None:
        """The part of the input that is history, from 0 to 1; None where nothing would be sent."""
        return self.history_tokens / self.input_tokens if self.input_tokens else None

    @property
    def too_long(self) -> bool:
        """Whether this is more than the model can read, as far as that is known."""
        return self.model.context is not None and self.input_tokens > self.model.context

    @property
    def simulated(self) -> bool:
        """Whether this is the demo's stated price and no money."""
        return self.model.simulated


def quote(
    conversation: Conversation | None,
    model: Model,
    pricer: Pricer,
    *,
    draft: str = "",
    files: Sequence[File] = (),
    figures: Mapping[int, Figures] | None = None,
    parameters: Parameters | None = None,
    catalog: Catalog | None = None,
    folder_files: Sequence[FolderFile] = (),
) -> Quote:
    """What the next message of a conversation would cost on `model`.

    `figures` are those of the conversation's answers (`Conversations.figures`), `folder_files` those that go along
    with its messages (`Conversations.files_beside`); with a `catalog`, cheaper ways are looked for. Takes a few
    milliseconds, so it can be asked at every keystroke that reaches the server.
    """
    from llmtrack.pricing import Usage
    from llmtrack.pricing.forecast import HIGH, LOW, MOST_OUTPUT

    parameters = parameters or (conversation.parameters if conversation else Parameters())
    figures = figures or {}
    folder = fit(folder_files, model)
    tokens = request_tokens(conversation, model, draft, files, parameters, figures, folder)
    most = parameters.max_tokens or MOST_OUTPUT
    usual = min(most, usual_output(conversation, figures))
    now = time.time_ns() // 1000
    spread = (1.0, 1.0) if tokens.counted else (LOW, HIGH)

    def cost(into: float, out: int) -> Decimal | None:
        return cost_of(model, Usage(input_tokens=math.ceil(into), output_tokens=out), pricer, now)

    expected, longer = cost(tokens.all, usual), cost(tokens.all + _STEP, usual)
    before, without_folder = cost(tokens.before, 0), cost(tokens.before - tokens.folder, 0)
    return Quote(
        model=model,
        before=before,
        expected=expected,
        low=cost(tokens.all * spread[0], min(1, most)),
        high=cost(tokens.all * spread[1], most),
        input_tokens=tokens.all,
        history_tokens=tokens.history,
        file_tokens=tokens.earlier_files + tokens.draft_files,
        draft_tokens=tokens.draft,
        output_tokens=usual,
        counted=tokens.counted,
        standing_tokens=tokens.system + tokens.folder + tokens.history,
        hints=hints(model, tokens, usual, expected, pricer, catalog, now),
        input_rate=None if expected is None or longer is None else (longer - expected) / _STEP,
        folder=folder,
        folder_cost=None if before is None or without_folder is None else before - without_folder,
    )


def deviation(quoted: Decimal | None, actual: Decimal | None) -> float | None:
    """By which part of the actual cost a quote was too high (above 0) or too low; None where either is not known."""
    if quoted is None or not actual:
        return None
    return float((quoted - actual) / actual)
