"""Charts of the house style: colours that stay, bars that are cut or hatched, marks that are links."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from streamlit.dataframe_util import convert_arrow_bytes_to_pandas_df

from llmtrack.ledger import Ledger
from pages.components.charts import colours
from pages.components.charts.stacked_bars import cut_at
from pages.components.style.tokens import OTHER, SLOTS, STATUSES
from tests.pages.conftest import OpenPage, call, html_of


def chart_about(app: Any, words: str) -> Any:
    """The chart whose description begins with these words."""
    (chart,) = [chart for chart in app.get("vega_lite_chart") if chart.proto.alt.startswith(words)]
    return chart.proto


def layers_of(chart: Any) -> list[dict[str, Any]]:
    """The layers of a chart."""
    layers: list[dict[str, Any]] = json.loads(chart.spec)["layer"]
    return layers


def rows_of(chart: Any, column: str) -> list[dict[str, Any]]:
    """All rows a chart is drawn from that have this column."""
    frames = [convert_arrow_bytes_to_pandas_df(dataset.data.data) for dataset in chart.datasets]
    return [row for frame in frames if column in frame for row in frame.to_dict("records")]


def test_models_and_features_have_the_colours_of_their_slots_whatever_else_is_drawn(ledger: Ledger) -> None:
    ledger.write([call(response_model="gpt-a", feature="chat"), call(response_model="gpt-b", feature="summary")])
    assert colours.both("model", ["gpt-b"]) == {"gpt-b": SLOTS[1]}
    assert colours.both("model", ["gpt-b (simulated)", "gpt-a"]) == {"gpt-b (simulated)": SLOTS[1], "gpt-a": SLOTS[0]}
    assert colours.both("feature", ["summary", "not given"]) == {"summary": SLOTS[1], "not given": OTHER}
    assert colours.in_order("model", ["all others", "gpt-b", "gpt-a"]) == ["gpt-a", "gpt-b", "all others"]


def test_errors_are_red_and_what_was_stopped_is_grey() -> None:
    names = ["stopped", "error", "ok", "refused", "abandoned"]
    assert colours.in_order("status", names) == ["ok", "error", "refused", "stopped", "abandoned"]
    assert colours.both("status", ["error", "abandoned"]) == {"error": STATUSES["error"], "abandoned": OTHER}


def test_series_of_another_dimension_take_their_colours_by_name() -> None:
    assert colours.both("user", ["zoe", "ann"]) == {"zoe": SLOTS[1], "ann": SLOTS[0]}


@pytest.mark.parametrize(
    ("totals", "cap"),
    [
        ([1, 1, 1, 2, 2, 9], 2.9),
        ([1, 1, 1, 2, 2, 4], None),
        ([9, 1, 1, 1], None),  # too few to say that it flattens them
        ([1, 1, 1, 2, 2, 30, 36], 2.9),
        ([0, 0, 0, 0, 0, 9], None),
    ],
)
def test_bars_twice_as_high_as_the_next_are_cut(totals: list[float], cap: float | None) -> None:
    assert cut_at(totals) == (None if cap is None else pytest.approx(cap))


def days_of_calls(ledger: Ledger) -> date:
    """Eight days with calls at a dollar each, a ninth with one of twenty; returns the ninth."""
    now = datetime.now(UTC).replace(hour=12)
    ledger.write([call(at=now - timedelta(days=ago), cost=10**9) for ago in range(2, 10)])
    ledger.write([call(at=now - timedelta(days=10), cost=20 * 10**9)])
    return (now - timedelta(days=10)).date()


@pytest.mark.slow
def test_a_cut_bar_has_a_notch_and_says_its_value(open_page: OpenPage, ledger: Ledger) -> None:
    days_of_calls(ledger)
    chart = chart_about(open_page("admin/overview.py"), "Cost per day")
    bars, *others = layers_of(chart)
    assert bars["encoding"]["y"]["scale"]["domain"] == [0, 1.45]
    assert [row["label"] for row in rows_of(chart, "label")] == ["$20.00, cut"]
    assert any(layer["mark"]["type"] == "point" for layer in others)


@pytest.mark.slow
def test_a_day_that_still_runs_is_hatched(open_page: OpenPage, ledger: Ledger) -> None:
    ledger.write([call(cost=10**9, at=datetime.now(UTC))])
    layers = layers_of(chart_about(open_page("admin/overview.py"), "Cost per day"))
    hatched = [layer for layer in layers if isinstance(layer["mark"].get("color"), dict)]
    assert [layer["mark"]["color"]["gradient"] for layer in hatched] == ["linear"]


@pytest.mark.slow
def test_a_bar_and_its_name_in_the_legend_are_addresses(open_page: OpenPage, ledger: Ledger) -> None:
    ledger.write([call(cost=10**9), call(cost=10**9, response_model="gpt-5")])
    app = open_page("admin/overview.py")
    urls = {row["series"]: row["url"] for row in rows_of(chart_about(app, "Cost per day"), "series")}
    assert set(urls) == {"gpt-4o", "gpt-5"}
    assert all(url.startswith("calls?") and series in url for series, url in urls.items())
    legend = next(body for body in html_of(app) if "ll-legend" in body)
    assert re.findall(r'href="calls\?[^"]*(gpt-4o|gpt-5)', legend) == ["gpt-4o", "gpt-5"]


@pytest.mark.slow
def test_a_tooltip_names_the_dimension(open_page: OpenPage, ledger: Ledger) -> None:
    ledger.write([call(cost=10**9, feature="chat")])
    app = open_page("admin/overview.py")
    app.query_params["by"] = "feature"
    app.run()
    bars = layers_of(chart_about(app, "Cost per day"))[0]
    assert [tip["title"] for tip in bars["encoding"]["tooltip"]] == ["Day", "Feature", "Cost"]


@pytest.mark.slow
def test_many_users_are_drawn_as_a_bar_for_each_group_of_them(open_page: OpenPage, ledger: Ledger) -> None:
    ledger.write([call(user_id=f"user {n}", cost=10 ** (7 + n % 4), at=datetime.now(UTC)) for n in range(400)])
    drawn = rows_of(chart_about(open_page("admin/users.py"), "Cost per user"), "about")
    assert [(row["name"], row["level"], row["text"]) for row in drawn] == [
        ("100", 100, cost) for cost in ("$0.0100", "$0.1000", "$1.00", "$10.00")
    ]


@pytest.mark.slow
def test_tokens_per_call_are_lines_with_the_average_of_each_day(open_page: OpenPage, ledger: Ledger) -> None:
    chat = [call(feature="chat", tokens=(count, 10)) for count in (90, 190)]
    ledger.write([*chat, call(feature="summary", tokens=(990, 10))])
    app = open_page("admin/overview.py", show="tokens_per_request", by="feature")
    chart = chart_about(app, "Tokens per call per day by feature")
    points = rows_of(chart, "about")
    assert {point["series"]: point["value"] for point in points} == {"chat": 150, "summary": 1000}
    assert {layer["mark"]["type"] for layer in layers_of(chart)} <= {"line", "point"}
