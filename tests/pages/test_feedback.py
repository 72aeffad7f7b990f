"""The Feedback page: the score in every way it is split, the answers, and what users did next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from llmtrack.ledger import Ledger
from llmtrack.ledger.records import Feedback, Generation, Identity
from tests.pages.conftest import OpenPage, call, hrefs_of, read, tables_of
from tests.pages.plain_spaces import html_of, table_with, tidy, tiles_of

NOW = datetime.now(UTC)
DASH = "\N{EN DASH}"


def judged(number: int, good: bool, *, comment: str | None = None, days: int = 12, **given: object) -> list[object]:
    """A call of an interaction of its own, and what was thought of it a minute later."""
    at = NOW.replace(hour=12) - timedelta(days=days)
    made: Generation = call(at=at, trace_id=f"t{number}", **given)
    when = made.started_at + 60_000_000
    return [made, Feedback(f"t{number}", made.user_id, 1 if good else -1, comment, when)]


@pytest.fixture
def opinions(ledger: Ledger) -> None:
    """Forty answers of gpt-4o, of which one in ten is bad, and thirty of mini, of which one in two is."""
    records: list[object] = [Identity("kim", {"plan": "pro"}, 1)]
    for n in range(40):
        records += judged(n, n % 10 != 0, duration=3_000_000, tokens=(1000, 200), user_id="kim")
    for n in range(40, 70):
        comment = "Wrong <b>city</b>." if n == 41 else None
        records += judged(
            n, n % 2 == 0, comment=comment, response_model="mini", request_model="mini", duration=1_000_000,
            tokens=(500, 100), user_id="bob", cost=2_000_000,
        )  # fmt: skip
    records.append(call(at=NOW.replace(hour=12) - timedelta(days=9), user_id="kim"))
    ledger.write(records)  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.usefixtures("opinions")
def test_tiles_count_judgements_comments_and_times(open_page: OpenPage) -> None:
    app = open_page("admin/feedback.py")
    tiles = tiles_of(app)
    assert tiles["Good answers"] == "72.9 %"  # 36 of 40 and 15 of 30
    assert tiles["Judged"] == "100.0 %"
    assert tiles["With a comment"] == "1"
    assert tiles["Time, median"] == "3.00 s"
    assert any("51 of 70 judged" in body and "1 on bad answers" in body for body in html_of(app))


@pytest.mark.usefixtures("opinions")
def test_the_score_is_split_by_model_time_length_and_attribute(open_page: OpenPage) -> None:
    app = open_page("admin/feedback.py")
    (table,) = [table for table in tables_of(app) if table[0].keys() >= {"Model", "Good"}]
    models = {row["Model"]: (row["Judged"], tidy(row["Good"])) for row in table}
    assert models == {"gpt-4o": ("40", "90 %"), "mini": ("30", "50 %")}
    times = {row["Time"]: (row["Judged"], row["Good"]) for row in table_with(app, "Time")}
    assert times["under 2 s"] == ("30", "50 %")
    assert times[f"2 {DASH} 5 s"] == ("40", "90 %")
    assert times["from 20 s"] == ("0", "nobody judged")
    lengths = {row["Tokens out"]: row["Judged"] for row in table_with(app, "Tokens out")}
    assert lengths == {"under 150": "30", f"150 {DASH} 400": "40", "from 400": "0"}
    plans = {row["Plan"]: row["Judged"] for row in table_with(app, "Plan")}
    assert plans == {"pro": "40", "not given": "30"}


@pytest.mark.usefixtures("opinions")
def test_a_model_that_is_judged_worse_is_said_with_its_interval(open_page: OpenPage) -> None:
    (note,) = (body for body in html_of(open_page("admin/feedback.py")) if "judged worse" in body)
    assert "50 % good of 30, the others 90 %" in note
    assert "95 % interval" in note


@pytest.mark.slow
@pytest.mark.usefixtures("opinions")
def test_what_users_did_next_is_counted_by_days_of_users(open_page: OpenPage) -> None:
    rows = {row["Came back"]: row for row in table_with(open_page("admin/feedback.py"), "Came back")}
    good, bad = rows["after a good answer"], rows["after a bad answer"]
    assert (good["Days"], good["Back"]) == ("2", "1"), "kim's day and bob's; kim called again three days later"
    assert (bad["Days"], bad["Back"]) == ("2", "1")
    assert bad["95 % interval"] == f"9 % {DASH} 91 %"  # Wilson, 1 of 2
    assert rows["after a failed call"]["Days"] == "0"


@pytest.mark.slow
@pytest.mark.usefixtures("opinions")
def test_bad_answers_come_first_with_text_comment_and_a_door(open_page: OpenPage, ledger: Ledger) -> None:
    app = open_page("admin/feedback.py")
    rows = table_with(app, "Asked")
    assert rows[0]["Comment"] == "Wrong <b>city</b>."
    assert rows[0]["Judged"] == "bad"
    assert rows[0]["Cost"] == "$0.002000"
    assert len(rows) == 10
    assert any(href.startswith("traces?trace=t41") for href in hrefs_of(app))
    best = [row["Judged"] for row in table_with(open_page("admin/feedback.py", order="good"), "Asked")]
    assert set(best) == {"good"}
    page = open_page("admin/feedback.py", **{"from": "60"})
    assert len(table_with(page, "Asked")) == 10
    assert any(f"61{DASH}70 of 70" in body for body in html_of(page))
    beyond = open_page("admin/feedback.py", **{"from": "99999"})
    assert any(f"61{DASH}70 of 70" in body for body in html_of(beyond))


def test_without_judgements_it_says_where_they_come_from(open_page: OpenPage, ledger: Ledger) -> None:
    ledger.write([call()])
    texts = list(read(open_page("admin/feedback.py")))
    assert any("Nobody judged an answer in" in text for text in texts)
    assert any("llmtrack.feedback" in text for text in texts)
