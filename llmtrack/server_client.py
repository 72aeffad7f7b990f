"""A client of another machine's llmtrack server, for the command line: `llmtrack ask --server URL`."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from llmtrack.ledger.errors import LedgerError
from llmtrack.ledger.periods import GRAINS

if TYPE_CHECKING:
    import httpx2

    from llmtrack.ledger.metrics import Filter, QueryResult

TOKEN = "LLMTRACK_TOKEN"
MOST_ROWS = 10_000
"""What the API gives at most."""
_TIMEOUT = 60.0


class ServerClient:
    """Asks a server over HTTP. Whatever goes wrong is a `LedgerError` in one sentence."""

    def __init__(self, server: str, token: str | None = None) -> None:
        """The token comes from `LLMTRACK_TOKEN` unless it is given. Raises `LedgerError` where there is none."""
        parts = urlsplit(server)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise LedgerError(f"{server!r} is no address of a server: write it as https://llm.example.com.")
        self.server = server.rstrip("/")
        self._token = token or os.environ.get(TOKEN, "")
        if not self._token:
            raise LedgerError(f"{TOKEN} is not set: make a token on the Tokens page of {self.server}, and export it.")

    def ask(self, metrics: Sequence[str], by: Sequence[str], *, where: Sequence[Filter], **more: Any) -> QueryResult:
        """`llmtrack.ledger.metrics.ask`, answered by the server."""
        limit = more.pop("limit", None) or MOST_ROWS
        answer = self.get(
            "/api/metrics", {"metric": metrics, "by": by, "where": texts_of(where), "limit": limit, **more}
        )
        return result_of(answer)

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        """The JSON at this path."""
        with self._sent(path, params or {}) as response:
            response.read()
            try:
                return response.json()
            except ValueError:
                raise LedgerError(f"{self.server} does not answer as llmtrack does: check the address.") from None

    def stream(self, path: str, params: Mapping[str, Any]) -> Iterator[bytes]:
        """The bytes at this path, as they come."""
        with self._sent(path, params) as response:
            yield from response.iter_bytes()

    @contextmanager
    def _sent(self, path: str, params: Mapping[str, Any]) -> Iterator[httpx2.Response]:
        import httpx2

        given = {name: _text(value) for name, value in params.items() if value is not None}
        headers = {"authorization": f"Bearer {self._token}"}
        try:
            # Redirects are not followed: the token is for this server.
            with (
                httpx2.Client(timeout=_TIMEOUT, headers=headers) as client,
                client.stream("GET", f"{self.server}{path}", params=given) as response,
            ):
                if response.status_code >= 300:
                    response.read()
                    raise LedgerError(f"{self.server} says: {_detail(response)}")
                yield response
        except httpx2.HTTPError as error:
            reason = str(error) or type(error).__name__
            raise LedgerError(
                f"{self.server} cannot be asked ({reason}): is it running, and is that its address?"
            ) from None


def _text(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bool):
        return str(value).lower()
    return [str(item) for item in value] if isinstance(value, list | tuple) else value


def _detail(response: httpx2.Response) -> str:
    """What a problem says; of another answer its status."""
    try:
        return str(response.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"HTTP {response.status_code}, and nothing that llmtrack would say: check the address."


def texts_of(where: Sequence[Filter]) -> list[str]:
    """Filters as they are typed."""
    texts = []
    for filter in where:
        values = ",".join("" if value is None else str(value) for value in filter.values)
        texts.append(f"{filter.dimension}{'!' if filter.negated else ''}={values}")
    return texts


def result_of(answer: Mapping[str, Any]) -> QueryResult:
    """The answer of `/api/metrics` as a query result: dollars as Decimals, times with their zone."""
    from llmtrack.ledger.metrics import METRICS, QueryResult, Row

    units = answer["units"]

    def row(values: Mapping[str, Any]) -> Row:
        return Row({name: _value(name, units.get(name), value) for name, value in values.items()})

    return QueryResult(
        rows=[row(values) for values in answer["rows"]],
        totals=row(answer["totals"]),
        by=tuple(answer["by"]),
        units=units,
        period=None,
        timezone=answer["timezone"],
        explain=answer["explain"],
        warnings=tuple(answer["warnings"]),
        additive=frozenset(name for name in units if name in METRICS and METRICS[name].additive),
        cut=answer["cut"],
        top=tuple(answer.get("top", ())),
    )


def _value(name: str, unit: str | None, value: Any) -> Any:
    if value is None:
        return None
    if unit == "usd":
        return Decimal(value)
    return datetime.fromisoformat(value) if name in GRAINS else value
