"""Files: what a token shows, and single-use links of pages that are for one viewer, one browser and one minute."""

from __future__ import annotations

import csv
import io
import json

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from llmtrack.ledger import people
from llmtrack.serving.api import ExportQuery, exporting
from llmtrack.serving.browser_cookie import BROWSER_COOKIE, BrowserCookie
from llmtrack.serving.identity import NotFound
from tests.serving.api.conftest import Server, person

BROWSER = "b" * 43


def rows(text: str) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


@pytest.mark.parametrize(
    ("token", "users"), [("alice", ["alice"] * 4), ("admin", ["alice"] * 4 + ["bob"] * 2 + ["carol"]), ("lead", [])]
)
def test_a_token_gets_its_own_generations_as_a_file(server: Server, token: str, users: list[str]) -> None:
    answer = server.client.get("/api/export", headers=server.headers(token))
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="llmtrack.csv"'
    assert [row["user"] for row in rows(answer.text)] == users
    assert "secret" not in answer.text
    with_text = server.client.get("/api/export?text=true&format=jsonl", headers=server.headers(token))
    lines = [json.loads(line) for line in with_text.text.splitlines()]
    assert [line["user"] for line in lines] == users
    assert ("bob's secret" in with_text.text) == (token == "admin")


def test_an_answer_comes_as_a_file_too_in_every_format(server: Server) -> None:
    question = "metric=cost&metric=generations&by=user&order=-cost"
    answer = server.client.get(f"/api/export?{question}", headers=server.headers("admin"))
    assert rows(answer.text)[0] == {"user": "bob", "cost": "0.003000000", "generations": "2"}
    parquet = server.client.get(f"/api/export?{question}&format=parquet", headers=server.headers("team"))
    assert parquet.status_code == 200
    assert parquet.content[:4] == parquet.content[-4:] == b"PAR1"
    assert server.refused("/api/export", metric="cots")[0] == 400
    assert server.refused("/api/export", "team")[0] == 403
    assert server.refused("/api/export", "alice", where="user=bob")[0] == 403


@pytest.fixture
def links(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The clock of the links, in seconds."""
    clock = [0.0]
    monkeypatch.setattr(exporting, "LINKS", exporting.Links(lambda: clock[0]))
    return clock


def linked(server: Server, path: str, browser: str | None = BROWSER) -> int:
    """The status of a link in a browser."""
    cookies = {"cookie": f"{BROWSER_COOKIE}={browser}"} if browser else {}
    return server.client.get(path, headers=cookies).status_code


def test_a_link_works_once_in_its_own_browser(small_server: Server, links: list[float]) -> None:
    alice = person(small_server.ledger, "alice")
    path = exporting.export_path(alice, ExportQuery(where=["user=alice"]), "mine.csv", BROWSER)
    for other in (None, "c" * 43, ""):
        assert linked(small_server, path, other) == 404
    answer = small_server.client.get(path, headers={"cookie": f"{BROWSER_COOKIE}={BROWSER}"})
    assert answer.status_code == 200, "what another browser tried did not use it up"
    assert answer.headers["content-disposition"] == 'attachment; filename="mine.csv"'
    assert len(rows(answer.text)) == 4
    assert linked(small_server, path) == 404
    entry = people.audit_log(small_server.ledger)[0]
    assert (entry.actor, entry.action, entry.subject) == ("alice", "export", "generations")


def test_a_link_ends_after_a_minute_and_with_the_right_to_it(small_server: Server, links: list[float]) -> None:
    root = person(small_server.ledger, "root")
    query = ExportQuery(metric=["cost"], by=["user"])
    old, kept, lost = (exporting.export_path(root, query, "x.csv", BROWSER) for _ in range(3))
    links[0] = 59.9
    assert linked(small_server, kept) == 200
    assert root.person is not None
    people.set_role(small_server.ledger, root.person, "user", by="other")
    assert linked(small_server, lost) == 404, "no admin any more"
    links[0] = 60.0
    assert linked(small_server, old) == 404


@pytest.mark.parametrize("where", [[], ["user=bob"], ["user!=bob"]])
def test_no_link_is_made_for_what_the_viewer_may_not_see(small_server: Server, where: list[str]) -> None:
    alice = person(small_server.ledger, "alice")
    with pytest.raises(NotFound):
        exporting.export_path(alice, ExportQuery(where=where), "x.csv", BROWSER)
    with pytest.raises(NotFound):
        exporting.export_path(alice, ExportQuery(metric=["cost"], where=where), "x.csv", BROWSER)


def test_a_browser_gets_its_cookie_with_the_first_page_and_scripts_cannot_read_it() -> None:
    async def page(request) -> HTMLResponse:
        return HTMLResponse("<p>page")

    app = Starlette(routes=[Route("/", page), Route("/api/x", page)], middleware=[Middleware(BrowserCookie)])
    with TestClient(app) as client:
        assert "set-cookie" not in client.get("/api/x", headers={"accept": "text/html"}).headers
        assert "set-cookie" not in client.get("/", headers={"accept": "application/json"}).headers
        cookie = client.get("/", headers={"accept": "text/html"}).headers["set-cookie"]
        value, attributes = cookie.removeprefix(f"{BROWSER_COOKIE}=").split("; ", 1)
        assert len(value) == 43
        assert attributes == "Path=/; Max-Age=31536000; HttpOnly; SameSite=Strict"
        assert "set-cookie" not in client.get("/", headers={"accept": "text/html"}).headers, "it has one"
        forged = {"accept": "text/html", "cookie": f"{BROWSER_COOKIE}=short"}
        assert "set-cookie" in TestClient(app).get("/", headers=forged).headers
