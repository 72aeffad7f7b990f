"""The providers that can be asked: where each is reached, with which key, and the models known beforehand.

A provider that is to be offered without being declared in the settings is one entry of `VENDORS`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pydantic import SecretStr

from llmtrack.chat import demo
from llmtrack.chat.error_messages import ChatError
from llmtrack.chat.models import known_models
from llmtrack.chat.models.deprecations import end_of_life
from llmtrack.chat.models.known_models import KnownModel, capabilities_of
from llmtrack.chat.models.model import Dialect, Model, ProviderModels
from llmtrack.settings import ProviderSettings, Settings


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a provider is reached, and what it is sent to be let in."""

    base_url: str | None = None
    """None is the SDK's own address."""
    key: SecretStr | None = None
    key_setting: str | None = None
    """The name of the setting that has the key, for messages to the user; None where there is none."""
    headers: Mapping[str, SecretStr] = field(default_factory=dict)

    @property
    def secrets(self) -> tuple[str, ...]:
        """The key and the values of the headers."""
        keys = [self.key] if self.key else []
        return tuple(secret.get_secret_value() for secret in (*keys, *self.headers.values()))


@dataclass(frozen=True, slots=True)
class Vendor:
    """A provider that is offered without being declared in the settings."""

    name: str
    """As calls are recorded under it."""
    label: str
    """As people read it."""
    dialect: Dialect
    models: tuple[KnownModel, ...]
    key_variable: str
    """The variable its key is in."""
    base_url: str | None = None
    """None is the SDK's own address."""
    configured: Callable[[Settings], tuple[SecretStr | None, str | None]] | None = None
    """Reads key and address where the settings have fields for them; otherwise the key is read from its variable."""

    def endpoint(self, settings: Settings) -> Endpoint:
        """Where it is reached under these settings."""
        if self.configured is not None:
            key, base_url = self.configured(settings)
            return Endpoint(base_url or self.base_url, key, self.key_variable)
        value = os.environ.get(self.key_variable)
        return Endpoint(self.base_url, SecretStr(value) if value else None, self.key_variable)


VENDORS: tuple[Vendor, ...] = (
    Vendor(
        "openai", "OpenAI", "openai", known_models.OPENAI, "OPENAI_API_KEY",
        configured=lambda settings: (settings.openai_api_key, settings.openai_base_url),
    ),
    Vendor(
        "anthropic", "Anthropic", "anthropic", known_models.ANTHROPIC, "ANTHROPIC_API_KEY",
        configured=lambda settings: (settings.anthropic_api_key, settings.anthropic_base_url),
    ),
)  # fmt: skip


def is_configured(provider: str, settings: Settings) -> bool:
    """Whether these settings know a provider of that name."""
    return provider == demo.PROVIDER or provider in settings.providers or _vendor(provider) is not None


def endpoint_of(provider: str, settings: Settings) -> Endpoint:
    """Where a provider is reached; an empty endpoint for one that is not configured."""
    if provider == demo.PROVIDER:
        return Endpoint(key=SecretStr(demo.KEY))
    if (vendor := _vendor(provider)) is not None:
        return vendor.endpoint(settings)
    declared = settings.providers.get(provider)
    if declared is None:
        return Endpoint()
    setting = declared.api_key_env or f"api_key in [providers.{provider}]"
    return Endpoint(declared.base_url, declared.key(), setting, declared.headers)


def label_of(provider: str) -> str:
    """A provider as it reads in the middle of a sentence."""
    if provider == demo.PROVIDER:
        return "the simulated provider"
    vendor = _vendor(provider)
    return vendor.label if vendor else provider


def configured_providers(settings: Settings) -> list[ProviderModels]:
    """The vendors and the servers of the settings, with the models known beforehand."""
    vendors = [_models_of(vendor, settings) for vendor in VENDORS]
    return [*vendors, *(_declared(name, server) for name, server in settings.providers.items())]


def typed_in(provider: ProviderModels, name: str) -> Model:
    """A model that no list has, at a provider we know; its capabilities are guessed from its name."""
    if provider.simulated:
        names = ", ".join(model.name for model in provider.models)
        raise ChatError(f"The simulated provider has no model {name!r}; it has {names}.")
    ends = end_of_life(provider.name, name)
    return Model(provider.name, name, provider.dialect, capabilities_of(name), ends=ends, needs=provider.needs)


def _vendor(name: str) -> Vendor | None:
    return next((vendor for vendor in VENDORS if vendor.name == name), None)


def _models_of(vendor: Vendor, settings: Settings) -> ProviderModels:
    needs = None if vendor.endpoint(settings).key else vendor.key_variable
    models = tuple(
        Model(
            vendor.name, model.name, vendor.dialect, capabilities_of(model.name), model.context,
            end_of_life(vendor.name, model.name) or model.ends, needs,
        )
        for model in vendor.models
    )  # fmt: skip
    return ProviderModels(vendor.name, vendor.label, vendor.dialect, models, needs)


def _declared(name: str, server: ProviderSettings) -> ProviderModels:
    needs = server.api_key_env if server.api_key_env and server.key() is None else None
    models = tuple(Model(name, model, server.dialect, capabilities_of(model), needs=needs) for model in server.models)
    return ProviderModels(name, name, server.dialect, models, needs)
