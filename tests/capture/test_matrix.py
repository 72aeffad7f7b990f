"""Every way of calling: the caller sees what the bare SDK shows, the server is asked the same, and one row is right."""

from __future__ import annotations

import asyncio
import gc
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from tests.capture import ways_anthropic, ways_openai  # noqa: F401 - they fill CASES
from tests.capture.ways import CASES, Case, got, shown
from tests.provider import Provider

pytestmark = pytest.mark.slow

CLASSES = {
    ("openai", "sync"): "OpenAI",
    ("openai", "async"): "AsyncOpenAI",
    ("anthropic", "sync"): "Anthropic",
    ("anthropic", "async"): "AsyncAnthropic",
}
_FREE = ("x-stainless-read-timeout", "traceparent")


def matrix() -> list[Any]:
    """All cases, sync and async."""
    return [
        pytest.param(case, kind, id=f"{case.family}-{case.name}-{kind}")
        for case in CASES
        for kind in ("sync", "async")
        if case.only in (None, kind)
    ]


def run(case: Case, client: Any) -> Any:
    """What the caller of a way saw: its result, or the exception that came out of it."""

    async def go() -> Any:
        try:
            return await case.way(client)
        except Exception as error:
            return shown(error)
        finally:
            gc.collect()
            await got(client.close())

    seen = asyncio.run(go())
    gc.collect()
    return seen


def asked(provider: Provider) -> list[Any]:
    """What the server was asked, less what may differ."""
    found = []
    for request in provider.requests:
        headers = {name: value for name, value in request.headers.items() if name not in _FREE}
        headers["host"] = ""
        body: Any = request.content
        if "multipart" in headers.get("content-type", ""):
            # The boundary between its parts is random.
            boundary = headers["content-type"].rpartition("=")[2].encode()
            body, headers["content-type"] = body.replace(boundary, b""), "multipart"
        if headers.get("content-type") == "application/json":
            body = json.loads(body or b"null")
        found.append((request.method, request.path, request.query, headers, body))
    return found


def without_question(requests: list[Any]) -> list[Any]:
    """Requests as they would be without our asking for usage; one that was repeated for it counts once."""
    plain: list[Any] = []
    for method, path, query, headers, body in requests:
        headers = dict(headers)
        if isinstance(body, dict) and body.get("stream") and "completions" in path:
            body = dict(body)
            options = dict(body.pop("stream_options", None) or {})
            options.pop("include_usage", None)
            if options:
                body["stream_options"] = options
            headers.pop("accept-encoding", None)
            headers.pop("content-length", None)
        request = (method, path, query, headers, body)
        if not (plain and plain[-1] == request and headers.get("x-stainless-retry-count") == "0"):
            plain.append(request)
    return plain


@pytest.mark.parametrize(("case", "kind"), matrix())
def test_a_way_of_calling_is_transparent_and_leaves_its_rows(
    case: Case,
    kind: str,
    clients: Callable[..., Any],
    provider: Provider,
    rows: Callable[[], list[SimpleNamespace]],
) -> None:
    name = CLASSES[case.family, kind]
    bare = run(case, clients(name, bare=True, **case.options))
    bare_requests = asked(provider)
    provider.reset()
    ours = run(case, clients(name, **case.options))
    assert ours == bare
    assert without_question(asked(provider)) == without_question(bare_requests)
    found = rows()
    assert [{key: getattr(row, key) for key in want} for row, want in zip(found, case.rows, strict=False)] == case.rows
    assert len(found) == len(case.rows)
    for row in found:
        assert row.provider == case.family
        assert row.duration is not None
        if row.time_to_first_token is not None:
            assert 0 < row.time_to_first_token <= row.duration
