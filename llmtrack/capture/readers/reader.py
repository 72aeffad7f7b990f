"""The one way in: `read`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

from llmtrack.capture.exchange import Exchange
from llmtrack.capture.readers import aws_event_stream, event_stream
from llmtrack.capture.readers.chat_completions import CHAT
from llmtrack.capture.readers.counts import settled, with_others, with_request
from llmtrack.capture.readers.images_and_audio import AUDIO, IMAGES
from llmtrack.capture.readers.json_values import dig, text
from llmtrack.capture.readers.messages import COMPLETIONS, MESSAGES
from llmtrack.capture.readers.outcome import outcome
from llmtrack.capture.readers.parsed_response import Dialect, Said
from llmtrack.capture.readers.responses import RESPONSES
from llmtrack.capture.readers.short_answers import BATCHES, COUNTS, DECISIONS, EMBEDDINGS, MODERATIONS, VIDEOS
from llmtrack.capture.readers.unknown_endpoints import ANY
from llmtrack.masking import mask
from llmtrack.pricing.reasons import Reason
from llmtrack.pricing.tokens import estimate_input, estimate_output
from llmtrack.pricing.usage import Usage

Json = dict[str, Any]

READERS: Mapping[str, Dialect] = {
    "openai.chat": CHAT,
    "openai.completions": CHAT,
    "openai.responses": RESPONSES,
    "openai.embeddings": EMBEDDINGS,
    "openai.images": IMAGES,
    "openai.audio": AUDIO,
    "openai.moderations": MODERATIONS,
    "openai.decisions": DECISIONS,
    "openai.videos": VIDEOS,
    "openai.count_tokens": COUNTS,
    "anthropic.messages": MESSAGES,
    "anthropic.completions": COMPLETIONS,
    "anthropic.count_tokens": COUNTS,
    "anthropic.batches": BATCHES,
    "any": ANY,
}
"""Every reader by its name."""

_STREAMS = ("event-stream", aws_event_stream.CONTENT_TYPE)
_NOTHING = Dialect(plain=lambda body, said: None)


@dataclass(frozen=True, slots=True)
class Reading:
    """What is known of a call from its bytes. None: nobody said."""

    status: str
    """``ok``, ``error``, ``cancelled``, ``abandoned``, ``incomplete``, ``refused`` or ``pending``."""
    request_model: str | None = None
    response_model: str | None = None
    response_id: str | None = None
    finish_reason: str | None = None
    """Of the first choice; for Responses the reason it is incomplete, or its status."""
    service_tier: str | None = None
    """The tier served."""
    region: str | None = None
    """Where it was served, where request or answer name it."""
    usage: Usage = field(default_factory=Usage)
    estimated: tuple[str, ...] = ()
    """The fields of `usage` that are our estimate. The others are the provider's word."""
    reported_cost: Decimal | None = None
    """US dollars that the provider says it charged."""
    error_type: str | None = None
    error_code: str | None = None
    error_message: str | None = None
    """None without content: providers echo prompts in it."""
    time_to_first_token: int | None = None
    """Microseconds from sending to the piece of the body that completed the first event with output."""
    input: list[Json] | None = None
    output: list[Json] | None = None
    open: bool = False
    """Its end was not seen, and the provider may be asked for it later."""
    background: bool = False
    """The answer says that it was made in the background."""
    user_id: str | None = None
    """Whom the request itself names: its ``safety_identifier``, ``user`` or ``metadata.user_id``."""
    streamed: bool = False
    note: str | None = None
    """What was odd about the answer, in words."""

    @property
    def usage_estimated(self) -> bool:
        """Whether any count is our estimate."""
        return bool(self.estimated)

    @property
    def pending(self) -> bool:
        """Whether this is a background response that goes on."""
        return self.status == "pending"


@dataclass(slots=True)
class _Answer:
    """The body of an answer on its way to being understood."""

    said: Said
    whole: Json
    events: event_stream.Events | None = None
    first_token: int | None = None
    note: str | None = None


