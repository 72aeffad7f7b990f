"""The sample data is the same every time, plausible, and holds what it says was planted in it."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime

import pytest

from llmtrack.ledger.records import Feedback, Generation, Identity, Span
from llmtrack.sample import facts
from llmtrack.sample.cast import MODELS
from llmtrack.sample.days import DAYS, Story
from llmtrack.sample.facts import Burst

UNTIL = datetime(2026, 11, 20, 18, tzinfo=UTC)


def story_until(until: datetime, seed: int = 1) -> list:
    return [record for day in Story(until, seed).days() for record in day]


@pytest.fixture(scope="module")
def records() -> list:
    return story_until(UNTIL)


@pytest.fixture(scope="module")
def generations(records) -> list[Generation]:
    return [record for record in records if isinstance(record, Generation)]


def day_of(generation: Generation) -> date:
    return datetime.fromtimestamp(generation.started_at / 1e6, UTC).date()


def when(record) -> int:
    return record.at if isinstance(record, Feedback | Identity) else record.started_at


def during(burst: Burst, generations: list[Generation]) -> list[Generation]:
    """The calls of a burst's model and feature in its hours."""
    start = datetime.combine(burst.day(UNTIL.date()), datetime.min.time(), UTC).timestamp() + burst.first_hour * 3600
    return [
        one
        for one in generations
        if start <= one.started_at / 1e6 < start + burst.hours * 3600
        and one.request_model == burst.model.name
        and one.feature == burst.feature
    ]


@pytest.mark.slow
def test_the_same_seed_and_end_tell_the_same_story(records):
    assert story_until(UNTIL) == records


@pytest.mark.slow
def test_another_seed_tells_another_story(records):
    assert story_until(UNTIL, seed=2) != records


@pytest.mark.slow
def test_an_end_in_the_middle_of_a_day_cuts_the_same_story_short(records):
    noon = datetime(2026, 11, 20, 12, tzinfo=UTC)
    before = [one for one in records if when(one) < noon.timestamp() * 1e6]
    assert story_until(noon) == before
    assert len(before) < len(records)


def test_ninety_days_hold_between_ten_and_twenty_thousand_calls_of_at_least_eight_models(generations):
    assert len({day_of(one) for one in generations}) == DAYS
    assert 10_000 < len(generations) < 20_000
    assert {one.request_model for one in generations} == {model.name for model in MODELS}
    assert max(one.started_at for one in generations) < UNTIL.timestamp() * 1e6


def test_working_days_are_busier_than_weekends_and_noon_busier_than_night(generations):
    weekdays = Counter(day_of(one).weekday() for one in generations)
    hours = Counter(datetime.fromtimestamp(one.started_at / 1e6, UTC).hour for one in generations)
    assert min(weekdays[day] for day in range(5)) > 1.5 * max(weekdays[5], weekdays[6])
    assert hours[10] > 3 * hours[5]


def test_every_way_for_a_call_to_end_is_there_and_most_errors_have_several_causes(generations):
    statuses = {one.status for one in generations}
    assert statuses == {"ok", "error", "cancelled", "abandoned", "incomplete", "refused"}
    assert len({one.error_type for one in generations if one.status == "error"}) >= 8


def test_the_cost_spike_is_one_user_sending_a_great_deal(generations):
    planted = [
        one for one in during(facts.COST_SPIKE, generations) if one.usage.input_tokens == facts.COST_SPIKE_INPUT_TOKENS
    ]
    assert len(planted) == facts.COST_SPIKE.calls
    assert {one.user_id for one in planted} == {facts.COST_SPIKE.user}


def test_a_limit_refuses_the_same_user_the_next_morning(generations):
    refused = [one for one in generations if one.status == "refused"]
    assert refused == [one for one in during(facts.LIMIT, generations) if one.status == "refused"]
    assert len(refused) == facts.LIMIT.calls
    assert {(one.user_id, one.attempts, one.usage.input_tokens) for one in refused} == {(facts.LIMIT.user, 0, None)}


def test_the_latency_spike_makes_a_model_slow_for_some_hours(generations):
    of_model = [one for one in generations if one.request_model == facts.LATENCY_SPIKE.model.name and one.streamed]
    slow = during(facts.LATENCY_SPIKE, of_model)
    usual = sorted(one.time_to_first_token or 0 for one in of_model if one not in slow and one.status == "ok")
    late = sorted(one.time_to_first_token or 0 for one in slow if one.status == "ok")
    assert late[len(late) // 2] > facts.LATENCY_FACTOR / 2 * usual[len(usual) // 2]


def test_the_outage_fails_every_planted_call_and_the_wrong_key_those_of_one_user(generations):
    overloaded = [one for one in during(facts.OUTAGE, generations) if one.error_type == "overloaded"]
    assert len(overloaded) >= facts.OUTAGE.calls
    wrong = [one for one in generations if one.error_type == "authentication"]
    assert len(wrong) == facts.WRONG_KEY.calls
    assert {one.user_id for one in wrong} == {facts.WRONG_KEY.user}


def test_chats_move_to_another_model_and_users_come_and_go(generations):
    ago = {day: (UNTIL.date() - day).days for day in {day_of(one) for one in generations}}
    old = [
        ago[day_of(one)]
        for one in generations
        if one.feature == "chat" and one.request_model == facts.RETIRED_MODEL.name
    ]
    new = [
        ago[day_of(one)]
        for one in generations
        if one.feature == "chat" and one.request_model == facts.ADOPTED_MODEL.name
    ]
    assert min(old) > facts.ADOPTED_DAYS_AGO >= max(new)
    assert min(ago[day_of(one)] for one in generations if one.user_id == facts.LEFT_USER) >= facts.LEFT_DAYS_AGO
    assert max(ago[day_of(one)] for one in generations if one.user_id == facts.JOINED_USER) <= facts.JOINED_DAYS_AGO


def test_everyone_is_introduced_and_spans_and_judgements_belong_to_calls(records, generations):
    assert {one.user_id for one in generations} == {one.user_id for one in records if isinstance(one, Identity)}
    traces = {one.trace_id for one in generations}
    assert {one.trace_id for one in records if isinstance(one, Feedback)} <= traces
    # The cut at the end may leave out a call whose span began before it.
    assert len({one.trace_id for one in records if isinstance(one, Span)} - traces) <= 1


def test_an_answers_parts_are_no_larger_than_the_whole(generations):
    for one in generations:
        usage = one.usage
        assert (usage.cache_read_tokens or 0) + (usage.cache_write_tokens or 0) <= (usage.input_tokens or 0)
        assert (usage.reasoning_tokens or 0) <= (usage.output_tokens or 0)
