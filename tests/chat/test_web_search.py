"""Searching the web through the providers' own tools: what is asked, what comes back, what it costs, who may."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

import llmtrack
from llmtrack.chat.conversations import Conversations, Message, Turn
from llmtrack.chat.error_messages import ChatError
from llmtrack.chat.models import get_catalog
from llmtrack.ledger import open_ledger, people
from tests.provider.answer import Answer, sse
from tests.provider.server import Provider

PATIENCE = 30  # seconds
NEWS, WIKI = {"url": "https://news.test/a", "title": "News <b>"}, {"url": "https://wiki.test/b", "title": "Wiki"}
TEXT = "Herons are back."


@pytest.fixture
def mine(ledger_url: str, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> Conversations:
    from llmtrack.settings import get_settings

    monkeypatch.setenv("LLMTRACK_DATABASE_URL", ledger_url)
    get_settings.cache_clear()
    return Conversations(open_ledger(), "alice", "blue")


def answer_to(mine: Conversations, turn: Turn) -> Message:
    assert turn.reply.done.wait(PATIENCE)
    llmtrack.flush(PATIENCE)
    chat = mine.open(turn.conversation_id)
    assert chat is not None
    return chat.messages[-1]


def claude(searches: int = 2, diagnostics: Any = None, id: str = "msg_1", **usage: int) -> Answer:
    """Claude searches, and cites two pages, one of them twice."""

    def event(kind: str, **more: Any) -> bytes:
        return sse({"type": kind, **more}, named=True)

    def citation(page: dict[str, str]) -> dict[str, Any]:
        place = {"type": "web_search_result_location", "cited_text": "…", "encrypted_index": "x", **page}
        return {"type": "citations_delta", "citation": place}

    counts = {"input_tokens": 1_000, "output_tokens": 1, **usage}
    message = {
        "id": id,
        "type": "message",
        "role": "assistant",
        "model": "claude-sonnet-4-5-20250929",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": counts,
        "diagnostics": diagnostics,
    }
    call = {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {}}
    query = {"type": "input_json_delta", "partial_json": '{"query":"herons"}'}
    pages = [{"type": "web_search_result", "encrypted_content": "x", "page_age": None, **page} for page in (NEWS, WIKI)]
    results = {"type": "web_search_tool_result", "tool_use_id": "s1", "content": pages}
    done = {**counts, "output_tokens": 100, "server_tool_use": {"web_search_requests": searches}}
    return Answer(
        events=[
            event("message_start", message=message),
            event("content_block_start", index=0, content_block=call),
            event("content_block_delta", index=0, delta=query),
            event("content_block_stop", index=0),
            event("content_block_start", index=1, content_block=results),
            event("content_block_stop", index=1),
            event("content_block_start", index=2, content_block={"type": "text", "text": "", "citations": []}),
            *(event("content_block_delta", index=2, delta=citation(page)) for page in (NEWS, WIKI, NEWS)),
            event("content_block_delta", index=2, delta={"type": "text_delta", "text": TEXT}),
            event("content_block_stop", index=2),
            event("message_delta", delta={"stop_reason": "end_turn", "stop_sequence": None}, usage=done),
            event("message_stop"),
        ]
    )


def gpt(diagnostics: Any = None, id: str = "resp_1") -> Answer:
    """GPT searches twice and cites a page, through the Responses API."""
    cited = {"type": "url_citation", "start_index": 0, "end_index": 6, **NEWS}
    search = {"type": "web_search_call", "status": "completed", "action": {"type": "search", "query": "herons"}}
    content = [{"type": "output_text", "text": TEXT, "annotations": [cited]}]
    message = {"type": "message", "id": "m1", "role": "assistant", "status": "completed", "content": content}
    whole = {
        "id": id,
        "prompt_cache_diagnostics": diagnostics,
        "object": "response",
        "created_at": 1_790_000_000,
        "status": "completed",
        "model": "gpt-5-2025-08-07",
        "output": [{**search, "id": "ws1"}, {**search, "id": "ws2"}, message],
        "usage": {
            "input_tokens": 1_000,
            "output_tokens": 100,
            "total_tokens": 1_100,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens_details": {"reasoning_tokens": 0},
        },
        "error": None,
        "incomplete_details": None,
        "tools": [{"type": "web_search"}],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "metadata": {},
    }
    place = {"item_id": "m1", "output_index": 2, "content_index": 0}
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": {**whole, "status": "in_progress", "output": [], "usage": None}},
        {"type": "response.output_text.delta", "delta": TEXT, "logprobs": [], **place},
        {"type": "response.output_text.annotation.added", "annotation": cited, "annotation_index": 0, **place},
        {"type": "response.completed", "response": whole},
    ]
    return Answer(events=[sse({**event, "sequence_number": n}, named=True) for n, event in enumerate(events)])


def test_claude_searches_with_its_own_tool_and_names_its_sources(mine: Conversations, provider: Provider) -> None:
    provider.script("/messages", [claude()])
    turn = mine.send("Herons?", get_catalog().find("anthropic/claude-sonnet-4-5"), web_search=True)
    answer = answer_to(mine, turn)

    tool = {"type": "web_search_20250305", "name": "web_search", "max_uses": 5}
    assert provider.last.wanted["tools"] == [tool]
    assert (answer.text, answer.status, answer.web_search) == (TEXT, "ok", True)
    assert [(source.url, source.title) for source in answer.sources] == [
        ("https://news.test/a", "News <b>"),
        ("https://wiki.test/b", "Wiki"),
    ]
    figures = mine.figures([answer])[answer.id]
    assert figures.web_searches == 2
    assert figures.tool_cost == Decimal("0.02")  # $10 a thousand
    # 1,000 tokens in at $3 a million, 100 out at $15
    assert figures.cost == Decimal("0.003") + Decimal("0.0015") + Decimal("0.02")


def test_gpt_searches_through_the_responses_api_and_names_its_sources(mine: Conversations, provider: Provider) -> None:
    provider.script("/responses", [gpt()])
    model = get_catalog().find("openai/gpt-5")
    turn = mine.send("Herons?", model, web_search=True)
    answer = answer_to(mine, turn)

    wanted = provider.last.wanted
    assert (wanted["tools"], wanted["store"]) == ([{"type": "web_search"}], False)
    assert wanted["input"] == [{"role": "user", "content": "Herons?"}]
    assert (answer.text, answer.status, answer.finish) == (TEXT, "ok", "stop")
    assert [source.url for source in answer.sources] == ["https://news.test/a"]
    figures = mine.figures([answer])[answer.id]
    assert (figures.web_searches, figures.tool_cost) == (2, Decimal("0.02"))

    provider.script("/responses", [gpt()])
    assert answer_to(mine, mine.regenerate(answer.id)).web_search
    mine.send("And now?", model, conversation_id=turn.conversation_id).reply.done.wait(PATIENCE)
    assert provider.last.path.endswith("/chat/completions")


def test_who_may_not_search_is_told_and_nothing_is_sent(mine: Conversations, provider: Provider) -> None:
    ledger = open_ledger()
    team = people.add_team(ledger, "blue", by="root")
    people.allow_web_search(ledger, team, False, by="root")
    searching, demo = (get_catalog().find(key) for key in ("anthropic/claude-sonnet-4-5", "demo/demo-gpt"))
    with pytest.raises(ChatError, match="The team 'blue' may not search the web"):
        mine.send("Herons?", searching, web_search=True)
    people.allow_web_search(ledger, team, True, by="root")
    with pytest.raises(ChatError, match=r"demo-gpt.* cannot search the web"):
        mine.send("Herons?", demo, web_search=True)
    assert mine.list() == []
    assert not provider.requests
    assert [entry.action for entry in people.audit_log(ledger)][:2] == ["team web search", "team web search"]


def test_gpt_is_asked_why_its_cache_was_missed_from_the_model_on_that_can_tell(
    mine: Conversations, provider: Provider
) -> None:
    model = get_catalog().find("openai/gpt-5.6-luna")
    missed = {"type": "cache_miss", "reason": "input_changed", "cache_missed_tokens": 800}
    provider.script("/responses", [gpt(), gpt(missed, "resp_2"), gpt({"type": "cache_hit"}, "resp_3")])
    first = mine.send("Herons?", model)
    assert answer_to(mine, first).response_id == "resp_1"
    wanted = provider.last.wanted
    assert (wanted["store"], wanted["prompt_cache_key"]) == (False, f"llmtrack-{first.conversation_id}")
    assert not {"tools", "max_tool_calls", "prompt_cache_options"} & wanted.keys()

    answer = answer_to(mine, mine.send("And gulls?", model, conversation_id=first.conversation_id))
    assert provider.last.wanted["prompt_cache_options"] == {"comparison_response_id": "resp_1"}
    assert answer.cache_miss is not None
    assert (answer.cache_miss.reason, answer.cache_miss.tokens) == ("input_changed", 800)

    again = answer_to(mine, mine.send("And terns?", model, conversation_id=first.conversation_id))
    assert again.cache_miss is None

    # An earlier model would refuse the option, and another provider does not know OpenAI's ids.
    mine.send("Hi", get_catalog().find("openai/gpt-5"), conversation_id=first.conversation_id).reply.done.wait(PATIENCE)
    assert provider.last.path.endswith("/chat/completions")
    provider.script("/messages", [claude(0)])
    claude_model = get_catalog().find("anthropic/claude-sonnet-4-5")
    answer_to(mine, mine.send("Hi", claude_model, conversation_id=first.conversation_id))
    assert provider.last.wanted["diagnostics"] == {"previous_message_id": None}


def test_a_conversation_that_goes_on_is_cached_on_purpose_and_says_why_it_missed(
    mine: Conversations, provider: Provider
) -> None:
    model = get_catalog().find("anthropic/claude-sonnet-4-5")
    miss = {"cache_miss_reason": {"type": "system_changed", "cache_missed_input_tokens": 900}}
    provider.script("/messages", [claude(0), claude(0, miss, "msg_2", cache_read_input_tokens=2_000)])
    first = mine.send("Herons?", model)
    answer_to(mine, first)
    assert "cache_control" not in provider.last.wanted

    answer = answer_to(mine, mine.send("And gulls?", model, conversation_id=first.conversation_id))
    assert provider.last.wanted["cache_control"] == {"type": "ephemeral"}
    assert provider.last.wanted["diagnostics"] == {"previous_message_id": "msg_1"}
    assert answer.cache_miss is not None
    assert (answer.cache_miss.reason, answer.cache_miss.tokens) == ("system_changed", 900)
    figures = mine.figures([answer])[answer.id]
    assert (figures.cache_read_tokens, figures.cache_cost) == (2_000, Decimal("0.0006"))  # at $0.30 a million

    other = get_catalog().find("openai/gpt-5")
    mine.send("Hello", other, conversation_id=first.conversation_id).reply.done.wait(PATIENCE)
    assert provider.last.wanted["prompt_cache_key"] == f"llmtrack-{first.conversation_id}"
