"""Each provider's own list of models, where it answers: fetched in the background, cached for some hours."""

from __future__ import annotations

import asyncio
import logging
import re
import threading
import time
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from llmtrack.chat import demo, event_loop
from llmtrack.chat.models.clients import client_for
from llmtrack.chat.models.deprecations import end_of_life
from llmtrack.chat.models.known_models import ModelCapabilities, capabilities_of
from llmtrack.chat.models.model import Dialect, Model, ProviderModels
from llmtrack.chat.models.providers import configured_providers, endpoint_of, is_configured, typed_in
from llmtrack.settings import Settings

FRESH_SECONDS = 6 * 3600.0
AGAIN_SECONDS = 600.0
"""After a list that did not come."""
_TIMEOUT_SECONDS = 20.0
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
_Key = tuple[str, str | None]
"""A provider and the address it was asked at."""
_listed: dict[_Key, tuple[Model, ...]] = {}
_due: dict[_Key, float] = {}


def listed_models(settings: Settings) -> dict[str, tuple[Model, ...]]:
    """What the providers have answered so far; once `refresh` was called, lists grown old are fetched again."""
    if _due and min(_due.values()) <= time.monotonic():
        refresh(settings)
    return {
        name: models
        for (name, address), models in _listed.items()
        if is_configured(name, settings) and address == endpoint_of(name, settings).base_url
    }


def refresh(settings: Settings, wait: float | None = None) -> None:
    """Fetches lists that are missing or old, in the background; `wait` is for how many seconds to wait for them."""
    if not settings.model_lists:
        return
    due = []
    now = time.monotonic()
    for provider in configured_providers(settings):
        key = (provider.name, endpoint_of(provider.name, settings).base_url)
        with _lock:
            if provider.needs or _due.get(key, 0.0) > now:
                continue
            _due[key] = now + AGAIN_SECONDS
        due.append((key, provider))
    if due and wait is None:
        event_loop.submit(_fetch_all(due, settings))
    elif due:
        event_loop.run(_fetch_all(due, settings), wait)


def forget() -> None:
    """Forgets all lists."""
    with _lock:
        _listed.clear()
        _due.clear()


async def _fetch_all(due: list[tuple[_Key, ProviderModels]], settings: Settings) -> None:
    await asyncio.gather(*(_fetch(key, provider, settings) for key, provider in due))


async def _fetch(key: _Key, provider: ProviderModels, settings: Settings) -> None:
    try:
        client = await asyncio.to_thread(client_for, typed_in(provider, "any"), settings)
        entries = []
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            async for entry in await _pages(client, provider.dialect):
                entries.append(entry)
                if len(entries) >= _MOST:
                    break
        models = [model for entry in entries if (model := _model(entry, provider)) is not None]
    except Exception as error:
        # No list, no harm: the built-in one is shown, and any model can be typed in.
        log.info("The models of %s could not be listed: %s", provider.name, type(error).__name__)
        return
    with _lock:
        _listed[key] = tuple(sorted(models, key=lambda model: model.name) if provider.dialect == "openai" else models)
        _due[key] = time.monotonic() + FRESH_SECONDS


async def _pages(client: Any, dialect: Dialect) -> Any:
    # Both SDKs give back something to iterate over; Anthropic's fetches page after page.
    listing = client.models.list(limit=1000) if dialect == "anthropic" else client.models.list()
    return listing if hasattr(listing, "__aiter__") else await listing


def _model(entry: Any, provider: ProviderModels) -> Model | None:
    """A model as its provider describes it, as far as it does; None for what is nothing to chat with."""
    name = str(entry.id)
    details: Mapping[str, Any] = entry.model_dump()
    if provider.name == demo.PROVIDER or details.get("lifecycle") == "retired":
        return None
    if provider.name == "openai" and (not _CHAT.match(name) or _OTHER.search(name)):
        return None
    if _NO_CHAT.search(name):
        return None
    ends = _end(details) or end_of_life(provider.name, name)
    capabilities, context = _capabilities(name, details), _context(details)
    return Model(provider.name, name, provider.dialect, capabilities, context, ends, about=_title(name, details))


def _capabilities(name: str, details: Mapping[str, Any]) -> ModelCapabilities:
    """What a model can be given: as the provider says where it does, by its family where not."""
    guessed = capabilities_of(name)
    stated = details.get("capabilities")
    if isinstance(stated, Mapping):  # Anthropic's
        effort = stated.get("effort") or {}
        levels = tuple(level for level in ("low", "medium", "high", "xhigh", "max") if _is_supported(effort.get(level)))
        adaptive = _is_supported(((stated.get("thinking") or {}).get("types") or {}).get("adaptive"))
        images, pdf = _is_supported(stated.get("image_input")), _is_supported(stated.get("pdf_input"))
        return ModelCapabilities(images, pdf, guessed.temperature, levels, adaptive)
    architecture = details.get("architecture")
    if isinstance(architecture, Mapping) and isinstance(architecture.get("input_modalities"), list):  # OpenRouter's
        inputs = architecture["input_modalities"]
        return ModelCapabilities("image" in inputs, "file" in inputs, guessed.temperature, guessed.efforts)
    return guessed


def _is_supported(feature: Any) -> bool:
    return bool(feature.get("supported")) if isinstance(feature, Mapping) else bool(feature)


def _context(details: Mapping[str, Any]) -> int | None:
    # Anthropic, OpenRouter and vLLM, in this order.
    for name in ("max_input_tokens", "context_length", "max_model_len"):
        if isinstance(details.get(name), int) and details[name] > 0:
            return int(details[name])
    return None


def _end(details: Mapping[str, Any]) -> date | None:
    day = details.get("shutdown_date") or details.get("retires_at")
    if isinstance(day, datetime):
        return day.date()
    try:
        return date.fromisoformat(str(day)[:10]) if day else None
    except ValueError:
        return None


def _title(name: str, details: Mapping[str, Any]) -> str | None:
    title = details.get("display_name") or details.get("name")
    return str(title) if title and title != name else None
