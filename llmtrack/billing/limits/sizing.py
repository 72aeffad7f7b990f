"""How much a call holds of a limit: an upper bound in the mode ``worst_case``, else what it will probably use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from llmtrack.billing.limits.bounds import Bound, Unbounded, bound_of, cost_of
from llmtrack.billing.limits.expected import expected_input, expected_output
from llmtrack.billing.limits.facts import RequestFacts
from llmtrack.ledger.limits import Limit
from llmtrack.pricing import Cost, Pricer, Reason, Usage, UsageRecord, in_words

MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Destination:
    """To whom a request goes."""

    provider: str
    model: str | None
    operation: str
    region: str | None = None
    simulated: bool = False
    """Nobody pays for it: the demo provider's, or what a subscription pays."""
    long_context: bool = False
    """Anthropic's beta of a longer context window is asked for."""


class Refused(Exception):
    """A limit refuses a call whose amount nobody can tell."""

    def __init__(self, limit: Limit, reason: str, why: str) -> None:
        super().__init__(why)
        self.limit = limit
        self.reason = reason
        """``unbounded`` or ``unpriced``."""


class Sizing:
    """What one request may use."""

    def __init__(
        self, where: Destination, facts: RequestFacts, tries: int, at: int, pricer: Callable[[], Pricer],
        p95: Callable[[], int | None],
    ) -> None:  # fmt: skip
        """`tries`: how often its client may send it. `p95`: output tokens that 95 % of the answers stay below."""
        self.where, self.facts, self.tries = where, facts, tries
        self._at, self._pricer, self._p95 = at, pricer, p95
        self._bound: Bound | Unbounded | None = None

    @property
    def bound(self) -> Bound | Unbounded:
        """The most that one attempt can use."""
        if self._bound is None:
            self._bound = bound_of(self.where, self.facts)
        return self._bound

    def with_max_tokens(self, count: int) -> Sizing:
        """The same request with so many tokens of output at most."""
        facts = replace(self.facts, max_tokens=count)
        return Sizing(self.where, facts, self.tries, self._at, self._pricer, self._p95)

    def amount(self, limit: Limit) -> int:
        """What it holds of `limit`, for all attempts. Raises `Refused` where the limit refuses what nobody knows."""
        if limit.unit == "messages":
            return int(self.where.operation == "chat")
        if limit.unit == "cost" and self.where.simulated:
            return 0
        if limit.mode == "worst_case":
            bound = self.bound
            if isinstance(bound, Bound):
                return self.tries * self._worst(limit, bound)
            if limit.unbounded == "refuse":
                raise Refused(limit, "unbounded", bound.why)
        return self._expected(limit)

    def most(self, limit: Limit) -> int | None:
        """What it cannot exceed, for all attempts; None where nothing bounds it."""
        if limit.unit == "messages" or (limit.unit == "cost" and self.where.simulated):
            return self.amount(limit)
        if isinstance(self.bound, Unbounded):
            return None
        try:
            return self.tries * self._worst(limit, self.bound)
        except Refused:
            return None

    def _worst(self, limit: Limit, bound: Bound) -> int:
        if limit.unit == "tokens":
            return bound.tokens
        cost = cost_of(self._pricer(), self.where, self.facts, bound, self._at)
        list_price = self._unpriced(limit, cost, bound.tokens) if isinstance(cost, Reason) else cost
        return limit.charged(list_price, at_most=True)

    def _expected(self, limit: Limit) -> int:
        into, out = expected_input(self.facts, self.where.model), expected_output(self.facts, self._p95())
        if isinstance(self.bound, Bound):
            into, out = min(into, self.bound.input_tokens), min(out, self.bound.output_tokens)
        if limit.unit == "tokens":
            return into + out
        cost = self._cost(into, out, self.facts.tier)
        if cost.reason == Reason.NO_TIER_PRICE:  # what is asked for may be declined, and is then served as usual
            cost = self._cost(into, out, None)
        list_price = cost.total
        if list_price is None:
            list_price = self._unpriced(limit, Reason(cost.reason or Reason.NO_PRICE), into + out)
        return limit.charged(list_price, at_most=True)

    def _cost(self, into: int, out: int, tier: str | None) -> Cost:
        return self._pricer().price(
            UsageRecord(
                Usage(into, out),
                self.where.provider,
                self.where.model,
                self._at,
                service_tier=tier,
                region=self.where.region,
                operation=self.where.operation,
            )
        )

    def _unpriced(self, limit: Limit, reason: Reason, tokens: int) -> int:
        if limit.unpriced == "refuse":
            raise Refused(limit, "unpriced", in_words(reason))
        if limit.unpriced == "rate" and limit.rate is not None:
            return -(-tokens * limit.rate // MILLION)
        return 0


def most_output(sizing: Sizing, rooms: list[tuple[Limit, int]]) -> int | None:
    """The most tokens of output with which a request fits into the room of each limit; None if with none."""
    if sizing.where.operation not in ("chat", "text_completion"):
        return None

    def fits(count: int) -> bool:
        smaller = sizing.with_max_tokens(count)
        try:
            return all(smaller.amount(limit) <= room for limit, room in rooms)
        except Refused:
            return False

    low, high = 0, sizing.facts.max_tokens or 1_000_000
    if not fits(1):
        return None
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    return low
