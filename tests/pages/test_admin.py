"""The admin pages: who may see them, and what an admin reads."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from llmtrack.ledger import Ledger
from llmtrack.pricing import Pricer
from llmtrack.serving import identity
from tests.pages.conftest import MAIN, SECONDS, OpenPage, call, headline_of, read, tables_of

PAGES = sorted(path.relative_to(MAIN.parent).as_posix() for path in (MAIN.parent / "admin").glob("*.py"))


def cards(app: AppTest) -> dict[str, str]:
    """The numbers at the top of a page."""
    return {one.label: one.value for one in app.metric}


def alternatives(app: AppTest) -> list[str]:
    """What the charts of a page say to somebody who does not see them."""
    return [chart.proto.alt for chart in app.get("vega_lite_chart")]


@pytest.fixture
def no_admin(monkeypatch: pytest.MonkeyPatch) -> None:
    """The local user, without the role."""
    plain = identity.Viewer(id="bob", name="bob", role="user")
    monkeypatch.setattr("pages.components.viewer.local_viewer", lambda **_: plain)


@pytest.mark.parametrize("page", PAGES)
def test_every_admin_page_says_what_to_do_when_there_is_nothing_to_show(open_page: OpenPage, page: str) -> None:
    app = open_page(page)
    assert not app.error
    assert app.title[0].value


@pytest.mark.parametrize("page", PAGES)
def test_every_admin_page_draws_every_kind_of_call(open_page: OpenPage, ledger: Ledger, page: str) -> None:
    ledger.write(
        [
            call(cost=2_000_000_000, session_id="s1", trace_id="t1", feature="chat"),
            call(cost=None, provider="ollama", response_model="in-house", user_id=None),
            call(cost=1_000, cost_status="simulated", provider="demo", response_model="demo-gpt"),
            call(status="error", error_type="rate_limit", response_model=None, tokens=(None, None), cost=None),
            call(status="cancelled", cost=500_000, user_id="*bob* [x](y)", response_model="a" * 120),
        ]
    )
    app = open_page(page)
    assert not app.error, [one.value for one in app.error]


@pytest.mark.usefixtures("no_admin")
def test_somebody_who_is_no_admin_sees_no_admin_page_in_the_menu(open_page: OpenPage) -> None:
    app = open_page()
    with pytest.raises(ValueError, match="admin"):
        app.switch_page("admin/models.py")


@pytest.mark.usefixtures("no_admin")
@pytest.mark.parametrize("page", PAGES)
def test_an_admin_page_checks_the_role_itself(page: str) -> None:
    app = AppTest.from_file(Path(MAIN.parent) / page, default_timeout=SECONDS).run()
    assert app.error[0].value == "There is no such page, or it is not for you."
    assert not app.title
    assert not app.metric
    assert not app.dataframe


def test_model_cost_tells_totals_averages_and_what_they_leave_out(open_page: OpenPage, ledger: Ledger) -> None:
    ledger.write(
        [
            call(cost=1_500_000_000, user_id="ann", duration=1_000_000),
            call(cost=500_000_000, user_id="bob", duration=3_000_000),
            call(cost=None, user_id="bob", provider="ollama", response_model="in-house", duration=2_000_000),
            call(cost=7_000_000, cost_status="simulated", provider="demo", response_model="demo-gpt", user_id="bob"),
        ]
    )
    app = open_page("admin/models.py")
    told = cards(app)
    assert told["Total cost"] == "$2.00"
    assert told["Calls"] == "4"
    assert told["Tokens"] == "4.4k"
    assert told["Cost per call"] == "$1.00"
    assert told["Cost per user"] == "$1.00"
    assert told["Average time"] == "2.00 s"
    assert told["Errors"] == "0"
    remarks = next(one.value for one in app.caption if "unpriced" in one.value)
    assert remarks == "1 of 4 calls unpriced · apart from it: $0.007000 simulated cost of 1 simulated call"


def test_model_cost_keeps_real_and_simulated_models_in_tables_of_their_own(open_page: OpenPage, ledger: Ledger) -> None:
    ledger.write(
        [
            call(cost=10_000_000),
            call(cost=7_000_000, cost_status="simulated", provider="demo", response_model="demo-gpt"),
        ]
    )
    real, simulated = tables_of(open_page("admin/models.py"))
    assert [(row["Model"], row["Total cost"]) for row in real] == [("gpt-4o", "$0.0100")]
    assert [(row["Model"], row["Simulated total cost"]) for row in simulated] == [("demo-gpt", "$0.007000")]


def test_errors_stand_beside_the_answers_of_the_same_model(open_page: OpenPage, ledger: Ledger) -> None:
    failed = {"status": "error", "response_model": None, "tokens": (None, None), "cost": None}
    ledger.write(
        [
            call(response_model="gpt-4o-2024-08-06"),
            call(error_type="rate_limit", **failed),
            call(error_type="timeout", **failed),
            call(error_type="timeout", **failed),
        ]
    )
    app = open_page("admin/errors.py")
    told = cards(app)
    assert (told["Error rate"], told["Errors"]) == ("75\u202f%", "3")
    by_model = tables_of(app)[1]
    assert [(row["Model"], row["Error rate"]) for row in by_model] == [("gpt-4o", "75\u202f%")]


def test_the_parts_of_the_errors_add_up_to_all_of_them(open_page: OpenPage, ledger: Ledger) -> None:
    failed = {"status": "error", "response_model": None, "tokens": (None, None), "cost": None}
    kinds = ["rate_limit", "timeout", "timeout", "server", "connection", "overloaded", "authentication", "unknown"]
    ledger.write([call(), *(call(error_type=kind, **failed) for kind in kinds)])
    app = open_page("admin/errors.py")
    assert cards(app)["Errors"] == "8"
    (alternative,) = [text for text in alternatives(app) if text.startswith("Errors in parts")]
    assert alternative.endswith(
        ": Rate limits: 1, Caller's side: 1, Timeouts: 2, Provider's side, without timeouts: 3, Other: 1"
    )


def test_errors_of_one_kind_alone_are_named_below_their_bar_too(open_page: OpenPage, ledger: Ledger) -> None:
    ledger.write([call(status="error", error_type="timeout", response_model=None, tokens=(None, None), cost=None)])
    app = open_page("admin/errors.py")
    (bar,) = [json.loads(chart.proto.spec) for chart in app.get("vega_lite_chart") if "in parts" in chart.proto.alt]
    assert bar["encoding"]["color"]["legend"]["orient"] == "bottom"


def test_response_times_are_those_of_answers_unless_a_status_is_asked_for(open_page: OpenPage, ledger: Ledger) -> None:
    ledger.write([
        *(call(duration=10_000_000, time_to_first_token=None) for _ in range(90)),
        *(call(duration=40_000, status="error", error_type="rate_limit", time_to_first_token=None) for _ in range(30)),
        *(call(duration=1_000_000, status="cancelled", time_to_first_token=None) for _ in range(10)),
    ])  # fmt: skip
    app = open_page("admin/latency.py")
    assert cards(app)["Average time"] == "10.0 s"
    assert "Times of 90 answers; failures and stops are not counted." in " ".join(read(app))
    app.multiselect(key="statuss").set_value(["error", "cancelled"]).run()
    assert not app.error
    assert cards(app)["Average time"] == "0.28 s"  # (30 x 0.04 + 10 x 1) / 40
    assert "Times of 40 calls with status error or cancelled." in " ".join(read(app))
    (by_model,) = tables_of(open_page("usage.py"))
    assert by_model[0]["Average time"] == "10.0 s"


def test_below_twenty_users_the_95th_percentile_is_called_the_highest(open_page: OpenPage, ledger: Ledger) -> None:
    ledger.write([call(user_id=f"user {n}", cost=n * 1_000_000_000) for n in range(1, 20)])
    assert cards(open_page("admin/users.py"))["Highest of 19 users"] == "$19.00"
    ledger.write([call(user_id="one more", cost=20_000_000_000)])
    assert cards(open_page("admin/users.py"))["p95 cost, 20 users"] == "$19.00"


def test_a_call_that_was_clicked_shows_what_was_said_and_why_it_cost_what(open_page: OpenPage, ledger: Ledger) -> None:
    spoken = call(
        cost=3_500_000,
        input=[{"role": "user", "parts": [{"type": "text", "content": "How are *you*?"}]}],
        output=[{"role": "assistant", "parts": [{"type": "text", "content": "Fine, thanks."}]}],
    )
    ledger.write([spoken])
    app = open_page("admin/generations.py")
    app.session_state["calls_1"] = {"selection": {"rows": [], "columns": [], "cells": [(0, "model")]}}
    texts = list(read(app.run()))
    assert r"How are \*you\*?" in texts
    assert "Fine, thanks." in texts
    assert any(r"Cost: **\$0\.003500 \(exact\)**" in text for text in texts)


def test_a_call_says_where_it_was_served_and_what_that_added_to_its_price(open_page: OpenPage, ledger: Ledger) -> None:
    made = call(
        provider="google", response_model="claude-sonnet-4-5-20250929", region="us-east5", tokens=(10_000, 1_000)
    )
    ledger.write([replace(made, cost=Pricer().price(made))])
    app = open_page("admin/generations.py")
    app.session_state["calls_1"] = {"selection": {"rows": [], "columns": [], "cells": [(0, "model")]}}
    texts = "\n".join(read(app.run())).replace("\\", "")
    assert "Cost: **$0.0495 (exact)**" in texts  # (10,000 x 3 + 1,000 x 15 dollars a million) + 10 %
    assert "Region: **us-east5**" in texts
    assert "tier standard, region us-east5. Dollars per million:" in texts
    assert "Included in them: +10% in us-east5." in texts


def test_somebody_elses_calls_are_not_counted_on_my_usage_page(open_page: OpenPage, ledger: Ledger) -> None:
    ledger.write([call(cost=1_000_000), call(cost=9_000_000, user_id="ann")])
    assert headline_of(open_page("usage.py"))[:2] == ["$0.001000", "1 message"]
