"""What went wrong with a request, as RFC 9457 has it: `application/problem+json`, in words that name the way out."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field, ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from llmtrack.ledger.errors import LedgerError
from llmtrack.ledger.lists import NotFound
from llmtrack.ledger.metrics import Cancelled, TooManyRows

MEDIA_TYPE = "application/problem+json"
_log = logging.getLogger(__name__)


class ProblemDetails(BaseModel):
    """Why a request was not answered as wished (RFC 9457)."""

    type: str = Field(default="about:blank", description="about:blank: the status says what kind of problem it is.")
    title: str = Field(description="The status in words.", examples=["Bad Request"])
    status: int = Field(description="The HTTP status.", examples=[400])
    detail: str = Field(description="What is wrong and the way out, in a sentence.")
    instance: str | None = Field(default=None, description="The path that was asked for.")


class Problem(Exception):
    """A request that is answered with a problem."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = dict(headers or {})


def problem_response(
    status: int, detail: str, path: str | None = None, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """A problem as a response."""
    details = ProblemDetails(title=HTTPStatus(status).phrase, status=status, detail=detail, instance=path)
    return JSONResponse(
        details.model_dump(exclude_none=True), status, headers={"cache-control": "no-store", **(headers or {})},
        media_type=MEDIA_TYPE,
    )  # fmt: skip


def add_handlers(app: FastAPI) -> None:
    """Has every error of the app answered as a problem, none with a stack trace."""

    def problem(request: Request, error: Exception) -> JSONResponse:
        status, detail, headers = _described(error)
        return problem_response(status, detail, request.url.path, headers)

    for kind in (Problem, HTTPException, RequestValidationError, LedgerError, ValidationError, ValueError, Exception):
        app.add_exception_handler(kind, problem)


def _described(error: Exception) -> tuple[int, str, Mapping[str, str]]:
    """Status, sentence and headers of an error."""
    if isinstance(error, Problem):
        return error.status, error.detail, error.headers
    if isinstance(error, RequestValidationError):
        return 400, validation_in_words(error.errors()), {}
    if isinstance(error, HTTPException):
        return error.status_code, _HTTP_DETAILS.get(error.status_code, str(error.detail)), error.headers or {}
    if isinstance(error, NotFound):
        return 404, str(error), {}
    if isinstance(error, TooManyRows):
        return 400, str(error), {}
    if isinstance(error, Cancelled):
        return 503, "The question took too long and was given up: ask about a shorter time.", {"retry-after": "10"}
    # One of pydantic's own comes from an answer of ours, and would repeat what is in it.
    if isinstance(error, ValueError) and not isinstance(error, ValidationError):
        return 400, str(error), {}
    _log.error("A request to the API failed", exc_info=error)
    if isinstance(error, LedgerError):
        return 503, "The ledger cannot be read at the moment; the server's log says why.", {"retry-after": "10"}
    return 500, "The server failed at this request; its log says why.", {}


_HTTP_DETAILS = {
    404: "There is no such route: /api/docs lists those there are.",
    405: "This route does not take this method: /api/docs lists those it takes.",
}


def validation_in_words(errors: Any) -> str:
    """The first thing that is wrong with a request's parameters or body: its name, its value and what it may be."""
    first = errors[0]
    place, *names = [str(part) for part in first["loc"] if part not in ("record", "records")] or ["request"]
    name = ".".join(names) or place
    if first["type"] == "missing":
        return f"{name} is missing: add it to the {_PLACES.get(place, place)}."
    if first["type"] == "extra_forbidden":
        return f"{name} is not known here: check the spelling; /api/docs lists what there is."
    if first["type"] == "json_invalid":
        return "The body is not valid JSON."
    reason = str(first["msg"]).removeprefix("Value error, ")
    value = first.get("input")
    shown = f" is {str(value)[:80]!r}, but" if isinstance(value, str | int | float | bool) else ":"
    return f"{name}{shown} {reason[:1].lower()}{reason[1:]}."


_PLACES = {"query": "query", "body": "body", "header": "headers", "path": "path"}
