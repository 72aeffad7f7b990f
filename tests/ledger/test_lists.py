"""Lists show every generation, trace, session and user once, in order, however many pages that takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from llmtrack.ids import new_id
from llmtrack.ledger import Ledger, open_ledger
from llmtrack.ledger.lists import (
    NotFound,
    Page,
    generation,
    generations,
    session,
    sessions,
    trace,
    traces,
    users,
)
from llmtrack.ledger.metrics import TooManyRows
from llmtrack.ledger.records import Feedback, Generation, Identity, Record, Span
from llmtrack.pricing.usage import Cost, Price, Usage
from tests.ledger import oracle

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    opened = open_ledger(ledger_url)
    yield opened
    opened.close()


def at(minutes: float) -> int:
    return oracle.micros(NOON + timedelta(minutes=minutes))


def call(minutes: float, **given: Any) -> Generation:
    started_at = at(minutes)
    plain = {"provider": "openai", "operation": "chat", "status": "ok", "request_model": "gpt-4o", "user_id": "alice"}
    return Generation(id=new_id(started_at), started_at=started_at, **{**plain, **given})


def said(text: str) -> list[dict[str, Any]]:
    return [{"role": "user", "parts": [{"type": "text", "content": text}]}]


def all_pages(turn: Callable[[str | None], Page[Any]]) -> list[Any]:
    rows: list[Any] = []
    page = turn(None)
    rows += page.rows
    while page.after is not None:
        page = turn(page.after)
        rows += page.rows
    return rows


SORTED_BY: dict[str, Callable[[Generation], Any]] = {
    "time": lambda row: row.started_at,
    "cost": lambda row: row.cost.total if row.cost else None,
    "duration": lambda row: row.duration,
    "tokens": lambda row: (
        None
        if row.usage.input_tokens is None and row.usage.output_tokens is None
        else (row.usage.input_tokens or 0) + (row.usage.output_tokens or 0)
    ),
}


@pytest.mark.parametrize("order", ["time", "-time", "cost", "-cost", "duration", "-duration", "tokens", "-tokens"])
def test_every_generation_is_on_one_page_in_order(ledger: Ledger, order: str) -> None:
    records = oracle.records(7)
    ledger.write(records)
    found = all_pages(lambda after: generations(ledger, order=order, after=after, limit=17))
    assert len({row.id for row in found}) == len(records)
    keys = {oracle.micros(row.at): row for row in found}
    assert set(keys) == {row.started_at for row in records}
    by_start: dict[int, list[Any]] = {}
    for row in records:
        by_start.setdefault(row.started_at, []).append(SORTED_BY[order.lstrip("-")](row))
    listed = [value for row in found for value in by_start[oracle.micros(row.at)][:1]]
    alone = [v for v, row in zip(listed, found, strict=True) if len(by_start[oracle.micros(row.at)]) == 1]
    known = [value for value in alone if value is not None]
    assert known == sorted(known, reverse=order.startswith("-"))
    assert all(value is None for value in alone[len(known) :]), "what is unknown comes last"


@pytest.mark.parametrize("name", list(oracle.DIMENSIONS))
def test_a_filter_on_anything_leaves_the_same_generations_as_a_plain_count(ledger: Ledger, name: str) -> None:
    records = oracle.records(8)
    ledger.write([*(Identity(user, known, 1) for user, known in oracle.ATTRIBUTES.items()), *records])
    for value in {oracle.DIMENSIONS[name](row) for row in records}:
        found = all_pages(lambda after, v=value: generations(ledger, where={name: v}, after=after, limit=9))
        expected = sorted((row.started_at for row in records if oracle.DIMENSIONS[name](row) == value), reverse=True)
        assert [oracle.micros(row.at) for row in found] == expected


def test_filters_the_rollups_know_and_filters_they_do_not_work_together(ledger: Ledger) -> None:
    records = oracle.records(9)
    ledger.write(records)
    since, until = oracle.BEGIN + timedelta(days=5, hours=3), oracle.BEGIN + timedelta(days=31, minutes=7)
    where = {"model": ["gpt-1", "claude-1"], "service_tier": None}
    found = all_pages(lambda after: generations(ledger, since=since, until=until, where=where, after=after, limit=4))
    expected = [
        row.started_at
        for row in records
        if oracle.micros(since) <= row.started_at < oracle.micros(until)
        and row.response_model in ("gpt-1", "claude-1")
        and row.service_tier is None
    ]
    assert [oracle.micros(row.at) for row in found] == sorted(expected, reverse=True)


def test_a_page_that_had_to_look_through_too_much_hands_over_what_it_has_and_goes_on(ledger: Ledger) -> None:
    ledger.write([call(n * 30, attempts=2 if n % 50 == 0 else 1) for n in range(300)])
    page = generations(ledger, where={"attempts": 2}, max_rows=1, limit=10)
    assert page.rows
    rows = all_pages(lambda after: generations(ledger, where={"attempts": 2}, max_rows=1, after=after, limit=10))
    assert [row.attempts for row in rows] == [2] * 6


def test_sorting_more_than_allowed_is_refused_with_the_way_out(ledger: Ledger) -> None:
    ledger.write([call(n) for n in range(30)])
    with pytest.raises(TooManyRows, match=r"has to read 30 generations.*10 are allowed: ask about a shorter time"):
        generations(ledger, order="-cost", max_sorted=10)
    assert len(generations(ledger, order="-cost", max_sorted=15, since=NOON, until=NOON + timedelta(minutes=8))) == 8


def test_a_row_says_what_was_recorded(ledger: Ledger) -> None:
    ledger.write([
        call(
            0, response_model="gpt-4o-2024-08-06", session_id="s1", trace_id="t1", feature="chat", group="red",
            duration=2_500_000, time_to_first_token=400_000, streamed=True,
            usage=Usage(input_tokens=1000, output_tokens=200),
            cost=Cost(status="exact", total=4_500_000, input=2_500_000, output=2_000_000),
        )
    ])  # fmt: skip
    (row,) = generations(ledger, timezone="Asia/Kathmandu")
    assert row.at.isoformat() == "2026-05-04T17:45:00+05:45"
    assert (row.user, row.session, row.trace, row.feature, row.group) == ("alice", "s1", "t1", "chat", "red")
    assert (row.model, row.request_model, row.provider, row.status) == ("gpt-4o-2024-08-06", "gpt-4o", "openai", "ok")
    assert (row.duration, row.time_to_first_token, row.streamed) == (2.5, 0.4, True)
    assert (row.input_tokens, row.output_tokens, row.reasoning_tokens) == (1000, 200, None)
    assert (row.cost, row.cost_status) == (Decimal("0.0045"), "exact")


def test_the_detail_of_a_generation_has_its_text_properties_and_price(ledger: Ledger) -> None:
    price = Price("genai-prices", "1", "openai", "gpt-4o", "standard", {"input": "2.5", "output": "10"})
    ledger.write([
        call(
            0, input=said("What is the capital?"), output=said("Paris"), properties={"plan": "pro"},
            usage=Usage(
                input_tokens=1000, output_tokens=200, input_audio_tokens=300, web_searches=2, tools={"file_search": 2}
            ),
            cost=Cost(status="exact", total=4_500_000, input=2_500_000, output=2_000_000, price=price),
        )
    ])  # fmt: skip
    (row,) = generations(ledger)
    found = generation(ledger, row.id)
    assert (found.row, found.input, found.output) == (row, said("What is the capital?"), said("Paris"))
    assert found.properties == {"plan": "pro"}
    assert found.cost_parts == {"input": Decimal("0.0025"), "output": Decimal("0.002")}
    assert found.price is not None
    assert found.price["rates"] == {"input": "2.5", "output": "10"}
    assert found.details["tools"] == {"file_search": 2}
    assert found.more == {"input_audio_tokens": 300, "web_searches": 2}
    with pytest.raises(NotFound, match="no generation 12"):
        generation(ledger, 12)


def test_words_and_phrases_are_found_in_prompts_and_answers(ledger: Ledger) -> None:
    ledger.write([
        call(0, input=said("Tell me about Zürich"), output=said("It is a city.")),
        call(1, input=said("A city that never sleeps?"), output=said("New York."), user_id="bob"),
        call(2, input=said("Sleeps a city?"), status="error", error_message="overloaded"),
    ])  # fmt: skip

    def minutes(text: str, **more: Any) -> list[int]:
        return [(row.at - NOON).seconds // 60 for row in generations(ledger, search=text, **more)]

    assert minutes("city") == [2, 1, 0]
    assert minutes("zurich") == [0]
    assert minutes('"city that never"') == [1]
    assert minutes('"never that"') == []
    assert minutes("new yo") == [1]
    assert minutes("overloaded") == [2]
    assert minutes("city", where={"user": "bob"}) == [1]
    assert minutes("city", order="time") == [0, 1, 2]
    assert minutes("'; DROP TABLE generation; --") == []
    with pytest.raises(ValueError, match=r"no word to search for in '!\?'"):
        generations(ledger, search="!?")


def test_found_generations_come_page_by_page(ledger: Ledger) -> None:
    ledger.write([call(n, input=said("again and again")) for n in range(25)])
    found = all_pages(lambda after: generations(ledger, search="again", after=after, limit=10))
    assert [(row.at - NOON).seconds // 60 for row in found] == list(range(24, -1, -1))


def test_a_search_that_other_filters_leave_little_of_goes_on_where_it_stopped(ledger: Ledger) -> None:
    ledger.write([call(n, input=said("again"), user_id="bob" if n % 100 == 7 else "alice") for n in range(300)])
    ledger.index_texts()
    asked: dict[str, Any] = {"search": "again", "where": {"user": "bob"}, "limit": 1}
    page = generations(ledger, **asked, max_rows=1)
    assert (len(page), page.complete) == (0, False)
    found = all_pages(lambda after: generations(ledger, **asked, max_rows=1, after=after))
    assert [(row.at - NOON) // timedelta(minutes=1) for row in found] == [207, 107, 7]
    found = all_pages(lambda after: generations(ledger, **asked, order="time", after=after))
    assert [(row.at - NOON) // timedelta(minutes=1) for row in found] == [7, 107, 207]


@pytest.mark.parametrize("order", ["-time", "time"])
def test_interactions_hard_to_find_come_piece_by_piece(
    ledger: Ledger, order: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for step in ("_FIRST_STEP", "_LARGEST_STEP"):
        monkeypatch.setattr(f"llmtrack.ledger.lists.trace_list.{step}", 10)
    ledger.write([
        call(n, trace_id=f"t{n}", session_id=f"s{n}", request_model="rare" if n % 40 == 3 else "gpt-4o")
        for n in range(130)
    ])  # fmt: skip
    minutes = [3, 43, 83, 123] if order == "time" else [123, 83, 43, 3]
    for listed, name in ((traces, "t"), (sessions, "s")):
        for most in (1, 25, None):
            found = all_pages(
                lambda after, do=listed, m=most: do(
                    ledger, where={"model": "rare"}, order=order, limit=2, max_rows=m, after=after
                )
            )
            assert [getattr(row, listed.__name__.removesuffix("s")) for row in found] == [f"{name}{n}" for n in minutes]
        page = listed(ledger, where={"model": "rare"}, order=order, max_rows=1)
        assert (len(page), page.complete) == (1, False)


def test_sorting_more_interactions_than_allowed_is_refused(ledger: Ledger) -> None:
    ledger.write([call(n, trace_id=f"t{n}") for n in range(12)])
    with pytest.raises(TooManyRows, match=r"has to read 12 traces one by one.*10 are allowed"):
        traces(ledger, order="-cost", max_sorted=10)
    assert len(traces(ledger, order="-cost", max_sorted=12)) == 12


class Steps:
    """Counts what SQLite's machine does, in hundreds of instructions, while `ledger` is asked."""

    def __init__(self, ledger: Ledger) -> None:
        self.count = 0
        event.listen(ledger.engine, "checkout", self._watch)

    def _watch(self, connection: Any, *_: Any) -> None:
        connection.set_progress_handler(self._step, 100)

    def _step(self) -> int:
        self.count += 1
        return 0

    def of(self, do: Callable[[], object]) -> int:
        """Hundreds of instructions of one question."""
        before = self.count
        do()
        return self.count - before


