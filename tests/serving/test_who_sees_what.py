"""The whole table on a running app: everybody, by every page, every route and every kind of thing that somebody owns."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from unittest.mock import MagicMock

import httpx
import pytest
from starlette.routing import Route
from streamlit.web.server.starlette.starlette_app import create_streamlit_routes

from llmtrack.ids import new_id
from llmtrack.ledger import Ledger, open_ledger, people
from llmtrack.ledger.chats import Chats, Line, NewFile
from llmtrack.serving.identity import TokenScope, Viewer, make_token
from tests.browser.app_server import free_port, running_app
from tests.chat.test_attachments import picture
from tests.pages.conftest import call
from tests.serving.visitor import Visitor, claims_of, cookies_of, visit

ISSUER = "http://127.0.0.1:1"
"""Nobody is there: people come with the cookies that Streamlit's own code would set."""
SECRET = "c" * 48
SETTINGS = {
    "LLMTRACK_SIGN_IN": "oidc",
    "LLMTRACK_OIDC_ISSUER": ISSUER,
    "LLMTRACK_OIDC_CLIENT_ID": "llmtrack",
    "LLMTRACK_OIDC_CLIENT_SECRET": "client-secret",
    "LLMTRACK_COOKIE_SECRET": SECRET,
    "LLMTRACK_ALLOWED_DOMAINS": "firm.test",
    "LLMTRACK_ADMINS": "root@firm.test",
    "LLMTRACK_PRELOAD": "false",
    "LLMTRACK_SESSION_HOURS": "2",
    "STREAMLIT_SERVER_ADDRESS": "0.0.0.0",  # as on a server for others
}
OWN = ("", "shared", "usage", "connect", "tokens")
LEADS = ("team",)
ADMIN = (
    "overview", "model-cost", "model", "users", "user", "teams", "features", "traces", "conversations", "calls", "latency", "errors", "explore", "prices", "data", "people",
    "audit-log", "settings", "engagement", "compare", "feedback", "limits", "sql",
)  # fmt: skip
SIGNED_IN = {"alice": OWN, "bob": OWN, "lena": OWN + LEADS, "root": OWN + ADMIN}
"""Everybody who is signed in, with the pages that are theirs: two users, the lead of bob's team, an admin."""
OUTSIDE = {
    "nobody": "Sign in to use llmtrack",
    "with a planted cookie": "Sign in to use llmtrack",
    "with a tampered cookie": "Sign in to use llmtrack",
    "with a cookie signed by another": "Sign in to use llmtrack",
    "after their time": "more than 2 hours ago",
    "after signing out": "This session was ended",
    "shut out": "shut this account out",
    "from elsewhere": "not among the people who may use this server",
}
"""Everybody who is not, with what the only page they get says."""


@dataclass
class House:
    """A running app, everybody who knocks, and what belongs to alice."""

    url: str
    ledger: Ledger
    cookies: dict[str, dict[str, str]] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    conversation: int = 0
    client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=60, trust_env=False))

    def ask(self, who: str, method: str, path: str, token: str | None = None) -> int:
        """The status of a request."""
        sent = "; ".join(f"{name}={value}" for name, value in self.cookies.get(who, {}).items())
        headers = {"Cookie": sent} if sent else {}
        if token:
            headers |= {"Authorization": f"Bearer {token}", "X-Api-Key": token}
        return self.client.request(method, self.url + path, headers=headers).status_code


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    directory = tmp_path_factory.mktemp("house")
    port = free_port()
    redirect_uri = f"http://127.0.0.1:{port}/oauth2callback"
    with running_app(directory, {**SETTINGS, "LLMTRACK_OIDC_REDIRECT_URI": redirect_uri}, port=port) as server:
        house = House(server.url, open_ledger(server.database_url))
        for name in [*SIGNED_IN, "carl", "dora"]:
            house.cookies[name] = cookies_of(house.url, SECRET, claims_of(name, ISSUER))
            enter(house, name)
        knock(house)
        furnish(house)
        yield house
        house.ledger.close()
        house.client.close()


def enter(house: House, name: str) -> None:
    with visit(house.url, house.cookies[name]) as visitor:
        assert "Message" in visitor.draw()


def person(house: House, name: str) -> people.PersonRecord:
    (record,) = [record for record in people.people(house.ledger) if record.subject == name]
    return record


