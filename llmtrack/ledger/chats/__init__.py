"""The chat page's conversations, as they are stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmtrack.lazy import lazy_names

if TYPE_CHECKING:
    from llmtrack.ledger.chats.folders import FolderFile as FolderFile
    from llmtrack.ledger.chats.folders import Folders as Folders
    from llmtrack.ledger.chats.folders import NewFolderFile as NewFolderFile
    from llmtrack.ledger.chats.share_links import Share as Share
    from llmtrack.ledger.chats.share_links import Shared as Shared
    from llmtrack.ledger.chats.share_links import read_shared as read_shared
    from llmtrack.ledger.chats.share_links import share as share
    from llmtrack.ledger.chats.share_links import shared_files as shared_files
    from llmtrack.ledger.chats.share_links import shares as shares
    from llmtrack.ledger.chats.share_links import withdraw as withdraw
    from llmtrack.ledger.chats.store import Chats as Chats
    from llmtrack.ledger.chats.store import Filed as Filed
    from llmtrack.ledger.chats.store import Heading as Heading
    from llmtrack.ledger.chats.store import Line as Line
    from llmtrack.ledger.chats.store import NewFile as NewFile
    from llmtrack.ledger.chats.store import SearchHit as SearchHit
    from llmtrack.ledger.chats.store import count as count
    from llmtrack.ledger.chats.store import in_flight as in_flight
    from llmtrack.ledger.chats.store import purge as purge
    from llmtrack.ledger.chats.usage import Figures as Figures
    from llmtrack.ledger.chats.usage import Total as Total
    from llmtrack.ledger.chats.usage import figures as figures
    from llmtrack.ledger.chats.usage import total as total

_HOMES = {
    "Share": "share_links",
    "Shared": "share_links",
    "read_shared": "share_links",
    "share": "share_links",
    "shared_files": "share_links",
    "shares": "share_links",
    "withdraw": "share_links",
    "Chats": "store",
    "Figures": "usage",
    "Filed": "store",
    "FolderFile": "folders",
    "Folders": "folders",
    "SearchHit": "store",
    "Heading": "store",
    "Line": "store",
    "NewFile": "store",
    "NewFolderFile": "folders",
    "Total": "usage",
    "count": "store",
    "figures": "usage",
    "in_flight": "store",
    "purge": "store",
    "total": "usage",
}

__all__ = [*_HOMES]
__getattr__, __dir__ = lazy_names(__name__, _HOMES)
