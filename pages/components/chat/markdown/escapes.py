"""Letters that Markdown or Streamlit would take for marks, written so that they are shown.

Streamlit draws directives (``:red[…]``, ``:::note``), icons and emoji by name (``:material/delete:``, ``:smile:``) and
arrows (``->``) besides. A backslash keeps a directive from being one. Icons and arrows are looked for after
backslashes are gone, in each run of text; a ``:color[…]`` without a colour around one of their letters divides the run
and shows nothing else.
"""

from __future__ import annotations

import re

_MARKS = re.compile(r"[\\`*\[\]<$~]|(?<![^\W_])_|_(?![^\W_])|&(?=[#\w]+;)|!(?=\[|$)")
_NAMED = re.compile(r":(?=(?!\d\d?:)(?:[\w+-]+|material/\w+):)|:(?=:|[^\W\d]|[\[{_])")
_NAME = re.compile(r":(?:[\w+-]+|material/\w+):")
_ARROW = re.compile(r"(?:^|(?<=\s))(?:<->|<-|->|--|>=|<=|~=)(?=\s|$)")
_ADDRESS = re.compile(r"(?:https?://|(?<![\w.])www\.)[^\s<>\"`\\]*[^\s<>\"`\\.,:;!?'*_~)\]}。，、；：！？）】」』]")
_BEGINNING = re.compile(r"(?m)^(?P<space>[ \t]*)(?:(?P<mark>[-+=>#|])|(?P<number>\d{1,9})(?P<point>[.)])(?=\s|$))")
_LITERAL = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$&])")
_CITATION = re.compile(" ?\ue200([a-z_]*)((?:\ue202[^\ue200-\ue202]*)*)\ue201")
_CUT_CITATION = re.compile(" ?\ue200[^\ue200\ue201]{0,400}$")
_BARE_CITATION = re.compile(
    r"\s?(?:file)?cite(?:turn\d+(?:search|view|news|image|file|fetch|forecast|reddit|academia)\d+)+"
)
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')


def escaped(text: str, *, links: bool = True) -> str:
    """`text` (one run of it) so that it is drawn as it is; with `links`, addresses in it become links."""
    parts, position = [], 0
    text = _BARE_CITATION.sub("", text)
    if not links:
        return _escaped(text)
    for address in _ADDRESS.finditer(text):
        url = address[0]
        while url.endswith(")") and url.count(")") > url.count("("):
            url = url[:-1]
        target = url if "://" in url else f"https://{url}"
        parts += [_escaped(text[position : address.start()]), f"[{_escaped(url)}](<{target}>)"]
        position = address.start() + len(url)
    return "".join((*parts, _escaped(text[position:])))


def _escaped(text: str) -> str:
    parts, position = [], 0
    for arrow in _ARROW.finditer(text):
        divided = "".join(f":color[{_MARKS.sub(_backslash, letter)}]" for letter in arrow[0][:-1])
        parts += [_marks(text[position : arrow.start()]), divided, _MARKS.sub(_backslash, arrow[0][-1])]
        position = arrow.end()
    return "".join((*parts, _marks(text[position:])))


def _marks(text: str) -> str:
    return _NAMED.sub(_colon, _MARKS.sub(_backslash, text))


def _backslash(match: re.Match[str]) -> str:
    return f"\\{match[0]}"


def _colon(match: re.Match[str]) -> str:
    named = _NAME.match(match.string, match.start())
    return ":color[:]" if named else r"\:"


def at_beginnings(text: str) -> str:
    """`text`, already escaped, so that none of its lines begins a list, heading, quote, line or table."""

    def shielded(match: re.Match[str]) -> str:
        if match["number"]:
            return f"{match['space']}{match['number']}\\{match['point']}"
        return f"{match['space']}\\{match['mark']}"

    return _BEGINNING.sub(shielded, text)


def written_out(text: str) -> str:
    """`text` letter for letter: each line a line, each indent an indent."""
    lines = []
    for line in text.split("\n"):
        spread = line.expandtabs(4)
        indent = len(spread) - len(spread.lstrip(" "))
        lines.append("\N{NO-BREAK SPACE}" * indent + _literal(spread.lstrip(" ")))
    return "  \n".join(lines)


def _literal(line: str) -> str:
    parts, position = [], 0
    for arrow in _ARROW.finditer(line):
        divided = "".join(f":color[\\{letter}]" for letter in arrow[0][:-1])
        parts += [line[position : arrow.start()], divided, arrow[0][-1]]
        position = arrow.end()
    if not parts:
        return _NAMED.sub(_colon, _LITERAL.sub(r"\\\1", line))
    parts.append(line[position:])
    return "".join(
        part if part.startswith(":color[") else _NAMED.sub(_colon, _LITERAL.sub(r"\\\1", part)) for part in parts
    )


def without_citations(text: str) -> str:
    """`text` without the marks by which ChatGPT points at its sources, which nothing but its own page can resolve."""
    if "\ue200" not in text:
        return text
    return _CUT_CITATION.sub("", _CITATION.sub(_cited, text))


def _cited(match: re.Match[str]) -> str:
    """Nothing, or the name of what is spoken of: ``entity`` has a list of its kind, name and so on."""
    names = _QUOTED.findall(match[2]) if match[1] == "entity" else []
    return f" {names[1]}" if len(names) > 1 else ""
