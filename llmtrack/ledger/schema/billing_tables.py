"""The tables of what was billed: statements as issued, and exchange rates. Times are microseconds since 1970."""

from __future__ import annotations

from sqlalchemy import Index, LargeBinary
from sqlmodel import Field, SQLModel

from llmtrack.ledger.schema.columns import big, key


class Statement(SQLModel, table=True):
    """A statement of a closed billing cycle, as it was issued: its numbers and its files. It never changes."""

    __tablename__ = "statement"
    __table_args__ = (Index("statement_user", "user_id", "since", unique=True),)
    id: int = key()
    user_id: str
    since: int = big()
    until: int = big()
    """The first instant after the cycle."""
    timezone: str
    """By whose clocks the cycle was cut."""
    issued_at: int = big()
    issued_by: str
    digest: str
    """SHA-256 of `content`, in hexadecimal; printed on the files."""
    content: bytes = Field(sa_type=LargeBinary)
    """All of its numbers: JSON in UTF-8, keys sorted, money as decimal texts in US dollars."""
    csv: bytes = Field(sa_type=LargeBinary)
    pdf: bytes = Field(sa_type=LargeBinary)
    pdf_digest: str | None = None
    """SHA-256 of `pdf`, in hexadecimal; NULL for statements issued before it was kept."""


class ExchangeRate(SQLModel, table=True):
    """What a US dollar was in another currency in a month, as an admin entered it."""

    __tablename__ = "exchange_rate"
    currency: str = Field(primary_key=True)
    month: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    """``year * 12 + month - 1``."""
    rate: str
    """A decimal number: units of the currency for one US dollar."""
    entered_at: int = big()
    entered_by: str
