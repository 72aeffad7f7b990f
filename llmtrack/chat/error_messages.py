"""What went wrong, in one sentence for the person chatting: what it was, with the value, and the way out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from llmtrack.ledger.periods import zone
from llmtrack.limits import LimitExceeded
from llmtrack.masking import mask
from llmtrack.settings import get_settings

_LONGEST = 300  # characters of a provider's own message that are shown


class ChatError(ValueError):
    """A problem the user can solve; the message says how."""


@dataclass(frozen=True, slots=True)
class CallContext:
    """Which model was called and how, for the sentence about what went wrong."""

    model: str
    provider: str
    """As it reads in the middle of a sentence."""
    key_setting: str | None = None
    """The setting that has the key."""
    server: str | None = None
    """The address, where it is not the SDK's own."""
    answer_begun: bool = False
    """Some of the answer had arrived."""
    secrets: tuple[str, ...] = ()
    """What was sent to be let in; an error that repeats it is shown without it."""


def in_words(error: BaseException, call: CallContext) -> str:
    """A provider's (or our own) error as a sentence a user understands."""
    words = _in_words(error, call)
    return words[:1].upper() + words[1:]


def _in_words(error: BaseException, call: CallContext) -> str:
    provider = call.provider
    status = getattr(error, "status_code", None)
    name = type(error).__name__
    if isinstance(error, LimitExceeded):
        return _refused(error)
    if isinstance(error, ChatError):
        return str(error)
    detail = _provider_message(error, call.secrets)
    if name == "APITimeoutError" or isinstance(error, TimeoutError):
        return f"{provider} did not answer in time. Try again, or choose another model."
    if status is not None and int(status) >= 400:  # an error in the middle of a stream comes with the stream's 200
        return _by_status(int(status), _kind(error), detail, call)
    if name in _DISCONNECTED or (name == "APIConnectionError" and call.answer_begun):
        return f"The connection to {provider} was lost in mid-answer. What arrived is kept; retry for the rest."
    if name == "APIConnectionError":
        at = f" at {call.server}" if call.server else ""
        return (
            f"No connection to {provider}{at}. Check that the server is running and the address is right, then retry."
        )
    if _kind(error) in _OVERLOADED:
        return f"{provider} is overloaded at the moment. Wait a little and retry, or choose another model."
    if hasattr(error, "body") or name.endswith("APIError"):
        return f"{provider} broke off with an error{_quoted(detail)}. Retry, or choose another model."
    return f"The answer of {provider} could not be read ({name}{_quoted(detail)}). Retry, or choose another model."


def _refused(error: LimitExceeded) -> str:
    """A limit's own words, and what is spent and when there is room again where they leave that out."""
    sentences = [str(error).strip() or "A limit is reached."]
    if error.spent is not None:
        spent = f"${error.spent:,.2f}" if isinstance(error.spent, Decimal) else f"{error.spent}"
        if spent not in sentences[0]:
            sentences.append(f"Spent so far: {spent}.")
    if error.resets_at is not None:
        at = error.resets_at.astimezone(zone(get_settings().timezone))
        if f"{at.day} {at:%B}" not in sentences[0]:
            sentences.append(f"There is room again from {at.day} {at:%B %Y, %H:%M %Z}.")
    return " ".join(sentences)


def is_known(error: BaseException) -> bool:
    """Whether an error came from the provider, the network or a limit, and not from a mistake of ours."""
    package = type(error).__module__.partition(".")[0]
    return package in ("openai", "anthropic", "httpx2", "httpcore2") or isinstance(error, ChatError | LimitExceeded)


_DISCONNECTED = {"RemoteProtocolError", "ReadError", "ReadTimeout", "ConnectError", "WriteError", "IncompleteRead"}
_OVERLOADED = {"overloaded_error", "server_overloaded", "overloaded"}
_TOO_LONG = re.compile(r"context.{0,10}length|maximum context|prompt is too long|too many tokens|context window", re.I)


def _by_status(status: int, kind: str, detail: str, call: CallContext) -> str:
    model, provider = call.model, call.provider
    if status == 401 or (status == 403 and "key" in detail.lower()):
        where = f" Check {call.key_setting}." if call.key_setting else " Check the key in the settings."
        return f"{provider} does not accept the key it was given.{where}"
    if status == 403:
        return f"{provider} does not let this key use {model}{_quoted(detail)}. Choose another model or ask for access."
    if status == 402 or kind in ("insufficient_quota", "billing_error"):
        return f"The account at {provider} has no credit left{_quoted(detail)}. Top it up, or choose another provider."
    if status == 404:
        at = f" at {call.server}" if call.server else ""
        return f"{provider}{at} has no model {model!r}{_quoted(detail)}. Choose another one, or check the name."
    if status == 429:
        return f"{provider} refuses for now: too many requests{_quoted(detail)}. Wait a little and retry."
    if status == 413 or _TOO_LONG.search(detail):
        return (
            f"The conversation is too long for {model}{_quoted(detail)}. "
            "Start afresh, drop attachments, or choose a model with a longer context."
        )
    if status == 529 or kind in _OVERLOADED:
        return f"{provider} is overloaded at the moment. Wait a little and retry, or choose another model."
    if status >= 500:
        return f"{provider} has an internal problem (HTTP {status}{_quoted(detail)}). Retry, or choose another model."
    return (
        f"{provider} did not accept the request (HTTP {status}{_quoted(detail)}). Change it, or choose another model."
    )


def _kind(error: BaseException) -> str:
    """The provider's own type or code for an error, wherever its dialect puts it."""
    body: Any = getattr(error, "body", None)
    inner = body.get("error", body) if isinstance(body, dict) else {}
    details = inner if isinstance(inner, dict) else {}
    return str(getattr(error, "code", None) or details.get("code") or details.get("type") or "")


def _provider_message(error: BaseException, secrets: tuple[str, ...]) -> str:
    """The provider's own message, without keys."""
    body: Any = getattr(error, "body", None)
    inner = body.get("error", body) if isinstance(body, dict) else body
    message = inner.get("message") if isinstance(inner, dict) else None
    text = str(message or getattr(error, "message", None) or error)
    if text.lstrip().lower().startswith(("<!doctype", "<html")):
        return ""  # a proxy's error page
    line = mask(" ".join(text.split()), secrets)
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def _quoted(detail: str) -> str:
    return f": “{detail.rstrip('.')}”" if detail else ""


def empty_answer(model: str, reason: str | None) -> str:
    """The sentence for an answer that came without any text."""
    if reason in ("content_filter", "refusal"):
        return f"{model} refused to answer: its provider's filter stopped it. Change the message and try again."
    if reason in ("length", "max_tokens"):
        return f"{model} used all the tokens it was allowed before writing a word. Allow more tokens and retry."
    return f"{model} answered with nothing. Retry, or change the message."
