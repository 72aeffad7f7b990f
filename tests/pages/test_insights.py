"""Insights of the Explore page: ready-made, put together, saved as views, and copied as Python."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from streamlit.testing.v1 import AppTest

from llmtrack.ledger import Ledger, preferences
from llmtrack.ledger.metrics import METRIC_GROUPS
from pages.components.explore.drawing import edges_for
from tests.pages.conftest import OpenPage, call, html_of, read, tables_of, tiles_of

EXPLORE = "admin/explore.py"


@pytest.fixture(autouse=True)
def calls(ledger: Ledger) -> None:
    week_before = datetime.now(UTC) - timedelta(days=30)
    ledger.write([
        call(user_id="bob", cost=2 * 10**9, duration=1_000_000),
        call(user_id="ann", cost=4 * 10**9, duration=3_000_000, response_model="o3"),
        call(user_id="cid", cost=5 * 10**8, duration=2_000_000, response_model="o4", feature="chat"),
        call(at=week_before, user_id="ann", cost=10**9, response_model="o3"),
    ])  # fmt: skip


def ready(app: AppTest) -> dict[str, dict[str, list[str]]]:
    """The ready-made insights by name, with what their addresses say."""
    (body,) = [body for body in html_of(app) if "ll-ready" in body]
    found = re.findall(r'href="([^"]+)"[^>]*>([^<]+)</a>', body)
    return {name: parse_qs(urlsplit(href.replace("&amp;", "&")).query) for href, name in found}


@pytest.mark.slow
def test_the_three_insights_of_the_tutorials_are_there_ready_made(open_page: OpenPage) -> None:
    ways = ready(open_page(EXPLORE))
    per_model = open_page(EXPLORE, **ways["Total cost per model"])
    assert "Cost per day" in titles(per_model)
    (table,) = tables_of(per_model)
    assert table[-1] == {"Day": "All", "Cost": "$6.50", "o3": "$4.00", "gpt-4o": "$2.00", "o4": "$0.50"}
    per_user = open_page(EXPLORE, **ways["Average cost per user"])
    assert titles(per_user) == ["Cost / users per week", "Numbers"]
    assert [row["A / B"] for row in tables_of(per_user)[0]][-1] == "$2.17"
    time = open_page(EXPLORE, **ways["Average response time"])
    assert tiles_of(time) == {"Duration": "2.00 s"}
    assert any('aria-current="true">Average response time' in body for body in html_of(time))


@pytest.mark.slow
def test_metrics_of_one_unit_share_a_chart_unless_one_would_lie_on_its_axis(
    open_page: OpenPage, ledger: Ledger
) -> None:
    ledger.write([call(user_id="ann") for _ in range(40)])
    asked = {"metrics": ["generations", "messages", "users", "cost"], "every": "day"}
    assert titles(open_page(EXPLORE, **asked)) == [
        "Calls, messages per day",
        "Users per day",
        "Cost per day",
        "Numbers",
    ]


def titles(app: AppTest) -> list[str]:
    return [title for body in html_of(app) if "ll-card-head" in body for title in re.findall(r"<h2>([^<]+)<", body)]


@pytest.mark.slow
def test_metrics_are_offered_in_groups_with_their_meaning_and_found_by_a_word(open_page: OpenPage) -> None:
    app = open_page(EXPLORE, new_metric_open="1")
    app.session_state["new_metric"] = True
    app.run()
    (body,) = [body for body in html_of(app) if "ll-metrics" in body]
    assert re.findall(r"<h3>([^<]+)</h3>", body) == ["Money", "Usage", "Tokens", "Speed", "Errors", "Feedback"]
    assert body.count("<a ") == sum(map(len, METRIC_GROUPS.values()))
    assert "Mean over users of what each one cost. Does not add up: lines, never stacks." in body
    app.text_input(key="metric_search").set_value("first token p95").run()
    (body,) = [body for body in html_of(app) if "ll-metrics" in body]
    assert re.findall(r"<span>([^<]+)<small>", body) == ["Time to first token p95"]
    app.text_input(key="metric_search").set_value("horses").run()
    assert any("No metric has" in text for text in read(app))


@pytest.mark.slow
def test_a_formula_is_chosen_and_not_typed(open_page: OpenPage) -> None:
    app = open_page(EXPLORE, metrics=["cost", "users"], every="week")
    app.session_state["new_formula"] = True
    app.run()
    assert (app.selectbox(key="formula_a").value, app.selectbox(key="formula_b").value) == ("cost", "users")
    app.selectbox(key="formula_operator").select("+").run()
    assert "only what has the same unit can be added" in app.warning[0].value
    app.selectbox(key="formula_operator").select("/").run()
    app.button(key="add_formula").click().run()
    assert list(app.query_params["metrics"]) == ["cost", "users", "cost / users"]
    assert tiles_of(app)["Cost / users"] == "$2.17"


@pytest.mark.slow
def test_attributes_and_properties_that_were_told_are_offered(open_page: OpenPage, ledger: Ledger) -> None:
    from llmtrack.ledger.records import Identity

    ledger.write([Identity("ann", {"plan": "pro"}, 1), call(properties={"release": "2"})])
    options = open_page(EXPLORE).selectbox(key="split_0").options
    assert {"user.plan", "property.release", "Model", "Team", "Weekday", "Nothing"} <= set(options)


INSIGHTS: list[dict[str, Any]] = [
    {"metrics": ["cost"], "by": ["model"], "where": ["user:is:bob,ann"]},
    {"metrics": ["cost", "users", "cost / users"], "every": ["day"]},
    {"metrics": ["generations", "duration_p95"], "by": ["user", "model"], "top": ["1"], "where": ["model:not:o4"]},
    {"metrics": ["cost - input_cost"], "by": ["feature"], "where": ["user:contains:n", "attempts:below:3"]},
    {"metrics": ["cost"], "by": ["model"], "compare": ["before"], "top": ["2"]},
]


@pytest.mark.slow
@pytest.mark.parametrize("asked", INSIGHTS, ids=str)
def test_python_that_is_copied_gives_the_same_numbers(
    open_page: OpenPage, capsys: pytest.CaptureFixture[str], asked: dict[str, Any]
) -> None:
    app = open_page(EXPLORE, **asked)
    (code,) = [one.value for one in app.code]
    names: dict[str, Any] = {}
    exec(code, names)
    from pages.components import formatting
    from pages.components.conditions import value_name

    result, (table,) = names["result"], tables_of(app)
    assert capsys.readouterr().out
    assert len(result) == len(table) - 1 > 0
    shown = [tuple(row.values()) for row in table[:-1]]
    time = [name for name in result.by if name == "day"]
    kept = [name for name in result.by if name not in time]
    for row in result:
        values = [value_name(row[name], name) for name in kept]
        day = [f"{row[name].day} {row[name]:%b %Y}" for name in time]
        money = [row[name] for name in result.units if result.units[name] == "usd"]
        assert any(
            [*day, *values] == list(line[: len(day) + len(values)])
            and all(f"${amount:.2f}" in line or formatting.usd(amount) in line for amount in money if amount)
            for line in shown
        ), row
    if "compare" in asked:
        before = {row["model"]: row["cost"] for row in names["before"]}
        assert {str(row["Model"]): row["Cost, before"] for row in table[:-1]}["o3"] == "$1.00"
        assert before["o3"] == 1


@pytest.mark.slow
def test_questions_that_were_saved_become_views(open_page: OpenPage, ledger: Ledger) -> None:
    stored = {
        "good": {"metrics": ["cost", "cost / users"], "by": ["week", "model"], "only": "user=ann, colour=red"},
        "bad": {"metrics": "cost"},
        "worse": 3,
    }
    preferences.write(ledger, "kim", "questions", stored)
    app = open_page(EXPLORE)
    known = preferences.read(ledger, "kim")
    assert "questions" not in known
    assert list(known["views"]) == ["good"]
    assert parse_qs(urlsplit(known["views"]["good"]).query) == {
        "metrics": ["cost", "cost / users"], "by": ["week", "model"], "where": ["user:is:ann"],
    }  # fmt: skip
    app.session_state["views"] = True
    app.run()
    assert any("explore?metrics=cost" in body for body in html_of(app))


@pytest.mark.parametrize(
    ("values", "edges"),
    [
        ([1.0, 2.0, 10.0], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]),
        ([0.03, 0.4, 47.0], [0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50]),
        ([1.0, 47.0], [0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50]),
        ([-3.0, 0.0, 5.0], [-3, -2, -1, 0, 1, 2, 3, 4, 5, 6]),
        ([0.0, 0.0, 0.0], [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]),
    ],
)
def test_a_histogram_has_round_edges(values: list[float], edges: list[float]) -> None:
    assert edges_for(values) == edges
