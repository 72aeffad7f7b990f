"""Asking for the usage of chat streams on the caller's behalf, and noticing where that is not understood."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llmtrack.capture.usage_filter import UsageFilter, ZippedUsageFilter

if TYPE_CHECKING:
    from llmtrack.capture.call import Call
    from llmtrack.capture.tracker import Tracker

_RETRY_COUNT = b"x-stainless-retry-count"
"""The header in which both SDKs say how often a request was sent before."""
_KNOWN = ("api.openai.com", ".openai.azure.com", "openrouter.ai")
"""Hosts that understand the question, so that a request they refuse is refused for something else."""


def prepare(call: Call, options: Any) -> Any:
    """The options of a stream, or a copy of them that asks for its usage, where that must be done."""
    if not call.endpoint.asks_usage:
        return options
    call.base = call.client.base_url
    if not call.tracker.may_ask(call.base):
        return options
    body, extra, headers = options.json_data, options.extra_json, options.headers
    field, holder = ("extra_json", extra) if extra and "stream_options" in extra else ("json_data", body)
    if type(holder) is not dict:
        return options
    said = holder.get("stream_options")
    said = said if type(said) is dict else {}
    if said.get("include_usage"):
        return options
    headers = headers if type(headers) is dict else {}
    if not any(name.lower() == "accept-encoding" for name in headers):
        # What is to be taken out of the stream again is best not compressed.
        headers = {**headers, "Accept-Encoding": "identity"}
    asking = {**holder, "stream_options": {**said, "include_usage": True}}
    return options.model_copy(update={field: asking, "headers": headers})


def is_refused(tracker: Tracker, base: Any, response: Any) -> bool:
    """Whether an error may come from the question; if it says so, the server is not asked again."""
    if response.status_code not in (400, 422):
        return False
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
