"""What a program records beside its calls: what is known about a user, and how an answer was judged."""

from __future__ import annotations

from numbers import Number
from typing import Any

from llmtrack.capture.context import current
from llmtrack.capture.plain import as_text
from llmtrack.capture.tracker import Tracker, default_tracker


def identify(user_id: str, *, tracker: Tracker | None = None, **attributes: Any) -> None:
    """Records what is known about a user, such as ``plan="pro"``; later attributes add to earlier ones.

    Raises `ValueError` if no user is named.
    """
    if not user_id:
        raise ValueError("identify() was given no user; say whose attributes these are")
    tracker = tracker or default_tracker()
    tracker.record("identity", user_id=str(user_id), attributes=attributes, at=tracker.now())


def feedback(
    trace_id: str,
    score: int,
    comment: str | None = None,
    *,
    user_id: str | None = None,
    tracker: Tracker | None = None,
) -> None:
    """Judges the answer of a trace: 1 for good, -1 for bad, 0 takes an earlier judgement back.

    The user is the one in force, unless given. Raises `ValueError` for another score.
    """
    # A number of any type, such as a column of a data frame holds; compared with something else it may raise.
    if not isinstance(score, Number) or score not in (-1, 0, 1):
        raise ValueError(f"the score is {as_text(score)}; give 1 (good), -1 (bad) or 0 (no judgement)")
    tracker = tracker or default_tracker()
    user = user_id if user_id is not None else current().user_id
    tracker.record(
        "feedback",
        trace_id=as_text(trace_id),
        user_id=None if user is None else as_text(user),
        score=int(score),
        comment=None if comment is None else as_text(comment),
        at=tracker.now(),
    )
