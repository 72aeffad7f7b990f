"""Which model of the public price list a name means, if any.

The list's own matching is generous (``claude-opus-4-5`` also takes ``claude-opus-4-50``), so what it finds is used only
where the name is one it spells out, or a dated snapshot of one that is not newer than the list itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from llmtrack.pricing import names
from llmtrack.pricing.reasons import Reason
from llmtrack.pricing.regions import GLOBAL, PROFILES, profile_of, without_profile

if TYPE_CHECKING:
    from genai_prices.data_snapshot import DataSnapshot
    from genai_prices.types import ModelInfo, Provider

# Names the list's clauses cover without spelling them out, looked up by hand.
_KNOWN_TOO = {
    ("anthropic", "claude-2"): frozenset({"claude-2.0", "claude-2.1"}),
    ("openai", "moderation"): frozenset(
        {"omni-moderation-latest", "omni-moderation-2024-09-26", "text-moderation-latest", "text-moderation-stable"}
    ),
}
_VENDORS = ("anthropic.", "openai.", "")
"""Before the names of models that leave out their maker, as answers do: Bedrock's own names begin with it."""

Found = tuple["ModelInfo", "Provider", bool]
"""A model, who lists it, and whether that is the provider asked for."""


def find(data: DataSnapshot, id: str, model: str) -> Found | Reason:
    """The model by that name at a provider, who lists it, and whether that is the provider itself."""
    provider = _providers(data).get(id)
    if provider is None:
        return Reason.NO_PRICE
    horizon = _horizon(data)
    alike = False
    for listed_by in (provider, *(_providers(data)[name] for name in provider.fallback_model_providers or ())):
        for spelling in _spellings(model, id):
            for info in listed_by.models:
                if not info.is_match(spelling):
                    continue
                if _is_known(info, listed_by, spelling, horizon):
                    return info, listed_by, listed_by is provider
                alike = True
    return Reason.NEWER_MODEL if alike else Reason.NO_PRICE


def find_at_bedrock(data: DataSnapshot, model: str, region: str | None) -> tuple[Found | Reason, bool]:
    """The model in that region, and whether the list says so: it has Bedrock's global prices beside its regional ones.

    The served model is named without its inference profile, which is the region then.
    """
    reach = profile_of(model) or region
    name = without_profile(model)
    within = f"{reach}." if reach in PROFILES else ""
    whole = "." in name.partition("-")[0]  # its maker is in it, as in what is asked for
    for vendor in ("",) if whole else _VENDORS:
        match = find(data, "aws", f"{within}{vendor}{name}")
        if isinstance(match, Reason):
            continue
        listed = match[0].id
        if reach is None:
            elsewhere = find(data, "aws", f"global.{vendor}{name}")
            return match, whole or isinstance(elsewhere, Reason) or elsewhere[0].id == listed
        # The list has some prices of the regions for the government, which are dearer, and not all.
        return match, not listed.startswith("regional." if reach == GLOBAL else "global.") and "us-gov-" not in reach
    return find(data, "aws", model), False


def _spellings(model: str, provider: str) -> Iterator[str]:
    yield model
    dashed = re.sub(r"(?<=[-@])(20\d\d)(\d\d)(\d\d)(?!\d)", r"\1-\2-\3", model)
    if dashed != model:
        yield dashed
    path, slash, name = model.rpartition("/")
    if slash and (path in (provider, "models") or path.endswith("publishers/google/models")):
        yield name  # Google's OpenAI endpoint wants `google/gemini-…`, its own `models/gemini-…`


def _is_known(info: ModelInfo, listed_by: Provider, name: str, horizon: str) -> bool:
    spelled, stems, patterns = _clauses(info.match)
    if name == info.id.lower() or name in spelled or name in _KNOWN_TOO.get((listed_by.id, info.id), ()):
        return True
    if names.is_newer(name, horizon):
        return False
    if any(re.fullmatch(pattern, name) for pattern in patterns if pattern.endswith("$")):
        return True
    base = names.tuned_from(name)
    if base is not None:
        return any(base in _clauses(other.match)[0] for other in listed_by.models)
    at_bedrock = listed_by.id == "aws"
    return any(names.continues(name, stem, at_bedrock=at_bedrock) for stem in (*stems, *spelled))


def _clauses(match: object) -> tuple[set[str], set[str], list[str]]:
    """The names a model's clauses spell out, the parts of names they look for, and their patterns."""
    from genai_prices import types

    if isinstance(match, types.ClauseEquals):
        return {match.equals.lower()}, set(), []
    if isinstance(match, types.ClauseRegex):
        return set(), set(), [match.regex]
    if isinstance(match, types.ClauseOr | types.ClauseAnd):
        parts = [_clauses(part) for part in (match.or_ if isinstance(match, types.ClauseOr) else match.and_)]
        return (
            set().union(*(part[0] for part in parts)),
            set().union(*(part[1] for part in parts)),
            [pattern for part in parts for pattern in part[2]],
        )
    text = next(str(getattr(match, key)) for key in ("starts_with", "ends_with", "contains") if hasattr(match, key))
    return set(), {text.lower().strip("-@/.:")}, []


@lru_cache(maxsize=4)
def _tables(_identity: int, data: _ById) -> tuple[dict[str, Provider], str]:
    providers = {provider.id: provider for provider in data.snapshot.providers}
    spelled = (name for provider in providers.values() for info in provider.models for name in _all_names(info))
    return providers, names.newest_date(spelled)


@dataclass(frozen=True, slots=True)
class _ById:
    """A snapshot as a dictionary key: by what it is, not by what is in it (it is large and not hashable)."""

    snapshot: DataSnapshot = field(compare=False)


def _all_names(info: ModelInfo) -> Iterator[str]:
    yield info.id
    yield from _clauses(info.match)[0]


def _providers(data: DataSnapshot) -> dict[str, Provider]:
    return _tables(id(data), _ById(data))[0]


def _horizon(data: DataSnapshot) -> str:
    return _tables(id(data), _ById(data))[1]
