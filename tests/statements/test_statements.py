"""A statement stays as it was issued, adds up to the nano-dollar, and says later what changed."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from decimal import Decimal as D
from typing import Any

import pytest

from llmtrack.billing import statements
from llmtrack.billing.amounts import parse_month
from llmtrack.billing.statements import Statement
from llmtrack.ledger import Ledger, LedgerError
from llmtrack.ledger import statements as store
from llmtrack.ledger.metrics import ask
from llmtrack.pricing.usage import Cost, Price, Usage
from llmtrack.settings import Settings
from tests.ledger.making import HOUR, PRICE, generation

SETTINGS = Settings()
OCTOBER = datetime(2025, 10, 9, 12, tzinfo=UTC)
NOVEMBER, DECEMBER = datetime(2025, 11, 9, 12, tzinfo=UTC), datetime(2025, 12, 2, tzinfo=UTC)
MINI = Price(
    "book", "7", "openai", "gpt-4o-mini", "standard", {"input": "0.15", "output": "0.6"}, adjustment="-15% (book 3)"
)


def micros(at: datetime) -> int:
    return int(at.timestamp() * 1_000_000)


def small(at: int, cost: int, **given: Any) -> Any:
    """A call of gpt-4o-mini."""
    priced = Cost("exact", total=cost, input=cost, price=MINI)
    return generation(at, request_model="gpt-4o-mini", response_model="gpt-4o-mini", cost=priced, **given)


def october(ledger: Ledger) -> None:
    """Alice's October: two calls of gpt-4o at $0.00045, one of gpt-4o-mini at $0.000000519, and what is not billed."""
    noon = micros(OCTOBER)
    ledger.write(
        [
            generation(noon, usage=Usage(100, 20, cache_read_tokens=40)),
            generation(noon + HOUR),
            small(noon + 2 * HOUR, 519),
            generation(noon + 3 * HOUR, cost=Cost("unpriced", reason="no_price"), provider="ollama", request_model="in-house", response_model="in-house"),
            generation(noon + 4 * HOUR, status="error", error_type="timeout", usage=Usage(), cost=Cost("unpriced", reason="no_usage")),
            generation(noon + 5 * HOUR, cost=Cost("simulated", total=77, input=77)),
            generation(noon, user_id="bob"),
            generation(micros(NOVEMBER)),
        ]
    )  # fmt: skip


def issued(
    ledger: Ledger, at: datetime = OCTOBER, settings: Settings = SETTINGS, users: tuple[str, ...] = ("alice",)
) -> Statement:
    cycle = statements.own_cycles(ledger, users, 1, settings=settings, now=at)[0]
    return statements.issue(ledger, users, cycle, by="ada", settings=settings, now=DECEMBER)


def page_cost(ledger: Ledger, at: datetime = OCTOBER) -> D:
    cycle = statements.own_cycles(ledger, ("alice",), 1, settings=SETTINGS, now=at)[0]
    period = cycle.period
    return ask(
        ledger, "cost", since=period.since, until=period.until, timezone="UTC", where={"user": ["alice"]}
    ).totals["cost"]


def test_a_statement_has_a_line_for_each_model_and_price_and_the_sum_of_the_page(ledger: Ledger) -> None:
    october(ledger)
    made = issued(ledger)
    assert [(line.model, line.calls, line.messages, line.cost) for line in made.lines] == [
        ("gpt-4o-2024-08-06", 2, 2, D("0.0009")),
        ("gpt-4o-mini", 1, 1, D("0.000000519")),
    ]
    first = made.lines[0]
    assert first.quantities == {"input_tokens": 200, "cache_read_tokens": 40, "output_tokens": 40}
    assert first.parts == {"input": D("0.0005"), "output": D("0.0004")}
    assert first.price is not None
    assert first.price["rates"] == {"input_mtok": "2.5", "output_mtok": "10"}
    assert (made.lines[1].price or {})["adjustment"] == "-15% (book 3)"
    assert made.total == made.list_total == D("0.000900519") == page_cost(ledger)
    assert (made.unpriced, made.not_billed, made.simulated_calls, made.simulated_cost) == (1, 1, 1, D("0.000000077"))


