"""The application behind `/api`: its routes, and what every request to them passes."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse

from llmtrack.own_version import own_version
from llmtrack.serving.api import exporting, limits, reading, recording, statements, usage, watching
from llmtrack.serving.api.body_limit import BodyLimit
from llmtrack.serving.api.problems import MEDIA_TYPE, ProblemDetails, add_handlers
from llmtrack.serving.api.rate_limit import RateLimit, StateHeaders
from llmtrack.settings import get_settings

DESCRIPTION = """Who used which model, what did it cost, how fast was it: the questions of the pages, for programs.

Every route needs a token (the Tokens page makes them) in `Authorization: Bearer llmt_…`. A user's token shows that
user, a team's that team; `admin:read` shows everybody. Money is a string of US dollars with all its digits, time is RFC
3339, unknown is null and never 0. What goes wrong is `application/problem+json` (RFC 9457)."""
_HERE = [{"url": "/"}]
"""Where the routes are, unless the app lies under a base path, which FastAPI then puts into `servers`."""
_PROBLEMS = {
    400: "A parameter is missing, misspelt or has a value that cannot be.",
    401: "There is no token, or it opens nothing.",
    403: "The token is not for this.",
    404: "There is no such thing.",
    413: "The body is too large.",
    429: "The token has sent too many requests.",
    503: "The ledger cannot be read, or the question took too long.",
}


def make_app() -> FastAPI:
    """The application, with full paths such as ``/api/usage``."""
    settings = get_settings()
    app = FastAPI(
        title="llmtrack",
        version=own_version(),
        description=DESCRIPTION,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        middleware=_middleware(settings.api_allowed_origins),
    )
    app.state.rate_limit = RateLimit()
    add_handlers(app)
    for part in (usage, limits, statements, reading, recording, exporting, watching):
        app.include_router(part.router)
    app.add_route("/api/docs", _docs, include_in_schema=False)
    app.add_route(
        "/api", lambda request: RedirectResponse(f"{request.scope['root_path']}/api/docs"), include_in_schema=False
    )
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    return app


def _middleware(origins: tuple[str, ...]) -> list[Middleware]:
    exposed = ["ratelimit", "ratelimit-policy", "retry-after"]
    methods, headers = ["GET", "POST", "PUT"], ["authorization", "content-type"]
    cors = Middleware(
        CORSMiddleware, allow_origins=origins, allow_methods=methods, allow_headers=headers, expose_headers=exposed
    )
    return [*([cors] if origins else []), Middleware(StateHeaders), Middleware(BodyLimit)]


async def _docs(request: Request) -> HTMLResponse:
    from llmtrack.serving.api.docs_page import page

    return HTMLResponse(page(request.app.openapi()))


def _openapi(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document: FastAPI's, with our problems instead of its own answer to invalid requests."""
    if app.openapi_schema:
        app.openapi_schema["servers"] = app.servers or _HERE
        return app.openapi_schema
    document = FastAPI.openapi(app)
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas["ProblemDetails"] = ProblemDetails.model_json_schema()
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}}
    for operations in document["paths"].values():
        for operation in operations.values():
            operation["responses"].pop("422", None)
            for status, description in _PROBLEMS.items():
                operation["responses"].setdefault(str(status), {"description": description, "content": content})
    document["servers"] = app.servers or _HERE
    return document
