"""The tables of the pages."""

from pages.components.tables.columns import Column
from pages.components.tables.grid import grid, page_number, split_simulated, table, used, window
from pages.components.tables.html_table import SIZE, Line, Order, Pages, html_table

__all__ = [
    "SIZE",
    "Column",
    "Line",
    "Order",
    "Pages",
    "grid",
    "html_table",
    "page_number",
    "split_simulated",
    "table",
    "used",
    "window",
]
