"""The colours of series: a model, feature or status has its own, on every page and in every month."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from llmtrack.ledger import colours, open_ledger
from llmtrack.statuses import Status
from pages.components import style

OTHERS = "all others"
SIMULATED = " (simulated)"
NAMELESS = {OTHERS, "not given", "unknown", "no user given", "before"}
"""Series that are no one thing; they have the colour of none."""
_STACKED: tuple[str, ...] = (Status.OK, Status.ERROR, Status.REFUSED, "stopped", Status.CANCELLED, Status.ABANDONED)
_OF_STATUS = {Status.OK: "ok", Status.ERROR: "error", Status.REFUSED: "refused"}


def places(dimension: str, names: Iterable[str]) -> Mapping[str, int]:
    """The place of each series among the colours, from 1; what has none is missing.

    Models and features have theirs for ever. Series of another dimension take them in the order of their names.
    """
    names = [name for name in names if name not in NAMELESS]
    if dimension in colours.KINDS:
        slots = colours.slots(open_ledger(), dimension)
        wanted = {name: slots.get(name.removesuffix(SIMULATED)) for name in names}
        return {name: slot for name, slot in wanted.items() if slot is not None}
    return {name: place for place, name in enumerate(sorted(set(names)), 1)}


def both(dimension: str, names: Iterable[str]) -> Mapping[str, tuple[str, str]]:
    """The colour of each series in both themes."""
    names = list(names)
    if dimension == "status":
        return {name: style.STATUSES[_status(name)] for name in names}
    place = places(dimension, names)
    return {name: style.of_slot(place.get(name)) for name in names}


def css(dimension: str, names: Iterable[str]) -> Mapping[str, str]:
    """The colour of each series for HTML, in whichever theme it is shown."""
    return {name: style.in_both(colour) for name, colour in both(dimension, names).items()}


def in_order(dimension: str, names: Iterable[str]) -> list[str]:
    """The series in the order of their places, which bars are stacked in; what has none comes last."""
    names = list(dict.fromkeys(names))
    if dimension == "status":
        return sorted(names, key=lambda name: (_STACKED.index(name) if name in _STACKED else len(_STACKED), name))
    place = places(dimension, names)
    return sorted(names, key=lambda name: (place.get(name, 2**31), name == OTHERS, name))


def _status(name: str) -> str:
    if name.startswith("timeout"):
        return "timeout"
    return next((kind for status, kind in _OF_STATUS.items() if name == status), "stopped")
