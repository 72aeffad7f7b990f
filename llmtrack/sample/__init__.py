"""Sample data: ninety plausible days in a database of their own, written and priced as real calls are.

The same seed and end give the same records. `llmtrack.sample.facts` lists the incidents planted among them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from llmtrack.ledger import Ledger

BATCH = 2_000


@dataclass(frozen=True, slots=True)
class Sample:
    """The extent of the sample that was written."""

    generations: int
    since: datetime
    until: datetime


def make_sample(
    ledger: Ledger, until: datetime | None = None, seed: int = 1, progress: Callable[[float], None] | None = None
) -> Sample:
    """Write the sample into an empty ledger, ending at `until` (now); `progress` gets the share that is done."""
    from llmtrack.ledger.records import Generation, Record
    from llmtrack.pricing import Pricer
    from llmtrack.sample.days import DAYS, Story
    from llmtrack.sample.limits import set_limits

    story = Story(until or datetime.now(UTC), seed)
    pricer = Pricer()
    batch: list[Record] = []
    count, first = 0, 0
    for day, records in enumerate(story.days(), 1):
        for record in records:
            if isinstance(record, Generation):
                record.cost = pricer.price(record)
                count, first = count + 1, min(first or record.started_at, record.started_at)
            batch.append(record)
        if len(batch) >= BATCH or day == DAYS:
            ledger.write(batch)
            batch.clear()
        if progress:
            progress(day / DAYS)
    set_limits(ledger, story.until)
    return Sample(count, datetime.fromtimestamp(first / 1e6, UTC), story.until)
