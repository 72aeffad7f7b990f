"""Long Markdown in pieces that never change once they are finished, so that a growing answer redraws only its end."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from pages.components.chat.markdown.parser import FORMULA_CHARACTERS

BLOCK_CHARACTERS = 800
"""A piece is closed at the first safe place after this many characters, about 200 tokens."""

_LINE = re.compile(r"[^\n]*\n|[^\n]+$")
_FENCE = re.compile(r"( {0,3})(`{3,}|~{3,})(.*)")
_LIST_ITEM = re.compile(r" {0,3}([-*+]|\d{1,9}[.)])(\s|$)")
_FORMULA = re.compile(r" {0,3}(\$\$|\\\[)(.*)", re.DOTALL)
_CLOSERS = {"$$": "$$", "\\[": "\\]"}


@dataclass(frozen=True, slots=True)
class Code:
    """A piece that is one block of code."""

    text: str
    language: str
    """As the fence has it; empty where it has none."""


def finished(text: str, size: int = BLOCK_CHARACTERS) -> list[str]:
    """The pieces of `text` that more text behind it cannot change. What is left over is still growing.

    A piece ends after a blank line that stands outside of code, formulas and lists, where Markdown starts afresh, once
    it is long enough or where what follows is written in the other direction; a block of code that stands in no list
    is a piece of its own. Each depends only on what stands before its end and
    the first character behind it, so the pieces of a text are also the first pieces of every longer text.
    """
    scan = _Scan(text, size)
    lines = _LINE.findall(text)
    for line, upcoming in zip(lines, [*lines[1:], ""], strict=False):
        scan.read(line, upcoming)
    return scan.pieces


def pieces(text: str, size: int = BLOCK_CHARACTERS) -> list[str]:
    """All of `text` in pieces: the finished ones and what is left over."""
    parts = finished(text, size)
    rest = text[sum(map(len, parts)) :]
    return [*parts, rest] if rest.strip() or not parts else parts


def code_of(piece: str) -> Code | None:
    """The code of a piece that is a block of code, finished or growing; None for any other piece."""
    first, _, rest = piece.partition("\n")
    opened = _FENCE.fullmatch(first)
    if opened is None or not _opens(opened):
        return None
    indent, marks, info = opened.groups()
    lines = rest.rstrip("\n").split("\n")
    if (closed := _FENCE.fullmatch(lines[-1])) and _closes(closed, marks):
        lines.pop()
    if indent:
        lines = [line[min(len(indent), len(line) - len(line.lstrip(" "))) :] for line in lines]
    return Code("\n".join(lines), (info.split() or [""])[0])


def from_right(text: str) -> bool | None:
    """Whether its first letter with a direction is one of a script written from right to left; None without any."""
    for letter in text:
        match unicodedata.bidirectional(letter):
            case "L":
                return False
            case "R" | "AL":
                return True
    return None


class _Scan:
    """What is open behind the lines read so far."""

    def __init__(self, text: str, size: int) -> None:
        self.pieces: list[str] = []
        self._text, self._size, self._ascii = text, size, text.isascii()
        self._start = self._position = 0
        self._fence = ""
        self._whole = False  # whether the open fence stands in no list
        self._formula, self._formula_start = "", 0
        self._in_list = False

    def read(self, line: str, upcoming: str) -> None:
        before, self._position = self._position, self._position + len(line)
        if self._fence:
            self._in_code(line)
            return
        opened = _FENCE.fullmatch(line.rstrip("\n"))
        if opened and _opens(opened) and not self._formula:
            if not line.endswith("\n"):
                return  # it may go on with a backtick, and be no fence
            self._whole = not (self._in_list and opened[1])
            self._fence = opened[2]
            if self._whole:
                self._cut(before)
                self._in_list = False
            return
        self._follow_formula(line, before)
        if self._formula:
            return
        if not line.strip():
            safe = line.endswith("\n") and _starts_afresh(upcoming, self._in_list)
            if safe and (self._position - self._start >= self._size or self._turns(upcoming)):
                self._cut(self._position)
        else:
            self._in_list = bool(_LIST_ITEM.match(line)) or (self._in_list and line[0] in " \t")

    def _in_code(self, line: str) -> None:
        closed = _FENCE.fullmatch(line.rstrip("\n"))
        if closed and _closes(closed, self._fence) and line.endswith("\n"):
            self._fence = ""
            if self._whole:
                self._cut(self._position)

    def _follow_formula(self, line: str, before: int) -> None:
        """Formulas that begin a line may have blank lines in them; what is longer than a formula is none."""
        if self._formula:
            if _CLOSERS[self._formula] in line or self._position - self._formula_start > FORMULA_CHARACTERS:
                self._formula = ""
        elif (opened := _FORMULA.match(line)) and _CLOSERS[opened[1]] not in opened[2]:
            self._formula, self._formula_start = opened[1], before

    def _turns(self, upcoming: str) -> bool:
        """Whether the next line begins in another direction than the piece."""
        if self._ascii or (there := from_right(upcoming)) is None:
            return False
        here = from_right(self._text[self._start : self._position])
        return here is not None and here != there

    def _cut(self, end: int) -> None:
        if end > self._start:
            self.pieces.append(self._text[self._start : end])
        self._start = end


def _opens(fence: re.Match[str]) -> bool:
    """Whether it opens a block: a backtick behind backticks makes it inline code."""
    return fence[2][0] != "`" or "`" not in fence[3]


def _closes(fence: re.Match[str], opener: str) -> bool:
    return fence[2][0] == opener[0] and len(fence[2]) >= len(opener) and not fence[3].strip()


def _starts_afresh(upcoming: str, in_list: bool) -> bool:
    """Whether the line behind a blank one begins something new rather than going on with a list or indented code."""
    if not upcoming or upcoming[0].isspace():
        return False
    # A list whose next line has begun with "-" or a digit may go on; wait for the next safe place.
    return not (in_list and (upcoming[0] in "-*+" or upcoming[0].isdigit()))
