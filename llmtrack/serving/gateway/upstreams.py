"""The providers that the gateway passes requests on to, as the settings have them."""

from __future__ import annotations

import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from llmtrack.settings import ProviderSettings, Settings

OPENAI = "https://api.openai.com/v1"
ANTHROPIC = "https://api.anthropic.com"
VERSION = "/v1"
"""What every route of the gateway has before the path of an API."""


@dataclass(frozen=True, slots=True, eq=False)
class Upstream:
    """A provider, and how the gateway is let in there."""

    name: str
    dialect: str
    """``openai`` or ``anthropic``."""
    base: str
    """Everything before a path that follows ``/v1``."""
    host: str
    path: str
    """The path of `base`."""
    credential: tuple[tuple[str, str], ...]
    """The header with the installation's key; none where the server wants none."""
    headers: tuple[tuple[str, str], ...]
    """Further headers of every request, as the settings have them."""
    key_setting: str | None
    """Where a key is missing, what sets it; None where none is missing."""
    proxy: str | None
    """The proxy of the environment that it is reached through."""

    @property
    def secrets(self) -> set[str]:
        """What must not be kept of what was sent."""
        values = {value for _, value in (*self.credential, *self.headers)}
        return values | {value.partition(" ")[2] for value in values if value.lower().startswith("bearer ")}


_latest: tuple[Settings, Mapping[str, Upstream]] | None = None


def upstreams(settings: Settings) -> Mapping[str, Upstream]:
    """The providers of these settings by name; looked up anew only when the settings were read anew."""
    global _latest
    if _latest is None or _latest[0] is not settings:
        _latest = (settings, _read(settings))
    return _latest[1]


def missing_keys(settings: Settings) -> dict[str, str]:
    """OpenAI and Anthropic where this server has no key for them, with the setting that holds it.

    Nothing is said where the gateway runs elsewhere: it has settings of its own.
    """
    if settings.gateway_address is not None:
        return {}
    providers, titles = upstreams(settings), {"openai": "OpenAI", "anthropic": "Anthropic"}
    return {title: setting for name, title in titles.items() if (setting := providers[name].key_setting) is not None}


def _read(settings: Settings) -> Mapping[str, Upstream]:
    providers = {
        "openai": _upstream(
            "openai", "openai", settings.openai_base_url or OPENAI, settings.openai_api_key, "OPENAI_API_KEY", {}
        ),
        "anthropic": _upstream(
            "anthropic", "anthropic", settings.anthropic_base_url or ANTHROPIC, settings.anthropic_api_key,
            "ANTHROPIC_API_KEY", {},
        ),
    }  # fmt: skip
    for name, provider in settings.providers.items():
        providers[name] = _declared(name, provider)
    return providers


def _declared(name: str, provider: ProviderSettings) -> Upstream:
    headers = {key: value.get_secret_value() for key, value in provider.headers.items()}
    return _upstream(name, provider.dialect, provider.base_url, provider.key(), provider.api_key_env, headers)


def _upstream(
    name: str, dialect: str, base_url: str, key: object, key_setting: str | None, headers: Mapping[str, str]
) -> Upstream:
    base = base_url if dialect == "openai" else base_url + VERSION
    parts = urlsplit(base)
    secret = key.get_secret_value() if hasattr(key, "get_secret_value") else None
    credential: tuple[tuple[str, str], ...] = ()
    if secret is not None:
        credential = (("authorization", f"Bearer {secret}") if dialect == "openai" else ("x-api-key", secret),)
    return Upstream(
        name,
        dialect,
        base,
        parts.hostname or "unknown",
        parts.path,
        credential,
        tuple(headers.items()),
        key_setting if secret is None else None,
        _proxy_for(parts.scheme, parts.netloc.rpartition("@")[2]),
    )


def _proxy_for(scheme: str, host: str) -> str | None:
    """The proxy that the environment names for an address, as the SDKs would use it."""
    proxies = urllib.request.getproxies_environment()
    if urllib.request.proxy_bypass_environment(host, proxies):  # type: ignore[attr-defined]
        return None
    proxy: str | None = proxies.get(scheme) or proxies.get("all")
    return proxy
