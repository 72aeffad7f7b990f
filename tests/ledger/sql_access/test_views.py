"""The views say what the ledger says, in units that people read, and mistakes are told with their place."""

from __future__ import annotations

from decimal import Decimal

import pytest

from llmtrack.ledger import Ledger, people
from llmtrack.ledger.lists import generations
from llmtrack.ledger.metrics import ask
from llmtrack.ledger.sql_access import VIEWS, SqlAccess, SqlError, line_and_column
from llmtrack.ledger.sql_access.result import SqlResult, unique
from pages.components.sql.examples import examples
from tests.documents import DOCS
from tests.ledger.making import NOON, generation
from tests.ledger.sql_access.conftest import rows_of


def numbers(row: tuple[object, ...]) -> list[object]:
    """A row with the floating-point numbers of SQLite as the decimals of PostgreSQL."""
    return [Decimal(repr(value)).normalize() if isinstance(value, float) else value for value in row]


@pytest.mark.slow
def test_a_call_reads_as_its_page_has_it(ledger: Ledger, access: SqlAccess) -> None:
    columns = (
        "started_at, user_id, session_id, trace_id, feature, provider, operation, model, request_model, response_model, "
        "status, attempts, duration, input_tokens, output_tokens, cost_status, cost, cost_nanodollars, input_cost, "
        "output_cost, properties ->> 'tier'"
    )
    (row,) = rows_of(access, f"SELECT {columns} FROM generations WHERE trace_id = 't2'").rows
    assert numbers(row) == [
        "2025-10-09 14:00:00.000", "bob", "s-bob", "t2", "chat", "openai", "chat", "gpt-4o-2024-08-06", "gpt-4o",
        "gpt-4o-2024-08-06", "ok", 1, Decimal(2), 100, 20, "exact", Decimal("0.00045"), 450_000, Decimal("0.00025"),
        Decimal("0.0002"), "gold",
    ]  # fmt: skip
    (id,) = rows_of(access, "SELECT id FROM generations WHERE trace_id = 't2'").rows[0]
    assert id in [row.id for row in generations(ledger).rows]


@pytest.mark.slow
def test_every_view_has_a_row_for_each_thing(access: SqlAccess) -> None:
    counts = {view.name: rows_of(access, f"SELECT count(*) FROM {view.name}").rows[0][0] for view in VIEWS}
    assert counts == {
        "generations": 5, "daily_usage": 4, "daily_totals": 2, "users": 2, "sessions": 3, "traces": 4, "spans": 1, "feedback": 2,
    }  # fmt: skip


@pytest.mark.slow
def test_totals_of_the_views_are_those_of_the_pages(ledger: Ledger, access: SqlAccess) -> None:
    answer = ask(ledger, ["cost", "generations", "input_tokens"], by="user")
    expected = {row["user"]: (row["cost"], row["generations"], row["input_tokens"]) for row in answer}
    assert expected["alice"] == (Decimal("0.0009"), 2, 200)
    for view, count in (("daily_usage", "sum(generations)"), ("generations", "count(*)")):
        result = rows_of(
            access, f"SELECT user_id, sum(cost_nanodollars), {count}, sum(input_tokens) FROM {view} GROUP BY user_id"
        )
        assert {row[0]: (Decimal(str(row[1])) / 10**9, *row[2:]) for row in result.rows} == expected


@pytest.mark.slow
def test_merged_user_ids_count_as_one(ledger: Ledger, access: SqlAccess) -> None:
    people.merge(ledger, "bob", "alice", by="root")
    for view in ("daily_usage", "generations"):
        result = rows_of(access, f"SELECT user_id, count(*) FROM {view} GROUP BY user_id ORDER BY user_id IS NULL")
        assert [row[0] for row in result.rows] == ["alice", None]
    assert rows_of(access, "SELECT user_id FROM users").rows == (("alice",),)


def test_sums_of_dollars_show_no_rest_of_floating_point_numbers(ledger: Ledger, access: SqlAccess) -> None:
    from llmtrack.pricing.usage import Cost

    ledger.write([generation(NOON, user_id="dot", cost=Cost("exact", total=100_000_000)) for _ in range(3)])
    (row,) = rows_of(access, "SELECT sum(cost), sum(cost_nanodollars) FROM generations WHERE user_id = 'dot'").rows
    assert numbers(row) == [Decimal("0.3"), 300_000_000]


@pytest.mark.slow
def test_every_example_runs_and_the_first_is_about_the_user_named(access: SqlAccess) -> None:
    results = {name: rows_of(access, statement) for name, statement in examples("alice").items()}
    assert all(result.rows for result in results.values())
    usage = results["Usage of one user"]
    assert usage.columns == ("day", "model", "calls", "input_tokens", "output_tokens", "cost")
    assert [numbers(row) for row in usage.rows] == [["2025-10-09", "gpt-4o-2024-08-06", 2, 200, 40, Decimal("0.0009")]]
    assert results["Cost by plan"].column("plan") == ["pro", "free"]
    assert "'o''hara'" in examples("o'hara")["Usage of one user"]


MISTAKES = {
    "SELECT fro FROM users": (1, 8, "fro"),
    "SELECT user_id\nFORM users": (2, 6, "users"),
    "SELECT *\nFROM usrs": (2, 6, "usrs"),
    "SELECT 'from', from\nFROM users": (1, 16, "from"),
    "SELECT foo(1)": (1, 8, "foo"),
}
"""Each with line, column and a word of what is said. `FORM users` is a name and another after it."""


@pytest.mark.slow
@pytest.mark.parametrize("statement", MISTAKES)
def test_a_mistake_is_told_with_its_place(access: SqlAccess, statement: str) -> None:
    line, column, word = MISTAKES[statement]
    with pytest.raises(SqlError) as raised:
        rows_of(access, statement)
    assert raised.value.reason == "mistake"
    assert word in str(raised.value)
    assert raised.value.position is not None
    assert line_and_column(statement, raised.value.position) == (line, column)


def test_a_place_is_counted_from_one() -> None:
    assert line_and_column("ab\ncd", 0) == (1, 1)
    assert line_and_column("ab\ncd", 4) == (2, 2)


def test_columns_of_one_name_are_told_apart() -> None:
    assert unique(["a", "a", "", "a 2", "a"]) == ("a", "a 3", "column 3", "a 2", "a 4")


def test_a_file_has_the_rows_as_they_are_and_no_formula() -> None:
    result = SqlResult(("=x", "cost", "big"), (("=1+1", Decimal("0.000000100"), 2**60), (None, 1e-7, -3)), None, 0.1)
    assert result.as_csv() == "'=x,cost,big\r\n'=1+1,0.000000100,1152921504606846976\r\n,0.0000001,-3\r\n"


def test_the_documentation_has_every_view_and_column_of_them() -> None:
    text = (DOCS / "sql.md").read_text(encoding="utf-8")
    for view in VIEWS:
        section = text.partition(f"### `{view.name}`\n")[2].partition("\n### ")[0]
        assert [column.name for column in view.columns if f"| `{column.name}` |" not in section] == []


def test_every_column_is_no_text_that_people_wrote() -> None:
    """The views name their sources: none reads a text, a comment or an error other than whether there is one."""
    private = {"input", "output", "comment", "error", "content", "title", "digest", "subject"}
    for view in VIEWS:
        for column in view.columns:
            source = column.source if isinstance(column.source, str) else column.source.column
            assert source.removeprefix("r.") not in private, (view.name, column.name)
