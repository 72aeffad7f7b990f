"""Conversations: stored, branched, recovered, imported and exported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmtrack.lazy import lazy_names

if TYPE_CHECKING:
    from llmtrack.chat.conversations.export import is_too_large_for_json as is_too_large_for_json
    from llmtrack.chat.conversations.export import to_archive as to_archive
    from llmtrack.chat.conversations.export import to_json as to_json
    from llmtrack.chat.conversations.export import to_markdown as to_markdown
    from llmtrack.chat.conversations.folders import FittedFiles as FittedFiles
    from llmtrack.chat.conversations.folders import FolderFiles as FolderFiles
    from llmtrack.chat.conversations.folders import fit as fit
    from llmtrack.chat.conversations.folders import folder_name as folder_name
    from llmtrack.chat.conversations.history import MOST_COMPARED as MOST_COMPARED
    from llmtrack.chat.conversations.history import Beginning as Beginning
    from llmtrack.chat.conversations.history import Conversations as Conversations
    from llmtrack.chat.conversations.history import Turn as Turn
    from llmtrack.chat.conversations.history import reply_to as reply_to
    from llmtrack.chat.conversations.imports.importer import Imported as Imported
    from llmtrack.chat.conversations.imports.importer import import_file as import_file
    from llmtrack.chat.conversations.sharing import WITHDRAWN as WITHDRAWN
    from llmtrack.chat.conversations.sharing import open_shared as open_shared
    from llmtrack.chat.conversations.sharing import share as share
    from llmtrack.chat.conversations.sharing import share_links as share_links
    from llmtrack.chat.conversations.sharing import take_over_shared as take_over_shared
    from llmtrack.chat.conversations.sharing import withdraw_link as withdraw_link
    from llmtrack.chat.conversations.tree import Conversation as Conversation
    from llmtrack.chat.conversations.tree import Message as Message

_HOMES = {
    "Beginning": "history",
    "Conversation": "tree",
    "Conversations": "history",
    "FittedFiles": "folders",
    "FolderFiles": "folders",
    "Imported": "imports.importer",
    "MOST_COMPARED": "history",
    "Message": "tree",
    "Turn": "history",
    "WITHDRAWN": "sharing",
    "fit": "folders",
    "folder_name": "folders",
    "import_file": "imports.importer",
    "is_too_large_for_json": "export",
    "open_shared": "sharing",
    "reply_to": "history",
    "share": "sharing",
    "share_links": "sharing",
    "take_over_shared": "sharing",
    "withdraw_link": "sharing",
    "to_archive": "export",
    "to_json": "export",
    "to_markdown": "export",
}

__all__ = [*_HOMES]
__getattr__, __dir__ = lazy_names(__name__, _HOMES)
