"""The web server around the pages: health, headers, who may look."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from llmtrack.ledger import open_ledger
from llmtrack.ledger.maintenance.retention import Removed
from llmtrack.serving import daily_maintenance, preload, web
from llmtrack.serving.identity import SignInNotSetUp, host_name, is_loopback, local_viewer
from llmtrack.settings import get_settings
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
    daily_maintenance.start()
    assert not any(thread.name == "llmtrack-upkeep" for thread in threading.enumerate())
    monkeypatch.setenv("LLMTRACK_KEEP_ROW_DAYS", "30")
    monkeypatch.setenv("LLMTRACK_SAMPLE", "1")
    get_settings.cache_clear()
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


def test_the_end_of_the_server_stops_answers_in_flight_and_keeps_their_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    from llmtrack.chat.answers import reply as replies
    from llmtrack.chat.answers.prompt import Prompt, Said
    from llmtrack.chat.models.catalog import get_catalog
    from llmtrack.ledger import lists, open_ledger
    from llmtrack.settings import get_settings

    monkeypatch.setenv("LLMTRACK_DEMO_RATE", "20")
    get_settings.cache_clear()
    reply = replies.start(Prompt(get_catalog().find("demo/demo-gpt"), (Said("user", "Hello"),), user_id="kim"))
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
