"""What a page says, with ordinary spaces in place of those that keep units on the line."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from tests.pages import conftest


def tidy(text: str) -> str:
    """A text with ordinary spaces."""
    return text.replace("\u202f", " ").replace("\xa0", " ")


def table_with(app: AppTest, head: str) -> list[dict[str, str]]:
    """The table that has this heading."""
    return [{name: tidy(value) for name, value in row.items()} for row in conftest.table_with(app, head)]


def tiles_of(app: AppTest) -> dict[str, str]:
    """The tiles by their names."""
    return {name: tidy(value) for name, value in conftest.tiles_of(app).items()}


def html_of(app: AppTest) -> list[str]:
    """The pieces of HTML."""
    return [tidy(body) for body in conftest.html_of(app)]
