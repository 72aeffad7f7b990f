"""The numbers of the pages are those that a plain count over the records gives."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from llmtrack.ledger import Ledger
from llmtrack.ledger.query import Filter, histogram
from llmtrack.ledger.records import Generation, Identity
from pages.components import formatting
from tests.ledger import oracle
from tests.pages.conftest import OpenPage, call, hrefs_of, tables_of, tiles_of

SEED = 4
TIME = {"span": "Dates", "days": [str(oracle.BEGIN.date()), str((oracle.BEGIN + timedelta(days=oracle.DAYS)).date())]}
Rows = Sequence[Generation]


@pytest.fixture
def rows(ledger: Ledger) -> list[Generation]:
    """Records of all kinds, written to the pages' ledger."""
    made = oracle.records(SEED)
    ledger.write([*(Identity(name, attributes, 1) for name, attributes in oracle.ATTRIBUTES.items()), *made])
    return made


def of(rows: Rows, dimension: str, value: Any) -> list[Generation]:
    return [row for row in rows if oracle.DIMENSIONS[dimension](row) == value]


def values(rows: Rows, dimension: str) -> set[Any]:
    return {oracle.DIMENSIONS[dimension](row) for row in rows}


def number(name: str, rows: Rows) -> Any:
    return (oracle.METRICS.get(name) or oracle.PERCENTILES[name])(rows)


def close(text: str, seconds: float | None) -> None:
    """A percentile on a page, within the 1 % that sketches promise and the digits that are shown."""
    if seconds is None:
        assert text == formatting.UNKNOWN
        return
    parts = [float(part.replace(",", "")) for part in re.findall(r"[\d.,]+", text)]
    shown = parts[0] * 60 + parts[1] if "min" in text else parts[0]
    assert abs(shown - seconds) <= 0.011 * seconds + (0.6 if "min" in text else 0.06)


@pytest.mark.slow
def test_errors_by_side_model_feature_and_message(open_page: OpenPage, rows: list[Generation]) -> None:
    app = open_page("admin/errors.py", **TIME)
    tiles = tiles_of(app)
    failed = of(rows, "status", "error")
    assert tiles["Errors"] == formatting.count(number("errors", rows))
    assert tiles["Error rate"] == formatting.rate(number("error_rate", rows))
    assert tiles["Users hit"] == formatting.count(number("users", failed))
    assert tiles["Stopped"] == formatting.count(number("cancelled", rows))
    assert tiles["Refused"] == formatting.count(number("refused", rows))
    assert tiles["Timeouts"] == formatting.percent(number("timeouts", rows), len(failed))
    retried = [row for row in rows if row.attempts > 1 and row.status == "ok"]
    assert tiles["Hidden by a retry"] == formatting.count(len(retried))
    sides = ("user_errors", "provider_errors", "rate_limits", "other_errors")
    assert tiles["Whose side"] == " · ".join(str(number(name, rows)) for name in sides)

    matrix, groups, models = tables_of(app)
    for line in matrix:
        feature = None if line["Feature"] == "not given" else line["Feature"]
        own = of(failed, "feature", feature)
        assert line.pop("All") == str(len(own))
        del line["Feature"]
        for kind, count in line.items():
            assert count == str(len(of(own, "error_type", None if kind == "other" else kind))), kind
    assert sum(int(group["Errors"]) for group in groups) == len(failed)
    for group in groups:  # the oracle's have no messages, so a group is a kind
        own = of(failed, "error_type", group["Kind"])
        if group["Kind"] == "unknown":
            own = [row for row in failed if row.error_type in (None, "unknown")]
        assert (group["Errors"], group["Users"]) == (str(len(own)), str(number("users", own)))
    assert len(models) == len({(row.provider, oracle.DIMENSIONS["model"](row)) for row in rows}) + 1
    for name, key in (("Calls", "generations"), ("Errors", "errors"), ("Rate limits", "rate_limits"),
                      ("Caller's side", "user_errors"), ("Provider's side", "provider_errors"),
                      ("of these timeouts", "timeouts"), ("Other", "other_errors"), ("Refused", "refused")):  # fmt: skip
        assert models[-1][name] == formatting.count(number(key, rows)), name
        assert sum(int(line[name]) for line in models[:-1]) == number(key, rows), name


