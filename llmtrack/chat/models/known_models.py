"""Built-in lists of models, and what each family of models can be given.

The lists are for a first start without a network; where a provider's own list answers, it is newer (`discovery`), and
so may be what the installed SDK announces (`deprecations`).
Prices are not here: `llmtrack.pricing` has them.
Sources: OpenAI's model, reasoning and deprecations pages; Anthropic's SDK (its model names and `DEPRECATED_MODELS`) and
model pages; both as of November 2026.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

_LOW_TO_HIGH = ("low", "medium", "high")


@dataclass(frozen=True, slots=True)
class ModelCapabilities:
    """What a model can be given besides text."""

    images: bool = False
    pdf: bool = False
    temperature: bool = True
    efforts: tuple[str, ...] = ()
    """Levels of reasoning effort, least first; empty where the model has no such thing."""
    adaptive: bool = False
    """Anthropic's adaptive thinking: asked for together with an effort, and shown as a summary."""


_FILES = ModelCapabilities(images=True, pdf=True)
_TEXT = ModelCapabilities()


def _reasons(*efforts: str, files: bool = True) -> ModelCapabilities:
    """OpenAI's reasoning models: no temperature but their own."""
    return ModelCapabilities(images=files, pdf=files, temperature=False, efforts=efforts)


def _claude(*efforts: str, temperature: bool = False) -> ModelCapabilities:
    return ModelCapabilities(images=True, pdf=True, temperature=temperature, efforts=efforts, adaptive=True)


# The first pattern that matches the beginning of a name counts. Names come without a vendor's prefix ("openai/…").
_RULES: tuple[tuple[re.Pattern[str], ModelCapabilities], ...] = tuple(
    (re.compile(pattern), capabilities)
    for pattern, capabilities in (
        (r"gpt-5[\w.-]*-chat|gpt-chat-latest", _FILES),
        (r"gpt-(5\.[6-9]|[6-9])", _reasons("none", *_LOW_TO_HIGH, "xhigh", "max")),
        (r"gpt-5\.[2-5]", _reasons("none", *_LOW_TO_HIGH, "xhigh")),
        (r"gpt-5\.1", _reasons("none", *_LOW_TO_HIGH)),
        (r"gpt-5", _reasons("minimal", *_LOW_TO_HIGH)),
        (r"o3-mini|o1-mini", _reasons(*_LOW_TO_HIGH, files=False)),
        (r"o[134](-|$)", _reasons(*_LOW_TO_HIGH)),
        (r"gpt-oss", ModelCapabilities(efforts=_LOW_TO_HIGH)),
        (r"gpt-4o|gpt-4\.[15]", _FILES),
        (r"chatgpt-4o|gpt-4-turbo|gpt-4-vision", ModelCapabilities(images=True)),
        (r"gpt-", _TEXT),
        (r"claude-3-(opus|sonnet|haiku)", ModelCapabilities(images=True)),
        (r"claude-(3|v|2|instant)", ModelCapabilities(images=True, pdf=True)),
        (r"claude-opus-4-5", ModelCapabilities(images=True, pdf=True, efforts=_LOW_TO_HIGH)),
        (r"claude-(opus|sonnet)-4-6", _claude(*_LOW_TO_HIGH, "max", temperature=True)),
        (r"claude-(opus|sonnet|haiku)-4(-[015])?(-\d{8})?$", _FILES),
        (r"claude-", _claude(*_LOW_TO_HIGH, "xhigh", "max")),
    )
)


