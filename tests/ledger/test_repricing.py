"""Calls without a price get one later: looked at first, priced with all totals at once, and undone to the last row."""

from __future__ import annotations

import random
from decimal import Decimal as D
from typing import Any

import pytest

from llmtrack.ledger import Ledger, LedgerError
from llmtrack.ledger.maintenance.retention import Keep, retain
from llmtrack.ledger.maintenance.verification import verify
from llmtrack.ledger.metrics import ask
from llmtrack.ledger.price_book import add_price, missing_prices
from llmtrack.ledger.repricing import Line, apply, preview, runs, undo
from llmtrack.ledger.schema import sketch
from llmtrack.ledger.schema.rollups import CUBES, DAY, SKETCHES
from llmtrack.pricing import BookEntry, Cost, Usage
from tests.ledger.making import HOUR, NOON, generation, random_generation
from tests.pricing.costs import moment

OWN = BookEntry("price", "ollama", "*", 0, rates={"input": D("0.10"), "output": D("0.30")})
NOTHING = Cost("unpriced", reason="no_price")


def unpriced(at: int = NOON, **given: Any) -> Any:
    """A call to a model of our own: 1,000 tokens in, 200 out, $0.00016 at `OWN`."""
    told = {"provider": "ollama", "request_model": "llama3", "response_model": "llama3", "cost": NOTHING}
    return generation(at, **{**told, "usage": Usage(1_000, 200), **given})


def everything(ledger: Ledger) -> dict[str, list[tuple[Any, ...]]]:
    """Every row and every total there is, sketches by what is in them."""
    tables = ["generation", "trace", "session", "rollup_day_user", "rollup_seen", "sealed_day", "repriced"]
    found = {}
    with ledger.reading() as connection:
        for table in [*tables, *(rollup.table for rollup in (*CUBES, *SKETCHES))]:
            rows = [tuple(row) for row in connection.exec_driver_sql(f"SELECT * FROM {table}")]
            found[table] = sorted((tuple(_plain(value) for value in row) for row in rows), key=repr)
    return found


def _plain(value: Any) -> Any:
    return sketch.unpack(bytes(value)) if isinstance(value, bytes | memoryview) else value


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_pricing_unpriced_rows_and_undoing_it_restores_every_row_and_every_total(ledger: Ledger, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(3):
        ledger.write([random_generation(chance) for _ in range(80)])
    retain(ledger, Keep(row_days=30), now=NOON + 33 * DAY)
    for provider in ("openai", "anthropic"):
        own = BookEntry("price", provider, "*", 0, rates={"input": D(1), "output": D(2), "web_search": D(10)})
        add_price(ledger, own, by="ada")
    before, cost = everything(ledger), ask(ledger, ["cost"]).totals["cost"]
    looked = preview(ledger)

    run = apply(ledger, by="ada")

    assert (run.calls, run.cost) == (looked.calls, looked.cost)
    assert run.calls > 10
    assert ask(ledger, ["cost"]).totals["cost"] == cost + run.cost
    verdict = verify(ledger)
    assert verdict.right, verdict.in_words()
    assert preview(ledger).calls == 0

    assert undo(ledger, run.number, by="bob") == run.calls

    assert everything(ledger) == before
    verdict = verify(ledger)
    assert verdict.right, verdict.in_words()


def test_a_look_says_what_it_would_come_to_by_month_and_user_and_changes_nothing(ledger: Ledger) -> None:
    ledger.write([
        unpriced(), unpriced(NOON + 1), unpriced(NOON + 2, user_id="bob"), unpriced(NOON + 40 * 24 * HOUR),
        unpriced(NOON + 3, provider="vllm"), unpriced(NOON + 4, cost=Cost("unpriced", reason="no_usage")), generation(),
    ])  # fmt: skip
    add_price(ledger, OWN, by="ada")
    before = everything(ledger)
    looked = preview(ledger)
    # 1,000 x 0.10 + 200 x 0.30 dollars a million
    assert looked.lines == (
        Line("2025-10", "alice", 2, D("0.00032")),
        Line("2025-10", "bob", 1, D("0.00016")),
        Line("2025-11", "alice", 1, D("0.00016")),
    )
    assert (looked.calls, looked.cost, looked.unpriced, looked.sealed) == (4, D("0.00064"), 1, 0)
    assert everything(ledger) == before


def test_priced_rows_count_in_every_question_and_name_their_price(ledger: Ledger) -> None:
    ledger.write([unpriced(trace_id="t", session_id="s", group="red", feature="chat")])
    add_price(ledger, OWN, by="ada")
    assert [one.model for one in missing_prices(ledger)] == ["llama3"]
    run = apply(ledger, "ollama", "llama3", by="ada")
    assert (run.number, run.by, run.models, run.calls, run.cost) == (1, "ada", "ollama/llama3", 1, D("0.00016"))
    for by in ([], ["user"], ["group"], ["feature"], ["day"], ["cost_status"]):
        totals = ask(ledger, ["cost", "unpriced"], by).totals
        assert (totals["cost"], totals["unpriced"]) == (D("0.00016"), 0), by
    assert missing_prices(ledger) == ()
    with ledger.reading() as connection:
        sql = "SELECT g.input_cost, g.output_cost, p.source, p.version FROM generation g JOIN price p ON p.id = g.price"
        assert connection.exec_driver_sql(sql).one() == (100_000, 60_000, "book", "1")
        for table in ("trace", "session"):
            assert connection.exec_driver_sql(f"SELECT cost, unpriced FROM {table}").one() == (160_000, 0)
        audit = connection.exec_driver_sql("SELECT actor, action, subject FROM audit ORDER BY id").fetchall()
    assert [tuple(row) for row in audit] == [("ada", "price.add", "1"), ("ada", "price.apply", "1")]


def test_a_price_that_began_after_the_call_makes_an_estimate(ledger: Ledger) -> None:
    ledger.write([unpriced()])
    add_price(ledger, BookEntry(**{**_fields(OWN), "since": moment(2026, 6, 1)}), by="ada", at=moment(2026, 6, 1))
    assert apply(ledger, by="ada").cost == D("0.00016")
    (row,) = list(ask(ledger, ["cost"], ["cost_status"]))
    assert (row["cost_status"], row["cost"]) == ("estimated", D("0.00016"))


def _fields(entry: BookEntry) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in ("kind", "provider", "model", "rates")}


