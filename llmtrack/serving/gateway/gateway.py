"""The gateway itself: an ASGI application that answers by path, in front of whatever else a server has."""

from __future__ import annotations

import logging
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from llmtrack.capture import provider_endpoints, stream_usage
from llmtrack.capture.endpoints import OTHER, Endpoint
from llmtrack.capture.tracker import Tracker, default_tracker
from llmtrack.limits import LimitExceeded
from llmtrack.serving.gateway.asking import asking
from llmtrack.serving.gateway.call import GatewayCall, PassedOn
from llmtrack.serving.gateway.contexts import context_of
from llmtrack.serving.gateway.forwarding import Answering, Forwarding, Outgoing, answer
from llmtrack.serving.gateway.headers import by_name, to_provider
from llmtrack.serving.gateway.incoming import CallerLeft, parsed, read_body
from llmtrack.serving.gateway.keys import KeyRing, Presented, presented
from llmtrack.serving.gateway.ownership import Ownership
from llmtrack.serving.gateway.problems import GatewayProblem, Kind
from llmtrack.serving.gateway.refusals import refusal
from llmtrack.serving.gateway.routes import Route, find_route
from llmtrack.serving.gateway.upstreams import Upstream, upstreams
from llmtrack.settings import SettingsError, get_settings

_ENDPOINTS = {"openai": provider_endpoints.OPENAI, "anthropic": provider_endpoints.ANTHROPIC}
_READING = ("GET", "HEAD")
_log = logging.getLogger(__name__)


