"""Record what every call to OpenAI and Anthropic used, cost and how long it took.

The clients are in `llmtrack.openai` and `llmtrack.anthropic`. What is here loads when it is first used, so that
`import llmtrack` costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from llmtrack.capture.context import context as context
    from llmtrack.capture.context import propagate as propagate
    from llmtrack.capture.sdk import track as track
    from llmtrack.capture.spans import span as span
    from llmtrack.capture.spans import trace as trace
    from llmtrack.capture.tracker import Flushed as Flushed
    from llmtrack.capture.tracker import Tracker as Tracker
    from llmtrack.capture.tracker import flush as flush
    from llmtrack.capture.users_and_feedback import feedback as feedback
    from llmtrack.capture.users_and_feedback import identify as identify
    from llmtrack.limits import LimitExceeded as LimitExceeded

_HOME = {
    "Flushed": "llmtrack.capture.tracker",
    "LimitExceeded": "llmtrack.limits",
    "Tracker": "llmtrack.capture.tracker",
    "context": "llmtrack.capture.context",
    "feedback": "llmtrack.capture.users_and_feedback",
    "flush": "llmtrack.capture.tracker",
    "identify": "llmtrack.capture.users_and_feedback",
    "propagate": "llmtrack.capture.context",
    "span": "llmtrack.capture.spans",
    "trace": "llmtrack.capture.spans",
    "track": "llmtrack.capture.sdk",
}

__all__ = [*_HOME]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'llmtrack' has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(_HOME[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])
