"""Which tables answer a question exactly while reading least: time cut into days, hours, quarters and what is left."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from llmtrack.ledger.schema.rollups import CUBES, DAY, HOUR, QUARTER, SKETCHES, Rollup

ROWS = Rollup("generation", 0, ())
"""The generations themselves, where no rollup has what is asked for."""
_NAMES = {DAY: "day", HOUR: "hour", QUARTER: "quarter-hour"}


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of slots (of rows: of microseconds) from `start` to before `end`, all in one bucket of the answer."""

    bucket: int
    start: int
    end: int
    taken: bool = False
    """Whether it is taken away: it lies in a slot that was counted whole and does not belong there."""


@dataclass(frozen=True, slots=True)
class Part:
    """What is read from one table."""

    rollup: Rollup
    pieces: tuple[Piece, ...]

    @property
    def lead(self) -> str | None:
        """The dimension the table is sorted by before time, if any: without a filter on it all of the table is read."""
        return self.rollup.key[0] if self.rollup.key and self.rollup.key[0] != "slot" else None

    def __str__(self) -> str:
        if not self.rollup.length:
            return "rows"
        slots = sum(piece.end - piece.start for piece in self.pieces)
        return f"{slots:,} {_NAMES[self.rollup.length]}{'' if slots == 1 else 's'} of {self.rollup.table}"


@dataclass(frozen=True, slots=True)
class Extent:
    """The time in which there are generations at all: microseconds of the first, and of the last."""

    first: int
    last: int
    sealed_until: int
    """Before this instant rows may be gone; their totals are not."""


@dataclass(frozen=True, slots=True)
class Chain:
    """Rollups with the same dimensions, the longest slots first."""

    rollups: tuple[Rollup, ...]

    @property
    def lead(self) -> str | None:
        """The dimension these tables are sorted by before time, if any."""
        first = self.rollups[0].key[0]
        return None if first == "slot" else first

    @property
    def live(self) -> tuple[Rollup, ...]:
        """Those that hold every day, sealed or not."""
        return tuple(rollup for rollup in self.rollups if not rollup.sealed_only)

    @property
    def dimensions(self) -> frozenset[str]:
        """What these tables tell apart besides time."""
        return frozenset(self.rollups[0].key) - {"slot"}


def _chains(rollups: Iterable[Rollup]) -> tuple[Chain, ...]:
    """Narrow tables first, then those that lead with something else than time."""
    found: dict[frozenset[str], list[Rollup]] = {}
    for rollup in rollups:
        found.setdefault(frozenset(rollup.key), []).append(rollup)
    chains = (Chain(tuple(sorted(group, key=lambda rollup: -rollup.length))) for group in found.values())
    return tuple(sorted(chains, key=lambda chain: len(chain.dimensions)))


TOTALS = _chains(CUBES)
DISTRIBUTIONS = _chains(SKETCHES)


def choose(chains: Sequence[Chain], needed: Iterable[str], fixed: Iterable[str]) -> Chain | None:
    """The chain that has all dimensions `needed` and reads least, given those `fixed` to a few values by filters."""
    wanted, held = set(needed), set(fixed)
    able = [chain for chain in chains if wanted <= chain.dimensions]
    led = [chain for chain in able if chain.lead in held]
    timed = [chain for chain in able if chain.lead is None]
    return next(iter(led or timed or able), None)


def reason(chains: Sequence[Chain], needed: Iterable[str]) -> str:
    """Why rows have to be read for what no chain has."""
    held = frozenset().union(*(chain.dimensions for chain in chains))
    unheld = sorted(set(needed) - held)
    if unheld:
        return f"no rollup has {' or '.join(unheld)}"
    return f"no rollup has {', '.join(sorted(needed))} at once, or slots that short"


