"""Tables of the house style: what stands in them, and that nothing from data becomes part of the page."""

from __future__ import annotations

import base64
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from pages.components import formatting, tiles
from pages.components.tables import Column, Line, Order, Pages, html_table
from pages.components.tables.sparkline import sparkline
from pages.components.tiles import Tile
from tests.pages.conftest import _cells

TODAY = date(2026, 11, 29)
HOSTILE = some.text(
    alphabet=some.one_of(some.sampled_from("<>\"'&/=`$*[](){}\\\u202e\u2066 \n\0a"), some.characters()), max_size=60
)


class Tags(HTMLParser):
    """The elements and attributes of a piece of HTML."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def parsed(html: str) -> Tags:
    tags = Tags()
    tags.feed(html)
    tags.close()
    return tags


def written(rows: list[dict[str, Any]], columns: list[Column], **more: Any) -> list[list[str]]:
    """The cells of a table as people read them, its heading first."""
    return _cells(html_table(rows, columns, alt_text="A table", today=TODAY, **more)).rows


@given(name=HOSTILE, model=HOSTILE, href=HOSTILE, title=HOSTILE)
def test_no_name_becomes_a_part_of_the_page(name: str, model: str, href: str, title: str) -> None:
    columns = [
        Column("name", "Name", pinned=True, href=lambda row: f"user?{href}"),
        Column("model", "Model", "model", colour=lambda row: "red", help=title),
        Column("line", "Line", "line"),
    ]
    harmless = parsed(html_table([{"name": "a", "model": "b", "line": [1, 2]}], columns, alt_text="t", today=TODAY))
    hostile = parsed(html_table([{"name": name, "model": model, "line": [1, 2]}], columns, alt_text=title, today=TODAY))
    assert set(hostile.tags) <= set(harmless.tags) | {"span"}
    assert {key for key, _ in hostile.attributes} <= {key for key, _ in harmless.attributes} | {"title"}
    if name:
        assert formatting.visible(name).replace("\0", "\ufffd") in "".join(hostile.texts).replace("\0", "\ufffd")


@given(label=HOSTILE, value=HOSTILE, remark=HOSTILE)
def test_no_text_of_a_tile_becomes_a_part_of_the_page(label: str, value: str, remark: str) -> None:
    tile = parsed(tiles._tile(Tile(label, value, "+1 %", "bad", remark, (1, 2), f"users?{value}", remark)))
    assert set(tile.tags) <= {"a", "span"}
    assert {name for name, _ in tile.attributes} <= {"class", "data-in", "href", "title", "style", "role", "aria-label"}


def test_the_points_of_a_column_of_money_stand_in_one_line() -> None:
    rows: list[dict[str, Any]] = [
        {"cost": Decimal("49.16")},
        {"cost": Decimal("0.36")},
        {"cost": Decimal("0.0004")},
        {"cost": None},
        {"cost": Decimal(0)},
    ]
    assert [row[0] for row in written(rows, [Column("cost", "Cost", "usd")])[1:]] == [
        "$49.16", "$0.36", "<\xa0$0.01", "unknown", "$0.00",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("largest", "shown"), [("1", "$1.00"), ("0.9575", "$0.9575"), ("0.01", "$0.0100"), ("0.009", "$0.009000")]
)
def test_a_column_has_as_many_decimals_as_its_largest_asks_for(largest: str, shown: str) -> None:
    assert written([{"cost": Decimal(largest)}], [Column("cost", "Cost", "usd")])[1] == [shown]


def test_columns_of_one_measure_have_the_same_number_of_decimals() -> None:
    columns = [Column("a", "Before", "usd", alike="cost"), Column("b", "Now", "usd", alike="cost")]
    assert written([{"a": Decimal(3), "b": Decimal("0.5")}], columns)[1] == ["$3.00", "$0.50"]


def test_every_kind_of_value_is_written_as_the_style_says() -> None:
    row: dict[str, Any] = {
        "count": 5816, "tokens": 1_600_000, "seconds": 74.2, "share": 0.584, "small": 0.004, "rate": 0.0273,
        "time": datetime(2026, 11, 6, 11, 51, tzinfo=UTC), "date": date(2025, 3, 1), "today": date(2026, 11, 29),
        "days": date(2026, 11, 26), "long": date(2026, 11, 15), "model": "claude-haiku-4-5-20251001", "none": None,
    }  # fmt: skip
    kinds = {"small": "share", "today": "seen", "days": "seen", "long": "seen", "none": "text"}
    columns = [Column(key, key, kinds.get(key, key)) for key in row]
    assert written([row], columns)[1] == [
        "5,816", "1.60M", "1 min 14 s", "58\u202f%", "<\xa01\u202f%", "2.7\u202f%", "6 Nov, 11:51", "1 Mar 2025",
        "today", "3 days ago", "15 Nov", "claude-haiku-4-5", "",
    ]  # fmt: skip
    assert 'title="claude-haiku-4-5-20251001"' in html_table([row], columns, alt_text="t", today=TODAY)


def test_short_durations_of_a_column_have_the_same_decimals() -> None:
    def seconds(*values: float) -> list[str]:
        return [row[0] for row in written([{"s": value} for value in values], [Column("s", "Took", "seconds")])[1:]]

    assert seconds(0.842, 7.7) == ["0.84 s", "7.70 s"]
    assert seconds(0.842, 23.94) == ["0.8 s", "23.9 s"]


def test_heads_of_numbers_stand_at_the_right_like_the_numbers() -> None:
    html = html_table(
        [{"name": "x", "n": 1}], [Column("name", "Name"), Column("n", "Calls", "count")], alt_text="t", today=TODAY
    )
    assert '<th scope="col">Name</th><th scope="col" class="ll-right">Calls</th>' in html
    assert '<td class="ll-right">1</td>' in html


def test_a_row_has_one_link_that_covers_it() -> None:
    columns = [Column("name", "Name", href=lambda row: f"user?user={row['name']}"), Column("n", "Calls", "count")]
    html = html_table([{"name": "a&b", "n": 1}, {"name": "c", "n": 2}], columns, alt_text="t", today=TODAY)
    assert [unescape(href) for href in re.findall(r'class="ll-row" data-in href="([^"]*)"', html)] == [
        "user?user=a&b",
        "user?user=c",
    ]
    assert html.count('class="ll-open"') == 2


def test_totals_and_the_rest_leave_empty_what_they_do_not_have() -> None:
    columns = [Column("name", "Name"), Column("n", "Calls", "count"), Column("p", "Per call", "usd")]
    rows = written(
        [{"name": "a", "n": 3, "p": Decimal(2)}],
        columns,
        rest={"name": "2 more", "n": 4},
        total={"name": "All", "n": 7, "p": None},
    )
    assert rows[2:] == [["2 more", "4", ""], ["All", "7", "unknown"]]


def test_a_line_stands_below_the_rows_that_are_above_it() -> None:
    rows = written([{"n": 3}, {"n": 2}], [Column("n", "Calls", "count")], line=Line(1, "P95 $24.25", "1 user is above"))
    assert rows[1:] == [["3"], ["P95 $24.25 1 user is above"], ["2"]]


def test_the_head_of_the_order_says_so_and_the_others_are_links() -> None:
    columns = [Column("name", "Name"), Column("n", "Calls", "count"), Column("cost", "Cost", "usd")]
    html = html_table(
        [{"name": "a", "n": 1, "cost": Decimal(1)}], columns, alt_text="t", today=TODAY,
        order=Order("cost", href=lambda order: f"?order={order}"),
    )  # fmt: skip
    assert 'aria-sort="descending"' in html
    assert re.findall(r'href="\?order=([^"]*)"', html) == ["name", "-n", "cost"]


def test_a_page_of_a_list_says_which_rows_it_has() -> None:
    html = html_table(
        [{"n": 1}] * 50,
        [Column("n", "Calls", "count")],
        alt_text="t",
        today=TODAY,
        pages=Pages(51, 5816, "?page=1", "?page=3"),
    )
    assert "51\u2013100 of 5,816" in html
    assert re.findall(r'href="(\?page=\d)"', html) == ["?page=1", "?page=3"]


def test_a_sparkline_is_a_picture_with_a_name_and_leaves_out_what_is_unknown() -> None:
    html = sparkline([0, None, 10], label='Cost, "x"')
    assert 'role="img" aria-label="Cost, &quot;x&quot;"' in html
    encoded = re.search(r"base64,([^)]*)\)", html)
    assert encoded is not None
    picture = base64.b64decode(encoded[1]).decode()
    assert 'points="2.5,19.5 69.5,2.5"' in picture
    assert sparkline([None, 3], label="x") == sparkline([], label="x") == ""


@pytest.mark.parametrize(
    ("now", "before", "better", "rate", "change", "tone"),
    [
        (127, 100, "less", False, "+27\u202f%", "bad"),
        (127, 100, "more", False, "+27\u202f%", "good"),
        (127, 100, "", False, "+27\u202f%", ""),
        (96, 100, "less", False, "\u22124\u202f%", "good"),
        (100, 100, "less", False, "±\xa00", ""),
        (0.027, 0.012, "less", True, "+1.5\xa0points", "bad"),
        (100, 0, "less", False, None, ""),
        (None, 100, "less", False, None, ""),
    ],
)
def test_a_change_is_red_or_green_only_where_more_is_worse_or_better(
    now: Any, before: Any, better: Any, rate: bool, change: str | None, tone: str
) -> None:
    tile = tiles.changed("Cost", "x", now, before, was="y before", better=better, rate=rate)
    assert (tile.change, tile.tone) == (change, tone)
