"""Showing what models and people wrote as they meant it."""

from __future__ import annotations

import re

import pytest

from pages.components.chat.markdown import from_model, from_person
from pages.components.formatting import plain, visible


@pytest.mark.parametrize(
    "text",
    [
        "plain text",
        "`$5` and ```\n$6 \\(x\\)\n```\n",
        "a formula $x^2$ stays",
        "$$\n\\int\n$$",
        "an escaped \\$ stays",
        "~~~\n![p](https://evil.test/p.png)\n~~~",
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
        ("![a cat](https://evil.test/c.png?who=me)", "[a cat](https://evil.test/c.png?who=me)"),
        ("price $1 for $x$", r"price \$1 for $x$"),
    ],
)
def test_amounts_are_no_formulas_and_foreign_pictures_are_links(text: str, drawn: str) -> None:
    assert from_model(text) == drawn


FOREIGN = [
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
        begun = [match.start() for match in re.finditer(r"!\[", drawn)]
        behind = [len(drawn[:at]) - len(drawn[:at].rstrip("\\")) for at in begun]
        assert all(backslashes % 2 for backslashes in behind), drawn


def test_pictures_that_ask_nobody_and_marks_that_are_none_stay() -> None:
    own = "![dot](data:image/png;base64,iVBORw0KGgo=)"
    assert from_model(own) == own
    assert from_model('`vec![1]` and\n\n```rust\nlet a = vec![1];\nprintln!("![a](b)");\n```\n') == (
        '`vec![1]` and\n\n```rust\nlet a = vec![1];\nprintln!("![a](b)");\n```\n'
    )
    assert from_model("wow![1]") == r"wow\![1]"


def test_many_beginnings_of_pictures_are_drawn_at_once() -> None:
    assert from_model("![" * 60_000) == r"\![" * 60_000


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
    assert from_person("see\n```py\na*b*c\n```") == "see\n```py\na*b*c\n```"
