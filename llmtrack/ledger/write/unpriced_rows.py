"""The calls that have no price and might get one now."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from fnmatch import fnmatchcase

from sqlalchemy import Connection

from llmtrack import ids
from llmtrack.ledger.database.dialect import Dialect
from llmtrack.ledger.write.generation_row import AT, COLUMNS, MOST_COST, Row, usage_of
from llmtrack.pricing.engine import Pricer
from llmtrack.pricing.names import without_snapshot
from llmtrack.pricing.providers import provider_id
from llmtrack.pricing.reasons import NOTHING_BILLED, Reason
from llmtrack.pricing.regions import region_of
from llmtrack.pricing.usage import Cost, UsageRecord
from llmtrack.statuses import CostStatus

SOME = 2_000
"""Rows read at once."""


def priced_now(
    connection: Connection, dialect: Dialect, pricer: Pricer, provider: str, model: str
) -> Iterator[tuple[Row, Cost]]:
    """The unpriced rows of these models that a price might help, each with its cost now."""
    names = connection.exec_driver_sql("SELECT id, kind, text FROM name").fetchall()
    text: dict[int | None, str] = {id: word for id, _, word in names}
    number = {(kind, word): id for id, kind, word in names}
    unpriced = number.get(("cost_status", CostStatus.UNPRICED.value))
    wanted = [id for (kind, word), id in number.items() if kind == "provider" and _fits(word, provider, name=True)]
    if unpriced is None or not wanted:
        return
    free = [id for reason in NOTHING_BILLED if (id := number.get(("cost_reason", reason.value))) is not None]
    placeholder, now = dialect.placeholder, time.time_ns() // 1_000
    sql = (
        f"SELECT {', '.join(COLUMNS)} FROM generation WHERE cost_status = {unpriced} AND id > {placeholder} "
        f"AND provider IN ({', '.join(map(str, wanted))}) "
        f"AND coalesce(cost_reason, -1) NOT IN ({', '.join(map(str, free)) or -2}) ORDER BY id LIMIT {SOME}"
    )
    after = -1
    while rows := connection.exec_driver_sql(sql, (after,)).fetchall():
        for row in map(tuple, rows):
            served = row[AT["response_model"]] or row[AT["request_model"]]
            if _fits(text.get(served, ""), model):
                yield row, _cost(row, pricer, text, now)
        after = rows[-1][0]


def _cost(row: Row, pricer: Pricer, text: dict[int | None, str], now: int) -> Cost:
    provider, request_model = text[row[AT["provider"]]], text.get(row[AT["request_model"]])
    call = UsageRecord(
        usage_of(row),
        provider,
        text.get(row[AT["response_model"]]),
        ids.started_at(row[0]),
        request_model=request_model,
        service_tier=text.get(row[AT["service_tier"]]),
        # Rows of earlier versions have no region, but Bedrock's is in the name of the requested model.
        region=text.get(row[AT["region"]]) or region_of(provider, None, "", request_model),
        operation=text[row[AT["operation"]]],
        status=text[row[AT["status"]]],
        usage_estimated=bool(row[AT["usage_estimated"]]),
    )
    cost = pricer.price(call)
    if cost.total is None:
        cost = pricer.price(replace(call, started_at=now))
        if cost.status == CostStatus.EXACT:
            cost = replace(cost, status=CostStatus.ESTIMATED.value, reason=Reason.LATER_PRICE.value)
    if cost.total is not None and cost.total > MOST_COST:
        return Cost(CostStatus.UNPRICED.value, reason=Reason.TOO_MANY.value)
    return cost


def _fits(word: str, pattern: str, *, name: bool = False) -> bool:
    """Whether a name is the one given, or fits the glob; of a provider any of its names will do."""
    word, pattern = word.lower(), pattern.strip().lower()
    if any(sign in pattern for sign in "*?["):
        return fnmatchcase(word, pattern)
    return word == pattern or (name and provider_id(word) == provider_id(pattern)) or (
        not name and without_snapshot(word) == pattern
    )  # fmt: skip


def on_sealed_days(connection: Connection, provider: str, model: str) -> int:
    """Unpriced calls of these models on sealed days, those left out that a price would not help."""
    rows = connection.exec_driver_sql(
        "SELECT p.text, coalesce(m.text, ''), sum(r.unpriced - r.usage_missing) FROM rollup_day r "
        "JOIN sealed_day s ON s.day = r.slot JOIN name p ON p.id = r.provider LEFT JOIN name m ON m.id = r.model "
        "GROUP BY p.text, m.text"
    )
    return sum(int(calls) for who, what, calls in rows if _fits(who, provider, name=True) and _fits(what, model))