@pytest.mark.slow
def test_the_last_page_costs_what_the_first_one_costs(tmp_path: Path) -> None:
    ledger = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    total, size = 6_000, 20
    ledger.write([
        call(n / 10, input=said("again and again"), trace_id=f"t{n}", session_id=f"s{n}", response_model="gpt-4o-1")
        for n in range(total)
    ])  # fmt: skip
    ledger.index_texts()
    steps = Steps(ledger)
    asked: dict[str, Callable[[str | None], Page[Any]]] = {
        "all": lambda after: generations(ledger, after=after, limit=size),
        "oldest first": lambda after: generations(ledger, after=after, limit=size, order="time"),
        "one user's": lambda after: generations(ledger, after=after, limit=size, where={"user": "alice"}),
        "one model's": lambda after: generations(ledger, after=after, limit=size, where={"model": "gpt-4o-1"}),
        "found": lambda after: generations(ledger, after=after, limit=size, search='"again"'),
        "found of a user": lambda after: generations(
            ledger, after=after, limit=size, search='"again"', where={"user": "alice"}
        ),
        "traces": lambda after: traces(ledger, after=after, limit=size),
        "traces of a model": lambda after: traces(ledger, after=after, limit=size, where={"model": "gpt-4o-1"}),
        "sessions": lambda after: sessions(ledger, after=after, limit=size),
    }
    for name, turn in asked.items():
        after: str | None = None
        costs, rows = [], 0
        while True:
            pages: list[Page[Any]] = []
            costs.append(steps.of(lambda t=turn, a=after, into=pages: into.append(t(a))))
            rows += len(pages[0])
            after = pages[0].after
            if after is None:
                break
        assert rows == total, name
        assert len(costs) == total // size, name
        first, deepest = costs[1], max(costs[2:])  # the very first has words to learn
        assert deepest <= 1.5 * first + 5, f"{name}: {first} for the first page, {deepest} for the dearest"
        assert first < total / 10, f"{name}: {first} hundred steps for {size} rows of {total}"