def knock(house: House) -> None:
    """Those who must stay outside."""
    mine = house.cookies["alice"]["_streamlit_user"]
    middle = len(mine) // 2
    old = int(time.time()) - 3 * 3600
    people.set_disabled(house.ledger, person(house, "carl").id, True, by="root")
    people.end_sessions(house.ledger, person(house, "dora").id, by="dora")
    house.cookies |= {
        "nobody": {},
        "with a planted cookie": {"_streamlit_user": "planted"},
        "with a tampered cookie": {
            "_streamlit_user": mine[:middle] + ("A" if mine[middle] != "A" else "B") + mine[middle + 1 :]
        },
        "with a cookie signed by another": cookies_of(house.url, "x" * 48, claims_of("alice", ISSUER)),
        "after their time": cookies_of(house.url, SECRET, claims_of("alice", ISSUER, iat=old)),
        "after signing out": house.cookies["dora"],
        "shut out": house.cookies["carl"],
        "from elsewhere": cookies_of(house.url, SECRET, claims_of("eve", ISSUER, email="eve@elsewhere.test")),
    }


def furnish(house: House) -> None:
    """What alice has: calls, a conversation with a picture; a team of bob's that lena leads; tokens of every kind."""
    ledger = house.ledger
    blue = people.add_team(ledger, "blue", by="root")
    people.set_member(ledger, blue, person(house, "bob").id, "member", by="root")
    people.set_member(ledger, blue, person(house, "lena").id, "lead", by="root")
    said = [{"role": "user", "parts": [{"type": "text", "content": "the words of bob"}]}]
    ledger.write([
        call(user_id="alice@firm.test", cost=3_210_000_000, group="red", trace_id="trace-of-alice"),
        call(user_id="bob@firm.test", cost=7_890_000_000, group="blue", input=said),
    ])  # fmt: skip
    house.conversation, message = new_id(), new_id()
    store = Chats(ledger, "alice@firm.test")
    store.create(house.conversation, "The conversation of alice", {})
    line = Line(message, None, "user", [{"type": "text", "content": "the words of alice"}])
    image = picture("PNG", "RGB")
    store.append(house.conversation, [line], {message: [NewFile("alice.png", "image/png", image, image)]})
    viewers = {name: Viewer(f"{name}@firm.test", name, "admin", person=person(house, name).id) for name in SIGNED_IN}
    for scope in TokenScope:
        house.tokens[scope] = make_token(ledger, viewers["root"], scope, [scope], days=1)
    house.tokens["alice's"] = make_token(ledger, viewers["alice"], "own", [TokenScope.USAGE_READ], days=1)
    house.tokens["team's"] = make_token(ledger, viewers["root"], "t", [TokenScope.RECORD], days=1, team=blue)
    house.tokens["service's"] = make_token(ledger, viewers["root"], "s", [TokenScope.RECORD], days=1, service="etl")
    house.tokens["revoked"] = make_token(ledger, viewers["root"], "r", [TokenScope.RECORD], days=1)
    people.revoke_token(ledger, house.tokens["revoked"][:13], by="root")
    house.tokens["made up"] = "llmt_" + "a" * 43


@pytest.mark.slow
@pytest.mark.parametrize("who", SIGNED_IN)
def test_every_page_opens_for_those_it_is_for_and_is_not_there_for_anybody_else(house: House, who: str) -> None:
    with visit(house.url, house.cookies["root"]) as root:
        scripts = root.draw().pages
    with visit(house.url, house.cookies[who]) as visitor:
        assert set(visitor.draw().pages) == set(SIGNED_IN[who])
        for page in (*OWN, *LEADS, *ADMIN):
            drawing = visitor.draw(page)
            assert (drawing.page == page) is (page in SIGNED_IN[who]), page
            assert "Traceback" not in drawing
            if who == "alice" and page in ADMIN:  # nor by what a program that was an admin's calls it
                assert visitor.draw(script=scripts[page]).page != page


@pytest.mark.slow
def test_a_part_of_an_admins_page_is_drawn_for_nobody_else_whatever_its_name(house: House) -> None:
    """A browser names the part it wants drawn, and draws it without the page's own first lines."""
    with visit(house.url, house.cookies["root"]) as root, visit(house.url, house.cookies["alice"]) as alice:
        explore = root.draw("explore", "span=7d")
        assert explore.fragments
        alice.draw()
        for fragment in explore.fragments:
            assert b"CSV" in root.draw_fragment(fragment, "explore").bytes
            for page in ("explore", ""):
                assert alice.draw_fragment(fragment, page).bytes == b""


