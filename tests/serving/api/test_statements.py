"""`/api/statements`: one's own as they were issued, everybody's for admins, and nobody else's."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

import pytest

from llmtrack.billing.statements import Statement, printed_number
from llmtrack.ledger import statements as store
from tests.serving.api.conftest import Server, issued_statement


@pytest.fixture
def made(small_server: Server) -> Statement:
    """Alice's statement with 20 % of markup: two calls of $0.00045, one without a price, one simulated."""
    return issued_statement(small_server.ledger)


def test_a_user_lists_and_reads_their_own(small_server: Server, made: Statement) -> None:
    number = printed_number(made.number)
    (head,) = small_server.get("/api/statements", "alice")["data"]
    assert (head["number"], head["user_id"], head["list_total"], head["markup"], head["total"], head["unpriced"]) == (
        number, "alice", "0.0009", "0.00018", "0.00108", 1,
    )  # fmt: skip
    assert head["cycle"] == {"start": "2025-10-01T00:00:00Z", "end": "2025-11-01T00:00:00Z"}
    whole = small_server.get(f"/api/statements/{number}", "alice")
    assert {name: whole[name] for name in head} == head
    (line,) = whole["lines"]
    assert (line["calls"], line["cost"], line["quantities"]["output_tokens"]) == (2, "0.0009", 40)
    assert (whole["adjustments"], whole["currency"], whole["converted"]) == ([], "USD", None)


def test_its_files_are_those_that_were_issued(small_server: Server, made: Statement) -> None:
    number = printed_number(made.number)
    for kind, media_type in (("pdf", "application/pdf"), ("csv", "text/csv; charset=utf-8")):
        answer = small_server.client.get(f"/api/statements/{number}/{kind}", headers=small_server.headers("alice"))
        assert answer.status_code == 200
        assert answer.headers["content-type"] == media_type
        assert answer.headers["content-disposition"] == f'attachment; filename="{number}.{kind}"'
        assert answer.content == store.statement_file(small_server.ledger, made.number, kind)  # type: ignore[arg-type]
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert Decimal(rows[-1]["amount"]) == Decimal("0.00108")


def test_nobody_else_learns_that_it_exists(small_server: Server, made: Statement) -> None:
    number = printed_number(made.number)
    assert small_server.get("/api/statements", "bob")["data"] == []
    missing = (404, "There is no statement S-1: /api/statements lists those there are.")
    for token in ("bob", "lead", "modest admin"):
        for path in (f"/api/statements/{number}", f"/api/statements/{number}/pdf"):
            status, detail = small_server.refused(path, token)
            assert (status, detail.replace(number, "S-1")) == missing
    assert small_server.refused("/api/statements/S-1", "alice") == missing
    assert small_server.refused("/api/statements", "bob", user_id="alice")[0] == 403
    assert small_server.refused("/api/statements", "blind service")[0] == 403
    assert small_server.refused("/api/statements/S-FFFFFFFFFFFFFFFF", "admin")[0] == 404


def test_an_admin_reads_everybodys(small_server: Server, made: Statement) -> None:
    assert [one["user_id"] for one in small_server.get("/api/statements")["data"]] == ["alice"]
    assert small_server.get("/api/statements", user_id="bob")["data"] == []
    assert small_server.get(f"/api/statements/{printed_number(made.number)}")["total"] == "0.00108"
