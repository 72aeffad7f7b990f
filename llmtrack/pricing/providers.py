"""Who is meant: one provider id for every host and every spelling. The ids are those of the public price list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Provider:
    """The hosts a provider answers at, and the other names people and OpenTelemetry give it."""

    id: str
    hosts: tuple[str, ...] = ()
    """Each with all its subdomains; the longest that fits a host decides."""
    names: tuple[str, ...] = ()


PROVIDERS = (
    Provider("openai", ("api.openai.com", "openai.com")),
    Provider(
        # Amazon and Google bill Claude Platform, Anthropic runs it and prices it as its own API:
        # https://platform.claude.com/docs/en/build-with-claude/claude-platform-on-aws
        "anthropic", ("api.anthropic.com", "anthropic.com", "claude.googleapis.com"), ("claude",),
    ),
    Provider(
        "azure",
        ("openai.azure.com", "azure.openai.com", "azure-api.net", "cognitiveservices.azure.com",
         "services.ai.azure.com", "models.ai.azure.com", "inference.ai.azure.com", "openai.azure.us"),
        ("azure.ai.openai", "azure.ai.inference", "azure_openai", "azure-openai", "azure_ai", "azure_ai_foundry"),
    ),
    Provider("aws", (), ("aws.bedrock", "aws_bedrock", "bedrock", "amazon-bedrock", "amazon_bedrock", "amazon")),
    Provider(
        "google", ("googleapis.com",),
        ("gcp.vertex_ai", "gcp.gemini", "gcp.gen_ai", "vertex", "vertex_ai", "vertexai", "vertex-ai", "google-vertex",
         "google_vertexai", "gemini", "google-gemini", "google_genai"),
    ),
    Provider("arcee", ("api.arcee.ai",)),
    Provider("avian", ("api.avian.io",)),
    Provider("baseten", ("inference.baseten.co",)),
    Provider("cerebras", ("api.cerebras.ai",)),
    Provider("cloudflare", ("api.cloudflare.com",), ("workers-ai", "cloudflare-workers-ai")),
    Provider("cohere", ("api.cohere.ai", "api.cohere.com"), ("cohere_chat",)),
    Provider("cursor", ("api.cursor.com",)),
    Provider("databricks", ("cloud.databricks.com", "azuredatabricks.net", "gcp.databricks.com")),
    Provider("deepseek", ("api.deepseek.com",)),
    Provider("doubleword", ("api.doubleword.ai",)),
    Provider("elevenlabs", ("elevenlabs.io",)),
    Provider("fireworks", ("api.fireworks.ai",), ("fireworks_ai", "fireworks-ai")),
    Provider("github-copilot", ("githubcopilot.com",), ("github_copilot", "copilot")),
    Provider("groq", ("api.groq.com",)),
    Provider("huggingface", ("router.huggingface.co", "huggingface.co"), ("hugging_face", "hugging-face")),
    Provider("huggingface_nebius", (), ("nebius",)),
    Provider("meta", ("api.meta.ai",), ("meta_llama",)),
    Provider("minimax", ("api.minimax.io", "api.minimax.com", "api.minimaxi.com", "api.minimaxi.io")),
    Provider("mistral", ("mistral.ai",), ("mistral_ai", "mistralai", "mistral-ai")),
    Provider("modal", ("modal.run", "modal.direct")),
    Provider("moonshotai", ("api.moonshot.ai", "api.moonshot.cn"), ("moonshot", "moonshot_ai", "moonshot-ai")),
    Provider("novita", ("api.novita.ai",)),
    Provider("openrouter", ("openrouter.ai",), ("open_router", "open-router")),
    Provider("ovhcloud", ("endpoints.kepler.ai.cloud.ovh.net",), ("ovh",)),
    Provider("perplexity", ("api.perplexity.ai",), ("perplexity_ai", "perplexity-ai")),
    Provider("quicksilverpro", ("api.quicksilverpro.io",)),
    Provider(
        "together", ("api.together.xyz", "api.together.ai", "us-api.together.ai", "ca-api.together.ai"),
        ("together_ai", "togetherai", "together-ai"),
    ),
    Provider("typesafe", ("api.typesafe.ai",)),
    Provider("voyageai", ("api.voyageai.com",), ("voyage", "voyage_ai", "voyage-ai")),
    Provider("x-ai", ("api.x.ai",), ("x_ai", "xai")),
    Provider("zai", ("api.z.ai",), ("z_ai", "z.ai", "z-ai")),
    Provider("zhipuai", ("open.bigmodel.cn",), ("zhipu", "zhipu_ai", "zhipu-ai")),
)  # fmt: skip
"""All providers with a host or a name that is not simply their id."""

_IDS: Mapping[str, str] = MappingProxyType(
    {name: provider.id for provider in PROVIDERS for name in (provider.id, *provider.names)}
)
_HOSTS: Mapping[str, str] = MappingProxyType({host: provider.id for provider in PROVIDERS for host in provider.hosts})
_AMAZON = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")
_SHARED = frozenset({"huggingface"})
"""These pass requests on; the first segment of the path says to whom, and that one's prices hold."""


def provider_id(name: str, path: str = "") -> str:
    """The one spelling of a provider given by any of its names or hosts; the name in lower case where none is known.

    Only whole names count. A part of a name (`my-openai-proxy`) says nothing about what is charged. `path` is what was
    asked for at a host.
    """
    plain = name.strip().lower()
    return _IDS.get(plain) or (provider_at(plain, path) if "." in plain else plain)


@lru_cache(4096)
def provider_at(host: str, path: str = "") -> str:
    """The provider that answers at `host`, or the host itself where it is nobody's we know."""
    host = host.strip().lower().rstrip(".")
    if host.endswith(_AMAZON):
        return _at_amazon(host)
    rest = host
    while rest:
        if (host_id := _HOSTS.get(rest)) is not None:
            return _behind(host_id, path) if host_id in _SHARED else host_id
        rest = rest.partition(".")[2]
    return host


def _at_amazon(host: str) -> str:
    """Amazon hosts anybody's servers under its names; only Bedrock's are a provider, and Anthropic's platform there."""
    labels = host.split(".")
    if any(label.startswith("bedrock") for label in labels):
        return "aws"
    return "anthropic" if labels[0] == "aws-external-anthropic" else host


def _behind(provider: str, path: str) -> str:
    first = path.strip("/").partition("/")[0].lower()
    return provider if first in ("", "v1") else f"{provider}_{first}"
