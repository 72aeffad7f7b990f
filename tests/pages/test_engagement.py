"""The Engagement page: its numbers, its doors, and what it says where too little is known."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from llmtrack.ledger import Ledger
from llmtrack.ledger.records import Generation, Identity
from tests.pages.conftest import OpenPage, call, hrefs_of, read, tables_of
from tests.pages.plain_spaces import html_of, table_with, tidy, tiles_of

NOW = datetime.now(UTC).replace(hour=0, minute=30)
MONDAY = NOW - timedelta(days=NOW.weekday())
"""The beginning of the running week."""


def weeks_ago(number: int, user: str, **given: object) -> Generation:
    return call(at=MONDAY - timedelta(days=7 * number), user_id=user, **given)


@pytest.fixture
def three_weeks(ledger: Ledger) -> None:
    """Ann in every week, bob in the first alone, carol from the second on; the week that runs has nobody."""
    ledger.write(
        [weeks_ago(n, "ann") for n in (3, 2, 1)]
        + [weeks_ago(3, "bob")]
        + [weeks_ago(n, "carol", feature="chat") for n in (2, 1)]
        + [
            Identity("ann", {"plan": "pro"}, 1),
            Identity("bob", {"plan": "free"}, 1),
            Identity("dan", {"plan": "free"}, 1),
        ]
    )


@pytest.mark.usefixtures("three_weeks")
def test_tiles_say_who_used_it_and_what_share_of_the_known_people_that_is(open_page: OpenPage) -> None:
    app = open_page("admin/use/engagement.py")
    tiles = tiles_of(app)
    assert tiles["Active in 30 days"] == "3"
    assert any("2 of 3 known people" in body for body in html_of(app))
    assert tiles["Calls per user, median"] == "2"
    assert any("somebody who works without them looks lost here" in body for body in html_of(app))


@pytest.mark.usefixtures("three_weeks")
def test_the_triangle_has_each_cohort_and_how_many_came_back(open_page: OpenPage) -> None:
    app = open_page("admin/use/engagement.py")
    rows = table_with(app, "First used")
    ann_and_bob = rows[0]
    assert ann_and_bob["Users"] == "2"
    assert ann_and_bob["week 0"] == "100 %"
    assert ann_and_bob["1"] == "50 %"
    assert rows[-1]["First used"] == "All"


@pytest.mark.slow
@pytest.mark.usefixtures("three_weeks")
def test_a_number_opens_the_people_behind_it(open_page: OpenPage) -> None:
    app = open_page("admin/use/engagement.py")
    hrefs = [href for href in hrefs_of(app) if "who=back" in href]
    assert hrefs, "cells of the triangle are links"
    first = min(int(href.split("who=back%3A")[1].split("%3A")[0]) for href in hrefs)
    app = open_page("admin/use/engagement.py", who=f"back:{first}:0")
    table = next(table for table in tables_of(app) if "Calls in this time" in table[0])
    assert {row["User"]: row["Calls in this time"] for row in table} == {"ann": "3", "bob": "1"}
    app = open_page("admin/use/engagement.py", who=f"lost:{first + 1}")
    table = next(table for table in tables_of(app) if "Calls in this time" in table[0])
    assert [row["User"] for row in table] == ["bob"]


@pytest.mark.slow
@pytest.mark.parametrize("who", ["lost:99", "back:0", "back:x:1", "nobody", "calls:7", "active:-1", "new:1:2:3"])
@pytest.mark.usefixtures("three_weeks")
def test_what_names_nobody_is_left_out(open_page: OpenPage, who: str) -> None:
    app = open_page("admin/use/engagement.py", who=who)
    assert not app.error
    assert not any("Calls in this time" in table[0] for table in tables_of(app) if table)


@pytest.mark.slow
def test_the_heat_map_counts_calls_by_the_zones_clock_and_opens_them(open_page: OpenPage, ledger: Ledger) -> None:
    at = [MONDAY - timedelta(days=days, hours=hours) for days, hours in ((3, 4), (3, 4), (5, 9))]
    ledger.write([call(at=one) for one in at])
    app = open_page("admin/use/engagement.py")
    expected = Counter((one.isoweekday(), one.hour) for one in at)
    opened = {href for href in hrefs_of(app) if href.startswith("calls?") and "weekday" in href}
    for (weekday, hour), calls in expected.items():
        assert any(f"where=weekday%3Ais%3A{weekday}&where=hour_of_day%3Ais%3A{hour}" in href for href in opened)
        named = f"{hour:02d}:00: {calls} call{'s' if calls > 1 else ''}"
        assert any(named in body for body in html_of(app))
    assert len(opened) == len(expected)


@pytest.mark.slow
@pytest.mark.usefixtures("three_weeks")
def test_too_few_users_are_not_cut_into_tenths(open_page: OpenPage) -> None:
    assert any("3 users: a tenth of them takes 20." in text for text in read(open_page("admin/use/engagement.py")))


@pytest.mark.slow
def test_the_most_engaged_are_set_against_the_least(open_page: OpenPage, ledger: Ledger) -> None:
    records = []
    for number in range(120):
        busy = number < 12
        for _ in range(6 if busy else 1):
            feature = "review" if busy and number % 4 else "chat"
            records.append(call(user_id=f"u{number:03}", feature=feature, cost=1_000_000_000))
    ledger.write(records)
    rows = {row[""]: row for row in table_with(open_page("admin/use/engagement.py"), "What it means")}
    calls = rows["Calls per user"]
    assert (calls["Most, 12 users"], calls["Least, 12 users"], calls["Difference"]) == ("6", "1", "+5")
    review = rows["Use review"]
    assert (review["Most, 12 users"], review["Least, 12 users"]) == ("75 %", "0 %")
    assert review["What it means"].startswith("95 % interval +3")
    assert rows["Good answers"]["What it means"] == "too few users to say (0)" if "Good answers" in rows else True


@pytest.mark.slow
def test_new_users_are_set_against_earlier_ones(open_page: OpenPage, ledger: Ledger) -> None:
    week = timedelta(days=7)
    ledger.write([call(at=NOW - 8 * week, user_id=f"old{n}") for n in range(12)])
    ledger.write([call(at=NOW - week, user_id=f"old{n}") for n in range(12)])
    ledger.write([call(at=NOW - week, user_id=f"new{n}") for n in range(15) for _ in range(3)])
    app = open_page("admin/use/engagement.py", groups="new")
    rows = {row[""]: row for row in table_with(app, "What it means")}
    calls = rows["Calls per user"]
    assert (calls["New, 15 users"], calls["Earlier, 12 users"], calls["Difference"]) == ("3", "1", "+2")


@pytest.mark.slow
@pytest.mark.usefixtures("three_weeks")
def test_where_everybody_is_new_there_is_nobody_to_compare_with(open_page: OpenPage) -> None:
    texts = read(open_page("admin/use/engagement.py", groups="new"))
    assert any("Everybody in this time was new." in text for text in texts)


def test_without_calls_it_says_where_it_looked(open_page: OpenPage) -> None:
    assert any("No calls in" in text for text in read(open_page("admin/use/engagement.py")))


@pytest.mark.slow
def test_use_and_waiting_are_set_against_coming_back_and_revenue(open_page: OpenPage, ledger: Ledger) -> None:
    early, late = NOW - timedelta(days=25), NOW - timedelta(days=2)
    ledger.write([
        *(call(at=early, user_id=f"often {n}", duration=1_000_000) for n in range(4) for _ in range(6)),
        *(call(at=early, user_id=f"once {n}", duration=20_000_000) for n in range(4)),
        *(call(at=late, user_id=f"often {n}") for n in range(4)),
        call(at=late, user_id="once 0"),
        *(Identity(f"often {n}", {"revenue": 20}, 1) for n in range(4)),
    ])  # fmt: skip
    app = open_page("admin/use/engagement.py")
    (use,) = [table for table in tables_of(app) if {"Calls", "Revenue"} <= table[0].keys()]
    assert [(row["Calls"], row["Users"], row["Revenue"], tidy(row["Came back"])) for row in use] == [
        ("under 5", "4", "unknown", "25 %"), ("5 \N{EN DASH} 20", "4", "$20.00", "100 %"),
    ]  # fmt: skip
    (waiting,) = [table for table in tables_of(app) if "Time of an answer" in table[0]]
    assert [(row["Time of an answer"], row["Users"]) for row in waiting] == [("under 3 s", "4"), ("from 10 s", "4")]


@pytest.mark.slow
def test_too_few_users_say_nothing_about_coming_back(open_page: OpenPage, ledger: Ledger) -> None:
    ledger.write([call(at=NOW - timedelta(days=25), user_id="ann")])
    assert "Too few users in the first half of the time to say." in list(read(open_page("admin/use/engagement.py")))
