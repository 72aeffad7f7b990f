"""The providers' own lists of models: newer than ours where they answer, and no trouble where they do not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from llmtrack.chat.models import discovery
from llmtrack.chat.models.catalog import get_catalog
from llmtrack.settings import get_settings
from tests.provider.answer import Answer
from tests.provider.server import Provider

PATIENCE = 30.0  # seconds


@pytest.fixture(autouse=True)
def no_lists() -> Iterator[None]:
    discovery.forget()
    yield
    discovery.forget()


def openai_list(*models: dict[str, Any]) -> Answer:
    same = {"object": "model", "created": 0, "owned_by": "openai"}
    return Answer({"object": "list", "data": [same | model for model in models]})


def claude(name: str, **more: Any) -> dict[str, Any]:
    yes, no = {"supported": True}, {"supported": False}
    capabilities = {
        "image_input": yes,
        "pdf_input": no,
        "effort": {"supported": True, "low": yes, "medium": yes, "high": yes, "xhigh": None, "max": no},
        "thinking": {"supported": True, "types": {"adaptive": yes, "enabled": no}},
    }
    told = {"id": name, "type": "model", "display_name": name.title(), "created_at": "2026-01-01T00:00:00Z",
            "lifecycle": "active", "max_input_tokens": 777_000, "capabilities": capabilities}  # fmt: skip
    return told | more


def test_openais_list_adds_chat_models_and_leaves_the_rest_out(provider: Provider):
    names = ["gpt-9", "gpt-9-2027-01-01", "gpt-9-audio", "text-embedding-4", "whisper-1", "gpt-9-pro", "o7", "gpt-4o"]
    provider.script(
        "/models", [openai_list(*({"id": name} for name in names), {"id": "gpt-8", "shutdown_date": "2027-03-01"})]
    )
    discovery.refresh(get_settings(), wait=PATIENCE)
    catalog = get_catalog()
    openai = next(one for one in catalog.providers if one.name == "openai")
    listed = [model.name for model in openai.models]
    assert listed[-3:] == ["gpt-8", "gpt-9", "o7"]
    assert listed.count("gpt-4o") == 1
    assert catalog.find("openai/gpt-8").ends == date(2027, 3, 1)
    assert catalog.find("openai/gpt-9").capabilities.efforts[-1] == "max"
    assert catalog.find("openai/gpt-4o").context == 128_000


def test_anthropics_list_says_what_its_models_take(provider: Provider):
    models = [
        claude("claude-new-9"),
        claude("claude-opus-4-5-20251101", retires_at="2027-02-03T00:00:00Z"),
        claude("claude-old-1", lifecycle="retired"),
    ]
    answer = Answer({"data": models, "has_more": False, "first_id": "a", "last_id": "b"})
    provider.script("/anthropic/v1/models", [answer])
    discovery.refresh(get_settings(), wait=PATIENCE)
    catalog = get_catalog()
    new = catalog.find("anthropic/claude-new-9")
    assert (new.context, new.capabilities.images, new.capabilities.pdf, new.capabilities.adaptive) == (
        777_000,
        True,
        False,
        True,
    )
    assert new.capabilities.efforts == ("low", "medium", "high")
    known = catalog.find("anthropic/claude-opus-4-5")
    assert (known.context, known.ends) == (777_000, date(2027, 2, 3))
    names = [model.name for one in catalog.providers if one.name == "anthropic" for model in one.models]
    assert "claude-opus-4-5-20251101" not in names
    assert "claude-old-1" not in names


def test_a_compatible_servers_list_is_its_catalog(provider: Provider, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LLMTRACK_PROVIDERS__LOCAL__BASE_URL", f"{provider.url}/local/v1")
    get_settings.cache_clear()
    models: list[dict[str, Any]] = [
        {"id": "llama", "max_model_len": 8192},
        {"id": "nomic-embed-text"},
        {"id": "vendor/blind", "context_length": 5, "architecture": {"input_modalities": ["text"]}},
    ]
    provider.script("/local/v1/models", [openai_list(*models)])
    discovery.refresh(get_settings(), wait=PATIENCE)
    local = next(one for one in get_catalog().providers if one.name == "local")
    assert [(model.name, model.context, model.capabilities.images) for model in local.models] == [
        ("llama", 8192, True),
        ("vendor/blind", 5, False),
    ]


def test_a_list_is_asked_for_once_and_kept(provider: Provider):
    discovery.refresh(get_settings(), wait=PATIENCE)
    asked = len(provider.requests)
    assert asked == 2
    discovery.refresh(get_settings(), wait=PATIENCE)
    get_catalog()
    assert len(provider.requests) == asked


@pytest.mark.slow
def test_a_provider_that_does_not_answer_leaves_the_built_in_list(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-x")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    get_settings.cache_clear()
    before = get_catalog()
    discovery.refresh(get_settings(), wait=PATIENCE)
    assert get_catalog() == before


def test_nobody_is_asked_without_a_key_or_when_switched_off(provider: Provider, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LLMTRACK_MODEL_LISTS", "false")
    get_settings.cache_clear()
    discovery.refresh(get_settings(), wait=PATIENCE)
    monkeypatch.delenv("LLMTRACK_MODEL_LISTS")
    monkeypatch.delenv("OPENAI_API_KEY")
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    get_settings.cache_clear()
    discovery.refresh(get_settings(), wait=PATIENCE)
    assert provider.requests == []
