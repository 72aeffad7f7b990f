"""llmtrack's own tracked async clients, one for each provider, made when first needed."""

from __future__ import annotations

import threading
import warnings
from typing import TYPE_CHECKING, Any

from llmtrack.chat import demo
from llmtrack.masking import mask_address
from llmtrack.settings import Settings

if TYPE_CHECKING:
    from llmtrack.chat.models.catalog import Model

_CONNECT_SECONDS = 15.0
_clients: dict[tuple[Any, ...], Any] = {}
_making = threading.Lock()


def client_for(model: Model, settings: Settings) -> Any:
    """The client that asks `model`; kept, so that connections are reused. Made in any thread, used in the loop's."""
    key = (model.provider, model.dialect, settings.demo_rate, settings.demo_silence, *_address(model, settings))
    with _making:
        if key not in _clients:
            _clients[key] = _make(model, settings)
        return _clients[key]


async def close_all() -> None:
    """Closes every client's connections."""
    clients = list(_clients.values())
    _clients.clear()
    for client in clients:
        await client.close()


def server_of(model: Model, settings: Settings) -> str | None:
    """The address asked, where it is not the vendor's own: part of the way out when it cannot be reached."""
    url = _address(model, settings)[0]
    return None if url is None else mask_address(url)


def secrets_of(model: Model, settings: Settings) -> tuple[str, ...]:
    """What is sent to be let in: the key, and the values of the headers set for this provider."""
    key = _address(model, settings)[1]
    told = settings.providers.get(model.provider)
    headers = [value.get_secret_value() for value in told.headers.values()] if told else []
    return (*((key,) if key else ()), *headers)


def variable_of(model: Model, settings: Settings) -> str | None:
    """Where the key is set."""
    if model.provider in ("openai", "anthropic"):
        return f"{model.provider.upper()}_API_KEY"
    told = settings.providers.get(model.provider)
    return told.api_key_env or f"api_key in [providers.{model.provider}]" if told else None


def _address(model: Model, settings: Settings) -> tuple[str | None, str | None]:
    """Base URL and key."""
    if model.provider == demo.PROVIDER:
        return None, demo.KEY
    if model.provider == "openai":
        key, url = settings.openai_api_key, settings.openai_base_url
    elif model.provider == "anthropic":
        key, url = settings.anthropic_api_key, settings.anthropic_base_url
    else:
        told = settings.providers[model.provider]
        key, url = told.key(), told.base_url
    return url, key.get_secret_value() if key else None


def _make(model: Model, settings: Settings) -> Any:
    import httpx2

    import llmtrack

    url, key = _address(model, settings)
    told = settings.providers.get(model.provider)
    options: dict[str, Any] = {
        # A server that wants no key gets a word in its place: the SDKs insist on one.
        "api_key": key or "none",
        "base_url": url,
        "timeout": httpx2.Timeout(settings.answer_timeout, connect=_CONNECT_SECONDS),
    }
    if told and told.headers:
        options["default_headers"] = {name: value.get_secret_value() for name, value in told.headers.items()}
    if model.provider == demo.PROVIDER:
        options["base_url"] = "http://simulated.invalid/v1" if model.dialect == "openai" else "http://simulated.invalid"
        options["http_client"] = demo.async_http_client(settings.demo_rate, settings.demo_silence)
    client: Any
    if model.dialect == "anthropic":
        from llmtrack.anthropic import AsyncAnthropic

        # The catalog says it where the model is chosen, with the day.
        warnings.filterwarnings("ignore", message="The model '.*' is deprecated", category=DeprecationWarning)
        client = AsyncAnthropic(**options)
    else:
        from llmtrack.openai import AsyncOpenAI

        client = AsyncOpenAI(**options)
    # The provider chosen, whatever the host: a gateway in front of OpenAI is still OpenAI.
    simulated = model.provider == demo.PROVIDER
    return llmtrack.track(client, provider=model.provider, simulated=simulated, asks_usage=simulated or None)
