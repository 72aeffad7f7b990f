"""The controls at the top of a page that say which calls it is about."""

from pages.components.filters.address import join_repeated
from pages.components.filters.bar import View, chips, draw_problems, head, read_where
from pages.components.filters.new_filter import draw_new_filter
from pages.components.filters.search import draw_nothing_found, search_box
from pages.components.filters.time_span import choose_span, cycle_span, in_words

__all__ = [
    "View", "chips", "choose_span", "cycle_span", "draw_new_filter", "draw_nothing_found", "draw_problems", "head",
    "in_words", "join_repeated", "read_where", "search_box",
]  # fmt: skip
