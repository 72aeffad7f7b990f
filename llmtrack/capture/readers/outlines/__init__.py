"""Exchanges without a word of what was said in them: what reaches the disk where texts are not kept."""

from __future__ import annotations

from llmtrack.capture.readers.outlines.exchange import Outline, outline

__all__ = ["Outline", "outline"]
