"""In the worst case no call is booked at more than it held, whatever its provider reports, in every dialect."""

from __future__ import annotations

import time
from statistics import median
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmtrack.billing.limits import Destination, Sizing, facts_of
from llmtrack.billing.limits.sizing import Refused
from llmtrack.capture.readers.reader import READERS
from llmtrack.ledger.limits import EACH, Limit
from llmtrack.pricing import Cost, Pricer, UsageRecord
from tests.billing.dialects import DIALECTS, Case
from tests.fuzz import tries
from tests.reading.bodies import seen

PRICER = Pricer()
AT = time.time_ns() // 1000
COST = Limit(1, "user", "cost", "day", 10**9, EACH, mode="worst_case")
TOKENS = Limit(2, "user", "tokens", "day", 10**9, EACH, mode="worst_case")


def held(case: Case, limit: Limit) -> int | None:
    """What it holds of a limit; None where it is refused, because nothing bounds it."""
    where = Destination(case.provider, case.model, case.operation)
    try:
        return Sizing(where, facts_of(case.body), 1, AT, lambda: PRICER, lambda: None).amount(limit)
    except Refused:
        return None


def booked(case: Case) -> tuple[Cost, int]:
    """What it is booked at, and the tokens that count: read and priced as the writer does."""
    reading = seen(case.reader, case.answer, case.body, provider=case.provider, content_type=case.content_type)
    usage = reading.usage
    record = UsageRecord(
        usage, case.provider, reading.response_model, AT, case.model, reading.service_tier, reading.region,
        case.operation, reading.status, reading.usage_estimated, reading.reported_cost,
    )  # fmt: skip
    return PRICER.price(record), (usage.input_tokens or 0) + (usage.output_tokens or 0)


def test_every_reader_is_tried() -> None:
    assert DIALECTS.keys() == READERS.keys()


@pytest.mark.slow
@pytest.mark.parametrize("reader", sorted(DIALECTS))
def test_no_answer_is_booked_at_more_than_was_held(reader) -> None:
    ratios: list[float] = []
    counts = {"booked": 0, "refused": 0, "without a price": 0}

    @tries(200)
    @given(st.one_of([make() for make in DIALECTS[reader]]))
    def try_one(case: Case) -> None:
        assert case.reader == reader
        cost, tokens = booked(case)
        if (most_tokens := held(case, TOKENS)) is not None:
            assert tokens <= most_tokens, (tokens, most_tokens)
        most = held(case, COST)
        if most is None:
            counts["refused"] += 1
        elif cost.total is None:
            counts["without a price"] += 1  # the hold itself counts
        else:
            counts["booked"] += 1
            assert cost.total <= most, (cost, most)
            if cost.total:
                ratios.append(most / cost.total)

    try_one()
    print(f"{reader}: {counts}, held {median(ratios) if ratios else 0:.1f} times the cost (p50)")
    if reader not in (
        "openai.images",
        "openai.videos",
        "openai.decisions",
        "anthropic.batches",
        "anthropic.completions",
    ):
        assert counts["booked"]


def test_what_nothing_bounds_is_refused() -> None:
    """Pictures, films, recordings by the minute, batches: a request for them says nothing of what they come to."""
    for operation in ("image", "video", "transcription", "decision", "batch"):
        case = Case("", operation, "openai", {"model": "gpt-5", "max_tokens": 5}, {})
        assert held(case, COST) is None
    more: dict[str, Any]
    for more in ({"search_parameters": {"mode": "on"}}, {"plugins": [{"id": "web"}]}, {"web_search_options": {}}):
        body = {"model": "gpt-4o", "max_tokens": 5, "messages": [], **more}
        assert held(Case("", "chat", "openai", body, {}), COST) is None
    for model in ("sonar-deep-research", "groq/compound", "openai/gpt-4o:online"):
        body = {"model": model, "max_tokens": 5, "messages": []}
        assert held(Case("", "chat", "openrouter", body, {}), TOKENS) is None
