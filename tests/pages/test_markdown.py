"""Showing what models and people wrote as they meant it."""

from __future__ import annotations

import pytest

from pages.components.chat.markdown import from_model, from_person


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


def test_a_persons_lines_and_stars_stay() -> None:
    assert from_person("# no heading\n  *a*") == "\\# no heading  \n\N{NO-BREAK SPACE}\N{NO-BREAK SPACE}\\*a\\*"


def test_a_persons_fenced_code_is_code() -> None:
    assert from_person("see\n```py\na*b*c\n```") == "see\n```py\na*b*c\n```"