def interaction() -> list[Record]:
    root = new_id(at(0))
    return [
        Span(root, "t1", "answer", at(0), 9_000_000, user_id="alice", session_id="s1"),
        Span(root + 1, "t1", "look up", at(0.01), 1_000_000, parent_id=root),
        call(0.02, trace_id="t1", session_id="s1", duration=3_000_000, span_id=root,
             usage=Usage(input_tokens=10, output_tokens=5), cost=Cost(status="exact", total=1_000)),
        call(0.1, trace_id="t1", session_id="s1", status="error", error_type="timeout", cost=Cost(status="unpriced", reason="no_usage")),
        call(5, trace_id="t2", session_id="s1", usage=Usage(input_tokens=7, output_tokens=1), cost=Cost(status="unpriced", reason="no_price")),
        call(6, trace_id="t3", session_id="s2", user_id="bob", request_model="claude", cost=Cost(status="simulated", total=500)),
        Feedback("t1", "alice", 1, "good", at(1)),
        Feedback("t1", "bob", -1, None, at(2)),
    ]  # fmt: skip


def test_traces_say_what_an_interaction_cost_and_what_was_thought_of_it(ledger: Ledger) -> None:
    ledger.write(interaction())
    t3, t2, t1 = traces(ledger)
    assert (t1.trace, t1.name, t1.user, t1.session) == ("t1", "answer", "alice", "s1")
    assert (t1.generations, t1.errors, t1.input_tokens, t1.duration) == (2, 1, 10, 9.0)
    assert (t1.cost, t1.unpriced, t1.score) == (Decimal("0.000001"), 0, 0)
    assert (t2.cost, t2.unpriced, t2.score) == (None, 1, None)
    assert (t3.cost, t3.simulated_cost) == (0, Decimal("0.0000005"))