def test_it_is_kept_byte_for_byte_with_its_digest_in_both_files(ledger: Ledger) -> None:
    october(ledger)
    made = issued(ledger)
    record = store.statement(ledger, made.number)
    assert statements.decode(record.content) == made
    again = store.statement(ledger, made.number)
    assert (again.content, again.digest) == (record.content, record.digest)
    rows = list(csv.DictReader(io.StringIO(store.statement_file(ledger, made.number, "csv").decode("utf-8-sig"))))
    assert [row["kind"] for row in rows] == ["line", "line", "unpriced", "markup", "total"]
    assert {row["sha256"] for row in rows} == {record.digest}
    assert sum(D(row["cost"]) for row in rows if row["kind"] == "line") == D(rows[-1]["amount"]) == D("0.000900519")
    assert (rows[0]["price_source"], rows[0]["price_version"], rows[0]["input_tokens"]) == (
        "genai-prices",
        PRICE.version,
        "200",
    )
    assert store.statement_file(ledger, made.number, "pdf").startswith(b"%PDF-")


@pytest.mark.slow
def test_a_cycle_is_issued_once_and_never_before_it_ends(ledger: Ledger) -> None:
    october(ledger)
    issued(ledger)
    with pytest.raises(LedgerError, match="alice has a statement of this time already"):
        issued(ledger)
    running = statements.own_cycles(ledger, ("alice",), 1, settings=SETTINGS, now=DECEMBER)[0]
    with pytest.raises(LedgerError, match="runs until 01 January 2026"):
        statements.issue(ledger, ("alice",), running, by="ada", settings=SETTINGS, now=DECEMBER)


def test_a_later_call_and_a_later_price_are_adjustments_on_the_next_statement_and_on_none_after(ledger: Ledger) -> None:
    october(ledger)
    first = issued(ledger)
    ledger.write([generation(micros(OCTOBER) + 7 * HOUR), small(micros(OCTOBER) + 8 * HOUR, 1_000)])
    assert statements.decode(store.statement(ledger, first.number).content).total == D("0.000900519")
    second = issued(ledger, NOVEMBER)
    assert [(a.statement, a.model, a.calls, a.cost) for a in second.adjustments] == [
        (first.number, "gpt-4o-2024-08-06", 1, D("0.00045")),
        (first.number, "gpt-4o-mini", 1, D("0.000001")),
    ]
    assert second.list_total == D("0.00045")
    assert second.total == D("0.000901")
    assert statements.adjustments(ledger, ("alice",)) == []


def test_calls_priced_later_are_adjusted_at_the_markup_of_their_own_statement(ledger: Ledger) -> None:
    from llmtrack.ledger import repricing
    from llmtrack.ledger.price_book import add_price
    from llmtrack.pricing import BookEntry

    october(ledger)
    with_markup = SETTINGS.model_copy(update={"billing_markup_percent": D(20)})
    first = issued(ledger, settings=with_markup)
    assert (first.markup, first.total) == (D("0.000180104"), D("0.001080623"))  # 20 % of 900,519 is 180,103.8
    entry = BookEntry(
        "price", "ollama", "in-house", since=micros(OCTOBER) - HOUR, rates={"input": D(1), "output": D(2)}
    )
    add_price(ledger, entry, by="ada", at=micros(OCTOBER) - HOUR)
    assert repricing.apply(ledger, "ollama", "*", by="ada").calls == 1
    second = issued(ledger, NOVEMBER)
    (change,) = second.adjustments
    assert (change.model, change.calls, change.cost) == ("in-house", 0, D("0.00014"))  # 100 tokens at $1, 20 at $2
    assert (change.percent, change.amount) == (D(20), D("0.000168"))
    assert second.total == D("0.00045") + D("0.000168")


def test_it_is_verified_against_itself_and_the_rows(ledger: Ledger) -> None:
    october(ledger)
    made = issued(ledger)
    checked = statements.verify(ledger, made.number)
    assert (checked.faults, checked.differences, checked.without_rows) == ((), (), ())
    assert (checked.added, checked.matching) == (5, 3)  # simulated calls are on no statement
    ledger.write([generation(micros(OCTOBER) + 7 * HOUR)])
    checked = statements.verify(ledger, made.number)
    assert checked.holds
    assert [(d.model, d.calls, d.cost) for d in checked.differences] == [("gpt-4o-2024-08-06", 1, D("0.00045"))]


def test_a_statement_that_was_tampered_with_is_found_out(ledger: Ledger) -> None:
    october(ledger)
    made = issued(ledger)
    content = store.statement(ledger, made.number).content.replace(b"0.000900519", b"0.000900518")
    mark = ledger.dialect.placeholder
    sql = f"UPDATE statement SET content = {mark} WHERE id = {mark}"
    ledger.transact(lambda connection: connection.exec_driver_sql(sql, (content, made.number)))
    faults = statements.verify(ledger, made.number).faults
    assert "Its content was changed" in faults[0]
    assert "Its list total says $0.000900518, but its lines add up to $0.000900519." in faults


