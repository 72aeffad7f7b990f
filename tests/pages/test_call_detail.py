"""The details of a call name every count and word the ledger keeps of it."""

from __future__ import annotations

import re
from dataclasses import replace

from llmtrack.ledger import Ledger
from llmtrack.ledger.lists import generations
from llmtrack.pricing.usage import Usage
from tests.pages.conftest import OpenPage, call, html_of, read


def test_counts_without_a_line_of_their_own_are_shown_by_their_name(open_page: OpenPage, ledger: Ledger) -> None:
    used = Usage(input_tokens=1_000, output_tokens=200, input_audio_tokens=300, web_searches=2)
    made = call()
    ledger.write([replace(made, usage=used)])
    app = open_page("admin/generations.py", call=str(generations(ledger).rows[0].id))
    text = " ".join([*html_of(app), *read(app)])
    assert re.search(r"Input audio tokens.{0,80}300", text)
    assert re.search(r"Web searches.{0,80}2", text)
    assert "Output audio tokens" not in text
