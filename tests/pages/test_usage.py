"""The usage page: what a person reads about their own use."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal as D
from typing import Any

import pytest
import time_machine

from llmtrack.billing import statements
from llmtrack.billing.cycles import cycle_at
from llmtrack.billing.forecasts import DayAhead, Forecast
from llmtrack.chat.preferences import Preferences
from llmtrack.ledger import Ledger, metrics
from llmtrack.ledger.query import QueryResult
from llmtrack.ledger.statements import set_rate, statement
from llmtrack.pricing.usage import Cost, Price
from llmtrack.settings import get_settings
from pages.components import style
from pages.components.span import Span
from pages.components.tables import Column
from pages.components.usage import download, headline, heat
from pages.components.usage.choice import Time
from tests.pages.conftest import OpenPage, call, headline_of, hrefs_of, html_of, read, table_with, tables_of, tiles_of

NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)  # a Wednesday, day 18 of 30
PRICE = Price("genai-prices", "2026-11-01", "openai", "gpt-4o", "standard", {"input": "2.5"})


@pytest.fixture(autouse=True)
def now() -> Iterator[None]:
    """The clock stands in the middle of a billing cycle that began on 1 November 2026."""
    with time_machine.travel(NOW, tick=False):
        yield


def days_ago(days: int, hour: int = 9) -> datetime:
    return (NOW - timedelta(days=days)).replace(hour=hour)


def setting(monkeypatch: pytest.MonkeyPatch, **settings: str) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(f"LLMTRACK_{name}", value)
    get_settings.cache_clear()


@pytest.mark.slow
def test_an_unused_cycle_says_so_and_what_to_do(open_page: OpenPage) -> None:
    app = open_page("usage.py")
    assert headline_of(app)[:3] == ["$0.00", "0 messages", "12 days left"]
    texts = "\n".join(read(app))
    assert "Nothing used in this billing cycle yet" in texts
    assert "Send a message on the **Chat** page" in texts


@pytest.mark.slow
def test_cost_below_a_cent_has_six_decimals_and_what_is_left_out_is_said_beside_it(
    open_page: OpenPage, ledger: Ledger
) -> None:
    ledger.write(
        [
            call(cost=100_000, at=days_ago(1)),
            call(cost=23_000, at=days_ago(1), cost_status="estimated"),
            call(cost=None, at=days_ago(1)),
            call(cost=5_000, at=days_ago(1), cost_status="simulated"),
        ]
    )
    app = open_page("usage.py")
    assert headline_of(app) == [
        "$0.000123",
        "4 messages",
        "12 days left",
        "Expected by 30 Nov: too early to say",
        "Against 1 \N{EN DASH} 17 Oct: nothing to compare",
        "Without a price: 1 call",
        "Estimated: 1 call",
        "Simulated, not counted: 1 call, $0.000005",
    ]
    assert "A forecast needs 14 whole days of use; there is 1 day." in "".join(html_of(app))
    assert any("Day 18 of 30, UTC. List prices in US dollars." in body for body in html_of(app))


@pytest.mark.slow
def test_the_change_is_against_the_same_whole_days_of_the_cycle_before(open_page: OpenPage, ledger: Ledger) -> None:
    ledger.write(
        [
            call(cost=3 * 10**9, at=days_ago(1)),
            call(cost=10**9, at=NOW - timedelta(hours=1)),  # today is not over: it is in the cost and not in the change
            call(cost=2 * 10**9, at=datetime(2026, 10, 17, 23, tzinfo=UTC)),
            call(cost=9 * 10**9, at=datetime(2026, 10, 18, 1, tzinfo=UTC)),
        ]
    )
    lines = headline_of(open_page("usage.py"))
    assert lines[:2] == ["$4.00", "2 messages"]
    assert "Against 1 \N{EN DASH} 17 Oct: +50\N{NARROW NO-BREAK SPACE}%".replace("\N{NARROW NO-BREAK SPACE}", " ") in [
        line.replace("\N{NARROW NO-BREAK SPACE}", " ") for line in lines
    ]
    assert "Messages, 1 \N{EN DASH} 17 Oct: 1" in lines


@pytest.mark.slow
def test_with_enough_days_the_end_of_the_cycle_is_forecast_and_the_forecasts_score_shown(
    open_page: OpenPage, ledger: Ledger
) -> None:
    ledger.write([call(cost=10**9, at=days_ago(n)) for n in range(1, 50)])
    lines = headline_of(open_page("usage.py"))
    # 17 days at $1 and the half of today and twelve whole days to come at $1 each.
    assert "Expected by 30 Nov: $29.50" in lines
    assert any("range: $29.50 \N{EN DASH} $29.50" in line for line in lines)
    assert any(line.endswith("of 35 days") and "100" in line for line in lines)


@pytest.mark.slow
def test_the_markup_is_in_every_amount_and_said(
    open_page: OpenPage, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger.write([call(cost=10**9, at=days_ago(1)), call(cost=3 * 10**9, at=days_ago(2), response_model="gpt-5")])
    setting(monkeypatch, BILLING_MARKUP_PERCENT="12.5", BILLING_CURRENCY="EUR")
    set_rate(ledger, "EUR", 2026 * 12 + 10, "0.5", by="ada")
    app = open_page("usage.py")
    assert headline_of(app)[:2] == ["$4.50 2.25 EUR", "2 messages"]
    assert any("List prices plus 12.5\N{NARROW NO-BREAK SPACE}% markup in US dollars." in body for body in html_of(app))
    (by_model,) = tables_of(app)
    assert [(row["Model"], row["Cost"]) for row in by_model] == [
        ("gpt-5", "$3.38"), ("gpt-4o", "$1.12"), ("All models", "$4.50"),
    ]  # fmt: skip


@pytest.mark.slow
def test_a_model_without_a_price_is_unknown_and_named(open_page: OpenPage, ledger: Ledger) -> None:
    ledger.write([call(cost=10**9), *(call(cost=None, provider="ollama", response_model="in-<b>house") for _ in "12")])
    app = open_page("usage.py")
    (by_model,) = tables_of(app)
    assert [(row["Model"], row["Cost"]) for row in by_model] == [
        ("gpt-4o", "$1.00"), ("in-<b>house", "unknown"), ("All models", "$1.00"),
    ]  # fmt: skip
    assert any("2 calls to in-&lt;b&gt;house have no price and are not in the total." in body for body in html_of(app))


@pytest.mark.slow
def test_what_the_address_chooses_narrows_the_table_and_can_be_shown_again(open_page: OpenPage, ledger: Ledger) -> None:
    wednesday = days_ago(7, hour=9)
    ledger.write(
        [
            call(at=wednesday, cost=10**9, feature="chat"),
            call(at=wednesday.replace(hour=10), cost=10**9, feature="chat"),
            call(at=days_ago(14, hour=9), cost=10**9, feature="summary", response_model="gpt-5"),
            call(at=days_ago(6, hour=9), cost=10**9),
        ]
    )

    def rows(**address: str) -> list[tuple[str, str]]:
        (table,) = tables_of(open_page("usage.py", **address))
        head = next(iter(table[0]))
        return [(row[head], row["Calls"]) for row in table]

    assert rows(day="2026-11-11") == [("gpt-4o", "2"), ("All models", "2")]
    assert sorted(rows(hour="2-9")) == [("All models", "2"), ("gpt-4o", "1"), ("gpt-5", "1")]
    assert rows(hour="2-9", day="2026-11-11") == [("gpt-4o", "1"), ("All models", "1")]
    assert rows(by="feature", model="gpt-5") == [("summary", "1"), ("All features", "1")]
    assert rows(feature="(none)") == [("gpt-4o", "1"), ("All models", "1")]
    app = open_page("usage.py", hour="2-9", model="gpt-5")
    (chips,) = [body for body in html_of(app) if "ll-chips" in body]
    assert "Model: gpt-5" in chips
    assert "Hours: Wednesdays, 09:00 to 09:59" in chips
    assert "?hour=2-9" in hrefs_of(app)


@pytest.mark.slow
@pytest.mark.parametrize(
    "address",
    [
        {"cycle": "soon", "since": "x", "day": "2020-01-01", "hour": "9-99", "by": "x", "show": "y", "split": "user"},
        {"by": "call", "call": "1", "on": "nobody/nothing", "hour": "-", "until": "2026-11-01"},
    ],
)
def test_an_address_that_makes_no_sense_shows_the_page_as_it_is(
    open_page: OpenPage, ledger: Ledger, address: dict[str, str]
) -> None:
    ledger.write([call(cost=10**9)])
    app = open_page("usage.py", **address)
    assert headline_of(app)[0] == "$1.00"
    assert not app.error


@pytest.mark.slow
def test_earlier_cycles_and_any_range_are_chosen_by_address(open_page: OpenPage, ledger: Ledger) -> None:
    ledger.write([call(cost=10**9), call(cost=2 * 10**9, at=datetime(2026, 10, 5, tzinfo=UTC))])
    earlier = open_page("usage.py", cycle="2026-10-01")
    assert headline_of(earlier)[0] == "$2.00"
    assert any("Billing cycle of 31 days, UTC." in body for body in html_of(earlier))
    assert headline_of(open_page("usage.py", since="2026-10-05", until="2026-11-18"))[0] == "$3.00"


@pytest.mark.slow
def test_every_call_is_listed_with_the_parts_of_its_cost_and_the_price_used(
    open_page: OpenPage, ledger: Ledger
) -> None:
    priced = Cost("exact", total=1_250_000, input=1_000_000, cache_read=50_000, output=200_000, price=PRICE)
    made = call(at=days_ago(1), feature="chat")
    made.cost = priced
    theirs = call(user_id="ann", cost=10**9)
    ledger.write([made, theirs])
    app = open_page("usage.py", by="call")
    ((row,),) = tables_of(app)
    shown = {
        name: row[name]
        for name in ("Model", "Feature", "Status", "Tokens in", "Input", "Cache", "Output", "Price used", "Cost")
    }
    assert shown == {
        "Model": "gpt-4o", "Feature": "chat", "Status": "ok", "Tokens in": "1,000", "Input": "$0.001000",
        "Cache": "$0.000050", "Output": "$0.000200", "Price used": "genai-prices 2026-11-01: gpt-4o", "Cost": "$0.001250",
    }  # fmt: skip
    assert f"?by=call&call={made.id}" in hrefs_of(app)
    opened = open_page("usage.py", by="call", call=str(made.id))
    assert any("1,000 → 100" in body for body in html_of(opened))
    refused = open_page("usage.py", by="call", call=str(theirs.id))
    assert [warning.value for warning in refused.warning] == ["There is no such call (any more), or it is not yours."]


@pytest.mark.slow
def test_conversations_are_listed_with_their_cost(open_page: OpenPage, ledger: Ledger) -> None:
    ledger.write(
        [
            call(cost=10**9, session_id="s1"),
            call(cost=10**9, session_id="s1"),
            call(cost=5, user_id="ann", session_id="s2"),
        ]
    )
    ((row,),) = tables_of(open_page("usage.py", by="conversation"))
    assert (row["Conversation"], row["Calls"], row["Cost"]) == ("s1", "2", "$2.00")


@pytest.mark.slow
def test_favourites_are_compared_the_cheapest_first(
    open_page: OpenPage, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    from llmtrack.chat.models import get_catalog
    from llmtrack.ledger.price_book import add_price
    from llmtrack.pricing import BookEntry

    setting(monkeypatch, OPENAI_API_KEY="x", MODEL_LISTS="false")
    preferences = Preferences(ledger, "kim")
    for name, rate in (("gpt-5", 4), ("gpt-5-mini", 1)):
        model = get_catalog().find(f"openai/{name}")
        preferences.star(model)
        entry = BookEntry("price", "openai", name, since=1, rates={"input": D(rate), "output": D(0)})
        add_price(ledger, entry, by="ada", at=1)
    ledger.write([call(cost=3_000_000, tokens=(1000, 100))])
    app = open_page("usage.py")
    table = tables_of(app)[1]
    assert [tuple(row.values()) for row in table] == [
        ("openai/gpt-5-mini", "$0.001000", "$0.002000 less"),
        ("openai/gpt-5", "$0.004000", "$0.001000 more"),
    ]
    assert any(
        "The cheapest of your 2 favourites is <strong>openai/gpt-5-mini</strong>" in body for body in html_of(app)
    )
    assert "the same number of tokens" in "\n".join(read(app))


@pytest.mark.slow
def test_a_closed_cycle_is_issued_on_the_page_and_kept(open_page: OpenPage, ledger: Ledger) -> None:
    ledger.write([call(cost=2 * 10**9, at=datetime(2026, 10, 5, tzinfo=UTC))])
    app = open_page("usage.py", cycle="2026-10-01")
    app.session_state["statement_menu"] = True
    app.run()
    app.button(key="issue_statement").click().run()
    cycle = statements.own_cycles(ledger, ("kim",), 2)[1]
    assert cycle.number is not None
    assert statements.decode(statement(ledger, cycle.number).content).total == D(2)  # as the headline has it
    assert headline_of(app)[0] == "$2.00"
    assert any(f"{statements.printed_number(cycle.number)}, kept as it was issued." in text for text in read(app))


@pytest.mark.slow
def test_the_headline_reads_no_single_call(
    open_page: OpenPage, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In UTC no number but the heat map's comes from rows: the page costs the same at any number of calls."""
    ledger.write([call(cost=10**9, at=days_ago(n)) for n in range(40)])
    answers: list[QueryResult] = []
    answered = metrics.ask

    def asked_for(*given: object, **more: object) -> QueryResult:
        answers.append(answered(*given, **more))  # type: ignore[arg-type]
        return answers[-1]

    for module in ("llmtrack.ledger.metrics", "pages.components.usage.numbers"):
        monkeypatch.setattr(f"{module}.ask", asked_for)
    open_page("usage.py")
    from_rows = [answer.by for answer in answers if "rows" in answer.explain]
    assert from_rows == [("hour",)]
    assert len(answers) == 7  # totals, past days, tiles, bars, table, its lines, heat map
    assert sum(answer.queries for answer in answers) <= 40


