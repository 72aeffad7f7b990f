"""Where programs reach the gateway, as seen from the browser that asks."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import streamlit as st

from llmtrack.settings import get_settings

_HOST = re.compile(r"[\w.:\[\]-]+", re.ASCII)
"""What may stand in lines for a shell without being quoted."""


def gateway_address() -> str | None:
    """The address that base URLs begin with; None where no gateway is served here and none is named."""
    settings = get_settings()
    if settings.gateway_address is not None:
        return settings.gateway_address
    return _own_address() if settings.gateway else None


def _own_address() -> str:
    """This server as the browser reaches it, with the path it lies under."""
    url = urlsplit(st.context.url or "")
    if url.scheme in ("http", "https") and _HOST.fullmatch(url.netloc):
        origin = f"{url.scheme}://{url.netloc}"
    else:
        origin = f"http://localhost:{st.get_option('server.port')}"
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return f"{origin}/{base}" if base else origin
