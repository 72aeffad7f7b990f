"""Every host and every name of a provider stands for one id, whatever the installed price list holds."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

import pytest
from genai_prices.data_snapshot import get_snapshot

from llmtrack.pricing import Usage
from llmtrack.pricing.listing import provider_named
from llmtrack.pricing.providers import PROVIDERS, provider_id
from tests.pricing.costs import cost

USED = Usage(input_tokens=100, output_tokens=10)


def addresses(pattern: str) -> Iterator[tuple[str, str]]:
    """Hosts and paths that a pattern of the list is for; none where it is written in a way not foreseen here."""
    plain = re.sub(r"\(\?:/\|\$\)|\(/\|\$\)|\(\?:\(\?:|\)\?", lambda found: {")?": ")?"}.get(found[0], ""), pattern)
    plain = plain.replace(r"(https?://)?", "https://").replace("(.*\\.)?", "(|sub.)").replace("([^.]*\\.)?", "(|sub.)")
    plain = re.sub(r"\[[^]]*\][+*]|\.\*", "x-1", plain).replace("(?:", "(").replace("minimax(i)?", "(minimax|minimaxi)")
    plain = re.sub(r"\(([^()]*)\)\?", r"(|\1)", plain).replace("\\.", ".").replace("\\", "")
    parts = [part.split("|") if place % 2 else [part] for place, part in enumerate(re.split(r"[()]", plain))]
    for chosen in itertools.product(*parts):
        host, _, path = "".join(chosen).removeprefix("https://").partition("/")
        for end in ("", "com", "ai"):
            if re.fullmatch(r"[a-z0-9.-]+[a-z]", host + end) and re.match(pattern, f"https://{host}{end}/{path}"):
                yield host + end, f"/{path}"
                break


def test_every_host_of_every_listed_provider_is_named_by_an_id_that_the_list_has_for_it() -> None:
    providers = get_snapshot().providers
    ids = {provider.id for provider in providers}
    walked, wrong = set(), []
    for provider in providers:
        for host, path in addresses(provider.api_pattern):
            walked.add(provider.id)
            for spelling in (host, host.upper()):
                named = provider_named(spelling, path)
                listed = {one.id for one in providers if re.match(one.api_pattern, f"https://{host}{path}")}
                if (named in ids and named not in listed) or named == host:
                    wrong.append((provider.id, host, path, named))
    assert wrong == []
    assert len(walked) > 0.8 * len(providers)


def test_every_id_of_the_list_is_its_own_id_in_any_case() -> None:
    for provider in get_snapshot().providers:
        assert provider_id(provider.id) == provider_id(provider.id.upper()) == provider.id


def test_no_name_and_no_host_stands_for_two_providers() -> None:
    names = [name for provider in PROVIDERS for name in (provider.id, *provider.names, *provider.hosts)]
    assert len(names) == len(set(names))
    assert all(name == name.strip().lower() for name in names)


@pytest.mark.parametrize(
    ("host", "path", "id"),
    [
        # As the SDKs make them
        ("api.openai.com", "/v1/responses", "openai"),
        ("eu.api.openai.com", "/v1/responses", "openai"),
        ("mine.openai.azure.com", "/openai/deployments/d/chat/completions", "azure"),
        ("bedrock-mantle.us-east-2.api.aws", "/openai/v1/responses", "aws"),
        ("bedrock-runtime.eu-west-1.amazonaws.com", "/model/m/invoke", "aws"),
        ("bedrock-mantle.us-east-1.api.aws", "/anthropic/v1/messages", "aws"),
        ("vpce-1.bedrock-runtime.us-east-1.vpce.amazonaws.com", "/model/m/invoke", "aws"),
        ("aws-external-anthropic.us-west-2.api.aws", "/v1/messages", "anthropic"),
        ("claude.googleapis.com", "/v1/messages", "anthropic"),
        ("mine.services.ai.azure.com", "/anthropic/v1/messages", "azure"),
        ("aiplatform.googleapis.com", "/v1/projects/p/locations/global/publishers/anthropic/models/m", "google"),
        ("us-east5-aiplatform.googleapis.com", "/v1/projects/p/locations/us-east5/publishers", "google"),
        ("aiplatform.eu.rep.googleapis.com", "/v1/projects/p/locations/eu/publishers", "google"),
        ("generativelanguage.googleapis.com", "/v1beta/openai/chat/completions", "google"),
        # Others with more than one host
        ("api.moonshot.cn", "/v1/chat/completions", "moonshotai"),
        ("api.moonshot.ai", "/v1/chat/completions", "moonshotai"),
        ("us-api.together.ai", "/v1/chat/completions", "together"),
        ("api.eu.mistral.ai", "/v1/chat/completions", "mistral"),
        ("router.huggingface.co", "/groq/openai/v1/chat/completions", "huggingface_groq"),
        ("router.huggingface.co", "/v1/chat/completions", "huggingface"),
        # Nobody's that we know
        ("lb-1.us-east-1.elb.amazonaws.com", "/v1/chat/completions", "lb-1.us-east-1.elb.amazonaws.com"),
        ("api.openai.com.example.org", "/v1", "api.openai.com.example.org"),
        ("localhost", "/v1", "localhost"),
        ("127.0.0.1", "/v1", "127.0.0.1"),
    ],
)
def test_a_host_is_named_by_who_answers_there(host: str, path: str, id: str) -> None:
    assert provider_named(host, path) == id


@pytest.mark.parametrize(
    ("provider", "model", "total"),
    [
        ("api.moonshot.cn", "kimi-k2.5", 90_000),  # 100 x 0.60 + 10 x 3.00 dollars a million
        ("MoonshotAI", "kimi-k2.5", 90_000),
        ("google", "google/gemini-2.5-flash", 55_000),  # 100 x 0.30 + 10 x 2.50
        ("gcp.vertex_ai", "publishers/google/models/gemini-2.5-flash", 55_000),
        ("OpenAI", "gpt-4o", 350_000),  # 100 x 2.50 + 10 x 10
    ],
)
def test_a_price_is_found_by_any_name_of_the_provider(provider: str, model: str, total: int) -> None:
    priced = cost(USED, provider, model)
    assert (priced.status, priced.total) == ("exact", total)
