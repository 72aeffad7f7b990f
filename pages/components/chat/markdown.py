"""Text of models and people as Markdown that shows what they meant. What is kept is never changed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

_CODE = re.compile(
    r"(?ms)^ {0,3}(?P<fence>`{3,}|~{3,}).*?(?:^ {0,3}(?P=fence)[`~]*[ \t]*$|\Z)"
    r"|(?P<ticks>(?<!`)`+(?!`)).+?(?<!`)(?P=ticks)(?!`)"
)
_FORMULA = re.compile(r"\\\[(?P<block>.+?)\\\]|\\\((?P<line>[^\n]+?)\\\)", re.DOTALL)
# A dollar opens a formula where no space follows, and closes it where none stands before and no digit follows: the rule
# of Pandoc, under which "$5 and $6" are amounts.
_DOLLARS = re.compile(r"\\.|\$\$.+?\$\$|\$(?=\S)(?:[^$\\\n]|\\.)+?(?<=\S)\$(?!\d)|\$", re.DOTALL)
_PICTURE = re.compile(r"(?P<escaped>\\.)|!\[(?P<alt>[^\[\]\n]*)\]\((?P<url>https?://[^\s()]+)\)|!\[", re.DOTALL)
_OWN_PICTURE = re.compile(r"!\[[^\[\]\n]*\]\(data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]+\)")
# Where the parser may see other code than `_CODE` does: formulas, HTML, fences inside lists, spans over several lines.
_UNSURE = re.compile(r"(?m)^ {0,3}<|\$\$|^ {1,3}(?:```|~~~)|^[ \t]*(?:[-*+>]|\d+[.)])[ \t]")
_FENCED = re.compile(r"^ {0,3}(```|~~~)", re.MULTILINE)
_SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:])")


def from_model(text: str) -> str:
    """A model's Markdown for Streamlit: formulas in either notation, amounts left alone, no foreign pictures.

    A picture on another server would tell that server who reads the answer; it becomes a link.
    """
    return _outside_code(text, lambda part: _amounts(_formulas(_without_pictures(part))))


def from_person(text: str) -> str:
    """A message as it was typed: lines, indents and stars stay as they are; fenced code is code."""
    if _FENCED.search(text):
        return _outside_code(text, _without_pictures)
    lines = [_SPECIAL.sub(r"\\\1", line.lstrip()) for line in text.split("\n")]
    indents = [len(line) - len(line.lstrip()) for line in text.expandtabs(4).split("\n")]
    return "  \n".join("\N{NO-BREAK SPACE}" * indent + line for indent, line in zip(indents, lines, strict=True))


def _outside_code(text: str, draw: Callable[[str], str]) -> str:
    """`text` with `draw` applied to what is no code."""
    drawn, position = [], 0
    unsure = _UNSURE.search(text) is not None
    for code in _CODE.finditer(text):
        drawn += [draw(text[position : code.start()]), _code(code, unsure)]
        position = code.end()
    return "".join((*drawn, draw(text[position:])))


def _code(code: re.Match[str], unsure: bool) -> str:
    """Code as it is. Where it may be none, what could be a picture in it gets a space that keeps it from being one."""
    text = code[0]
    if code["fence"] is None:
        line = code.string[code.string.rfind("\n", 0, code.start()) + 1 : code.start()]
        unsure = unsure or "\n" in text or any(mark in line for mark in "\\$<")
    # A picture names its address in brackets, or by a reference that may stand anywhere.
    if unsure and "![" in text and ("](" in text or "]:" in code.string):
        return text.replace("![", "! [")
    return text


def _without_pictures(text: str) -> str:
    """Pictures on other servers are links; nothing is left that could begin one in another spelling."""
    return "".join(part if own else _PICTURE.sub(_picture, part) for own, part in _parts(text))


def _formulas(text: str) -> str:
    return _FORMULA.sub(_formula, text)


def _amounts(text: str) -> str:
    return _DOLLARS.sub(lambda match: r"\$" if match[0] == "$" else match[0], text)


def _parts(text: str) -> Iterator[tuple[bool, str]]:
    """The text cut at pictures that carry their own bytes, which ask nobody for anything; True for those."""
    position = 0
    for picture in _OWN_PICTURE.finditer(text):
        if text[picture.start() - 1 : picture.start()] == "\\":
            continue
        yield False, text[position : picture.start()]
        yield True, picture[0]
        position = picture.end()
    yield False, text[position:]


def _picture(match: re.Match[str]) -> str:
    """A picture in whatever spelling begins with ``![``: behind a backslash, that is a mark and a link."""
    if match["escaped"]:
        return match[0]
    if match["url"]:
        return f"[{match['alt'] or 'picture'}]({match['url']})"
    return r"\!["


def _formula(match: re.Match[str]) -> str:
    return f"$${match['block']}$$" if match["block"] is not None else f"${match['line'].strip()}$"
