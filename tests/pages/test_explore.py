"""The page for questions nobody made a page for, and what pages say before they read a lot."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
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
from tests.pages.conftest import OpenPage, call, read, tables_of

EXPLORE = "admin/explore.py"


def table(app: AppTest, at: int = 0) -> list[dict[str, Any]]:
    """A table's rows by its columns' keys."""
    return [{str(key): value for key, value in row.items()} for row in app.dataframe[at].value.to_dict("records")]


def written(app: AppTest, column: str) -> list[str]:
    """The texts that a table shows in a column, where they are written on the server."""
    with pa.ipc.open_stream(app.dataframe[0].proto.arrow_data.styler.display_values) as texts:
        return texts.read_all().column(column).to_pylist()


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


@pytest.mark.usefixtures("filled")
def test_any_metric_can_be_asked_by_what_is_known_about_users(open_page: OpenPage) -> None:
    app = open_page(EXPLORE)
    app.multiselect(key="metrics").set_value(["cost", "error_rate", "cost / users"])
    app.multiselect(key="by").set_value(["user.plan"]).run()
    assert not app.error
    assert table(app) == [
        {"user.plan": "pro", "cost": 6.0, "error_rate": 0.0, "cost / users": 6.0},
        {"user.plan": "free", "cost": 1.0, "error_rate": 100.0, "cost / users": 1.0},
    ]
    assert {one.label: one.value for one in app.metric}["Cost / users"] == "$3.50"
    assert [one.proto.label for one in app.get("link_button")] == ["CSV", "JSONL", "PARQUET"]


@pytest.mark.parametrize(("users", "label"), [(19, "Highest of 19 users"), (20, "p95 cost, 20 users")])
def test_the_95th_percentile_of_few_users_is_called_the_highest_here_too(
    open_page: OpenPage, ledger: Ledger, users: int, label: str
) -> None:
    ledger.write([call(user_id=f"user {n}", cost=n * 1_000_000_000) for n in range(1, users + 1)])
    ledger.write([call(user_id="somebody else", cost=90_000_000_000, feature="other")])
    app = open_page(EXPLORE, only="feature=")
    app.multiselect(key="metrics").set_value(["cost_per_user_p95"])
    app.multiselect(key="by").set_value(["user"]).run()
    assert {one.label: one.value for one in app.metric} == {label: "$19.00"}


def test_the_two_hours_of_one_name_when_clocks_go_back_can_be_told_apart(
    open_page: OpenPage, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLMTRACK_TIMEZONE", "Europe/Berlin")
    get_settings.cache_clear()
    before_and_after = [datetime(2025, 10, 26, hour, 30, tzinfo=UTC) for hour in (0, 1, 2)]
    ledger.write([call(at=at) for at in before_and_after])
    app = open_page(EXPLORE, span="Dates", days=["2025-10-26", "2025-10-26"])
    app.multiselect(key="metrics").set_value(["generations"])
    app.multiselect(key="by").set_value(["hour"]).run()
    assert written(app, "hour") == [
        "26 Oct 2025, 02:00:00 CEST", "26 Oct 2025, 02:00:00 CET", "26 Oct 2025, 03:00:00",
    ]  # fmt: skip


@pytest.mark.usefixtures("filled")
def test_a_filter_that_stands_in_the_address_twice_counts_twice(open_page: OpenPage) -> None:
    app = open_page(EXPLORE, only=["property.team=red", "user=ann"])
    assert app.text_input(key="only").value == "property.team=red, user=ann"
    assert [row["generations"] for row in table(app)] == [3]
    app.text_input(key="only").set_value("user=bob").run()
    assert [row["generations"] for row in table(app)] == [1]


@pytest.mark.usefixtures("filled")
def test_filters_are_typed_as_in_the_terminal(open_page: OpenPage) -> None:
    app = open_page(EXPLORE)
    app.text_input(key="only").set_value("user=ann,bob, property.team=red").run()
    assert [row["generations"] for row in table(app)] == [3]
    app.text_input(key="only").set_value("user=ann, user=bob, user=nobody").run()
    assert [row["generations"] for row in table(app)] == [4]
    app.text_input(key="only").set_value("status=").run()
    assert "No calls like that in this time" in " ".join(read(app))
    app.text_input(key="only").set_value("colour=red").run()
    assert "There is no dimension" in app.warning[0].value
    app.text_input(key="only").set_value("ann").run()
    assert "is no filter; write it as NAME" in app.warning[0].value.replace("\\", "")


@pytest.mark.usefixtures("filled")
def test_over_time_an_answer_is_a_chart_and_a_table(open_page: OpenPage) -> None:
    app = open_page(EXPLORE)
    app.multiselect(key="by").set_value(["day", "user"]).run()
    assert not app.error
    assert app.get("vega_lite_chart") or app.get("arrow_vega_lite_chart")
    assert sum(row["generations"] for row in table(app)) == 4


def marks(app: AppTest) -> set[str]:
    """What the page's charts are made of."""
    specs = [json.loads(chart.proto.spec) for chart in app.get("vega_lite_chart")]
    layers = [layer for spec in specs for layer in spec.get("layer", [spec])]
    return {layer["mark"]["type"] for layer in layers}


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(
    ("metric", "drawn"),
    [
        ("cost", {"bar"}),
        ("generations", {"bar"}),
        ("total_tokens", {"bar"}),
        ("cost_per_generation", {"line", "point"}),
        ("users", {"line", "point"}),
        ("total_tokens / generations", {"line", "point"}),
    ],
)
def test_only_what_adds_up_is_stacked(open_page: OpenPage, metric: str, drawn: set[str]) -> None:
    app = open_page(EXPLORE)
    app.multiselect(key="metrics").set_value([metric])
    app.multiselect(key="by").set_value(["week", "user"]).run()
    assert not app.error
    assert marks(app) == drawn


def test_a_chart_with_nothing_to_draw_says_so(open_page: OpenPage, ledger: Ledger) -> None:
    ledger.write([call(cost=None, provider="ollama", response_model="in-house")])
    app = open_page(EXPLORE)
    app.multiselect(key="by").set_value(["day", "model"]).run()
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


@pytest.mark.usefixtures("filled")
def test_a_page_says_how_many_calls_it_would_read_and_reads_them_when_asked(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "MAX_ROWS", 2)
    app = open_page(EXPLORE)
    app.text_input(key="only").set_value("property.team=red").run()
    said = " ".join(read(app)).replace("\\", "")
    assert "4 calls have to be read one by one**, because no rollup has property_set." in said
    assert not app.dataframe
    app.button(key="read_rows").click().run()
    assert [row["generations"] for row in table(app)] == [3]
    # Somebody who asks about something else is told again.
    app.text_input(key="only").set_value("property.team=blue").run()
    assert app.button(key="read_rows")


@pytest.mark.usefixtures("filled")
def test_sorting_many_calls_is_said_before_it_is_done(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "MAX_SORTED", 2)
    app = open_page("admin/generations.py", order="-cost")
    assert "4 calls have to be read one by one" in " ".join(read(app))
    app.button(key="read_rows").click().run()
    assert [row["Cost"] for row in tables_of(app)[0]] == ["$2.00", "$2.00", "$2.00", "$1.00"]


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
