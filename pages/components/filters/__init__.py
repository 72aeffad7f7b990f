"""The controls at the top of a page that say which calls it is about."""

from pages.components.filters.address import join_repeated
from pages.components.filters.bar import View, head
from pages.components.filters.search import draw_nothing_found, search_box
from pages.components.filters.time_span import choose_span, cycle_span

__all__ = [
    "View", "choose_span", "cycle_span", "draw_nothing_found", "head", "join_repeated", "search_box",
]  # fmt: skip