def read(reader: str, exchange: Exchange, *, content: bool) -> Reading:
    """What `exchange` says, by the reader of that name. Never raises.

    With `content`, the messages are in it too, images and files by type, size and hash.
    """
    try:
        return _read(READERS.get(reader, _NOTHING), exchange, content)
    except Exception as error:
        try:
            status, trouble = outcome(exchange, Said(), streamed=False)
        except Exception:
            status, trouble = "error", None
        kind = trouble[0] if trouble else None
        return Reading(status, error_type=kind, note=f"The answer could not be read: {type(error).__name__}.")


def _read(dialect: Dialect, exchange: Exchange, content: bool) -> Reading:
    loaded = event_stream.load(exchange.request) if exchange.request else None
    request: Json = loaded if isinstance(loaded, dict) else {}
    answer = _understand(dialect, exchange, request)
    said = answer.said
    streamed = answer.events is not None or (not answer.whole and _wants_stream(exchange, request))
    status, trouble = outcome(exchange, said, streamed=streamed, read=bool(answer.whole))
    asked, replied, note = None, None, answer.note
    if content or _lacks_tokens(dialect, said, exchange, streamed):
        asked, replied, broken = _messages(dialect, request, answer)
        note = note or broken
    said.usage = _certain(said, request, streamed)
    usage, estimated = said.usage, said.derived
    if _lacks_tokens(dialect, said, exchange, streamed):
        usage, estimated = _estimate(said, asked or [], replied or [], request)
    return Reading(
        status=status,
        request_model=text(request.get("model")) or said.request_model or _model_in(exchange.path),
        response_model=said.model,
        response_id=said.id,
        finish_reason=said.finish_reason,
        service_tier=said.service_tier,
        region=said.region,
        usage=usage,
        estimated=estimated,
        reported_cost=said.cost if said.complete or not streamed else None,  # of a part of it, otherwise
        error_type=trouble[0] if trouble else None,
        error_code=_masked(trouble[1]) if trouble else None,
        error_message=_masked(trouble[2]) if trouble and content else None,
        time_to_first_token=answer.first_token,
        input=asked if content else None,
        output=replied if content else None,
        open=said.open,
        background=said.background,
        user_id=_user(request),
        streamed=streamed,
        note=note,
    )


def _masked(text: str | None) -> str | None:
    # Most was masked before it reached the journal, but not an error inside a compressed stream.
    return None if text is None else mask(text)


def _understand(dialect: Dialect, exchange: Exchange, request: Json) -> _Answer:
    answer = _Answer(Said(request, provider=exchange.provider), {})
    if not exchange.response:
        if dialect.raw is not None and exchange.http_status == 200 and exchange.ended == "read":
            answer.whole = dialect.raw(exchange.size, exchange.content_type, answer.said)
        return answer
    body, chunks = event_stream.unpack(exchange.response, exchange.content_encoding, exchange.chunks)
    try:
        if dialect.stream is not None and _is_stream(exchange, request, body):
            amazon = aws_event_stream.CONTENT_TYPE in exchange.content_type
            answer.events = aws_event_stream.aws_events(body) if amazon else event_stream.events(body)
            dialect.stream(answer.events, answer.said)
            first = answer.said.first_output
            if first is not None:
                answer.first_token = event_stream.time_of(answer.events.ends[first], chunks)
            return answer
        value = event_stream.load(body) if dialect.raw is None or "json" in exchange.content_type else None
        if dialect.raw is not None and not isinstance(value, dict):
            answer.whole = dialect.raw(body, exchange.content_type, answer.said)
        elif isinstance(value, dict):
            answer.whole = value
            dialect.plain(value, answer.said)
        else:
            answer.note = "The answer is not a JSON object."
    except Exception as error:
        answer.note = f"The answer could not be read to its end: {type(error).__name__}."
    return answer