class Gateway:
    """Pure ASGI: requests to providers' APIs are passed on, everything else goes to `app`.

    It stands in front of all other middleware: those compress answers anew, and refuse some paths.
    """

    def __init__(self, app: ASGIApp, base: str = "", alone: bool = False, tracker: Tracker | None = None) -> None:
        """`base` is the path under which the app is served; `alone`: the server adds no headers of its own."""
        self.app, self._base, self._alone, self._tracker = app, base.rstrip("/"), alone, tracker
        self._keys, self._ownership = KeyRing(), Ownership()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or hand it on."""
        route = self._route(scope) if scope["type"] == "http" else None
        if route is None:
            await self.app(scope, receive, send)
        elif isinstance(route, str):
            message = f"There is no {scope['path']} here: the base URL of this API is /{route}/v1 on this server."
            await answer(send, *GatewayProblem(Kind.NOT_FOUND, message).answer(_dialect_of(route)))
        else:
            await self._serve(route, scope, receive, send)

    def _route(self, scope: Scope) -> Route | str | None:
        try:
            settings = get_settings()
        except SettingsError:
            return None  # the page says what is wrong
        if not (self._alone or settings.gateway):
            return None
        return find_route(scope, upstreams(settings), self._base)

    async def _serve(self, route: Route, scope: Scope, receive: Receive, send: Send) -> None:
        dialect = route.upstream.dialect
        forwarding: Forwarding | None = None
        try:
            forwarding = await self._prepared(route, scope, receive, send)
            await forwarding.run(receive)
        except CallerLeft:
            return  # before the request was complete: nothing was sent, and nothing happened
        except GatewayProblem as problem:
            await answer(send, *problem.answer(dialect))
        except LimitExceeded as error:
            await answer(send, *refusal(error, dialect, route.path))
        except Exception:
            if forwarding is not None and forwarding.started:
                raise  # the server breaks the connection
            _log.exception("A request could not be passed on")
            failure = GatewayProblem(Kind.UNREACHABLE, "The gateway failed; its log says why.")
            await answer(send, *failure.answer(dialect))

    async def _prepared(self, route: Route, scope: Scope, receive: Receive, send: Send) -> Forwarding:
        """Everything that comes before a request leaves. Raises `GatewayProblem`, `LimitExceeded` and `CallerLeft`."""
        settings, upstream = get_settings(), route.upstream
        raw, method = scope["headers"], scope["method"]
        headers = by_name(raw)
        credentials = presented(headers)
        sender = await self._keys.sender(credentials.token)
        if credentials.own is None and upstream.key_setting is not None:
            message = f"This installation has no key for {upstream.name}: whoever runs it sets {upstream.key_setting}."
            raise GatewayProblem(Kind.NO_KEY, message)
        body = await read_body(receive, settings.gateway_max_request_mb)
        coding = headers.get(b"content-encoding", b"")
        text = await parsed(body, headers.get(b"content-type", b""), coding, settings.gateway_max_request_mb)
        wanted = text.wanted
        model = wanted.get("model") if isinstance(wanted, dict) else None
        sender.check_model(model if isinstance(model, str) else None, reads=method in _READING)
        context = context_of(sender, headers, wanted, text.unread)
        await self._ownership.check(sender.bearer.viewer, context)
        own = upstream.headers if credentials.own is not None else (*upstream.credential, *upstream.headers)
        dropped = credentials.dropped | {name.encode() for name, _ in own}
        outgoing = Outgoing(method, route, [], body)
        call = None
        endpoint = _endpoint_of(route, method, wanted)
        tracker = self._tracker or default_tracker()
        if endpoint is not None:
            passed = PassedOn(upstream.name, _is_subscription(credentials, upstream), sender.names_users)
            secrets = upstream.secrets | _secret(credentials)
            call = GatewayCall(tracker, passed, endpoint, context, route, headers, text.body, wanted, secrets)
            await tracker.admit_async(call)
            if endpoint.asks_usage and call.wanted.get("stream") is True:
                _ask_usage(outgoing, call, tracker)
        try:
            outgoing.headers = to_provider(raw, headers, dropped, own, plain=outgoing.asking_server is not None)
            if outgoing.asking_server is not None:
                unasked = to_provider(raw, headers, dropped, own, plain=False)
                outgoing.unasked = (unasked, body)
        except UnicodeDecodeError as error:
            if call is not None:
                call.failed(error)
            raise GatewayProblem(Kind.INVALID, "A header of the request is not UTF-8.") from None
        rate_limits = settings.gateway_rate_limit_headers or credentials.own is not None
        answering = Answering(self._alone, rate_limits, settings.gateway_max_answer_mb)
        return Forwarding(outgoing, call, send, answering)


def _dialect_of(provider: str) -> str:
    return upstreams(get_settings())[provider].dialect


def _endpoint_of(route: Route, method: str, wanted: Any) -> Endpoint | None:
    """What kind of request it is; None for one that is not recorded."""
    dialect = route.upstream.dialect
    path = route.path if dialect == "openai" else f"/v1{route.path}"
    endpoint = _ENDPOINTS[dialect].find(method, path)
    if endpoint is None and method == "POST" and isinstance(wanted, dict) and "model" in wanted:
        return OTHER
    return endpoint


def _ask_usage(outgoing: Outgoing, call: GatewayCall, tracker: Tracker) -> None:
    """Has a stream report its usage, where it does so only when asked and the caller said nothing about it."""
    upstream = outgoing.route.upstream
    server = stream_usage.server_at(upstream.base, upstream.host, tracker)
    must = stream_usage.must_ask(server, upstream.name, None)
    if must is None:
        call.shows = server
    if server.refuses or not must or call.request is not outgoing.body:
        return  # of a body that came compressed the bytes stay as they are
    spliced = asking(outgoing.body, call.wanted)
    if spliced is not None:
        outgoing.body, outgoing.asking_server, call.request = spliced, server, spliced


def _is_subscription(credentials: Presented, upstream: Upstream) -> bool:
    """Whether a call is paid for by a subscription, and not billed by itself. Elsewhere sign-ins are billed, too."""
    return upstream.name in _ENDPOINTS and credentials.is_sign_in


def _secret(credentials: Presented) -> set[str]:
    return {credentials.token} if credentials.own is None else {credentials.token, credentials.own.decode("latin-1")}
