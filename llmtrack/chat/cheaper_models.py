"""Cheaper ways to ask, with what each would save on the next message."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from llmtrack.chat.models.catalog import Catalog
from llmtrack.chat.models.model import Model
from llmtrack.chat.models.prices import cost_of
from llmtrack.chat.token_estimate import RequestTokens

if TYPE_CHECKING:
    from llmtrack.pricing import Pricer

WORTH_SAYING = Decimal("0.002")
"""US dollars a message must be able to save before anything is said."""
_HISTORY_SHARE = 0.5
_FILE_SHARE = 0.3
_NEARLY = Decimal("0.8")
"""Leaving files behind is named instead of starting afresh if it saves at least this part of it."""
_MUCH_CHEAPER = Decimal("0.4")
"""Another model is named if it costs at most this part."""

Kind = Literal["start_afresh", "drop_files", "drop_folder", "other_model"]


@dataclass(frozen=True, slots=True)
class Hint:
    """A cheaper way, and what it would save on the next message alone."""

    kind: Kind
    saves: Decimal
    """US dollars; simulated where the model is."""
    words: str
    """What to do, for people."""
    model: str | None = None
    """The other model, as ``provider/name``."""


def hints(
    model: Model,
    tokens: RequestTokens,
    output: int,
    expected: Decimal | None,
    pricer: Pricer,
    catalog: Catalog | None,
    now: int,
) -> tuple[Hint, ...]:
    """The cheaper ways worth mentioning, the one that saves most first."""
    if expected is None or expected < WORTH_SAYING:
        return ()
    from llmtrack.pricing import Usage

    def saved(input_tokens: int) -> Decimal:
        cost = cost_of(model, Usage(input_tokens=max(0, input_tokens), output_tokens=output), pricer, now)
        return expected - cost if cost is not None else Decimal(0)

    candidates = []
    if tokens.history > _HISTORY_SHARE * tokens.all:
        share = round(100 * tokens.history / tokens.all)
        words = f"{share} % of what is sent is the history: start a new conversation where it is not needed"
        candidates.append(Hint("start_afresh", saved(tokens.all - tokens.history), words))
    if tokens.earlier_files > _FILE_SHARE * tokens.all:
        words = "Earlier files are sent again with every message: leave them behind"
        candidates.append(Hint("drop_files", saved(tokens.all - tokens.earlier_files), words))
    if tokens.folder > _FILE_SHARE * tokens.all:
        words = "The folder's files go along with every message: leave them out of this conversation"
        candidates.append(Hint("drop_folder", saved(tokens.all - tokens.folder), words))
    other = _cheaper(model, tokens.all, output, expected, pricer, catalog, now) if catalog else None
    if other is not None:
        candidates.append(other)
    worth = {hint.kind: hint for hint in candidates if hint.saves >= WORTH_SAYING}
    files, afresh = worth.get("drop_files"), worth.get("start_afresh")
    if files and afresh and files.saves >= _NEARLY * afresh.saves:
        del worth["start_afresh"]  # most of the history is its files: the rest may stay
    return tuple(sorted(worth.values(), key=lambda hint: hint.saves, reverse=True))


def _cheaper(
    model: Model, into: int, output: int, expected: Decimal, pricer: Pricer, catalog: Catalog, now: int
) -> Hint | None:
    """The dearest of the models that are much cheaper: dearer is taken for better."""
    from llmtrack.pricing import Usage

    usage = Usage(input_tokens=into, output_tokens=output)
    best: tuple[Decimal, Model] | None = None
    for other in catalog.models:
        if other.needs or other.simulated != model.simulated or other.provider != model.provider:
            continue
        if other.ends is not None or (other.context is not None and other.context < into + output):
            continue
        needed, offered = model.capabilities, other.capabilities
        if (needed.images and not offered.images) or (needed.pdf and not offered.pdf):
            continue
        cost = cost_of(other, usage, pricer, now)
        if cost is not None and cost <= _MUCH_CHEAPER * expected and (best is None or cost > best[0]):
            best = (cost, other)
    if best is None:
        return None
    words = f"{best[1].name} would cost {round(100 * best[0] / expected)} % of it"
    return Hint("other_model", expected - best[0], words, best[1].key)
