"""Text of models and people as Markdown that shows what they meant. What is kept is never changed."""

from __future__ import annotations

import re

_CODE = re.compile(
    r"(?ms)^ {0,3}(?P<fence>`{3,}|~{3,}).*?(?:^ {0,3}(?P=fence)[`~]*[ \t]*$|\Z)"
    r"|(?P<ticks>(?<!`)`+(?!`)).+?(?<!`)(?P=ticks)(?!`)"
)
_FORMULA = re.compile(r"\\\[(?P<block>.+?)\\\]|\\\((?P<line>[^\n]+?)\\\)", re.DOTALL)
# A dollar opens a formula where no space follows, and closes it where none stands before and no digit follows: the rule
# of Pandoc, under which "$5 and $6" are amounts.
_DOLLARS = re.compile(r"\\.|\$\$.+?\$\$|\$(?=\S)(?:[^$\\\n]|\\.)+?(?<=\S)\$(?!\d)|\$", re.DOTALL)
_PICTURE = re.compile(r"!\[(?P<alt>[^\]]*)\]\((?P<url>https?://[^\s)]+)[^)]*\)")
_FENCED = re.compile(r"^ {0,3}(```|~~~)", re.MULTILINE)
_SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:])")


def from_model(text: str) -> str:
    """A model's Markdown for Streamlit: formulas in either notation, amounts left alone, no foreign pictures.

    A picture on another server would tell that server who reads the answer; it becomes a link.
    """
    drawn, position = [], 0
    for code in _CODE.finditer(text):
        drawn += [_outside_code(text[position : code.start()]), code[0]]
        position = code.end()
    return "".join((*drawn, _outside_code(text[position:])))


def from_person(text: str) -> str:
    """A message as it was typed: lines, indents and stars stay as they are; fenced code is code."""
    if _FENCED.search(text):
        return text
    lines = [_SPECIAL.sub(r"\\\1", line.lstrip()) for line in text.split("\n")]
    indents = [len(line) - len(line.lstrip()) for line in text.expandtabs(4).split("\n")]
    return "  \n".join("\N{NO-BREAK SPACE}" * indent + line for indent, line in zip(indents, lines, strict=True))


def _outside_code(text: str) -> str:
    text = _PICTURE.sub(lambda match: f"[{match['alt'] or 'picture'}]({match['url']})", text)
    text = _FORMULA.sub(_formula, text)
    return _DOLLARS.sub(lambda match: r"\$" if match[0] == "$" else match[0], text)


def _formula(match: re.Match[str]) -> str:
    return f"$${match['block']}$$" if match["block"] is not None else f"${match['line'].strip()}$"