@pytest.mark.slow
def test_who_is_an_admin_no_more_has_no_part_of_an_open_page_drawn(house: House) -> None:
    with visit(house.url, house.cookies["bob"]) as bob:
        people.set_role(house.ledger, person(house, "bob").id, "admin", by="root")
        try:
            explore = bob.draw("explore", "span=7d")
            assert all(b"CSV" in bob.draw_fragment(fragment, "explore").bytes for fragment in explore.fragments)
        finally:
            people.set_role(house.ledger, person(house, "bob").id, "user", by="root")
        for fragment in explore.fragments:
            drawing = bob.draw_fragment(fragment, "explore")
            assert "There is no such page, or it is not for you." in drawing
            assert b"CSV" not in drawing.bytes


@pytest.mark.slow
def test_who_is_shut_out_has_nothing_of_an_open_page_drawn_that_waits_for_their_call(house: House) -> None:
    with visit(house.url, house.cookies["bob"]) as bob:
        (fragment,) = bob.draw("connect").fragments
        assert "Make a token first." in bob.draw_fragment(fragment, "connect")
        people.set_disabled(house.ledger, person(house, "bob").id, True, by="root")
        try:
            drawing = bob.draw_fragment(fragment, "connect")
            assert "An administrator has shut this account out." in drawing
            assert "Make a token first." not in drawing
        finally:
            people.set_disabled(house.ledger, person(house, "bob").id, False, by="root")


@pytest.mark.slow
@pytest.mark.parametrize("who", OUTSIDE)
def test_who_is_not_signed_in_gets_one_page_whatever_they_ask_for(house: House, who: str) -> None:
    with visit(house.url, house.cookies["root"]) as root:
        scripts = root.draw().pages
    with visit(house.url, house.cookies[who]) as visitor:
        for drawing in (
            visitor.draw(), visitor.draw("people"), visitor.draw(script=scripts["people"]),
            visitor.draw(query=f"c={house.conversation}"),
        ):  # fmt: skip
            assert OUTSIDE[who] in drawing
            assert set(drawing.pages) <= {"closed", ""}
            assert "of alice" not in drawing


@pytest.mark.slow
def test_what_is_somebodys_is_seen_by_those_who_may_and_by_nobody_else(house: House) -> None:
    seen = {who: {name for name, visible in things(house, who)} for who in SIGNED_IN}
    assert seen == {
        "alice": {"her conversation", "her cost"},
        "bob": set(),
        "lena": {"bob's cost"},
        "root": {"her cost", "bob's cost", "bob's call", "her trace"},
    }


def things(house: House, who: str) -> Iterator[tuple[str, bool]]:
    """What this person gets to see of all there is, by every address that leads to it."""
    asked: Mapping[str, tuple[str, str, str]] = {
        "her conversation": ("", f"c={house.conversation}", "the words of alice"),
        "her cost": ("usage" if who != "root" else "users", "user=alice@firm.test&span=7d", "3.21"),
        "bob's cost": ("team" if who != "root" else "users", "team=blue&group=blue&user=bob@firm.test", "7.89"),
        "bob's call": ("calls", "user=bob@firm.test", "7.89"),
        "her trace": ("traces", "user=alice@firm.test", "trace-of-alice"),
    }
    with visit(house.url, house.cookies[who]) as visitor:
        for name, (page, query, text) in asked.items():
            drawing = visitor.draw(page, query)
            if drawing.page == page and shows(drawing.bytes, text):
                yield name, True


def shows(data: bytes, text: str) -> bool:
    """Whether a text is anywhere in what was sent, as text or as a number of a table."""
    import struct

    number = struct.pack("<d", float(text)) if text[0].isdigit() else b"\0" * 99
    return text.encode() in data.replace(b"\\", b"") or number in data


def own_file(visitor: Visitor, house: House) -> tuple[str, str]:
    """The address of alice's picture, and her session."""
    drawing = visitor.draw(query=f"c={house.conversation}")
    (file,) = [name for name in drawing.files if name.endswith(("png", "jpg", "jpeg", "webp"))]
    return file, drawing.session_id


