"""Judgements by size and time, the answers behind them and who came back, against a plain count over records."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from llmtrack.ledger import Ledger
from llmtrack.ledger.feedback import JudgedAnswer, judged_answers, returns, score_by, summary
from llmtrack.ledger.records import Feedback, Generation
from tests.ledger import oracle

EDGES = (2.0, 20.0, 60.0)
WHERES: tuple[dict[str, Any], ...] = ({}, {"feature": "chat"}, {"model": "gpt-1"}, {"property.plan": "pro"})


def story(seed: int) -> tuple[list[Generation], list[Feedback]]:
    """Records of which each interaction is one user's, and judgements of most of them."""
    draw = random.Random(seed)
    records = oracle.records(seed, 300)
    owners: dict[str, str | None] = {}
    judged = []
    for record in records:
        if record.trace_id is not None:
            record.trace_id = f"{record.trace_id}-{draw.randrange(4)}"
            record.user_id = owners.setdefault(record.trace_id, record.user_id)
    for trace in owners:
        if draw.random() < 0.8:
            at = max(r.started_at for r in records if r.trace_id == trace) + draw.randrange(10**9)
            comment = draw.choice((None, "Wrong city.", "Too long."))
            judged.append(Feedback(trace, draw.choice(("alice", "judge")), draw.choice((1, 1, -1)), comment, at))
    return records, judged


def calls_of(records: list[Generation], judgement: Feedback) -> list[Generation]:
    return [record for record in records if record.trace_id == judgement.trace_id]


def passing(records: list[Generation], judged: list[Feedback], where: dict[str, Any]) -> list[Feedback]:
    return [
        one
        for one in judged
        if any(
            all(oracle.passes(row, name, [value], False, "is") for name, value in where.items())
            for row in calls_of(records, one)
        )
    ]


def took(records: list[Generation], judgement: Feedback) -> int:
    calls = calls_of(records, judgement)
    return max(c.started_at + (c.duration or 0) for c in calls) - min(c.started_at for c in calls)


def test_scores_by_time_and_length_count_what_the_records_have(ledger: Ledger) -> None:
    records, judged = story(1)
    ledger.write([*records, *judged])
    for where in WHERES:
        among = passing(records, judged, where)
        for of, value in (
            ("seconds", lambda one: took(records, one) / 1e6),
            ("output_tokens", lambda one: sum(c.usage.output_tokens or 0 for c in calls_of(records, one))),
        ):
            bins = score_by(ledger, of, EDGES, where=where)  # type: ignore[arg-type]
            assert [(b.low, b.high) for b in bins] == [(None, 2.0), (2.0, 20.0), (20.0, 60.0), (60.0, None)]
            for part in bins:
                inside = [
                    one
                    for one in among
                    if (part.low or 0) <= value(one) and (part.high is None or value(one) < part.high)
                ]
                assert (part.judged, part.good) == (len(inside), sum(one.score > 0 for one in inside)), (where, part)


def test_the_summary_has_counts_comments_and_median_times(ledger: Ledger) -> None:
    records, judged = story(2)
    ledger.write([*records, *judged])
    for where in WHERES:
        among = passing(records, judged, where)
        good = [one for one in among if one.score > 0]
        bad = [one for one in among if one.score < 0]
        told = summary(ledger, where=where)
        assert (told.judged, told.good) == (len(among), len(good))
        assert told.with_comment == sum(one.comment is not None for one in among)
        assert told.bad_with_comment == sum(one.comment is not None for one in bad)
        for seconds, group in ((told.seconds_of_good, good), (told.seconds_of_bad, bad)):
            expected = oracle.nearest_rank((took(records, one) for one in group), 0.5)
            assert seconds == (None if expected is None else expected / 1e6)


