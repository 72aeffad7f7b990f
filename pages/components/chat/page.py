"""What the chat page knows in one run, in one object that its functions are given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmtrack.chat.conversations import Beginning, Conversation, Conversations
from llmtrack.chat.models import Catalog, get_catalog
from llmtrack.chat.preferences import Preferences
from pages.components import queries
from pages.components.chat import conversation_list
from pages.components.chat.options import folder, temporary
from pages.components.viewer import viewer

if TYPE_CHECKING:
    from llmtrack.ledger import Ledger
    from llmtrack.ledger.chats import Figures, FolderFile


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
    folder_files: Sequence[FolderFile] = ()
    """The files of its folder that go along with its messages."""
    figures: Mapping[int, Figures] | None = None
    """Those of its messages that the page was drawn with; None before they are read."""

    def open(self, conversation_id: int | None) -> None:
        """Show a conversation as it is now; None is the page of a new one."""
        self.conversation_id = conversation_id
        self.conversation = self.conversations.open(conversation_id) if conversation_id else None
        self.folder_files = self.conversations.files_beside(self.conversation, beginning())
        self.figures = None

    def read_figures(self) -> Mapping[int, Figures]:
        """Tokens and cost of the messages of the branch shown, read once in a run."""
        if self.figures is None:
            self.figures = self.conversations.figures(self.conversation.messages) if self.conversation else {}
        return self.figures


def beginning() -> Beginning:
    """How the conversation begins that the next message begins."""
    fleeting = temporary.wanted()
    return Beginning(fleeting, folder.of_new_chat(), folder.along(fleeting))


def load() -> ChatPage:
    """The page of whoever looks at it, with the conversation in its address opened."""
    me, ledger = viewer(), queries.ledger()
    page = ChatPage(ledger, Conversations(ledger, me.id, me.team), Preferences(ledger, me.id), get_catalog())
    page.open(conversation_list.opened())
    return page
