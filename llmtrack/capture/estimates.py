"""How many tokens a text makes, when nobody reported it: as `llmtrack.pricing.tokens` counts those of a request."""

from __future__ import annotations

from llmtrack.pricing.tokens import CLAUDE, GPT, Message, Weights, estimate_input, estimate_output, estimate_text

__all__ = ["CLAUDE", "GPT", "Message", "Weights", "estimate_input", "estimate_output", "estimate_text"]
