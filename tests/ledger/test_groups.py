"""What each user adds to the rates two groups are compared by, against a plain count over all records."""

from __future__ import annotations

from typing import Any

from llmtrack.ledger import Ledger
from llmtrack.ledger.engagement import calls_by_value, chosen, compare, people_behind, sums_per_user, users_by_value
from llmtrack.ledger.records import Generation
from tests.ledger import oracle
from tests.ledger.test_feedback import calls_of, passing, story

WHERES: tuple[dict[str, Any], ...] = ({}, {"model": "gpt-1"}, {"property.plan": "pro"})


def known(rows: list[Generation], field: str) -> list[int]:
    return [value for row in rows if (value := getattr(row, field)) is not None]


def test_sums_per_user_are_those_of_the_records(ledger: Ledger) -> None:
    records, judged = story(5)
    ledger.write([*records, *judged])
    for where in WHERES:
        sums = sums_per_user(ledger, timezone="Europe/Berlin", where=where)
        names = {number: one.user for number in sums for one in people_behind(ledger, [number])}
        by_name = {names[number]: values for number, values in sums.items()}
        rows = [r for r in records if all(oracle.passes(r, name, [v], False, "is") for name, v in where.items())]
        owners = {user for row in rows if (user := row.user_id) is not None}
        among = passing(records, judged, where)
        assert set(by_name) == owners | {u for one in among if (u := calls_of(records, one)[0].user_id) is not None}
        for user, values in by_name.items():
            own = [row for row in rows if row.user_id == user]
            answers = [row for row in own if row.status in oracle.ANSWERED]
            assert values["generations"] == len(own)
            assert values["errors"] == sum(row.status == "error" for row in own)
            assert values["cost"] == sum(
                row.cost.total or 0
                for row in own
                if row.cost and row.cost.status not in ("simulated", "api_equivalent")
            )
            assert values["answer_duration"] == sum(known(answers, "duration"))
            assert values["timed_answers"] == len(known(answers, "duration"))
            assert values["total_time_to_first_token"] == sum(known(own, "time_to_first_token"))
            theirs = [one for one in among if calls_of(records, one)[0].user_id == user]
            assert values.get("judged", 0) == len(theirs)
            assert values.get("good", 0) == sum(one.score > 0 for one in theirs)


def test_users_by_value_are_those_of_the_records(ledger: Ledger) -> None:
    records, _ = story(6)
    ledger.write(records)
    for dimension in ("feature", "model", "property.plan", "status"):
        values, calls = users_by_value(ledger, dimension), calls_by_value(ledger, dimension)
        assert set(values) == {oracle.DIMENSIONS[dimension](r) for r in records if r.user_id is not None}
        for value, users in values.items():
            own = [r for r in records if oracle.DIMENSIONS[dimension](r) == value and r.user_id is not None]
            assert {one.user for one in people_behind(ledger, list(users))} == {row.user_id for row in own}
            assert calls[value] == len(own)


def test_sums_of_some_users_are_those_of_all_for_them(ledger: Ledger) -> None:
    records, judged = story(5)
    ledger.write([*records, *judged])
    everybody = sums_per_user(ledger)
    some = sorted(everybody)[:2]
    assert sums_per_user(ledger, among=some) == {user: everybody[user] for user in some}
    assert sums_per_user(ledger, among=[]) == {}


def test_a_group_too_small_has_values_and_no_interval() -> None:
    one = {n: {"generations": 4, "errors": 1} for n in range(12)}
    other = {n: {"generations": 2, "errors": 1} for n in range(20, 29)}
    (calls,) = [c for c in compare(one, other) if c.rate.name == "calls"]
    assert (calls.one, calls.other, calls.users, calls.too_few, calls.difference) == (4, 2, (12, 9), True, None)
    (calls,) = [c for c in compare(one, {**other, 40: {"generations": 2}}) if c.rate.name == "calls"]
    assert calls.difference is not None
    assert (calls.difference.value, calls.too_few) == (2, False)
    assert chosen(one, [3, 99]) == {3: one[3]}
