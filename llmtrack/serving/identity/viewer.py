"""The person in front of a page, and why there may be none."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Viewer:
    """The person in front of the page, as the ledger knows them at this rerun."""

    id: str
    """What their calls are booked under."""
    name: str
    role: str
    """``admin``, ``lead`` or ``user``."""
    ids: tuple[str, ...] = ()
    """Every user id that is theirs, `id` included; filled in from `id` where left out."""
    person: int | None = None
    """Their number in the ledger; None for the one local user."""
    teams: tuple[str, ...] = ()
    """Teams they belong to."""
    leads: tuple[str, ...] = ()
    """Teams whose numbers they may see."""
    team: str | None = None
    """The team their chats are booked under."""
    expires: float | None = None
    """When they have to sign in again: seconds since 1970."""

    def __post_init__(self) -> None:
        if self.id not in self.ids:
            object.__setattr__(self, "ids", (self.id, *self.ids))

    @property
    def is_admin(self) -> bool:
        """Whether this person may see everyone's numbers."""
        return self.role == "admin"


class SignInNotSetUp(Exception):
    """The server can be reached by others and has no way to tell people apart; the text says what to do."""


class NotSignedIn(Exception):
    """Nobody has signed in here, or has to do so again; the text says why."""


class NotAllowed(Exception):
    """Somebody signed in who may not come in; the text says why."""


def local_viewer(*, address: str | None, headers: Mapping[str, str], user_id: str) -> Viewer:
    """The one local user, as an admin.

    `address` is where the server listens, `headers` are those of the request. Raises `SignInNotSetUp` unless the server
    listens on this machine only, was called by a name of this machine (a page of another site that points its own
    name at 127.0.0.1 would not be), and no proxy stands in front of it.
    """
    if not is_loopback(address):
        raise SignInNotSetUp(
            f"This server listens on {address or 'every network interface'}, where others can reach it, and sign-in is "
            "not set up. Start it with --server.address 127.0.0.1, or set up sign-in (docs/sign-in.md)."
        )
    check_local_request(headers)
    return Viewer(id=user_id, name=user_id, role="admin")


def check_local_request(headers: Mapping[str, str]) -> None:
    """Raises `SignInNotSetUp` where a request without sign-in did not come straight from this machine."""
    given = {name.lower(): value for name, value in headers.items()}
    host = host_name(given.get("host", "localhost"))
    if not is_loopback(host):
        raise SignInNotSetUp(f"This server was called as {host!r}. Without sign-in, open it as http://localhost.")
    if any(name.startswith("x-forwarded-") or name == "forwarded" for name in given):
        raise SignInNotSetUp(
            "A proxy passes requests on to this server, so others may reach it, and sign-in is not set up. "
            "Open it directly on this machine, or set up sign-in (docs/sign-in.md)."
        )


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
