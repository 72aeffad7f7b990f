"""The app behind a proxy that signs people in: its secret opens everything, and nothing else opens anything."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from pathlib import Path

from playwright.sync_api import Page, expect

from llmtrack.ledger import open_ledger, people
from tests.browser.app_server import SERVING, running_app
from tests.serving.proxy import proxy

SECRET = "s" * 40
SETTINGS = {"LLMTRACK_SIGN_IN": "header", "LLMTRACK_HEADER_SECRET": SECRET, "LLMTRACK_ADMIN_GROUPS": "admins"}


def status(url: str, **headers: str) -> int:
    """What a plain request gets."""
    request = urllib.request.Request(url, headers={name.replace("_", "-"): value for name, value in headers.items()})
    try:
        with urllib.request.urlopen(request) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_who_comes_through_the_proxy_is_whom_it_names_and_nobody_comes_round_it(page: Page, tmp_path: Path) -> None:
    with running_app(tmp_path, SETTINGS) as server:
        port = int(server.url.rpartition(":")[2])
        forged = {"X_Forwarded_Email": "root@firm.test", "X_Forwarded_Groups": "admins"}
        for path in ("/", "/usage", "/media/x.csv", "/_stcore/stream", "/_stcore/host-config", "/static/js/x.js"):
            assert status(server.url + path) == 401
            assert status(server.url + path, **forged) == 401
            assert status(server.url + path, X_Llmtrack_Secret="t" * 40, **forged) == 401
        assert status(f"{server.url}/healthz") == 200

        user = {"X-Llmtrack-Secret": SECRET, "X-Forwarded-Email": "kim@firm.test"}
        with proxy(port, user) as address:
            SERVING.add(address)
            page.set_extra_http_headers({"X-Forwarded-Email": "root@firm.test", "X-Forwarded-Groups": "admins"})
            page.goto(address)  # and the proxy replaces what the browser claims about itself
            expect(page.get_by_role("textbox", name=re.compile("^Message"))).to_be_visible()
            expect(page.get_by_test_id("stSidebar").get_by_text("kim@firm.test")).to_be_visible()
            expect(page.get_by_role("link", name="Overview")).to_have_count(0)
            SERVING.discard(address)
            page.goto("about:blank")
        with proxy(port, {**user, "X-Llmtrack-Secret": "t" * 40}) as address:
            assert status(address) == 401
        (kim,) = people.people(open_ledger(server.database_url))
        assert (kim.issuer, kim.user_id) == ("trusted-header", "kim@firm.test")
        assert SECRET not in "".join(server.log)
