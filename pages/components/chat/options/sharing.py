"""Sharing a conversation by a link: making one, copying it, withdrawing it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.components import formatting
from pages.components.chat.problems import attempt

if TYPE_CHECKING:
    from llmtrack.chat.conversations import Conversation
    from llmtrack.ledger import Ledger

PAGE = "shared"
PARAMETER = "link"


def draw_links(ledger: Ledger, user_id: str, conversation: Conversation) -> None:
    """The links there are, and the way to make one; nothing for a temporary conversation."""
    if conversation.temporary:
        return
    from llmtrack.chat.conversations import share, share_links, withdraw_link

    links = share_links(ledger, user_id, conversation)
    st.markdown("**Share by a link**")
    st.caption(
        "Whoever can sign in here and has a link reads the conversation as it is now. What you write afterwards is "
        "not in it; what it cost is not shown."
    )
    for link in links:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            with st.container(width="stretch"):
                st.code(address(link.token), language=None, wrap_lines=True)
            st.button(
                "Withdraw",
                key=f"withdraw_{link.token}",
                type="tertiary",
                on_click=attempt,
                args=(withdraw_link, ledger, user_id, link.token),
            )
    if not any(link.head == conversation.head for link in links):
        st.button(
            "Make a link",
            key="make_link",
            icon=":material/add_link:",
            on_click=attempt,
            args=(share, ledger, user_id, conversation),
        )


def address(token: str) -> str:
    """The address of what a link shows, on this server as it is reached now."""
    from urllib.parse import urlsplit

    url = urlsplit(st.context.url or "")
    base = str(st.get_option("server.baseUrlPath")).strip("/")
    path = "/".join(filter(None, (base, PAGE)))
    host = f"{url.scheme}://{url.netloc}" if url.netloc else ""
    return f"{host}/{path}?{PARAMETER}={token}"


def words_of(owner: str, when: str) -> str:
    """Who shared it, and when."""
    return f"Shared by {formatting.plain(owner)}, {formatting.plain(when)}. Read-only."
