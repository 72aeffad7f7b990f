"""Exported files hold what the ledger holds, digit by digit, whatever their format."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from llmtrack.cli import main
from llmtrack.ids import new_id
from llmtrack.ledger import Ledger, open_ledger
from llmtrack.ledger.export.formats import encoded
from llmtrack.ledger.export.stream import Column, generation_columns, stream_generations, stream_result
from llmtrack.ledger.metrics import ask
from llmtrack.ledger.records import Generation
from llmtrack.pricing.usage import Cost, Usage
from tests.ledger import oracle

MAY = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    opened = open_ledger(ledger_url)
    yield opened
    opened.close()


def call(minute: int, **given: object) -> Generation:
    at = oracle.micros(MAY + timedelta(minutes=minute))
    plain: dict[str, object] = {"provider": "openai", "operation": "chat", "status": "ok", "user_id": "alice"}
    return Generation(id=new_id(at), started_at=at, **{**plain, **given})  # type: ignore[arg-type]


def two_calls() -> list[Generation]:
    spoken = [{"role": "user", "parts": [{"type": "text", "content": 'Grüße, "Welt"\n'}]}]
    return [
        call(0, response_model="gpt-4o", usage=Usage(input_tokens=12, output_tokens=3), duration=1_250_000, input=spoken,
             properties={"plan": "pro"}, cost=Cost(status="exact", total=60_000_001, input=30_000_000, output=30_000_001)),
        call(1, user_id='=HYPERLINK("http://evil")', status="error", error_type="timeout"),
    ]  # fmt: skip


def written(ledger: Ledger, format: str, **asked: object) -> bytes:
    return b"".join(stream_generations(ledger, format, **asked))  # type: ignore[arg-type]


def csv_rows(file: bytes) -> list[dict[str, str]]:
    """The records of a CSV file as Python's reader sees them."""
    return list(csv.DictReader(io.StringIO(file.decode("utf-8-sig"), newline="")))


def test_csv_has_dollars_with_all_digits_and_nothing_where_unknown(ledger: Ledger) -> None:
    ledger.write(two_calls())
    first, second = csv_rows(written(ledger, "csv"))
    assert (first["at"], first["user"], first["model"]) == ("2026-05-01T00:00:00+00:00", "alice", "gpt-4o")
    assert (first["cost"], first["output_cost"], first["duration"]) == ("0.060000001", "0.030000001", "1.25")
    assert (first["input_tokens"], first["streamed"], first["properties"]) == ("12", "false", '{"plan": "pro"}')
    assert (second["cost"], second["input_tokens"], second["error_type"]) == ("", "", "timeout")


def test_a_name_that_a_spreadsheet_would_run_is_defused_in_csv_only(ledger: Ledger) -> None:
    ledger.write(two_calls())
    rows = csv_rows(written(ledger, "csv"))
    assert rows[1]["user"] == '\'=HYPERLINK("http://evil")'
    assert json.loads(written(ledger, "jsonl").splitlines()[1])["user"] == '=HYPERLINK("http://evil")'


USERS = [
    ("a\rb", "a\rb"), ("a\r=HYPERLINK(1)", "a\r=HYPERLINK(1)"), ("a\nb", "a\nb"), ("a\r\nb", "a\r\nb"), ("x,y;z", "x,y;z"),
    ('"x"', '"x"'), ("ünïcode 日本", "ünïcode 日本"), ("a=b", "a=b"), ("O'Hara", "O'Hara"), (" spaces ", " spaces "),
    ("=1+1", "'=1+1"), ("+1", "'+1"), ("-1", "'-1"), ("@SUM(1)", "'@SUM(1)"), (" =1+1", "' =1+1"), ("\n\r =1+1", "'\n\r =1+1"),
    ("\u00a0=1", "'\u00a0=1"), ("\u200b=1", "'\u200b=1"), ("\ufeff=1", "'\ufeff=1"), ("\uff1d1+1", "'\uff1d1+1"),
    ("\tx", "'\tx"), ("\rx", "'\rx"), ("\nx", "'\nx"),
]  # fmt: skip
"""User ids, and each as a cell: as it is, or behind an apostrophe where a spreadsheet would run it as a formula."""


