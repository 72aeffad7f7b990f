"""The pages as a person sees them: `open_page` runs one against a ledger of the test's own."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from llmtrack.chat.answers import reply
from llmtrack.ids import new_id
from llmtrack.ledger import Ledger, open_ledger
from llmtrack.ledger.records import Generation
from llmtrack.pricing.usage import Cost, Usage

MAIN = Path(__file__).parents[2] / "pages" / "main.py"
SECONDS = 60
"""The first page that draws a chart imports what it needs for it."""

OpenPage = Callable[..., AppTest]


@pytest.fixture(autouse=True)
def page_settings(clean_environment: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Pages without preloading, simulated models that do not dawdle, and a tracker that writes to this test's ledger."""
    from llmtrack.capture.tracker import Tracker, set_default_tracker
    from llmtrack.settings import get_settings

    monkeypatch.chdir(MAIN.parents[1])
    monkeypatch.setenv("LLMTRACK_PRELOAD", "false")
    monkeypatch.setenv("LLMTRACK_DEMO_RATE", "100000")
    monkeypatch.setenv("LLMTRACK_USER_ID", "kim")
    get_settings.cache_clear()
    tracker = Tracker()
    before = set_default_tracker(tracker)
    yield
    reply.shutdown(5)
    tracker.close(1)
    set_default_tracker(before)
    get_settings.cache_clear()


@pytest.fixture
def open_page() -> OpenPage:
    """Opens the app on a page, as ``open_page("usage.py", span="7d")``, and draws it once."""

    def opened(page: str | None = None, **address: str | list[str]) -> AppTest:
        app = AppTest.from_file(MAIN, default_timeout=SECONDS)
        for name, value in address.items():
            app.query_params[name] = value
        app.run()
        if page is not None:
            app.switch_page(page).run()
        assert not app.exception, [one.value for one in app.exception]
        return app

    return opened


@pytest.fixture
def ledger() -> Ledger:
    """The ledger the pages read."""
    return open_ledger()


_order = itertools.count(1)


def call(**given: Any) -> Generation:
    """A call of just now, each a little before the last one; a price in nano-dollars as `cost`, tokens as `(in, out)`."""
    at = given.pop("at", None) or datetime.now(UTC) - timedelta(milliseconds=next(_order))
    micros = int(at.timestamp() * 1_000_000)
    tokens = given.pop("tokens", (1000, 100))
    cost = given.pop("cost", 0)
    priced = given.pop("cost_status", "exact")
    status = "unpriced" if cost is None else priced
    defaults: dict[str, Any] = {
        "provider": "openai", "operation": "chat", "status": "ok", "request_model": "gpt-4o", "response_model": "gpt-4o",
        "user_id": "kim", "duration": 2_000_000, "time_to_first_token": 500_000,
    }  # fmt: skip
    return Generation(
        id=new_id(micros),
        started_at=micros,
        usage=Usage(input_tokens=tokens[0], output_tokens=tokens[1]),
        cost=Cost(status=status, total=cost, input=cost),
        **{**defaults, **given},
    )


def read(app: AppTest) -> Iterator[str]:
    """Every text on the page, in the order of its kinds."""
    kinds = ("title", "header", "subheader", "markdown", "caption", "error", "warning", "info", "success")
    for kind in kinds:
        for one in getattr(app, kind):
            yield one.value
    for one in app.metric:
        yield f"{one.label}: {one.value}"


class _Cells(HTMLParser):
    """The texts of all tables and tiles in a piece of HTML."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.links: list[str] = []
        self.tiles: list[list[str]] = []
        self._into: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        names = (given.get("class") or "").split()
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self._into = self.rows[-1]
            self._into.append("")
        elif "ll-tile" in names:
            self.tiles.append([])
        elif {"ll-label", "ll-value", "ll-change"} & set(names):
            self._into = self.tiles[-1]
            self._into.append("")
        if tag == "a" and given.get("href"):
            self.links.append(str(given["href"]))

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th", "a", "div"):
            self._into = None if tag != "a" else self._into

    def handle_data(self, data: str) -> None:
        if self._into:
            self._into[-1] += data


def models_listed(app: AppTest) -> list[tuple[str, str, str]]:
    """The list of models, opened: group, name and what stands beside it."""
    app.session_state["chat_models"] = True
    app.run()
    (body,) = (body for body in html_of(app) if "ll-models" in body)
    return [
        (unescape(group), unescape(name), unescape(details))
        for group, rows in re.findall(r'<section aria-label="([^"]*)">(.*?)</section>', body)
        for name, details in re.findall(r'class="ll-model">([^<]*)</span><small>([^<]*)</small>', rows)
    ]


def quoted(app: AppTest) -> tuple[str, str]:
    """What the next message is expected to cost: the figure in the bar, and its parts."""
    figure = next(body for body in html_of(app) if "ll-quote" in body)
    parts = next(body for body in html_of(app) if "ll-parts" in body)
    return _text(figure), _text(parts)


def _text(body: str) -> str:
    return unescape(" ".join(re.sub(r"<[^>]*>", " ", body).replace("\xa0", "&nbsp;").split()))


def took(app: AppTest) -> list[str]:
    """The lines under the answers."""
    return [unescape(re.sub(r"<[^>]*>", "", body)) for body in html_of(app) if "ll-took" in body]


def html_of(app: AppTest) -> list[str]:
    """The pieces of HTML on a page, without its stylesheet."""
    bodies = [element.proto.body for element in app.get("html")]
    return [body for body in bodies if not body.startswith("<style>")]


def tables_of(app: AppTest) -> list[list[dict[str, str]]]:
    """The HTML tables of a page as people read them: rows by their headings, the totals row last."""
    tables = []
    for body in html_of(app):
        if "<table>" in body:
            cells = _cells(body)
            heads = [head.rstrip("▾▴") for head in cells.rows[0]]
            tables.append([dict(zip(heads, row, strict=False)) for row in cells.rows[1:]])
    return tables


def table_with(app: AppTest, head: str) -> list[dict[str, str]]:
    """The HTML table of a page that has this heading."""
    (table,) = [table for table in tables_of(app) if head in table[0]]
    return table


def tiles_of(app: AppTest) -> dict[str, str]:
    """The tiles of a page: labels and values."""
    return {tile[0]: tile[1] for body in html_of(app) for tile in _cells(body).tiles}


def changes_of(app: AppTest) -> dict[str, str]:
    """The tiles of a page: labels and what is said of their change."""
    return {tile[0]: tile[2] for body in html_of(app) for tile in _cells(body).tiles}


def hrefs_of(app: AppTest) -> list[str]:
    """Every address on a page that is in HTML."""
    return [href for body in html_of(app) for href in _cells(body).links]


def _cells(body: str) -> _Cells:
    cells = _Cells()
    cells.feed(body)
    return cells


def headline_of(app: AppTest) -> list[str]:
    """The usage page's statement at a glance: cost, messages, what stands below them, then a line for each fact."""
    (body,) = (body for body in html_of(app) if "statement-head" in body)
    head = body.partition("<style>")[0].replace("</span>", "\n").replace("</div>", "\n").replace("<dd>", ": ")
    text = unescape(re.sub("<[^>]*>", " ", head))
    return [" ".join(line.split()).replace(" : ", ": ") for line in text.split("\n") if line.strip()]
