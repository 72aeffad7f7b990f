"""A list and, beside it, the one that is read: calls, interactions, conversations."""

from pages.components.reader.agent_sessions import draw_agent_sessions
from pages.components.reader.agents import draw_agents
from pages.components.reader.call import chat_link, draw_call, draw_missing
from pages.components.reader.layout import Item, beside, facts, head, item_list, judged, step_links
from pages.components.reader.paging import Listing, neighbours, order_in_address, table_order
from pages.components.reader.waterfall import waterfall

__all__ = [
    "Item", "Listing", "beside", "chat_link", "draw_agent_sessions", "draw_agents", "draw_call", "draw_missing",
    "facts", "head", "item_list", "judged", "neighbours", "order_in_address", "step_links", "table_order", "waterfall",
]  # fmt: skip
