"""The tables of the pages; `call_list` and `pagination` hold those that are read page by page."""

from pages.components.tables.columns import Column
from pages.components.tables.grid import grid, split_simulated, table, used
from pages.components.tables.html_table import SIZE, Line, Order, Pages, html_table

__all__ = ["SIZE", "Column", "Line", "Order", "Pages", "grid", "html_table", "split_simulated", "table", "used"]
