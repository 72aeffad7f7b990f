"""The price book of an installation: its own prices, discounts and markups, and which of them holds for a call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from decimal import Decimal
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import Any, Literal

from llmtrack.pricing.names import without_snapshot
from llmtrack.pricing.providers import provider_id
from llmtrack.pricing.regions import region_of

FOREVER = 2**62
STANDARD = "standard"
_NOTHING: Mapping[str, Decimal] = MappingProxyType({})

Kind = Literal["price", "same_as", "discount", "markup"]
KINDS: tuple[Kind, ...] = ("price", "same_as", "discount", "markup")


@dataclass(frozen=True, slots=True)
class BookEntry:
    """One line of the price book. It holds for calls from `since` on, never for stored costs.

    ``price`` gives rates of its own, ``same_as`` lends a model the list price of another, ``discount`` takes a
    percentage off and ``markup`` adds one.
    """

    kind: Kind
    provider: str
    """A name or glob (``openai``, ``azure*``, ``*``), capitals ignored."""
    model: str
    """A name or glob of the served model. A name also stands for its dated snapshots: ``gpt-4o`` for
    ``gpt-4o-2024-08-06``, but not for ``gpt-4o-mini``."""
    since: int
    """Microseconds since 1970 from which it holds."""
    until: int | None = None
    """The moment it ends; None: until a later entry for the same follows."""
    tier: str = ""
    """The served tier it is for, or a glob; where none is given, a price is for ``standard``, the others for any.
    With an ``@`` in it, it is for the region behind that, too: ``*@us``, ``standard@europe-*``."""
    rates: Mapping[str, Decimal] = field(default_factory=lambda: _NOTHING)
    """For ``price``: dollars by class, in the units of `llmtrack.pricing.classes`."""
    above: int = 0
    """For ``price``: holds for calls with more input tokens than this."""
    percent: Decimal | None = None
    """For ``discount`` and ``markup``: 15 is 15 %."""
    same_as: str | None = None
    """For ``same_as``: ``provider/model`` on the price list."""
    applies_to: Literal["list", "all"] = "list"
    """For ``discount`` and ``markup``: list prices only, or own prices and costs told by the provider too."""
    id: int = 0
    """What it is kept under; stored costs refer to it."""
    note: str = ""

    @property
    def tiers(self) -> str:
        """The tier or glob of tiers it is for."""
        return self.tier.strip() or (STANDARD if self.kind == "price" else "*")

    @property
    def title(self) -> str:
        """What it does, in a few words: ``-15% on openai/*``."""
        about = f"{self.provider}/{self.model}"
        if self.kind in ("discount", "markup") and self.percent is not None:
            return f"{'-' if self.kind == 'discount' else '+'}{plain(self.percent)}% on {about}"
        if self.kind == "same_as":
            return f"{about} as {self.same_as}"
        return f"{about}: " + ", ".join(f"{name} ${plain(rate)}" for name, rate in self.rates.items())

    def holds(self, at: int) -> bool:
        """Whether it is in force at `at`."""
        return self.since <= at and (self.until is None or at < self.until)

    def matches(self, provider: str, model: str, tier: str, region: str | None = None) -> bool:
        """Whether it is about this model, whenever."""
        return self._rank(provider, model, tier, region) is not None

    def as_json(self) -> dict[str, Any]:
        """All of it but the id, in plain types; money as decimal strings."""
        values = {name: getattr(self, name) for name in _FIELDS}
        values["rates"] = {name: str(rate) for name, rate in self.rates.items()}
        values["percent"] = None if self.percent is None else str(self.percent)
        return values

    @classmethod
    def from_json(cls, values: Mapping[str, Any], id: int, *, until: int | None = None) -> BookEntry:
        """What `as_json` gave, with the id it is kept under; `until` ends it, if that is sooner than it would end."""
        given = {name: values[name] for name in _FIELDS if name in values}
        given["rates"] = {name: Decimal(rate) for name, rate in (values.get("rates") or {}).items()}
        given["percent"] = None if values.get("percent") is None else Decimal(values["percent"])
        entry = cls(**given, id=id)
        if until is not None and (entry.until is None or until < entry.until):
            return replace(entry, until=until)
        return entry

    def _rank(
        self, provider: str, model: str, tier: str, region: str | None
    ) -> tuple[int, int, int, int, int, int] | None:
        """How closely it describes a model: names before globs, then by the letters given; None: not at all."""
        model_rank = _closeness(self.model, (model, without_snapshot(model)))
        vertex = (f"{region}-aiplatform.googleapis.com",) if provider == "google" and region else ()  # its name once
        provider_rank = _closeness(self.provider, (provider, provider_id(provider), *vertex))
        if provider_rank is None and _is_named(self.provider, provider_id(provider), region):
            provider_rank = (1, 0)
        tier_rank = _closeness(self.tiers, (f"{tier}@{region or ''}" if "@" in self.tiers else tier,))
        if model_rank is None or provider_rank is None or tier_rank is None:
            return None
        return (*model_rank, *provider_rank, *tier_rank)


_FIELDS = tuple(entry_field.name for entry_field in fields(BookEntry) if entry_field.name != "id")


def _closeness(pattern: str, spellings: Sequence[str]) -> tuple[int, int] | None:
    """(2, …) for the very name, (1, …) for another spelling of it, (0, letters given) for a glob, None for neither."""
    wanted = pattern.strip().lower()
    names = [name.strip().lower() for name in spellings]
    if not any(sign in wanted for sign in "*?["):
        return (2, 0) if wanted == names[0] else (1, 0) if wanted in names else None
    if any(fnmatchcase(name, wanted) for name in names):
        return (0, sum(sign not in "*?[]" for sign in wanted))
    return None


def _is_named(name: str, provider: str, region: str | None) -> bool:
    """Whether `name` is another of this provider's. A host that stands for one region names it there only."""
    return provider_id(name) == provider and region_of(provider, name) in (None, region)


@dataclass(frozen=True, slots=True)
class Decision:
    """What the book says about a model at a moment, and the microseconds between which it says so."""

    rates: Mapping[str, tuple[tuple[int, Decimal], ...]]
    """Own rates by class, each by the input tokens above which it holds."""
    same_as: tuple[str, str] | None
    on_list: Decimal
    """What list prices are multiplied by."""
    on_own: Decimal
    """What own prices are multiplied by."""
    version: str
    """The ids of the entries whose rates are used."""
    words: str | None
    """The discounts and markups in words."""
    since: int
    until: int
    knows_place: bool = False
    """A discount or markup is for calls served in that region (``*@us``): it takes the place of the surcharge there."""

    @property
    def covers(self) -> bool:
        """Whether the book alone prices an ordinary call."""
        return "input" in self.rates and "output" in self.rates


class Book:
    """The entries in force, asked per model and moment.

    An own price beats the list, class by class. Among entries that fit, the more specific pattern wins (model before
    provider before tier), then the one that began last. One discount and one markup apply at most, the most specific
    of each.
    """

    def __init__(self, entries: Sequence[BookEntry] = ()) -> None:
        self._entries = tuple(entry for entry in entries if entry.until is None or entry.until > entry.since)

    def decide(self, provider: str, model: str, tier: str, at: int, region: str | None = None) -> Decision:
        """What holds for `model` at `at`."""
        about = [entry for entry in self._entries if entry.matches(provider, model, tier, region)]
        since, until = _window(about, at)
        best = sorted(
            (entry for entry in about if entry.holds(at)),
            key=lambda entry: (entry._rank(provider, model, tier, region) or (), entry.since, entry.id),
            reverse=True,
        )
        rates: dict[str, dict[int, Decimal]] = {}
        used: list[int] = []
        for entry in best:
            for name, rate in entry.rates.items() if entry.kind == "price" else ():
                if entry.above not in rates.setdefault(name, {}):
                    rates[name][entry.above] = rate
                    used.append(entry.id)
        lender = next((entry for entry in best if entry.kind == "same_as" and entry.same_as), None)
        if lender is not None:
            used.append(lender.id)
        on_list, on_own, words = _factors(best)
        return Decision(
            rates={name: tuple(sorted(steps.items())) for name, steps in rates.items()},
            same_as=_split(lender.same_as) if lender is not None and lender.same_as else None,
            on_list=on_list,
            on_own=on_own,
            version=",".join(str(id) for id in dict.fromkeys(used)),
            words=words,
            since=since,
            until=until,
            knows_place=any(entry.percent is not None and "@" in entry.tiers for entry in best),
        )

    def of_everything(
        self, provider: str, model: str, tier: str, at: int, region: str | None = None
    ) -> tuple[Decimal, str | None] | None:
        """What a cost told by the provider is multiplied by, where an entry says it applies to all costs."""
        if not any(entry.applies_to == "all" for entry in self._entries):
            return None
        decided = self.decide(provider, model, tier, at, region)
        return (decided.on_own, decided.words) if decided.on_own != 1 else None


def _factors(best: Sequence[BookEntry]) -> tuple[Decimal, Decimal, str | None]:
    on_list = on_own = Decimal(1)
    words: list[str] = []
    for kind, sign in (("discount", -1), ("markup", 1)):
        entry = next((entry for entry in best if entry.kind == kind and entry.percent is not None), None)
        if entry is None or entry.percent is None:
            continue
        factor = 1 + sign * entry.percent / 100
        on_list *= factor
        if entry.applies_to == "all":
            on_own *= factor
        words.append(f"{'-' if sign < 0 else '+'}{plain(entry.percent)}% (book {entry.id})")
    return on_list, on_own, " ".join(words) or None


def _window(entries: Sequence[BookEntry], at: int) -> tuple[int, int]:
    edges = [-FOREVER, FOREVER]
    for entry in entries:
        edges.append(entry.since)
        if entry.until is not None:
            edges.append(entry.until)
    return max(edge for edge in edges if edge <= at), min(edge for edge in edges if edge > at)


def plain(number: Decimal) -> str:
    """A number without an exponent or trailing noughts: ``0.0028``, ``15``."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _split(same_as: str) -> tuple[str, str]:
    provider, _, model = same_as.partition("/")
    return provider, model
