"""The details of a call name every count and word the ledger keeps of it."""

from __future__ import annotations

import pytest

from llmtrack.ledger import Ledger
from llmtrack.ledger.lists import generations
from llmtrack.pricing.usage import Usage
from tests.ledger.making import generation
from tests.pages.conftest import OpenPage, html_of


@pytest.mark.slow
def test_counts_without_a_line_of_their_own_are_shown_by_their_name(open_page: OpenPage, ledger: Ledger) -> None:
    used = Usage(input_tokens=1_000, output_tokens=200, input_audio_tokens=300, web_searches=2)
    ledger.write([generation(usage=used)])
    app = open_page("admin/generations.py", call=str(generations(ledger).rows[0].id))
    (took,) = [body for body in html_of(app) if "Tokens in" in body]
    assert "Input audio tokens</td><td>300</td>" in took
    assert "Web searches</td><td>2</td>" in took
    assert "Output audio tokens" not in took
