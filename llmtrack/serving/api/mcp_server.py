"""The questions of the API as read-only tools for agents (Model Context Protocol), over streamable HTTP at `/mcp`.

An optional extra: `pip install "llmtrack[mcp]"`. Whoever asks is known by the token of the request, and sees what that
token shows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import ContextVar
from typing import Annotated, TypeVar

from fastapi.security import HTTPAuthorizationCredentials
from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.transport_security import TransportSecuritySettings
from mcp_types import ToolAnnotations
from pydantic import Field, ValidationError
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from llmtrack.ledger import LedgerError, open_ledger
from llmtrack.ledger.metrics import DIMENSIONS, METRICS, Cancel, Filter
from llmtrack.own_version import own_version
from llmtrack.serving.api import models
from llmtrack.serving.api.body_limit import BodyLimit
from llmtrack.serving.api.caller import Caller, authenticated, note_use
from llmtrack.serving.api.problems import Problem, problem_response
from llmtrack.serving.api.questions import MetricsQuery, PriceQuery
from llmtrack.serving.api.rate_limit import RateLimit
from llmtrack.serving.api.reading import answer, prices_of, result_of
from llmtrack.serving.api.threads import in_thread
from llmtrack.serving.api.usage import usage
from llmtrack.serving.identity import Kind
from llmtrack.settings import get_settings

INSTRUCTIONS = """Who used which language model, what did it cost, how fast was it. Costs are US dollars as strings;
null is unknown and never 0. Calls without a known price are missing from a cost: say how many (`unpriced`) with it."""
_READS = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)
T = TypeVar("T")
_caller: ContextVar[Caller] = ContextVar("llmtrack_mcp_caller")


async def my_usage(
    cycle: Annotated[str, Field(description="current, previous, 2026-11 or 2026-11-29")] = "current",
) -> models.Usage:
    """What the owner of this token used and spent in a billing cycle: calls, messages, tokens, cost, by model."""
    caller = _caller.get()
    guard = caller.own()
    if guard is None:
        raise ToolError("A service's token has no usage of its own: use the tool query.")
    viewer = caller.bearer.viewer
    user = viewer.id if viewer is not None else None
    return await _in_words(lambda cancel: usage(open_ledger(), [guard], cycle, user, caller.team, cancel))


async def query(
    metrics: Annotated[list[str], Field(description="Such as cost, generations, total_tokens; see list_metrics")],
    by: Annotated[list[str], Field(description="Split by hour, day, week, month, cycle, model, user, …")] = [],  # noqa: B006
    since: Annotated[str | None, Field(description="Beginning, such as 2026-11-01")] = None,
    until: Annotated[str | None, Field(description="End, not included")] = None,
    where: Annotated[list[str], Field(description="NAME=VALUE or NAME!=VALUE, such as model=gpt-4o")] = [],  # noqa: B006
    order: Annotated[str | None, Field(description="A metric; after - the largest first, such as -cost")] = None,
    limit: Annotated[int, Field(description="Rows at most")] = 100,
    top: Annotated[int | None, Field(description="Values of the first dimension to keep; the rest are one row")] = None,
) -> models.Metrics:
    """Answers any question about usage: metrics, split by dimensions and time, under filters."""
    caller = _caller.get()
    given = {"since": since, "until": until, "where": where, "order": order, "limit": limit, "top": top, "by": by}
    try:
        question = MetricsQuery.model_validate({"metric": metrics, **given})
        filters: list[Filter] = caller.narrowed(Kind.NUMBERS, question.filters())
    except ValidationError as error:
        raise ToolError(f"{error.errors()[0]['loc'][0]}: {error.errors()[0]['msg']}") from None
    except (ValueError, Problem) as error:
        raise ToolError(str(error)) from None
    return await _in_words(lambda cancel: result_of(answer(question, filters, cancel)))


async def list_metrics() -> dict[str, dict[str, str]]:
    """The metrics and dimensions that the tool query takes, each with its meaning."""
    return {
        "metrics": {name: f"{metric.doc} [{metric.unit}]" for name, metric in METRICS.items()},
        "dimensions": {name: dimension.doc for name, dimension in DIMENSIONS.items()},
    }


async def price(provider: str, model: str) -> models.Prices:
    """What a model costs now, by class of token, in US dollars."""
    return await _in_words(lambda _: prices_of(PriceQuery(provider=provider, model=model)))


async def _in_words(work: Callable[[Cancel], T]) -> T:
    """The result of `work`; what goes wrong is told to the agent in a sentence, without anything else."""

    def worded(cancel: Cancel) -> T:
        try:
            return work(cancel)
        except ValidationError:
            raise
        except (ValueError, LedgerError) as error:
            raise ToolError(str(error)) from None

    try:
        return await in_thread(worded)
    except Problem as error:
        raise ToolError(error.detail) from None


def make_server() -> MCPServer:
    """The server with its tools."""
    server = MCPServer("llmtrack", version=own_version(), instructions=INSTRUCTIONS, log_level="WARNING")
    for tool in (my_usage, query, list_metrics, price):
        server.tool(annotations=_READS)(tool)
    return server


class McpApplication:
    """ASGI application: lets in who has a token that reads, and hands their request to the SDK's own transport."""

    def __init__(self) -> None:
        self._server = make_server()
        # Origins and hosts are checked before every route (`serving.origin`, `serving.identity.gate`).
        self._transport: ASGIApp = self._server.streamable_http_app(
            stateless_http=True,
            json_response=True,
            transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
        )
        self._rate_limit = RateLimit()
        self._running: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer with a problem."""
        try:
            caller = await self._identified(scope)
        except Problem as problem:
            response = problem_response(problem.status, problem.detail, scope["path"], problem.headers)
            return await response(scope, receive, send)
        await self._run()
        token = _caller.set(caller)
        try:
            await self._transport(scope, receive, send)
        finally:
            _caller.reset(token)
        return None

    async def _identified(self, scope: Scope) -> Caller:
        scheme, _, credentials = Headers(scope=scope).get("authorization", "").partition(" ")
        given = scheme.lower() == "bearer" and credentials.strip()
        caller = await authenticated(
            HTTPAuthorizationCredentials(scheme=scheme, credentials=credentials.strip()) if given else None, None
        )
        allowance = self._rate_limit.take(caller.bearer.token.id, get_settings().api_requests_per_minute)
        if allowance.exceeded:
            detail = f"This token has sent {allowance.limit} requests within a minute: wait {allowance.reset} seconds."
            raise Problem(429, detail, allowance.headers())
        note_use(caller.bearer.token)
        return caller

    async def _run(self) -> None:
        """Has the SDK's session manager run in this event loop, in a task of its own that ends with the loop."""
        if self._running is None or self._running.done():
            started = asyncio.Event()

            async def run() -> None:
                async with self._server.session_manager.run():
                    started.set()
                    await asyncio.Event().wait()

            self._running = asyncio.create_task(run())
            await started.wait()


def make_mcp() -> ASGIApp:
    """The application behind `/mcp`."""
    return BodyLimit(McpApplication())
