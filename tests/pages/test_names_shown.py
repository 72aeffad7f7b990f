"""A name that holds controls of direction is shown with them, wherever it reaches the screen, and never obeyed."""

from __future__ import annotations

import copy
import io
import time
from decimal import Decimal

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from llmtrack.chat.answers import File, Parameters
from llmtrack.chat.conversations.history import Conversations
from llmtrack.chat.models.catalog import get_catalog
from llmtrack.chat.preferences import Preferences
from llmtrack.ids import new_id
from llmtrack.ledger import Ledger, people
from llmtrack.ledger.price_book import add_price
from llmtrack.ledger.records import Feedback, Span
from llmtrack.pricing import BookEntry
from llmtrack.serving.identity import TokenScope, Viewer, make_token
from llmtrack.settings import get_settings
from tests.pages.conftest import call
from tests.pages.test_people import ADMIN, SIGN_IN, start

TURN = "\N{RIGHT-TO-LEFT OVERRIDE}"
TABLES = (
    "users_table",
    "calls_1",
    "of_user_1",
    "traces_1",
    "sessions_1",
    "of_session_1",
    "people_table",
    "tokens_table",
)
FIRST_ROW = {"selection": {"rows": [], "columns": [], "cells": [(0, "user")]}}
ADDRESSES: dict[str, list[dict[str, str | list[str]]]] = {
    "admin/traces.py": [{}, {"view": "Conversations"}],
    "admin/explore.py": [{"by": "user"}, {"by": ["day", "model"], "metrics": "cost"}],
}


def turning(name: str) -> str:
    """A name that would be read as another one."""
    return f"{name}-{TURN}x"


ME = turning("kim")
USER = f"{ME}@x"


@pytest.fixture(autouse=True)
def sign_in_is_on(page_settings: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**SIGN_IN, "LLMTRACK_ADMINS": f"root@x,{USER}"}.items():
        monkeypatch.setenv(name, value)
    get_settings.cache_clear()


@pytest.fixture
def full(ledger: Ledger) -> Ledger:
    """A ledger in which every name turns letters around, of somebody who is an admin and leads two such teams."""
    name, now = turning, int(time.time() * 1_000_000)
    everything = {
        "provider": name("openai"), "request_model": name("gpt"), "response_model": name("gpt"), "feature": name("help"),
        "group": name("blue"), "session_id": name("talk"), "trace_id": name("trace"), "properties": {"plan": name("pro")},
        "user_id": USER,
    }  # fmt: skip
    ledger.write(
        [
            call(cost=1_000_000, **everything, finish_reason=name("stop"), service_tier=name("fast")),
            call(cost=None, **everything, tokens=(5, 5)),
            call(status="error", error_type=name("timeout"), error_message=name("no"), **everything),
            Span(new_id(now), name("trace"), name("Answer"), now - 1_000_000, 1_000_000, user_id=USER),
            Feedback(name("trace"), name("judge"), 1, name("good"), now),
        ]
    )
    start(ME)
    (me,) = people.people(ledger)
    for team in ("blue", "red"):
        people.set_member(ledger, people.add_team(ledger, name(team), by=name("root")), me.id, "lead", by=name("root"))
    people.record(ledger, USER, name("action"), name("subject"), {"before": name("before")})
    entry = BookEntry("price", name("mine"), name("m"), 0, rates={"input": Decimal(1)}, note=name("note"))
    add_price(ledger, entry, by=USER)
    viewer = Viewer(USER, ME, "admin", person=me.id)
    make_token(ledger, viewer, name("token"), [TokenScope.USAGE_READ], days=30)
    make_token(ledger, viewer, name("other"), [TokenScope.USAGE_READ], days=30, service=name("service"))
    return ledger


def obeyed(app: AppTest) -> list[str]:
    """The elements that hold the control itself, be it in a text, an option, the spec of a chart or a table."""
    data = []
    for node in app._tree:
        if proto := copy.deepcopy(getattr(node, "proto", None)):
            if hasattr(proto, "id"):
                proto.id = ""  # made of the element's key; nobody sees it
            data.append((node.type, proto, proto.SerializeToString()))
    assert len(data) > 5, "a page that holds next to nothing shows nothing"
    return [
        f"{kind}: {proto}"[:600] for kind, proto, sent in data if TURN.encode() in sent or b"\\u202e" in sent.lower()
    ]


@pytest.mark.slow
def test_every_page_shows_controls_of_direction_in_names(full: Ledger) -> None:
    app = start(ME)
    for page in ["usage.py", "team.py", "connect.py", "tokens.py", *ADMIN]:
        for address in ADDRESSES.get(page, [{}]):
            app.query_params.clear()
            app.query_params.update(address)
            app.switch_page(page).run()
            assert obeyed(app) == [], page
            picked = [key for key in TABLES if key in app.session_state]
            for key in picked:
                app.session_state[key] = FIRST_ROW
            if picked:
                assert obeyed(app.run()) == [], f"{page} with a row that was clicked"
            assert [one.value for one in [*app.exception, *app.error]] in ([], [r"no\-⟨U\+202E⟩x"]), page


@pytest.mark.slow
def test_the_chat_shows_controls_of_direction_in_names(full: Ledger) -> None:
    model = get_catalog().find("demo/demo-gpt")
    preferences = Preferences(full, USER)
    preferences.save_preset(turning("preset"), model, Parameters())
    mine = Conversations(full, USER)
    picture = io.BytesIO()
    Image.new("RGB", (4, 4), "teal").save(picture, "PNG")
    files = [
        File(turning("f") + ".png", "image/png", picture.getvalue()),
        File(turning("t") + ".pdf", "application/pdf", b"%PDF-1.4"),
    ]
    turn = mine.send("What is a token?", model, files=files)
    assert all(reply.done.wait(30) for reply in turn.replies)
    mine.rename(turn.conversation_id, turning("title"))
    assert obeyed(start(ME, c=str(turn.conversation_id))) == []
