"""The page for questions nobody made a page for, and what pages say before they read a lot."""

from __future__ import annotations

import io
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow.parquet as pq
import pytest
from streamlit.testing.v1 import AppTest

from llmtrack.ledger import Ledger
from llmtrack.ledger import metrics as asking
from llmtrack.ledger.export.stream import stream_result
from llmtrack.ledger.maintenance.retention import Keep, retain
from llmtrack.ledger.records import Identity
from llmtrack.settings import get_settings
from pages.components.reader import paging
from tests.pages.conftest import OpenPage, call, changes_of, hrefs_of, html_of, read, tables_of, tiles_of

EXPLORE = "admin/explore.py"


def rows_of(app: AppTest) -> list[dict[str, str]]:
    """The rows of the table below the chart, without the total."""
    (table,) = tables_of(app)
    return table[:-1]


def column(app: AppTest, head: str) -> list[str]:
    """The texts of a column of it."""
    return [row[head] for row in rows_of(app)]


@pytest.fixture
def filled(ledger: Ledger) -> Ledger:
    now = int(datetime.now(UTC).timestamp() * 1e6)
    ledger.write([
        Identity("ann", {"plan": "pro"}, now),
        Identity("bob", {"plan": "free"}, now),
        *(call(user_id="ann", cost=2_000_000_000, properties={"team": "red"}) for _ in range(3)),
        call(user_id="bob", cost=1_000_000_000, status="error", error_type="timeout"),
    ])  # fmt: skip
    return ledger


@pytest.mark.slow
@pytest.mark.usefixtures("filled")
def test_any_metric_can_be_asked_by_what_is_known_about_users(open_page: OpenPage) -> None:
    app = open_page(EXPLORE, metrics=["cost", "error_rate", "users", "cost / users"], by="user.plan")
    assert not app.error
    assert rows_of(app) == [
        {"user.plan": "pro", "Cost": "$6.00", "Error rate": "0.0\u202f%", "Users": "1", "A / C": "$6.00"},
        {"user.plan": "free", "Cost": "$1.00", "Error rate": "100.0\u202f%", "Users": "1", "A / C": "$1.00"},
    ]
    assert tiles_of(app)["Cost / users"] == "$3.50"
    assert [one.proto.label for one in app.get("link_button")] == ["CSV", "JSONL", "PARQUET"]


@pytest.mark.parametrize(("users", "label"), [(19, "Highest of 19 users"), (20, "p95 cost, 20 users")])
def test_the_95th_percentile_of_few_users_is_called_the_highest_here_too(
    open_page: OpenPage, ledger: Ledger, users: int, label: str
) -> None:
    ledger.write([call(user_id=f"user {n}", cost=n * 1_000_000_000) for n in range(1, users + 1)])
    ledger.write([call(user_id="somebody else", cost=90_000_000_000, feature="other")])
    app = open_page(EXPLORE, metrics="cost_per_user_p95", by="user", where="feature:is:")
    assert tiles_of(app) == {label: "$19.00"}