def test_what_an_interaction_cost_is_unknown_where_only_a_failure_cost_nothing_for_sure(ledger: Ledger) -> None:
    failed = call(0, trace_id="t", status="error", error_type="timeout", cost=Cost("unpriced", reason="no_usage"))
    ledger.write([failed, call(1, trace_id="t", cost=Cost("unpriced", reason="no_price"))])
    (found,) = traces(ledger)
    assert (found.cost, found.unpriced, found.generations) == (None, 1, 2)


def test_traces_are_filtered_by_what_their_generations_are(ledger: Ledger) -> None:
    ledger.write(interaction())
    assert [row.trace for row in traces(ledger, where={"model": "claude"})] == ["t3"]
    assert [row.trace for row in traces(ledger, where={"error_type": "timeout"})] == ["t1"]
    assert [row.trace for row in traces(ledger, where={"session": "s1"}, order="time")] == ["t1", "t2"]
    assert [row.trace for row in all_pages(lambda after: traces(ledger, order="-tokens", after=after, limit=1))] == [
        "t1", "t2", "t3",
    ]  # fmt: skip


def test_a_trace_shows_its_spans_and_generations_in_order(ledger: Ledger) -> None:
    ledger.write(interaction())
    found = trace(ledger, "t1")
    assert [span.name for span in found.spans] == ["answer", "look up"]
    assert found.spans[1].parent_id == found.spans[0].id
    assert [row.status for row in found.generations] == ["ok", "error"]
    assert [(who, score) for who, score, _ in found.feedback] == [("alice", 1), ("bob", -1)]
    with pytest.raises(NotFound, match="no trace 'nowhere'"):
        trace(ledger, "nowhere")


