"""What a user keeps for the next conversations: favourite models, a first choice, and presets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llmtrack.chat.branches import parameters_of, settings_of
from llmtrack.chat.catalog import Catalog, Model
from llmtrack.chat.prompt import Parameters, check_parameters
from llmtrack.chat.wording import ChatError

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
    """One user's choices, read once and written at each change."""

    def __init__(self, ledger: Ledger, user_id: str) -> None:
        from llmtrack.ledger import preferences

        self._ledger = ledger
        self._user_id = user_id
        self._kept: dict[str, Any] = preferences.read(ledger, user_id)

    @property
    def favourites(self) -> tuple[str, ...]:
        """Models marked with a star, as ``provider/name``, the latest last."""
        return tuple(self._kept.get(_FAVOURITES) or ())

    def star(self, model: Model, starred: bool = True) -> None:
        """Marks a model as a favourite, or takes the mark off."""
        others = [key for key in self.favourites if key != model.key]
        self._write(_FAVOURITES, [*others, model.key] if starred else others)

    @property
    def first_model(self) -> str | None:
        """The model new conversations begin with; hand it to `Catalog.default`."""
        return self._kept.get(_FIRST)

    def begin_with(self, model: Model) -> None:
        """Lets new conversations begin with a model."""
        if model.key != self.first_model:
            self._write(_FIRST, model.key)

    @property
    def presets(self) -> tuple[Preset, ...]:
        """The presets by name."""
        kept: dict[str, Any] = self._kept.get(_PRESETS) or {}
        return tuple(Preset(name, told.get("model"), parameters_of(told)) for name, told in sorted(kept.items()))

    def save_preset(self, name: str, model: Model | None, parameters: Parameters) -> None:
        """Keeps a model and parameters under a name, in place of what was called so before."""
        plain = " ".join(name.split())[:60]
        if not plain:
            raise ChatError("The preset has no name: give it one.")
        check_parameters(parameters)
        kept: dict[str, Any] = dict(self._kept.get(_PRESETS) or {})
        if plain not in kept and len(kept) >= MOST_PRESETS:
            raise ChatError(f"There are {len(kept)} presets, and {MOST_PRESETS} can be kept: remove one first.")
        self._write(_PRESETS, kept | {plain: settings_of(model.key if model else None, parameters)})

    def remove_preset(self, name: str) -> None:
        """Removes a preset; harmless where there is none of that name."""
        kept = {one: told for one, told in (self._kept.get(_PRESETS) or {}).items() if one != name}
        self._write(_PRESETS, kept)

    def _write(self, name: str, value: Any) -> None:
        from llmtrack.ledger import preferences

        preferences.write(self._ledger, self._user_id, name, value)
        self._kept[name] = value


def favourites_first(catalog: Catalog, favourites: tuple[str, ...]) -> tuple[Model, ...]:
    """All models, those marked with a star before the others; a favourite that is not there any more is left out."""
    starred = [model for model in catalog.models if model.key in favourites]
    return (*starred, *(model for model in catalog.models if model.key not in favourites))
