"""Showing what models and people wrote as they meant it."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from pages.components.chat.markdown import _from_model, from_model, from_person, parser
from pages.components.chat.markdown.blocks import pieces
from pages.components.chat.markdown.escapes import without_citations
from pages.components.chat.markdown.parser import parse
from pages.components.formatting import plain, visible
from tests.fuzz import tries


@pytest.mark.parametrize(
    "text",
    [
        "plain text",
        "`$5` and\n\n```\n$6 \\(x\\)\n```",
        "a formula $x^2$ stays",
        "$$\n\\int\n$$",
        "an escaped \\$ stays",
        "1. one\n   - two\n     - three\n\n       more of it\n2. four: `x`",
        "| a | b |\n| :--- | ---: |\n| `x\\|y` | 2 |",
        "> quoted\n>\n> - **bold** and *more*\n\n***\n\n- [ ] to do\n- [x] done",
    ],
)
def test_code_formulas_and_plain_text_stay_as_they_are(text: str) -> None:
    assert from_model(text) == text


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("It costs $5 and $6.", r"It costs \$5 and \$6."),
        ("from $5-$6 to $7", r"from \$5-\$6 to \$7"),
        (r"so \(x^2\) holds", "so $x^2$ holds"),
        ("\\[\na = b\n\\]", "$$\na = b\n$$"),
        ("![a cat](https://evil.test/c.png?who=me)", "[a cat](<https://evil.test/c.png?who=me>)"),
        ("price $1 for $x$", r"price \$1 for $x$"),
    ],
)
def test_amounts_are_no_formulas_and_foreign_pictures_are_links(text: str, drawn: str) -> None:
    assert from_model(text) == drawn


FOREIGN = [
    "!https://evil.test/p.png",
    "!!![p](https://evil.test/p.png)",
    "\\!<https://evil.test/p.png>",
    "![p](https://evil.test/p.png)",
    "![p](<https://evil.test/p.png>)",
    "![p](//evil.test/p.png)",
    "![p](HTTPS://evil.test/p.png 'title')",
    "![p][ref]\n\n[ref]: https://evil.test/p.png",
    "![ref][]\n\n[ref]: //evil.test/p.png",
    "![ref]\n\n[ref]: <https://evil.test/p.png>",
    "![a [nested] name](https://evil.test/p.png)",
    "![two\nlines](https://evil.test/p.png)",
    "![](https://evil.test/p.png)",
    "[![p](https://evil.test/p.png)](https://good.test)",
    "\\\\![p](https://evil.test/p.png)",
    # What looks like code and is none
    "`a\n\n![p](https://evil.test/p.png)\n\nb`",
    "`a\n- ![p](https://evil.test/p.png)`",
    "\\` ![p](https://evil.test/p.png) `",
    "$`$ ![p](https://evil.test/p.png) `$",
    "- a\n  ```\n![p](https://evil.test/p.png)",
    "<div>\n```\n\n![p](https://evil.test/p.png)\n",
    "$$\n```\n$$\n![p](https://evil.test/p.png)",
    "- a\n  ```\n![ref]\n\n[ref]: https://evil.test/p.png",
]


@pytest.mark.parametrize("text", FOREIGN)
def test_no_spelling_of_a_foreign_picture_gets_through(text: str) -> None:
    for drawn in (from_model(text), from_person(f"```\ncode\n```\n{text}")):
        assert not [token for token in inline(drawn) if token.type == "image"], drawn


def test_pictures_that_ask_nobody_and_marks_that_are_none_stay() -> None:
    own = "![dot](data:image/png;base64,iVBORw0KGgo=)"
    assert from_model(own) == own
    code = '`vec![1]` and\n\n```rust\nlet a = vec![1];\nprintln!("![a](b)");\n```'
    assert from_model(code) == code
    assert from_model("wow![1]") == r"wow\!\[1\]"


def test_a_name_that_turns_letters_around_shows_how() -> None:
    assert (
        visible("gpt-\u202eo4\u2066")
        == "gpt-\N{MATHEMATICAL LEFT ANGLE BRACKET}U+202E\N{MATHEMATICAL RIGHT ANGLE BRACKET}o4\N{MATHEMATICAL LEFT ANGLE BRACKET}U+2066\N{MATHEMATICAL RIGHT ANGLE BRACKET}"
    )
    assert visible("שלום") == "שלום"
    assert "\u202e" not in plain("a\u202eb")


def test_a_persons_lines_and_stars_stay() -> None:
    assert from_person("# no heading\n  *a*") == "\\# no heading  \n\N{NO-BREAK SPACE}\N{NO-BREAK SPACE}\\*a\\*"


def test_a_persons_fenced_code_is_code() -> None:
    assert from_person("see *it*\n```py\na*b*c\n```\n:red[x]") == "see \\*it\\*\n\n```py\na*b*c\n```\n\n\\:red\\[x\\]"


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("a:b[c] and x[1:n[0]]", r"a\:b\[c\] and x\[1\:n\[0\]\]"),
        ("Key:value{a=b}", r"Key\:value{a=b}"),
        (":red[danger]", r"\:red\[danger\]"),
        (":::note\nx\n:::", "\\:\\:\\:note\nx\n\\:\\::"),
        (":material/delete: :streamlit: :smile:", ":color[:]material/delete: :color[:]streamlit: :color[:]smile:"),
        ("at 10:30:45", "at 10:30:45"),
        ("a -- b -> c <-> d", r"a :color[-]- b :color[-]> c :color[\<]:color[-]> d"),
        ("git checkout --force x--y", "git checkout --force x--y"),
        (
            r"$$\begin{aligned} a &= b \\[4pt] c &= d\end{aligned}$$ and \[ z \]",
            "$$\n\\begin{aligned} a &= b \\\\[4pt] c &= d\\end{aligned}\n$$\n\nand\n\n$$\nz\n$$",
        ),
        (r"costs $\$0.60$ and pays $\$1.00$", r"costs \$0.60 and pays \$1.00"),
        (r"\(x\)2 and $\$a + b$", r"$$x$$2 and $$\$a + b$$"),
        ("$HOME/x or US$ 5, 6$ or 7$", r"\$HOME/x or US\$ 5, 6\$ or 7\$"),
        ("~5 or ~6, ~~not 7~~", r"\~5 or \~6, ~~not 7~~"),
        ("a[^1] and [^a-z]\n\n[^1]: the note", "a\u00b9 and \\[^a-z\\]\n\n\u00b9 the note"),
        ("it rains \ue200cite\ue202turn0search1\ue202turn2view3\ue201. citeturn0search1", "it rains."),
        ('\ue200entity\ue202["city","Paris","capital"]\ue201 is large \ue200cite\ue202tu', "Paris is large"),
        (r"| a |" + "\n|---|\n" + r"| x<br>$\|y\|$ |", "| a |\n| --- |\n| x&#10;$\\vert y\\vert $ |"),
        ("see https://a.test/x_y_z:8[1]. End", r"see [https://a.test/x_y_z:8\[1](<https://a.test/x_y_z:8[1>)\]. End"),
        ("```py\nnever closed", "```py\nnever closed\n```"),
        ("- a\n  ```\n  x", "- a\n  ```\n  x\n  ```"),
        ("x\\\ny", "x\\\ny"),
        ("*https://x.y/a*a", "*https://x.y/a*a"),
        ("https://x.y/\\", "[https://x.y/](<https://x.y/>)\\\\"),
        ("!https://x.y/", r"\![https://x.y/](<https://x.y/>)"),
        ("a![b](https://x.y/)!", r"a[b](<https://x.y/>)\!"),
    ],
)
def test_what_models_write_is_drawn_as_they_wrote_it(text: str, drawn: str) -> None:
    assert from_model(text) == drawn


WRITTEN = st.lists(
    st.sampled_from(
        ["a", "b1", " ", "  ", "\n", "\n\n", "- ", "1. ", "> ", "# ", "*", "**", "_", "`", "``", "```\n", "~", "~~", "|", "\\", "$", "$$", "[", "]", "(", ")", "<", ">", ":", "::", "!", "&amp;", "\\[", "\\]", "---\n", "=", "+", "|a|b|\n|-|-|\n", "[^1]", "[^1]: ", "https://x.y/", "<br>", "<b>", "\t", "    ", "\ue200", "\ue201", "文", "ب"]
    ),
    max_size=30,
).map("".join)  # fmt: skip


@pytest.mark.slow
@given(WRITTEN)
@tries(300)
def test_every_letter_that_would_be_read_is_still_there(text: str) -> None:
    """What is found in the text is found in what is drawn, no letter more or less."""
    said, drawn = letters(parse(without_citations(text))), letters(AS_DRAWN.parse(from_model(text)))
    assert drawn == said, (text, from_model(text))


@pytest.mark.slow
@given(WRITTEN)
@tries(300)
def test_nothing_that_is_drawn_is_a_mark_of_streamlits(text: str) -> None:
    for token in inline(from_model(text)):
        if token.type == "text":
            for run in re.split(r":color\[.\]", token.content):
                assert not re.search(r":(?!\d\d?:)[\w+-]+:|(^|\s)(->|--)(\s|$)", run, re.ASCII), run


@pytest.mark.slow
def test_no_text_takes_more_than_its_share_of_time() -> None:
    """Four times the text in far less than sixteen times the time, in processor time, side by side."""
    for unit in GROWING:
        once, four = (cost(unit * (count // len(unit))) for count in (4_000, 16_000))
        assert four < 10 * max(once, 0.002), (unit, once, four)


def test_a_page_of_hostile_prose_is_read_at_once() -> None:
    prose = "Some words in a row, then \\[ and on it goes.\n\n" * 3_000
    assert cost(prose, repeat=1) < 3 * cost("Some words in a row, then [ and on it goes.\n\n" * 3_000, repeat=1) + 0.5
    assert cost("![" * 60_000, repeat=1) < 1


GROWING = ["\\[", "![", "[", "$", "$a", "$$", "*", "**a ", "_a", "`", "``a", "<", "<a ", "&", "[a](", "[^1]", "|", "a|", "> ", "- ", "\\", "\\(", ":", ":a[", "~~", "https://", "1. ", "\n", "```\n", "$\\$", "![a][", "\ue200", "citeturn0search", "((", "a\n", "-- "]  # fmt: skip


def cost(text: str, repeat: int = 2) -> float:
    """Seconds of processor time for all pieces of a text, the least of some tries."""
    times = []
    for _ in range(repeat):
        _from_model.cache_clear()
        begun = time.process_time()
        for piece in pieces(text):
            from_model(piece)
        times.append(time.process_time() - begun)
    return min(times)


PLAIN = MarkdownIt("commonmark", {"maxNesting": 60}).enable(["table", "strikethrough"])


def as_drawn() -> MarkdownIt:
    """The parser as Streamlit's is: with formulas between dollars, and none in brackets."""
    made = parser._parser()
    block, line = parser._formula_block, parser._formula
    made.block.ruler.at(
        "formula_block",
        lambda state, begin, end, silent: (
            state.src.startswith("$$", state.bMarks[begin] + state.tShift[begin]) and block(state, begin, end, silent)
        ),
        {"alt": ["paragraph", "blockquote", "list"]},
    )
    made.inline.ruler.at("formula", lambda state, silent: state.src[state.pos] == "$" and line(state, silent))
    return made


AS_DRAWN = as_drawn()


def inline(text: str) -> list[Token]:
    return [child for token in PLAIN.parse(text) for child in token.children or ()]


def letters(tokens: Sequence[Token]) -> str:
    """All letters that are read, without spaces and marks."""
    found = []
    for token in tokens:
        found.append(
            "".join(map(read, token.children))
            if token.children
            else token.content
            if not token.nesting and token.type != "inline"
            else ""
        )
    said = "".join(found).replace("picture", "").translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789"))
    return re.sub(r":color\[\\?(.)\]|[\s$\\]|<br>", r"\1", said)


def read(token: Token) -> str:
    return token.content