def cut(
    buckets: Sequence[tuple[int, int, int]], rollups: Sequence[Rollup], extent: Extent | None
) -> tuple[list[Part], list[Piece]]:
    """Cuts buckets (number, start, end) along the slots of `rollups`, longest first: parts to read, and what is left.

    Where nothing lies before a bucket's start or after its end, its outermost slots are read whole.
    """
    if extent is None:
        return [], []
    left: list[Piece] = []
    for number, start, end in buckets:
        if end <= extent.first or start > extent.last:
            continue
        if start <= extent.first:
            start -= start % DAY
        if end > extent.last:
            end += -end % DAY
        left.append(Piece(number, start, end))
    parts = []
    for rollup in rollups:
        found, rest = _aligned(left, rollup.length)
        if found:
            parts.append(Part(rollup, tuple(found)))
        left = rest
    return parts, left


def _aligned(spans: Sequence[Piece], length: int) -> tuple[list[Piece], list[Piece]]:
    """The whole slots within spans of microseconds, and what is left over of those before and after."""
    slots: list[Piece] = []
    rest: list[Piece] = []
    for span in spans:
        low, high = -(-span.start // length), span.end // length
        if low >= high:
            rest.append(span)
            continue
        slots.append(Piece(span.bucket, low, high))
        if span.start < low * length:
            rest.append(Piece(span.bucket, span.start, low * length))
        if high * length < span.end:
            rest.append(Piece(span.bucket, high * length, span.end))
    return slots, rest


def sealed(left: Sequence[Piece], rollups: Sequence[Rollup], extent: Extent | None) -> tuple[list[Part], list[Piece]]:
    """What the pieces `left` over become where the rows they would be read from are gone: parts, and pieces still left.

    A slot of a sealed day cannot be cut any more: it counts, whole, where it begins. Without rollups what is gone is
    left out.
    """
    if extent is None or not extent.sealed_until:
        return [], list(left)
    edge = extent.sealed_until
    gone = [Piece(piece.bucket, piece.start, min(piece.end, edge)) for piece in left if piece.start < edge]
    kept = [Piece(piece.bucket, max(piece.start, edge), piece.end) for piece in left if piece.end > edge]
    parts = []
    for rollup in rollups[:-1]:
        found, gone = _aligned(gone, rollup.length)
        if found:
            parts.append(Part(rollup, tuple(found)))
    if rollups:
        length = rollups[-1].length
        begun = [Piece(piece.bucket, -(-piece.start // length), -(-piece.end // length)) for piece in gone]
        if slots := tuple(piece for piece in begun if piece.start < piece.end):
            parts.append(Part(rollups[-1], slots))
    return parts, kept


def rounded(parts: Sequence[Part], left: Sequence[Piece], rollups: Sequence[Rollup]) -> tuple[list[Part], list[Piece]]:
    """Reads a slot whole where that leaves fewer rows to read: those of its other part, which are taken away again."""
    if not rollups:
        return list(parts), list(left)
    last = rollups[-1]
    whole: list[Piece] = []
    rows: list[Piece] = []
    for piece in left:
        for start, end, slot in _within_slots(piece, last.length):
            if 2 * (end - start) <= last.length:
                rows.append(Piece(piece.bucket, start, end))
                continue
            whole.append(Piece(piece.bucket, slot, slot + 1))
            before, after = slot * last.length, (slot + 1) * last.length
            rows += [
                Piece(piece.bucket, *span, taken=True) for span in ((before, start), (end, after)) if span[0] < span[1]
            ]
    if not whole:
        return list(parts), rows
    known = next((part for part in parts if part.rollup == last), Part(last, ()))
    others = [part for part in parts if part is not known]
    return [*others, Part(last, tuple(sorted((*known.pieces, *whole), key=lambda piece: piece.start)))], rows


def _within_slots(piece: Piece, length: int) -> Iterable[tuple[int, int, int]]:
    """The parts of a piece in each slot, with the slot's number."""
    start = piece.start
    while start < piece.end:
        slot = start // length
        end = min(piece.end, (slot + 1) * length)
        yield start, end, slot
        start = end
