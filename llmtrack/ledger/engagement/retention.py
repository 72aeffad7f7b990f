"""Retention: of the users who made their first call in one period, how many made one in those after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from llmtrack.ledger.engagement.presence_bits import Presence
from llmtrack.ledger.periods import Period


@dataclass(frozen=True, slots=True)
class Cohort:
    """The users whose first call lies in one period."""

    period: Period
    users: Sequence[int]
    """Their numbers."""
    back: Sequence[Sequence[int]]
    """Those of them who made a call in this period (all of them), in the next one, and so on to the last."""

    def share(self, after: int) -> float | None:
        """The share of them who made a call so many periods later; None where there is nobody to count."""
        return len(self.back[after]) / len(self.users) if self.users else None


def cohorts(presence: Presence) -> list[Cohort]:
    """A cohort for every period, those without anybody too. Who made a call before the first period is in none."""
    members: dict[int, list[int]] = {number: [] for number in range(len(presence.periods))}
    for user, bits in presence.users.items():
        if bits > 1 and not bits & 1:
            first = (bits & -bits).bit_length() - 2  # the lowest bit that is set; bit 1 is period 0
            members[first].append(user)
    return [
        Cohort(
            period,
            members[number],
            [
                [user for user in members[number] if presence.users[user] & presence.bit(later)]
                for later in range(number, len(presence.periods))
            ],
        )
        for number, period in enumerate(presence.periods)
    ]
