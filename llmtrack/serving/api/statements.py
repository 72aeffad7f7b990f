"""Statements of closed billing cycles, as they were issued: `/api/statements`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from llmtrack.billing import statements as billing
from llmtrack.ledger import LedgerError, open_ledger
from llmtrack.ledger import statements as store
from llmtrack.ledger.periods import from_micros
from llmtrack.serving.api import models
from llmtrack.serving.api.caller import Caller, Reader
from llmtrack.serving.api.models import Answer, Dollars
from llmtrack.serving.api.problems import Problem
from llmtrack.serving.api.questions import Text
from llmtrack.serving.api.threads import in_thread

router = APIRouter(tags=["statements"])
MEDIA_TYPES = {"csv": "text/csv; charset=utf-8", "pdf": "application/pdf"}
Number = Annotated[str, Path(pattern=r"^S-[0-9A-F]{1,16}$", description="A statement's number, as it is printed.")]


class StatementQuery(BaseModel):
    """Whose statements."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    user_id: Text | None = None
    """Only this user's; everybody's without it, where the token shows them."""


class StatementHead(Answer):
    """A statement of a closed billing cycle."""

    number: str
    """As it is printed on it."""
    user_id: str
    cycle: models.Period
    timezone: str
    issued_at: datetime
    issued_by: str
    sha256: str
    """Of its content, in hexadecimal; printed on every page."""
    list_total: Dollars
    """What the calls of the cycle cost, in list dollars."""
    markup_percent: Dollars
    markup: Dollars
    """What the markup adds."""
    adjusted: Dollars
    """What changed in earlier cycles after their statements were issued."""
    total: Dollars
    """The amount of the statement."""
    unpriced: int
    """Calls that may have cost something nobody knows; they are in no amount."""


class StatementLine(Answer):
    """The calls to one model that were priced alike."""

    provider: str
    model: str
    cost_status: str
    """How the cost is known; `totals` where only sums are left of it."""
    price: dict[str, Any] | None
    """The price applied: source, version, model, tier and rates."""
    calls: int
    messages: int
    quantities: dict[str, int]
    """Tokens and searches."""
    parts: dict[str, Dollars]
    """The cost by part."""
    cost: Dollars


class StatementAdjustment(Answer):
    """What changed in an earlier cycle, for one model."""

    statement: str
    """The number of the statement adjusted."""
    provider: str
    model: str
    calls: int
    cost: Dollars
    amount: Dollars
    """With the markup of that statement."""


class Statement(StatementHead):
    """A statement with its lines."""

    lines: list[StatementLine]
    adjustments: list[StatementAdjustment]
    currency: str
    """Shown beside US dollars."""
    converted: Dollars | None
    """The amount in that currency; null without a rate, and for US dollars."""


class Statements(Answer):
    """Statements, the latest cycle first."""

    data: list[StatementHead]


@router.get("/api/statements")
async def statements(caller: Reader, query: Annotated[StatementQuery, Query()]) -> Statements:
    """The statements of the token's owner; with `admin:read` everybody's, or one user's."""
    ids = _ids(caller)
    wanted = ids if query.user_id is None else (query.user_id,)
    if ids is not None and query.user_id is not None and query.user_id not in ids:
        raise Problem(403, f"This token does not show the statements of user {query.user_id!r}.")

    def work(_: Any) -> Statements:
        records = store.statements(open_ledger(), wanted)
        return Statements(data=[StatementHead(**_head(record)) for record in records])

    return await in_thread(work)


@router.get("/api/statements/{number}")
async def statement(caller: Reader, number: Number) -> Statement:
    """A statement with its lines, adjustments and sums."""
    return await in_thread(lambda _: _whole(_record(caller, number)))


_FILE: dict[int | str, dict[str, Any]] = {
    200: {"content": {kind.partition(";")[0]: {"schema": {"type": "string"}} for kind in MEDIA_TYPES.values()}}
}


@router.get("/api/statements/{number}/{kind}", response_class=Response, responses=_FILE)
async def statement_file(
    caller: Reader, number: Number, kind: Annotated[Literal["pdf", "csv"], Path(description="pdf or csv.")]
) -> Response:
    """A statement's file, byte for byte as it was issued."""
    content = await in_thread(lambda _: store.statement_file(open_ledger(), _record(caller, number).id, kind))
    headers = {"content-disposition": f'attachment; filename="{number}.{kind}"', "cache-control": "no-store"}
    return Response(content, media_type=MEDIA_TYPES[kind], headers=headers)


def _ids(caller: Caller) -> tuple[str, ...] | None:
    """Whose statements the caller may see; None: everybody's. Raises `Problem` 403 for who is no person."""
    if caller.reads_everything:
        return None
    if caller.bearer.viewer is None:
        raise Problem(403, f"Statements are people's: the token of {caller.name} reads them with admin:read.")
    return tuple(caller.bearer.viewer.ids)


def _record(caller: Caller, number: str) -> store.StatementRecord:
    """The statement of this number. Raises `Problem` 404 where there is none that the caller may see."""
    ids = _ids(caller)
    try:
        record = store.statement(open_ledger(), billing.parse_number(number))
    except (LedgerError, OverflowError):
        record = None
    if record is None or (ids is not None and record.user_id not in ids):
        raise Problem(404, f"There is no statement {number}: /api/statements lists those there are.")
    return record


def _head(record: store.StatementRecord) -> dict[str, Any]:
    own = billing.decode(record.content)
    return {
        "number": billing.printed_number(record.id), "user_id": record.user_id, "timezone": record.timezone,
        "cycle": models.Period(start=own.period.since, end=own.period.until),
        "issued_at": from_micros(record.issued_at, record.timezone), "issued_by": record.issued_by,
        "sha256": record.digest, "list_total": own.list_total, "markup_percent": own.percent, "markup": own.markup,
        "adjusted": own.adjusted, "total": own.total, "unpriced": own.unpriced,
    }  # fmt: skip


def _whole(record: store.StatementRecord) -> Statement:
    own = billing.decode(record.content)
    return Statement(
        **_head(record),
        lines=[StatementLine.model_validate(line) for line in own.lines],
        adjustments=[
            StatementAdjustment(
                statement=billing.printed_number(entry.statement), provider=entry.provider, model=entry.model,
                calls=entry.calls, cost=entry.cost, amount=entry.amount,
            )
            for entry in own.adjustments
        ],
        currency=own.currency,
        converted=own.converted,
    )  # fmt: skip
