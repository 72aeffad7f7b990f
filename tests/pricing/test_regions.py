"""Where a call was served is part of its price. Rates are of November 2026, in dollars a million tokens."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from llmtrack.pricing import BookEntry, Usage
from llmtrack.pricing.regions import region_of
from llmtrack.pricing.surcharges import SURCHARGES
from tests.pricing.costs import cost, moment, total

USED = Usage(input_tokens=10_000, output_tokens=1_000)
SONNET = D("0.045")  # 10,000 x 3 + 1,000 x 15


@pytest.mark.parametrize(
    ("provider", "model", "region", "dollars"),
    [
        # https://aws.amazon.com/bedrock/pricing: global profiles at Anthropic's price, all else 10 % above
        ("aws", "claude-sonnet-4-5-20250929", "global", SONNET),
        ("aws", "claude-sonnet-4-5-20250929", "us", SONNET * D("1.1")),
        ("aws", "claude-sonnet-4-5-20250929", "us-east-1", SONNET * D("1.1")),
        ("aws", "global.anthropic.claude-sonnet-4-5-20250929-v1:0", None, SONNET),
        ("aws", "eu.anthropic.claude-sonnet-4-5-20250929-v1:0", "eu", SONNET * D("1.1")),
        ("aws", "claude-3-opus-20240229", "us", D("0.225")),  # one price: 10,000 x 15 + 1,000 x 75
        ("aws", "gpt-5.6-luna", "global", D("0.0032")),  # 10,000 x 0.20 + 1,000 x 1.20
        ("aws", "openai.gpt-5.6-luna", "us-east-2", D("0.0032") * D("1.1")),
        # https://cloud.google.com/vertex-ai/generative-ai/pricing
        ("google", "claude-sonnet-4-5@20250929", "global", SONNET),
        ("google", "claude-sonnet-4-5-20250929", "us-east5", SONNET * D("1.1")),
        ("google", "claude-sonnet-4-5-20250929", "eu", SONNET * D("1.1")),
        ("google", "claude-3-5-sonnet@20240620", "us-east5", SONNET),
        ("google", "gemini-2.5-flash", "europe-west4", D("0.0055")),  # 10,000 x 0.30 + 1,000 x 2.50
        # https://platform.claude.com/docs/en/manage-claude/data-residency
        ("anthropic", "claude-sonnet-4-6", "us", SONNET * D("1.1")),
        ("anthropic", "claude-sonnet-4-6", "global", SONNET),
        # https://developers.openai.com/api/docs/guides/data-residency
        ("openai", "gpt-5.4-2026-03-05", "eu", D("0.040") * D("1.1")),  # 10,000 x 2.50 + 1,000 x 15
        ("openai", "gpt-5.4-2026-03-05", "global", D("0.040")),
        ("openai", "gpt-4o-2024-08-06", "eu", D("0.035")),  # 10,000 x 2.50 + 1,000 x 10
        # https://docs.mistral.ai/inference/regional-inference
        ("mistral", "mistral-large-2512", "eu", D("0.0065") * D("1.1")),  # 10,000 x 0.50 + 1,000 x 1.50
        ("mistral", "mistral-large-2512", "global", D("0.0065")),
    ],
)
def test_a_call_costs_what_its_region_does(provider: str, model: str, region: str | None, dollars: D) -> None:
    priced = cost(USED, provider, model, region=region)
    assert (priced.status, total(priced)) == ("exact", dollars)


@pytest.mark.parametrize(
    ("provider", "model", "region"),
    [
        ("openai", "gpt-image-2", "eu"),  # in no list of the table
        ("google", "gemini-3.1-pro-preview", "europe-west4"),
        ("anthropic", "claude-sonnet-4-6", "mars"),  # a region of which nobody says what it costs
        ("aws", "claude-sonnet-4-5-20250929", None),  # a profile of one's own may be global or not
        ("aws", "claude-sonnet-4-5-20250929", "us-gov-west-1"),  # dearer; the list does not say how much
        ("aws", "claude-3-opus-20240229", "global"),  # the list has no global price
        ("aws", "claude-fable-5-2", "jp"),  # nor one for Japan
    ],
)
def test_what_a_region_costs_that_nobody_told_is_an_estimate(provider: str, model: str, region: str | None) -> None:
    priced = cost(USED, provider, model, region=region)
    assert (priced.status, priced.reason) == ("estimated", "region_assumed")


def test_the_price_says_what_the_region_added() -> None:
    priced = cost(USED, "google", "claude-sonnet-4-5@20250929", region="us-east5")
    assert priced.price is not None
    assert priced.price.adjustment == "+10% in us-east5"
    assert (priced.price.rates["input"], priced.price.rates["output"]) == ("3.3", "16.5")


def test_a_surcharge_is_on_tokens_and_not_on_searches() -> None:
    searched = Usage(input_tokens=0, output_tokens=0, web_searches=100)
    assert total(cost(searched, "anthropic", "claude-sonnet-4-6", region="us")) == 1  # 10 dollars a thousand


def test_a_price_of_ones_own_is_the_same_in_every_region() -> None:
    own = BookEntry("price", "google", "*", moment(2026, 1, 1), rates={"input": D(1), "output": D(1)}, id=1)
    assert total(cost(USED, "google", "claude-sonnet-4-5@20250929", region="us-east5", book=[own])) == D("0.011")


def test_a_markup_for_a_region_takes_the_place_of_its_surcharge() -> None:
    book = [BookEntry("markup", "google", "*", moment(2026, 1, 1), percent=D(20), tier="*@us-*", id=2)]
    priced = cost(USED, "google", "claude-sonnet-4-5@20250929", region="us-east5", book=book)
    assert (priced.status, total(priced)) == ("exact", SONNET * D("1.2"))
    assert total(cost(USED, "google", "claude-sonnet-4-5@20250929", region="eu", book=book)) == SONNET * D("1.1")
    assert total(cost(USED, "google", "claude-sonnet-4-5@20250929", region="global", book=book)) == SONNET


@pytest.mark.parametrize("host", ["us-east5-aiplatform.googleapis.com", "us-*-aiplatform.googleapis.com"])
def test_an_entry_for_a_regions_host_is_for_that_region_only(host: str) -> None:
    """Such calls had the host as their provider once."""
    own = BookEntry("price", host, "*", moment(2026, 1, 1), rates={"input": D(1), "output": D(1)}, id=1)
    assert total(cost(USED, "google", "claude-sonnet-4-5@20250929", region="us-east5", book=[own])) == D("0.011")
    assert total(cost(USED, "google", "claude-sonnet-4-5@20250929", region="global", book=[own])) == SONNET
    assert total(cost(USED, "google", "claude-sonnet-4-5@20250929", region="eu", book=[own])) == SONNET * D("1.1")


def test_every_surcharge_names_its_source_and_day_and_no_model_twice() -> None:
    for row in SURCHARGES:
        assert row.source.startswith("https://")
        assert len(row.checked.split("-")) == 3
        assert not set(row.charged) & set(row.free)


@pytest.mark.parametrize(
    ("provider", "host", "path", "model", "region"),
    [
        ("openai", "api.openai.com", "/v1/responses", "gpt-5", "global"),
        ("openai", "us.api.openai.com", "/v1/responses", "gpt-5", "us"),
        ("openai", "proxy.example.org", "/v1/responses", "gpt-5", None),
        ("google", "us-east5-aiplatform.googleapis.com", "/v1/projects/p/locations/us-east5/publishers/a", "m", "us-east5"),
        ("google", "proxy.example.org", "/v1/projects/p/locations/global/publishers/anthropic/models/m", "m", "global"),
        ("google", "aiplatform.eu.rep.googleapis.com", "/", "m", "eu"),
        ("google", "generativelanguage.googleapis.com", "/v1beta/openai/chat/completions", "m", None),
        ("aws", "bedrock-runtime.us-east-1.amazonaws.com", "/", "global.anthropic.claude-x-v1:0", "global"),
        ("aws", "bedrock-runtime.us-east-1.amazonaws.com", "/", "anthropic.claude-x-v1:0", "us-east-1"),
        ("aws", "bedrock-runtime.us-gov-west-1.amazonaws.com", "/", "us-gov.anthropic.claude-x-v1:0", "us-gov"),
        ("aws", "bedrock-runtime.us-east-1.amazonaws.com", "/",
         "arn:aws:bedrock:us-east-1:1:inference-profile/eu.anthropic.claude-x-v1:0", "eu"),
        ("aws", "bedrock-runtime.us-east-1.amazonaws.com", "/",
         "arn:aws:bedrock:us-east-1:1:application-inference-profile/abc", None),
        ("anthropic", "aws-external-anthropic.us-west-2.api.aws", "/v1/messages", "claude-x", None),
        ("together", "us-api.together.ai", "/v1", "m", "us"),
    ],
)  # fmt: skip
def test_the_address_and_the_models_name_say_the_region(
    provider: str, host: str, path: str, model: str, region: str | None
) -> None:
    assert region_of(provider, host, path, model) == region
