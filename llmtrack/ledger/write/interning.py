"""Words, users, sessions, traces, prices and property sets: kept once, referred to by number."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Any

from sqlalchemy import Connection

from llmtrack.ledger.database.dialect import Dialect
from llmtrack.ledger.schema.fitting import fitted as fitted
from llmtrack.pricing.usage import Price

_PRICE = ("source", "version", "provider", "model", "tier", "above", "adjustment", "rates")
PriceKey = tuple[Any, ...]
Extra = tuple[Any, ...]
_REMEMBERED = 50_000
"""Users, prices and property sets remembered at most; sessions and traces are looked up each time."""

_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str).encode


def plain_json(value: Any) -> str:
    """`value` as JSON in one spelling, whatever it holds, without what PostgreSQL's JSON refuses."""
    return _encode(_cleaned(value)).encode("utf-8", "replace").decode()


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", "\ufffd")
    if isinstance(value, Mapping):
        return {str(key).replace("\0", "\ufffd"): _cleaned(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_cleaned(item) for item in value]
    if isinstance(value, float) and value - value != 0:  # infinities and NaN are no JSON
        return str(value)
    return value


def digest_of(text: str) -> int:
    """63 bits that stand for `text`."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big") >> 1


def price_key(price: Price) -> PriceKey:
    """All of a price in one value; the same price, as nearly every call of a model has it, is looked at once."""
    seen = _KEYS.get(id(price))
    if seen is not None and seen[0] is price:
        return seen[1]
    plain = tuple([getattr(price, column) for column in _PRICE[:-1]])
    key = (*plain, tuple(price.rates.items()))
    if len(_KEYS) >= _MOST_KEYS:
        _KEYS.clear()
    _KEYS[id(price)] = (price, key)
    return key


_MOST_KEYS = 1_000
_KEYS: dict[int, tuple[Price, PriceKey]] = {}
"""Prices with their key, by identity; each is held here, so that no other can have its identity."""


RECENT = 5_000
"""How many of the latest rows are looked through for names that this process has not yet seen answered."""

_LATEST = (
    "SELECT provider, request_model, response_model FROM generation "
    "WHERE id >= coalesce((SELECT id FROM generation ORDER BY id DESC LIMIT 1 OFFSET {recent}), 0) ORDER BY id"
)


class ModelResolution:
    """Which model last answered to a name at a provider, all three by number, as far as recent rows tell.

    A call that no model answered counts for that model: failures of ``gpt-4o`` belong beside the answers of
    ``gpt-4o-2024-08-06``, or no model's error rate would be right.
    """

    def __init__(self) -> None:
        self._seen: dict[tuple[int | None, int | None], int] = {}
        self._looked = False

    def forget(self) -> None:
        """Forgets everything."""
        self._seen.clear()
        self._looked = False

    def note(self, provider: int | None, requested: int | None, served: int) -> None:
        """Somebody asked for a name and was answered."""
        self._seen[provider, requested] = served

    def by(self, connection: Connection, provider: int | None, requested: int | None) -> int | None:
        """The model that answers to this name; None where nothing tells."""
        served = self._seen.get((provider, requested))
        if served is None and not self._looked:
            self._look(connection)
            served = self._seen.get((provider, requested))
        return served

    def _look(self, connection: Connection) -> None:
        """Learns from the ledger, once; what has been noted meanwhile is newer."""
        self._looked = True
        rows = connection.exec_driver_sql(_LATEST.format(recent=RECENT - 1))
        before = {(provider, requested): served for provider, requested, served in rows if served is not None}
        self._seen = before | self._seen


class Remembered:
    """Numbers from earlier transactions of this process, until somebody deletes or renames an interned row."""

    def __init__(self) -> None:
        self.version = -1
        self.names: dict[tuple[str, str], int] = {}
        self.users: dict[str, int] = {}
        self.prices: dict[PriceKey, int] = {}
        self.sets: dict[str, int] = {}
        self.slotted: set[int] = set()
        """Names that have their slot among the colours."""
        self.models = ModelResolution()

    def forget(self) -> None:
        """Forgets everything: what is remembered may be wrong, or its transaction failed."""
        for numbers in (self.names, self.users, self.prices, self.sets):
            numbers.clear()
        self.slotted.clear()
        self.models.forget()

    def refresh(self, version: int) -> None:
        """Forgets everything if the ledger says that something changed, and keeps memory in bounds."""
        if version != self.version:
            self.forget()
            self.version = version
        for numbers in (self.users, self.prices, self.sets):
            if len(numbers) > _REMEMBERED:
                numbers.clear()


class Interning:
    """Numbers for words inside one transaction. If that fails, what is `Remembered` must be forgotten."""

    def __init__(self, connection: Connection, dialect: Dialect, remembered: Remembered) -> None:
        self._connection = connection
        self._dialect = dialect
        # Held until the commit: whoever deletes or renames what is interned changes this row, and waits for us.
        sql = f"SELECT value FROM state WHERE key = 'names' {dialect.for_share}"
        remembered.refresh(connection.exec_driver_sql(sql).scalar_one())
        self.names = remembered.names
        self.users = remembered.users
        self.prices = remembered.prices
        self.sets = remembered.sets
        self.slotted = remembered.slotted
        self._models = remembered.models
        self.sessions: dict[str, int] = {}
        self.traces: dict[str, int] = {}
        self.words: dict[tuple[str | None, ...], list[int | None]] = {}
        """The numbers of words that rows have together: many rows are alike in them."""

    def model(self, provider: int | None, requested: int | None, served: int | None) -> int | None:
        """The model a call counts for: the one served, or what answers to the name asked for, or that name."""
        if served is not None:
            self._models.note(provider, requested, served)
            return served
        return None if requested is None else self._models.by(self._connection, provider, requested) or requested

    def want_names(self, wanted: Iterable[tuple[str, str]]) -> None:
        """Makes sure that `names` has these (kind, text)."""
        missing = [pair for pair in dict.fromkeys(wanted) if pair not in self.names]
        if missing and not self.names:
            self._load_names()
            missing = [pair for pair in missing if pair not in self.names]
        if missing:
            self._intern("name", ("kind", "text"), dict.fromkeys(missing, ()), (), self.names)

    def _load_names(self) -> None:
        for id, kind, text in self._connection.exec_driver_sql("SELECT id, kind, text FROM name"):
            self.names[kind, text] = id

    def want_users(self, wanted: Mapping[str, int]) -> None:
        """Makes sure that `users` has these names, given with the time each was first seen."""
        missing = {name: (at,) for name, at in wanted.items() if name not in self.users}
        self._intern("app_user", ("user_id",), missing, ("first_seen",), self.users)

    def want_sessions(self, wanted: Mapping[str, Extra]) -> None:
        """Makes sure that `sessions` has these, given with user id, start and end."""
        self._intern("session", ("session_id",), wanted, ("app_user", "started_at", "ended_at"), self.sessions)

    def want_traces(self, wanted: Mapping[str, Extra]) -> None:
        """Makes sure that `traces` has these, given with user id, session id, start and end."""
        columns = ("app_user", "session", "started_at", "ended_at")
        self._intern("trace", ("trace_id",), wanted, columns, self.traces)

    def want_prices(self, wanted: Mapping[PriceKey, Price]) -> None:
        """Makes sure that `prices` has these, by `price_key`."""
        digests: dict[PriceKey, int] = {}
        rows: dict[int, Extra] = {}
        for key, price in wanted.items():
            if key not in self.prices:
                plain = (*key[:-1], plain_json(dict(price.rates)))
                digests[key] = digest_of(plain_json(plain))
                rows[digests[key]] = plain
        numbers: dict[int, int] = {}
        self._intern("price", ("digest",), rows, _PRICE, numbers)
        self.prices.update({key: numbers[digest] for key, digest in digests.items()})

    def want_sets(self, wanted: Iterable[str]) -> None:
        """Makes sure that `sets` has these property sets, given as JSON."""
        missing = {digest_of(text): (text,) for text in wanted if text not in self.sets}
        numbers: dict[int, int] = {}
        self._intern("property_set", ("digest",), missing, ("properties",), numbers)
        self.sets.update({text: numbers[digest_of(text)] for text in wanted if digest_of(text) in numbers})

    def _intern(
        self, table: str, key: Sequence[str], wanted: Mapping[Any, Extra], extra: Sequence[str], into: dict[Any, int]
    ) -> None:
        """Finds or makes a row of `table` for each of `wanted` (key values to the extra columns of a new row)."""
        self._find(table, key, [value for value in wanted if value not in into], into)
        missing = [value for value in wanted if value not in into]
        if not missing:
            return
        ids = self._dialect.reserve(self._connection, table, len(missing))
        sql = self._dialect.insert_sql(table, ["id", *key, *extra], "ON CONFLICT DO NOTHING")
        rows = [
            (id, *(value if isinstance(value, tuple) else (value,)), *wanted[value])
            for id, value in zip(ids, missing, strict=True)
        ]
        done = self._connection.exec_driver_sql(sql, rows)
        if done.rowcount == len(rows):
            into.update(zip(missing, ids, strict=True))
        else:  # another process made some of them at the same moment
            self._find(table, key, missing, into)

    def _find(self, table: str, key: Sequence[str], wanted: Sequence[Any], into: dict[Any, int]) -> None:
        keys = [value if isinstance(value, tuple) else (value,) for value in wanted]
        for *values, id in self._dialect.select_by_key(self._connection, table, key, ("id",), keys):
            into[tuple(values) if len(key) > 1 else values[0]] = id