@pytest.mark.slow
def test_the_tiles_say_what_is_known_on_average(open_page: OpenPage, ledger: Ledger) -> None:
    ledger.write([call(cost=30_000_000, tokens=(3000, 600)), call(cost=10_000_000, tokens=(1000, 200))])
    assert tiles_of(open_page("usage.py")) == {
        "First token, average": "0.50 s",
        "Cost per message": "$0.0200",
        "Tokens": "4.80k",
        "Read from cache": "0\N{NARROW NO-BREAK SPACE}%",
    }


def test_what_is_shown_is_saved_digit_for_digit_and_never_run_by_a_spreadsheet() -> None:
    columns = [Column("name", "Model"), Column("line", "Per day", "line"), Column("cost", "Cost", "usd")]
    rows: list[dict[str, Any]] = [
        {"name": "=1+1", "line": [1.0], "cost": D("0.000000001"), "id": 7},
        {"name": "gpt", "line": [], "cost": None},
    ]
    written = [column for column in columns if column.kind != "line"]
    saved = download.as_csv(written, rows).decode("utf-8-sig")
    assert list(csv.DictReader(io.StringIO(saved))) == [
        {"name": "'=1+1", "cost": "0.000000001"},
        {"name": "gpt", "cost": ""},
    ]
    assert json.loads(download.as_json(written, rows)) == [
        {"name": "=1+1", "cost": "0.000000001"}, {"name": "gpt", "cost": None},
    ]  # fmt: skip


