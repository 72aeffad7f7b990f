"""The details of a call name every count and word the ledger keeps of it."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from llmtrack.ledger import open_ledger
from llmtrack.pricing.usage import Usage
from tests.ledger.making import generation


def _page() -> None:
    from llmtrack.ledger import open_ledger
    from llmtrack.ledger.lists import generation, generations
    from pages.components.tables import call_detail

    ledger = open_ledger()
    call_detail.show(generation(ledger, generations(ledger).rows[0].id))


def test_counts_without_a_line_of_their_own_are_shown_by_their_name() -> None:
    used = Usage(input_tokens=1_000, output_tokens=200, input_audio_tokens=300, web_searches=2)
    open_ledger().write([generation(usage=used)])
    texts = [text.value for text in AppTest.from_function(_page).run(timeout=30).markdown]
    (took,) = [text for text in texts if "Tokens in" in text]
    assert "Input audio tokens: **300**" in took
    assert "Web searches: **2**" in took
    assert "Output audio tokens" not in took
