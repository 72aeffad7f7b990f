"""What several processes noted of their verdicts and bookings, looked at as one: by the rules, was each one right?

A verdict and a booking came about at some moment between two readings of the machine's clock. So what was used when a
call was refused is known as a span: a call counts what it holds until it is booked, and then its cost.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

DOLLAR = 10**9


@dataclass
class Held:
    """What one call held of one limit, and for how long."""

    since: float
    """Its hold was not there before."""
    until: float
    """… and was there from then on."""
    amount: int
    most: int
    booked_since: float = float("inf")
    booked_until: float = float("inf")
    cost: int = 0

    def most_used(self, since: float, until: float) -> int:
        """The most that it can have taken of a limit between two moments: what is booked may be more than was held."""
        if self.booked_until < since:
            return self.cost
        return max(self.amount, self.cost) if self.booked_since <= until else self.amount


@dataclass
class Replay:
    """The calls of one limit, and how it refused others."""

    held: list[Held] = field(default_factory=list)
    refused: list[tuple[float, float, int, int, int]] = field(default_factory=list)
    """Each with the moments between which it was, what was wanted, what was seen as used, and the cap."""

    def wrongly_refused(self) -> list[str]:
        """Refusals for which there was room, however the moments within their spans fell."""
        wrong = []
        for since, until, wanted, seen, cap in self.refused:
            most = sum(call.most_used(since, until) for call in self.held if call.since <= until)
            if most + wanted <= cap or seen > most:
                wrong.append(f"wanted {wanted}, saw {seen}, at most {most} of {cap} was used")
        return wrong

    def bound(self) -> int:
        """How far the limit could be overrun: the most that the calls under way at one moment could exceed their holds."""
        changes = sorted(
            [(call.since, call.most - call.amount) for call in self.held]
            + [(call.booked_until, call.amount - call.most) for call in self.held]
        )
        largest = now = 0
        for _, change in changes:
            now += change
            largest = max(largest, now)
        return largest

    def ratio(self) -> float:
        """How many times its cost a call held: of half of them more, of half of them less."""
        return median(call.amount / call.cost for call in self.held if call.cost)

    def too_low(self) -> list[Held]:
        """Calls that cost more than they held."""
        return [call for call in self.held if call.cost > call.amount]


def replay(directory: Path, limit_id: int) -> Replay:
    """What the processes that noted into `directory` did with one limit."""
    result, by_call, booked = Replay(), {}, []
    for path in directory.glob("*.jsonl"):
        for text in path.read_text(encoding="utf-8").splitlines():
            line = json.loads(text)
            if "booked" in line:
                booked.append(line)
                continue
            for limit, amount, most in line["entries"]:
                if limit != limit_id:
                    continue
                if not line["short"]:
                    by_call[line["call"]] = Held(line["since"], line["until"], amount, most or amount)
                for short, spent, held, cap in line["short"]:
                    if short == limit_id:
                        result.refused.append((line["since"], line["until"], amount, spent + held, cap))
    for line in booked:
        if (call := by_call.get(line["booked"])) is not None:
            call.booked_since, call.booked_until, call.cost = line["since"], line["until"], line["cost"] or 0
    result.held = list(by_call.values())
    return result
