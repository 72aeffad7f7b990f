"""For the machines that watch: whether the server is ready, and why not; and numbers for Prometheus."""

from __future__ import annotations

import asyncio
import logging
from typing import Literal

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry
from prometheus_client.exposition import choose_encoder

from llmtrack.capture.journal import journal_lag
from llmtrack.capture.tracker import default_tracker
from llmtrack.ledger import open_ledger
from llmtrack.serving.api.caller import Caller, Credentials, Reader, authenticated
from llmtrack.serving.api.models import Answer
from llmtrack.serving.api.problems import Problem
from llmtrack.serving.api.prometheus import LedgerCollector
from llmtrack.serving.api.threads import in_thread

router = APIRouter(tags=["watching"])
_log = logging.getLogger(__name__)


class Journal(Answer):
    """What waits to be written to the ledger."""

    files: int
    """Journal files with records that are not in the ledger yet."""
    lag_seconds: float
    """How long the oldest of these records has waited."""
    rejected_bytes: int
    """Size of the file that keeps records which the ledger could not take."""


class Reasons(Answer):
    """Why the server is ready or not."""

    ledger: str
    """`ok`, or what is wrong."""
    revision: str | None
    """The version of the ledger's tables."""
    expected_revision: str | None
    """The version of the tables that this server needs."""
    journal: Journal | None


class Readiness(Answer):
    """Whether the server can answer questions."""

    status: Literal["ok", "unavailable"]
    reasons: Reasons | None = None
    """With a token that reads everything."""


@router.get("/readyz", response_model_exclude_none=True, responses={503: {"model": Readiness}})
async def readyz(response: Response, credentials: Credentials) -> Readiness:
    """Whether the ledger can be read: one word, with 200 or 503; the reasons with a token that has `admin:read`."""
    try:
        await in_thread(lambda _: _read_ledger())
        wrong = None
    except Exception as error:
        _log.exception("The server is not ready: its ledger cannot be read")
        wrong = error
    reasons = None
    if credentials is not None and wrong is None:  # without a ledger nobody's token can be looked up
        _require_everything(await authenticated(credentials, None))
        reasons = await in_thread(lambda _: _reasons())
    if wrong is not None:
        response.status_code = 503
    response.headers["cache-control"] = "no-store"
    return Readiness(status="ok" if wrong is None else "unavailable", reasons=reasons)


def _read_ledger() -> None:
    with open_ledger().reading() as connection:
        connection.exec_driver_sql("SELECT 1")


def _reasons() -> Reasons:
    from llmtrack.ledger.migrations import revision_of, scripts

    ledger = open_ledger()
    with ledger.reading() as connection:
        revision = revision_of(connection)
    lag = journal_lag(default_tracker().journal_dir(), ledger)
    return Reasons(
        ledger="ok",
        revision=revision,
        expected_revision=scripts().get_current_head(),
        journal=Journal(files=lag.files, lag_seconds=round(lag.seconds, 3), rejected_bytes=lag.rejected_bytes),
    )


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
async def metrics(request: Request, caller: Reader) -> Response:
    """Numbers for Prometheus, under OpenTelemetry GenAI's names where it has some. Needs `admin:read`."""
    _require_everything(caller)
    encode, content_type = choose_encoder(request.headers.get("accept", CONTENT_TYPE_LATEST))
    collector = await in_thread(lambda cancel: LedgerCollector.read(open_ledger(), cancel))
    registry = CollectorRegistry()
    registry.register(collector)
    return Response(await asyncio.to_thread(encode, registry), media_type=content_type)


def _require_everything(caller: Caller) -> None:
    if not caller.reads_everything:
        raise Problem(403, "This needs a token with the scope admin:read.")
