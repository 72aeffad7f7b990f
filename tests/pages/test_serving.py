"""The web server around the pages: health, headers, who may look."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from llmtrack.ledger import open_ledger
from llmtrack.ledger.maintenance.retention import Removed
from llmtrack.serving import daily_maintenance, preload, web
from llmtrack.serving.identity import SignInNotSetUp, host_name, is_loopback, local_viewer
from llmtrack.serving.origin import SameOrigin, is_same_origin
from llmtrack.settings import SettingsError, get_settings
from tests.ledger.making import NOON, generation, said

ROOT = Path(__file__).parents[2]


def test_a_health_check_answers_without_asking_the_database() -> None:
    with TestClient(Starlette(routes=web.ROUTES, middleware=web.MIDDLEWARE)) as client:
        answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok"}


def test_every_response_forbids_framing_sniffing_and_foreign_pictures() -> None:
    with TestClient(Starlette(routes=web.ROUTES, middleware=web.MIDDLEWARE)) as client:
        for path in ("/healthz", "/no-such-page"):
            headers = client.get(path).headers
            assert headers["x-frame-options"] == "DENY"
            assert headers["x-content-type-options"] == "nosniff"
            assert "img-src 'self' data: blob:;" in headers["content-security-policy"]
            assert "unsafe-eval" not in headers["content-security-policy"]


PAGE = {"origin": "http://127.0.0.1:8501", "host": "127.0.0.1:8501"}


@pytest.mark.parametrize(
    ("origin", "host", "accepted"),
    [
        ("http://127.0.0.1:8501", "127.0.0.1:8501", True),
        ("https://llm.example.com", "llm.example.com", True),
        ("https://llm.example.com", "llm.example.com:443", True),
        ("http://LOCALHOST:8501", "localhost:8501", True),
        ("http://[::1]:8501", "[::1]:8501", True),
        ("http://127.0.0.1:9999", "127.0.0.1:8501", False),
        ("http://localhost:8501", "127.0.0.1:8501", False),
        ("http://localhost", "localhost:8501", False),
        ("https://evil.test", "llm.example.com", False),
        ("http://llm.example.com@evil.test", "llm.example.com", False),
        ("null", "127.0.0.1:8501", False),
        ("http://127.0.0.1:port", "127.0.0.1:8501", False),
        ("http://127.0.0.1:8501", "", False),
    ],
)
def test_a_page_is_of_the_same_origin_by_host_and_port(origin: str, host: str, accepted: bool) -> None:
    assert is_same_origin(origin, host) is accepted


def guarded(seen: list[dict[bytes, bytes]], allowed: tuple[str, ...] = ()) -> TestClient:
    """A server behind the check, which notes the headers of what gets through."""

    async def post(request: Request) -> PlainTextResponse:
        seen.append(dict(request.scope["headers"]))
        return PlainTextResponse("done")

    async def socket(websocket: WebSocket) -> None:
        seen.append(dict(websocket.scope["headers"]))
        await websocket.accept()
        await websocket.close()

    routes = [Route("/x", post, methods=["GET", "POST", "PUT", "DELETE"]), WebSocketRoute("/s", socket)]
    return TestClient(Starlette(routes=routes, middleware=[Middleware(SameOrigin, allowed=lambda: allowed)]))


@pytest.mark.parametrize("headers", [{}, {"origin": "http://127.0.0.1:9999"}, {"origin": "null"}])
def test_a_page_of_another_port_can_open_no_socket_and_change_nothing(headers: dict[str, str]) -> None:
    seen: list[dict[bytes, bytes]] = []
    with guarded(seen) as client:
        with (
            pytest.raises(WebSocketDisconnect),
            client.websocket_connect("/s", headers={**PAGE, "origin": ""} | headers),
        ):
            raise AssertionError("it was accepted")
        for method in ("POST", "PUT", "DELETE"):
            answer = client.request(method, "/x", headers={"host": PAGE["host"], **headers})
            assert answer.status_code == (403 if headers else 200), "other programs send no origin"
    assert len(seen) == (0 if headers else 3)


def test_the_apps_own_page_and_one_behind_a_named_proxy_get_through() -> None:
    seen: list[dict[bytes, bytes]] = []
    with guarded(seen, ("https://llm.example.com",)) as client:
        for origin in (PAGE["origin"], "https://llm.example.com"):
            with client.websocket_connect("/s", headers={**PAGE, "origin": origin}):
                pass
            assert client.post("/x", headers={**PAGE, "origin": origin}).text == "done"
        assert client.post("/x", headers={**PAGE, "origin": "http://llm.example.com"}).status_code == 403
    assert [headers[b"origin"] for headers in seen] == [PAGE["origin"].encode()] * 4


def test_an_address_with_a_path_is_no_origin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMTRACK_ALLOWED_ORIGINS", "https://a.example, https://b.example/app")
    get_settings.cache_clear()
    with pytest.raises(SettingsError, match=r"unlike 'https://b.example/app'"):
        get_settings()
    monkeypatch.setenv("LLMTRACK_ALLOWED_ORIGINS", "https://a.example/, https://b.example")
    get_settings.cache_clear()
    assert get_settings().allowed_origins == ("https://a.example", "https://b.example")


def test_keys_that_others_can_read_are_named_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".streamlit").mkdir()
    secrets = tmp_path / ".streamlit" / "secrets.toml"
    secrets.write_text("")
    for mode in (0o600, 0o644):
        secrets.chmod(mode)
        with TestClient(Starlette(routes=web.ROUTES, lifespan=web.lifespan)):
            pass
        assert (f"{secrets} (mode 0644)" in caplog.text) == (mode == 0o644)


@pytest.mark.slow
def test_the_terminal_of_a_server_that_serves_nobody_says_so_and_names_no_address(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "app.py"), "--server.headless", "true"]
    with subprocess.Popen(
        [*command, "--server.port", "0", "--server.address", "0.0.0.0"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONUNBUFFERED": "1", "LLMTRACK_PRELOAD": "false"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        printed = ""
        while "sign-in is not set up" not in printed and (line := process.stdout.readline()):
            printed += line
        try:
            process.wait(6)  # what else it prints
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
        printed += process.stdout.read()
    assert "This server listens on 0.0.0.0, where others can reach it, and sign-in is not set up." in printed
    assert "URL" not in printed
    assert "You can now view" not in printed


def test_the_app_is_found_by_streamlit_run_and_starts_from_any_directory() -> None:
    from streamlit.web.server.app_discovery import discover_asgi_app

    found = discover_asgi_app(ROOT / "app.py")
    assert found.is_asgi_app
    assert found.import_string == "app:app"


def test_a_setting_that_cannot_be_used_does_not_keep_the_server_from_saying_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with monkeypatch.context() as told:
        told.setenv("LLMTRACK_TIMEZONE", "Nowhere")
        get_settings.cache_clear()
        with TestClient(Starlette(routes=web.ROUTES, lifespan=web.lifespan)) as client:
            assert client.get("/healthz").status_code == 200
    get_settings.cache_clear()
    assert "LLMTRACK_TIMEZONE is 'Nowhere'" in caplog.text


def test_the_server_removes_by_itself_what_has_been_kept_long_enough(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("LLMTRACK_KEEP_TEXT_DAYS", "30")
    get_settings.cache_clear()
    ledger = open_ledger()
    ledger.write([generation(NOON, input=said("old"))])
    removed = threading.Event()
    caplog.set_level("INFO", "llmtrack.serving.daily_maintenance")
    do, results = daily_maintenance.look_after, []

    def done(result: object) -> None:
        results.append(result)
        removed.set()

    monkeypatch.setattr(daily_maintenance, "look_after", lambda: done(do()))
    try:
        daily_maintenance.start(first_look=0)
        assert removed.wait(60)
    finally:
        daily_maintenance.stop(60)

    assert "removed: 1 texts, properties of 0 calls, 0 calls of 0 days" in caplog.text
    assert results == [Removed(1, 0, 0, 0, 0)]
    assert do() is None, "once a day is enough"


def test_without_a_setting_and_on_sample_data_nothing_is_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert daily_maintenance.look_after() is None
    assert daily_maintenance.prune_limits() is None
    monkeypatch.setenv("LLMTRACK_KEEP_ROW_DAYS", "30")
    monkeypatch.setenv("LLMTRACK_SAMPLE", "1")
    get_settings.cache_clear()
    daily_maintenance.start()
    assert not any(thread.name == "llmtrack-upkeep" for thread in threading.enumerate())
    assert daily_maintenance.prune_limits() is None
    assert daily_maintenance.look_after() is None


def test_the_local_user_is_an_admin_on_this_machine() -> None:
    me = local_viewer(address="127.0.0.1", headers={"Host": "localhost:8501"}, user_id="kim")
    assert (me.id, me.role, me.is_admin) == ("kim", "admin", True)


@pytest.mark.parametrize("address", [None, "", "0.0.0.0", "192.168.1.5", "example.com"])
def test_a_server_others_can_reach_serves_nobody_without_sign_in(address: str | None) -> None:
    with pytest.raises(SignInNotSetUp, match="sign-in is not set up"):
        local_viewer(address=address, headers={"Host": "localhost"}, user_id="kim")


def test_a_foreign_name_pointed_at_this_machine_is_turned_away() -> None:
    with pytest.raises(SignInNotSetUp, match=r"evil\.test"):
        local_viewer(address="127.0.0.1", headers={"host": "evil.test:8501"}, user_id="kim")


@pytest.mark.parametrize("header", ["X-Forwarded-For", "x-forwarded-proto", "Forwarded"])
def test_a_proxy_in_front_means_others_may_come_through_it(header: str) -> None:
    with pytest.raises(SignInNotSetUp, match="proxy"):
        local_viewer(address="127.0.0.1", headers={"Host": "localhost", header: "1.2.3.4"}, user_id="kim")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.8.8", "::1", "[::1]", "app.localhost"])
def test_names_of_this_machine_are_known(host: str) -> None:
    assert is_loopback(host)


def test_a_port_is_not_part_of_the_name() -> None:
    assert host_name("localhost:8501") == "localhost"
    assert host_name("[::1]:8501") == "[::1]"


@pytest.mark.slow
def test_importing_the_server_loads_neither_pandas_nor_charts_nor_provider_sdks() -> None:
    code = "import sys, app; print(sorted({'pandas','altair','openai','anthropic','sqlalchemy'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.slow
def test_the_end_of_the_server_stops_answers_in_flight_and_keeps_their_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    from llmtrack.chat.answers import reply as replies
    from llmtrack.chat.answers.prompt import Prompt, PromptMessage
    from llmtrack.chat.models.catalog import get_catalog
    from llmtrack.ledger import lists, open_ledger
    from llmtrack.settings import get_settings

    monkeypatch.setenv("LLMTRACK_DEMO_RATE", "20")
    get_settings.cache_clear()
    reply = replies.start(Prompt(get_catalog().find("demo/demo-gpt"), (PromptMessage("user", "Hello"),), user_id="kim"))
    while not reply.text:
        assert reply.wait_change(0, 30)
    web.finish(10)
    assert reply.done.is_set()
    assert reply.status == "cancelled"
    (row,) = lists.generations(open_ledger(), where={"user": "kim"})
    assert (row.status, row.model) == ("cancelled", "demo-gpt")


def test_preloading_can_be_switched_off() -> None:
    preload.start_when_idle(enabled=False)
    assert "llmtrack-preload" not in {thread.name for thread in threading.enumerate()}
