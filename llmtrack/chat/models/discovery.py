"""Each provider's own list of models, where it answers: fetched in the background, kept for some hours."""

from __future__ import annotations

import asyncio
import logging
import re
import threading
import time
from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from llmtrack.chat import demo
from llmtrack.chat.answers import event_loop
from llmtrack.chat.models import known_models
from llmtrack.chat.models.deprecations import end_of_life
from llmtrack.chat.models.known_models import Takes
from llmtrack.settings import Settings

if TYPE_CHECKING:
    from llmtrack.chat.models.catalog import Model, ProviderModels

FRESH_SECONDS = 6 * 3600.0
AGAIN_SECONDS = 600.0
"""After a list that did not come."""
_PATIENCE = 20.0  # seconds
_MOST = 1_000  # models of one provider

# OpenAI lists everything it serves: what is no chat model, or answers in the Responses API alone, is left out here, and
# so are dated snapshots of models listed without a date. All of them can still be typed in.
_CHAT = re.compile(r"(gpt-\d|chatgpt-|o\d)")
_OTHER = re.compile(
    r"audio|realtime|transcribe|tts|image|search|instruct|codex|deep-research|-pro(-|$)|moderation|embed|whisper|cyber"
    r"|computer|live|-\d{4}-\d{2}-\d{2}$|-\d{4}(-preview)?$|-16k"
)
_NO_CHAT = re.compile(r"embed|whisper|tts|rerank|moderation|diffusion|dall-e|transcri", re.I)

log = logging.getLogger("llmtrack")
_lock = threading.Lock()
_found: dict[tuple[str, str | None], tuple[Model, ...]] = {}
_due: dict[tuple[str, str | None], float] = {}


def known(settings: Settings) -> dict[str, tuple[Model, ...]]:
    """What the providers have answered so far; once `refresh` was called, lists grown old are fetched again."""
    if _due and min(_due.values()) <= time.monotonic():
        refresh(settings)
    return {name: models for (name, address), models in _found.items() if address == _address(settings, name)}


def refresh(settings: Settings, wait: float | None = None) -> None:
    """Fetches lists that are missing or old, in the background; `wait` is for how many seconds to wait for them."""
    from llmtrack.chat.models.catalog import declared

    if not settings.model_lists:
        return
    asked = []
    now = time.monotonic()
    for provider in declared(settings):
        key = (provider.name, _address(settings, provider.name))
        with _lock:
            if provider.needs or _due.get(key, 0.0) > now:
                continue
            _due[key] = now + AGAIN_SECONDS
        asked.append((key, provider))
    if asked and wait is None:
        event_loop.submit(_fetch_all(asked, settings))
    elif asked:
        event_loop.run(_fetch_all(asked, settings), wait)


def forget() -> None:
    """Forgets all lists."""
    with _lock:
        _found.clear()
        _due.clear()


async def _fetch_all(asked: list[tuple[tuple[str, str | None], ProviderModels]], settings: Settings) -> None:
    await asyncio.gather(*(_fetch(key, provider, settings) for key, provider in asked))


async def _fetch(key: tuple[str, str | None], provider: ProviderModels, settings: Settings) -> None:
    from llmtrack.chat.models import clients
    from llmtrack.chat.models.catalog import typed_in

    try:
        client = await asyncio.to_thread(clients.client_for, typed_in(provider, "any"), settings)
        listed = []
        async with asyncio.timeout(_PATIENCE):
            async for one in await _pages(client, provider.dialect):
                listed.append(one)
                if len(listed) >= _MOST:
                    break
        models = [model for one in listed if (model := _model(one, provider)) is not None]
    except Exception as error:
        # No list, no harm: the built-in one is shown, and any model can be typed in.
        log.info("The models of %s could not be listed: %s", provider.name, type(error).__name__)
        return
    with _lock:
        _found[key] = tuple(sorted(models, key=lambda model: model.name) if provider.dialect == "openai" else models)
        _due[key] = time.monotonic() + FRESH_SECONDS


async def _pages(client: Any, dialect: str) -> Any:
    # Both SDKs give back something to iterate over; Anthropic's fetches page after page.
    listing = client.models.list(limit=1000) if dialect == "anthropic" else client.models.list()
    return listing if hasattr(listing, "__aiter__") else await listing


def _address(settings: Settings, name: str) -> str | None:
    if name in ("openai", "anthropic"):
        return settings.openai_base_url if name == "openai" else settings.anthropic_base_url
    told = settings.providers.get(name)
    return told.base_url if told else None


def _model(told: Any, provider: ProviderModels) -> Model | None:
    """What a provider says of one model, as far as it says anything; None for what is nothing to chat with."""
    from llmtrack.chat.models.catalog import Model

    name = str(told.id)
    more: Mapping[str, Any] = told.model_dump()
    if provider.name == demo.PROVIDER or more.get("lifecycle") == "retired":
        return None
    if provider.name == "openai" and (not _CHAT.match(name) or _OTHER.search(name)):
        return None
    if _NO_CHAT.search(name):
        return None
    ends = _end(more) or end_of_life(provider.name, name)
    return Model(
        provider.name, name, provider.dialect, _takes(name, more), _context(more), ends, about=_title(name, more)
    )


def _takes(name: str, more: Mapping[str, Any]) -> Takes:
    """What a model takes: as the provider says where it does, by its family where not."""
    guessed = known_models.takes(name)
    told = more.get("capabilities")
    if isinstance(told, Mapping):  # Anthropic's
        effort = told.get("effort") or {}
        levels = tuple(level for level in ("low", "medium", "high", "xhigh", "max") if _yes(effort.get(level)))
        adaptive = _yes(((told.get("thinking") or {}).get("types") or {}).get("adaptive"))
        return Takes(_yes(told.get("image_input")), _yes(told.get("pdf_input")), guessed.temperature, levels, adaptive)
    shape = more.get("architecture")
    if isinstance(shape, Mapping) and isinstance(shape.get("input_modalities"), list):  # OpenRouter's
        inputs = shape["input_modalities"]
        return Takes("image" in inputs, "file" in inputs, guessed.temperature, guessed.efforts)
    return guessed


def _yes(told: Any) -> bool:
    return bool(told.get("supported")) if isinstance(told, Mapping) else bool(told)


def _context(more: Mapping[str, Any]) -> int | None:
    # Anthropic, OpenRouter and vLLM, in this order.
    for name in ("max_input_tokens", "context_length", "max_model_len"):
        if isinstance(more.get(name), int) and more[name] > 0:
            return int(more[name])
    return None


def _end(more: Mapping[str, Any]) -> date | None:
    told = more.get("shutdown_date") or more.get("retires_at")
    if isinstance(told, datetime):
        return told.date()
    try:
        return date.fromisoformat(str(told)[:10]) if told else None
    except ValueError:
        return None


def _title(name: str, more: Mapping[str, Any]) -> str | None:
    told = more.get("display_name") or more.get("name")
    return str(told) if told and told != name else None
