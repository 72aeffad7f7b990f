"""Recording over HTTP: through the journal, priced by the writer, counted once, and booked under whom the token may."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from llmtrack.capture.tracker import Tracker, set_default_tracker
from llmtrack.ledger import open_ledger
from llmtrack.ledger.lists import generation, generations, trace
from llmtrack.ledger.metrics import ask
from llmtrack.serving.api.records import GenerationRecord, TokenUsage
from tests.serving.api.conftest import Server

USED = {"provider": "openai", "model": "gpt-4o-mini", "usage": {"input_tokens": 1000, "output_tokens": 100}}
# $0.15 and $0.60 per million tokens: 1000 x 0.15 / 10^6 + 100 x 0.60 / 10^6.
COST = Decimal("0.00021")


@pytest.fixture(autouse=True)
def tracker(clean_environment: None) -> Iterator[Tracker]:
    """The default tracker of the test alone."""
    tracker = Tracker()
    before = set_default_tracker(tracker)
    yield tracker
    tracker.close()
    set_default_tracker(before)


def post(server: Server, path: str, body: Any, token: str = "service") -> tuple[int, dict[str, Any]]:
    """Status and body of the answer."""
    answer = server.client.post(path, json=body, headers=server.headers(token))
    return answer.status_code, answer.json()


def recorded(tracker: Tracker, **where: Any) -> list[Any]:
    """What is in the ledger since today."""
    assert tracker.flush(30).waiting == 0
    since = datetime.now(UTC) - timedelta(days=2)
    return list(generations(open_ledger(), since=since, where=where or None, order="time"))


def test_a_call_made_elsewhere_is_priced_as_any_and_counts_once_however_often_it_is_sent(
    small_server: Server, tracker: Tracker
) -> None:
    record = {"id": "call-1", **USED, "user_id": "zoe", "feature": "etl", "duration": 1.5, "properties": {"run": 7}}
    for _ in range(2):
        assert post(small_server, "/api/generations", record) == (202, {"accepted": 1})
    (row,) = recorded(tracker)
    assert (row.user, row.model, row.input_tokens, row.output_tokens) == ("zoe", "gpt-4o-mini", 1000, 100)
    assert (row.cost, row.cost_status, row.feature, row.duration, row.status) == (COST, "exact", "etl", 1.5, "ok")
    # Also after the first one is in the ledger, in a list, and beside others.
    several = [record, {**record, "id": "call-2"}, {**record, "id": "call-2"}]
    assert post(small_server, "/api/generations", several) == (202, {"accepted": 3})
    assert len(recorded(tracker)) == 2
    assert generation(open_ledger(), row.id).properties == {"run": 7}
    # Another owner's ids are another space: nobody can keep somebody's calls out by guessing.
    assert post(small_server, "/api/generations", {**record, "user_id": None}, "alice")[0] == 202
    assert [row.user for row in recorded(tracker)] == ["zoe", "zoe", "alice"]
    totals = ask(open_ledger(), ["generations", "cost"], where={"feature": "etl"}).totals
    assert (totals["generations"], totals["cost"]) == (3, 3 * COST)


def test_each_id_counts_once_on_every_database(ledger_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.ledger.making import generation as made

    ledger = open_ledger(ledger_url)
    ledger.write([made(record_id="a"), made(record_id="a"), made(record_id="b"), made()])
    ledger.write([made(record_id="b"), made(record_id="c"), made()])
    assert ask(ledger, "generations").totals["generations"] == 5


def test_a_cost_that_is_given_counts_as_reported(small_server: Server, tracker: Tracker) -> None:
    assert post(small_server, "/api/generations", {"id": "x", **USED, "cost": "0.123456789"})[0] == 202
    (row,) = recorded(tracker)
    assert (row.cost, row.cost_status) == (Decimal("0.123456789"), "provider_reported")


ANSWERS = [
    # 1000 tokens in, 400 of them cached at half price: 600 x 2.5 + 400 x 1.25 + 100 x 10, per million.
    ({"object": "chat.completion", "id": "c", "model": "gpt-4o-2024-08-06", "choices": [],
      "usage": {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100,
                "prompt_tokens_details": {"cached_tokens": 400}}},
     "openai", 1000, 400, Decimal("0.003")),
    ({"object": "response", "id": "r", "model": "gpt-4o-2024-08-06", "status": "completed", "output": [],
      "usage": {"input_tokens": 1000, "output_tokens": 100, "total_tokens": 1100,
                "input_tokens_details": {"cached_tokens": 400}}},
     "openai", 1000, 400, Decimal("0.003")),
    # Anthropic's input leaves out what was cached: 600 x 3 + 400 x 0.3 + 100 x 15, per million.
    ({"type": "message", "id": "m", "model": "claude-sonnet-4-20250514", "content": [], "stop_reason": "end_turn",
      "usage": {"input_tokens": 600, "cache_read_input_tokens": 400, "output_tokens": 100}},
     "anthropic", 1000, 400, Decimal("0.00342")),
]  # fmt: skip


@pytest.mark.parametrize(("response", "provider", "tokens", "cached", "cost"), ANSWERS)
def test_an_answer_as_it_came_is_read_like_a_tracked_one(
    small_server: Server, tracker: Tracker, response: dict, provider: str, tokens: int, cached: int, cost: Decimal
) -> None:
    assert post(small_server, "/api/generations", {"id": "x", "provider": provider, "response": response})[0] == 202
    (row,) = recorded(tracker)
    assert (row.provider, row.response_model, row.response_id) == (provider, response["model"], response["id"])
    assert (row.input_tokens, row.cache_read_tokens, row.output_tokens) == (tokens, cached, 100)
    assert (row.cost, row.cost_status) == (cost, "exact")


@pytest.mark.parametrize("content", ["on", "off"])
def test_texts_are_kept_as_those_of_tracked_calls(
    small_server: Server, tracker: Tracker, content: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracker._content = content
    response = {**ANSWERS[0][0], "choices": [{"index": 0, "message": {"role": "assistant", "content": "Indeed."}}]}
    request = {"model": "gpt-4o", "user": "zoe", "messages": [{"role": "user", "content": "Really?"}]}
    body = {"id": "x", "provider": "openai", "response": response, "request": request}
    assert post(small_server, "/api/generations", body)[0] == 202
    (row,) = recorded(tracker)
    assert (row.user, row.request_model) == ("zoe", "gpt-4o"), "the request's own user, where none is given"
    detail = generation(open_ledger(), row.id)
    if content == "on":
        assert detail.input == [{"role": "user", "parts": [{"type": "text", "content": "Really?"}]}]
        assert "Indeed." in json.dumps(detail.output)
    else:
        assert (detail.input, detail.output) == (None, None)


def test_spans_feedback_and_identities_are_recorded(small_server: Server, tracker: Tracker) -> None:
    at = datetime.now(UTC) - timedelta(minutes=1)
    spans = [
        {"id": "1", "trace_id": "t", "name": "answer", "started_at": at.isoformat(), "duration": 2, "user_id": "zoe"},
        {"id": "2", "trace_id": "t", "name": "retrieve", "started_at": at.isoformat(), "duration": 0.5,
         "parent_id": "1"},
    ]  # fmt: skip
    for _ in range(2):
        assert post(small_server, "/api/spans", spans) == (202, {"accepted": 2})
    assert post(small_server, "/api/generations", {"id": "x", **USED, "trace_id": "t", "span_id": "2"})[0] == 202
    for score in (-1, 1):
        assert post(small_server, "/api/feedback", {"trace_id": "t", "score": score, "user_id": "zoe"})[0] == 202
        time.sleep(0.001)
    assert post(small_server, "/api/identify", {"user_id": "zoe", "attributes": {"plan": "pro"}})[0] == 202
    recorded(tracker)
    detail = trace(open_ledger(), "t")
    assert [(span.name, span.duration) for span in detail.spans] == [("answer", 2.0), ("retrieve", 0.5)]
    assert detail.spans[1].parent_id == detail.spans[0].id
    assert [row.span_id for row in detail.generations] == [detail.spans[1].id]
    assert (detail.row.name, detail.row.score) == ("answer", 1)
    assert ask(open_ledger(), "users", where={"user": "zoe", "user.plan": "pro"}).totals["users"] == 0, (
        "no call of hers"
    )


def test_a_persons_token_books_under_that_person_and_a_teams_under_the_team(
    small_server: Server, tracker: Tracker
) -> None:
    assert post(small_server, "/api/generations", {"id": "1", **USED}, "alice")[0] == 202
    assert post(small_server, "/api/generations", {"id": "1", **USED, "user_id": "zoe"}, "team")[0] == 202
    assert post(small_server, "/api/generations", {"id": "1", **USED}, "service")[0] == 202
    rows = recorded(tracker)
    assert [(row.user, row.group) for row in rows] == [("alice", None), ("zoe", "blue"), (None, None)]


@pytest.mark.parametrize(
    ("path", "token", "body"),
    [
        ("/api/generations", "alice", {"id": "1", **USED, "user_id": "bob"}),
        ("/api/generations", "alice", {"id": "1", **USED, "group": "red"}),
        ("/api/generations", "team", {"id": "1", **USED, "group": "red"}),
        ("/api/generations", "alice", {"id": "1", **USED, "trace_id": "t-bob"}),
        ("/api/generations", "alice", [{"id": "0", **USED}, {"id": "1", **USED, "session_id": "s-bob"}]),
        ("/api/generations", "lead", {"id": "1", **USED}),
        ("/api/generations", "admin", {"id": "1", **USED}),
        ("/api/spans", "alice", {"id": "1", "trace_id": "t-bob", "name": "x", "started_at": "2025-10-09T12:00:00Z",
                                 "duration": 1}),
        ("/api/feedback", "alice", {"trace_id": "t-bob", "score": 1}),
        ("/api/feedback", "alice", {"trace_id": "t-alice", "score": 1, "user_id": "bob"}),
        ("/api/identify", "alice", {"user_id": "bob", "attributes": {"plan": "free"}}),
        ("/api/identify", "team", {"user_id": "bob", "attributes": {"plan": "free"}}),
    ],
)  # fmt: skip
def test_nobody_records_for_another(server: Server, tracker: Tracker, path: str, token: str, body: Any) -> None:
    status, problem = post(server, path, body, token)
    assert (status, problem["title"]) == (403, "Forbidden")
    assert tracker.status().waiting == tracker.status().written == 0, "of a list, nothing was taken"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"provider": None}, "provider: input should be a valid string."),
        ({"id": ""}, "id is '', but string should have at least 1 character."),
        ({"tokens": 1}, "tokens is not known here: check the spelling; /api/docs lists what there is."),
        ({"usage": {"input_tokens": -1}}, "usage.input_tokens is '-1', but input should be greater than or equal to 0."),
        ({"usage": {"input_tokens": 1, "cache_read_tokens": 2}},
         "usage: cache_read_tokens is more than input_tokens, of which it is a part."),
        ({"response": {}}, "body: give response or usage, not both: they could say different things."),
        ({"usage": None, "response": {"usage": {}}},
         "response does not say what kind of answer it is (object, or type): give wire, such as openai.chat."),
        ({"started_at": "2025-10-09T12:00:00"}, "started_at is '2025-10-09T12:00:00', but input should have timezone info."),
        ({"started_at": "1999-10-09T12:00:00Z"},
         "started_at is '1999-10-09T12:00:00Z', but give a time since 2020 that is not yet to come."),
        ({"cost": "-1"}, "cost is '-1', but input should be greater than or equal to 0."),
        ({"cost": "NaN"}, "cost is 'NaN', but input should be a finite number."),
    ],
)  # fmt: skip
def test_what_cannot_be_recorded_is_refused_in_words(server: Server, change: dict, sentence: str) -> None:
    status, problem = post(server, "/api/generations", {"id": "1", **USED, **change})
    assert (status, problem["detail"]) == (400, sentence)
    status, problem = post(server, "/api/generations", [{"id": "1", **USED, **change}])
    assert (status, problem["detail"].replace("0.", "", 1)) == (400, sentence.replace("body:", "0:"))


def test_when_nothing_can_be_kept_the_sender_learns_it(
    small_server: Server, tracker: Tracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("llmtrack.capture.journal.journal.MEMORY_RECORDS", 0)
    monkeypatch.setattr(tracker._journal, "_directory", lambda: (_ for _ in ()).throw(OSError("disk full")))
    status, problem = post(small_server, "/api/generations", {"id": "1", **USED})
    assert (status, problem["title"]) == (503, "Service Unavailable")


def test_a_record_that_several_processes_have_at_once_counts_once(ledger_url: str) -> None:
    """A program that got no answer sends again, perhaps to another server: both have the record in their journals."""
    from concurrent.futures import ThreadPoolExecutor

    from tests.ledger.making import generation as made

    ledger = open_ledger(ledger_url)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: ledger.write([made(record_id=f"r{n}") for n in range(20)]), range(8)))
    assert ask(ledger, "generations").totals["generations"] == 20


@pytest.mark.parametrize("field", ["duration", "time_to_first_token", "attempts", "http_status"])
@pytest.mark.parametrize("value", ["1", True])
def test_what_is_no_number_is_not_read_as_one(field: str, value: object) -> None:
    with pytest.raises(ValidationError, match="give a number"):
        TokenUsage.model_validate({"input_tokens": value})
    with pytest.raises(ValidationError, match="give a number"):
        GenerationRecord.model_validate({"provider": "openai", field: value})