@pytest.mark.slow
def test_times_by_model_feature_and_status(open_page: OpenPage, rows: list[Generation]) -> None:
    app = open_page("admin/latency.py", **TIME)
    tiles = tiles_of(app)
    assert tiles["Time, average"] == formatting.seconds(number("duration", rows))
    assert tiles["Tokens a second"] == formatting.compact(number("tokens_per_second", rows))
    assert tiles["Timeouts"] == formatting.count(number("timeouts", rows))
    for label, name in (("Time, median", "duration_p50"), ("Time, P95", "duration_p95"), ("Time, P99", "duration_p99"),
                        ("First token, median", "time_to_first_token_p50")):  # fmt: skip
        close(tiles[label], number(name, rows))
    by_model, by_feature, by_status = tables_of(app)
    for table, heading, dimension in ((by_model, "Model", "model"), (by_feature, "Feature", "feature")):
        assert {line[heading] for line in table[:-1]} == {value or "not given" for value in values(rows, dimension)}
        for line in table:
            value = None if line[heading] == "not given" else line[heading]
            own = rows if line is table[-1] else of(rows, dimension, value)
            assert line["Timed"] == formatting.count(number("timed_answers", own))
            assert line["Timeouts"] == formatting.count(number("timeouts", own))
            for column, metric in (("Median", "duration_p50"), ("P95", "duration_p95"), ("P99", "duration_p99"),
                                   ("First token", "time_to_first_token_p50")):  # fmt: skip
                close(line[column], number(metric, own))
    for line in by_status:
        own = of(rows, "status", "cancelled" if line["Status"] == "stopped" else line["Status"])
        assert line["Calls"] == formatting.count(len(own))
        close(line["Median"], number("generation_duration_p50", own))


FILTERS: list[tuple[str, Callable[[Generation], bool]]] = [
    ("operation:is:chat", lambda row: row.operation == "chat"),
    ("model:contains:GPT", lambda row: "gpt" in (row.response_model or row.request_model or "")),
    ("property.plan:above:2", lambda row: row.properties.get("plan") == 3),
    ("user.plan:not:pro", lambda row: row.user_id != "alice"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("where", "passes"), FILTERS, ids=[text for text, _ in FILTERS])
def test_a_filter_in_the_address_narrows_every_number(
    open_page: OpenPage, rows: list[Generation], where: str, passes: Callable[[Generation], bool]
) -> None:
    own = [row for row in rows if passes(row)]
    assert 0 < len(own) < len(rows)
    listed = tables_of(open_page("admin/features.py", **TIME, where=[where]))[0]
    assert {line["Feature"] for line in listed[:-1]} == {value or "not given" for value in values(own, "feature")}
    for line in listed:
        feature = None if line["Feature"] == "not given" else line["Feature"]
        part = own if line is listed[-1] else of(own, "feature", feature)
        assert line["Calls"] == formatting.count(len(part))
        assert line["Users"] == formatting.count(number("users", part))
        assert line["Errors"] == formatting.rate(number("error_rate", part))
        assert line["Cost"] == money(number("cost", part), 2)


def money(amount: Decimal | None, decimals: int) -> str:
    return formatting.usd_with(amount, decimals)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("page", "parameter", "dimension", "name", "parts"),
    [
        ("user", "user", "user", "alice", {"Feature": "feature", "Model": "model"}),
        ("teams", "team", "group", "red", {"Feature": "feature", "Model": "model", "User": "user"}),
        ("features", "feature", "feature", "chat", {"User": "user", "Model": "model", "Team": "group"}),
        ("model", "model", "model", "gpt-1", {"Feature": "feature", "User": "user"}),
    ],
)
def test_the_page_of_one_thing(
    open_page: OpenPage, rows: list[Generation], page: str, parameter: str, dimension: str, name: str, parts: dict[str, str]
) -> None:  # fmt: skip
    app = open_page(f"admin/{page}.py", **TIME, **{parameter: name})
    own = of(rows, dimension, name)
    tiles = tiles_of(app)
    assert tiles["Cost"] == formatting.usd(number("cost", own))
    assert tiles["Calls"] == formatting.count(len(own))
    assert tiles["Cost per call"] == formatting.usd(number("cost_per_generation", own))
    assert tiles["Errors"] == formatting.rate(number("error_rate", own))
    assert tiles["Time, average"] == formatting.seconds(number("duration", own))
    tables = tables_of(app)
    for heading, other in parts.items():
        (table,) = [table for table in tables if heading in table[0] and "Cost per call" in table[0]]
        names = {None: "no user given" if other == "user" else "not given"}
        for line in table:
            line[heading] = line[heading].removesuffix(" (simulated)")
        assert {line[heading] for line in table[:-1]} == {names.get(value, value) for value in values(own, other)}
        for line in table[:-1]:
            value = None if line[heading] in names.values() else line[heading]
            part = of(own, other, value)
            assert line["Calls"] == formatting.count(len(part))
            cost = number("cost", part)
            assert line["Cost"] in {money(cost, decimals) for decimals in (2, 4, 6)}
    dearest = sorted((row.cost.total or 0 for row in own if row.cost), reverse=True)[:5]
    (calls,) = [table for table in tables if "Asked" in table[0]]
    shown = [line["Cost"] for line in calls]
    assert shown == [money(Decimal(nano).scaleb(-9), 4 if dearest[0] < 10**9 else 2) for nano in dearest]


