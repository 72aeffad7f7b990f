"""A model that can be chosen, and the models of one provider."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Literal

from llmtrack.chat.models.known_models import ModelCapabilities

Dialect = Literal["openai", "anthropic"]
"""The wire protocol in which a model is asked."""


@dataclass(frozen=True, slots=True)
class Model:
    """A model at a provider, and what it can be asked."""

    provider: str
    name: str
    dialect: Dialect
    capabilities: ModelCapabilities = field(default_factory=ModelCapabilities)
    context: int | None = None
    """Tokens of input and output together; None where it is not known."""
    ends: date | None = None
    """The day from which the provider no longer answers, where one was announced."""
    needs: str | None = None
    """The variable to set before this can be chosen; None when it can."""
    simulated: bool = False
    fails: bool = False
    """Whether it is simulated in order to fail."""
    about: str | None = None

    @property
    def key(self) -> str:
        """What a conversation remembers a model by: ``openai/gpt-4o``."""
        return f"{self.provider}/{self.name}"

    def deprecated(self, today: date | None = None) -> str | None:
        """``retired 5 January 2026`` or ``ends 14 January 2027``; None while no end was announced."""
        if self.ends is None:
            return None
        day = f"{self.ends.day} {self.ends:%B %Y}"
        return f"retired {day}" if self.ended(today) else f"ends {day}"

    def ended(self, today: date | None = None) -> bool:
        """Whether its provider no longer answers, as far as that was announced."""
        return self.ends is not None and self.ends <= (today or datetime.now(UTC).date())


@dataclass(frozen=True, slots=True)
class ProviderModels:
    """A provider and the models it is known to have."""

    name: str
    label: str
    dialect: Dialect
    models: tuple[Model, ...]
    needs: str | None = None
    """The variable to set before any of them can be chosen."""
    simulated: bool = False
