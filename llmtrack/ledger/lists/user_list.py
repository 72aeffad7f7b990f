"""The list of users of a period: what each used and cost, and their attributes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from llmtrack.ledger.database.snapshot import Cancel, snapshot
from llmtrack.ledger.lists.pagination import Page, cursor, direction, page_size, position
from llmtrack.ledger.periods import from_micros
from llmtrack.ledger.query.query import Filter, Where, make_query
from llmtrack.ledger.query.result import MONEY, money
from llmtrack.ledger.write.interning import fitted

if TYPE_CHECKING:
    from llmtrack.ledger.ledger import Ledger

_METRICS = (*MONEY, "messages", "errors")
_TOKENS = ("input_tokens", "output_tokens")
_ORDERS = {"cost": "cost", "tokens": "tokens", "time": "generations", "duration": "generations"}


@dataclass(frozen=True, slots=True)
class UserRow:
    """A user of the list; the numbers are those of its period."""

    user: str | None
    """None together for all generations without a name."""
    attributes: Mapping[str, Any]
    """The attributes given to `llmtrack.identify`."""
    first_seen: datetime | None
    generations: int
    messages: int
    errors: int
    input_tokens: int | None
    output_tokens: int | None
    cost: Decimal | None
    unpriced: int
    simulated_cost: Decimal | None
    """None where the demo provider was not used."""


def users(
    ledger: Ledger,
    *,
    since: datetime | date | None = None,
    until: datetime | date | None = None,
    timezone: str = "UTC",
    where: Where | None = None,
    order: str = "-cost",
    after: str | None = None,
    limit: int = 50,
    max_rows: int | None = 200_000,
    cancel: Cancel | None = None,
) -> Page[UserRow]:
    """A page of the users with a generation in the time, by ``cost``, ``tokens`` or (``time``) generations."""
    from llmtrack.ledger.query.runner import run

    name, descending = direction(order)
    size = page_size(limit)
    # Tokens are in larger tables than the rest, so those of all users are read only where they are sorted by tokens.
    first_metrics = (*_METRICS, *_TOKENS) if name == "tokens" else _METRICS
    query = make_query(first_metrics, "user", since=since, until=until, timezone=timezone, where=where)
    rows = list(run(ledger, query, max_rows=max_rows, cancel=cancel).rows)
    rows.sort(key=lambda row: row["user"] or "")

    def rank(row: Any) -> Decimal | int:
        if name == "tokens":
            return (row["input_tokens"] or 0) + (row["output_tokens"] or 0)
        return (row[_ORDERS[name]] or 0) if name == "cost" else row["generations"]

    rows.sort(key=rank, reverse=descending)
    start = (position(after, 1) or [0])[0]
    shown = rows[start : start + size]
    tokens = {row["user"]: row for row in shown}
    if name != "tokens" and shown:
        shown_users = Filter("user", tuple(tokens))
        query = replace(query, metrics=_TOKENS, where=(*query.where, shown_users))
        tokens = {row["user"]: row for row in run(ledger, query, max_rows=max_rows, cancel=cancel)}
    people = _attributes(ledger, [row["user"] for row in shown if row["user"]], timezone, cancel)
    page = []
    for row in shown:
        attributes, first_seen = people.get(row["user"], ({}, None))
        spent = money(row)
        page.append(
            UserRow(
                user=row["user"],
                attributes=attributes,
                first_seen=first_seen,
                cost=spent.cost,
                unpriced=spent.unpriced,
                simulated_cost=spent.simulated,
                **{name: row[name] for name in ("generations", "messages", "errors")},
                **{name: tokens[row["user"]][name] for name in _TOKENS},
            )
        )
    return Page(page, cursor(start + size) if start + size < len(rows) else None)


def user_exists(ledger: Ledger, user_id: str) -> bool:
    """Whether anybody of this name was ever recorded."""
    with snapshot(ledger) as view:
        placeholder = view.dialect.placeholder
        return bool(view.rows(f"SELECT 1 FROM app_user WHERE user_id = {placeholder}", (fitted(user_id),)))


def owner_of_trace(ledger: Ledger, trace_id: str) -> str | None:
    """The user whose interaction this is; None where there is none of that id, or nobody is named."""
    with snapshot(ledger) as view:
        sql = "SELECT u.user_id FROM trace AS t JOIN app_user AS u ON u.id = t.app_user WHERE t.trace_id = "
        rows = view.rows(sql + view.dialect.placeholder, (fitted(trace_id),))
        return rows[0][0] if rows else None


def owner_of_session(ledger: Ledger, session_id: str) -> str | None:
    """The user whose conversation this is; None where there is none of that id, or nobody is named."""
    with snapshot(ledger) as view:
        sql = "SELECT u.user_id FROM session AS s JOIN app_user AS u ON u.id = s.app_user WHERE s.session_id = "
        rows = view.rows(sql + view.dialect.placeholder, (fitted(session_id),))
        return rows[0][0] if rows else None


def _attributes(
    ledger: Ledger, names: list[str], timezone: str, cancel: Cancel | None
) -> dict[str | None, tuple[Mapping[str, Any], datetime]]:
    if not names:
        return {}
    with snapshot(ledger, cancel) as view:
        placeholders = view.dialect.placeholders(len(names))
        rows = view.rows(
            f"SELECT user_id, attributes, first_seen FROM app_user WHERE user_id IN ({placeholders})", names
        )
        load = view.dialect.from_json
        return {name: (load(json) or {}, from_micros(at, timezone)) for name, json, at in rows}
