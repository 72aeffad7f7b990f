"""The house style: its colours, and the stylesheet that `main.py` gives every page."""

from pages.components.style.stylesheet import install, theme
from pages.components.style.tokens import HEAT, HEAT_TEXT, OTHER, STATUSES, TOKENS, in_both, in_theme, of_slot

__all__ = ["HEAT", "HEAT_TEXT", "OTHER", "STATUSES", "TOKENS", "in_both", "in_theme", "install", "of_slot", "theme"]
