"""Who is calling: contexts, client defaults, traces and spans."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import llmtrack
from llmtrack.capture.tracker import Tracker
from tests.capture.rows import spans as read_spans
from tests.capture.ways import CHAT
from tests.provider import Provider

Rows = Callable[[], list[SimpleNamespace]]


@pytest.fixture
def client(clients: Callable[..., Any], provider: Provider) -> Iterator[Any]:
    """A tracked client."""
    with clients("OpenAI") as client:
        yield client


def call(client: Any) -> None:
    """One call."""
    client.chat.completions.create(**CHAT)


def test_a_context_says_who_calls(client: Any, rows: Rows) -> None:
    with llmtrack.context(
        user_id="alice", session_id="s1", trace_id="t1", feature="summary", group="blue", properties={"plan": "pro"}
    ):
        call(client)
    call(client)
    said, unsaid = rows()
    assert (said.user_id, said.session_id, said.trace_id) == ("alice", "s1", "t1")
    assert (said.feature, said.group_name, said.properties) == ("summary", "blue", {"plan": "pro"})
    assert (unsaid.user_id, unsaid.session_id, unsaid.trace_id, unsaid.properties) == (None, None, None, {})


def test_contexts_nest_and_an_inner_one_wins(client: Any, rows: Rows) -> None:
    with llmtrack.context(user_id="alice", feature="a", properties={"x": 1, "y": 1}):
        with llmtrack.context(feature="b", properties={"y": 2}):
            call(client)
        call(client)
    inner, outer = rows()
    assert (inner.user_id, inner.feature, inner.properties) == ("alice", "b", {"x": 1, "y": 2})
    assert (outer.user_id, outer.feature, outer.properties) == ("alice", "a", {"x": 1, "y": 1})


def test_a_context_wins_over_the_clients_defaults_and_these_over_the_request(client: Any, rows: Rows) -> None:
    llmtrack.track(client, user_id="default", feature="f", properties={"x": 1})
    call(client)
    with llmtrack.context(user_id="alice", properties={"y": 2}):
        client.chat.completions.create(**CHAT, user="from the request")
    first, second = rows()
    assert (first.user_id, first.feature, first.properties) == ("default", "f", {"x": 1})
    assert (second.user_id, second.feature, second.properties) == ("alice", "f", {"x": 1, "y": 2})


def test_defaults_are_added_to_and_kept_by_copies(client: Any, rows: Rows) -> None:
    llmtrack.track(client, user_id="alice")
    llmtrack.track(client, feature="f")
    copied = client.with_options(timeout=3)
    llmtrack.track(copied, user_id="bob")
    call(copied)
    call(client)
    assert [(row.user_id, row.feature) for row in rows()] == [("bob", "f"), ("alice", "f")]


def test_numbers_as_ids_become_text(client: Any, rows: Rows) -> None:
    with llmtrack.context(user_id=7, session_id=8):  # type: ignore[arg-type]
        call(client)
    assert (rows()[0].user_id, rows()[0].session_id) == ("7", "8")


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ({"content": "of"}, 'content is \'of\'; give "on", "off" or a function'),
        ({"content": 1}, "content is 1"),
        ({"properties": "x"}, "properties is 'x'; give a dict"),
    ],
)
def test_what_cannot_be_kept_is_refused_in_one_sentence(said: Any, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        llmtrack.context(**said)


def test_properties_of_any_kind_are_kept_as_json(client: Any, rows: Rows) -> None:
    with llmtrack.context(properties={"a": [1, None], "b": Path("x"), 3: float("nan")}):  # type: ignore[dict-item]
        call(client)
    assert rows()[0].properties == {"a": [1, None], "b": "x", "3": "NaN"}


def test_a_context_decorates_functions_of_every_kind(client: Any, rows: Rows) -> None:
    @llmtrack.context(user_id="plain")
    def plain() -> None:
        call(client)

    @llmtrack.context(user_id="async")
    async def awaited() -> None:
        await asyncio.sleep(0)
        call(client)

    @llmtrack.context(user_id="generator")
    def yielded() -> Iterator[int]:
        yield 1
        call(client)

    @llmtrack.context(user_id="async generator")
    async def async_yielded() -> AsyncIterator[int]:
        yield 1
        call(client)

    async def use() -> None:
        await awaited()
        async for _ in async_yielded():
            pass

    plain()
    asyncio.run(use())
    list(yielded())
    assert [row.user_id for row in rows()] == ["plain", "async", "async generator", "generator"]


def test_tasks_do_not_see_each_others_contexts(client: Any, rows: Rows) -> None:
    async def one(name: str) -> None:
        async with llmtrack.context(user_id=name):
            await asyncio.sleep(0.01)
            call(client)

    async def both() -> None:
        await asyncio.gather(one("a"), one("b"))
        call(client)

    asyncio.run(both())
    assert sorted(str(row.user_id) for row in rows()) == ["None", "a", "b"]


def test_threads_see_the_context_where_contextvars_go(client: Any, rows: Rows) -> None:
    with llmtrack.context(user_id="alice"):
        there = contextvars.copy_context()
        threads = [
            threading.Thread(target=there.run, args=(call, client)),
            threading.Thread(target=call, args=(client,)),
        ]
        for thread in threads:
            thread.start()
            thread.join()
    assert [row.user_id for row in rows()] == ["alice", None]


def test_a_function_takes_the_context_along_into_any_number_of_threads_at_once(client: Any, rows: Rows) -> None:
    together = threading.Barrier(3)

    def ask(number: int) -> int:
        together.wait(10)
        call(client)
        return number

    with ThreadPoolExecutor(3) as pool:
        with llmtrack.context(user_id="alice", feature="mail"), llmtrack.trace("ask") as trace:
            carried = llmtrack.propagate(ask)
        with llmtrack.context(user_id="bob"):
            assert list(pool.map(carried, range(3))) == [0, 1, 2]
        pool.submit(call, client).result()
    found = [(row.user_id, row.feature, row.trace_id) for row in rows()]
    assert found == [("alice", "mail", trace.trace_id)] * 3 + [(None, None, None)]


def test_a_coroutine_function_takes_the_context_along_into_another_loop(client: Any, rows: Rows) -> None:
    async def ask() -> None:
        call(client)

    with llmtrack.context(user_id="alice"):
        carried = llmtrack.propagate(ask)
    thread = threading.Thread(target=lambda: asyncio.run(carried()))
    thread.start()
    thread.join()
    assert [row.user_id for row in rows()] == ["alice"]


def test_a_context_left_in_another_task_harms_nobody(client: Any, rows: Rows) -> None:
    async def numbers() -> AsyncIterator[int]:
        with llmtrack.context(user_id="inside"):
            yield 1
            yield 2

    async def use() -> None:
        stream = numbers()
        await anext(stream)
        await asyncio.create_task(stream.aclose())  # type: ignore[attr-defined]

    asyncio.run(use())
    call(client)
    assert rows()[0].user_id is None


def test_a_trace_holds_the_steps_and_calls_of_an_interaction(client: Any, rows: Rows, database: Path) -> None:
    with llmtrack.trace("answer question", user_id="alice", session_id="s") as trace:
        with llmtrack.span("retrieve") as retrieve:
            call(client)
        with llmtrack.span("generate") as generate:
            call(client)
        call(client)
    found = rows()
    assert {row.trace_id for row in found} == {trace.trace_id}
    assert [row.span_id for row in found] == [retrieve.id, generate.id, trace.id]
    assert {(row.user_id, row.session_id) for row in found} == {("alice", "s")}
    root, first, second = read_spans(database)
    assert (root.name, root.parent_id, root.trace_id) == ("answer question", None, trace.trace_id)
    assert (first.name, first.parent_id, second.name, second.parent_id) == ("retrieve", root.id, "generate", root.id)
    assert 0 < first.duration <= root.duration


def test_a_trace_inside_another_is_one_of_its_own(client: Any, rows: Rows, database: Path) -> None:
    with llmtrack.trace("outer") as outer:
        with llmtrack.trace("inner") as inner:
            call(client)
        call(client)
    assert [row.trace_id for row in rows()] == [inner.trace_id, outer.trace_id]
    assert {span.name: span.parent_id for span in read_spans(database)} == {"outer": None, "inner": None}


def test_a_trace_may_have_an_id_of_the_callers(client: Any, rows: Rows) -> None:
    with llmtrack.trace("answer", trace_id="message-1"):
        call(client)
    assert rows()[0].trace_id == "message-1"


def test_another_trace_id_takes_a_call_out_of_the_span(client: Any, rows: Rows) -> None:
    with llmtrack.trace("answer"), llmtrack.context(trace_id="other"):
        call(client)
    assert (rows()[0].trace_id, rows()[0].span_id) == ("other", None)


def test_a_span_without_a_trace_begins_one(client: Any, rows: Rows, database: Path) -> None:
    with llmtrack.span("alone") as span:
        call(client)
    assert rows()[0].trace_id == span.trace_id
    assert read_spans(database)[0].parent_id is None


def test_steps_as_decorators_and_their_errors(client: Any, rows: Rows, database: Path) -> None:
    @llmtrack.trace("ask")
    async def ask(text: str) -> str:
        return look_up(text)

    @llmtrack.span("look up")
    def look_up(text: str) -> str:
        call(client)
        raise LookupError("a secret of the prompt")

    with pytest.raises(LookupError):
        asyncio.run(ask("x"))
    with pytest.raises(LookupError):
        asyncio.run(ask("y"))
    assert len({row.trace_id for row in rows()}) == 2
    found = read_spans(database)
    assert [span.name for span in found] == ["ask", "look up", "ask", "look up"]
    assert {span.error for span in found} == {"LookupError"}


def test_a_step_needs_a_name() -> None:
    with pytest.raises(ValueError, match=r"a step is called ''; give it a name, such as span\('retrieve'\)"):
        llmtrack.span("")


def test_what_is_told_of_users_and_answers_reaches_the_ledger(tracker: Tracker, database: Path) -> None:
    llmtrack.identify("alice", plan="pro")
    with llmtrack.context(user_id="alice"):
        llmtrack.feedback("t1", 1, "good")
    assert llmtrack.flush(30).written == 2
    with pytest.raises(ValueError, match="the score is 5; give 1"):
        llmtrack.feedback("t1", 5)
    with pytest.raises(ValueError, match="was given no user"):
        llmtrack.identify("")


@pytest.mark.parametrize("enter", [llmtrack.context, lambda **fields: llmtrack.trace("answer", **fields)])
def test_a_field_that_no_context_has_is_named_with_those_it_has(enter: Callable[..., object]) -> None:
    with pytest.raises(TypeError, match="'user' is no field of a context; give user_id, session_id, "):
        enter(user="alice")
