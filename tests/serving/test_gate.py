"""The gate before every route: who may ask this server for anything at all."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from llmtrack.ledger import open_ledger, people
from llmtrack.serving import web
from llmtrack.serving.identity import Caller, header_viewer
from llmtrack.settings import get_settings

SECRET = "a" * 32
LOCAL = {"Host": "localhost:8501"}
ROUTES = ("/", "/usage", "/media/abc.csv", "/_stcore/upload_file/s/f", "/_stcore/health", "/_stcore/metrics")
OIDC = {
    "LLMTRACK_SIGN_IN": "oidc",
    "LLMTRACK_OIDC_ISSUER": "https://id.example.com",
    "LLMTRACK_OIDC_CLIENT_ID": "llmtrack",
    "LLMTRACK_OIDC_CLIENT_SECRET": "client-secret",
    "LLMTRACK_OIDC_REDIRECT_URI": "https://llm.example.com/oauth2callback",
    "LLMTRACK_COOKIE_SECRET": SECRET,
}
HEADER = {"LLMTRACK_SIGN_IN": "header", "LLMTRACK_HEADER_SECRET": SECRET}
PAGE = "<html><head><title>Streamlit</title><script>\n  window.prerenderReady = false\n</script></head></html>"


async def _answer(request: Request) -> Response:
    response: Response = PlainTextResponse("inside")
    if request.url.path in ("/", "/usage"):
        response = HTMLResponse(PAGE, headers={"etag": "x"})
    response.set_cookie("_streamlit_user", "1", httponly=True)
    return response


async def _talk(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text("inside")
    await socket.close()


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Serves as if started with these settings and options of Streamlit's."""

    def start(settings: Mapping[str, str] = {}, owners: Any = None, **options: Any) -> TestClient:
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        get_settings.cache_clear()
        given = {"server.address": "127.0.0.1", **{name.replace("_", "."): value for name, value in options.items()}}
        routes = [*web.ROUTES, WebSocketRoute("/_stcore/stream", _talk), Route("/{path:path}", _answer)]
        return TestClient(Starlette(routes=routes, middleware=web.middleware(given.get, owners)))

    return start


def is_open(client: TestClient, headers: Any = LOCAL) -> bool:
    """Whether the socket lets somebody in."""
    client.headers = headers  # the only way to send one twice
    origin = f"http://{client.headers.get('host', 'testserver')}"  # as a browser does; without it nobody gets in
    try:
        with client.websocket_connect("/_stcore/stream", headers={"Origin": origin}) as socket:
            return socket.receive_text() == "inside"
    except WebSocketDisconnect:
        return False


def test_on_this_machine_everything_is_served_without_sign_in(served: Any) -> None:
    client = served()
    assert [client.get(path, headers=LOCAL).status_code for path in ROUTES] == [200] * len(ROUTES)
    assert is_open(client)


UNSAFE = [
    ({}, {"server_address": "0.0.0.0"}, "This server listens on 0.0.0.0, where others can reach it"),
    ({}, {"server_address": None}, "This server listens on every network interface"),
    ({}, {"server_allowedHosts": ["*"]}, "server.allowedHosts has a wildcard"),
    ({}, {"server_allowedHosts": ["*.example.com"]}, "server.allowedHosts has a wildcard"),
    ({}, {"server_enableXsrfProtection": False}, "server.enableXsrfProtection is off"),
    ({"LLMTRACK_TIMEZONE": "Nowhere"}, {}, "LLMTRACK_TIMEZONE is &#x27;Nowhere&#x27;"),
    (OIDC | {"LLMTRACK_COOKIE_SECRET": ""}, {}, "LLMTRACK_COOKIE_SECRET is missing"),
    (OIDC | {"LLMTRACK_COOKIE_SECRET": "a" * 31}, {}, "LLMTRACK_COOKIE_SECRET has 31 characters"),
    (OIDC | {"LLMTRACK_OIDC_CLIENT_ID": ""}, {}, "LLMTRACK_OIDC_CLIENT_ID is missing"),
    (
        OIDC | {"LLMTRACK_OIDC_REDIRECT_URI": "http://llm.example.com/oauth2callback"},
        {},
        "sign-in over plain http can be read on the way",
    ),
    (OIDC | {"LLMTRACK_OIDC_REDIRECT_URI": "https://llm.example.com/"}, {}, "must end with /oauth2callback"),
    (OIDC | {"LLMTRACK_OIDC_ISSUER": "http://id.example.com"}, {}, "use https"),
    (OIDC, {"server_enableAgentApi": True}, "server.enableAgentApi opens the app"),
    (HEADER | {"LLMTRACK_HEADER_SECRET": ""}, {}, "LLMTRACK_HEADER_SECRET is missing"),
    (HEADER | {"LLMTRACK_HEADER_SECRET": "short"}, {}, "LLMTRACK_HEADER_SECRET has 5 characters"),
]


