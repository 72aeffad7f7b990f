"""Responses that were begun in the background, or lost on the way, and asked for later: one row each."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import httpx2
import openai
import pytest

import llmtrack
from llmtrack.capture.tracker import Tracker
from tests.provider import Answer, Provider
from tests.provider.answer import sse

Rows = Callable[[], list[SimpleNamespace]]
Clients = Callable[..., Any]

USAGE = {
    "input_tokens": 1_000,
    "input_tokens_details": {"cached_tokens": 0},
    "output_tokens": 400,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": 1_400,
}
BROKEN = (openai.APIConnectionError, httpx2.HTTPError)
"""What a broken stream raises, in newer and older versions of the SDK."""
DOLLARS = 1_000 * Decimal("1.25") / 10**6 + 400 * Decimal("10") / 10**6  # gpt-5: $0.00525


def response(status: str, id: str = "resp_1", **more: Any) -> dict[str, Any]:
    text = {"type": "output_text", "text": "Because.", "annotations": []}
    said = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [text]}
    over = status == "completed"
    return {
        "id": id, "object": "response", "created_at": 1_790_000_000, "status": status, "model": "gpt-5-2025-08-07",
        "output": [said] if over else [], "usage": USAGE if over else None, "error": None, "incomplete_details": None,
        "parallel_tool_calls": True, "tool_choice": "auto", "tools": [], "metadata": {}, **more,
    }  # fmt: skip


def broken(**more: Any) -> Answer:
    """A stream that says one word, and then the connection breaks."""
    where = {"output_index": 0, "item_id": "msg_1", "content_index": 0, "logprobs": []}
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": response("in_progress", **more)},
        {"type": "response.output_text.delta", "delta": "Be", **where},
        {"type": "response.output_text.delta", "delta": "cause.", **where},
    ]
    return Answer(events=[sse(event, named=True) for event in events], drop_after=2)


def begin(client: Any, **options: Any) -> None:
    """Asks for a stream as Alice, and gets half of it."""
    with llmtrack.context(user_id="alice", session_id="s1"), pytest.raises(BROKEN):
        list(client.responses.create(model="gpt-5", input="Why?", stream=True, **options))


def whole(row: SimpleNamespace) -> None:
    """Fails if `row` is not the one of the call as it ended."""
    assert (row.status, row.input_tokens, row.output_tokens, row.usage_estimated) == ("ok", 1_000, 400, 0)
    assert (row.cost_status, Decimal(row.cost) / 10**9) == ("exact", DOLLARS)
    assert (row.user_id, row.session_id, row.request_model) == ("alice", "s1", "gpt-5")
    assert row.input[0]["parts"][0]["content"] == "Why?"
    assert row.output[0]["parts"][0]["content"] == "Because."


@pytest.mark.slow
@pytest.mark.parametrize("apart", [False, True], ids=["in the same batch", "in another batch"])
@pytest.mark.parametrize("said", [{"background": True}, {}], ids=["in the background", "stored"])
def test_a_stream_that_broke_and_is_asked_for_later_is_one_row(
    apart: bool, said: dict[str, Any], clients: Clients, provider: Provider, rows: Rows
) -> None:
    provider.script("/responses", [broken(**said)])
    provider.script("/responses/resp_1", [Answer(response("completed", **said))] * 2)
    with clients("OpenAI", max_retries=0) as client:
        begin(client, **said)
        if apart:
            (lost,) = rows()
            assert (lost.status, lost.cost_status) == ("error", "estimated")
        with llmtrack.context(user_id="bob", session_id="s2"):
            client.responses.retrieve("resp_1")
            if apart:
                rows()
            client.responses.retrieve("resp_1")
    (row,) = rows()
    whole(row)


@pytest.mark.parametrize("content", ["on", "off"])
def test_another_process_may_ask_for_it(
    content: str,
    clients: Clients,
    provider: Provider,
    tracker: Tracker,
    make_tracker: Callable[..., Tracker],
    rows: Rows,
) -> None:
    provider.script("/responses", [broken()])
    provider.script("/responses/resp_1", [Answer(response("completed"))])
    with clients("OpenAI", max_retries=0) as client:
        begin(client, background=True)
    assert [row.status for row in rows()] == ["error"]
    other = make_tracker(content=content)
    with clients("OpenAI") as client:
        llmtrack.track(client, provider="openai", tracker=other).responses.retrieve("resp_1")
    assert other.flush(30).waiting == 0
    (row,) = rows()
    assert (row.status, row.user_id, row.input_tokens, row.output_tokens) == ("ok", "alice", 1_000, 400)


def test_a_background_response_of_somebody_elses_is_a_row_and_a_look_at_an_old_answer_is_none(
    clients: Clients, provider: Provider, rows: Rows
) -> None:
    provider.script("/responses/resp_1", [Answer(response("completed", background=True))] * 2)
    provider.script("/responses/resp_2", [Answer(response("completed", "resp_2"))])
    with clients("OpenAI") as client:
        client.responses.retrieve("resp_1")
        client.responses.retrieve("resp_1")
        client.responses.retrieve("resp_2")
    (row,) = rows()
    assert (row.response_id, row.status, row.input_tokens) == ("resp_1", "ok", 1_000)


def test_a_second_request_that_is_queued_under_a_known_id_is_a_call_of_its_own(
    clients: Clients, provider: Provider, rows: Rows
) -> None:
    provider.script("/responses", [Answer(response("queued"))] * 2)
    provider.script("/responses/resp_1", [Answer(response("completed"))] * 2)
    with clients("OpenAI") as client:
        for _ in range(2):
            client.responses.create(model="gpt-5", input="Why?", background=True)
            client.responses.retrieve("resp_1")
    assert [(row.status, row.input_tokens) for row in rows()] == [("ok", 1_000), ("ok", 1_000)]


def test_a_look_that_finds_it_still_going_on_or_breaks_changes_nothing(
    clients: Clients, provider: Provider, rows: Rows
) -> None:
    provider.script("/responses", [broken()])
    provider.script("/responses/resp_1", [Answer(response("in_progress")), broken(), Answer(response("completed"))])
    with clients("OpenAI", max_retries=0) as client:
        begin(client)
        client.responses.retrieve("resp_1")
        with pytest.raises(BROKEN):
            list(client.responses.retrieve("resp_1", stream=True))
        (row,) = rows()
        assert row.status == "error"
        client.responses.retrieve("resp_1")
    (row,) = rows()
    whole(row)


def test_a_response_that_is_not_kept_cannot_be_asked_for_later(
    clients: Clients, provider: Provider, rows: Rows
) -> None:
    provider.script("/responses", [broken(store=False)])
    provider.script("/responses/resp_1", [Answer(response("completed"))])
    with clients("OpenAI", max_retries=0) as client:
        begin(client, store=False)
        client.responses.retrieve("resp_1")
    assert [row.status for row in rows()] == ["error"]
