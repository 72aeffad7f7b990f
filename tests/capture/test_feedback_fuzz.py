"""Whatever a program gives as a judgement is kept, or refused in our words; nothing of it is lost on the way."""

from __future__ import annotations

import logging
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import llmtrack
from llmtrack.capture.tracker import Tracker
from llmtrack.ledger import open_ledger
from tests.fuzz import tries

pytestmark = pytest.mark.slow
log = logging.getLogger(__name__)


class Unprintable:
    """Something that cannot even be shown as text."""

    def __repr__(self) -> str:
        raise RuntimeError("no text for you")


TEXTS = st.text(max_size=40) | st.sampled_from(["", "\x00", "\ud800", "x" * 300_000, "\N{RIGHT-TO-LEFT OVERRIDE}x"])
ANYTHING = (
    TEXTS | st.none() | st.booleans() | st.integers() | st.floats() | st.binary(max_size=20)
    | st.lists(st.integers(), max_size=3) | st.builds(Unprintable) | st.builds(object)
)  # fmt: skip
GOOD: list[Any] = [1, -1, 0, True, 1.0, -1.0, Decimal(1), Fraction(-1)]
SCORES = st.booleans().flatmap(lambda good: st.sampled_from(GOOD) if good else ANYTHING)
JUDGEMENTS = st.lists(st.tuples(ANYTHING, SCORES, ANYTHING, ANYTHING), min_size=1, max_size=20)


@pytest.mark.usefixtures("bounded_memory")
def test_any_judgement_is_kept_or_refused_in_our_words(make_tracker: Callable[..., Tracker], ledger_url: str) -> None:
    tracker = make_tracker(database_url=ledger_url)
    ledger = open_ledger(ledger_url)
    given_so_far: dict[str, int] = {}
    refusals: list[str] = []

    @tries(20)
    @given(judgements=JUDGEMENTS)
    def attempt(judgements: list[tuple[Any, Any, Any, Any]]) -> None:
        for trace, score, comment, user in judgements:
            number = f"{len(given_so_far)}|"
            trace_id: Any = number + trace if isinstance(trace, str) else Text(number, trace)
            try:
                llmtrack.feedback(trace_id, score, comment, user_id=user, tracker=tracker)
            except ValueError as refused:
                refusals.append(str(refused))
            else:
                given_so_far[number] = int(score)
        flushed = tracker.flush(60)
        assert (flushed.waiting, flushed.failed) == (0, 0)

    attempt()
    assert all("give 1 (good), -1 (bad) or 0 (no judgement)" in words for words in refusals)
    with ledger.reading() as connection:
        sql = "SELECT t.trace_id, f.score FROM feedback f JOIN trace t ON t.id = f.trace"
        there = {str(trace).partition("|")[0] + "|": score for trace, score in connection.exec_driver_sql(sql)}
    assert there == {number: score for number, score in given_so_far.items() if score}
    assert tracker.health.counts() == {}
    log.warning("%d judgements kept, %d refused", len(given_so_far), len(refusals))


class Text:
    """Something else than text under which a trace may be known, behind a number."""

    def __init__(self, number: str, value: Any) -> None:
        self.number, self.value = number, value

    def __str__(self) -> str:
        return self.number + type(self.value).__name__
