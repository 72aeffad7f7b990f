"""The page of limits: what an admin reads there, and what becomes of what they press."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from llmtrack.ledger import Ledger
from llmtrack.ledger.limit_book import limit_use, policy_of, raise_limit, reset_limit, set_limit
from llmtrack.ledger.limits import Entry, Holder, Limit, Wish, period_of
from llmtrack.ledger.people import audit_log
from tests.pages.conftest import OpenPage, call, hrefs_of, html_of, read, table_with, tiles_of

PAGE = "admin/limits.py"
DOLLAR = 10**9


def limit(ledger: Ledger, **given: object) -> Limit:
    """Sets a limit: $10 a month for everyone together, unless said otherwise."""
    plain = Limit(id=0, scope="all", unit="cost", period="month", amount=10 * DOLLAR)
    return set_limit(ledger, replace(plain, **given), by="root")  # type: ignore[arg-type]


def press(app: AppTest, label: str) -> AppTest:
    """Presses the button that says so."""
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception, [one.value for one in app.exception]
    return app


def hold(ledger: Ledger, held: Limit, *, host: str = "elsewhere", seconds: int = 3, most: int | None = None) -> None:
    """A call of a process on another machine that was seen so long ago holds $1.50."""
    now = time.time_ns() // 1000
    ledger.holds.register(Holder(7, host, 42, "/nowhere/x.holder", now - seconds * 1_000_000))
    entry = Entry(held.id, held.target or "", period_of(held, now)[0], 1_500_000_000, None)
    about = f'{{"provider": "openai", "model": "gpt-4o", "most": {{"{held.id}": {most or "null"}}}}}'
    ledger.holds.enter([Wish(99, now, (entry,), about)], 7)


@pytest.mark.slow
def test_without_limits_the_page_says_how_to_set_the_first(open_page: OpenPage) -> None:
    app = open_page(PAGE)
    assert "**There are no limits**" in " ".join(one.value for one in app.markdown)
    assert tiles_of(app)["Limits"] == "0"


@pytest.mark.slow
def test_each_limit_is_a_line_with_what_is_spent_held_and_left(open_page: OpenPage, ledger: Ledger) -> None:
    ledger.write([call(cost=4_000_000_000, group="blue"), call(cost=3_000_000_000, group="blue", user_id="bob")])
    blue = limit(ledger, scope="team", target="blue", mode="worst_case")
    limit(ledger, scope="user", target="*", amount=4 * DOLLAR, hard=False)
    limit(ledger, scope="user", target="bob", amount=None)
    limit(ledger, scope="feature", target="triage", unit="messages", period="day", amount=0)
    hold(ledger, blue)
    first, each, bob, triage = table_with(open_page(PAGE), "Spent")
    assert first["For"].startswith("Team blue")
    names = ("Of", "Per", "Kind", "Spent", "Held", "Limit", "Left")
    assert [first[name] for name in names] == [
        "Cost", "month", "hard, worst case", "$7.00", "$1.50", "$10.00", "$1.50",
    ]  # fmt: skip
    assert each["For"].startswith("Each user most: kim")
    assert [each[name] for name in names] == ["Cost", "month", "soft", "$4.00", "\N{EN DASH}", "$4.00", "$0.00"]
    assert (bob["Kind"], bob["Limit"], triage["Kind"], triage["Limit"]) == (
        "exception, no limit",
        "none",
        "blocked",
        "0",
    )


@pytest.mark.slow
def test_expected_limits_say_by_how_much_they_can_be_overrun(open_page: OpenPage, ledger: Ledger) -> None:
    hold(ledger, limit(ledger), most=1_720_000_000)
    assert any("here by at most $0.22." in body for body in html_of(open_page(PAGE)))


@pytest.mark.slow
def test_a_bound_nobody_knows_is_not_called_nothing(open_page: OpenPage, ledger: Ledger) -> None:
    hold(ledger, limit(ledger))
    assert any("by how much is unknown" in body for body in html_of(open_page(PAGE)))


@pytest.mark.slow
def test_the_number_spent_leads_to_the_calls_behind_it(open_page: OpenPage, ledger: Ledger) -> None:
    ledger.write([call(cost=DOLLAR, response_model="gpt-4o-2026-01-01", request_model="gpt-4o-2026-01-01")])
    limit(ledger, scope="model", target="gpt-4o")
    (href,) = (href for href in hrefs_of(open_page(PAGE)) if href.startswith("calls?span=Dates") and "model" in href)
    app = open_page("admin/generations.py")
    for part in href.partition("?")[2].split("&"):
        name, _, value = part.partition("=")
        if name == "where":
            from urllib.parse import unquote_plus

            app.query_params[name] = unquote_plus(value)
    app.run()
    assert any("gpt-4o-2026-01-01" in body for body in html_of(app))


@pytest.mark.slow
def test_a_limit_is_set_in_the_dialog(open_page: OpenPage, ledger: Ledger) -> None:
    ledger.write([call(cost=30 * DOLLAR, user_id="bob"), call(cost=DOLLAR, user_id="kim")])
    app = press(open_page(PAGE), "Limit")
    app.selectbox(key="limit_target_user").set_value("bob").run()
    app.text_input(key="limit_amount").set_value("25").run()
    assert any("User bob used $30.00 this month so far." in body for body in html_of(app))
    app.segmented_control(key="limit_mode").set_value("worst_case").run()
    app.multiselect(key="limit_thresholds").set_value([80, 95]).run()
    press(app, "Set the limit")
    (made,) = policy_of(ledger).limits
    assert (made.scope, made.target, made.amount, made.mode) == ("user", "bob", 25 * DOLLAR, "worst_case")
    assert (made.thresholds, made.hard, made.period, made.unavailable) == ((80, 95), True, "month", "refuse")
    assert any("holds everywhere within 5 seconds" in text for text in read(app))
    assert audit_log(ledger)[0].action == "limit set"


def test_what_is_no_amount_is_said_in_the_dialog_and_nothing_is_set(open_page: OpenPage, ledger: Ledger) -> None:
    app = press(open_page(PAGE), "Limit")
    app.text_input(key="limit_amount").set_value("lots").run()
    press(app, "Set the limit")
    problems = [one.value.replace("\\", "") for one in app.error]
    assert problems == ["'lots' is no number of dollars: write 25 or 2.50, or 0 to block."]
    assert not policy_of(ledger).limits


@pytest.mark.slow
def test_a_limit_is_raised_reset_and_what_was_reset_counts_again(open_page: OpenPage, ledger: Ledger) -> None:
    ledger.write([call(cost=4 * DOLLAR)])
    number = limit(ledger, scope="user", target="*").id
    app = open_page(PAGE, limit=str(number))
    press(app, "Raise…")
    app.text_input(key="raise_to").set_value("20").run()
    press(app, "Raise")
    assert [use.cap for use in limit_use(ledger)] == [20 * DOLLAR]
    press(app, "End it")
    assert [use.cap for use in limit_use(ledger)] == [10 * DOLLAR]
    press(app, "Reset…")
    press(app, "Reset")
    assert [use.spent for use in limit_use(ledger)] == []
    press(app, "Undo")
    assert [use.spent for use in limit_use(ledger)] == [4 * DOLLAR]
    actions = [entry.action for entry in audit_log(ledger)]
    assert actions == ["limit reset undo", "limit reset", "limit raise end", "limit raise", "limit set"]


def test_undoing_the_second_reset_leaves_the_first(ledger: Ledger) -> None:
    from llmtrack.ledger import LedgerError
    from llmtrack.ledger.limit_book import undo_reset

    ledger.write([call(cost=4 * DOLLAR)])
    number = limit(ledger).id
    first = reset_limit(ledger, number, by="root")
    ledger.write([call(cost=DOLLAR)])
    second = reset_limit(ledger, number, by="root")
    undo_reset(ledger, number, second, by="root")
    (held,) = policy_of(ledger).limits
    assert held.adjustments["*"].reset_at == first
    with pytest.raises(LedgerError, match="not in force any more"):
        undo_reset(ledger, number, second, by="root")
    undo_reset(ledger, number, first, by="root")
    assert [use.spent for use in limit_use(ledger)] == [5 * DOLLAR]


@pytest.mark.slow
def test_a_raise_that_is_none_is_refused_in_words(open_page: OpenPage, ledger: Ledger) -> None:
    app = open_page(PAGE, limit=str(limit(ledger).id))
    press(app, "Raise…")
    app.text_input(key="raise_to").set_value("5").run()
    press(app, "Raise")
    assert "already: a raise has to be more than that" in app.error[0].value.replace("\\", "")


@pytest.mark.slow
def test_a_limit_is_changed_where_it_stands_and_removed(open_page: OpenPage, ledger: Ledger) -> None:
    number = limit(ledger, scope="team", target="blue").id
    app = open_page(PAGE, limit=str(number))
    press(app, "Change")
    assert app.selectbox(key="limit_scope").disabled
    app.text_input(key="limit_amount").set_value("12.50").run()
    press(app, "Set the limit")
    (changed,) = policy_of(ledger).limits
    assert (changed.id, changed.target, changed.amount) == (number, "blue", 12_500_000_000)
    press(app, "Remove…")
    press(app, "Remove")
    assert not policy_of(ledger).limits


@pytest.mark.slow
def test_what_a_machine_holds_that_is_gone_is_released(open_page: OpenPage, ledger: Ledger) -> None:
    hold(ledger, limit(ledger), seconds=70_000)
    app = open_page(PAGE)
    assert [row["Held by"] for row in table_with(app, "Held by")] == ["elsewhere, process 42seen 19 h 26 min ago"]
    press(app, "Release elsewhere\\, process 42".replace("\\,", ","))
    press(app, "Release")
    (use,) = limit_use(ledger)
    assert (use.spent, use.held) == (1_500_000_000, 0)
    assert audit_log(ledger)[0].action == "limit release"


@pytest.mark.slow
def test_a_process_seen_lately_has_no_button(open_page: OpenPage, ledger: Ledger) -> None:
    hold(ledger, limit(ledger))
    assert not [button.label for button in open_page(PAGE).button if button.label.startswith("Release")]


@pytest.mark.slow
def test_names_are_shown_as_they_are_and_run_nothing(open_page: OpenPage, ledger: Ledger) -> None:
    hostile = "<img src=x onerror=alert(1)>‮*bold*"
    ledger.write([call(cost=DOLLAR, user_id=hostile)])
    number = limit(ledger, scope="user", target=hostile).id
    raise_limit(ledger, number, 20 * DOLLAR, time.time_ns() // 1000 + 10**9, by="root")
    for app in (open_page(PAGE), open_page(PAGE, limit=str(number))):
        assert not any("<img" in body for body in html_of(app))
        assert any("&lt;img" in body and "⟨U+202E⟩" in body for body in html_of(app))


@pytest.mark.slow
def test_a_limit_that_is_not_there_is_said(open_page: OpenPage) -> None:
    assert "There is no such limit" in " ".join(one.value for one in open_page(PAGE, limit="77").markdown)