def test_the_heat_map_has_a_step_for_each_sixth_of_the_maximum() -> None:
    html = heat.heat_map({(0, 9): 12, (0, 10): 1, (0, 11): 2, (0, 12): 3}, "")
    steps = [style.in_both(colour) for colour in style.HEAT]
    assert f'style="--h:{steps[6]}" title="Mondays 09:00: 12 messages"' in html
    assert f'style="--h:{steps[1]}" title="Mondays 10:00: 1 message"' in html
    assert f'style="--h:{steps[1]}" title="Mondays 11:00: 2 messages"' in html
    assert f'style="--h:{steps[2]}" title="Mondays 12:00: 3 messages"' in html
    assert f'<i style="--h:{steps[0]}" title="Sundays 23:00: 0 messages">' in html


def test_with_a_limit_the_bar_what_is_left_and_the_day_it_is_reached_are_shown() -> None:
    day = NOW.date()
    cycle = cycle_at(NOW)
    time = Time(Span(cycle.period, "UTC"), (cycle, cycle_at(datetime(2026, 10, 5, tzinfo=UTC))), cycle, NOW)
    ahead = [DayAhead(day + timedelta(days=n), D("0.2"), D("1.88") + n * D("0.2"), D("1.8"), D(4)) for n in range(13)]
    limit = headline.CycleLimit(D(3), D("1.9"), datetime(2026, 12, 1, tzinfo=UTC), D(3), D(0))
    totals = {"cost": D("1.8841"), "messages": 168, "unpriced": 0, "simulated": 0, "api_equivalent": 0}
    body = headline.html(time, totals, None, Forecast(tuple(ahead), 60, 75), limit)
    assert "of your $3.00 limit" in body
    assert 'style="width:63.3%"' in body
    assert "63\N{NARROW NO-BREAK SPACE}% used, <strong>$1.10 left</strong>" in body
    assert "resets 1 Dec, 00:00" in body
    assert "At this pace the limit is reached on <strong>24 Nov</strong>" in body  # 1.88 and six times 0.2
    assert "<dt" in body
    assert "80\N{NARROW NO-BREAK SPACE}% of 75 days" in body
    close = headline.html(time, totals, None, None, headline.CycleLimit(D(2), D("1.9"), limit.resets_at, D(2), D(0)))
    assert "--c:var(--ll-warn-fill)" in close
    over = headline.CycleLimit(D(3), D("3.2"), limit.resets_at, D(3), D(0))
    assert "At this pace" not in headline.html(time, totals, None, Forecast(tuple(ahead), 60, 75), over)


