"""Asking for the usage of chat streams on the caller's behalf, and noticing where that is not understood."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any

from llmtrack.capture.sdk.usage_filter import UsageFilter, ZippedUsageFilter

if TYPE_CHECKING:
    from llmtrack.capture.sdk.call import Call

_RETRY_COUNT = b"x-stainless-retry-count"
"""The header in which both SDKs say how often a request was sent before."""
_UNDERSTOOD = "_llmtrack_understood"
"""Kept with a client whose server has understood the question: to look that up by address at each call takes longer."""
_KNOWN = ("api.openai.com", ".openai.azure.com", "openrouter.ai")
"""Hosts that understand the question, so that a request they refuse is refused for something else."""


def prepare(call: Call, options: Any) -> Any:
    """The options of a stream, or a copy of them that asks for its usage, where that must be done."""
    if not call.endpoint.asks_usage:
        return options
    if _UNDERSTOOD not in call.client.__dict__ and not call.tracker.may_ask(call.client.base_url):
        return options
    body, extra, headers = options.json_data, options.extra_json, options.headers
    field, holder = ("extra_json", extra) if extra and "stream_options" in extra else ("json_data", body)
    if type(holder) is not dict:
        return options
    said = holder.get("stream_options")
    said = said if type(said) is dict else {}
    if said.get("include_usage"):
        return options
    asking = copy(options)
    changed = asking.__dict__
    changed[field] = {**holder, "stream_options": {**said, "include_usage": True}}
    headers = headers if type(headers) is dict else {}
    if not any(name.lower() == "accept-encoding" for name in headers):
        # What is to be taken out of the stream again is best not compressed.
        changed["headers"] = {**headers, "Accept-Encoding": "identity"}
    return asking


def understood(call: Call) -> None:
    """Notes that the server answered what it was asked."""
    client = call.client.__dict__
    if _UNDERSTOOD not in client:
        call.tracker.took_asking(call.client.base_url)
        client[_UNDERSTOOD] = True


def is_refused(call: Call, response: Any) -> bool:
    """Whether an error may come from the question; if it says so, the server is not asked again."""
    if response.status_code not in (400, 422):
        return False
    tracker, base = call.tracker, call.client.base_url
    call.client.__dict__.pop(_UNDERSTOOD, None)
    if any(word in response.text for word in ("stream_options", "include_usage")):
        tracker.refuses_asking(base)
        return True
    return not tracker.took_asking_before(base) and not base.host.endswith(_KNOWN)


def usage_filter(encoding: bytes) -> UsageFilter | ZippedUsageFilter | None:
    """What takes the usage out of a body of this content encoding; `None` for one that we cannot take apart."""
    name = encoding.decode("latin-1").strip().lower()
    if name in ("", "identity"):
        return UsageFilter()
    return ZippedUsageFilter(name) if name in ("gzip", "deflate") else None


def retries(request: Any) -> int:
    """How often a request was sent before."""
    for name, value in request.headers.raw:
        if name.lower() == _RETRY_COUNT:
            return int(value) if value.isdigit() else 0
    return 0
