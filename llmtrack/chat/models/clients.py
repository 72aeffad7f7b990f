"""llmtrack's own tracked async clients, one for each provider, made when first needed."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Mapping
from typing import Any

from llmtrack.chat import demo
from llmtrack.chat.error_messages import ChatError
from llmtrack.chat.models.model import Dialect, Model
from llmtrack.chat.models.providers import endpoint_of, is_configured
from llmtrack.masking import mask_address
from llmtrack.settings import Settings

_CONNECT_SECONDS = 15.0
_clients: dict[tuple[Any, ...], Any] = {}
_making = threading.Lock()


def client_for(model: Model, settings: Settings) -> Any:
    """The client that asks `model`; cached, so that connections are reused. Made in any thread, used in the loop's.

    Raises `ChatError` where the settings have no provider of that name (any more).
    """
    if not is_configured(model.provider, settings):
        raise ChatError(f"There is no provider {model.provider!r} in the settings any more: choose another model.")
    endpoint = endpoint_of(model.provider, settings)
    secret = endpoint.key.get_secret_value() if endpoint.key else None
    pace = (settings.demo_rate, settings.demo_silence)
    key = (model.provider, model.dialect, *pace, endpoint.base_url, secret)
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
    """The address asked, where it is not the SDK's own: part of the way out when it cannot be reached."""
    url = endpoint_of(model.provider, settings).base_url
    return None if url is None else mask_address(url)


def _openai(options: Mapping[str, Any]) -> Any:
    from llmtrack.openai import AsyncOpenAI

    return AsyncOpenAI(**options)


def _anthropic(options: Mapping[str, Any]) -> Any:
    from llmtrack.anthropic import AsyncAnthropic

    # The catalog says it where the model is chosen, with the day.
    warnings.filterwarnings("ignore", message="The model '.*' is deprecated", category=DeprecationWarning)
    return AsyncAnthropic(**options)


_MAKERS: Mapping[Dialect, Callable[[Mapping[str, Any]], Any]] = {"openai": _openai, "anthropic": _anthropic}
"""By wire protocol, what makes its client of the SDK's options."""
_DEMO_URLS: Mapping[Dialect, str] = {
    "openai": "http://simulated.invalid/v1",
    "anthropic": "http://simulated.invalid",
}


def _make(model: Model, settings: Settings) -> Any:
    import httpx2

    import llmtrack

    endpoint = endpoint_of(model.provider, settings)
    options: dict[str, Any] = {
        # A server that wants no key gets a word in its place: the SDKs insist on one.
        "api_key": endpoint.key.get_secret_value() if endpoint.key else "none",
        "base_url": endpoint.base_url,
        "timeout": httpx2.Timeout(settings.answer_timeout, connect=_CONNECT_SECONDS),
    }
    if endpoint.headers:
        options["default_headers"] = {name: value.get_secret_value() for name, value in endpoint.headers.items()}
    simulated = model.provider == demo.PROVIDER
    if simulated:
        options["base_url"] = _DEMO_URLS[model.dialect]
        options["http_client"] = demo.async_http_client(settings.demo_rate, settings.demo_silence)
    # The provider chosen, whatever the host: a gateway in front of OpenAI is still OpenAI.
    client = _MAKERS[model.dialect](options)
    return llmtrack.track(client, provider=model.provider, simulated=simulated, asks_usage=simulated or None)
