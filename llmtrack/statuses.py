"""How a generation can end, and how far its cost can be trusted: each status is defined here, with what it counts as.

The words are stored in ledgers and in journals: new ones may be added, none is renamed.
"""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """How a generation ended. Each status is followed by whether it is billed, answered, failed."""

    OK = "ok", True, True, False
    """The whole answer came."""
    INCOMPLETE = "incomplete", True, True, False
    """The provider cut the answer, for length or by a filter."""
    CANCELLED = "cancelled", True, False, False
    """The user stopped it, or its task was cancelled."""
    ABANDONED = "abandoned", True, False, False
    """A stream that nobody read to its end."""
    ERROR = "error", False, False, True
    REFUSED = "refused", False, False, True
    """A limit stopped it before anything was sent."""
    PENDING = "pending", False, False, False
    """A background response whose end has not been seen."""

    is_billed: bool
    """The provider answered, at least in part, and charges for that."""
    is_answered: bool
    """The answer came to its end: in full, or cut by the provider."""
    is_failed: bool
    """Without reported usage nothing was billed."""

    def __new__(cls, word: str, is_billed: bool, is_answered: bool, is_failed: bool) -> Status:
        """A member that equals its word."""
        status = str.__new__(cls, word)
        status._value_ = word
        status.is_billed, status.is_answered, status.is_failed = is_billed, is_answered, is_failed
        return status


BILLED = tuple(status.value for status in Status if status.is_billed)
ANSWERED = tuple(status.value for status in Status if status.is_answered)
FAILED = tuple(status.value for status in Status if status.is_failed)


class CostStatus(StrEnum):
    """How far the cost of a generation can be trusted. Each status is followed by whether real cost is known."""

    EXACT = "exact", True
    ESTIMATED = "estimated", True
    PROVIDER_REPORTED = "provider_reported", True
    """The provider's answer says what it charged."""
    UNPRICED = "unpriced", False
    SIMULATED = "simulated", False
    """Of the demo provider: never added to real cost."""
    API_EQUIVALENT = "api_equivalent", False
    """Not billed per call, as a subscription paid for it: what the API would have charged. Never added either."""

    is_priced: bool

    def __new__(cls, word: str, is_priced: bool) -> CostStatus:
        """A member that equals its word."""
        status = str.__new__(cls, word)
        status._value_ = word
        status.is_priced = is_priced
        return status


NOT_SPENT = (CostStatus.SIMULATED.value, CostStatus.API_EQUIVALENT.value)
"""Statuses of amounts that nobody pays: they are shown apart, and are part of no sum of cost."""
PRICED = tuple(status.value for status in CostStatus if status.is_priced)

IN_FLIGHT = ("waiting", "streaming")
"""Statuses of a chat page's answer that is still being written."""