def test_sessions_add_up_their_traces(ledger: Ledger) -> None:
    ledger.write(interaction())
    s2, s1 = sessions(ledger)
    assert (s1.session, s1.user, s1.traces, s1.generations, s1.unpriced) == ("s1", "alice", 2, 3, 1)
    assert (s2.session, s2.cost) == ("s2", 0)
    assert session(ledger, "s1") == s1
    with pytest.raises(NotFound, match="no session 'nowhere'"):
        session(ledger, "nowhere")


def test_users_are_listed_with_what_is_known_about_them(ledger: Ledger) -> None:
    ledger.write([Identity("alice", {"plan": "pro"}, at(0)), *interaction(), call(9, user_id=None)])
    alice, nobody, bob = (
        users(ledger, order="-tokens") if False else sorted(users(ledger), key=lambda u: -u.generations)
    )
    assert (alice.user, alice.attributes, alice.generations, alice.errors, alice.unpriced) == (
        "alice", {"plan": "pro"}, 3, 1, 1,
    )  # fmt: skip
    assert {nobody.user, bob.user} == {None, "bob"}
    pages = all_pages(lambda after: users(ledger, order="-cost", after=after, limit=1))
    assert pages[0].user == "alice"
    assert len(pages) == 3


def test_what_cannot_be_listed_is_refused_by_name(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="sorted by 'colour'; choose one of time, cost, duration, tokens"):
        generations(ledger, order="colour")
    with pytest.raises(ValueError, match="cannot have 0 rows; choose from 1 to 1,000"):
        generations(ledger, limit=0)
    with pytest.raises(ValueError, match="'nonsense' is no place in this list"):
        generations(ledger, after="nonsense")
    with pytest.raises(ValueError, match="no dimension 'colour'"):
        generations(ledger, where={"colour": "red"})


@pytest.mark.parametrize("timezone", ["Europe/Berlin", "Asia/Kathmandu", "America/St_Johns"])
def test_a_list_of_one_hour_or_weekday_goes_by_the_clock_of_the_zone(ledger: Ledger, timezone: str) -> None:
    records = oracle.records(3)
    ledger.write(records)
    for name, value in (("hour_of_day", 2), ("hour_of_day", 0), ("weekday", 7), ("weekday", 1)):
        page = generations(ledger, timezone=timezone, where={name: value}, limit=1_000)
        expected = [row.id for row in records if oracle.value_of(row, name, timezone) == value]
        assert [row.id for row in page] == sorted(expected, reverse=True), (name, value)