def capabilities_of(name: str) -> ModelCapabilities:
    """What the model called `name` can be given, by its family; text and images for a family that is not known.

    A stranger that cannot see images says so itself, which is better than our refusing what would have worked.
    """
    plain = name.rpartition("/")[2].lower()
    if plain.startswith("claude"):
        plain = plain.replace(".", "-")  # as resellers write it: claude-opus-4.5
    for pattern, capabilities in _RULES:
        if pattern.match(plain):
            return capabilities
    return ModelCapabilities(images=True)


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A model in a built-in list."""

    name: str
    context: int
    """Tokens of input and output together."""
    ends: date | None = None
    """The day from which its provider no longer answers, where one was announced."""


_OCTOBER_2026 = date(2026, 10, 23)
_DECEMBER_2026 = date(2026, 12, 11)
_JANUARY_2027 = date(2027, 1, 14)

OPENAI: tuple[KnownModel, ...] = (
    KnownModel("gpt-6.1-sol", 1_050_000),
    KnownModel("gpt-6.1-terra", 1_050_000),
    KnownModel("gpt-6-astra", 1_050_000),
    KnownModel("gpt-6-luna", 1_050_000),
    KnownModel("gpt-5.6-sol", 1_050_000),
    KnownModel("gpt-5.6-terra", 1_050_000),
    KnownModel("gpt-5.6-luna", 1_050_000),
    KnownModel("gpt-5.5", 1_000_000),
    KnownModel("gpt-5.4", 1_050_000),
    KnownModel("gpt-5.4-mini", 400_000),
    KnownModel("gpt-5.4-nano", 400_000),
    KnownModel("gpt-5.2", 400_000),
    KnownModel("gpt-5.1", 400_000, date(2027, 4, 1)),
    KnownModel("gpt-5", 400_000, _DECEMBER_2026),
    KnownModel("gpt-5-mini", 400_000, _DECEMBER_2026),
    KnownModel("gpt-5-nano", 400_000, _DECEMBER_2026),
    KnownModel("gpt-4.1", 1_000_000, _JANUARY_2027),
    KnownModel("gpt-4.1-mini", 1_000_000, _JANUARY_2027),
    KnownModel("gpt-4o", 128_000, _JANUARY_2027),
    KnownModel("gpt-4o-mini", 128_000, _JANUARY_2027),
    KnownModel("o3", 200_000, _DECEMBER_2026),
    KnownModel("o4-mini", 200_000, _OCTOBER_2026),
    KnownModel("gpt-4-turbo", 128_000, _OCTOBER_2026),
    KnownModel("gpt-4", 8_192, _OCTOBER_2026),
    KnownModel("gpt-3.5-turbo", 16_385, _OCTOBER_2026),
    KnownModel("chatgpt-4o-latest", 128_000, date(2026, 2, 17)),
)

ANTHROPIC: tuple[KnownModel, ...] = (
    KnownModel("claude-fable-5-2", 1_000_000),
    KnownModel("claude-opus-5-5", 1_000_000),
    KnownModel("claude-sonnet-5-5", 1_000_000),
    KnownModel("claude-haiku-5-5", 1_000_000),
    KnownModel("claude-opus-5", 1_000_000),
    KnownModel("claude-sonnet-5", 1_000_000),
    KnownModel("claude-opus-4-8", 1_000_000),
    KnownModel("claude-opus-4-6", 1_000_000),
    KnownModel("claude-sonnet-4-6", 1_000_000),
    KnownModel("claude-opus-4-5", 200_000, date(2027, 1, 22)),
    KnownModel("claude-haiku-4-5", 200_000),
    KnownModel("claude-sonnet-4-5", 200_000, date(2026, 11, 30)),
    KnownModel("claude-opus-4-0", 200_000, date(2026, 6, 15)),
    KnownModel("claude-sonnet-4-0", 200_000, date(2026, 6, 15)),
    KnownModel("claude-3-7-sonnet-latest", 200_000, date(2026, 2, 19)),
    KnownModel("claude-3-5-haiku-latest", 200_000, date(2026, 2, 19)),
    KnownModel("claude-3-opus-20240229", 200_000, date(2026, 1, 5)),
    KnownModel("claude-3-sonnet-20240229", 200_000, date(2025, 7, 21)),
    KnownModel("claude-3-haiku-20240307", 200_000, date(2026, 4, 20)),
)
