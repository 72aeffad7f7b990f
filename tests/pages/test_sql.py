"""The page of questions in SQL: statements, results, mistakes, and who may ask."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from llmtrack.ledger import Ledger, open_ledger, people
from llmtrack.ledger.sql_access import VIEWS
from llmtrack.settings import get_settings
from pages.components.sql import result_chart, result_view
from tests.ledger.sql_access.conftest import lines_of_the_documentation
from tests.pages.conftest import MAIN, OpenPage, call, html_of

SQL = "admin/sql.py"


@pytest.fixture
def filled(ledger: Ledger) -> Ledger:
    ledger.write([
        *(call(user_id="kim", cost=2_000_000_000, response_model="gpt-5") for _ in range(3)),
        call(user_id="kim", cost=500_000_000, response_model="gpt-4o"),
        call(user_id="ann", cost=1_000_000_000),
    ])  # fmt: skip
    return ledger


def run(app: AppTest, statement: str) -> AppTest:
    app.text_area(key="sql_statement").set_value(statement)
    (button,) = (one for one in app.button if one.label == "Run")
    return button.click().run()


def table(app: AppTest) -> list[dict[str, Any]]:
    return [{str(key): value for key, value in row.items()} for row in app.dataframe[0].value.to_dict("records")]


def notes(app: AppTest) -> list[str]:
    return [body for body in html_of(app) if "ll-note" in body]


@pytest.mark.slow
def test_an_empty_page_says_what_to_do_and_lists_every_view(open_page: OpenPage) -> None:
    app = open_page(SQL)
    assert any("Nothing run yet" in one.value for one in app.markdown)
    text = "".join(html_of(app))
    assert [view.name for view in VIEWS if f"<summary>{view.name}</summary>" not in text] == []
    assert "<span>cost_nanodollars</span><small>integer</small>" in text
    assert "10 seconds and 10,000 rows" in text


@pytest.mark.slow
@pytest.mark.usefixtures("filled")
def test_an_example_fills_the_editor_and_runs_as_it_is(open_page: OpenPage) -> None:
    app = open_page(SQL)
    app.button(key="example_Usage of one user").click().run()
    statement = str(app.text_area(key="sql_statement").value)
    assert "user_id = 'kim'" in statement
    assert not app.dataframe
    app = run(app, statement)
    assert [(row["model"], row["calls"], row["cost"]) for row in table(app)] == [("gpt-4o", 1, 0.5), ("gpt-5", 3, 6.0)]
    assert any("2 rows in" in body for body in html_of(app))


@pytest.mark.slow
@pytest.mark.usefixtures("filled")
def test_a_result_is_drawn_as_a_chart_where_the_address_says_so(open_page: OpenPage) -> None:
    app = open_page(SQL, show="chart")
    app = run(app, "SELECT model, sum(cost) AS cost, sum(generations) AS calls FROM daily_usage GROUP BY model")
    assert not app.dataframe
    (chart,) = app.get("vega_lite_chart")
    assert chart.proto.alt == "cost by model"
    key = "model|cost|calls"
    app.selectbox(key=f"sql_y {key}").set_value("calls").run()
    (chart,) = app.get("vega_lite_chart")
    assert chart.proto.alt == "calls by model"
    app = run(app, "SELECT 1 AS one")
    assert any("A chart needs two rows" in one.value for one in app.caption)


@pytest.mark.slow
def test_a_mistake_is_told_with_its_line(open_page: OpenPage) -> None:
    app = run(open_page(SQL), "SELECT user_id\nFROM usrs")
    (note,) = notes(app)
    assert "<b>Line 2, column 6.</b> No such table: usrs. There are the views daily_totals, " in note
    assert app.code[0].value == "FROM usrs\n     ^"
    app = run(app, "SELECT *\nFROM   users, api_token")
    assert "<b>Line 2, column 15.</b> Reading the table api_token is refused." in notes(app)[0]
    app = run(app, "DROP TABLE <b>")
    assert "DROP is refused: statements only read here" in notes(app)[0]
    assert "&lt;b&gt;" not in notes(app)[0]


@pytest.mark.slow
def test_what_is_cut_off_is_told(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMTRACK_SQL_SECONDS", "1")
    get_settings.cache_clear()
    endless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT {} FROM c"
    app = run(open_page(SQL), endless.format("count(*)"))
    assert "Cut off: it takes longer than 1 seconds" in notes(app)[0]
    app = run(app, endless.format("x"))
    assert any(one.value.startswith("Cut at 10,000 rows: there are more.") for one in app.caption)
    assert len(app.dataframe[0].value) == 10_000


@pytest.mark.slow
@pytest.mark.usefixtures("filled")
def test_nothing_found_is_said(open_page: OpenPage) -> None:
    app = run(open_page(SQL), "SELECT * FROM users WHERE user_id = 'nobody'")
    assert any(one.value.startswith("No row fits") for one in app.caption)
    assert not app.dataframe


@pytest.mark.slow
def test_every_statement_is_in_the_audit_log_also_one_that_is_refused(open_page: OpenPage, ledger: Ledger) -> None:
    app = run(open_page(SQL), "SELECT 1 AS one")
    run(app, "DELETE FROM users")
    entries = people.audit_log(ledger, people.AuditFilter(action="sql"))
    assert [(entry.actor, entry.detail) for entry in entries] == [
        ("kim", {"statement": "DELETE FROM users"}), ("kim", {"statement": "SELECT 1 AS one"}),
    ]  # fmt: skip


@pytest.mark.slow
def test_whole_numbers_that_a_browser_would_round_are_texts_and_unknown_is_null(open_page: OpenPage) -> None:
    app = run(open_page(SQL), f"SELECT {2**60 + 1} AS big, 7 AS small, NULL AS absent, 0.1 + 0.2 AS part")
    assert table(app) == [{"big": "1152921504606846977", "small": 7, "absent": None, "part": 0.3}]


def test_a_column_is_an_axis_of_time_numbers_or_names() -> None:
    assert result_chart.axis_of(["2026-11-30", None]) == "time"
    assert result_chart.axis_of(["2026-11-30 09:15:00.000"]) == "time"
    assert result_chart.axis_of(["2026-11-30", "x"]) == "name"
    assert result_chart.axis_of([1, 2.5, None]) == "number"
    assert result_chart.axis_of([None]) is None
    assert str(result_view.series_of([1, None]).dtype) == "Int64"


@pytest.fixture
def on_postgresql(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    monkeypatch.setenv("LLMTRACK_DATABASE_URL", postgres_url)
    get_settings.cache_clear()
    opened = open_ledger()
    yield opened
    opened.close()


@pytest.mark.usefixtures("on_postgresql")
def test_on_postgresql_without_its_connection_the_page_says_how_to_switch_it_on(open_page: OpenPage) -> None:
    app = open_page(SQL)
    assert "LLMTRACK_SQL_URL, and that is not set" in notes(app)[0]
    shown = app.code[0].value.replace("AUTHORIZATION postgres", "AUTHORIZATION llmtrack")
    assert shown.split("\n") == lines_of_the_documentation()
    assert not app.text_area


def test_the_page_holds_no_sql_but_examples() -> None:
    """What is read, and how, is the ledger's to know."""
    for path in [MAIN.parent / SQL, *(Path(MAIN.parent) / "components" / "sql").glob("*.py")]:
        if path.name not in ("examples.py", "editor.py"):
            assert "SELECT " not in path.read_text(encoding="utf-8"), path
