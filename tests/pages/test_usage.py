"""The usage page: what a person reads about their own use."""

from __future__ import annotations

from llmtrack.ledger import Ledger
from tests.pages.conftest import OpenPage, call, read


def test_an_unused_cycle_says_so_and_what_to_do(open_page: OpenPage) -> None:
    texts = "\n".join(read(open_page("usage.py")))
    assert "Usage in current billing cycle: **0 messages**" in texts
    assert "Nothing used in this billing cycle yet" in texts
    assert "Send a message on the **Chat** page" in texts


def test_messages_and_cost_of_the_billing_cycle_are_told_in_two_sentences(open_page: OpenPage, ledger: Ledger) -> None:
    ledger.write([call(cost=100_000), call(cost=23_000)])
    texts = "\n".join(read(open_page("usage.py")))
    assert "Usage in current billing cycle: **2 messages**" in texts
    assert r"Estimated cost: **\$0\.000123**" in texts
    assert "Average time: 2.00 s" in texts
    assert "Tokens in → out: 2k → 200" in texts