@pytest.mark.parametrize(("settings", "options", "said"), UNSAFE, ids=[case[2][:40] for case in UNSAFE])
def test_an_unsafe_start_serves_one_page_that_says_what_to_mend(
    served: Any, settings: dict[str, str], options: dict[str, Any], said: str
) -> None:
    client = served(settings, **options)
    for path in ROUTES:
        answer = client.get(path, headers=LOCAL)
        assert answer.status_code == 503
        assert "Not ready to serve" in answer.text
        assert said in answer.text
        assert "inside" not in answer.text
        assert answer.headers["content-security-policy"]
    assert not is_open(client)
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 503
    assert SECRET not in client.get("/").text


def test_ready_is_who_can_read_the_ledger(served: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ready = served(HEADER, server_address="0.0.0.0").get("/readyz")
    assert (ready.status_code, ready.json()) == (200, {"status": "ok"})
    monkeypatch.setenv("LLMTRACK_DATABASE_URL", "sqlite:////no/such/place.db")
    get_settings.cache_clear()
    lost = served(HEADER, server_address="0.0.0.0").get("/readyz")
    assert (lost.status_code, lost.text) == (503, '{"status":"unavailable"}')


def test_what_was_mended_is_served_without_a_new_start(served: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    client = served({"LLMTRACK_TIMEZONE": "Nowhere"})
    assert client.get("/", headers=LOCAL).status_code == 503
    monkeypatch.setenv("LLMTRACK_TIMEZONE", "Europe/Berlin")
    assert client.get("/", headers=LOCAL).status_code == 200


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({"Host": "evil.test"}, "was called as &#x27;evil.test&#x27;"),
        (LOCAL | {"X-Forwarded-For": "1.2.3.4"}, "A proxy passes requests on"),
    ],
)
def test_without_sign_in_a_request_from_elsewhere_gets_nothing(served: Any, headers: dict[str, str], said: str) -> None:
    client = served()
    for path in ROUTES:
        answer = client.get(path, headers=headers)
        assert (answer.status_code, said in answer.text) == (403, True)
    assert not is_open(client, headers)


NAME, USER = "X-Llmtrack-Secret", "X-Forwarded-Email"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([(NAME, SECRET), (USER, "a@x")], 200),
        ([], 401),
        ([(USER, "a@x")], 401),
        ([(NAME, "b" * 32), (USER, "a@x")], 401),
        ([(NAME, SECRET[:-1]), (USER, "a@x")], 401),
        ([(NAME, SECRET + "a"), (USER, "a@x")], 401),
        ([(NAME, ""), (USER, "a@x")], 401),
        ([(NAME, "b" * 32), (NAME, SECRET), (USER, "a@x")], 401),
        ([(NAME, SECRET), (USER, "admin@x"), (USER, "a@x")], 401),
        ([(NAME, SECRET), (USER, "a@x"), ("X-Forwarded-Groups", "admins"), ("X-Forwarded-Groups", "b")], 401),
    ],
)
def test_behind_a_proxy_only_its_secret_opens_any_route(
    served: Any, headers: list[tuple[str, str]], status: int
) -> None:
    client = served(HEADER, server_address="0.0.0.0")
    for path in ROUTES:
        assert client.get(path, headers=headers).status_code == status
    assert is_open(client, headers) is (status == 200)
    assert client.get("/healthz").status_code == 200


def test_behind_a_proxy_whoever_it_names_nobody_for_gets_no_files(served: Any) -> None:
    client = served(HEADER, server_address="0.0.0.0")
    answers = {path: client.get(path, headers={NAME: SECRET}).status_code for path in ROUTES}
    guarded = ("/media/abc.csv", "/_stcore/upload_file/s/f", "/_stcore/metrics")
    assert answers == {path: 401 if path in guarded else 200 for path in ROUTES}


class Owners:
    """Kim has a file and a session."""

    def owns_file(self, file_name: str, caller: Caller) -> bool:
        return (file_name, caller) == ("abc.csv", ("trusted-header", "kim@x"))

    def owns_session(self, session_id: str, caller: Caller) -> bool:
        return (session_id, caller) == ("s", ("trusted-header", "kim@x"))


