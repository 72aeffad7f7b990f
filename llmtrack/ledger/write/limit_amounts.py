"""What one generation counts against a limit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from llmtrack.ledger.limits.policy import Limit
from llmtrack.ledger.records import CallHold
from llmtrack.ledger.write.generation_row import AT, Row
from llmtrack.pricing.reasons import Reason
from llmtrack.statuses import BILLED, NOT_SPENT, CostStatus, Status

MILLION = 1_000_000
_DOUBTFUL = frozenset({
    Reason.USAGE_ESTIMATED, Reason.STOPPED_EARLY, Reason.COUNTS_CONTRADICT, Reason.TOOL_NOT_PRICED,
    Reason.CLASS_NOT_COUNTED, Reason.COUNT_NOT_PRICED, Reason.SEARCH_NOT_COUNTED,
})  # fmt: skip
"""Why a cost is an estimate that may be too low."""
_NEEDED = (
    "operation", "status", "cost_status", "cost_reason", "cost", "input_tokens", "output_tokens", "http_status",
    "attempts", "usage_estimated",
)  # fmt: skip
_PLACES = tuple(AT[column] for column in _NEEDED)


class Used(NamedTuple):
    """What a row says was used, in a limit's unit."""

    amount: int | None
    """None: nobody knows."""
    sure: bool = True
    """False: it may have been more."""


_NOTHING, _UNKNOWN = Used(0), Used(None, sure=False)


def used(limit: Limit, row: Row, words: Mapping[int | None, str]) -> Used:
    """What `row` says was used of `limit`. `words` has the text of each number in it."""
    operation, status, cost_status, reason, cost, inputs, outputs, http_status, attempts, estimated = [
        row[place] for place in _PLACES
    ]
    status, cost_status, reason = words.get(status), words.get(cost_status), words.get(reason)
    if status == Status.REFUSED:
        return _NOTHING
    if limit.unit == "messages":
        return Used(int(words.get(operation) == "chat" and status in (*BILLED, Status.PENDING)))
    if status == Status.PENDING:
        return _UNKNOWN
    nothing = inputs is None and outputs is None
    if nothing and (attempts == 0 or (status == Status.ERROR and (http_status or 0) >= 400)):
        return _NOTHING
    if limit.unit == "tokens":
        if nothing:
            return _NOTHING if cost == 0 and cost_status == CostStatus.EXACT else _UNKNOWN
        whole = inputs is not None and outputs is not None and not estimated
        return Used((inputs or 0) + (outputs or 0), whole and reason not in _DOUBTFUL)
    if cost_status in NOT_SPENT:
        return _NOTHING
    if cost is not None:
        return Used(limit.charged(cost), reason not in _DOUBTFUL and not estimated)
    if limit.unpriced == "rate" and limit.rate is not None and not nothing:
        return Used(limit.charged(-(-((inputs or 0) + (outputs or 0)) * limit.rate // MILLION)), not estimated)
    if limit.unpriced == "allow" and reason != Reason.USAGE_MISSING and not nothing:
        return _NOTHING
    return _UNKNOWN


def charged(limit: Limit, row: Row, own: Used, hold: CallHold | None) -> int | None:
    """What counts where the row alone does not tell: the hold's amount; None where the row tells, or nothing was held.

    In the mode ``worst_case`` an estimate does not do either, and an earlier attempt whose end nobody saw counts.
    """
    if hold is None or (amount := hold.amounts.get(limit.id)) is None:
        return None
    if hold.whole:
        return amount
    share = -(-amount // hold.tries)
    strict = limit.mode == "worst_case" and limit.unit != "messages"
    if own.amount is None or (strict and not own.sure):
        attempts: int = row[AT["attempts"]]
        return min(amount, share * max(1, attempts))
    if strict and hold.unseen:
        return min(max(amount, own.amount), own.amount + share * hold.unseen)
    return None
