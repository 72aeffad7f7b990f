"""Which ledger something on disk belongs to: the database's address without its password, and the ledger's own id."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, unquote, urlencode

_URL = re.compile(
    r"(?P<kind>\w+)(?:\+\w+)?://(?:(?P<user>[^:/@]*)(?::[^@]*)?@)?"
    r"(?P<host>\[[^/?]+\]|[^/:?]*)(?::(?P<port>[^/?]*))?(?:/(?P<database>[^?]*))?(?:\?(?P<query>.*))?",
    re.DOTALL,
)
_PLACE = ("host", "hostaddr", "port", "options", "service")
"""Parameters of a PostgreSQL address that say where the database is; others say how to get in, some of them secrets."""


class Owner(NamedTuple):
    """A ledger, as far as it is known."""

    address: str
    id: str | None = None
    """None while the database has not been opened yet."""

    def is_ledger(self, ledger: Owner) -> bool:
        """Whether this names `ledger`: by the id where it is known, else by the address."""
        return self.address == ledger.address if self.id is None else self.id == ledger.id


def address_of(url: str, environment: Mapping[str, str] = os.environ) -> str:
    """The address of the database that `url` names, in one spelling and without a password.

    An address that cannot be read becomes a digest: it may hold a password in a place where none is looked for.
    """
    match = _URL.fullmatch(url)
    if match is None or match["kind"] not in ("sqlite", "postgresql", "postgres"):
        return f"unreadable:{blake2b(url.encode('utf-8', 'replace'), digest_size=8).hexdigest()}"
    database = unquote(match["database"] or "")
    if match["kind"] == "sqlite":
        return f"sqlite:///{os.path.realpath(Path(database).expanduser())}"
    # What an address leaves out, the client library takes from these variables.
    user = unquote(match["user"] or "") or environment.get("PGUSER") or _login()
    host = (match["host"] or environment.get("PGHOST") or "").lower()
    port = match["port"] or environment.get("PGPORT") or "5432"
    database = database or environment.get("PGDATABASE") or user
    place = sorted((name, value) for name, value in parse_qsl(match["query"] or "") if name in _PLACE)
    return f"postgresql://{quote(user, safe='')}@{host}:{port}/{quote(database)}" + (
        f"?{urlencode(place)}" if place else ""
    )


def _login() -> str:
    import getpass  # not with every import of a client

    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return str(os.getuid())
