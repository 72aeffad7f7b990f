"""What the clock shows at the time of a row, as SQL: plain arithmetic, because SQLite knows no time zones."""

from __future__ import annotations

from dataclasses import dataclass

from llmtrack.ids import first_at, started_at
from llmtrack.ledger.periods import DAY, HOUR

_TIME_BITS = 12
_THURSDAY = 3
"""The weekday of 1 January 1970, counted from Monday as 0."""


@dataclass(frozen=True, slots=True)
class Clock:
    """The clocks of a time zone over the time of a ledger."""

    offsets: tuple[tuple[int, int], ...]
    """From when on they are how far ahead of UTC; see `periods.offsets`. Without any, they show UTC."""

    def sql(self, name: str, id: str) -> str:
        """``hour_of_day`` (0 to 23) or ``weekday`` (1 to 7, from Monday) of the row whose id is the expression `id`."""
        local = f"(({id}) >> {_TIME_BITS}) + {started_at(0)} + {self._ahead(id)}"
        if name == "hour_of_day":
            return _modulo(f"({local}) / {HOUR}", 24)
        return f"1 + {_modulo(f'({local}) / {DAY} + {_THURSDAY}', 7)}"

    def _ahead(self, id: str) -> str:
        """How far the clocks are ahead: a number, or where they change within the time, a choice by the id."""
        if not self.offsets:
            return "0"
        *earlier, (_, last) = self.offsets
        if not earlier:
            return str(last)
        ends = [start for start, _ in self.offsets[1:]]
        cases = (f"WHEN ({id}) < {first_at(end)} THEN {ahead}" for end, (_, ahead) in zip(ends, earlier, strict=True))
        return f"(CASE {' '.join(cases)} ELSE {last} END)"


def _modulo(number: str, by: int) -> str:
    """Not by the sign for it, which psycopg takes for a parameter."""
    return f"(({number}) - ({number}) / {by} * {by})"