@pytest.mark.slow
def test_lists_hold_every_call_once_in_order(open_page: OpenPage, rows: list[Generation]) -> None:
    listed: list[str] = []
    address: dict[str, Any] = {**TIME, "where": ["operation:is:chat"]}
    own = of(rows, "operation", "chat")
    for _ in range(10):
        app = open_page("admin/generations.py", **address)
        listed += [href for href in hrefs_of(app) if re.search(r"[?&]call=\d+", href)]
        after = [href for href in hrefs_of(app) if "after=" in href and "from=" in href and "call=" not in href]
        following = [href for href in after if f"from={len(listed) + 1}" in href]
        if not following:
            break
        address = parse_qs(urlsplit(following[0]).query)
    ids = [int(re.search(r"[?&]call=(\d+)", href)[1]) for href in listed]  # type: ignore[index]
    assert ids == sorted((row.id for row in own), reverse=True)
    assert len(own) > 50, "more than a page"


@pytest.mark.slow
def test_traces_cost_what_their_calls_cost(open_page: OpenPage, rows: list[Generation]) -> None:
    listed = tables_of(open_page("admin/traces.py", **TIME, order="-cost"))[0]
    by_trace = {name: of(rows, "trace", name) for name in values(rows, "trace") - {None}}
    assert len(listed) == len(by_trace)
    costs = sorted((number("cost", calls) or Decimal(0) for calls in by_trace.values()), reverse=True)
    shown = [line["Cost"] for line in listed]
    assert shown[:5] == [money(cost, 2) for cost in costs[:5]]
    assert sum(int(line["Calls"]) for line in listed) == sum(len(calls) for calls in by_trace.values())


def test_a_histogram_counts_what_lies_between_its_edges(ledger: Ledger) -> None:
    seconds = (0.2, 0.3, 0.7, 1.4, 1.4, 4.0, 50.0, 61.0)
    ledger.write([call(duration=int(value * 1_000_000), feature="a") for value in seconds])
    ledger.write([call(duration=700_000, status="error", error_type="server")])
    assert histogram(ledger, "duration_p50", (0.5, 1, 60)) == [2, 1, 4, 1]
    assert histogram(ledger, "generation_duration_p50", (0.5, 1, 60)) == [2, 2, 4, 1]
    assert histogram(ledger, "duration_p50", (0.5,), where=[Filter("feature", ("b",))]) == [0, 0]
    with pytest.raises(ValueError, match="'cost' has no distribution; name a percentile"):
        histogram(ledger, "cost", (1,))


@pytest.mark.slow
def test_users_by_what_is_known_of_them(open_page: OpenPage, rows: list[Generation]) -> None:
    app = open_page("admin/users.py", **TIME, attribute="user.plan")
    (groups,) = [table for table in tables_of(app) if "Plan" in table[0] and "Calls per user" in table[0]]
    assert {line["Plan"] for line in groups} == {value or "not given" for value in values(rows, "user.plan")}
    for line in groups:
        own = of(rows, "user.plan", None if line["Plan"] == "not given" else line["Plan"])
        assert line["Users"] == formatting.count(number("users", own))
        assert line["Errors"] == formatting.rate(number("error_rate", own))
        assert line["Calls per user"] == f"{number('generations_per_user', own):,.1f}"
