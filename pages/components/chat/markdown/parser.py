"""The Markdown of models as tokens: CommonMark, tables, strikethrough, footnotes by number, and formulas."""

from __future__ import annotations

import re
from collections.abc import Sequence

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, reference
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

FORMULA_CHARACTERS = 4_000
"""No formula is longer. What begins like one and does not end within that is text."""
_CLOSERS = {"$$": "$$", "\\[": "\\]", "\\(": "\\)"}
_AMOUNT = re.compile(r"\\\$ ?\d[\d.,]*(?: ?[A-Za-z%]{0,9})?(?:/\w{1,9})?")
_WORDS = re.compile(r"[^\\^_={}]*\s[^\W\d_]{2}[^\\^_={}]*")  # "$HOME or US$"
_FOOTNOTE = re.compile(r"\[\^(\d{1,4})\](:?)")


def parse(text: str) -> Sequence[Token]:
    """`text` as markdown-it's tokens. Formulas are ``formula`` (inline; `meta` is True for a display) and
    ``formula_block``, footnotes ``footnote``, each with its content."""
    return _PARSER.parse(text)


def formula_end(text: str, start: int, most: int) -> int | None:
    """Behind the mark that closes the ``$$``, ``\\[`` or ``\\(`` at `start`, and before `most`; None without one."""
    end = text.find(_CLOSERS[text[start : start + 2]], start + 2, min(most, start + FORMULA_CHARACTERS))
    return None if end < 0 or not text[start + 2 : end].strip() else end + 2


def _formula_block(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    """``$$`` or ``\\[`` at the beginning of a line, up to the closing mark at the end of one, over blank lines."""
    begin = state.bMarks[start_line] + state.tShift[start_line]
    if state.is_code_block(start_line) or state.src[begin : begin + 2] not in ("$$", "\\["):
        return False
    closer = _CLOSERS[state.src[begin : begin + 2]]
    lines, length = [], 0
    for line in range(start_line, end_line):
        first = begin + 2 if line == start_line else min(state.bMarks[line] + state.tShift[line], state.eMarks[line])
        if line > start_line and state.sCount[line] < state.blkIndent and not state.isEmpty(line):
            return False
        content = state.src[first : state.eMarks[line]]
        end = content.find(closer)
        if end >= 0:
            behind = content[end + 2 :].strip()
            if behind and behind not in (".", ",", ";"):
                return False
            lines.append(content[:end])
            break
        lines.append(content)
        length += len(content) + 1
        if length > FORMULA_CHARACTERS:
            return False
    else:
        return False
    formula = "\n".join(line for line in lines if line.strip())
    if not formula:
        return False
    if silent:
        return True
    state.line = line + 1
    token = state.push("formula_block", "math", 0)
    token.block, token.content, token.map = True, formula, [start_line, state.line]
    return True


def _formula(state: StateInline, silent: bool) -> bool:
    """``$…$`` by Pandoc's rule, under which "$5 and $6" are amounts; ``$$…$$``, ``\\[…\\]``, ``\\(…\\)``."""
    src, start = state.src, state.pos
    if src[start] not in "$\\":
        return False
    if src[start : start + 2] in _CLOSERS:
        end = formula_end(src, start, state.posMax)
        content, display = (src[start + 2 : end - 2], src[start + 1] != "(") if end else ("", False)
    else:
        end = _dollar_end(src, start, state.posMax) if src[start] == "$" else None
        content, display = (src[start + 1 : end - 1], False) if end else ("", False)
    if end is None:
        return False
    if not silent:
        amount = _AMOUNT.fullmatch(content.strip())
        token = state.push("text" if amount else "formula", "", 0)
        token.content = content.strip().replace("\\$", "$") if amount else content
        token.meta = {"display": display, "digit": src[end : end + 1].isdigit()}
    state.pos = end
    return True


def _dollar_end(src: str, start: int, most: int) -> int | None:
    """Behind the dollar that closes a formula begun at `start`: no space before it, no digit behind, the same line."""
    if start + 1 >= most or src[start + 1].isspace() or (start and src[start - 1].isalnum()):
        return None
    at = start + 1
    while at < min(most, start + FORMULA_CHARACTERS) and src[at] != "\n":
        if src[at] == "\\":
            at += 2
            continue
        if src[at] == "$":
            closes = not src[at - 1].isspace() and not src[at + 1 : at + 2].isdigit()
            return at + 1 if closes and not _WORDS.fullmatch(src, start + 1, at) else None
        at += 1
    return None


def _footnote(state: StateInline, silent: bool) -> bool:
    """``[^1]``, and at the beginning of a line ``[^1]:``. By number only: ``[^a]`` may be anything else."""
    match = _FOOTNOTE.match(state.src, state.pos, state.posMax)
    if match is None:
        return False
    begins = state.src[state.src.rfind("\n", 0, state.pos) + 1 : state.pos].strip() == ""
    if not silent:
        state.push("footnote", "sup", 0).content = match[1]
    state.pos = match.end() if begins else match.end(1) + 1
    return True


def _reference_rule(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    """A link's definition, which ``[^1]: …`` is not."""
    begin = state.bMarks[start_line] + state.tShift[start_line]
    return not state.src.startswith("[^", begin) and reference(state, start_line, end_line, silent)


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"maxNesting": 30}).enable(["table", "strikethrough"])
    parser.block.ruler.before("fence", "formula_block", _formula_block, {"alt": ["paragraph", "blockquote", "list"]})
    parser.block.ruler.at("reference", _reference_rule)
    parser.block.ruler.disable("html_block")  # its tags are shown as text, and what stands between them as Markdown
    parser.inline.ruler.before("escape", "formula", _formula)
    parser.inline.ruler.before("link", "footnote", _footnote)
    return parser


_PARSER = _parser()
