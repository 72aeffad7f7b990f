"""What a statement gave: a table, a chart or a mistake, and the rows as a file."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from html import escape
from typing import Any, Literal

import streamlit as st

from llmtrack.ledger.sql_access import MOST_BYTES, MOST_ROWS, Cell, SqlError, SqlResult, line_and_column
from pages.components import card, empty_states, formatting
from pages.components.card import Choice
from pages.components.sql import result_chart

MOST_SHOWN_AT_ONCE = 14
"""A table of more rows scrolls inside itself."""
EXACT = 2**53
"""From here on a browser rounds whole numbers."""


def draw(outcome: SqlResult | SqlError, statement: str) -> None:
    """The result of `statement`, or why there is none."""
    if isinstance(outcome, SqlError):
        return draw_error(outcome, statement)
    shown = Choice("Show as", "show", {"table": "Table", "chart": "Chart"})
    with card.card("Result", _remark(outcome), choices=[shown] if outcome.rows else []):
        if not outcome.rows:
            empty_states.note("No row fits: the statement ran, and nothing is as its conditions say.")
            return None
        if shown.value == "chart":
            result_chart.draw(outcome)
        else:
            _table(outcome)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.download_button(
                "CSV", data=outcome.as_csv, file_name=f"llmtrack sql {datetime.now(UTC):%Y-%m-%d %H.%M}.csv",
                mime="text/csv", icon=":material/download:", on_click="ignore", key="sql_csv",
            )  # fmt: skip
            empty_states.note(_limit_reached(outcome))
    return None


def draw_error(error: SqlError, statement: str) -> None:
    """What is wrong in one sentence, with the line and the place in it."""
    tone: Literal["warn", "bad"] = "warn" if error.reason in ("limit", "busy") else "bad"
    place = ""
    if error.position is not None and statement.strip():
        line, column = line_and_column(statement, error.position)
        place = f"<b>Line {line}, column {column}.</b> "
    card.note(f"{place}{escape(formatting.visible(str(error)))}", tone)
    if place:
        text = statement.split("\n")[line - 1].replace("\t", " ")
        before = max(0, column - 61)
        cut = "…" if before else ""
        st.code(f"{cut}{text[before : before + 120]}\n{' ' * (column - 1 - before + len(cut))}^", language=None)


def _remark(result: SqlResult) -> str:
    rows = formatting.counted(len(result.rows), "row")
    return f"{'the first ' if result.cut else ''}{rows} in {formatting.seconds(result.seconds)}"


def _limit_reached(result: SqlResult) -> str:
    if result.cut == "rows":
        return f"Cut at {MOST_ROWS:,} rows: there are more. Add a LIMIT, or sum them up."
    if result.cut == "bytes":
        return f"Cut at {MOST_BYTES / 1e6:.0f} MB: there are more rows. Ask for fewer columns or rows."
    return ""


def _table(result: SqlResult) -> None:
    import pandas as pd

    frame = pd.DataFrame({name: series_of(result.column(name)) for name in result.columns})
    height: int | Literal["content"] = "content" if len(result.rows) <= MOST_SHOWN_AT_ONCE else 35 * MOST_SHOWN_AT_ONCE
    config: dict[str, Any] = {
        name: st.column_config.NumberColumn(format="%d" if frame[name].dtype == "Int64" else "%.12g")
        for name in result.columns
        if frame[name].dtype in ("Int64", "float64")
    }
    st.dataframe(
        frame, column_config=config, hide_index=True, height=height, placeholder="NULL", alt="The rows of the statement"
    )


def series_of(values: list[Cell]) -> Any:
    """The values of a column as pandas has them: numbers where all are, and a browser can tell them apart."""
    import pandas as pd

    present = [value for value in values if value is not None]
    if present and all(isinstance(value, int) and abs(value) < EXACT for value in present):
        return pd.Series(values, dtype="Int64")
    if present and all(isinstance(value, float | Decimal | int) for value in present):
        if all(isinstance(value, int) for value in present):
            return pd.Series([None if value is None else str(value) for value in values], dtype="object")
        return pd.Series([None if value is None else float(value) for value in values], dtype="float64")
    return pd.Series([None if value is None else formatting.visible(str(value)) for value in values], dtype="object")
