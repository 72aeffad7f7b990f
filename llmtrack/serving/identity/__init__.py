"""Who is asking: sign-in, sessions, who may see what, tokens, and the gate before every route."""

from __future__ import annotations

from llmtrack.serving.identity.access import Kind, NotFound, Subject, may_see, require, require_question
from llmtrack.serving.identity.gate import FileOwners, Gate, SecureCookies
from llmtrack.serving.identity.sessions import (
    TEAM_PREFERENCE,
    Caller,
    caller,
    header_viewer,
    session_caller,
    sign_out,
    signed_in_viewer,
    viewer_now,
)
from llmtrack.serving.identity.start_checks import start_problems
from llmtrack.serving.identity.tokens import (
    FOR_ADMINS,
    MARK,
    LacksScope,
    TokenBearer,
    TokenScope,
    bearer_of,
    make_token,
    reader_of,
)
from llmtrack.serving.identity.viewer import (
    NotAllowed,
    NotSignedIn,
    SignInNotSetUp,
    Viewer,
    host_name,
    is_loopback,
    local_viewer,
)

__all__ = [
    "FOR_ADMINS",
    "MARK",
    "TEAM_PREFERENCE",
    "Caller",
    "FileOwners",
    "Gate",
    "Kind",
    "LacksScope",
    "NotAllowed",
    "NotFound",
    "NotSignedIn",
    "SecureCookies",
    "SignInNotSetUp",
    "Subject",
    "TokenBearer",
    "TokenScope",
    "Viewer",
    "bearer_of",
    "caller",
    "header_viewer",
    "host_name",
    "is_loopback",
    "local_viewer",
    "make_token",
    "may_see",
    "reader_of",
    "require",
    "require_question",
    "session_caller",
    "sign_out",
    "signed_in_viewer",
    "start_problems",
    "viewer_now",
]
