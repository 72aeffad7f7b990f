"""The list of models: favourites first, then by provider; failing ones and those not set up in groups of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from html import escape
from itertools import chain

from llmtrack.chat.models import Catalog, Model
from llmtrack.chat.preferences import favourites_first
from pages.components import formatting

FAVOURITES, SIMULATED = "Favourites", "Simulated, nothing is paid"
FAILING, NOT_SET_UP = "Simulated, and made to fail", "Not set up"
_SLOTS = 8
"""Colours there are."""


def html(catalog: Catalog, favourites: Sequence[str], chosen: Model, details: Callable[[Model], str]) -> str:
    """The groups, with a button for each model that `assets/picker.js` brings to life; `details` stand at the right."""
    slots = {provider.name: number % _SLOTS + 1 for number, provider in enumerate(catalog.providers)}
    body = "".join(
        f'<section aria-label="{escape(name)}"><h2>{escape(name)}</h2>'
        + "".join(_row(model, slots.get(model.provider, 0), chosen, details(model)) for model in models)
        + "</section>"
        for name, models in groups(catalog, favourites, chosen)
    )
    units = '<p class="ll-muted">$ in / out per million tokens, and tokens of context</p>'
    return f'<div class="ll ll-models">{units}{body}</div>'


def groups(catalog: Catalog, favourites: Sequence[str], chosen: Model) -> Iterator[tuple[str, list[Model]]]:
    """The groups by name, in the order they are listed in; each model is in one of them."""
    listed = favourites_first(catalog, favourites)
    first = [model for model in listed if model.key in favourites]
    if chosen.key not in {model.key for model in listed}:
        first.insert(0, chosen)
    rest = [model for model in listed if model not in first]
    labels = {provider.name: provider.label.partition(" (")[0] for provider in catalog.providers}
    ready = [model for model in rest if model.needs is None and not model.simulated]
    by_provider = [(labels[name], _of(ready, name)) for name in labels]
    simulated = [model for model in rest if model.simulated]
    for name, models in chain(
        [(FAVOURITES if favourites else "Typed in", first)],
        by_provider,
        [
            (SIMULATED, [model for model in simulated if not model.fails]),
            (FAILING, [model for model in simulated if model.fails]),
            (NOT_SET_UP, [model for model in rest if model.needs is not None]),
        ],
    ):
        if models:
            yield name, models


def _of(models: Iterable[Model], provider: str) -> list[Model]:
    return [model for model in models if model.provider == provider]


def _row(model: Model, slot: int, chosen: Model, details: str) -> str:
    name = escape(formatting.visible(model.name))
    current = ' aria-current="true"' if model.key == chosen.key else ""
    return (
        f'<button type="button" data-model="{escape(model.key)}" data-slot="{slot}"{current}'
        f"{' disabled' if model.needs else ''}>"
        f'{mark(model.provider, slot)}<span class="ll-model">{name}</span><small>{escape(details)}</small></button>'
    )


def mark(provider: str, slot: int) -> str:
    """A provider's mark: its first letter on its colour."""
    colour = f"var(--ll-slot-{slot})" if slot else "var(--ll-slot-other)"
    return f'<i class="ll-mark" style="--c:{colour}" aria-hidden="true">{escape(provider[:1].upper())}</i>'
