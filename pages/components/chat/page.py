"""What the chat page knows in one run, in one object that its functions are given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmtrack.chat.conversations import Conversation, Conversations
from llmtrack.chat.models import Catalog, get_catalog
from llmtrack.chat.preferences import Preferences
from pages.components import queries
from pages.components.chat import conversation_list
from pages.components.viewer import viewer

if TYPE_CHECKING:
    from llmtrack.ledger import Ledger


@dataclass(slots=True)
class ChatPage:
    """Who is here and what this tab shows.

    Callbacks hold on to it until the next run, so that they act on what the person who pressed had before them.
    """

    ledger: Ledger
    conversations: Conversations
    """The viewer's own."""
    preferences: Preferences
    catalog: Catalog
    conversation_id: int | None = None
    """The conversation in the address; None on the page of a new one."""
    conversation: Conversation | None = None
    """None for a new one, and where there is none of that id: deleted, or somebody else's."""

    def open(self, conversation_id: int | None) -> None:
        """Show a conversation as it is now; None is the page of a new one."""
        self.conversation_id = conversation_id
        self.conversation = self.conversations.open(conversation_id) if conversation_id else None


def load() -> ChatPage:
    """The page of whoever looks at it, with the conversation in its address opened."""
    me, ledger = viewer(), queries.ledger()
    page = ChatPage(ledger, Conversations(ledger, me.id, me.team), Preferences(ledger, me.id), get_catalog())
    page.open(conversation_list.opened())
    return page
