"""The admin pages: who may see them, and what an admin reads."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from llmtrack.ledger import Ledger
from llmtrack.serving import identity
from tests.pages.conftest import (
    MAIN,
    SECONDS,
    OpenPage,
    call,
    changes_of,
    headline_of,
    html_of,
    tables_of,
    tiles_of,
)

PAGES = sorted(path.relative_to(MAIN.parent).as_posix() for path in (MAIN.parent / "admin").rglob("*.py"))


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


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_every_admin_page_says_what_to_do_when_there_is_nothing_to_show(open_page: OpenPage, page: str) -> None:
    app = open_page(page)
    assert not app.error
    assert app.title[0].value


@pytest.mark.slow
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


@pytest.mark.slow
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
    told = tiles_of(app)
    assert told["Cost"] == "$2.00"
    assert told["Cost per call"] == "$1.00"
    assert told["Cost per 1k tokens"] == "$0.4545"  # of the 4,400 tokens of all four calls
    assert told["Cost per liked answer"] == "unknown"
    under_the_title = next(body for body in html_of(app) if "ll-sub" in body)
    assert ">have no price</a>." in under_the_title
    assert "Cost without 1 of 4 calls that " in under_the_title
    assert "Apart from it 1 simulated call, which would have cost $0.007000." in under_the_title


@pytest.mark.slow
def test_model_cost_keeps_real_and_simulated_models_in_tables_of_their_own(open_page: OpenPage, ledger: Ledger) -> None:
    ledger.write(
        [
            call(cost=10_000_000),
            call(cost=7_000_000, cost_status="simulated", provider="demo", response_model="demo-gpt"),
        ]
    )
    real, simulated = tables_of(open_page("admin/models.py"))
    assert [(row["Model"], row["Cost"]) for row in real] == [("gpt-4o", "$0.0100")]
    assert [(row["Model"], row["Simulated cost"]) for row in simulated] == [("demo-gpt", "$0.007000")]


@pytest.mark.slow
def test_below_twenty_users_the_dearest_is_named_and_no_percentile(open_page: OpenPage, ledger: Ledger) -> None:
    ledger.write([call(user_id=f"user {n}", cost=n * 1_000_000_000) for n in range(1, 20)])
    app = open_page("admin/users.py")
    assert (tiles_of(app)["Dearest user"], changes_of(app)["Dearest user"]) == ("$19.00", "user 19")
    ledger.write([call(user_id="one more", cost=20_000_000_000)])
    app = open_page("admin/users.py")
    assert (tiles_of(app)["Above P95"], changes_of(app)["Above P95"]) == ("1", "more than $19.00")


@pytest.mark.slow
def test_somebody_elses_calls_are_not_counted_on_my_usage_page(open_page: OpenPage, ledger: Ledger) -> None:
    ledger.write([call(cost=1_000_000), call(cost=9_000_000, user_id="ann")])
    assert headline_of(open_page("usage.py"))[:2] == ["$0.001000", "1 message"]
