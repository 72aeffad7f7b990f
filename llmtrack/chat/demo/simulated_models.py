"""The simulated models, and what each lets a newcomer try."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

PROVIDER = "demo"
"""The provider name under which its calls are recorded."""
KEY = "demo-needs-no-key"
CONTEXT = 128_000
"""Tokens a simulated model claims to take; nothing is refused for being longer."""

Failure = Literal["rate-limited", "overloaded", "drops", "empty", "silent"]


@dataclass(frozen=True, slots=True)
class DemoModel:
    """One simulated model."""

    name: str
    dialect: Literal["openai", "anthropic"]
    about: str
    """What a newcomer can try with it."""
    pace: float = 1.0
    """Times the rate set by `LLMTRACK_DEMO_RATE`."""
    thinks: bool = False
    fails: Failure | None = None
    takes_files: bool = True


MODELS: tuple[DemoModel, ...] = (
    DemoModel("demo-gpt", "openai", "answers in OpenAI's protocol"),
    DemoModel("demo-gpt-mini", "openai", "quicker and shorter, cannot take files", pace=4.0, takes_files=False),
    DemoModel("demo-claude", "anthropic", "answers in Anthropic's protocol", pace=0.75),
    DemoModel("demo-claude-thinking", "anthropic", "shows its reasoning first", thinks=True),
    DemoModel("demo-silent", "openai", "says nothing for a long while: try Stop", fails="silent"),
    DemoModel("demo-rate-limited", "openai", "refuses with a rate limit (429)", fails="rate-limited"),
    DemoModel("demo-overloaded", "anthropic", "refuses because it is overloaded (529)", fails="overloaded"),
    DemoModel("demo-drops", "openai", "loses the connection half-way", fails="drops"),
    DemoModel("demo-empty", "openai", "answers with nothing", fails="empty"),
)
BY_NAME = {model.name: model for model in MODELS}
