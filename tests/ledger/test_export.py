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

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from llmtrack.cli import main
from llmtrack.ids import new_id
from llmtrack.ledger import Ledger, open_ledger
from llmtrack.ledger.export import generation_columns, stream_answer, stream_generations
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


def test_csv_has_dollars_with_all_digits_and_nothing_where_unknown(ledger: Ledger) -> None:
    ledger.write(two_calls())
    first, second = csv.DictReader(io.StringIO(written(ledger, "csv").decode()))
    assert (first["at"], first["user"], first["model"]) == ("2026-05-01T00:00:00+00:00", "alice", "gpt-4o")
    assert (first["cost"], first["output_cost"], first["duration"]) == ("0.060000001", "0.030000001", "1.25")
    assert (first["input_tokens"], first["streamed"], first["properties"]) == ("12", "false", '{"plan": "pro"}')
    assert (second["cost"], second["input_tokens"], second["error_type"]) == ("", "", "timeout")


def test_a_name_that_a_spreadsheet_would_run_is_defused_in_csv_only(ledger: Ledger) -> None:
    ledger.write(two_calls())
    rows = list(csv.DictReader(io.StringIO(written(ledger, "csv").decode())))
    assert rows[1]["user"] == '\'=HYPERLINK("http://evil")'
    assert json.loads(written(ledger, "jsonl").splitlines()[1])["user"] == '=HYPERLINK("http://evil")'


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
        assert told.decode().splitlines() == (
            [] if format == "jsonl" else [",".join(c.name for c in generation_columns())]
        )


def test_every_generation_is_exported_once_whatever_the_batches(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("llmtrack.ledger.export.BATCH", 7)
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


def test_memory_does_not_grow_with_what_is_exported(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llmtrack.ledger.export.BATCH", 50)
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
    assert peak() < 2 * peak(until=MAY + timedelta(minutes=300))


def test_an_answer_is_exported_with_its_columns(ledger: Ledger) -> None:
    ledger.write(two_calls())
    answer = ask(ledger, ["cost", "generations", "error_rate"], by=["day", "user"])
    rows = list(csv.DictReader(io.StringIO(b"".join(stream_answer(answer, "csv")).decode())))
    assert rows[0] == {"day": "2026-05-01T00:00:00+00:00", "user": "'=HYPERLINK(\"http://evil\")", "cost": "",
                       "generations": "1", "error_rate": "1.0"}  # fmt: skip
    table = pq.read_table(io.BytesIO(b"".join(stream_answer(answer, "parquet"))))
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
    assert ran.stdout == "model,generations\ngpt-4o,1\n,1\n"


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
