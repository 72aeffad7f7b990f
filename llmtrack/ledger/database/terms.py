"""The terms of a message as they are indexed and asked for, in any script.

Letters and digits in a row are a word, in small letters and without accents. Scripts that put no space between words
(Chinese, Japanese, Thai and their kin) are indexed by pairs of letters, so that any part of a run is found; an emoji is
a word of its own, by its number, as neither database keeps signs.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

MOST_TERMS = 16_000
"""PostgreSQL keeps the place of no more."""
_LONGEST_TERM = 200
_UNSPACED = (
    "\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3041-\u30ff\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff"
)
_RUN = re.compile(rf"[{_UNSPACED}]+|[^{_UNSPACED}\W_]+|[^\w\s]|_")
_AROUND = 40  # letters shown on each side of a match


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The place in a text where a search was found."""

    before: str
    match: str
    after: str


def terms_of(text: str) -> list[str]:
    """The terms of a text, in order, as they are indexed."""
    return list(islice(_terms(text, ends=True), MOST_TERMS))


def phrases_of(search: str) -> list[list[str]]:
    """What was typed, as phrases: terms that have to follow each other, the last of which may go on."""
    return [phrase for word in search.split() if (phrase := list(_terms(word, ends=False)))]


def holds(text: str, phrases: list[list[str]]) -> bool:
    """Whether a text has all `phrases`, by the rules of the index."""
    terms = terms_of(text)
    return bool(phrases) and all(any(_follows(terms, at, phrase) for at in range(len(terms))) for phrase in phrases)


def excerpt(text: str, search: str) -> Excerpt | None:
    """Where the first of the words typed stands in `text`, with some of what stands around it; None where none does."""
    plain, places = _plain_with_places(text)
    for word in sorted(search.split(), key=len, reverse=True):
        wanted = "".join(map(_plain, word))
        at = plain.find(wanted) if wanted else -1
        while at > 0 and wanted[0].isalnum() and plain[at - 1].isalnum() and not _is_unspaced(wanted[0]):
            at = plain.find(wanted, at + 1)  # inside of a word, which is not what the index found
        if at >= 0:
            first, last = places[at], places[at + len(wanted) - 1] + 1
            before, after = text[max(0, first - _AROUND) : first], text[last : last + 2 * _AROUND]
            return Excerpt(
                ("…" if first > _AROUND else "") + " ".join(before.split(" ")),
                text[first:last],
                after + ("…" if last + 2 * _AROUND < len(text) else ""),
            )
    return None


def _terms(text: str, *, ends: bool) -> Iterator[str]:
    """Terms in order; `ends`: the last letter of an unspaced run stands for itself as well, as texts are indexed."""
    for run in _RUN.findall("".join(map(_plain, text))):
        if _is_unspaced(run[0]):
            yield from (run[at : at + 2] for at in range(len(run) - 1))
            if ends or len(run) == 1:
                yield run[-1]
        elif run.isalnum():
            yield run[:_LONGEST_TERM]
        elif unicodedata.category(run) in ("So", "Sk") or ord(run) > 0x1F000:
            yield f"x{ord(run):x}"


@lru_cache(20_000)
def _plain(letter: str) -> str:
    """A letter in small, without accents and marks; nothing where it is one."""
    if letter.isascii():
        return letter.lower()
    apart = unicodedata.normalize("NFKD", letter)
    bare = "".join(part for part in apart if unicodedata.category(part)[0] != "M" and part != "\N{ZERO WIDTH JOINER}")
    return unicodedata.normalize("NFC", bare).casefold()


def _plain_with_places(text: str) -> tuple[str, list[int]]:
    """The text in plain letters, and for each of them the place in `text` of the letter it came from."""
    letters, places = [], []
    for place, letter in enumerate(text):
        plain = _plain(letter)
        letters.append(plain)
        places += [place] * len(plain)
    return "".join(letters), places


def _is_unspaced(letter: str) -> bool:
    return re.match(f"[{_UNSPACED}]", letter) is not None


def _follows(terms: list[str], at: int, phrase: list[str]) -> bool:
    there = terms[at : at + len(phrase)]
    return len(there) == len(phrase) and there[:-1] == phrase[:-1] and there[-1].startswith(phrase[-1])
