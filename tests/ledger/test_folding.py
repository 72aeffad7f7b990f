"""Providers that were spelled in several ways become one, and every total stays what it was."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from llmtrack.ledger import Ledger, open_ledger
from llmtrack.ledger.maintenance.retention import Keep, retain
from llmtrack.ledger.maintenance.verification import verify
from llmtrack.ledger.metrics import ask
from llmtrack.ledger.migrations.folding import fold_providers
from llmtrack.ledger.schema.rollups import CUBES, DAY, MEASURES
from llmtrack.pricing import Cost
from tests.ledger.making import NOON, generation, random_generation
from tests.ledger.test_migrations import at_revision, fill_as_first_version

pytestmark = pytest.mark.makes_tables

SPELLINGS = {
    "us-east5-aiplatform.googleapis.com": "google",
    "europe-west1-aiplatform.googleapis.com": "google",
    "api.moonshot.cn": "moonshotai",
    "OpenAI": "openai",
    "openai": "openai",
    "google": "google",
    "My-Server": "my-server",
}


def by_provider(ledger: Ledger, names: Mapping[str, str]) -> dict[str, list[tuple[Any, ...]]]:
    """The totals of each table by provider, whose name is looked up in `names`."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    with ledger.reading() as connection:
        for rollup in CUBES:
            sums = ", ".join(f"sum(r.{measure})" for measure in MEASURES)
            rows = connection.exec_driver_sql(
                f"SELECT n.text, {sums} FROM {rollup.table} r JOIN name n ON n.id = r.provider GROUP BY n.text"
            )
            totals: dict[str, list[int]] = {}
            for provider, *values in rows:
                into = totals.setdefault(names.get(provider, provider), [0] * len(values))
                totals[names.get(provider, provider)] = [a + int(b or 0) for a, b in zip(into, values, strict=True)]
            found[rollup.table] = sorted((name, *values) for name, values in totals.items())
    return found


def percentiles(ledger: Ledger) -> list[dict[str, Any]]:
    return [dict(row) for row in ask(ledger, ["cost_p95", "duration_p50", "users"], ["model"])]


@pytest.mark.slow
def test_the_spellings_of_a_provider_become_one_and_no_total_changes_on_sealed_days_either(ledger: Ledger) -> None:
    chance = random.Random(7)
    for _ in range(4):
        made = [random_generation(chance) for _ in range(60)]
        ledger.write([replace(one, provider=chance.choice(list(SPELLINGS))) for one in made])
    retain(ledger, Keep(row_days=30), now=NOON + 33 * DAY)
    assert verify(ledger).right
    before, spread = by_provider(ledger, SPELLINGS), percentiles(ledger)

    ledger.transact(lambda connection: fold_providers(connection, ledger.dialect, SPELLINGS))

    assert by_provider(ledger, {}) == before
    assert percentiles(ledger) == spread
    verdict = verify(ledger)
    assert verdict.right, verdict.in_words()
    assert verdict.sealed >= 3
    with ledger.reading() as connection:
        names = connection.exec_driver_sql("SELECT text FROM name WHERE kind = 'provider'").scalars().all()
    assert sorted(names) == sorted(set(SPELLINGS.values()))
    ledger.write([generation(provider="google")])
    assert verify(ledger).right


def test_a_broken_seal_is_still_broken_after_providers_were_folded(ledger: Ledger) -> None:
    ledger.write([generation(provider="OpenAI"), generation(provider="openai")])
    retain(ledger, Keep(row_days=30), now=NOON + 33 * DAY)
    ledger.transact(lambda connection: connection.exec_driver_sql("UPDATE rollup_day SET cost = cost + 1"))

    ledger.transact(lambda connection: fold_providers(connection, ledger.dialect, SPELLINGS))

    assert verify(ledger).wrong == {NOON // DAY: ("its seal",)}


def test_a_background_response_is_still_found_after_its_provider_was_folded(ledger: Ledger) -> None:
    begun = generation(provider="OpenAI", status="pending", response_id="r1", cost=Cost("unpriced", reason="pending"))
    ledger.write([begun, generation(provider="openai")])
    ledger.transact(lambda connection: fold_providers(connection, ledger.dialect, SPELLINGS))
    ledger.write([generation(NOON + 5, provider="openai", response_id="r1", settles=True)])
    assert [row["generations"] for row in ask(ledger, ["generations"], ["provider"])] == [2]
    assert verify(ledger).right


def test_a_ledger_of_an_earlier_version_has_one_spelling_of_each_provider(ledger_url: str) -> None:
    with at_revision(ledger_url, "0005") as (connection, dialect):
        fill_as_first_version(connection, dialect)
        sql = "UPDATE name SET text = 'us-east5-aiplatform.googleapis.com' WHERE kind = 'provider'"
        connection.exec_driver_sql(sql)

    ledger = open_ledger(ledger_url)
    with ledger.reading() as connection:
        assert connection.exec_driver_sql("SELECT DISTINCT provider FROM generations").scalars().all() == ["google"]
    rows = ask(ledger, ["generations"], ["provider", "region"], where={"region": "us-east5"})
    assert [(row["provider"], row["region"], row["generations"]) for row in rows] == [("google", "us-east5", 2)]
