"""Tokens written as Markdown in which nothing is left for Streamlit to take for a mark of its own.

Whatever the spelling was, a block begins at its own line, code has a fence longer than any in it, a formula stands
between dollars, and every letter of text that could be a mark has a backslash.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from markdown_it.token import Token

from pages.components.chat.markdown.escapes import at_beginnings, escaped
from pages.components.chat.markdown.parser import parse

_TICKS = re.compile("`+")
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_TASK = re.compile(r"\\\[([ xX])\\?\] ")
_OWN_PICTURE = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]+")
_EDGE = {"left": ":---", "right": "---:", "center": ":---:"}
_APART = ("table_open", "hr", "formula_block")
"""Blocks before which a list keeps a blank line: a paragraph above would take them for its own."""


def write(text: str) -> str:
    """A model's Markdown, parsed and written for Streamlit."""
    return _Writer(parse(text)).all()


class _Writer:
    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens: Iterator[Token] = iter(tokens)

    def all(self) -> str:
        return "\n\n".join(block for token in self._tokens if (block := self._block(token)))

    def _until(self, close: str) -> Iterator[Token]:
        while (token := next(self._tokens)).type != close:
            yield token

    def _block(self, token: Token) -> str:
        match token.type:
            case "paragraph_open":
                inline = _inside(self._until("paragraph_close"))
                return _paragraph(inline)
            case "heading_open":
                line = _Inline(_inside(self._until("heading_close")), "heading").all()
                end = "\\" if line.endswith("#") else ""
                return f"{'#' * int(token.tag[1])} {line[:-1] + end + '#' if end else line}"
            case "blockquote_open":
                return _prefixed(self._blocks("blockquote_close", tight=False), "> ", "> ")
            case "bullet_list_open" | "ordered_list_open":
                return self._list(token)
            case "fence" | "code_block":
                return fenced(token.content, token.info)
            case "formula_block":
                return f"$$\n{token.content}\n$$"
            case "table_open":
                return self._table()
            case "hr":
                return "***"
        return ""

    def _blocks(self, close: str, *, tight: bool) -> str:
        """The blocks up to a closing token."""
        written, before = "", ""
        for token in self._until(close):
            apart = not tight or token.type in _APART or before in (*_APART, "table_open")
            block = self._block(token)
            if block:
                written += (("\n\n" if apart else "\n") if written else "") + block
                before = token.type
        return written

    def _list(self, opened: Token) -> str:
        ordered = opened.type == "ordered_list_open"
        number = int(opened.attrs.get("start", 1)) if ordered else 0
        items, tight = [], True
        for _ in self._until("ordered_list_close" if ordered else "bullet_list_close"):
            marker = f"{number}{opened.markup} " if ordered else f"{opened.markup} "
            item, is_tight = self._item()
            tight = tight and is_tight
            items.append(_prefixed(_task(item), marker, " " * len(marker)) if item else marker.rstrip())
            number += 1
        return ("\n" if tight else "\n\n").join(items)

    def _item(self) -> tuple[str, bool]:
        """An item's blocks, and whether its paragraphs stand close (as `hidden` says)."""
        tokens = []
        depth = 0
        for token in self._tokens:
            depth += token.nesting
            if depth < 0:
                break
            tokens.append(token)
        loose = any(t.type == "paragraph_open" and t.level == tokens[0].level and not t.hidden for t in tokens)
        return _Writer([*tokens, _END])._blocks("end", tight=not loose), not loose

    def _table(self) -> str:
        rows: list[list[str]] = []
        edges: list[str] = []
        for token in self._until("table_close"):
            if token.type == "tr_open":
                rows.append([])
            elif token.type in ("th_open", "td_open"):
                if len(rows) == 1:
                    edges.append(_EDGE.get(str(token.attrs.get("style", "")).removeprefix("text-align:"), "---"))
                inline = next(self._tokens)
                rows[-1].append(_Inline(inline.children or [], "table").all().strip())
        lines = [f"| {' | '.join(row)} |" for row in rows]
        return "\n".join([lines[0], f"| {' | '.join(edges)} |", *lines[1:]]) if lines else ""


_END = Token("end", "", 0)


def fenced(code: str, info: str = "") -> str:
    """A block of code in a fence that nothing in it closes."""
    language = re.match(r"[\w+#.-]*", info.strip())
    length = max((len(run) for run in _TICKS.findall(code)), default=0)
    fence = "`" * max(3, length + 1)
    lines = _unlike_icons(code) if code.endswith("\n") else f"{_unlike_icons(code)}\n"
    return f"{fence}{language[0] if language else ''}\n{lines}{fence}"


def _unlike_icons(code: str) -> str:
    """Code inside of other Markdown: Streamlit changes the name of an icon there before anything is parsed."""
    return code.replace(":material/", ":\N{WORD JOINER}material/")


def _inside(tokens: Iterator[Token]) -> Sequence[Token]:
    """The children of the one inline token up to the closing one."""
    return [child for token in tokens for child in token.children or ()]


