"""A user's preferences: favourite models, the model of new conversations, and presets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llmtrack.chat.answers.prompt import Parameters, check_parameters
from llmtrack.chat.conversations.tree import parameters_of, settings_of
from llmtrack.chat.error_messages import ChatError
from llmtrack.chat.models.catalog import Catalog
from llmtrack.chat.models.model import Model

if TYPE_CHECKING:
    from llmtrack.ledger import Ledger

MOST_PRESETS = 50
_FAVOURITES, _FIRST, _PRESETS = "chat.favourites", "chat.first_model", "chat.presets"


@dataclass(frozen=True, slots=True)
class Preset:
    """A model with parameters, under a name."""

    name: str
    model: str | None
    """As ``provider/name``; None leaves the model as it is."""
    parameters: Parameters


class Preferences:
    """One user's preferences: read once; a change applies to what is stored by then, also by another tab."""

    def __init__(self, ledger: Ledger, user_id: str) -> None:
        from llmtrack.ledger import preferences

        self._ledger = ledger
        self._user_id = user_id
        self._values: dict[str, Any] = preferences.read(ledger, user_id)

    @property
    def favourites(self) -> tuple[str, ...]:
        """Models marked with a star, as ``provider/name``, the latest last."""
        return tuple(self._values.get(_FAVOURITES) or ())

    def star(self, model: Model, starred: bool = True) -> None:
        """Marks a model as a favourite, or takes the mark off."""

        def starring(favourites: list[str] | None) -> list[str]:
            others = [key for key in favourites or () if key != model.key]
            return [*others, model.key] if starred else others

        self._change(_FAVOURITES, starring)

    @property
    def first_model(self) -> str | None:
        """The model new conversations begin with; hand it to `Catalog.default`."""
        return self._values.get(_FIRST)

    def begin_with(self, model: Model) -> None:
        """Lets new conversations begin with a model."""
        self._change(_FIRST, lambda _: model.key)

    def begin_with_the_usual(self) -> None:
        """Lets new conversations begin with whatever stands first in the list."""
        self._change(_FIRST, lambda _: None)

    @property
    def presets(self) -> tuple[Preset, ...]:
        """The presets by name."""
        presets: dict[str, Any] = self._values.get(_PRESETS) or {}
        return tuple(
            Preset(name, settings.get("model"), parameters_of(settings))
            for name, settings in sorted(presets.items(), key=_by_name)
        )

    def preset(self, name: str) -> Preset:
        """The preset of that name. Raises `ChatError` where there is none."""
        preset = next((candidate for candidate in self.presets if candidate.name == name), None)
        if preset is None:
            raise ChatError(_gone(name))
        return preset

    def save_preset(self, name: str, model: Model | None, parameters: Parameters) -> str:
        """Stores a model and parameters under a name, in place of a preset of that name; returns the name as stored."""
        plain = _plain(name)
        check_parameters(parameters)
        settings = settings_of(model.key if model else None, parameters)

        def saving(presets: dict[str, Any] | None) -> dict[str, Any]:
            if plain not in (presets or {}) and len(presets or {}) >= MOST_PRESETS:
                raise ChatError(f"There are {MOST_PRESETS} presets, and no more can be kept: remove one first.")
            return {**(presets or {}), plain: settings}

        self._change(_PRESETS, saving)
        return plain

    def rename_preset(self, name: str, new: str) -> str:
        """Gives a preset another name, and returns the name as stored. Raises `ChatError` where that name is taken."""
        plain = _plain(new)

        def renaming(presets: dict[str, Any] | None) -> dict[str, Any]:
            if name not in (presets or {}):
                raise ChatError(_gone(name))
            if plain != name and plain in (presets or {}):
                raise ChatError(f"There is a preset called {plain!r} already: choose another name, or remove that one.")
            return {(plain if key == name else key): settings for key, settings in (presets or {}).items()}

        self._change(_PRESETS, renaming)
        return plain

    def remove_preset(self, name: str) -> None:
        """Removes a preset; harmless where there is none of that name."""
        self._change(
            _PRESETS, lambda presets: {key: settings for key, settings in (presets or {}).items() if key != name}
        )

    def restore_preset(self, preset: Preset) -> None:
        """Brings a preset back as it was."""
        settings = settings_of(preset.model, preset.parameters)
        self._change(_PRESETS, lambda presets: {preset.name: settings, **(presets or {})})

    def _change(self, name: str, make: Callable[[Any], Any]) -> None:
        from llmtrack.ledger import preferences

        self._values[name] = preferences.change(self._ledger, self._user_id, name, make)


def _by_name(item: tuple[str, Any]) -> tuple[str, str]:
    return item[0].casefold(), item[0]


def _plain(name: str) -> str:
    plain = " ".join(name.split())[:60]
    if not plain:
        raise ChatError("The preset has no name: give it one.")
    return plain


def _gone(name: str) -> str:
    return f"There is no preset called {name!r} any more: save it again."


def favourites_first(catalog: Catalog, favourites: Sequence[str]) -> tuple[Model, ...]:
    """All models, those marked with a star before the others; a favourite that no list has any more is kept as typed.

    One whose provider is no longer set up is left out.
    """
    starred = []
    for key in favourites:
        with suppress(ChatError):
            starred.append(catalog.find(key))
    return (*starred, *(model for model in catalog.models if model.key not in favourites))
