"""How many tokens a text makes, when nobody reported it: a stated estimate, always marked as one.

The method is described, with its error, in `docs/estimates.md`.
"""

from __future__ import annotations

from collections.abc import Iterable


def estimate_tokens(texts: Iterable[str]) -> int:
    """About how many tokens `texts` make together."""
    return sum(-(-len(text.encode("utf-8", "replace")) // 4) for text in texts)
