"""Which model names a listed price may be used for."""

from __future__ import annotations

import re
from collections.abc import Iterable

_DATE = r"(?P<y>20\d\d)-?(?P<m>0[1-9]|1[0-2])-?(?P<d>0[1-9]|[12]\d|3[01])"
# What may follow a model's name without making it another model: a date, `latest` or `default`, Google's `-001`,
# and, at Bedrock, `-v1:0`.
_SNAPSHOT = re.compile(rf"(?:[-@](?:{_DATE}|latest|default|00\d))?\Z")
_AT_BEDROCK = re.compile(rf"(?:[-@](?:{_DATE}|latest))?(?:-v\d(?::\d+)?(?::\d+k)?)?\Z")
_ANY_DATE = re.compile(rf"(?<!\d){_DATE}(?!\d)")
# What may come before it: a vendor or region (`us.anthropic.`), a path (`models/`), an address (`arn:…/`).
_BEFORE = "./:"


def newest_date(names: Iterable[str]) -> str:
    """The newest snapshot date found in model names, as ``YYYYMMDD``: how far a price list can have known."""
    newest = ""
    for name in names:
        newest = max(newest, _latest(name))
    return newest


def _latest(name: str) -> str:
    return max((match["y"] + match["m"] + match["d"] for match in _ANY_DATE.finditer(name)), default="")


def without_snapshot(name: str) -> str:
    """`name` without its date or ``-latest``: what its dated snapshots have in common."""
    return _SNAPSHOT.sub("", name.lower())


def is_newer(name: str, horizon: str) -> bool:
    """Whether `name` carries a date that the price list cannot have known."""
    return _latest(name) > horizon


def continues(name: str, stem: str, *, at_bedrock: bool = False) -> bool:
    """Whether `name` is `stem` itself or a snapshot of it, possibly behind a vendor, region or path.

    ``us.anthropic.claude-3-opus-20240229-v1:0`` is one of ``claude-3-opus``; ``claude-3-opus-mini`` is not,
    nor is ``my-claude-3-opus``. The ``-v1:0`` means a version of the same only `at_bedrock`.
    """
    snapshot = _AT_BEDROCK if at_bedrock else _SNAPSHOT
    start = name.find(stem)
    while start >= 0:
        rest = name[start + len(stem) :]
        before = name[start - 1] if start else "/"
        if before in _BEFORE and (snapshot.fullmatch(rest) or _completes_date(stem, rest)):
            return True
        start = name.find(stem, start + 1)
    return False


def _completes_date(stem: str, rest: str) -> bool:
    """A stem may end inside a date (``claude-sonnet-4-2025``): then the rest must be that date's end."""
    cut = re.search(r"[-@]20\d\d(?:-?\d{0,2}-?\d{0,2})\Z", stem)
    if cut is None:
        return bool(stem.endswith("@") and _SNAPSHOT.fullmatch("@" + rest))
    return _SNAPSHOT.fullmatch(cut.group() + rest) is not None


def tuned_from(name: str) -> str | None:
    """The base model of a fine-tuned one (``ft:gpt-4o-2024-08-06:org::id``), None for others."""
    if name.startswith("ft:"):
        return name[3:].partition(":")[0]
    base, tuned, _ = name.partition(".ft-")
    return base if tuned else None
