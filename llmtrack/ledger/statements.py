"""Statements as they were issued, and the exchange rates that admins entered."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import Connection, Table, delete, insert, select
from sqlalchemy.exc import IntegrityError
from sqlmodel import SQLModel

from llmtrack.ledger.errors import LedgerError
from llmtrack.ledger.schema import billing_tables
from llmtrack.ledger.write.spans_and_feedback import write_audit

if TYPE_CHECKING:
    from llmtrack.ledger.ledger import Ledger

_STATEMENT: Table = SQLModel.metadata.tables[str(billing_tables.Statement.__tablename__)]
_RATE: Table = SQLModel.metadata.tables[str(billing_tables.ExchangeRate.__tablename__)]
_HEAD = [column for column in _STATEMENT.c if column.name not in ("csv", "pdf")]


@dataclass(frozen=True, slots=True)
class StatementRecord:
    """A statement without its files. Times are microseconds since 1970."""

    id: int
    user_id: str
    since: int
    until: int
    timezone: str
    issued_at: int
    issued_by: str
    digest: str
    """SHA-256 of `content`, in hexadecimal."""
    content: bytes
    pdf_digest: str | None = None
    """SHA-256 of the PDF, in hexadecimal; None for statements issued before it was kept."""


@dataclass(frozen=True, slots=True)
class RateRecord:
    """An exchange rate as it was entered."""

    currency: str
    month: int
    """``year * 12 + month - 1``."""
    rate: str
    """Units of the currency for one US dollar, as a decimal number."""
    entered_at: int
    entered_by: str


def add_statement(ledger: Ledger, record: StatementRecord, *, csv: bytes, pdf: bytes) -> None:
    """Keeps a statement with its files. Raises `LedgerError` where its user has one that covers any of that time."""

    def work(connection: Connection) -> None:
        overlapping = select(_STATEMENT.c.id).where(
            _STATEMENT.c.user_id == record.user_id,
            _STATEMENT.c.since < record.until,
            _STATEMENT.c.until > record.since,
        )
        if connection.execute(overlapping).first() is not None:
            raise _taken(record)
        values = {column.name: getattr(record, column.name) for column in _HEAD}
        connection.execute(insert(_STATEMENT).values(**values, csv=csv, pdf=pdf))
        detail = {"user": record.user_id, "since": record.since, "until": record.until, "sha256": record.digest}
        write_audit(
            connection, ledger.dialect, record.issued_by, "statement issue", record.user_id,
            detail | {"statement": str(record.id)}, record.issued_at,
        )  # fmt: skip

    try:
        ledger.transact(work)
    except IntegrityError:  # another process was faster by a moment
        raise _taken(record) from None


def _taken(record: StatementRecord) -> LedgerError:
    return LedgerError(
        f"{record.user_id} has a statement of this time already. It stays as it was issued; "
        "what changed since is an adjustment on the next one."
    )


def statements(ledger: Ledger, users: Sequence[str] | None = None) -> list[StatementRecord]:
    """The statements of these users (None: of everybody), the latest cycle first."""
    query = select(*_HEAD).order_by(_STATEMENT.c.since.desc(), _STATEMENT.c.user_id)
    if users is not None:
        query = query.where(_STATEMENT.c.user_id.in_(list(users)))
    with ledger.reading() as connection:
        return [StatementRecord(**row) for row in connection.execute(query).mappings()]


def statement(ledger: Ledger, id: int) -> StatementRecord:
    """The statement of that number. Raises `LedgerError` where there is none."""
    with ledger.reading() as connection:
        row = connection.execute(select(*_HEAD).where(_STATEMENT.c.id == id)).mappings().first()
    if row is None:
        raise LedgerError(f"There is no statement {id}: `llmtrack statements list` shows those that there are.")
    return StatementRecord(**row)


def statement_file(ledger: Ledger, id: int, kind: Literal["csv", "pdf"]) -> bytes:
    """A statement's file, byte for byte as it was issued. Raises `LedgerError` where there is no such statement."""
    with ledger.reading() as connection:
        content = connection.execute(select(_STATEMENT.c[kind]).where(_STATEMENT.c.id == id)).scalar_one_or_none()
    if content is None:
        raise LedgerError(f"There is no statement {id}: `llmtrack statements list` shows those that there are.")
    return bytes(content)


def set_rate(ledger: Ledger, currency: str, month: int, rate: str, *, by: str) -> None:
    """Keeps the rate of a currency in a month in place of an earlier one; statements that were issued keep theirs."""
    now = time.time_ns() // 1000

    def work(connection: Connection) -> None:
        own = (_RATE.c.currency == currency, _RATE.c.month == month)
        before = connection.execute(select(_RATE.c.rate).where(*own)).scalar_one_or_none()
        connection.execute(delete(_RATE).where(*own))
        values: dict[str, Any] = {"currency": currency, "month": month, "rate": rate}
        connection.execute(insert(_RATE).values(**values, entered_at=now, entered_by=by))
        detail = {"month": month, "before": before, "after": rate}
        write_audit(connection, ledger.dialect, by, "exchange rate", currency, detail, now)

    ledger.transact(work)


def rates(ledger: Ledger, currency: str | None = None) -> list[RateRecord]:
    """The rates of a currency (None: of all), the latest month first."""
    query = select(*_RATE.c).order_by(_RATE.c.month.desc(), _RATE.c.currency)
    if currency is not None:
        query = query.where(_RATE.c.currency == currency)
    with ledger.reading() as connection:
        return [RateRecord(**row) for row in connection.execute(query).mappings()]
