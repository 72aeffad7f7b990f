"""The colours of the house style in both themes, by name; `docs/style.md` shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Theme = Literal["light", "dark"]

TOKENS: Mapping[str, tuple[str, str]] = {
    "bg": ("#ffffff", "#12181b"),
    "side": ("#f7f9fa", "#0e1316"),
    "soft": ("#f4f6f7", "#1a2226"),
    "press": ("#e7edef", "#263136"),
    "tint": ("#e6f3f5", "#12323a"),
    "line": ("#dde3e6", "#2f3b41"),
    "hair": ("#ebeff1", "#232d32"),
    "text": ("#11191c", "#e6ecee"),
    "muted": ("#57666d", "#9fadb4"),
    "faint": ("#7b8a91", "#819098"),
    "accent": ("#0b7285", "#5fc9d9"),
    "on-accent": ("#ffffff", "#08282e"),
    "good": ("#287a39", "#6fd283"),
    "bad": ("#c92a2a", "#ff8f8f"),
    "bad-soft": ("#fdf0f0", "#331c1e"),
    "warn": ("#955600", "#f5b35c"),
    "warn-soft": ("#fdf5e6", "#32260f"),
    "warn-fill": ("#d9730d", "#f0a04b"),
}
"""Surfaces, lines and text: (light, dark)."""

SLOTS: tuple[tuple[str, str], ...] = (
    ("#0b7285", "#3bc9db"),
    ("#d9730d", "#fb9f46"),
    ("#6741d9", "#b690d8"),
    ("#428c59", "#80dc7f"),
    ("#0a83dc", "#74a8fc"),
    ("#8f6f00", "#e7c845"),
    ("#af489a", "#f59dd2"),
    ("#495057", "#ced4da"),
)
"""Series by slot, told apart under the common colour blindnesses; none is the red of errors."""
OTHER = ("#87949b", "#77858c")
"""The ninth and all later series, and what is summed up as others."""

STATUSES: Mapping[str, tuple[str, str]] = {
    "ok": ("#639ba7", "#4b7f89"),
    "error": ("#c92a2a", "#ff8787"),
    "refused": ("#d9730d", "#fb9f46"),
    "stopped": OTHER,
    "timeout": ("#7d1f3f", "#e0779a"),
}
"""How calls ended."""

HEAT: tuple[tuple[str, str], ...] = (
    ("#f1f5f6", "#1a2226"),
    ("#d5ebef", "#10404a"),
    ("#a9d6de", "#145a68"),
    ("#74bccb", "#156f7e"),
    ("#389cae", "#2a9bae"),
    ("#0b7285", "#74cad8"),
    ("#075061", "#c5edf3"),
)
"""Steps of a heat map: zero, then six equal parts of the maximum."""
HEAT_TEXT: tuple[tuple[str, str], ...] = (
    *(TOKENS["text"],) * 4,
    ("#04191e", "#04191e"),
    *(("#ffffff", "#08282e"),) * 2,
)
"""The colour of text on each of these steps."""

ON = {
    "text": ("bg", "side", "soft", "press", "tint", "bad-soft", "warn-soft"),
    "muted": ("bg", "side", "soft", "press", "tint"),
    "accent": ("bg", "side", "soft", "press", "tint"),
    "on-accent": ("accent",),
    "good": ("bg", "soft"),
    "bad": ("bg", "soft", "bad-soft"),
    "warn": ("bg", "soft", "warn-soft"),
}
"""Which text stands on which ground."""


def of_slot(slot: int | None) -> tuple[str, str]:
    """The colour of a series by its slot, from 1; None and what lies past the last is `OTHER`."""
    return SLOTS[slot - 1] if slot is not None and 1 <= slot <= len(SLOTS) else OTHER


def in_theme(colour: tuple[str, str], theme: Theme) -> str:
    """A colour in one of the themes."""
    return colour[theme == "dark"]


def in_both(colour: tuple[str, str]) -> str:
    """A colour for CSS, in whichever theme the page is shown."""
    return f"light-dark({colour[0]}, {colour[1]})"


def contrast(one: str, other: str) -> float:
    """The contrast of two colours by WCAG 2.2, from 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
