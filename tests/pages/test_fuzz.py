"""Whatever stands in the address of a page, it is drawn, or says in a sentence what is wrong; no address takes memory."""

from __future__ import annotations

import logging
from typing import Any

import pytest
import streamlit as st
from hypothesis import given
from hypothesis import strategies as hst
from streamlit.testing.v1 import AppTest

from llmtrack.ledger import Ledger, people
from llmtrack.settings import get_settings
from tests.fuzz import tries
from tests.pages.conftest import MAIN, SECONDS, call
from tests.pages.test_people import ADMIN, SIGN_IN, claims

pytestmark = pytest.mark.slow
log = logging.getLogger(__name__)

ODD = [
    "", " ", "0", "-1", "1e999", "nan", "9" * 400, "x" * 100_000, "a,b,,c", ",", "=", "user=", "=alice", "user=a=b", "%",
    "2026-01-01", "2026-13-45", "2026-11-29,2026-11-01", "0001-01-01,9999-12-31", "9999-12-31", "2026-11-01,2026-11-29,x",
    "Dates", "7 days", "day,hour", "hour", "minute", "cost / traces", "cost / cost / cost", "property.", "property.a b",
    "user.plan", "None", "null", "[]", "{}", "../../etc/passwd", "' OR 1=1 --", "\x00", "\x1b", "\ud7ff", "\ufffe",
    "\N{RIGHT-TO-LEFT OVERRIDE}x", "\N{PILE OF POO}", "<img src=//evil.test>", "$\\frac{a}{b}$", "-cost", "true",
]  # fmt: skip


@pytest.fixture(autouse=True)
def sign_in_is_on(page_settings: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SIGN_IN.items():
        monkeypatch.setenv(name, value)
    get_settings.cache_clear()


@pytest.fixture
def full(ledger: Ledger) -> Ledger:
    """A ledger with something on every page, of somebody who is an admin and leads two teams."""
    open_page(None)
    (root,) = people.people(ledger)
    for team in ("blue", "red"):
        people.set_member(ledger, people.add_team(ledger, team, by="root@x"), root.id, "lead", by="root@x")
    plain: dict[str, Any] = {
        "user_id": "root@x",
        "feature": "help",
        "group": "blue",
        "session_id": "s",
        "trace_id": "t",
    }
    ledger.write([call(cost=5_000_000, **plain), call(status="error", error_type="timeout", **plain), call(cost=None)])
    return ledger


def open_page(page: str | None, address: dict[str, list[str]] | None = None) -> AppTest:
    """The app as an admin opens it at this page's own address: by its number, as `switch_page` keeps it."""
    app = AppTest.from_file(MAIN, default_timeout=SECONDS)
    app.user = claims("root")
    app._page_hash = page or ""
    for name, values in (address or {}).items():
        app.query_params[name] = values
    return app.run()


def walk(monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, list[str]]]:
    """The numbers of all pages, and for each the parameters it reads from its address with values they may have."""
    read: list[str] = []
    get, get_all = type(st.query_params).get, type(st.query_params).get_all

    def seen(how: Any) -> Any:
        def reading(self: Any, key: str, *rest: Any) -> Any:
            read.append(key)
            return how(self, key, *rest)

        return reading

    with monkeypatch.context() as patched:
        patched.setattr(type(st.query_params), "get", seen(get))
        patched.setattr(type(st.query_params), "get_all", seen(get_all))
        app = open_page(None)
        pages = {}
        for page in ["chat.py", "usage.py", "tokens.py", "team.py", *ADMIN]:
            read.clear()
            app.query_params["span"] = "Dates"
            app.switch_page(page).run()
            bound = {
                node.proto.query_param_key: [str(option) for option in getattr(node.proto, "options", ())]
                for node in app._tree
                if getattr(getattr(node, "proto", None), "query_param_key", "")
            }
            pages[app._page_hash] = {**{key: [] for key in read}, **bound}
    return pages


@pytest.fixture
def pages(full: Ledger, monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, list[str]]]:
    """Every page, opened once: what that imports is not part of what addresses may cost."""
    return walk(monkeypatch)


def test_whatever_stands_in_a_pages_address_it_is_drawn_or_says_what_is_wrong(
    full: Ledger, pages: dict[str, dict[str, list[str]]], bounded_memory: None, caplog: pytest.LogCaptureFixture
) -> None:
    names = {name for parameters in pages.values() for name in parameters}
    assert names >= {
        "c",
        "span",
        "days",
        "cycle",
        "user",
        "model",
        "call",
        "where",
        "q",
        "by",
        "action",
        "team",
    }
    caplog.clear()

    @tries(40)
    @given(data=hst.data())
    def attempt(data: hst.DataObject) -> None:
        page = data.draw(hst.sampled_from(sorted(pages, key=list(pages).index)))
        own = pages[page]
        address: dict[str, list[str]] = {}
        for name in data.draw(hst.lists(hst.sampled_from(sorted(own) or ["c"]), min_size=1, max_size=4, unique=True)):
            usual = hst.sampled_from(own[name]) if own.get(name) else hst.nothing()
            value = usual | hst.sampled_from(ODD) | hst.text(max_size=30)
            address[name] = data.draw(hst.lists(value, min_size=1, max_size=3))
        app = open_page(page, address)
        assert [one.value for one in app.exception] == []
        assert [one.value for one in app.error if "could not be shown" in one.value] == []

    attempt()
    assert "A page failed" not in caplog.text
    log.warning("%d names of parameters on %d pages", len(names), len(pages))
