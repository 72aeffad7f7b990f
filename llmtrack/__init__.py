"""Record what every call to OpenAI and Anthropic used, cost and how long it took.

The clients are in `llmtrack.openai` and `llmtrack.anthropic`. What is here loads when it is first used, so that
`import llmtrack` costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmtrack.lazy import lazy_names

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

_HOMES = {
    "Flushed": "capture.tracker",
    "LimitExceeded": "limits",
    "Tracker": "capture.tracker",
    "context": "capture.context",
    "feedback": "capture.users_and_feedback",
    "flush": "capture.tracker",
    "identify": "capture.users_and_feedback",
    "propagate": "capture.context",
    "span": "capture.spans",
    "trace": "capture.spans",
    "track": "capture.sdk",
}

__all__ = [*_HOMES]
__getattr__, __dir__ = lazy_names(__name__, _HOMES)
