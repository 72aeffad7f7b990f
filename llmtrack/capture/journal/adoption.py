"""Journals of processes that died: which of them a ledger takes in, and which it leaves alone."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from llmtrack.capture.health import Health
from llmtrack.capture.journal.segment import ASIDE, SUFFIX, UNFINISHED, Segment, owners, take_over
from llmtrack.capture.journal.spill import spill_directories
from llmtrack.ledger.owner import Owner

_UNFINISHED_SECONDS = 60.0


def adopt(directory: Path, ledger: Owner, own: set[str], health: Health, *, unmarked: bool = True) -> list[Segment]:
    """The segments in `directory` that belong to `ledger` and whose process died, locked; `own` names are left out.

    A segment without a mark is taken where only this ledger can have put it, and set aside elsewhere; with `unmarked`
    off it is left alone, as the directory may be somebody else's now.
    """
    segments = []
    _remove_unfinished(directory)
    for path, owner in owners(directory):
        if path.name in own or not (unmarked if owner is None else owner.is_ledger(ledger)):
            continue
        segment = take_over(path)
        if segment is None:
            continue
        if not segment.readable:
            set_unreadable_aside(segment, health)
        elif segment.owner is None and segment.unused:
            segment.release(delete=True)
        elif segment.owner is None and not _is_alone(directory, ledger):
            _set_unmarked_aside(segment, health)
        elif segment.owner is not None and not segment.owner.is_ledger(ledger):
            segment.release(delete=False)  # Its process marked it before it died, after we had looked.
        else:
            segments.append(segment)
    return segments


def beside_earlier(addresses: Sequence[str]) -> list[Path]:
    """The journal directories beside a SQLite ledger when it had these addresses."""
    paths = [address.removeprefix("sqlite:///") for address in addresses if address.startswith("sqlite:///")]
    return [directory for path in paths if (directory := Path(path + SUFFIX)).is_dir()]


def directories_of(directory: Path, earlier: Sequence[str] = ()) -> list[Path]:
    """Where journals of a ledger may lie: in its own `directory`, beside its file at `earlier` addresses, and where
    programs put what they could write nowhere else when they ended."""
    return [directory, *beside_earlier(earlier), *spill_directories()]


def is_waiting(directory: Path, ledger: Owner | None, own: set[str]) -> bool:
    """Whether somebody else's segment may be for `ledger`; any may while that is not known."""
    return any(
        path.name not in own and (ledger is None or owner is None or owner.is_ledger(ledger))
        for path, owner in owners(directory)
    )


@dataclass(frozen=True, slots=True)
class Survey:
    """The journal files that lie where a ledger keeps its own."""

    waiting: list[Path]
    """Those of this ledger."""
    others: dict[Owner, list[Path]]
    """Those of other ledgers, which only they take in."""
    aside: list[Path]
    """Those of no known ledger and those that could not be read; none takes them in by itself."""


def survey(directory: Path, ledger: Owner, earlier: Sequence[str] = ()) -> Survey:
    """What lies in `directory`, and what waits for `ledger` elsewhere (see `directories_of`)."""
    result = Survey([], {}, sorted(directory.glob(f"*{SUFFIX}{ASIDE}")))
    for path, owner in owners(directory):
        if owner is None or owner.is_ledger(ledger):
            result.waiting.append(path)
        else:
            result.others.setdefault(owner, []).append(path)
    for place in directories_of(directory, earlier)[1:]:
        result.waiting.extend(path for path, owner in owners(place) if owner is not None and owner.is_ledger(ledger))
    return result


def _is_alone(directory: Path, ledger: Owner) -> bool:
    """Whether a directory is the one beside a SQLite ledger, and no other ledger uses it."""
    beside = ledger.address.removeprefix("sqlite:///") + SUFFIX
    return os.path.realpath(directory) == beside and all(
        owner is None or owner.is_ledger(ledger) for _, owner in owners(directory)
    )


def _remove_unfinished(directory: Path) -> None:
    """Removes segments whose process died while it made them: they hold no record yet."""
    for path in directory.glob(f"*{UNFINISHED}"):
        try:
            if time.time() - path.stat().st_mtime < _UNFINISHED_SECONDS:
                continue  # Somebody may be about to lock it.
        except OSError:
            continue
        if (segment := take_over(path)) is not None:
            segment.release(delete=True)


def set_unreadable_aside(segment: Segment, health: Health) -> None:
    """Keeps a journal that this version cannot read under another name, and says so."""
    _set_aside(
        segment, health, "unreadable",
        "A journal cannot be read by this version: a newer one made it, or it is damaged; it is kept as {}. "
        "`llmtrack flush --take FILE` of the version that made it moves it into the ledger that you name",
    )  # fmt: skip


def _set_unmarked_aside(segment: Segment, health: Health) -> None:
    _set_aside(
        segment, health, "unmarked",
        "A journal of an earlier version does not say to which ledger it belongs; it is kept as {}. "
        "`llmtrack flush --take FILE` moves such a file into the ledger that you name",
    )  # fmt: skip


def _set_aside(segment: Segment, health: Health, kind: str, message: str) -> None:
    """`message` has a place for where the file is now."""
    try:
        aside = segment.set_aside()
    except OSError as error:
        segment.release(delete=False)
        health.failed(kind, message.format(segment.path), error)
    else:
        health.failed(kind, message.format(aside))
