"""Whose files Streamlit serves: what a page shows or offers is for whoever the page was drawn for, and nobody else.

Streamlit gives a file to whoever has its address, which is a digest of its content, and an upload to whoever names the
session. Neither expires with a sign-in, and both can be passed on. The gate asks here before it lets a request through.
"""

from __future__ import annotations

from collections import OrderedDict
from os.path import splitext
from typing import Any

from streamlit import runtime
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx

from llmtrack.serving.identity import Caller, session_caller

_MOST_FILES = 20_000
"""Files remembered; more than a server holds in memory at any time."""
_owners: OrderedDict[str, frozenset[Caller]] = OrderedDict()

# Streamlit's own: the two ways in which a file gets an address. A test fails when one of them goes.
_add = MediaFileManager.add
_execute_deferred = MediaFileManager.execute_deferred


def watch() -> None:
    """Remembers from now on for whom each file was made."""
    if MediaFileManager.add is _add:
        MediaFileManager.add = _watched_add  # type: ignore[method-assign, assignment]
        MediaFileManager.execute_deferred = _watched_execute_deferred  # type: ignore[method-assign, assignment]


def owns_file(file_name: str, caller: Caller) -> bool:
    """Whether the file of this name below ``/media`` was made for this person."""
    return caller in _owners.get(_file_id(file_name), frozenset())


def owns_session(session_id: str, caller: Caller) -> bool:
    """Whether this session, into which a file is uploaded, is this person's."""
    return _caller_of_session(session_id) == caller


def _watched_add(manager: MediaFileManager, *args: Any, **kwargs: Any) -> str:
    address = _add(manager, *args, **kwargs)
    context = get_script_run_ctx()
    _remember(address, context.session_id if context else None)
    return address


def _watched_execute_deferred(manager: MediaFileManager, file_id: str) -> str:
    entry = manager._deferred_callables.get(file_id)  # made when the button was drawn, run when it is pressed
    address = _execute_deferred(manager, file_id)
    _remember(address, entry["session_id"] if entry else None)
    return address


def _remember(address: str, session_id: str | None) -> None:
    caller = _caller_of_session(session_id) if session_id else None
    if caller is None:
        return  # nobody's, so nobody gets it; without sign-in nobody asks
    file_id = _file_id(address.rpartition("/")[2])
    _owners[file_id] = _owners.pop(file_id, frozenset()) | {caller}
    while len(_owners) > _MOST_FILES:
        _owners.popitem(last=False)


def _file_id(file_name: str) -> str:
    """What Streamlit looks a file up by."""
    return splitext(file_name)[0]


def _caller_of_session(session_id: str) -> Caller | None:
    if not runtime.exists():
        return None
    client = runtime.get_instance().get_client(session_id)
    context = client.client_context if client else None
    return session_caller(context.cookies, dict(context.headers)) if context else None
