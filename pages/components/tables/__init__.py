"""The tables of the pages; `call_list` and `pagination` hold those that are read page by page."""

from pages.components.tables.columns import Column
from pages.components.tables.grid import split_simulated, table, used

__all__ = ["Column", "split_simulated", "table", "used"]
