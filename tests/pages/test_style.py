"""The house style: text that can be read in both themes, and one set of colours everywhere."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from pages.components import style
from pages.components.style.stylesheet import stylesheet
from pages.components.style.tokens import HEAT, HEAT_TEXT, ON, OTHER, SLOTS, STATUSES, TOKENS, Theme, contrast, in_theme

THEMES: tuple[Theme, ...] = ("light", "dark")
CONFIG = Path(__file__).parents[2] / ".streamlit" / "config.toml"


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == 21
    assert contrast("#ffffff", "#ffffff") == 1
    assert round(contrast("#777777", "#ffffff"), 2) == 4.48  # the well-known grey that just fails


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("text", "ground"), [(text, ground) for text, grounds in ON.items() for ground in grounds])
def test_text_can_be_read_on_every_ground_it_stands_on(text: str, ground: str, theme: Theme) -> None:
    assert contrast(in_theme(TOKENS[text], theme), in_theme(TOKENS[ground], theme)) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
def test_marks_can_be_told_from_the_page(theme: Theme) -> None:
    page = in_theme(TOKENS["bg"], theme)
    for colour in (*SLOTS, OTHER, *STATUSES.values(), TOKENS["warn-fill"], TOKENS["accent"]):
        assert contrast(in_theme(colour, theme), page) >= 2.95, in_theme(colour, theme)


@pytest.mark.parametrize("theme", THEMES)
def test_numbers_can_be_read_in_the_cells_of_a_heat_map(theme: Theme) -> None:
    for ground, text in zip(HEAT, HEAT_TEXT, strict=True):
        assert contrast(in_theme(ground, theme), in_theme(text, theme)) >= 4.5


def test_no_two_slots_and_no_slot_and_error_have_one_colour() -> None:
    for theme in THEMES:
        colours = [in_theme(colour, theme) for colour in (*SLOTS, OTHER, STATUSES["error"])]
        assert len(set(colours)) == len(colours)


def test_streamlit_has_the_same_colours() -> None:
    config = tomllib.loads(CONFIG.read_text(encoding="utf-8"))["theme"]
    named = {
        "primaryColor": "accent", "backgroundColor": "bg", "secondaryBackgroundColor": "soft", "textColor": "text",
        "linkColor": "accent", "borderColor": "line", "grayColor": "muted", "codeBackgroundColor": "soft",
        "dataframeHeaderBackgroundColor": "soft", "dataframeBorderColor": "hair",
    }  # fmt: skip
    for theme in THEMES:
        for option, token in named.items():
            assert config[theme][option] == in_theme(TOKENS[token], theme), f"{theme} {option}"
        assert config[theme]["chartCategoricalColors"] == [in_theme(colour, theme) for colour in (*SLOTS, OTHER)]
        assert config[theme]["sidebar"]["backgroundColor"] == in_theme(TOKENS["side"], theme)


def test_the_stylesheet_names_no_variable_that_it_does_not_have() -> None:
    import re

    text = stylesheet()
    defined = set(re.findall(r"(--ll-[a-z0-9-]+):", text))
    assert set(re.findall(r"var\((--ll-[a-z0-9-]+)\)", text)) <= defined


def test_the_ninth_series_and_all_later_ones_are_grey() -> None:
    assert style.of_slot(1) == SLOTS[0]
    assert style.of_slot(8) == SLOTS[7]
    assert style.of_slot(9) == style.of_slot(4000) == style.of_slot(None) == OTHER
