"""Which models can be chosen, what they take, and what is said of those that cannot."""

from __future__ import annotations

from datetime import date

import pytest

from llmtrack.chat.answers import Prompt, PromptMessage, start
from llmtrack.chat.error_messages import ChatError
from llmtrack.chat.models import Model, get_catalog, known_models
from llmtrack.chat.models.clients import client_for
from llmtrack.chat.models.deprecations import parse_day
from llmtrack.chat.models.providers import VENDORS, Vendor
from llmtrack.settings import get_settings
from tests.provider.server import Provider


def test_without_a_key_the_simulated_models_come_first_and_the_others_say_what_they_need():
    catalog = get_catalog()
    assert [provider.name for provider in catalog.providers] == ["demo", "openai", "anthropic"]
    assert catalog.default().key == "demo/demo-gpt"
    assert catalog.find("openai/gpt-4o").needs == "OPENAI_API_KEY"
    assert catalog.find("anthropic/claude-3-opus-20240229").needs == "ANTHROPIC_API_KEY"
    assert all(model.simulated for model in catalog.providers[0].models)


def test_a_key_makes_a_provider_choosable_and_puts_it_first(monkeypatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant")
    catalog = get_catalog()
    assert [provider.name for provider in catalog.providers] == ["anthropic", "demo", "openai"]
    assert catalog.find("anthropic/claude-sonnet-5-5").needs is None
    assert catalog.default("demo/demo-claude").key == "demo/demo-claude"
    assert catalog.default("openai/gpt-4o").provider == "anthropic"


def test_the_built_in_lists_have_the_models_people_look_for():
    names = {model.name for model in get_catalog().models}
    assert {
        "gpt-4o",
        "chatgpt-4o-latest",
        "gpt-4o-mini",
        "gpt-3.5-turbo",
        "gpt-5",
        "gpt-5-mini",
        "gpt-5.6-sol",
    } <= names
    assert {"claude-3-opus-20240229", "claude-3-sonnet-20240229", "claude-3-haiku-20240307"} <= names
    assert {"claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5"} <= names


COMPARED = date(2026, 11, 29)
"""The day on which our lists were compared with those of the versions in `tests/constraints.txt`."""


def running(known: tuple[known_models.KnownModel, ...]) -> list[known_models.KnownModel]:
    """Those that had not ended: newer SDKs and price lists drop the others."""
    return [one for one in known if one.ends is None or one.ends > COMPARED]


@pytest.mark.compares_with("openai", "anthropic")
def test_the_sdks_know_every_built_in_model_and_agree_on_when_it_ends():
    from typing import get_args

    from anthropic.resources.messages.messages import DEPRECATED_MODELS  # type: ignore[attr-defined]
    from anthropic.types import Model
    from openai.types import ChatModel

    openai_names = set(get_args(ChatModel))
    assert [one.name for one in running(known_models.OPENAI) if one.name not in openai_names] == []
    known = {name for part in get_args(Model) for name in get_args(part)} | set(DEPRECATED_MODELS)
    assert [one.name for one in running(known_models.ANTHROPIC) if one.name not in known] == []
    announced = {name: parse_day(day) for name, day in DEPRECATED_MODELS.items()}
    assert None not in announced.values(), "a day is written in a way we do not read"
    ours = {one.name: one.ends for one in known_models.ANTHROPIC if one.name in announced}
    assert ours == {name: announced[name] for name in ours}


@pytest.mark.compares_with("genai-prices")
def test_the_price_list_knows_every_built_in_model_and_how_much_it_reads():
    from genai_prices.data_snapshot import get_snapshot

    for provider, known in (("openai", known_models.OPENAI), ("anthropic", known_models.ANTHROPIC)):
        for one in running(known):
            _, info = get_snapshot().find_provider_model(one.name, None, provider, None)
            assert info.context_window == one.context, one.name


def test_one_entry_offers_a_third_provider(provider: Provider, monkeypatch: pytest.MonkeyPatch):
    mistral = Vendor(
        "mistral",
        "Mistral",
        "openai",
        (known_models.KnownModel("mistral-large", 128_000),),
        "MISTRAL_API_KEY",
        provider.openai_url,
    )
    monkeypatch.setattr("llmtrack.chat.models.providers.VENDORS", (*VENDORS, mistral))
    model = get_catalog().find("mistral/mistral-large")
    assert (model.needs, model.context) == ("MISTRAL_API_KEY", 128_000)
    monkeypatch.setenv("MISTRAL_API_KEY", "sk-third")
    model = get_catalog().find("mistral/mistral-large")
    assert model.needs is None
    hello = PromptMessage("user", "Hello")
    reply = start(Prompt(model, (hello,)))
    assert reply.done.wait(30)
    assert (reply.status, reply.text) == ("ok", "Hello world")
    assert provider.requests[-1].headers["authorization"] == "Bearer sk-third"
    refused = start(Prompt(get_catalog().find("mistral/mistral-large@401"), (hello,)))
    assert refused.done.wait(30)
    assert refused.error == "Mistral does not accept the key it was given. Check MISTRAL_API_KEY."


def test_a_model_of_a_provider_that_is_not_set_up_any_more_is_not_asked_elsewhere():
    stranger = Model("gone", "llama", "openai")
    with pytest.raises(ChatError, match="There is no provider 'gone' in the settings any more"):
        client_for(stranger, get_settings())


def test_a_model_ends_when_the_installed_sdk_says(monkeypatch):
    from anthropic.resources.messages.messages import DEPRECATED_MODELS  # type: ignore[attr-defined]

    monkeypatch.setitem(DEPRECATED_MODELS, "claude-opus-5-5", "March 3rd, 2031")
    monkeypatch.setitem(DEPRECATED_MODELS, "claude-opus-4-5", "January 31st, 2028")
    monkeypatch.setitem(DEPRECATED_MODELS, "claude-opus-4-5-20251101", "January 31st, 2028")
    monkeypatch.setitem(DEPRECATED_MODELS, "claude-haiku-5-5", "some day")
    monkeypatch.delitem(DEPRECATED_MODELS, "claude-3-opus-20240229", raising=False)
    catalog = get_catalog()
    assert catalog.find("anthropic/claude-opus-5-5").ends == date(2031, 3, 3)
    assert catalog.find("anthropic/claude-opus-4-5").ends == date(2028, 1, 31)  # our own list says 22 January 2027
    assert catalog.find("anthropic/claude-opus-4-5-20251101").ends == date(2028, 1, 31)  # typed in
    assert catalog.find("anthropic/claude-haiku-5-5").ends is None
    assert catalog.find("anthropic/claude-3-opus-20240229").ends == date(2026, 1, 5)  # the SDK forgot it, we did not
    assert catalog.find("openai/gpt-4o").ends == date(2027, 1, 14)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("January 22nd, 2027", date(2027, 1, 22)),
        ("June 1st, 2026", date(2026, 6, 1)),
        ("November 30, 2026", date(2026, 11, 30)),
        ("February 30th, 2027", None),
        ("2027-01-22", None),
        ("", None),
        (None, None),
    ],
)
def test_a_day_is_read_as_the_sdk_writes_it(text, day):
    assert parse_day(text) == day


