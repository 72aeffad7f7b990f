"""What the next message will cost: before it is typed for its history, with the draft, and how good the guess was.

Tokens of a history are known where the same model has just counted them: its last answer's input and output. What is
left is estimated as `llmtrack.pricing` estimates any request, and the quote says so.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

from llmtrack.chat.answers.prompt import File, Parameters
from llmtrack.chat.cheaper_models import Hint, hints
from llmtrack.chat.conversations.tree import Conversation, Message
from llmtrack.chat.models.catalog import Catalog, Model
from llmtrack.chat.models.prices import cost_of

if TYPE_CHECKING:
    from llmtrack.ledger.chats import Figures
    from llmtrack.pricing import Pricer
    from llmtrack.pricing.tokens import Weights

_FRAME = 3  # tokens around a whole request
_PDF_PAGE = 2_000  # tokens; providers state 1,500 to 3,000 a page
_BYTES_PER_PDF_PAGE = 50_000  # where the pages cannot be counted
_BYTES_PER_TOKEN = 4  # of a text file


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
    """Of the input, what goes along whatever is typed: the system prompt, earlier messages and their files."""
    hints: tuple[Hint, ...] = ()

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


@dataclass(frozen=True, slots=True)
class QuoteRecord:
    """How good quotes were: of so many that could be held against a cost, so many were close to it."""

    CLOSE: ClassVar[float] = 0.2
    """The part by which a close one is off at most."""

    quotes: int
    close: int


@dataclass(frozen=True, slots=True)
class Tokens:
    """Of what the input of the next request consists."""

    system: int
    history: int
    earlier_files: int
    """Part of `history`."""
    draft: int
    draft_files: int
    """Part of `draft`."""
    counted: bool

    @property
    def before(self) -> int:
        """What is sent whatever is typed; files put to the draft go along already."""
        return _FRAME + self.system + self.history + self.draft_files

    @property
    def all(self) -> int:
        """Everything sent."""
        return _FRAME + self.system + self.history + self.draft


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
) -> Quote:
    """What the next message of a conversation would cost on `model`.

    `figures` are those of the conversation's answers (`Conversations.figures`); with a `catalog`, cheaper ways are
    looked for. Takes a few milliseconds, so it can be asked at every keystroke that reaches the server.
    """
    from llmtrack.pricing import Usage
    from llmtrack.pricing.forecast import HIGH, LOW, MOST_OUTPUT

    wanted = parameters or (conversation.parameters if conversation else Parameters())
    known = figures or {}
    tokens = _tokens(conversation, model, draft, files, wanted, known)
    most = wanted.max_tokens or MOST_OUTPUT
    usual = min(most, _usual_output(conversation, known))
    now = time.time_ns() // 1000
    spread = (1.0, 1.0) if tokens.counted else (LOW, HIGH)

    def cost(into: float, out: int) -> Decimal | None:
        return cost_of(model, Usage(input_tokens=math.ceil(into), output_tokens=out), pricer, now)

    expected = cost(tokens.all, usual)
    return Quote(
        model=model,
        before=cost(tokens.before, 0),
        expected=expected,
        low=cost(tokens.all * spread[0], min(1, most)),
        high=cost(tokens.all * spread[1], most),
        input_tokens=tokens.all,
        history_tokens=tokens.history,
        file_tokens=tokens.earlier_files + tokens.draft_files,
        draft_tokens=tokens.draft,
        output_tokens=usual,
        counted=tokens.counted,
        standing_tokens=tokens.system + tokens.history,
        hints=hints(model, tokens, usual, expected, pricer, catalog, now),
    )


def deviation(quoted: Decimal | None, actual: Decimal | None) -> float | None:
    """By which part of the actual cost a quote was too high (above 0) or too low; None where either is not known."""
    if quoted is None or not actual:
        return None
    return float((quoted - actual) / actual)


def _tokens(
    conversation: Conversation | None, model: Model, draft: str, files: Sequence[File], wanted: Parameters,
    figures: Mapping[int, Figures],
) -> Tokens:  # fmt: skip
    from llmtrack.pricing.tokens import estimate_text, weights_for

    weights = weights_for(model.name)
    draft_files = sum(_of_file(file.media_type, len(file.data), weights, file.data) for file in files)
    draft_tokens = math.ceil(estimate_text(draft, weights)) + draft_files
    if draft_tokens:
        draft_tokens += math.ceil(weights.message)
    system = math.ceil(estimate_text(wanted.system, weights) + weights.message) if wanted.system else 0
    messages = conversation.messages if conversation else ()
    resend = conversation.resend_files if conversation else True
    earlier = (
        [_of_file(file.media_type, file.size, weights) for one in messages for file in one.files] if resend else []
    )
    counted = _counted(messages, model, figures)
    if counted is not None:
        # What the model counted holds the system prompt as well; it is told apart by our estimate of it.
        history = max(0, counted - system - _FRAME)
    else:
        texts = [message.text for message in messages if message.text]
        history = math.ceil(sum(estimate_text(text, weights) + weights.message for text in texts)) + sum(earlier)
    return Tokens(system, history, min(sum(earlier), history), draft_tokens, draft_files, counted is not None)


def _counted(messages: Sequence[Message], model: Model, figures: Mapping[int, Figures]) -> int | None:
    """Tokens of the branch as this model has counted them: the last answer's input, and its text that joins it."""
    last = messages[-1] if messages else None
    if last is None or last.role != "assistant" or last.model != model.key or last.continues:
        return None
    told = figures.get(last.id)
    if told is None or told.usage_estimated or told.input_tokens is None or told.output_tokens is None:
        return None
    return told.input_tokens + told.output_tokens - (told.reasoning_tokens or 0)


def _usual_output(conversation: Conversation | None, figures: Mapping[int, Figures]) -> int:
    """Tokens of an answer to expect: the average of this conversation's, else the usual."""
    from llmtrack.pricing.forecast import USUAL_OUTPUT

    messages = conversation.messages if conversation else ()
    known = [told.output_tokens for one in messages if (told := figures.get(one.id)) and told.output_tokens]
    return round(sum(known) / len(known)) if known else USUAL_OUTPUT


def _of_file(media_type: str, size: int, weights: Weights, data: bytes | None = None) -> int:
    """About how many tokens a file makes."""
    if media_type.startswith("image/"):
        return math.ceil(weights.image)
    if media_type == "application/pdf":
        pages = data.count(b"/Type /Page") + data.count(b"/Type/Page") - data.count(b"/Pages") if data else 0
        return _PDF_PAGE * (pages if pages > 0 else math.ceil(size / _BYTES_PER_PDF_PAGE))
    return math.ceil(size / _BYTES_PER_TOKEN)
