"""Which models can be chosen here, by provider, and why some cannot."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Literal

from llmtrack.chat import demo
from llmtrack.chat.error_messages import ChatError
from llmtrack.chat.models import known_models
from llmtrack.chat.models.deprecations import end_of_life
from llmtrack.chat.models.known_models import Known, Takes
from llmtrack.settings import Settings, get_settings

Dialect = Literal["openai", "anthropic"]


@dataclass(frozen=True, slots=True)
class Model:
    """A model at a provider, and what it can be asked."""

    provider: str
    name: str
    dialect: Dialect
    takes: Takes = field(default_factory=Takes)
    context: int | None = None
    """Tokens of input and output together; None where nobody told."""
    ends: date | None = None
    """The day from which the provider no longer answers, where one was announced."""
    needs: str | None = None
    """The variable to set before this can be chosen; None when it can."""
    simulated: bool = False
    about: str | None = None

    @property
    def key(self) -> str:
        """What a conversation remembers a model by: ``openai/gpt-4o``."""
        return f"{self.provider}/{self.name}"

    def deprecated(self, today: date | None = None) -> str | None:
        """``retired 5 January 2026`` or ``ends 14 January 2027``; None while no end was announced."""
        if self.ends is None:
            return None
        day = f"{self.ends.day} {self.ends:%B %Y}"
        return f"retired {day}" if self.ended(today) else f"ends {day}"

    def ended(self, today: date | None = None) -> bool:
        """Whether its provider no longer answers, as far as that was announced."""
        return self.ends is not None and self.ends <= (today or datetime.now(UTC).date())


@dataclass(frozen=True, slots=True)
class ProviderModels:
    """A provider and the models it is known to have."""

    name: str
    label: str
    dialect: Dialect
    models: tuple[Model, ...]
    needs: str | None = None
    """The variable to set before any of them can be chosen."""
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class Catalog:
    """Everything that can be chosen, and what could be."""

    providers: tuple[ProviderModels, ...]

    @property
    def models(self) -> tuple[Model, ...]:
        """All of them, in the order to show."""
        return tuple(model for provider in self.providers for model in provider.models)

    def find(self, key: str) -> Model:
        """The model called ``provider/name``; one the list lacks is taken as typed.

        Raises `ChatError` where there is no such provider.
        """
        provider_name, slash, name = key.strip().partition("/")
        provider = next((one for one in self.providers if one.name == provider_name), None)
        if provider is None or not slash or not name.strip():
            there = ", ".join(one.name for one in self.providers)
            raise ChatError(f"{key!r} is no model here: write it as provider/name, with one of {there} as provider.")
        listed = next((model for model in provider.models if model.name == name), None)
        return listed or typed_in(provider, name.strip())

    def default(self, preferred: str | None = None) -> Model:
        """The one to start with: the preferred one if it can be chosen, also one typed in; else the first that can."""
        with suppress(ChatError):  # its provider is no longer set up
            if preferred and (found := self.find(preferred)).needs is None:
                return found
        choosable = [model for model in self.models if model.needs is None]
        if not choosable:
            raise ChatError(
                "There is no model to choose: set OPENAI_API_KEY or ANTHROPIC_API_KEY, or LLMTRACK_DEMO=true."
            )
        running = [model for model in choosable if not model.ended()] or choosable
        return running[0]


def typed_in(provider: ProviderModels, name: str) -> Model:
    """A model nobody listed, at a provider we know; what it takes is guessed from its name."""
    if provider.simulated:
        there = ", ".join(model.name for model in provider.models)
        raise ChatError(f"The simulated provider has no model {name!r}; it has {there}.")
    takes = known_models.takes(name)
    ends = end_of_life(provider.name, name)
    return Model(provider.name, name, provider.dialect, takes, ends=ends, needs=provider.needs)


def get_catalog(settings: Settings | None = None) -> Catalog:
    """The catalog of this moment: built-in lists, with the providers' own where they have answered."""
    from llmtrack.chat.models import discovery

    settings = settings or get_settings()
    found = discovery.known(settings)
    providers = [_with_own_list(provider, found.get(provider.name, ())) for provider in declared(settings)]
    if settings.demo:
        providers.append(_demo())
    return Catalog(tuple(sorted(providers, key=lambda one: (one.needs is not None, one.simulated))))


def declared(settings: Settings) -> list[ProviderModels]:
    """The two vendors and the servers of the settings, with the models known beforehand."""
    has_openai, has_anthropic = settings.openai_api_key is not None, settings.anthropic_api_key is not None
    providers = [
        _vendor("openai", "OpenAI", "openai", known_models.OPENAI, None if has_openai else "OPENAI_API_KEY"),
        _vendor(
            "anthropic",
            "Anthropic",
            "anthropic",
            known_models.ANTHROPIC,
            None if has_anthropic else "ANTHROPIC_API_KEY",
        ),
    ]
    for name, told in settings.providers.items():
        missing = told.api_key_env if told.api_key_env and told.key() is None else None
        models = tuple(Model(name, one, told.dialect, known_models.takes(one), needs=missing) for one in told.models)
        providers.append(ProviderModels(name, name, told.dialect, models, missing))
    return providers


def _vendor(name: str, label: str, dialect: Dialect, known: tuple[Known, ...], needs: str | None) -> ProviderModels:
    models = tuple(
        Model(
            name, one.name, dialect, known_models.takes(one.name), one.context,
            end_of_life(name, one.name) or one.ends, needs,
        )
        for one in known
    )  # fmt: skip
    return ProviderModels(name, label, dialect, models, needs)


def _with_own_list(provider: ProviderModels, own: tuple[Model, ...]) -> ProviderModels:
    """The provider's own list, which is newer, in our order; what only we know stays, marked as it was."""
    if not own:
        return provider
    known = {one.name for one in provider.models}
    by_name: dict[str, Model] = {}
    for model in own:
        # A dated name of a model we know without one is the same model.
        undated = re.sub(r"-20\d{6}$", "", model.name)
        by_name[undated if undated in known else model.name] = model
    first = []
    for one in provider.models:
        told = by_name.pop(one.name, None)
        if told is not None:
            one = replace(one, takes=told.takes, context=told.context or one.context, ends=told.ends or one.ends)
        first.append(one)
    return replace(provider, models=(*first, *by_name.values()))


def _demo() -> ProviderModels:
    models = tuple(
        Model(
            demo.PROVIDER, one.name, one.dialect, Takes(images=one.takes_files, pdf=one.takes_files, temperature=False),
            context=demo.CONTEXT, simulated=True, about=one.about,
        )
        for one in demo.MODELS
    )  # fmt: skip
    return ProviderModels(demo.PROVIDER, "Simulated (no key needed)", "openai", models, simulated=True)