OPEN = {
    "/": 200, "/usage": 200, "/people": 200, "/healthz": 200, "/readyz": 200, "/llmtrack/boot.js": 200,
    "/_stcore/health": 200, "/_stcore/host-config": 200, "/static/nothing.js": 200, "/component/nothing/x.js": 404,
    "/_stcore/bidi-components/nothing/x.js": 404, "/app/static/nothing": 200, "/auth/login": 302, "/auth/logout": 302,
    "/oauth2callback": 302, "/oauth2callback?code=x&state=y": 302,
}  # fmt: skip
"""What everybody reaches: the sign-in page with what it is made of, Streamlit's own sign-in, and health."""
GUARDED = {
    "/_stcore/metrics": 200, "/_stcore/agent/openapi.json": 200, "/_stcore/script-health-check": 200,
    "/media/nothing.png": 404, "/media": 200,
}  # fmt: skip
"""What one has to be signed in for, with what it answers then."""


@pytest.mark.slow
def test_every_route_answers_everybody_as_the_table_says(house: House) -> None:
    with visit(house.url, house.cookies["alice"]) as visitor:
        file, session = own_file(visitor, house)
        upload = f"/_stcore/upload_file/{session}/file-of-alice"
        cells: dict[tuple[str, str], tuple[int, int]] = {}
        for who in [*SIGNED_IN, *OUTSIDE]:
            inside = who in SIGNED_IN
            expected = {
                **OPEN,
                **{path: status if inside else 401 for path, status in GUARDED.items()},
                file: 200 if who == "alice" else 404 if inside else 401,
            }
            for path, status in expected.items():
                cells[who, path] = (house.ask(who, "GET", path), status)
            refused = 404 if inside else 401
            cells[who, "upload"] = (house.ask(who, "PUT", upload), 403 if who == "alice" else refused)  # no XSRF token
            cells[who, "delete"] = (house.ask(who, "DELETE", upload), 403 if who == "alice" else refused)
    wrong = {cell: pair for cell, pair in cells.items() if pair[0] != pair[1]}
    assert wrong == {}, wrong


def test_a_file_that_is_made_when_its_button_is_pressed_is_its_makers_alone(house: House) -> None:
    with visit(house.url, house.cookies["root"]) as root:
        root.draw("audit-log")
        address = root.download("CSV")
        assert house.ask("root", "GET", address) == 200
        assert {who: house.ask(who, "GET", address) for who in ("alice", "lena", "shut out", "nobody")} == {
            "alice": 404, "lena": 404, "shut out": 401, "nobody": 401,
        }  # fmt: skip


def other_address(house: House) -> str:
    """The app as another machine calls it: by an address of this one that is not localhost, where it has one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # which sends nothing
            host = probe.getsockname()[0]
        except OSError:
            host = "127.0.0.2"
    return f"http://{host}:{house.url.rpartition(':')[2]}"


@pytest.mark.slow
def test_without_sign_in_another_machine_reaches_the_sign_in_page_and_what_it_is_made_of(house: House) -> None:
    url = other_address(house)
    routes = [route for route in create_streamlit_routes(MagicMock()) if isinstance(route, Route)]
    assert len(routes) > 10
    reached = set()
    for route in routes:
        path = re.sub(r"\{\w+(:\w+)?\}", "x", route.path)
        for method in ("GET", "PUT", "POST", "DELETE"):
            status = house.client.request(method, url + path).status_code
            if status != 401:
                reached.add(path)
    assert reached == {
        "/_stcore/health", "/_stcore/host-config", "/component/x", "/_stcore/bidi-components/x",
        "/auth/login", "/auth/logout", "/oauth2callback",
    }  # fmt: skip
    for path, status in OPEN.items():
        assert house.client.get(url + path).status_code == status, path
    with visit(url, {}) as stranger:
        assert "Sign in to use llmtrack" in stranger.draw("people")
    with visit(url, house.cookies["alice"]) as stranger:  # cookies are for the address they were made for
        assert "Sign in to use llmtrack" in stranger.draw()


@pytest.mark.slow
def test_no_token_of_any_kind_opens_a_page_a_file_or_an_upload(house: House) -> None:
    with visit(house.url, house.cookies["alice"]) as visitor:
        file, session = own_file(visitor, house)
        for kind, token in house.tokens.items():
            for path in (file, *GUARDED):
                assert house.ask("nobody", "GET", path, token) == 401, (kind, path)
            assert house.ask("nobody", "PUT", f"/_stcore/upload_file/{session}/x", token) == 401, kind
            with visit(house.url, {}, {"Authorization": f"Bearer {token}"}) as other:
                assert "Sign in to use llmtrack" in other.draw("people")
