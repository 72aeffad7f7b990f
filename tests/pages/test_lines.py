"""The lines under and beside messages, word for word."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from llmtrack.chat.answers.prompt import Parameters
from llmtrack.chat.conversations.tree import Conversation, Message
from llmtrack.chat.models.catalog import get_catalog
from llmtrack.ledger.chats.usage import Figures, Total
from pages.components.chat import answer_footer, cost_estimate, model_picker, titlebar

pytestmark = pytest.mark.compares_with("genai-prices")

ANSWER = Message(id=2, parent_id=1, role="assistant", text="Hi", model="openai/gpt-4o", status="ok", seconds=3.2)
TOOK = Figures(
    input_tokens=1200, output_tokens=300, cache_read_tokens=600, reasoning_tokens=None, cost=Decimal("0.0045"),
    cost_status="exact", usage_estimated=False, seconds=3.214, first_token_seconds=0.42, status="ok", attempts=1,
    score=None, comment=None, cache_write_tokens=None, web_searches=None, cache_cost=None, tool_cost=None,
)  # fmt: skip


def test_the_line_under_an_answer_tells_model_tokens_cost_and_times() -> None:
    assert answer_footer.line(ANSWER, TOOK) == (
        "gpt-4o · 1,200 → 300 tokens (50\u202f% cached) · $0.004500 · 3.21 s · first token 0.42 s"
    )


def test_a_stopped_answer_says_so_and_marks_its_tokens_and_cost_as_estimates() -> None:
    stopped = replace(ANSWER, status="cancelled")
    took = replace(TOOK, cache_read_tokens=None, usage_estimated=True, cost_status="estimated", status="cancelled")
    assert answer_footer.line(stopped, took, quoted=Decimal("0.009")) == (
        "stopped · gpt-4o · ≈ 1,200 → 300 tokens · $0.004500 estimated · 3.21 s · first token 0.42 s"
    )


@pytest.mark.parametrize(
    ("quoted", "words"),
    [
        ("0.0045", "as quoted"),
        ("0.00495", "quoted 10\u202f% too high"),
        ("0.0036", "quoted 20\u202f% too low"),
        ("0.0144", "quoted 3.2 times its cost"),
        ("0.1125", "quoted 25 times its cost"),
    ],
)
def test_how_good_the_quote_was_is_told_afterwards(quoted: str, words: str) -> None:
    assert f" · {words} · " in answer_footer.line(ANSWER, TOOK, Decimal(quoted))


def test_an_unpriced_answer_has_an_unknown_price_and_not_none() -> None:
    assert "price unknown" in answer_footer.line(ANSWER, replace(TOOK, cost=None, cost_status="unpriced"))


def test_an_answer_whose_row_is_not_there_yet_shows_what_the_page_saw() -> None:
    assert answer_footer.line(ANSWER, None) == "gpt-4o · 3.20 s"


def test_a_conversation_keeps_real_and_simulated_cost_apart() -> None:
    told = Total(5, 1000, 500, Decimal("0.02"), Decimal("0.001"), 1)
    assert answer_footer.total(told) == "$0.0200 · $0.001000 simulated · 1.5k tokens · 1 of 5 calls unpriced"
    nobody_knows = Total(2, 900, 100, Decimal(0), Decimal(0), 1)
    assert answer_footer.total(nobody_knows) == "1k tokens · 1 of 2 calls unpriced", "not $0.00"
    assert answer_footer.total(None) == ""


def test_a_conversation_in_which_nothing_was_billed_names_no_sum() -> None:
    assert answer_footer.total(Total(1, 0, 0, Decimal(0), Decimal(0), 0)) == ""


def test_a_simulated_model_says_so_where_it_is_chosen() -> None:
    catalog = get_catalog()
    demo = catalog.find("demo/demo-gpt")
    assert model_picker.details(demo) == "answers in OpenAI's protocol"
    assert model_picker.facts(demo).startswith("**simulated**: answers in OpenAI's protocol")


def test_an_export_has_a_name_any_system_takes() -> None:
    assert titlebar.file_name("What is 1/2? (of: “x”)") == "what-is-1-2-of-x"
    assert titlebar.file_name("???") == "conversation"


def test_a_history_that_is_more_than_the_model_can_read_says_so_beforehand() -> None:
    from llmtrack.chat.cost_estimate import quote
    from llmtrack.pricing import Pricer

    old = get_catalog().find("openai/gpt-3.5-turbo")
    long = Conversation(1, "Long", (Message(1, None, "user", "word " * 20_000),), old.key, Parameters())
    quotes = [quote(long, old, Pricer())]
    assert cost_estimate.notes(quotes)[-1] == "More than gpt-3.5-turbo can read: 16.4k tokens."
    assert ">too long</b>" in cost_estimate.html(quotes)