def _certain(said: Said, request: Json, streamed: bool) -> Usage:
    """The usage with what lies outside the reported counts and what other models did, and why it is not certain."""
    usage = said.usage
    if said.reported:
        usage = settled(usage, said.reported, provider=said.provider, model=said.model, request=request)
        if streamed and not said.complete:
            usage = replace(usage, doubt=Reason.STOPPED_EARLY.value)
    if said.doubt is not None and usage.doubt is None:
        usage = replace(usage, doubt=said.doubt)
    return with_others(with_request(usage, request), said.others)


def _is_stream(exchange: Exchange, request: Json, body: bytes) -> bool:
    """Whether `body` is a stream of events. Some servers forget to say so, others say so of a plain error."""
    if exchange.content_type == "application/json" and "stream" not in request:
        return False  # Nearly always.
    start = body[:64].lstrip()
    if aws_event_stream.CONTENT_TYPE in exchange.content_type:
        return True
    if "event-stream" in exchange.content_type:
        return start[:1] != b"{"
    return _wants_stream(exchange, request) and start.startswith((b"data:", b"event:", b": "))


def _wants_stream(exchange: Exchange, request: Json) -> bool:
    return request.get("stream") is True or any(kind in exchange.content_type for kind in _STREAMS)


def _messages(
    dialect: Dialect, request: Json, answer: _Answer
) -> tuple[list[Json] | None, list[Json] | None, str | None]:
    note = None
    try:
        asked: list[Json] | None = dialect.input(request) if request else None
    except Exception as error:
        asked, note = None, f"The request could not be read: {type(error).__name__}."
    try:
        whole = answer.whole if answer.events is None else dialect.assemble(answer.events.values)
        replied: list[Json] | None = dialect.output(whole) if whole else None
    except Exception as error:
        replied, note = None, f"The reply could not be read: {type(error).__name__}."
    return asked, replied, note


def _lacks_tokens(dialect: Dialect, said: Said, exchange: Exchange, streamed: bool) -> bool:
    """Whether tokens were spent that nobody reported: a stream began to answer and said nothing of them."""
    if said.announced:
        return True
    if not (streamed and dialect.estimates) or said.usage.output_tokens is not None:
        return False
    began = said.id is not None or said.first_output is not None
    return began or (exchange.http_status == 200 and said.failure is None)


def _estimate(said: Said, asked: list[Json], replied: list[Json], request: Json) -> tuple[Usage, tuple[str, ...]]:
    """The usage with its gaps filled. What the provider announced stays; no output seen is no estimate."""
    usage, estimated = said.usage, list[str]()
    model = said.model or text(request.get("model"))
    if usage.input_tokens is None and asked:
        definitions = [request[key] for key in _DEFINITIONS if request.get(key)]
        usage = replace(usage, input_tokens=estimate_input(asked, definitions, model))
        estimated.append("input_tokens")
    if said.first_output is not None and (tokens := estimate_output(replied, model)):
        usage = replace(usage, output_tokens=max(tokens, usage.output_tokens or 0))
        estimated.append("output_tokens")
    elif said.announced and usage.output_tokens is not None:
        estimated.append("output_tokens")  # the number that was announced stands for any
    return usage, tuple(estimated)


_DEFINITIONS = ("tools", "functions", "response_format", "text", "output_config")
"""What a request tells the model beside its messages: tools, and the shape the answer must have."""

_IN_PATH = re.compile(r"/(?:deployments|model|models|engines)/([^/?:]+(?::\d+)?)(?=[/?:]|$)")


def _model_in(path: str) -> str | None:
    """The model that the URL names: an Azure deployment, a Bedrock or a Vertex model."""
    found = _IN_PATH.search(path)
    return unquote(found[1]) if found else None


def _user(request: Json) -> str | None:
    named = text(request.get("safety_identifier")) or text(request.get("user"))
    return named or text(dig(request, "metadata", "user_id"))
