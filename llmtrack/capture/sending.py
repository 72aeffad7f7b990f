"""Whether a call that failed or was cancelled had been sent: one that never left cost nothing, another may have."""

from __future__ import annotations

from collections.abc import Iterator
from types import FrameType

from llmtrack.capture import asking

_SEND = "send"
"""The method of `httpx2`'s clients by which a request leaves; below it, of connecting and of a pause before a retry.

They are looked for by name in the exception's traceback: nobody tells, and to ask for it would slow down every call.
"""
_CONNECT = "_connect"
_PAUSES = frozenset({"_sleep_for_retry", "sleep"})


def never_sent(error: BaseException) -> bool:
    """Whether `error` came before anything was sent to the provider; False where that is not certain."""
    names = set[str]()
    for frame in _frames(error):
        name = frame.f_code.co_name
        names.add(name)
        request = frame.f_locals.get("request") if name == _SEND else None
        if request is not None and hasattr(request, "headers") and asking.retries(request):
            return False  # an earlier try may have got further
    return _CONNECT in names or not (_SEND in names or names & _PAUSES)


def _frames(error: BaseException | None) -> Iterator[FrameType]:
    """The frames that an exception and its causes went through; not those of what was being handled meanwhile."""
    while error is not None:
        traceback = error.__traceback__
        while traceback is not None:
            yield traceback.tb_frame
            traceback = traceback.tb_next
        error = error.__cause__
