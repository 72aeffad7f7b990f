"""What a person reads of their own limits before they send, when they come near one, and when one refuses."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from llmtrack.ledger import Ledger
from llmtrack.ledger.limit_book import set_limit
from llmtrack.ledger.limits import Limit
from llmtrack.ledger.lists import generations
from tests.pages.conftest import OpenPage, call, html_of, table_with

DOLLAR = 10**9


def left(app: AppTest) -> list[str]:
    """What the chat says is left."""
    captions = [caption.value.replace("\\", "") for caption in app.caption]
    return [text for text in captions if " left of " in text]


@pytest.mark.slow
def test_the_chat_says_what_is_left_before_the_first_message(open_page: OpenPage, ledger: Ledger) -> None:
    assert not left(open_page())
    set_limit(ledger, Limit(0, "user", "cost", "total", 3 * DOLLAR, "kim"), by="root")
    set_limit(ledger, Limit(0, "user", "cost", "month", 90 * DOLLAR, "kim"), by="root")
    set_limit(ledger, Limit(0, "user", "cost", "total", DOLLAR, "ann"), by="root")
    ledger.write([call(cost=1_880_000_000)])
    app = open_page()
    assert left(app) == ["$1.12 left of your $3.00 in total"]
    assert not any("ll-note" in body for body in html_of(app))


@pytest.mark.slow
def test_who_comes_near_a_limit_is_warned_on_both_pages(open_page: OpenPage, ledger: Ledger) -> None:
    set_limit(ledger, Limit(0, "user", "cost", "total", 2 * DOLLAR, "*"), by="root")
    ledger.write([call(cost=1_880_000_000), call(cost=DOLLAR, user_id="ann")])
    words = "You have used $1.88 of your $2.00 in total, $0.12 left."
    for page in ("chat.py", "usage.py"):
        notes = [body for body in html_of(open_page(page)) if "ll-of-warn" in body]
        assert any(words in body for body in notes), page


@pytest.mark.slow
def test_half_of_a_limit_is_said_on_the_usage_page_alone(open_page: OpenPage, ledger: Ledger) -> None:
    set_limit(ledger, Limit(0, "user", "cost", "total", 2 * DOLLAR, "kim", hard=False), by="root")
    ledger.write([call(cost=DOLLAR)])
    noted = {page: any("ll-of-warn" in body for body in html_of(open_page(page))) for page in ("chat.py", "usage.py")}
    assert noted == {"chat.py": False, "usage.py": True}


@pytest.mark.slow
def test_a_refusal_offers_the_length_that_fits_and_a_press_asks_for_it(open_page: OpenPage, ledger: Ledger) -> None:
    set_limit(ledger, Limit(0, "user", "tokens", "total", 300, "kim"), by="root")
    app = open_page()
    app.chat_input[0].set_value("Hello").run()
    assert "has no room for this call" in app.chat_message[1].error[0].value.replace("\\", "")
    (offer,) = (button for button in app.button if button.label.startswith("Ask for at most "))
    tokens = int(offer.label.split()[4])
    assert 100 < tokens < 300
    offer.click().run()
    assert not app.error
    assert "This is a simulated answer" in app.chat_message[1].markdown[0].value
    # It is cut where it has to be: that is what was asked for.
    latest = generations(ledger, limit=5)
    assert sorted(row.status for row in latest) == ["incomplete", "refused"]
    sent = next(row for row in latest if row.status == "incomplete")
    assert sent.output_tokens is not None
    assert sent.output_tokens <= tokens


@pytest.mark.slow
def test_an_exception_takes_the_place_of_the_limit_for_each(open_page: OpenPage, ledger: Ledger) -> None:
    set_limit(ledger, Limit(0, "user", "cost", "total", 2 * DOLLAR, "*"), by="root")
    set_limit(ledger, Limit(0, "user", "cost", "total", 5 * DOLLAR, "kim"), by="root")
    assert left(open_page()) == ["$5.00 left of your $5.00 in total"]
    set_limit(ledger, Limit(0, "user", "cost", "total", None, "kim"), by="root")
    assert not left(open_page())


@pytest.mark.slow
def test_limits_of_the_team_and_of_everyone_are_said_before_sending_too(open_page: OpenPage, ledger: Ledger) -> None:
    set_limit(ledger, Limit(0, "user", "cost", "total", 10 * DOLLAR, "kim"), by="root")
    set_limit(ledger, Limit(0, "all", "cost", "total", 4 * DOLLAR), by="root")
    set_limit(ledger, Limit(0, "team", "cost", "total", 2 * DOLLAR, "red"), by="root")
    ledger.write([call(cost=DOLLAR), call(cost=DOLLAR, user_id="ann", group="red")])
    assert left(open_page()) == ["$2.00 left of everyone's $4.00 in total"]
    rows = table_with(open_page("usage.py"), "Used")
    assert [(row["Limit"], row["Used"], row["Of"], row["Left"]) for row in rows] == [
        ("Cost in total everyone together$2.00 left, resets never", "$2.00", "$4.00", "$2.00"),
        ("Cost in total$9.00 left, resets never", "$1.00", "$10.00", "$9.00"),
    ]
    ledger.write([call(cost=1_500_000_000, user_id="ann")])
    notes = [body for body in html_of(open_page()) if "ll-of-warn" in body]
    assert any("Everyone together used $3.50 of $4.00 in total, $0.50 left." in body for body in notes)


@pytest.mark.slow
def test_a_limit_on_the_chosen_model_or_on_the_chat_is_said_before_sending(open_page: OpenPage, ledger: Ledger) -> None:
    set_limit(ledger, Limit(0, "feature", "tokens", "total", 9_000, "chat"), by="root")
    set_limit(ledger, Limit(0, "feature", "tokens", "total", 10, "triage"), by="root")
    assert left(open_page()) == ["9,000 tokens left of feature chat's 9,000 tokens in total"]
    set_limit(ledger, Limit(0, "feature", "tokens", "total", 0, "chat"), by="root")
    assert any("Feature chat may not use any tokens." in body for body in html_of(open_page()))
