"""Every number on Overview, Users, Models and Prices is what the oracle says of the same calls."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from statistics import median

import pytest

from llmtrack.ledger import Ledger
from llmtrack.ledger.records import Feedback, Generation
from pages.components import formatting
from tests.ledger import oracle
from tests.pages.conftest import OpenPage, call, changes_of, hrefs_of, html_of, tables_of, tiles_of

NOW = datetime.now(UTC)
MODELS = {"gpt-4o": 3_000_000, "claude-opus-4-5": 41_000_000, "gpt-5-mini": 900_000}
USERS = [f"user-{number:02}" for number in range(24)]


@pytest.fixture
def story(ledger: Ledger) -> list[Generation]:
    """Calls of two months: who calls more costs more; one model has no price, some calls fail."""
    made = []
    for number, user in enumerate(USERS):
        for day in (2, 9, 16, 33, 40):
            for index in range(1 + number % 3):
                model = [*MODELS][(number + index) % 3]
                made.append(
                    call(
                        at=NOW - timedelta(days=day, minutes=index, seconds=number), user_id=user, response_model=model,
                        cost=MODELS[model] * (1 + number) * (2 if day == 9 else 1),
                        tokens=(1_000 * (1 + number), 100 + day), duration=1_000_000 * (1 + number),
                        trace_id=f"{user} {day} {index}", feature="chat",
                    )
                )  # fmt: skip
    failed = {"status": "error", "error_type": "timeout", "response_model": "gpt-4o", "tokens": (None, None)}
    made += [call(at=NOW - timedelta(days=5, seconds=n), user_id="user-03", cost=0, **failed) for n in range(3)]
    made += [call(at=NOW - timedelta(days=5, seconds=9), user_id="user-04", cost=None, response_model="in-house")]
    ledger.write(made)
    ledger.write(
        [
            Feedback(
                trace_id=f"user-0{n} 2 0",
                user_id=f"user-0{n}",
                score=1 if n else -1,
                comment=None,
                at=oracle.micros(NOW),
            )
            for n in range(4)
        ]
    )
    return made


def within(story: list[Generation], first: int, last: int) -> list[Generation]:
    """The calls of whole days, from so many days ago to so many days ago."""
    midnight = NOW.replace(hour=0, minute=0, second=0, microsecond=0)
    begin, end = midnight - timedelta(days=first), midnight - timedelta(days=last - 1)
    return [g for g in story if oracle.micros(begin) <= g.started_at < oracle.micros(end)]


def cost(calls: list[Generation]) -> Decimal:
    """Dollars, as far as it is known."""
    return sum((Decimal(g.cost.total) / 10**9 for g in calls if g.cost.total is not None), Decimal(0))


def tokens(calls: list[Generation]) -> int:
    """Tokens in and out, as far as they are known."""
    return sum((g.usage.input_tokens or 0) + (g.usage.output_tokens or 0) for g in calls)


def by_user(calls: list[Generation]) -> dict[str, Decimal]:
    """The cost of each user."""
    costs: dict[str, Decimal] = defaultdict(Decimal)
    for g in calls:
        if g.cost.total is not None:
            costs[str(g.user_id)] += Decimal(g.cost.total) / 10**9
    return costs


@pytest.mark.slow
def test_the_overview_says_what_the_calls_were(open_page: OpenPage, story: list[Generation]) -> None:
    now, before = within(story, 29, 0), within(story, 59, 30)
    app = open_page("admin/overview.py")
    told = tiles_of(app)
    per_user = cost(now) / len(by_user(now))
    assert told["Cost"] == f"${cost(now):,.2f}"
    assert told["Calls"] == f"{len(now):,}"
    assert told["Users"] == "24"
    assert told["Cost per user"] == f"${per_user:.2f}"
    assert told["Feedback"] == "75\u202f%"
    assert told["Errors"] == f"{300 / len(now):.1f}\u202f%"
    change = round(100 * (cost(now) / cost(before) - 1))
    assert changes_of(app)["Cost"] == f"+{change}\u202f% · ${cost(before):,.2f} before"


@pytest.mark.slow
def test_the_factors_multiply_up_to_the_change_and_their_parts_add_up_to_it(
    open_page: OpenPage, story: list[Generation]
) -> None:
    now, before = within(story, 29, 0), within(story, 59, 30)
    app = open_page("admin/overview.py")
    (table,) = [table for table in tables_of(app) if "Share of change" in table[0]]
    rows = {row["Factor"]: row for row in table}

    def factors(calls: list[Generation]) -> list[Decimal]:
        users, n, t = len({g.user_id for g in calls}), len(calls), tokens(calls)
        return [Decimal(users), Decimal(n) / users, Decimal(t) / n, 10**6 * cost(calls) / t]

    names = ["Users", "Calls per user", "Tokens per call", "Cost per 1M tokens"]
    for name, new, old in zip(names, factors(now), factors(before), strict=True):
        assert rows[name]["Times"] == f"\N{MULTIPLICATION SIGN}\xa0{new / old:.2f}", name
    assert rows["Cost"]["Before"] == f"${cost(before):.2f}"
    assert rows["Cost"]["Now"] == f"${cost(now):.2f}"
    parts = [Decimal(rows[name]["Share of change"].replace("$", "").replace("\u2212", "-")) for name in names]
    change = cost(now) - cost(before)
    assert sum(parts) == round(change, 2)
    assert rows["Cost"]["Share of change"] == f"+${change:.2f}"


@pytest.mark.slow
def test_the_tables_of_the_overview_add_up(open_page: OpenPage, story: list[Generation]) -> None:
    now = within(story, 29, 0)
    users = next(table for table in tables_of(open_page("admin/overview.py")) if "User" in table[0])
    costs = sorted(by_user(now).items(), key=lambda pair: -pair[1])
    for row, (name, amount) in zip(users, costs[:8], strict=False):
        share = 100 * amount / cost(now)
        assert (row["User"], row["Cost"]) == (name, f"${amount:.2f}")
        assert row["Share"] == (f"{share:.0f}\u202f%" if share >= Decimal("0.5") else "<\xa01\u202f%")
    rest, whole = users[8:]
    assert (rest["User"], rest["Cost"]) == ("16 more", f"${sum(amount for _, amount in costs[8:]):.2f}")
    assert (whole["Calls"], whole["Cost"]) == (f"{len(now):,}", f"${cost(now):.2f}")


@pytest.mark.slow
def test_the_users_page_says_mean_median_and_who_is_above_the_95th_percentile(
    open_page: OpenPage, story: list[Generation]
) -> None:
    now = within(story, 29, 0)
    costs = sorted(by_user(now).values())
    p95 = costs[-(-95 * len(costs) // 100) - 1]
    app = open_page("admin/users.py")
    told, said = tiles_of(app), changes_of(app)
    assert told["Cost per user, mean"] == f"${sum(costs) / len(costs):.2f}"
    assert said["Cost per user, mean"] == f"median {formatting.usd(Decimal(median(costs)))}"
    assert (told["Above P95"], said["Above P95"]) == ("1", f"more than ${p95:.2f}")
    (table,) = tables_of(app)
    assert table[1]["User"] == f"P95 ${p95:.2f} 1 user is above"
    listed = {row["User"]: row for row in table if "Cost" in row}
    for user, amount in by_user(now).items():
        assert listed[user]["Cost"] == f"${amount:.2f}"
        assert listed[user]["Calls"] == f"{sum(g.user_id == user for g in now):,}"
    assert listed["user-00"]["Liked"] == "0\u202f%"
    assert listed["user-01"]["Liked"] == "100\u202f%"
    assert listed["user-09"]["Liked"] == "not judged"
    assert listed["user-00"]["Last seen"] == "2 days ago"
    assert listed["All users"]["Cost"] == f"${cost(now):.2f}"


@pytest.mark.slow
def test_the_users_are_ordered_as_the_address_says(open_page: OpenPage, story: list[Generation]) -> None:
    table = tables_of(open_page("admin/users.py", order="user"))[0]
    assert [row["User"] for row in table[:-1]] == USERS


@pytest.mark.slow
def test_the_models_page_says_what_each_costs_per_thousand_tokens_and_per_liked_answer(
    open_page: OpenPage, story: list[Generation]
) -> None:
    now = within(story, 29, 0)
    app = open_page("admin/models.py")
    table = {row["Model"]: row for row in tables_of(app)[0]}
    for model in MODELS:
        calls = [g for g in now if g.response_model == model]
        priced = [g for g in calls if g.cost.total is not None]
        assert table[model]["Cost"] == f"${cost(calls):.2f}"
        assert Decimal(table[model]["Per 1k tokens"][1:]) == round(1000 * cost(calls) / tokens(calls), 4)
        assert Decimal(table[model]["Per call"][1:]) == round(cost(calls) / len(priced), 4)
    assert (table["in-house"]["Cost"], table["in-house"]["Per 1k tokens"]) == ("unknown", "unknown")
    assert tiles_of(app)["Cost per liked answer"] == f"${cost(now) / 3:.2f}"
    assert changes_of(app)["Cost per liked answer"].endswith("3 liked of 4 judged")


@pytest.mark.slow
def test_another_model_is_compared_by_the_tokens_of_the_same_calls(open_page: OpenPage, ledger: Ledger) -> None:
    from llmtrack.ledger.price_book import add_price
    from llmtrack.pricing import BookEntry

    own = BookEntry("price", "openai", "cheap-1", 0, rates={"input": Decimal(1), "output": Decimal(2)})
    add_price(ledger, own, by="kim")
    ledger.write([call(cost=5 * 10**9, tokens=(1_000_000, 100_000))])
    app = open_page("admin/models.py", instead="openai/cheap-1")
    (row, _) = next(table for table in tables_of(app) if "On cheap-1" in table[0])
    assert (row["Cost"], row["On cheap-1"], row["Difference"]) == ("$5.00", "$1.20", "\u2212$3.80")


@pytest.mark.slow
def test_the_prices_page_says_what_each_price_did(open_page: OpenPage, ledger: Ledger) -> None:
    from llmtrack.ledger.price_book import add_price
    from llmtrack.pricing import BookEntry

    since = oracle.micros(NOW - timedelta(days=3))
    add_price(ledger, BookEntry("discount", "openai", "gpt-4o*", since, percent=Decimal(10)), by="kim")
    ledger.write(
        [call(cost=2 * 10**9), call(cost=10**9, at=NOW - timedelta(days=4)), call(cost=7, response_model="o3")]
    )
    app = open_page("admin/prices.py")
    (entry,) = next(table for table in tables_of(app) if "Their cost" in table[0])
    assert (entry["What"], entry["Calls since"], entry["Their cost"]) == ("-10% on openai/gpt-4o*", "1", "$2.00")
    used = {row["Model"]: row for row in next(table for table in tables_of(app) if "Input, $/M" in table[0])}
    assert (used["gpt-4o"]["Input, $/M"], used["gpt-4o"]["Calls"], used["gpt-4o"]["Cost"]) == ("$2.25", "2", "$3.00")


@pytest.mark.slow
def test_a_dear_day_is_named_with_whose_calls_it_was(open_page: OpenPage, ledger: Ledger) -> None:
    at = NOW.replace(hour=12) - timedelta(days=8)
    # Of the four other days of its weekday in the time, two cost a dollar and two nothing.
    ledger.write([call(at=at - timedelta(days=7 * weeks), cost=10**9) for weeks in (1, 2)])
    ledger.write([call(at=at, cost=10**10, user_id="<b>ann", feature="research", tokens=(60_000, 1_000))])
    app = open_page("admin/overview.py")
    (note,) = [body for body in html_of(app) if "above a usual" in body]
    assert f"<strong>+$9.50</strong> above a usual {at:%A} ($0.5000). 100\u202f% of the day is " in note
    assert "&lt;b&gt;ann</a>" in note
    assert "1 call of 61,000 tokens." in note


@pytest.mark.slow
@pytest.mark.parametrize("page", ["admin/overview.py", "admin/users.py", "admin/teams.py", "admin/latency.py"])
def test_a_page_that_finds_nothing_leads_on(open_page: OpenPage, ledger: Ledger, page: str) -> None:
    ledger.write([call(feature="chat", group="blue")])
    nothing = open_page(page, where="feature:is:nothing", span="7 days")
    assert {"?span=7+days", "?where=feature%3Ais%3Anothing&span=90+days"} <= set(hrefs_of(nothing))
    assert not any("Without the filters" in body for body in html_of(open_page(page, span="7 days")))
