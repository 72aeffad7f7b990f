"""Answers in flight: one asyncio loop runs every call to a provider, and pages look on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmtrack.lazy import lazy_names

if TYPE_CHECKING:
    from llmtrack.chat.answers.prompt import File as File
    from llmtrack.chat.answers.prompt import Parameters as Parameters
    from llmtrack.chat.answers.prompt import Prompt as Prompt
    from llmtrack.chat.answers.prompt import PromptMessage as PromptMessage
    from llmtrack.chat.answers.prompt import can_search as can_search
    from llmtrack.chat.answers.prompt import check as check
    from llmtrack.chat.answers.reply import Reply as Reply
    from llmtrack.chat.answers.reply import shutdown as shutdown
    from llmtrack.chat.answers.reply import start as start
    from llmtrack.chat.answers.requests import MOST_SEARCHES as MOST_SEARCHES
    from llmtrack.chat.answers.streaming import Source as Source

_HOMES = {
    "File": "prompt",
    "MOST_SEARCHES": "requests",
    "Parameters": "prompt",
    "Prompt": "prompt",
    "PromptMessage": "prompt",
    "Reply": "reply",
    "Source": "streaming",
    "can_search": "prompt",
    "check": "prompt",
    "shutdown": "reply",
    "start": "reply",
}

__all__ = [*_HOMES]
__getattr__, __dir__ = lazy_names(__name__, _HOMES)
