"""Each provider's own list of models, where it answers."""

from __future__ import annotations

from llmtrack.chat.catalog import Model
from llmtrack.settings import Settings


def known(settings: Settings) -> dict[str, tuple[Model, ...]]:
    """What the providers have answered so far."""
    return {}
