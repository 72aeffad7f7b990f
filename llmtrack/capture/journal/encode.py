"""A call that ended, as a journal frame. It runs for every call, in the caller's thread, so it uses what is ready."""

from __future__ import annotations

import json
from array import array
from bisect import bisect_left
from functools import lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from llmtrack.capture import credentials
from llmtrack.capture.context import NOBODY
from llmtrack.capture.endpoints import Endpoint
from llmtrack.capture.journal.frame import NO_REQUEST, NO_RESPONSE, STREAMED, pack_times, pieces
from llmtrack.capture.plain import as_json
from llmtrack.capture.sending import never_sent
from llmtrack.capture.tracked_call import TrackedCall
from llmtrack.masking import mask, mask_address

if TYPE_CHECKING:
    from llmtrack.capture.readers import Outline

LONGEST_MESSAGE = 10_000
"""Characters of an exception's message that are kept."""
LONGEST_SECRET = 4000
"""So many characters more are looked at first, so that no key is cut in two before it is recognised."""


def frame_of(
    call: TrackedCall,
    how: str,
    error: BaseException | None,
    outline: Outline | None = None,
    request: bytes | None = None,
) -> list[bytes]:
    """The frame of a call that ended `how`, in pieces, for `Journal.append`.

    With `outline` in place of what was sent and came back, or `request` in place of what was sent.
    """
    settings = call.settings
    # A base URL without a host fails before anything is sent.
    host = call.host or call.base_host or "unknown"
    response, times, stopped_at = call.response, b"", call.stopped_at
    request = call.request if request is None else request
    encoding = b""  # A plain answer's bytes are decoded already.
    secrets: set[str] = set()
    flags = 0
    if call.streamed:
        flags = STREAMED
        if call.chunks:
            encoding = call.content_encoding
            if error is None:
                stopped_at = call.ticks[-1]
            if outline is None:
                response = b"".join(call.chunks)
                times = pack_times(call.chunks, call.ticks, call.sent)
    if outline is not None:  # of an answer that is no error and holds none
        request, response = outline.request, outline.response
        times = _times_of(call, outline) if outline.lengths else b""
    else:
        failed = call.http_status is not None and call.http_status >= 400
        if error is not None or failed or (response and credentials.has_error(response)):
            secrets = call.secrets(error)
            if response:
                response = credentials.mask_body(response, secrets, failed=failed)
    if not request:
        flags |= NO_REQUEST
    if response is None:
        flags |= NO_RESPONSE
        response = b""
    metadata = _metadata(
        call.endpoint,
        settings.provider or host,
        host,
        call.url_path,
        settings.simulated,
        call.path,
        call.model,
        call.content_type,
        encoding,
        settings.subscription,
        settings.names_users,
        outline is not None,
    )
    if call.size is not None:
        metadata = metadata[:-1] + b',"size":%d}' % call.size
    if error is not None:
        metadata = metadata[:-1] + b',"error":' + _error(error, secrets) + b"}"
        if call.http_status is None and how != "refused" and never_sent(call.attempts, error):
            metadata = metadata[:-1] + b',"unsent":true}'
    if call.hold is not None:
        held = [call.hold.call_id, list(call.hold.amounts.items()), call.hold.tries, call.unseen]
        metadata = metadata[:-1] + b',"hold":' + json.dumps(held).encode() + b"}"
    if call.refusal is not None:
        metadata = metadata[:-1] + b',"refusal":' + as_json(call.refusal) + b"}"
    return pieces(
        metadata,
        call.started_at,
        (stopped_at - call.sent) // 1000,
        call.attempts,
        call.http_status,
        how,
        flags,
        b"" if call.context is NOBODY else call.context.json(),
        call.request_id,
        request,
        response,
        times,
    )


def _times_of(call: TrackedCall, outline: Outline) -> bytes:
    """When the parts of a stream's outline had come."""
    ends = list(accumulate(map(len, call.chunks)))
    ticks = [call.ticks[min(bisect_left(ends, place), len(call.ticks) - 1)] for place in outline.places]
    return array("q", [*outline.lengths, call.sent, *ticks]).tobytes()


@lru_cache(1000)
def _metadata(
    endpoint: Endpoint,
    provider: str,
    host: str,
    url_path: str,
    simulated: bool,
    path: str,
    model: str | None,
    content_type: bytes,
    content_encoding: bytes,
    subscription: bool,
    names_users: bool,
    textless: bool,
) -> bytes:
    """What calls have in common that are alike, as JSON; a program has few kinds of them."""
    common: dict[str, Any] = {
        "operation": endpoint.operation,
        "reader": endpoint.reader,
        "provider": provider,
        "host": host,
        "url_path": mask_address(url_path),
        "path": mask_address(path),
        "model": model,
        "content_type": content_type.decode("latin-1"),
        "content_encoding": content_encoding.decode("latin-1"),
    }
    if endpoint.settles:
        common["settles"] = True
    if endpoint.if_used:
        common["if_used"] = True
    if simulated:
        common["simulated"] = True
    if subscription:
        common["subscription"] = True
    if not names_users:
        common["names_users"] = False
    if textless:  # its texts were left out: what can be read is all there is to be kept
        common["textless"] = True
    return json.dumps(common).encode()


def _error(error: BaseException, secrets: set[str]) -> bytes:
    cause = error.__cause__
    message = str(error)
    if cause is not None and getattr(error, "response", None) is None:
        # "Connection error." alone tells nobody what is wrong.
        message = f"{message} ({type(cause).__name__}: {cause})"
    status = getattr(error, "status_code", None)
    described = {
        "name": type(error).__name__,
        "message": mask(message[: LONGEST_MESSAGE + LONGEST_SECRET], secrets)[:LONGEST_MESSAGE],
        "http_status": status if isinstance(status, int) else None,
        "body": credentials.mask_json(getattr(error, "body", None), secrets),
    }
    return as_json(described)
