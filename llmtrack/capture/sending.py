"""Whether a call that failed or was cancelled had been sent: one that never left cost nothing, another may have."""

from __future__ import annotations

from collections.abc import Iterator
from types import FrameType

_CONNECT = "_connect"
"""The method of `httpx2`'s connections in which nothing has left yet.

It is looked for by name in the exception's traceback: nobody tells, and to ask for it would slow down every call.
"""


def never_sent(attempts: int, error: BaseException) -> bool:
    """Whether `error` came before anything was sent to the provider; False where that is not certain.

    `attempts` says how often the SDK prepared the request; of several an earlier one may have got further.
    """
    return attempts == 0 or (attempts == 1 and any(frame.f_code.co_name == _CONNECT for frame in _frames(error)))


def _frames(error: BaseException | None) -> Iterator[FrameType]:
    """The frames that an exception and its causes went through; not those of what was being handled meanwhile."""
    while error is not None:
        traceback = error.__traceback__
        while traceback is not None:
            yield traceback.tb_frame
            traceback = traceback.tb_next
        error = error.__cause__
