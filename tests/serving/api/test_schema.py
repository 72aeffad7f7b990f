"""The API keeps to its OpenAPI file, whatever it is sent and by whom: schemathesis makes up the requests.

No 500, no answer of another form than promised, nothing invalid taken, no row of anybody whom the token does not show.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)
from starlette.applications import Starlette

from llmtrack.capture.tracker import Tracker, set_default_tracker
from llmtrack.ledger import open_ledger
from llmtrack.ledger.limit_book import set_limit
from llmtrack.ledger.limits import EACH, Limit
from llmtrack.serving import api, web
from llmtrack.serving.identity import TokenScope
from llmtrack.settings import get_settings
from tests.serving.api.conftest import filled_ledger, issued_statement, token_of

EXAMPLES = 5
"""Of each route, for each token, of valid requests and of invalid ones."""
CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance,
    response_headers_conformance, negative_data_rejection, unsupported_method,
]  # fmt: skip
SHOWN: dict[str, set[str | None]] = {
    "nobody": set(), "alice": {"alice"}, "lead": {"lena", "alice", "bob"}, "admin": {"alice", "bob", "carol", "root"},
    "limit setter": set(),
}  # fmt: skip
"""Whose calls a token may show at most."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> tuple[Starlette, dict[str, str], str]:
    """An application with calls and people in its ledger, tokens, and the ledger's URL."""
    url = f"sqlite:///{tmp_path_factory.mktemp('schema') / 'llmtrack.db'}"
    tokens = filled_ledger(url)
    ledger = open_ledger(url)
    tokens["limit setter"] = token_of(ledger, "root", TokenScope.LIMITS_WRITE)
    issued_statement(ledger)
    set_limit(ledger, Limit(0, "user", "cost", "month", 10**9, EACH), by="root")
    return Starlette(routes=api.routes(), middleware=web.MIDDLEWARE), tokens, url


@pytest.fixture
def settled(
    server: tuple[Starlette, dict[str, str], str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Any]:
    """The settings of the server, and a tracker of the test's own."""
    monkeypatch.setenv("LLMTRACK_DATABASE_URL", server[2])
    monkeypatch.setenv("LLMTRACK_ADMINS", "root")
    monkeypatch.setenv("LLMTRACK_API_REQUESTS_PER_MINUTE", "1000000")
    get_settings.cache_clear()
    before = set_default_tracker(Tracker(f"sqlite:///{tmp_path / 'recorded.db'}"))
    yield server
    tracker = set_default_tracker(before)
    assert tracker is not None
    tracker.close()


def users_in(value: Any) -> set[Any]:
    """Every user that an answer names."""
    if isinstance(value, dict):
        own = {value[name] for name in ("user", "user_id") if name in value and isinstance(value[name], str)}
        return own.union(*map(users_in, value.values()))
    return set().union(*map(users_in, value)) if isinstance(value, list) else set()


def validate(case: schemathesis.Case, token: str, settled: Any) -> int:
    """Sends a request with a token, looks at the answer, and returns its status."""
    headers = {"authorization": f"Bearer {settled[1].get(token, 'x')}"}
    answer = case.call(headers=headers)
    case.validate_response(answer, checks=CHECKS, headers=headers)
    if token == "nobody":
        assert answer.status_code not in (200, 202) or case.path == "/readyz"
    if "json" in answer.headers.get("content-type", [""])[0] and answer.status_code == 200:
        assert users_in(json.loads(answer.content)) <= SHOWN[token]
    return answer.status_code


@pytest.mark.slow
@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize("token", SHOWN)
def test_whatever_is_sent_is_answered_as_promised(token: str, mode: GenerationMode, settled: Any) -> None:
    schema = schemathesis.openapi.from_asgi("/api/openapi.json", settled[0])
    repeatable = settings(
        max_examples=EXAMPLES, derandomize=True, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    operations = [result.ok() for result in schema.get_all_operations()]
    assert {operation.path for operation in operations} == PATHS
    statuses: Counter[int] = Counter()
    for operation in operations:
        if mode is GenerationMode.NEGATIVE and (operation.method, operation.path) in WITHOUT_PARAMETERS:
            continue
        strategy = operation.as_strategy(generation_mode=mode)
        repeatable(given(strategy)(lambda case: statuses.update([validate(case, token, settled)])))()
    if mode is GenerationMode.POSITIVE and token != "nobody":
        assert statuses[200] > (0 if token == "limit setter" else 5), "valid requests are answered"


PATHS = {
    "/api/me/usage", "/api/usage", "/api/metrics", "/api/generations", "/api/traces", "/api/sessions", "/api/users",
    "/api/limits", "/api/statements", "/api/statements/{number}", "/api/statements/{number}/{kind}",
    "/api/prices", "/api/export", "/api/spans", "/api/feedback", "/api/identify", "/readyz", "/metrics",
}  # fmt: skip
WITHOUT_PARAMETERS = {("get", "/readyz"), ("get", "/metrics"), ("get", "/api/limits")}
