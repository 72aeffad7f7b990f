"""Rows as bytes of a file format, batch by batch."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal

Batch = Sequence[Sequence[Any]]
_FORMULA = re.compile(r"[\s\x00-\x1f\ufeff\u200b]*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")
"""The beginning of a text that a spreadsheet may run as a formula (OWASP, CSV Injection): one of ``= + - @``, also in
full width (East Asian keyboards), whatever white space stands before it; or a tab or a line break."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of an exported file."""

    name: str
    kind: Literal["text", "integer", "number", "money", "time", "flag"] | str
    doc: str


def encoded(format: str, columns: Sequence[Column], batches: Iterable[Batch]) -> Iterator[bytes]:
    """The file, piece by piece. Raises ValueError, at once, for a format there is not."""
    if format not in FORMATS:
        raise ValueError(f"There is no format {format!r}; choose one of {', '.join(FORMATS)}.")
    return FORMATS[format](columns, batches)


def _csv(columns: Sequence[Column], batches: Iterable[Batch]) -> Iterator[bytes]:
    """As RFC 4180 has it, in UTF-8. Text that a spreadsheet would run as a formula gets an apostrophe before it.

    The byte order mark tells spreadsheets that it is UTF-8. The headings are quoted, as no other cell that could do
    without is: DuckDB looks for the quotation mark at the beginning of a file, and one that first appears after some
    thousand lines would make it give up. The csv module's own line end, CRLF, is what makes it quote a lone CR as well
    as a lone LF (Python 3.11 quotes only what occurs in the line end).
    """
    buffer = io.StringIO()
    buffer.write("\ufeff")
    csv.writer(buffer, quoting=csv.QUOTE_ALL).writerow([column.name for column in columns])
    writer = csv.writer(buffer)
    for batch in batches:
        writer.writerows([_cell(value) for value in row] for row in batch)
        yield _take(buffer)
    yield _take(buffer)


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return f"'{value}" if _FORMULA.match(value) else value
    return _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, bool):
        return "true" if value else "false"
    return value


def _take(buffer: io.StringIO) -> bytes:
    text = buffer.getvalue().encode("utf-8", "replace")
    buffer.seek(0)
    buffer.truncate()
    return text


def _jsonl(columns: Sequence[Column], batches: Iterable[Batch]) -> Iterator[bytes]:
    """One JSON object a line. A dollar amount is a number written with all its digits."""
    names = [column.name for column in columns]
    for batch in batches:
        lines = (json.dumps(dict(zip(names, map(_json, row), strict=True)), ensure_ascii=False) for row in batch)
        yield "".join(f"{line}\n" for line in lines).encode("utf-8", "replace")


def _json(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)  # nano-dollars up to nine million dollars come out of a float digit by digit
    return value.isoformat() if isinstance(value, datetime) else value


class _Sink(io.RawIOBase):
    """A file in memory that a writer writes to; `take` returns what was written since the last call."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._position = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def write(self, piece: Any) -> int:
        self._pieces.append(bytes(piece))
        self._position += len(self._pieces[-1])
        return len(self._pieces[-1])

    def take(self) -> bytes:
        """The bytes written since the last call."""
        written, self._pieces = b"".join(self._pieces), []
        return written


GROUP_ROWS = 50_000
"""Rows of a group in a Parquet file: it reads badly from many small ones."""


def _parquet(columns: Sequence[Column], batches: Iterable[Batch]) -> Iterator[bytes]:
    """Times are UTC to the microsecond, dollars are decimals with nine places."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {
        "text": pa.string(),
        "integer": pa.int64(),
        "number": pa.float64(),
        "money": pa.decimal128(38, 9),
        "time": pa.timestamp("us", tz="UTC"),
        "flag": pa.bool_(),
    }
    schema = pa.schema([pa.field(column.name, types[column.kind]) for column in columns])
    sink = _Sink()
    with pq.ParquetWriter(sink, schema, compression="zstd") as writer:
        tables: list[pa.Table] = []
        for batch in batches:
            # As Arrow keeps them, the rows of a group take a small part of the memory that they take in Python.
            arrays = [pa.array([_arrow(row[at]) for row in batch], type=field.type) for at, field in enumerate(schema)]
            tables.append(pa.Table.from_arrays(arrays, schema=schema))
            if sum(table.num_rows for table in tables) >= GROUP_ROWS:
                writer.write_table(pa.concat_tables(tables).combine_chunks())
                tables = []
                yield sink.take()
        if tables:
            writer.write_table(pa.concat_tables(tables).combine_chunks())
            yield sink.take()
    yield sink.take()


def _arrow(value: Any) -> Any:
    return value.astimezone(UTC) if isinstance(value, datetime) else value


FORMATS: dict[str, Callable[[Sequence[Column], Iterable[Batch]], Iterator[bytes]]] = {
    "csv": _csv,
    "jsonl": _jsonl,
    "parquet": _parquet,
}
"""Each format by the ending of its files."""