def test_only_the_models_named_are_priced_by_any_name_of_the_provider(ledger: Ledger) -> None:
    ledger.write([
        unpriced(provider="x-ai", request_model="grok-own", response_model="grok-own-2026-01-01"),
        unpriced(NOON + 1, provider="x-ai", request_model="other", response_model="other"),
    ])  # fmt: skip
    add_price(ledger, BookEntry("price", "xai", "*", 0, rates={"input": D(1), "output": D(1)}), by="ada")
    assert preview(ledger, "xai", "grok-own").calls == 1
    assert preview(ledger, "X-AI", "*").calls == 2
    assert preview(ledger, "openai", "*").calls == 0


def test_work_on_other_models_inside_a_call_is_priced_too(ledger: Ledger) -> None:
    inside = Usage(400, 100)
    used = Usage(1_000, 200, tools={"web_fetch": 2}, others=(("llama-small", inside),))
    ledger.write([unpriced(usage=used)])
    add_price(ledger, OWN, by="ada")
    dearer = BookEntry("price", "ollama", "llama-small", 0, rates={"input": D(1), "output": D(1)})
    add_price(ledger, dearer, by="ada")
    # 600 x 0.10 + 100 x 0.30 of its own, and 400 + 100 at a dollar
    assert apply(ledger, by="ada").cost == D("0.00009") + D("0.0005")
    assert verify(ledger).right
    undo(ledger, 1, by="ada")
    with ledger.reading() as connection:
        details = connection.exec_driver_sql("SELECT usage_details FROM generation").scalar_one()
    assert "prices" not in details


def test_a_call_is_priced_later_on_as_where_it_was_served(ledger: Ledger) -> None:
    used = Usage(10_000, 1_000)  # 10,000 x 3 + 1,000 x 15 dollars a million; 10 % more in a region
    served: dict[str, Any] = {"response_model": "claude-sonnet-4-5-20250929", "usage": used}
    profile = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
    ledger.write([
        unpriced(provider="google", request_model="claude-sonnet-4-5@20250929", region="us-east5", **served),
        unpriced(NOON + 1, provider="google", request_model="claude-sonnet-4-5@20250929", region="global", **served),
        unpriced(NOON + 2, provider="aws", request_model=profile, **served),  # as an earlier version wrote it
    ])  # fmt: skip
    assert apply(ledger, by="ada").cost == D("0.0495") + D("0.045") + D("0.0495")
    assert [row["cost_status"] for row in ask(ledger, ["cost"], ["cost_status"])] == ["exact"]


def test_what_is_on_sealed_days_is_said_to_stay_unpriced(ledger: Ledger) -> None:
    ledger.write([unpriced(), unpriced(NOON + 40 * DAY)])
    add_price(ledger, OWN, by="ada")
    retain(ledger, Keep(row_days=30), now=NOON + 40 * DAY)
    looked = preview(ledger)
    assert (looked.calls, looked.sealed) == (1, 1)


def test_a_pricing_is_undone_once_and_nothing_to_price_is_an_error(ledger: Ledger) -> None:
    ledger.write([unpriced()])
    with pytest.raises(LedgerError, match=r"No unpriced call of ollama/\* has a price now"):
        apply(ledger, "ollama", by="ada")
    add_price(ledger, OWN, by="ada")
    apply(ledger, "ollama", by="ada")
    with pytest.raises(LedgerError, match="There is no pricing 2"):
        undo(ledger, 2, by="ada")
    assert undo(ledger, 1, by="bob") == 1
    with pytest.raises(LedgerError, match="Pricing 1 was undone before"):
        undo(ledger, 1, by="bob")
    assert apply(ledger, "ollama", by="ada").number == 2
    assert [(run.number, run.undone, run.calls) for run in runs(ledger)] == [(2, False, 1), (1, True, 1)]