def test_answers_come_worst_first_those_that_were_explained_before_others(ledger: Ledger) -> None:
    records, judged = story(3)
    ledger.write([*records, *judged])
    answers = judged_answers(ledger, "bad", limit=500)
    keys = [(a.score, a.comment is None, -a.at.timestamp()) for a in answers]
    assert keys == sorted(keys)
    assert len(answers) == len(judged)
    by_trace = {one.trace_id: one for one in judged}
    for answer in answers:
        check(answer, by_trace[answer.trace], records)
    assert [a.score for a in judged_answers(ledger, "good", limit=500)] == sorted(
        (j.score for j in judged), reverse=True
    )
    latest = [a.at for a in judged_answers(ledger, "latest", limit=500)]
    assert latest == sorted(latest, reverse=True)
    assert judged_answers(ledger, "bad", limit=5, offset=5) == answers[5:10]


def check(answer: JudgedAnswer, judgement: Feedback, records: list[Generation]) -> None:
    calls = sorted(calls_of(records, judgement), key=lambda c: c.id)
    assert (answer.score, answer.comment) == (judgement.score, judgement.comment)
    assert answer.user == calls[0].user_id
    assert answer.seconds == pytest.approx(took(records, judgement) / 1e6)
    assert answer.output_tokens == sum(c.usage.output_tokens or 0 for c in calls)
    named = [c.response_model or c.request_model for c in calls]
    assert answer.model == next(name for name in reversed(named) if name is not None)
    assert answer.cost == oracle.cost(calls)


def test_an_order_that_there_is_not_is_refused_by_name(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="cannot be sorted by 'worst'; choose one of bad, good, latest"):
        judged_answers(ledger, "worst")  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.parametrize("timezone", ["UTC", "America/St_Johns"])
def test_who_came_back_is_counted_by_days_of_users_with_a_whole_week_after_them(ledger: Ledger, timezone: str) -> None:
    records, judged = story(4)
    ledger.write([*records, *judged])
    until = oracle.BEGIN + timedelta(days=oracle.DAYS)
    now = oracle.micros(until) - 5 * 3_600_000_000
    for where in WHERES:
        counted = returns(ledger, since=None, until=until, timezone=timezone, where=where, now=now)
        expected = plain_returns(records, judged, where, timezone, now)
        assert {one.kind: (one.times, one.back) for one in counted} == expected, where
        assert any(times for times, _ in expected.values())


def plain_returns(
    records: list[Generation], judged: list[Feedback], where: dict[str, Any], timezone: str, now: int
) -> dict[str, tuple[int, int]]:
    def day(at: int) -> date:
        return (oracle.EPOCH + timedelta(microseconds=at)).astimezone(ZoneInfo(timezone)).date()

    first = min(record.started_at for record in records)
    had: dict[str, set[tuple[str, date]]] = {"good": set(), "bad": set(), "failed": set()}
    for one in passing(records, judged, where):
        user = calls_of(records, one)[0].user_id
        if user is not None and one.at >= first:
            had["good" if one.score > 0 else "bad"].add((user, day(one.at)))
    for row in records:
        matches = all(oracle.passes(row, name, [value], False, "is") for name, value in where.items())
        if row.status == "error" and row.user_id is not None and matches:
            had["failed"].add((row.user_id, day(row.started_at)))
    active = {(row.user_id, day(row.started_at)) for row in records}
    last = day(now)  # not over; a day counts if the seven after it are
    counts = {}
    for kind, days in had.items():
        whole = {(user, on) for user, on in days if on + timedelta(days=7) < last}
        back = sum(any((user, on + timedelta(days=n)) in active for n in range(1, 8)) for user, on in whole)
        counts[kind] = (len(whole), back)
    return counts


def test_nothing_is_said_of_an_empty_ledger(ledger: Ledger) -> None:
    now = oracle.micros(datetime(2026, 5, 1, tzinfo=UTC))
    assert [(one.times, one.share) for one in returns(ledger, now=now)] == [(0, None)] * 3
    assert summary(ledger).judged == 0
    assert judged_answers(ledger) == []
