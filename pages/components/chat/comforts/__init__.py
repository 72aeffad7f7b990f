"""What Streamlit lacks in a chat, as one small component: drafts, the live estimate, focus, copying, scrolling, keys.

Its files are in `assets`. Streamlit serves them under our content security policy where a package declares them, and
the README's commands install no package, so the folder is made known by hand. That leans on names which Streamlit keeps
to itself: they stand here alone, `tests/pages/test_comforts.py` holds them, and where they are gone the chat works
without these comforts. See docs/decisions/0011.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

if TYPE_CHECKING:
    from llmtrack.serving.identity import Viewer

KEY = "comforts"
PACKAGE, COMPONENT = "llmtrack", "chat"
NAME = f"{PACKAGE}.{COMPONENT}"
SENT, REFUSED = "comforts_sent", "comforts_refused"
"""The message last kept, as (conversation it was written in or "new", its id); how many were refused."""
_log = logging.getLogger(__name__)


def note_sent(conversation_id: int | None, message_id: int | None) -> None:
    """A message was kept: the browser may forget its draft. `conversation_id` is None where it began one."""
    st.session_state[SENT] = (str(conversation_id or "new"), str(message_id))


def note_refused() -> None:
    """A message could not be sent: the browser puts it, with its files, back into the box."""
    st.session_state[REFUSED] = st.session_state.get(REFUSED, 0) + 1


def draw(
    me: Viewer,
    conversation_id: int | None,
    quote: Mapping[str, Any] | None,
    unconfirmed: bool,
    act: Callable[[Any], None],
) -> None:
    """Hand the browser what it needs; `act` is called with what a person did there, before anything is drawn.

    While a message is `unconfirmed` the browser leaves it where it is.
    """
    data = {
        "who": hashlib.sha256(me.id.encode()).hexdigest()[:16],
        "conversation": str(conversation_id or "new"),
        "sent": st.session_state.get(SENT),
        "refused": st.session_state.get(REFUSED, 0),
        "unconfirmed": unconfirmed,
        "quote": quote or {"models": []},
    }

    def on_command() -> None:
        command = getattr(st.session_state.get(KEY), "command", None)
        if isinstance(command, Mapping):
            act(command)

    _mount(data, on_command)


def forget() -> None:
    """Nobody is signed in: nothing that anybody wrote stays in this browser."""
    _mount({"forget": True}, lambda: None)


def _mount(data: Mapping[str, Any], on_command: Callable[[], None]) -> None:
    if not _registered():
        return
    with st.container(key="ll_comforts"):
        # In a list: of a dictionary's values Streamlit looks whether they are tables, with pandas.
        _component()(key=KEY, data=[data], on_command_change=on_command)


def _registered() -> bool:
    """Whether Streamlit knows our folder; it is told once per process."""
    try:
        from streamlit.components.v2.manifest_scanner import ComponentConfig, ComponentManifest
        from streamlit.runtime import Runtime

        registry = Runtime.instance().bidi_component_registry
        if registry.get_component_asset_root(NAME) is None:
            manifest = ComponentManifest(PACKAGE, "0", [ComponentConfig(COMPONENT, "assets")])
            registry.register_from_manifest(manifest, Path(__file__).parent)
            _component.cache_clear()
        _component()
    except Exception:
        _log_once()
        return False
    return True


@cache
def _component() -> Any:
    return st.components.v2.component(NAME, html='<div class="ll-comforts"></div>', js="index.js", isolate_styles=False)


@cache
def _log_once() -> None:
    _log.warning("The chat goes without drafts, live estimate and keys", exc_info=True)
