"""A newer model is never priced as its sibling, and a provider is never taken for another."""

from __future__ import annotations

import pytest

from llmtrack.pricing import Usage
from llmtrack.pricing.names import continues, without_snapshot
from llmtrack.pricing.providers import provider_id
from tests.pricing.costs import cost

pytestmark = pytest.mark.compares_with("genai-prices")

USED = Usage(input_tokens=1_000, output_tokens=100)


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openai", "gpt-5.9-turbo"),
        ("openai", "gpt-4o-2099-01-01"),
        ("openai", "gpt-4o-mini-2"),
        ("openai", "gpt-5-nano-2"),
        ("openai", "gpt-6-sol-2027-01-01"),  # a snapshot newer than the list
        ("openai", "ft:gpt-4o-2027-01-01:us::abc"),
        ("openai", "gpt-4.5-preview-turbo"),
        ("anthropic", "claude-opus-9"),
        ("anthropic", "claude-opus-4-50"),
        ("anthropic", "claude-opus-4-5-turbo"),
        ("anthropic", "claude-3-5-sonnet-v9-20241022"),
        ("anthropic", "my-claude-3-opus"),
        ("anthropic", "claude-sonnet-5-20270101"),
        ("aws", "us.anthropic.claude-opus-4-9-v1:0"),
        ("aws", "us.anthropic.claude-opus-4-60-v1:0"),
        ("aws", "amazon.nova-pro-max-v1:0"),
        ("google", "claude-opus-4-50"),
        ("google", "gemini-3.6-flash-ultra"),
        ("google", "gemini-2.5-pro-tts-2"),
        ("azure", "my-o4-mini"),
        ("deepseek", "deepseek-chat-v9"),
        ("openrouter", "openai/gpt-4o-2099-01-01"),
        ("x-ai", "grok-4.7-20270101"),
    ],
)
def test_a_name_the_list_does_not_know_has_no_price(provider: str, model: str) -> None:
    priced = cost(USED, provider, model)
    assert priced.status == "unpriced"
    assert priced.total is None
    assert priced.reason in ("no_price", "newer_model")


@pytest.mark.parametrize(
    ("provider", "model", "listed"),
    [
        ("openai", "gpt-4o", "gpt-4o"),
        ("openai", "GPT-4o-2024-11-20", "gpt-4o"),
        ("openai", "gpt-5-nano-2025-08-07", "gpt-5-nano"),
        ("openai", "gpt-6-sol-2026-09-01", "gpt-6-sol"),
        ("openai", "ft:gpt-4o-2024-08-06:us::abc", "ft:gpt-4o"),
        ("openai", "ft:gpt-4o-mini-2024-07-18:us::abc", "ft:gpt-4o-mini"),
        ("anthropic", "claude-3-opus-20240229", "claude-3-opus-latest"),
        ("anthropic", "claude-3-5-sonnet-latest", "claude-3-5-sonnet"),
        ("anthropic", "claude-sonnet-4-20250514", "claude-sonnet-4-0"),
        ("anthropic", "claude-2.1", "claude-2"),
        ("anthropic", "claude-haiku-4-5@20251001", "claude-haiku-4-5"),
        ("aws", "us.anthropic.claude-3-opus-20240229-v1:0", "regional.anthropic.claude-3-opus-20240229-v1:0"),
        ("aws", "anthropic.claude-opus-4-6-v1", "regional.anthropic.claude-opus-4-6-v1:0"),
        (
            "aws",
            "arn:aws:bedrock:us-east-1:1:inference-profile/global.anthropic.claude-opus-4-5-20251101-v1:0",
            "global.anthropic.claude-opus-4-5-v1:0",
        ),
        ("google", "models/gemini-2.5-flash", "gemini-2.5-flash"),
        ("google", "publishers/anthropic/models/claude-opus-4-5@20251101", "claude-opus-4-5"),
        ("openrouter", "google/gemini-2.5-flash", "google/gemini-2.5-flash"),
    ],
)
def test_a_known_name_or_dated_snapshot_has_its_price(provider: str, model: str, listed: str) -> None:
    priced = cost(USED, provider, model)
    assert priced.status == "exact", priced
    assert priced.price is not None
    assert priced.price.model == listed


@pytest.mark.parametrize(
    ("provider", "expected"),
    [
        ("azure.ai.openai", "azure"),
        ("aws.bedrock", "aws"),
        ("gcp.vertex_ai", "google"),
        ("x_ai", "x-ai"),
        ("mistral_ai", "mistral"),
        ("OpenAI", "openai"),
        ("my-openai-proxy", "my-openai-proxy"),
        ("ollama", "ollama"),
    ],
)
def test_providers_go_by_their_names_on_the_list(provider: str, expected: str) -> None:
    assert provider_id(provider) == expected


@pytest.mark.parametrize(
    "provider", ["ollama", "vllm", "my-openai-proxy", "localhost", "api.openai.com.example.org", "demo", ""]
)
def test_a_server_of_ones_own_is_not_priced_as_openai(provider: str) -> None:
    assert cost(USED, provider, "gpt-4o").reason == "no_price"


def test_a_provider_known_by_its_host_is_found_on_the_list() -> None:
    assert cost(USED, "api.z.ai", "glm-4.6").status == "exact"


def test_azure_without_a_price_of_its_own_is_an_estimate_at_the_makers_price() -> None:
    priced = cost(USED, "azure", "gpt-4o-2024-08-06")
    assert (priced.status, priced.reason) == ("estimated", "other_list")
    assert priced.total == cost(USED, "openai", "gpt-4o-2024-08-06").total


def test_azure_does_not_borrow_the_makers_price_of_a_tier() -> None:
    assert cost(USED, "azure", "gpt-5.5-2026-04-23", service_tier="priority").reason == "no_tier_price"


def test_a_name_continues_another_only_by_a_snapshot() -> None:
    assert continues("us.anthropic.claude-3-opus-20240229-v1:0", "claude-3-opus", at_bedrock=True)
    assert continues("claude-sonnet-4-20250514", "claude-sonnet-4-2025")
    assert not continues("claude-3-opus-mini", "claude-3-opus")
    assert not continues("claude-sonnet-4-2025-turbo", "claude-sonnet-4-2025")


def test_snapshots_have_a_name_in_common() -> None:
    assert without_snapshot("gpt-4o-2024-08-06") == "gpt-4o"
    assert without_snapshot("claude-3-5-sonnet-latest") == "claude-3-5-sonnet"
    assert without_snapshot("gpt-4o-mini") == "gpt-4o-mini"
