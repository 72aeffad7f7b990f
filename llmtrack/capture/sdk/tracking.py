"""Tracking a client that exists already, and saying whose a client's calls are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from importlib import import_module
from typing import Any, TypeVar

from llmtrack.capture.context import Redactor, checked
from llmtrack.capture.sdk.client import is_tracked
from llmtrack.capture.sdk.client_settings import ClientSettings
from llmtrack.capture.tracker import Tracker

C = TypeVar("C")


def track(
    client: C,
    *,
    tracker: Tracker | None = None,
    provider: str | None = None,
    simulated: bool | None = None,
    asks_usage: bool | None = None,
    user_id: str | None = None,
    session_id: str | None = None,
    trace_id: str | None = None,
    feature: str | None = None,
    group: str | None = None,
    properties: Mapping[str, Any] | None = None,
    content: str | Redactor | None = None,
) -> C:
    """Records every call that `client` makes from now on, in place, and gives it back.

    `client` is a client of the OpenAI or Anthropic SDK, whatever its settings, or one that is tracked already. The
    other arguments hold for all its calls, wherever `llmtrack.context` says nothing else; `provider` names the server
    behind `base_url`, which otherwise goes by its host name. `asks_usage` says whether its chat streams report usage
    only when asked, as OpenAI's and vLLM's do; otherwise that is known of the provider, or learned from one stream.
    Copies made by `with_options()` are tracked alike.
    Raises `TypeError` for anything that is no client.
    """
    if not is_tracked(client):
        kind: Any = client.__class__
        client.__class__ = tracked_class(kind)
    said = checked(
        user_id=user_id,
        session_id=session_id,
        trace_id=trace_id,
        feature=feature,
        group=group,
        properties=properties,
        content=content,
    )
    settings: ClientSettings = client.__dict__.get("_llmtrack", ClientSettings())
    client.__dict__["_llmtrack"] = replace(
        settings,
        tracker=tracker if tracker is not None else settings.tracker,
        context=said.over(settings.context),
        provider=provider if provider is not None else settings.provider,
        simulated=settings.simulated if simulated is None else simulated,
        asks_usage=settings.asks_usage if asks_usage is None else asks_usage,
    )
    return client


@cache
def tracked_class(kind: type) -> Any:
    """The tracked subclass of an SDK's client class, or of a user's own subclass of one."""
    for base in kind.__mro__:
        package = base.__module__.partition(".")[0]
        if package in ("openai", "anthropic"):
            # By name: the provider modules import this one, and the other SDK may not be installed.
            provider = import_module(f"llmtrack.{package}")
            ours = provider.__dict__.get(base.__name__)
            if ours is not None and issubclass(ours, base):
                break
    else:
        raise TypeError(f"{kind.__module__}.{kind.__qualname__} is no client of the OpenAI or Anthropic SDK")
    if base is kind:
        return ours
    # Under the same name, as the SDKs put it into their requests.
    namespace = {"__module__": kind.__module__, "__qualname__": kind.__qualname__, "__doc__": kind.__doc__}
    return provider.FAMILY.tracked(type(kind.__name__, (kind,), namespace))