def test_the_two_hours_of_one_name_when_clocks_go_back_can_be_told_apart(
    open_page: OpenPage, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLMTRACK_TIMEZONE", "Europe/Berlin")
    get_settings.cache_clear()
    before_and_after = [datetime(2025, 10, 26, hour, 30, tzinfo=UTC) for hour in (0, 1, 2)]
    ledger.write([call(at=at) for at in before_and_after])
    app = open_page(EXPLORE, span="Dates", days=["2025-10-26", "2025-10-26"], metrics="generations", every="hour")
    assert column(app, "Hour") == ["26 Oct 2025, 03:00 CET", "26 Oct 2025, 02:00 CET", "26 Oct 2025, 02:00 CEST"]


@pytest.mark.slow
@pytest.mark.usefixtures("filled")
def test_filters_are_those_of_every_page_of_numbers(open_page: OpenPage) -> None:
    asked = {"metrics": "generations", "by": "user"}
    assert column(open_page(EXPLORE, **asked, where="user:is:ann,bob"), "Calls") == ["3", "1"]
    assert column(open_page(EXPLORE, **asked, where=["property.team:is:red", "user:is:ann"]), "Calls") == ["3"]
    assert "No calls in" in " ".join(read(open_page(EXPLORE, **asked, where="feature:is:nothing")))
    app = open_page(EXPLORE, metrics="generations", by="colour")
    assert "There is no dimension 'colour'" in app.warning[0].value
    app = open_page(EXPLORE, metrics="generation")
    assert "did you mean generations" in app.warning[0].value


@pytest.mark.slow
def test_files_are_of_what_their_address_can_say(open_page: OpenPage, filled: Ledger) -> None:
    filled.write([call(user_id="ann, the first", cost=1_000_000_000)])
    asked = {"metrics": "generations", "by": "user"}
    assert open_page(EXPLORE, **asked, where="user:not:bob").get("link_button")
    for where in ("user:contains:a", "user:is:ann%2C the first"):
        app = open_page(EXPLORE, **asked, where=where)
        assert not app.get("link_button")
        assert any("No files" in text for text in read(app))


def marks(app: AppTest) -> set[str]:
    """What the page's charts are made of."""
    specs = [json.loads(chart.proto.spec) for chart in app.get("vega_lite_chart")]
    layers = [layer for spec in specs for layer in spec.get("layer", [spec])]
    return {layer["mark"]["type"] for layer in layers}


@pytest.mark.slow
@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(
    ("metric", "drawn"),
    [
        ("cost", {"bar"}),
        ("generations", {"bar"}),
        ("total_tokens", {"bar"}),
        ("cost - simulated_cost", {"bar"}),
        ("cost_per_generation", {"line", "point"}),
        ("users", {"line", "point"}),
        ("total_tokens / generations", {"line", "point"}),
    ],
)
@pytest.mark.parametrize("chart", ["", "stacked"])
def test_only_what_adds_up_is_stacked(open_page: OpenPage, metric: str, drawn: set[str], chart: str) -> None:
    app = open_page(EXPLORE, metrics=metric, by=["week", "user"], chart=chart)
    assert not app.error
    assert marks(app) == drawn
    refused = [text for text in read(app) if "Stacked does not fit" in text]
    assert bool(refused) == (chart == "stacked" and drawn != {"bar"})


def choices(app: AppTest) -> list[str]:
    """The ways that this insight can be drawn in."""
    (links,) = [body for body in html_of(app) if 'aria-label="Drawn as"' in body]
    return re.findall(r">(\w+)</a>", links)


@pytest.mark.slow
@pytest.mark.usefixtures("filled")
def test_the_ways_to_draw_are_those_that_fit(open_page: OpenPage) -> None:
    def ways(**asked: str | list[str]) -> list[str]:
        return choices(open_page(EXPLORE, **asked))

    assert ways(metrics="cost", every="day", by="model") == [
        "Stacked", "Line", "Bar", "Area", "Number", "Table", "Histogram",
    ]  # fmt: skip
    assert ways(metrics="duration", every="day", by="model") == ["Line", "Bar", "Number", "Table", "Histogram"]
    assert ways(metrics=["cost", "generations"], by="user") == ["Bar", "Number", "Table", "Histogram", "Scatter"]
    assert ways(metrics="cost") == ["Number", "Table"]


@pytest.mark.slow
def test_each_way_of_drawing_draws(open_page: OpenPage, ledger: Ledger) -> None:
    ledger.write([call(user_id=f"user {n}", cost=n * 10**9, duration=n * 10**6) for n in range(1, 10)])

    def drawn(**asked: str | list[str]) -> set[str]:
        app = open_page(EXPLORE, **asked)
        assert not app.error
        assert not app.warning
        return marks(app)

    over_time = {"metrics": "cost", "by": "user", "every": "day"}
    assert drawn(**over_time, chart="area") == {"area"}
    assert drawn(**over_time, chart="bar") == {"bar"}
    assert drawn(**over_time, chart="line") == {"line", "point"}
    assert drawn(**over_time, chart="table") == drawn(**over_time, chart="number") == set()
    assert drawn(metrics="cost", by="user", chart="bar") == {"bar", "text"}
    assert drawn(metrics="cost", by="user", chart="histogram") == {"bar"}
    assert drawn(metrics="duration", chart="histogram") == {"bar"}
    assert drawn(metrics=["generations", "cost"], by="user", chart="scatter") == {"point", "text"}
    assert drawn(metrics="generations", by="hour_of_day", chart="bar") == {"bar", "text"}


@pytest.mark.slow
def test_of_too_few_nothing_is_drawn_that_would_need_more(open_page: OpenPage, filled: Ledger) -> None:
    app = open_page(EXPLORE, metrics=["generations", "cost"], by="user", chart="scatter")
    assert "Too few to see a pattern: 2 users." in list(read(app))
    app = open_page(EXPLORE, metrics="cost", by="user", chart="histogram")
    assert "Too few to see how they are spread: 2 users." in list(read(app))
    assert not app.get("vega_lite_chart")


@pytest.mark.slow
def test_the_largest_stand_by_themselves_and_all_others_are_one(open_page: OpenPage, ledger: Ledger) -> None:
    ledger.write([call(user_id=f"user {n}", cost=n * 10**9, duration=n * 10**6) for n in range(1, 11)])
    app = open_page(EXPLORE, metrics=["cost", "duration"], by="user", top="3")
    assert rows_of(app) == [
        {"User": "all others", "Cost": "$28.00", "Duration": "4.0 s"},
        {"User": "user 10", "Cost": "$10.00", "Duration": "10.0 s"},
        {"User": "user 9", "Cost": "$9.00", "Duration": "9.0 s"},
        {"User": "user 8", "Cost": "$8.00", "Duration": "8.0 s"},
    ]
    assert len(rows_of(open_page(EXPLORE, metrics="cost", by="user", top="0"))) == 10
    every_one = open_page(EXPLORE, metrics="cost", by="user", chart="table")
    assert len(rows_of(every_one)) == 10
    assert (app.selectbox(key="top").value, every_one.selectbox(key="top").value) == (3, 0)


@pytest.mark.slow
def test_a_time_is_compared_with_the_one_before(open_page: OpenPage, ledger: Ledger) -> None:
    now, day = datetime.now(UTC), timedelta(days=1)
    ledger.write([call(at=now, cost=3 * 10**9), call(at=now - 7 * day, cost=2 * 10**9)])
    app = open_page(EXPLORE, metrics="cost", every="day", compare="before", span="7 days")
    assert rows_of(app)[0] | {"Day": ""} == {
        "Day": "",
        "Cost": "$3.00",
        "Cost, before": "$2.00",
        "Change": "+50\u202f%",
    }
    assert tiles_of(app) == {"Cost": "$3.00"}
    assert changes_of(app) == {"Cost": "+50\u202f% · $2.00 before"}
    assert marks(app) == {"bar"}
    by_user = open_page(EXPLORE, metrics="cost", by="user", compare="before", span="7 days")
    assert rows_of(by_user) == [{"User": "kim", "Cost": "$3.00", "Cost, before": "$2.00", "Change": "+50\u202f%"}]


@pytest.mark.slow
def test_a_row_opens_its_calls(open_page: OpenPage, filled: Ledger) -> None:
    ways = hrefs_of(open_page(EXPLORE, metrics="cost", by="user", where="status:is:ok"))
    assert any("calls?" in way and "user%3Ais%3Aann" in way and "status%3Ais%3Aok" in way for way in ways)


@pytest.mark.slow
def test_controls_write_into_the_address(open_page: OpenPage, filled: Ledger) -> None:
    app = open_page(EXPLORE)
    app.selectbox(key="split_0").select("user").run()
    app.selectbox(key="every").select("week").run()
    app.selectbox(key="top").select(3).run()
    app.selectbox(key="compare").select("before").run()
    shown = {name: "".join(app.query_params[name]) for name in ("metrics", "by", "every", "top", "compare")}
    assert shown == {"metrics": "cost", "by": "user", "every": "week", "top": "3", "compare": "before"}
    app.selectbox(key="split_0").select(None).run()
    assert "by" not in app.query_params
    assert app.selectbox(key="every").value == "week"
    assert not app.exception


@pytest.mark.slow
def test_a_chart_with_nothing_to_draw_says_so(open_page: OpenPage, ledger: Ledger) -> None:
    ledger.write([call(cost=None, provider="ollama", response_model="in-house")])
    app = open_page(EXPLORE, metrics="cost", by=["day", "model"])
    assert not app.get("vega_lite_chart")
    assert "Nothing to draw in this time. Cost: zero or unknown." in list(read(app))
    for page in ("admin/overview.py", "admin/models.py", "usage.py"):
        assert "Nothing to draw in this time. Cost: zero or unknown." in list(read(open_page(page)))


def test_an_answer_is_a_file_in_each_format(filled: Ledger) -> None:
    answer = asking.ask(filled, ["cost", "duration"], by="user", order="-cost")
    assert b"".join(stream_result(answer, "csv")) == (
        b'\xef\xbb\xbf"user","cost","duration"\r\nann,6.000000000,2.0\r\nbob,1.000000000,\r\n'
    )
    found = pq.read_table(io.BytesIO(b"".join(stream_result(answer, "parquet")))).to_pylist()
    assert [(row["user"], str(row["cost"])) for row in found] == [("ann", "6.000000000"), ("bob", "1.000000000")]


@pytest.mark.slow
@pytest.mark.usefixtures("filled")
def test_a_page_says_how_many_calls_it_would_read_and_reads_them_when_asked(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "MAX_ROWS", 2)
    app = open_page(EXPLORE, metrics="generations", by="user", where="property.team:is:red")
    said = " ".join(read(app)).replace("\\", "")
    assert "4 calls have to be read one by one**, because no rollup has property_set." in said
    assert not tables_of(app)
    app.button(key="read_rows").click().run()
    assert column(app, "Calls") == ["3"]
    # Somebody who asks about something else is told again.
    assert open_page(EXPLORE, where="property.team:is:blue").button(key="read_rows")


@pytest.mark.slow
@pytest.mark.usefixtures("filled")
def test_sorting_many_calls_is_said_before_it_is_done(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "MAX_SORTED", 2)
    app = open_page("admin/generations.py", order="-cost")
    assert "4 calls have to be read one by one" in " ".join(read(app))
    app.button(key="read_rows").click().run()
    assert [row["Cost"] for row in tables_of(app)[0]] == ["$2.00", "$2.00", "$2.00", "$1.00"]


@pytest.mark.slow
@pytest.mark.parametrize("page", ["usage.py", "admin/overview.py", "admin/models.py", "admin/users.py", EXPLORE])
def test_pages_say_what_is_not_in_their_numbers_because_rows_were_deleted(
    open_page: OpenPage, ledger: Ledger, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger.write([call(user_id="kim", cost=1_000)])
    retain(ledger, Keep(row_days=1), int(datetime.now(UTC).timestamp() * 1e6) + 5 * 86_400_000_000)
    answered = asking.ask

    def remarked(*given: Any, **more: Any) -> asking.QueryResult:
        from dataclasses import replace

        return replace(answered(*given, **more), warnings=("Generations before 2026-01-01 are not in all of this.",))

    monkeypatch.setattr(asking, "ask", remarked)
    app = open_page(page)
    assert sum("are not in all of this" in text for text in read(app)) == 1