def test_a_deprecated_model_says_until_when_and_a_retired_one_since_when():
    catalog = get_catalog()
    today = date(2026, 11, 21)
    assert catalog.find("openai/gpt-4o").deprecated(today) == "ends 14 January 2027"
    assert catalog.find("anthropic/claude-3-opus-20240229").deprecated(today) == "retired 5 January 2026"
    assert catalog.find("openai/gpt-5.5").deprecated(today) is None


def test_a_model_the_list_lacks_can_be_typed_in():
    model = get_catalog().find("openai/gpt-5.7-nova")
    assert (model.provider, model.name, model.dialect, model.context) == ("openai", "gpt-5.7-nova", "openai", None)
    assert model.capabilities.efforts[-1] == "max"


@pytest.mark.parametrize("key", ["gpt-4o", "nobody/gpt-4o", "openai/", "demo/demo-gtp"])
def test_a_key_that_names_no_model_is_answered_with_what_there_is(key):
    with pytest.raises(ChatError, match=r"openai, anthropic|it has demo-gpt, "):
        get_catalog().find(key)


def test_compatible_servers_come_from_the_settings(monkeypatch):
    monkeypatch.setenv("LLMTRACK_PROVIDERS__OPENROUTER__BASE_URL", "https://openrouter.ai/api/v1")
    monkeypatch.setenv("LLMTRACK_PROVIDERS__OPENROUTER__API_KEY_ENV", "OPENROUTER_API_KEY")
    monkeypatch.setenv("LLMTRACK_PROVIDERS__OPENROUTER__MODELS", "anthropic/claude-opus-4.8,qwen/qwen3")
    catalog = get_catalog()
    claude = catalog.find("openrouter/anthropic/claude-opus-4.8")
    assert (claude.name, claude.dialect, claude.needs) == ("anthropic/claude-opus-4.8", "openai", "OPENROUTER_API_KEY")
    assert claude.capabilities.pdf
    assert catalog.find("openrouter/qwen/qwen3").capabilities == known_models.ModelCapabilities(images=True)


def test_without_models_it_says_how_to_get_some(monkeypatch):
    monkeypatch.setenv("LLMTRACK_DEMO", "false")
    with pytest.raises(ChatError, match="set OPENAI_API_KEY or ANTHROPIC_API_KEY, or LLMTRACK_DEMO=true"):
        get_catalog().default()


@pytest.mark.parametrize(
    ("name", "images", "temperature", "most"),
    [
        ("gpt-4o", True, True, None),
        ("gpt-3.5-turbo", False, True, None),
        ("gpt-5", True, False, "high"),
        ("gpt-5.1", True, False, "high"),
        ("gpt-5.4-mini", True, False, "xhigh"),
        ("gpt-6-luna", True, False, "max"),
        ("gpt-5.2-chat-latest", True, True, None),
        ("o3-mini", False, False, "high"),
        ("o3", True, False, "high"),
        ("claude-3-haiku-20240307", True, True, None),
        ("claude-3-7-sonnet-latest", True, True, None),
        ("claude-sonnet-4-5-20250929", True, True, None),
        ("claude-opus-4-1-20250805", True, True, None),
        ("claude-opus-4-5", True, True, "high"),
        ("claude-sonnet-4-6", True, True, "max"),
        ("claude-opus-4-8", True, False, "max"),
        ("claude-haiku-5-5", True, False, "max"),
        ("anthropic/claude-opus-4.8", True, False, "max"),
        ("llama3.2", True, True, None),
    ],
)
def test_a_name_tells_what_its_family_takes(name, images, temperature, most):
    takes = known_models.capabilities_of(name)
    assert (takes.images, takes.temperature, takes.efforts[-1] if takes.efforts else None) == (
        images,
        temperature,
        most,
    )