def _prefixed(text: str, first: str, others: str) -> str:
    lines = text.split("\n")
    return "\n".join([first + lines[0], *((others + line).rstrip() if line else others.rstrip() for line in lines[1:])])


def _task(item: str) -> str:
    """The box of a task, which the text of no other place has."""
    return _TASK.sub(lambda box: f"[{box[1]}] ", item, count=1) if _TASK.match(item) else item


def _paragraph(children: Sequence[Token]) -> str:
    """A paragraph, cut where a formula wants lines of its own."""
    parts: list[list[Token]] = [[]]
    blocks: list[str] = []
    depth = 0
    for child in children:
        depth += child.nesting
        if child.type == "formula" and child.meta["display"] and not depth:
            content = "\n".join(line for line in child.content.strip().split("\n") if line.strip())
            blocks += [_line(parts[-1]), f"$$\n{content}\n$$"]
            parts.append([])
        else:
            parts[-1].append(child)
    return "\n\n".join(block for block in (*blocks, _line(parts[-1])) if block)


def _line(children: Sequence[Token]) -> str:
    return at_beginnings(_Inline(children, "paragraph").all().strip(" \n"))


class _Inline:
    """The content of a paragraph, a heading or a cell of a table."""

    def __init__(self, children: Sequence[Token], place: str) -> None:
        self._tokens = iter(children)
        self._beside_marks = _beside_marks(children)
        self._place = place
        self._linked = False

    def all(self) -> str:
        return "".join(map(self._one, self._tokens))

    def _one(self, token: Token) -> str:
        match token.type:
            case "text":
                return self._text(token.content, links=id(token) not in self._beside_marks)
            case "softbreak":
                return " " if self._place == "heading" else "\n"
            case "hardbreak":
                return self._break()
            case "code_inline":
                return self._in_table(_code(token.content))
            case "em_open" | "em_close" | "strong_open" | "strong_close" | "s_open" | "s_close":
                return token.markup
            case "formula":
                return self._formula(token)
            case "footnote":
                # To Markdown a raised digit is a letter, and a bracket was none: beside a mark that would matter.
                space = "\N{HAIR SPACE}" if id(token) in self._beside_marks else ""
                return f"{space}{token.content.translate(_SUPERSCRIPT)}{space}"
            case "html_inline":
                return self._break() if _BREAK.fullmatch(token.content) else self._text(token.content)
            case "link_open":
                return self._link(str(token.attrs.get("href", "")))
            case "image":
                return self._picture(token)
        return ""

    def _text(self, text: str, *, links: bool = True) -> str:
        return self._in_table(escaped(text.replace("\n", " "), links=links and not self._linked))

    def _break(self) -> str:
        return {"heading": " ", "table": "&#10;"}.get(self._place, "\\\n")

    def _in_table(self, text: str) -> str:
        return text.replace("|", "\\|") if self._place == "table" else text

    def _formula(self, token: Token) -> str:
        content = " ".join(token.content.split())
        if self._place == "table":
            content = content.replace("\\|", "\\Vert ").replace("|", "\\vert ")
        marks = "$$" if "$" in content or token.meta["digit"] else "$"  # one before a digit is an amount to Streamlit
        return f"{marks}{content}{marks}"

    def _link(self, target: str) -> str:
        self._linked = True
        inner = ""
        for token in self._tokens:
            if token.type == "link_close":
                break
            inner += self._one(token)
        self._linked = False
        return f"[{inner}](<{_target(target)}>)" if target else inner

    def _picture(self, token: Token) -> str:
        """One that carries its own bytes is drawn; one on another server is a link, as it would tell who reads this."""
        source = str(token.attrs.get("src", ""))
        name = self._text(token.content) or "picture"
        if _OWN_PICTURE.fullmatch(source):
            return f"![{name}]({source})"
        if self._linked or not source.startswith(("http://", "https://", "//")):
            return name
        return f"[{name}](<{_target('https:' + source if source.startswith('//') else source)}>)"


def _beside_marks(tokens: Sequence[Token]) -> set[int]:
    """Texts that touch a mark of emphasis, by their ids: brackets of a link there would decide what the mark does."""
    marks = {at for at, token in enumerate(tokens) if token.type.startswith(("em_", "strong_", "s_"))}
    return {id(token) for at, token in enumerate(tokens) if {at - 1, at + 1} & marks}


def _target(address: str) -> str:
    return address.replace("\\", "%5C").replace("<", "%3C").replace(">", "%3E").replace("|", "%7C").replace("\n", "")


def _code(content: str) -> str:
    length = 1
    runs = {len(run) for run in _TICKS.findall(content)}
    while length in runs:
        length += 1
    edge = content.startswith(("`", " ")) or content.endswith(("`", " "))
    pad = " " if edge and content.strip() else ""
    return f"{'`' * length}{pad}{_unlike_icons(content)}{pad}{'`' * length}"
