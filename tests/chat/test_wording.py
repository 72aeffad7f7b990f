"""What a limit's refusal and a provider's error say to the person chatting."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import httpx2
import pytest

from llmtrack.chat.error_messages import CallContext, in_words
from llmtrack.chat.models import clients, get_catalog
from llmtrack.chat.models.providers import endpoint_of
from llmtrack.limits import LimitExceeded
from llmtrack.settings import get_settings

CALL = CallContext("gpt-4o", "OpenAI")
FIRST_OF_DECEMBER = datetime(2026, 11, 30, 23, 0, tzinfo=UTC)


def test_a_limit_that_says_everything_is_told_in_its_own_words():
    words = "The limit of $5.00 a month is reached: $5.02 is spent, and there is room again on 30 November."
    refused = LimitExceeded(words, spent=Decimal("5.02"), resets_at=FIRST_OF_DECEMBER)
    assert in_words(refused, CALL) == words


def test_what_a_limit_leaves_out_of_its_words_is_added(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LLMTRACK_TIMEZONE", "Europe/Berlin")
    get_settings.cache_clear()
    refused = LimitExceeded(
        "The limit of $5.00 a month is reached.", spent=Decimal("5.0213"), resets_at=FIRST_OF_DECEMBER
    )
    assert in_words(refused, CALL) == (
        "The limit of $5.00 a month is reached. Spent so far: $5.02. "
        "There is room again from 1 December 2026, 00:00 CET."
    )
    get_settings.cache_clear()


def test_a_limit_without_words_still_says_what_happened():
    assert in_words(LimitExceeded(""), CALL) == "A limit is reached."
    assert in_words(LimitExceeded("", spent="900 messages"), CALL) == (
        "A limit is reached. Spent so far: 900 messages."
    )


def test_a_providers_own_words_are_shown_without_keys_and_passwords():
    import openai

    told = "Wrong key Zebra0815 for sk-proj-abcdefgh1234 at http://admin:hunter2@host/v1?api_key=hunter3."
    error = openai.APIError(told, httpx2.Request("POST", "http://host"), body={"message": told})
    words = in_words(error, replace(CALL, secrets=("Zebra0815",)))
    assert "“Wrong key *** for sk-proj-*** at http://host/v1?api_key=***”" in words


def test_the_address_of_a_server_is_told_without_its_password(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "http://admin:hunter2@127.0.0.1:9/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    get_settings.cache_clear()
    model = get_catalog().find("openai/gpt-4o")
    assert clients.server_of(model, get_settings()) == "http://127.0.0.1:9/v1"
    assert endpoint_of(model.provider, get_settings()).secrets == ("sk-test",)