@pytest.mark.slow
def test_ones_own_limits_stand_in_the_headline_and_nobody_elses(open_page: OpenPage, ledger: Ledger) -> None:
    from llmtrack.ledger.limit_book import set_limit
    from llmtrack.ledger.limits import EACH, Limit

    ledger.write([call(cost=1_880_000_000, at=NOW - timedelta(hours=1)), call(cost=9 * 10**9, user_id="ann")])
    set_limit(ledger, Limit(0, "user", "cost", "cycle", 3 * 10**9, EACH), by="ada")
    set_limit(ledger, Limit(0, "user", "messages", "day", 50, "kim"), by="ada")
    set_limit(ledger, Limit(0, "user", "cost", "day", 10**9, "ann"), by="ada")
    app = open_page("usage.py")
    lines = headline_of(app)
    assert lines[0] == "$1.88 of your $3.00 limit"
    assert "$1.12 left" in lines[2]
    assert "resets 1 Dec, 00:00" in lines
    cycle, day = table_with(app, "Used")
    assert (cycle["Limit"], cycle["Used"], cycle["Of"], cycle["Left"]) == (
        "Cost per cycle$1.12 left, " + f"resets {cycle['Resets']}", "$1.88", "$3.00", "$1.12",
    )  # fmt: skip
    assert (day["Used"], day["Of"], day["Left"]) == ("1", "50", "49")
    assert not any("per day: $" in line for line in lines)


@pytest.mark.slow
def test_a_limit_counts_with_its_markup_as_the_page_does(
    open_page: OpenPage, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    from llmtrack.ledger.limit_book import set_limit
    from llmtrack.ledger.limits import EACH, Limit

    setting(monkeypatch, BILLING_MARKUP_PERCENT="25")
    set_limit(ledger, Limit(0, "user", "cost", "cycle", 10 * 10**9, EACH), by="ada")
    ledger.write([call(cost=2 * 10**9, at=NOW - timedelta(hours=1))])
    lines = headline_of(open_page("usage.py"))
    assert lines[0] == "$2.50 of your $10.00 limit"
    assert lines[2].endswith("used, $7.50 left")
    setting(monkeypatch, BILLING_MARKUP_PERCENT="0")
    lines = headline_of(open_page("usage.py"))
    assert lines[0] == "$2.00 of your $10.00 limit"
    assert lines[2].endswith("$7.50 left , counted with 25 % markup")
