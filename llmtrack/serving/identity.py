"""Who is asking: for now the one local user, and only where nobody else can reach the server."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Viewer:
    """The person in front of the page."""

    id: str
    """What their calls are booked under."""
    name: str
    role: str
    """``admin`` or ``user``."""

    @property
    def is_admin(self) -> bool:
        """Whether this person may see everyone's numbers."""
        return self.role == "admin"


class SignInNotSetUp(Exception):
    """The server can be reached by others and has no way to tell people apart; the text says what to do."""


def why_closed(address: str | None) -> str | None:
    """Why a server that listens at `address` serves nobody, and the way out; None where it serves."""
    if is_loopback(address):
        return None
    return (
        f"This server listens on {address or 'every network interface'}, where others can reach it, and sign-in is "
        "not set up. Start it with --server.address 127.0.0.1, or set up sign-in."
    )


def local_viewer(*, address: str | None, headers: Mapping[str, str], user_id: str) -> Viewer:
    """The one local user, as an admin.

    `address` is where the server listens, `headers` are those of the request. Raises `SignInNotSetUp` unless the server
    listens on this machine only, was called by a name of this machine (a page of another site that points its own
    name at 127.0.0.1 would not be), and no proxy stands in front of it.
    """
    if (reason := why_closed(address)) is not None:
        raise SignInNotSetUp(reason)
    given = {name.lower(): value for name, value in headers.items()}
    host = host_name(given.get("host", "localhost"))
    if not is_loopback(host):
        raise SignInNotSetUp(f"This server was called as {host!r}. Without sign-in, open it as http://localhost.")
    if any(name.startswith("x-forwarded-") or name == "forwarded" for name in given):
        raise SignInNotSetUp(
            "A proxy passes requests on to this server, so others may reach it, and sign-in is not set up. "
            "Open it directly on this machine, or set up sign-in."
        )
    return Viewer(id=user_id, name=user_id, role="admin")


def is_loopback(host: str | None) -> bool:
    """Whether `host` is a name or address that only this machine can reach."""
    name = (host or "").strip().strip("[]").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def host_name(header: str) -> str:
    """The host of a ``Host`` header, without the port: ``[::1]:8501`` gives ``[::1]``."""
    if header.startswith("["):
        return header.partition("]")[0] + "]"
    return header.partition(":")[0]
