"""Tracking a client that exists already, and saying whose a client's calls are."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any, TypeVar, Unpack

from llmtrack.capture.context import ContextFields, checked
from llmtrack.capture.sdk.client import Family, is_tracked
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
    **fields: Unpack[ContextFields],
) -> C:
    """Records every call that `client` makes from now on, in place, and gives it back.

    `client` is a client of the OpenAI or Anthropic SDK, whatever its settings, or one that is tracked already. The
    other arguments hold for all its calls, wherever `llmtrack.context` sets nothing else; `provider` names the server
    behind `base_url`, which otherwise goes by its host name. `asks_usage` says whether its chat streams report usage
    only when asked, as OpenAI's and vLLM's do; otherwise that is known of the provider, or learned from one stream.
    Copies made by `with_options()` are tracked alike.
    Raises `TypeError` for anything that is no client.
    """
    if not is_tracked(client):
        kind: Any = client.__class__
        client.__class__ = tracked_class(kind)
    context = checked(**fields)
    settings: ClientSettings = client.__dict__.get("_llmtrack", ClientSettings())
    client.__dict__["_llmtrack"] = replace(
        settings,
        tracker=tracker if tracker is not None else settings.tracker,
        context=context.over(settings.context),
        provider=provider if provider is not None else settings.provider,
        simulated=settings.simulated if simulated is None else simulated,
        asks_usage=settings.asks_usage if asks_usage is None else asks_usage,
    )
    return client


@cache
def tracked_class(kind: type) -> Any:
    """The tracked subclass of an SDK's client class, or of a user's own subclass of one."""
    for base in kind.__mro__:
        module = _module_for(base.__module__.partition(".")[0])
        ours = None if module is None else module.__dict__.get(base.__name__)
        if ours is not None and issubclass(ours, base):
            break
    else:
        raise TypeError(f"{kind.__module__}.{kind.__qualname__} is no client of the OpenAI or Anthropic SDK")
    if base is kind:
        return ours
    # Under the same name, as the SDKs put it into their requests.
    namespace = {"__module__": kind.__module__, "__qualname__": kind.__qualname__, "__doc__": kind.__doc__}
    return module.FAMILY.tracked(type(kind.__name__, (kind,), namespace))


def _module_for(package: str) -> Any:
    """The module of tracked clients for an SDK's package, ``llmtrack.<package>``; `None` if there is none.

    It is looked up by name because it imports this one, and the SDKs of others may not be installed.
    """
    name = f"llmtrack.{package}"
    if package.startswith("_") or find_spec(name) is None:
        return None  # A program's own ``__main__`` is not llmtrack's.
    module = import_module(name)
    return module if isinstance(module.__dict__.get("FAMILY"), Family) else None