@pytest.fixture
def users_file(ledger: Ledger, tmp_path: Path) -> Path:
    """A CSV file of two calls by each of the users, in their order."""
    ledger.write([call(minute, user_id=name) for minute, (name, _) in enumerate(2 * USERS)])
    target = tmp_path / "o.csv"
    target.write_bytes(written(ledger, "csv"))
    return target


def test_every_user_is_read_back_by_pythons_csv(users_file: Path) -> None:
    with users_file.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["user"] for row in rows] == [cell for _, cell in 2 * USERS]
    assert list(rows[0]) == [column.name for column in generation_columns()]


def test_every_user_is_read_back_by_pandas(users_file: Path) -> None:
    frame = pd.read_csv(users_file)
    assert list(frame["user"]) == [cell for _, cell in 2 * USERS]
    assert list(frame.columns) == [column.name for column in generation_columns()]


def test_every_user_is_read_back_by_duckdb(users_file: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    relation = duckdb.sql(f"SELECT * FROM '{users_file}'")
    assert relation.columns == [column.name for column in generation_columns()]
    assert [name for (name,) in relation.project('"user"').fetchall()] == [cell for _, cell in 2 * USERS]


def test_duckdb_reads_a_file_whose_first_quoted_cell_comes_late(tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    columns = (Column("number", "integer", ""), Column("user", "text", ""))
    rows = [(number, "bob") for number in range(50_000)]
    rows += [(50_000, "a\rb"), (50_001, "x,y"), (50_002, 'a "b"\n')]
    target = tmp_path / "late.csv"
    target.write_bytes(b"".join(encoded("csv", columns, [rows])))
    assert duckdb.sql(f"SELECT * FROM '{target}' WHERE number >= 49999 ORDER BY number").fetchall() == rows[49_999:]


def test_json_lines_have_numbers_as_numbers(ledger: Ledger) -> None:
    ledger.write(two_calls())
    first, second = written(ledger, "jsonl", text=True).splitlines()
    assert b'"cost": 0.060000001' in first
    assert json.loads(json.loads(first)["input"])[0]["parts"][0]["content"] == 'Grüße, "Welt"\n'
    assert json.loads(second)["cost"] is None


def test_parquet_keeps_the_types(ledger: Ledger) -> None:
    ledger.write(two_calls())
    table = pq.read_table(io.BytesIO(written(ledger, "parquet")))
    assert table.column("cost").to_pylist() == [Decimal("0.060000001"), None]
    assert table.column("at")[0].as_py() == MAY
    assert table.column("input_tokens").to_pylist() == [12, None]


@pytest.mark.parametrize("format", ["csv", "jsonl", "parquet"])
def test_a_file_without_generations_can_still_be_read(ledger: Ledger, format: str) -> None:
    told = written(ledger, format)
    if format == "parquet":
        assert pq.read_table(io.BytesIO(told)).num_rows == 0
    else:
        assert told.decode("utf-8-sig").splitlines() == (
            [] if format == "jsonl" else [",".join(f'"{c.name}"' for c in generation_columns())]
        )


def test_every_generation_is_exported_once_whatever_the_batches(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("llmtrack.ledger.export.stream.BATCH", 7)
    records = oracle.records(3)
    ledger.write(records)
    told: list[int] = []
    where = {"model": ["gpt-1", None]}
    rows = [json.loads(line) for line in b"".join(
        stream_generations(ledger, "jsonl", where=where, progress=told.append)
    ).splitlines()]  # fmt: skip
    expected = sorted(row.started_at for row in records if (row.response_model or row.request_model) == "gpt-1")
    assert [oracle.micros(datetime.fromisoformat(row["at"])) for row in rows] == expected
    assert told == [*range(7, len(expected), 7), len(expected)]


@pytest.mark.slow
def test_memory_does_not_grow_with_what_is_exported(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llmtrack.ledger.export.stream.BATCH", 50)
    ledger.write([call(minute, feature="x" * 100) for minute in range(3_000)])

    def peak(**asked: object) -> int:
        pieces = stream_generations(ledger, "csv", **asked)  # type: ignore[arg-type]
        next(pieces)
        tracemalloc.start()
        try:
            for _ in pieces:
                pass
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak()  # whatever is loaded or remembered once
    few = peak(until=MAY + timedelta(minutes=300))
    assert peak() < 4 * few, "of ten times as many"


def test_an_answer_is_exported_with_its_columns(ledger: Ledger) -> None:
    ledger.write(two_calls())
    answer = ask(ledger, ["cost", "generations", "error_rate"], by=["day", "user"])
    rows = csv_rows(b"".join(stream_result(answer, "csv")))
    assert rows[0] == {"day": "2026-05-01T00:00:00+00:00", "user": "'=HYPERLINK(\"http://evil\")", "cost": "",
                       "generations": "1", "error_rate": "1.0"}  # fmt: skip
    table = pq.read_table(io.BytesIO(b"".join(stream_result(answer, "parquet"))))
    assert table.column("cost").to_pylist() == [None, Decimal("0.060000001")]


def test_a_format_there_is_not_is_refused_before_anything_is_read(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="no format 'xlsx'; choose one of csv, jsonl, parquet"):
        stream_generations(ledger, "xlsx")


def test_the_command_writes_a_file_by_its_ending(ledger: Ledger, ledger_url: str, tmp_path: Path) -> None:
    ledger.write(two_calls())
    target = tmp_path / "all.parquet"
    ran = CliRunner().invoke(main, ["export", str(target), "--database", ledger_url, "--where", "user=alice"])
    assert ran.exit_code == 0, ran.output
    assert f"1 generation in {target}" in ran.output
    assert pq.read_table(target).num_rows == 1


def test_the_command_exports_answers_to_standard_output(ledger: Ledger, ledger_url: str) -> None:
    ledger.write(two_calls())
    ran = CliRunner().invoke(
        main, ["export", "-", "--database", ledger_url, "--metric", "generations", "--by", "model"]
    )
    assert ran.stdout_bytes == b'\xef\xbb\xbf"model","generations"\r\ngpt-4o,1\r\n,1\r\n'


def test_the_command_refuses_what_cannot_be_in_one_sentence(ledger: Ledger, ledger_url: str) -> None:
    ran = CliRunner().invoke(main, ["export", "all.txt", "--database", ledger_url])
    assert ran.exit_code == 2
    assert "There is no format 'txt'; choose one of csv, jsonl, parquet." in ran.output
    ran = CliRunner().invoke(main, ["export", "all.csv", "--database", ledger_url, "--where", "alice"])
    assert "'alice' is no filter; write it as NAME=VALUE, such as user=alice." in ran.output


def test_a_question_is_answered_in_the_terminal(ledger: Ledger, ledger_url: str) -> None:
    ledger.write(two_calls())
    ran = CliRunner().invoke(
        main, ["ask", "cost", "unpriced", "error_rate", "--by", "user", "--order=-cost", "--database", ledger_url]
    )
    assert ran.output.splitlines() == [
        "user                            cost  unpriced  error_rate",
        "alice                      $0.060000         0        0.0%",
        '=HYPERLINK("http://evil")    unknown         1      100.0%',
        "total                      $0.060000         1       50.0%",
    ]


def test_the_terminal_lists_what_can_be_asked() -> None:
    ran = CliRunner().invoke(main, ["ask", "--list"])
    assert "cost_per_user_p95" in ran.output
    assert "What 95 % of the users stay at or below in the time" in ran.output
