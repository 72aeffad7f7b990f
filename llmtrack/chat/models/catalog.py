"""Which models can be chosen here, by provider, and why some cannot."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, replace

from llmtrack.chat import demo
from llmtrack.chat.error_messages import ChatError
from llmtrack.chat.models import discovery
from llmtrack.chat.models.known_models import ModelCapabilities
from llmtrack.chat.models.model import Model, ProviderModels
from llmtrack.chat.models.providers import configured_providers, typed_in
from llmtrack.settings import Settings, get_settings


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
        provider = next((candidate for candidate in self.providers if candidate.name == provider_name), None)
        if provider is None or not slash or not name.strip():
            names = ", ".join(candidate.name for candidate in self.providers)
            raise ChatError(f"{key!r} is no model here: write it as provider/name, with one of {names} as provider.")
        listed = next((model for model in provider.models if model.name == name), None)
        return listed or typed_in(provider, name.strip())

    def default(self, preferred: str | None = None) -> Model:
        """The one to start with: the preferred one if it can be chosen, also one typed in; else the first that can."""
        with suppress(ChatError):  # its provider is no longer set up
            if preferred and (model := self.find(preferred)).needs is None:
                return model
        choosable = [model for model in self.models if model.needs is None]
        if not choosable:
            raise ChatError(
                "There is no model to choose: set OPENAI_API_KEY or ANTHROPIC_API_KEY, or LLMTRACK_DEMO=true."
            )
        running = [model for model in choosable if not model.ended()] or choosable
        return running[0]


def get_catalog(settings: Settings | None = None) -> Catalog:
    """The catalog of this moment: built-in lists, with the providers' own where they have answered."""
    settings = settings or get_settings()
    listed = discovery.listed_models(settings)
    providers = [_with_own_list(provider, listed.get(provider.name, ())) for provider in configured_providers(settings)]
    if settings.demo:
        providers.append(_demo())
    # Those that can be asked first, the simulated one after them.
    return Catalog(tuple(sorted(providers, key=lambda provider: (provider.needs is not None, provider.simulated))))


def _with_own_list(provider: ProviderModels, own: tuple[Model, ...]) -> ProviderModels:
    """The built-in list updated by the provider's own; models that only the built-in one has stay as they are."""
    if not own:
        return provider
    names = {model.name for model in provider.models}
    by_name: dict[str, Model] = {}
    for model in own:
        # A dated name of a model we know without one is the same model.
        undated = re.sub(r"-20\d{6}$", "", model.name)
        by_name[undated if undated in names else model.name] = model
    models = []
    for model in provider.models:
        newer = by_name.pop(model.name, None)
        if newer is not None:
            model = replace(
                model,
                capabilities=newer.capabilities,
                context=newer.context or model.context,
                ends=newer.ends or model.ends,
            )
        models.append(model)
    return replace(provider, models=(*models, *by_name.values()))


def _demo() -> ProviderModels:
    models = tuple(
        Model(
            demo.PROVIDER,
            model.name,
            model.dialect,
            ModelCapabilities(images=model.takes_files, pdf=model.takes_files, temperature=False),
            context=demo.CONTEXT,
            simulated=True,
            fails=model.fails is not None,
            about=model.about,
        )
        for model in demo.MODELS
    )
    return ProviderModels(demo.PROVIDER, "Simulated (no key needed)", "openai", models, simulated=True)
