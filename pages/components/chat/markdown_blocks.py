"""Long Markdown in pieces that never change once they are finished, so that a growing answer redraws only its end."""

from __future__ import annotations

import re

BLOCK_CHARACTERS = 800
"""A piece is closed at the first safe place after this many characters, about 200 tokens."""

_LINE = re.compile(r"[^\n]*\n|[^\n]+$")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")
_LIST_ITEM = re.compile(r" {0,3}([-*+]|\d{1,9}[.)])(\s|$)")


def finished(text: str, size: int = BLOCK_CHARACTERS) -> list[str]:
    """The pieces of `text` that more text behind it cannot change. What is left over is still growing.

    A piece ends after a blank line that stands outside of code, formulas and lists, where Markdown starts afresh.
    Each depends only on what stands before its end and the first character behind it, so the pieces of a text are
    also the first pieces of every longer text.
    """
    pieces, start, position = [], 0, 0
    fence, formula, in_list = "", False, False
    lines = _LINE.findall(text)
    for number, line in enumerate(lines):
        position += len(line)
        blank = not line.strip()
        fence, in_code = _fence_after(fence, line)
        if not in_code and (line.count("$$") % 2 or line.count("\\[") != line.count("\\]")):
            formula = not formula
        if not in_code and not formula and not blank:
            in_list = bool(_LIST_ITEM.match(line)) or (in_list and line[0] in " \t")
        upcoming = lines[number + 1] if number + 1 < len(lines) else ""
        safe = blank and line.endswith("\n") and not fence and not formula and _starts_afresh(upcoming, in_list)
        if safe and position - start >= size:
            pieces.append(text[start:position])
            start = position
    return pieces


def pieces(text: str, size: int = BLOCK_CHARACTERS) -> list[str]:
    """All of `text` in pieces: the finished ones and what is left over."""
    parts = finished(text, size)
    rest = text[sum(map(len, parts)) :]
    return [*parts, rest] if rest.strip() or not parts else parts


def _fence_after(fence: str, line: str) -> tuple[str, bool]:
    """The fence that is open after `line` (or nothing), and whether the line belongs to a block of code."""
    match = _FENCE.match(line)
    if not match:
        return fence, bool(fence)
    marks, rest = match[1], match[2].strip()
    if not fence:
        # A backtick behind backticks makes it inline code.
        return ("" if marks[0] == "`" and "`" in rest else marks), True
    closes = marks[0] == fence[0] and len(marks) >= len(fence) and not rest
    return ("" if closes else fence), True


def _starts_afresh(upcoming: str, in_list: bool) -> bool:
    """Whether the line behind a blank one begins something new rather than going on with a list or indented code."""
    if not upcoming or upcoming[0].isspace():
        return False
    # A list whose next line has begun with "-" or a digit may go on; wait for the next safe place.
    return not (in_list and (upcoming[0] in "-*+" or upcoming[0].isdigit()))
