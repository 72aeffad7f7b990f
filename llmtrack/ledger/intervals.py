"""95 % intervals of shares and of means over users, by formulas with a name.

Users are what is drawn at random, not their calls: somebody's calls are alike, so a thousand calls of one user say
little about another. A rate over calls is therefore a ratio of two sums over users, and its spread is taken over them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Z = 1.959963984540054
"""The 97.5th percentile of the normal distribution."""
FEWEST_USERS = 10
"""Below so many users in a group nothing is said about the rest of the world."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A value, and between which bounds it lies with 95 % confidence."""

    value: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """Whether it says more than that there may be no difference."""
        return self.low > 0 or self.high < 0


def share(part: int, whole: int) -> Interval | None:
    """The interval of a share: Wilson's score interval, which holds for few and for extreme shares too; None of none.

    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927) 209-212;
    recommended by Brown, Cai and DasGupta, Statistical Science 16 (2001) 101-133.
    """
    if not whole:
        return None
    p, n, z2 = part / whole, whole, Z * Z
    middle = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = Z * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return Interval(p, max(0.0, min(p, middle - half)), min(1.0, max(p, middle + half)))


def difference_of_shares(part: int, whole: int, other_part: int, other_whole: int) -> Interval | None:
    """The first share less the second: Newcombe's hybrid score interval (his method 10); None where one is of none.

    R. G. Newcombe, "Interval estimation for the difference between independent proportions", Statistics in Medicine 17
    (1998) 873-890.
    """
    one, other = share(part, whole), share(other_part, other_whole)
    if one is None or other is None:
        return None
    value = one.value - other.value
    below = math.hypot(one.value - one.low, other.high - other.value)
    above = math.hypot(one.high - one.value, other.value - other.low)
    return Interval(value, value - below, value + above)


def ratio(over: Sequence[float], under: Sequence[float]) -> Interval | None:
    """One sum over users divided by another, from what each user adds to the two; None where the second is 0.

    The ratio estimator of a cluster sample, its variance by linearisation: W. G. Cochran, Sampling Techniques, 3rd ed.
    (1977), section 6.3. With ones below it is the mean over users with its usual standard error.
    """
    total, n = math.fsum(under), len(under)
    if not total:
        return None
    value = math.fsum(over) / total
    if n < 2:
        return Interval(value, -math.inf, math.inf)
    squares = math.fsum((y - value * x) ** 2 for y, x in zip(over, under, strict=True))
    half = Z * math.sqrt(n / (n - 1) * squares) / abs(total)
    return Interval(value, value - half, value + half)


def difference_of_ratios(
    one: Mapping[int, tuple[float, float]], other: Mapping[int, tuple[float, float]]
) -> Interval | None:
    """The ratio of one group less that of another, each by user: (adds above, adds below); None where one is unknown.

    By the same linearisation, over the users of both: somebody who is in both groups counts with what they add to the
    difference, so that comparing two models used by the same people is a comparison within people.
    """
    totals = [
        (math.fsum(y for y, _ in group.values()), math.fsum(x for _, x in group.values())) for group in (one, other)
    ]
    if not all(below for _, below in totals):
        return None
    (above_1, below_1), (above_2, below_2) = totals
    first, second = above_1 / below_1, above_2 / below_2
    users = {*one, *other}
    parts = []
    for user in users:
        y1, x1 = one.get(user, (0.0, 0.0))
        y2, x2 = other.get(user, (0.0, 0.0))
        parts.append((y1 - first * x1) / below_1 - (y2 - second * x2) / below_2)
    n = len(users)
    if n < 2:
        return Interval(first - second, -math.inf, math.inf)
    half = Z * math.sqrt(n / (n - 1) * math.fsum(part * part for part in parts))
    return Interval(first - second, first - second - half, first - second + half)
