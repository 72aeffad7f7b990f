"""Where a call was served, as far as its address and its model's name say. It is part of what the call costs."""

from __future__ import annotations

import re
from functools import lru_cache

GLOBAL = "global"
"""Served wherever there is room, where the provider offers a narrower choice too."""

_LOCATION = re.compile(r"/locations/([a-z0-9-]+)(?:/|\Z)")
_ARN = re.compile(r"arn:[a-z-]+:bedrock:")
PROFILES = ("global", "us-gov", "us", "eu", "apac", "jp", "au", "ca", "in", "sa", "me", "af", "uk", "kr")
"""Bedrock's inference profiles: what stands before the vendor in a model's name says where it may run."""
_PROFILE = re.compile(rf"(?:\A|/)({'|'.join(PROFILES)})\.(?=[a-z0-9-]+\.)")


@lru_cache(4096)
def region_of(provider: str, host: str | None, path: str = "", model: str | None = None) -> str | None:
    """The region that served a request for `model` at this address; None where it says nothing about it.

    ``global`` is one. Of Bedrock it is the inference profile (``us``), or the region of a request without one
    (``us-east-1``).
    """
    host = (host or "").lower()
    if provider == "aws":
        return _bedrock(host, (model or "").lower())
    if provider == "google":
        return _vertex(host, path)
    if provider == "openai" and (host == "api.openai.com" or host.endswith(".api.openai.com")):
        # https://developers.openai.com/api/docs/guides/data-residency
        label = host.removesuffix("api.openai.com").rstrip(".")
        return GLOBAL if label in ("", "mtls") else label
    if provider == "mistral" and host.startswith("api.") and host.endswith(".mistral.ai"):
        # https://docs.mistral.ai/inference/regional-inference
        return host.removeprefix("api.").removesuffix("mistral.ai").rstrip(".") or GLOBAL
    if provider == "together" and host.endswith("-api.together.ai"):
        # https://docs.together.ai/docs/serverless/geo-specific-inference
        return host.removesuffix("-api.together.ai")
    return None


def _vertex(host: str, path: str) -> str | None:
    if (match := _LOCATION.search(path)) is not None:
        return match[1]
    if host == "aiplatform.googleapis.com":
        return GLOBAL
    if host.startswith("aiplatform.") and host.endswith(".rep.googleapis.com"):
        return host.removeprefix("aiplatform.").removesuffix(".rep.googleapis.com")
    if host.endswith("-aiplatform.googleapis.com"):
        return host.removesuffix("-aiplatform.googleapis.com")
    return None


def _bedrock(host: str, model: str) -> str | None:
    if (profile := profile_of(model)) is not None:
        return profile
    if _ARN.match(model) and "/foundation-model/" not in model and ":foundation-model/" not in model:
        return None  # a profile of one's own: the ARN does not say how far it reaches
    labels = host.split(".")
    at = next((place for place, label in enumerate(labels) if label.startswith("bedrock")), len(labels))
    return labels[at + 1] if at + 2 < len(labels) else None


def profile_of(model: str) -> str | None:
    """The inference profile in a Bedrock model's name, if there is one."""
    match = _PROFILE.search(model)
    return match[1] if match is not None else None


def without_profile(model: str) -> str:
    """A Bedrock model's name without its ARN and its inference profile: ``anthropic.claude-…``."""
    name = model.rpartition("/")[2]
    return _PROFILE.sub("", name, count=1)
