"""How the app starts: quickly, quietly, and importing nothing that the first page does not need."""

from __future__ import annotations

import re
import socket
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.app_server import AppServer, running_app

HEAVY = ("pandas", "altair", "pyarrow", "openai", "anthropic")


def imported(server: AppServer) -> set[str]:
    """The top-level packages a server started with ``-X importtime`` has imported so far."""
    names = (re.match(r"import time: +[\w ]+\| +[\w ]+\| +([\w.]+)", line) for line in list(server.log))
    return {match[1].partition(".")[0] for match in names if match}


def test_the_first_page_is_painted_before_anything_heavy_is_imported(page: Page, tmp_path: Path) -> None:
    with running_app(tmp_path, {"LLMTRACK_PRELOAD": "false"}, ("-X", "importtime")) as server:
        page.goto(server.url)
        expect(page.get_by_role("textbox", name=re.compile("^Message"))).to_be_visible()
        assert "streamlit" in imported(server)
        assert imported(server) & set(HEAVY) == set()


def test_what_is_heavy_is_imported_behind_the_first_page(page: Page, tmp_path: Path) -> None:
    with running_app(tmp_path, {}, ("-X", "importtime")) as server:
        page.goto(server.url)
        expect(page.get_by_role("textbox", name=re.compile("^Message"))).to_be_visible()
        server.wait_for(lambda: imported(server) >= set(HEAVY))
        assert imported(server) >= set(HEAVY)


def test_it_listens_on_this_machine_only(app: AppServer) -> None:
    port = int(app.url.rpartition(":")[2])
    with urllib.request.urlopen(f"{app.url}/healthz") as answer:
        assert answer.read() == b'{"status":"ok"}'
    others = {str(info[4][0]) for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}
    for address in others - {"127.0.0.1", "127.0.1.1"}:
        with pytest.raises(ConnectionRefusedError), socket.create_connection((address, port), timeout=5):
            pass
    assert [line for line in app.log if "Network URL" in line or "External URL" in line] == []


def test_a_page_opened_by_its_address_is_that_page(page: Page, app: AppServer) -> None:
    page.goto(f"{app.url}/usage")
    expect(page.get_by_test_id("statement-head")).to_contain_text("0 messages")
    expect(page.get_by_text("Nothing used in this billing cycle yet")).to_be_visible()
    page.goto(f"{app.url}/model-cost")
    expect(page.get_by_text("No calls in ")).to_be_visible()


@pytest.mark.parametrize("address", ["/", "/usage", "/model-cost"])
def test_a_ledger_that_cannot_be_opened_is_said_in_one_sentence(page: Page, tmp_path: Path, address: str) -> None:
    nowhere = tmp_path / "nowhere"
    with running_app(tmp_path, {"LLMTRACK_DATABASE_URL": f"sqlite:///{nowhere / 'llmtrack.db'}"}) as server:
        page.goto(f"{server.url}{address}")
        told = page.get_by_role("alert")
        expect(told).to_have_count(1)
        expect(told).to_contain_text(f"cannot be created, because {nowhere} is no directory: create it first.")
        expect(page.get_by_text("Traceback")).to_have_count(0)
