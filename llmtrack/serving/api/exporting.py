"""Files, streamed: generations, or the answer to a question. Programs send a token, pages make single-use links."""

from __future__ import annotations

import hmac
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import StreamingResponse

from llmtrack.ledger import Ledger, LedgerError, open_ledger, people
from llmtrack.ledger.export import stream_generations, stream_result
from llmtrack.ledger.metrics import Cancel, Filter, ask
from llmtrack.serving.api.caller import Reader
from llmtrack.serving.api.problems import Problem
from llmtrack.serving.api.questions import Selection, Text
from llmtrack.serving.api.threads import in_thread
from llmtrack.serving.browser_cookie import BROWSER_COOKIE
from llmtrack.serving.identity import Kind, NotAllowed, NotFound, Viewer, require_question, viewer_now
from llmtrack.settings import get_settings

LINK_SECONDS = 60
"""How long a link lives."""
MOST_LINKS = 10_000
"""Links that wait to be used; beyond, the oldest go."""
MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/jsonl",
    "parquet": "application/vnd.apache.parquet",
}
_FILES: dict[str, Any] = {kind.partition(";")[0]: {"schema": {"type": "string"}} for kind in MEDIA_TYPES.values()}
_GONE = "This link was used, is older than a minute, or was made for another browser: make another on the page."
router = APIRouter(tags=["exports"])


class ExportQuery(Selection):
    """What is to be in a file: generations, or with `metric` the answer to a question."""

    format: Literal["csv", "jsonl", "parquet"] = "csv"
    """The kind of file."""
    metric: list[Text] = Field(default=[], max_length=20)
    """Export the answer to a question instead: cost, generations, …"""
    by: list[Text] = Field(default=[], max_length=5)
    """With `metric`: split by day, model, user, …"""
    anchor_day: int | None = Field(default=None, ge=1, le=31)
    """The day a billing cycle begins on."""
    order: Text | None = None
    """With `metric`: sort by a metric; after - the largest first."""
    limit: int | None = Field(default=None, ge=1)
    """With `metric`: rows at most."""
    fill: bool = True
    """With `metric`: whether stretches of time without calls have rows, too."""
    text: bool = False
    """With generations: also what was said."""

    @property
    def kind(self) -> Kind:
        """What somebody has to be allowed to see."""
        return Kind.NUMBERS if self.metric else Kind.TEXTS


def pieces(
    ledger: Ledger, query: ExportQuery, where: Sequence[Filter], cancel: Cancel | None = None
) -> Iterator[bytes]:
    """The file, piece by piece, of what `where` lets through. Raises ValueError, at the first piece at the latest."""
    timezone = query.timezone or get_settings().timezone
    about = {"since": query.since, "until": query.until, "timezone": timezone, "where": where}
    if not query.metric:
        return stream_generations(ledger, query.format, **about, text=query.text)  # type: ignore[arg-type]
    result = ask(
        ledger, query.metric, query.by, **about, anchor_day=query.anchor_day, order=query.order,  # type: ignore[arg-type]
        limit=query.limit, fill=query.fill, max_rows=None,
    )  # fmt: skip
    return stream_result(result, query.format)


@dataclass(frozen=True, slots=True)
class _Link:
    """A file that somebody may fetch once."""

    viewer: Viewer
    query: ExportQuery
    file_name: str
    browser: str
    expires: float


class Links:
    """The links that wait to be used, in this process: a page and its download are served by the same one."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._links: dict[str, _Link] = {}

    def add(self, viewer: Viewer, query: ExportQuery, file_name: str, browser: str) -> str:
        """A new link's secret; `browser` is the value of that browser's cookie. Raises `NotFound` for what the viewer
        may not see."""
        _check(viewer, query)
        secret = secrets.token_urlsafe(32)
        now = self._clock()
        with self._lock:
            for name in [name for name, link in self._links.items() if link.expires <= now]:
                del self._links[name]
            while len(self._links) >= MOST_LINKS:
                del self._links[next(iter(self._links))]
            self._links[secret] = _Link(viewer, query, file_name, browser, now + LINK_SECONDS)
        return secret

    def take(self, secret: str, browser: str | None) -> _Link | None:
        """The link of this secret, which is used up by that; None for another browser, or a link that is gone."""
        with self._lock:
            link = self._links.get(secret)
            if link is None or not browser or not hmac.compare_digest(link.browser.encode(), browser.encode()):
                return None
            del self._links[secret]
        return link if self._clock() < link.expires else None


LINKS = Links()


def export_path(viewer: Viewer, query: ExportQuery, file_name: str, browser: str) -> str:
    """The address of a file for this viewer, in this browser, once, within `LINK_SECONDS`. Raises `NotFound`."""
    return f"/api/export/{LINKS.add(viewer, query, file_name, browser)}"


def _check(viewer: Viewer, query: ExportQuery) -> None:
    """Raises `NotFound` unless this person may see what the query is about."""
    named = {filter.dimension: list(filter.values) for filter in query.filters() if not filter.negated}
    require_question(viewer, query.kind, named)


@router.get("/api/export", response_class=StreamingResponse, responses={200: {"content": _FILES}})
async def export(caller: Reader, query: Annotated[ExportQuery, Query()]) -> StreamingResponse:
    """Generations as a file (CSV, JSON Lines or Parquet), or with `metric` the answer to a question; streamed."""
    where = caller.narrowed(query.kind, query.filters())
    return await _streamed(query, where, f"llmtrack.{query.format}", caller.name)


@router.get("/api/export/{secret}", include_in_schema=False)
async def linked_export(request: Request, secret: str) -> StreamingResponse:
    """The file of a link that a page made: once, within a minute, in the browser it was made for."""
    link = LINKS.take(secret, request.cookies.get(BROWSER_COOKIE))
    if link is None:
        raise Problem(404, _GONE)
    try:
        viewer = await in_thread(lambda _: viewer_now(open_ledger(), link.viewer, get_settings()))
        _check(viewer, link.query)
    except (NotFound, NotAllowed, LedgerError):
        raise Problem(404, _GONE) from None
    return await _streamed(link.query, link.query.filters(), link.file_name, viewer.id)


async def _streamed(query: ExportQuery, where: Sequence[Filter], file_name: str, by: str) -> StreamingResponse:
    """The file as an answer; the first piece is made before it begins, so that what is wrong can be said."""

    def begin(cancel: Cancel) -> tuple[bytes, Iterator[bytes]]:
        ledger = open_ledger()
        detail = query.model_dump(mode="json", exclude_defaults=True)
        people.record(ledger, by, "export", "answer" if query.metric else "generations", detail)
        file = pieces(ledger, query, where)
        return next(file, b""), file

    first, file = await in_thread(begin)
    quoted = re.sub(r"[^ -~]|[\"\\]", "_", file_name)
    headers = {"content-disposition": f'attachment; filename="{quoted}"', "cache-control": "no-store"}
    return StreamingResponse(_joined(first, file), media_type=MEDIA_TYPES[query.format], headers=headers)


def _joined(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def renewed(query: ExportQuery, format: str) -> ExportQuery:
    """The same query in another format."""
    return query.model_copy(update={"format": format})
