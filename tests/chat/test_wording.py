"""What a limit's refusal says to the person chatting."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from llmtrack.chat.wording import Asked, in_words
from llmtrack.limits import LimitExceeded
from llmtrack.settings import get_settings

ASKED = Asked("gpt-4o", "OpenAI")
FIRST_OF_DECEMBER = datetime(2026, 11, 30, 23, 0, tzinfo=UTC)


def test_a_limit_that_says_everything_is_told_in_its_own_words():
    words = "The limit of $5.00 a month is reached: $5.02 is spent, and there is room again on 30 November."
    refused = LimitExceeded(words, spent=Decimal("5.02"), resets_at=FIRST_OF_DECEMBER)
    assert in_words(refused, ASKED) == words


def test_what_a_limit_leaves_out_of_its_words_is_added(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LLMTRACK_TIMEZONE", "Europe/Berlin")
    get_settings.cache_clear()
    refused = LimitExceeded(
        "The limit of $5.00 a month is reached.", spent=Decimal("5.0213"), resets_at=FIRST_OF_DECEMBER
    )
    assert in_words(refused, ASKED) == (
        "The limit of $5.00 a month is reached. Spent so far: $5.02. "
        "There is room again from 1 December 2026, 00:00 CET."
    )
    get_settings.cache_clear()


def test_a_limit_without_words_still_says_what_happened():
    assert in_words(LimitExceeded(""), ASKED) == "A limit is reached."
    assert in_words(LimitExceeded("", spent="900 messages"), ASKED) == (
        "A limit is reached. Spent so far: 900 messages."
    )