@pytest.mark.parametrize(("user", "status"), [("kim@x", 200), ("lee@x", 404), ("shut@x", 401)])
def test_behind_a_proxy_files_and_uploads_are_their_owners_alone(served: Any, user: str, status: int) -> None:
    client = served(HEADER, owners=Owners(), server_address="0.0.0.0")
    ledger = open_ledger()
    header_viewer(ledger, {USER: "shut@x"}, get_settings())
    people.set_disabled(ledger, people.people(ledger)[0].id, True, by="root")
    for path in ("/media/abc.csv", "/_stcore/upload_file/s/f"):
        assert client.get(path, headers={NAME: SECRET, USER: user}).status_code == status


def test_before_sign_in_there_are_only_the_page_its_socket_and_health(served: Any) -> None:
    client = served(OIDC, server_address="0.0.0.0")
    away = {"Host": "llm.example.com"}
    opened = ("/", "/usage", "/_stcore/health", "/_stcore/host-config", "/static/js/x.js", "/auth/login", "/healthz")
    closed = (
        "/media/abc.csv", "/media", "/%6dedia/abc.csv", "/_stcore/upload_file/session/file", "/_stcore/metrics",
        "/_stcore/agent/mcp", "/_stcore/agent/openapi.json", "/_stcore/script-health-check",
    )  # fmt: skip
    assert [path for path in opened if client.get(path, headers=away).status_code != 200] == []
    assert [path for path in closed if client.get(path, headers=away).status_code != 401] == []
    assert client.put("/_stcore/upload_file/s/f", headers=away).status_code == 401
    assert client.get("/media/abc.csv", headers=away | {"Cookie": "_streamlit_user=forged"}).status_code == 401
    assert is_open(client, away)


def test_cookies_are_secure_where_the_address_is_https_and_only_there(served: Any) -> None:
    assert "secure" not in served().get("/", headers=LOCAL).headers["set-cookie"].lower()
    cookie = served(OIDC).get("/", headers={"Host": "llm.example.com"}).headers["set-cookie"]
    assert cookie.endswith("; Secure")
    assert "httponly" in cookie.lower()


def test_the_page_has_no_inline_script_and_knows_where_the_root_is(served: Any) -> None:
    page = served().get("/usage", headers=LOCAL | {"Accept": "text/html"})
    assert "prerenderReady" not in page.text
    head = r'<title>llmtrack</title><style>[^<]*ll-steady[^<]*</style><script src="/llmtrack/boot\.js"></script>'
    assert re.search(head, page.text)
    assert "etag" not in page.headers
    assert int(page.headers["content-length"]) == len(page.content)
    (links,) = re.findall(r'<script src="(/llmtrack/links\.js\?v=\w{8})" defer></script>', page.text)
    assert "pushState" in served().get(links, headers=LOCAL).text
    script = served().get("/llmtrack/boot.js", headers=LOCAL)
    assert script.headers["content-type"].startswith("text/javascript")
    assert script.text == (
        "window.__streamlit={BACKEND_BASE_URL:location.origin+'/',MAIN_PAGE_BASE_URL:location.origin+'/'};"
    )


def test_under_a_base_path_our_own_routes_are_there_too(served: Any) -> None:
    client = served(server_baseUrlPath="/llm/")
    assert client.get("/llm/healthz", headers=LOCAL).json() == {"status": "ok"}
    refused = client.get("/llm/api/me/usage", headers=LOCAL)
    assert (refused.status_code, refused.headers["content-type"]) == (401, "application/problem+json")
    unknown = client.get("/llm/api/nothing", headers=LOCAL)
    assert (unknown.status_code, unknown.headers["content-type"]) == (404, "application/problem+json")
    moved = client.get("/llm/api", headers=LOCAL, follow_redirects=False)
    assert moved.headers["location"] == "/llm/api/docs"
    assert 'href="openapi.json"' in client.get("/llm/api/docs", headers=LOCAL).text
    assert client.get("/llm/api/openapi.json", headers=LOCAL).json()["servers"][0] == {"url": "/llm"}
    assert client.get("/llm/usage", headers=LOCAL | {"Accept": "text/html"}).status_code == 200
    assert client.get("/api/me/usage", headers=LOCAL).status_code == 401, "without it, for who asks the server itself"


def test_under_a_base_path_the_root_is_there(served: Any) -> None:
    client = served(server_baseUrlPath="/llm/")
    page = client.get("/usage", headers=LOCAL | {"Accept": "text/html"})
    assert '<script src="/llm/llmtrack/boot.js"></script>' in page.text
    assert '<script src="/llm/llmtrack/links.js?v=' in page.text
    assert "BACKEND_BASE_URL:location.origin+'/llm/'" in client.get("/llm/llmtrack/boot.js", headers=LOCAL).text