def test_a_file_that_was_changed_is_found_out(ledger: Ledger) -> None:
    october(ledger)
    made = issued(ledger)
    pdf = store.statement_file(ledger, made.number, "pdf")
    mark = ledger.dialect.placeholder

    def put(kind: str, content: bytes) -> None:
        sql = f"UPDATE statement SET {kind} = {mark} WHERE id = {mark}"
        ledger.transact(lambda connection: connection.exec_driver_sql(sql, (content, made.number)))

    put("pdf", pdf.replace(b"%%EOF", b"%%EOG"))
    assert statements.verify(ledger, made.number).faults == ("Its PDF file is not the one that was issued.",)
    put("pdf", pdf)
    assert statements.verify(ledger, made.number).holds
    put("csv", store.statement_file(ledger, made.number, "csv").replace(b"gpt-4o", b"gpt-5o"))
    assert statements.verify(ledger, made.number).faults == ("Its CSV file is not the one that was issued.",)


def test_a_statement_from_before_its_pdf_had_a_digest_holds(ledger: Ledger) -> None:
    october(ledger)
    made = issued(ledger)
    ledger.transact(lambda connection: connection.exec_driver_sql("UPDATE statement SET pdf_digest = NULL"))
    assert statements.verify(ledger, made.number).holds


def test_where_rows_are_deleted_the_totals_stay_billed_and_verification_says_so(ledger: Ledger) -> None:
    from llmtrack.ledger.maintenance import Keep, retain

    october(ledger)
    retain(ledger, Keep(row_days=1), micros(OCTOBER) + 20 * 24 * HOUR)
    made = issued(ledger)
    assert made.total == D("0.000900519") == page_cost(ledger)
    assert {(line.model, line.cost_status, line.price) for line in made.lines} == {
        ("gpt-4o-2024-08-06", "totals", None), ("gpt-4o-mini", "totals", None),
    }  # fmt: skip
    checked = statements.verify(ledger, made.number)
    assert checked.holds
    assert checked.added == 0
    assert dict(checked.without_rows)["openai", "gpt-4o-mini"] == 1


def test_another_currency_is_shown_with_the_rate_an_admin_entered_for_the_month(ledger: Ledger) -> None:
    october(ledger)
    ledger.write([small(micros(OCTOBER), 1_884_100_000)])
    euros = SETTINGS.model_copy(update={"billing_currency": "EUR"})
    store.set_rate(ledger, "EUR", parse_month("2025-11"), "0.5", by="ada")
    store.set_rate(ledger, "EUR", parse_month("2025-10"), "0.9", by="ada")
    store.set_rate(ledger, "EUR", parse_month("2025-10"), "0.9217", by="eve")
    made = issued(ledger, settings=euros)
    assert made.total == D("1.885000519")
    assert made.converted == D("1.74")  # 1.885000519 at 0.9217 is 1.7374
    assert (made.rate.rate, made.rate.entered_by) == (D("0.9217"), "eve")
    store.set_rate(ledger, "EUR", parse_month("2025-10"), "5", by="ada")
    assert statements.decode(store.statement(ledger, made.number).content).converted == D("1.74")


def test_without_a_rate_for_the_month_there_are_only_dollars(ledger: Ledger) -> None:
    october(ledger)
    made = issued(ledger, settings=SETTINGS.model_copy(update={"billing_currency": "EUR"}))
    assert (made.currency, made.rate, made.converted) == ("EUR", None, None)


def test_every_user_id_of_a_person_is_on_one_statement(ledger: Ledger) -> None:
    october(ledger)
    made = issued(ledger, users=("alice", "bob"))
    assert made.total == D("0.001350519")
    assert made.users == ("alice", "bob")


def test_the_content_is_json_that_other_programs_can_read(ledger: Ledger) -> None:
    october(ledger)
    content = json.loads(store.statement(ledger, issued(ledger).number).content)
    assert (content["format"], content["total"], content["user_id"]) == (1, "0.000900519", "alice")


def test_erasing_a_user_deletes_their_statements(ledger: Ledger) -> None:
    from llmtrack.ledger.maintenance import erase

    october(ledger)
    issued(ledger)
    bobs = issued(ledger, users=("bob",))
    erase(ledger, "alice", by="ada")
    assert [record.id for record in store.statements(ledger)] == [bobs.number]
