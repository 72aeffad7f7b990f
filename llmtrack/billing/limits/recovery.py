"""Holds of processes that are gone: what is not in their journals is booked as abandoned, at the amount held.

Nothing is voided: a request was sent, for all anyone knows.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from types import MappingProxyType
from typing import Any

from llmtrack import ids
from llmtrack.billing.limits.process_holder import is_dead, remove
from llmtrack.ledger import Ledger
from llmtrack.ledger.limit_book import policy_of
from llmtrack.ledger.limits import Holder, OpenCall, Policy
from llmtrack.ledger.records import CallHold, Generation
from llmtrack.pricing import Cost, Price, Reason
from llmtrack.statuses import CostStatus, Status

_FIELDS = ("user_id", "session_id", "trace_id", "span_id", "feature", "group", "properties")


def dead_holders(ledger: Ledger, *, gone_seconds: float | None = None) -> list[Holder]:
    """The processes that held something and are gone; with `gone_seconds` also other machines' not seen for so long."""
    if not holds_exist(ledger):
        return []
    before = None if gone_seconds is None else time.time_ns() // 1000 - int(gone_seconds * 1_000_000)
    return [
        holder
        for holder in ledger.holds.holders()
        if is_dead(holder) or (before is not None and holder.seen_at < before)
    ]


def holds_exist(ledger: Ledger) -> bool:
    """Whether anything can be held here: false for the many ledgers that never had a limit."""
    if ledger.file is None:
        return bool(policy_of(ledger).version)
    path = ledger.file.path
    return path.with_name(path.name + ".holds").exists()


def settle(ledger: Ledger, holders: Sequence[Holder]) -> int:
    """Books what processes that are gone still hold; returns how many calls. Their journals have been taken in before.

    Should a call's own record turn up later all the same, it takes the place of the row booked here.
    """
    if not holders:
        return 0
    policy = policy_of(ledger)
    count = 0
    for holder in holders:
        calls = ledger.holds.open_calls(holder.id)
        if calls:
            ledger.write([abandoned(call, policy) for call in calls])
            count += len(calls)
        ledger.holds.sweep(holder.id)  # rows of calls that were booked when their process died
        ledger.holds.forget(holder.id)
        remove(holder)
    return count


def release_holder(ledger: Ledger, holder: Holder) -> int:
    """Books what a process holds of which an admin knows that it is gone; returns how many calls."""
    return settle(ledger, [holder])


def abandoned(call: OpenCall, policy: Policy) -> Generation:
    """The row that stands for a call that nobody saw the end of."""
    about: dict[str, Any] = json.loads(call.about)
    limits = {limit.id: limit for limit in policy.limits}
    amounts = {entry.limit_id: entry.amount for entry in call.entries}
    costs = [
        limits[number].list_price(amount)
        for number, amount in amounts.items()
        if number in limits and limits[number].unit == "cost"
    ]
    tries = int(about.get("tries", 1))
    cost = Cost(status=CostStatus.UNPRICED.value, reason=Reason.USAGE_MISSING.value)
    provider, model = about.get("provider") or "unknown", about.get("model")
    if costs and not about.get("simulated") and not about.get("subscription"):
        price = Price("hold", "", provider, model or "", "standard", MappingProxyType({}))
        cost = Cost(CostStatus.ESTIMATED.value, min(costs), price=price, reason=Reason.HELD.value)
    return Generation(
        id=ids.new_id(call.started_at),
        started_at=call.started_at,
        provider=provider,
        operation=about.get("operation") or "other",
        status=Status.ABANDONED.value,
        request_model=model,
        attempts=tries,
        simulated=bool(about.get("simulated")),
        subscription=bool(about.get("subscription")),
        usage_estimated=True,
        cost=cost,
        hold=CallHold(call.call_id, amounts, tries, whole=True),
        **{name: about[name] for name in _FIELDS if about.get(name)},
    )
