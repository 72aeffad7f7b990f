"""What each admin page takes on a large ledger, in a real browser: paint, layout shift, CPU of the server, statements.

    python -m benchmarks.admin_pages build --rows 1000000 --users 20000 --database sqlite:////tmp/pages.db
    python -m benchmarks.admin_pages run --database sqlite:////tmp/pages.db [--span "90 days"] [users errors …]

The ledger is that of `benchmarks/ledger.py`, up to this moment, with a plan for each user and a judgement of every
tenth interaction. Each page is opened in new tabs of a browser that has Streamlit's own files already, `--rounds`
times, and once by a step from another page. The columns are medians:

* ``first``: the first number on the page; ``full``: the last change of the page before it comes to rest. Milliseconds
  from the start of the navigation, so about 300 of them are Streamlit's own, see the bare page in the last line.
* ``shift``: what the browser counts as layout shift, all of it summed; ``step``: the same from a step to this page, and
  the milliseconds until that is drawn to its end.
* ``CPU``: processor time of the server. ``SQL``: statements, the slowest one, and the longest any question held its
  snapshot, Python included.

The bare page at the end has a title, three metrics, a chart and a table of Streamlit's, nothing else; it runs in a
server of its own at the same time. Needs what the tests need (``pip install -e '.[test]'``), a Chromium and Linux.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import runpy
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

ROOT = Path(__file__).resolve().parent.parent
PAGES = (
    "overview", "model-cost", "model?model=gpt-5", "users", "users?above=1", "user?user=user-0003", "teams",
    "teams?team=team-3", "features", "features?feature=chat", "limits", "prices", "feedback", "latency", "errors",
    "engagement", "compare", "explore", "traces", "conversations", "calls", "data", "people", "audit-log", "settings",
)  # fmt: skip
DEEP = 9_000
"""The page of the calls far down the list; interactions and conversations have a place as far back in time."""
JUDGED = 10
LOG = "LLMTRACK_BENCHMARK_STATEMENTS"
BARE = """
import pandas as pd
import streamlit as st

st.set_page_config(layout="wide")
st.title("Bare")
for column, value in zip(st.columns(3), (1, 2, 3)):
    column.metric("Number", value)
frame = pd.DataFrame({"day": range(30), "value": [n * 7 % 11 for n in range(30)]})
st.bar_chart(frame, x="day", y="value")
st.dataframe(frame)
"""
# Called before anything of the page: what it shifts, when it last changed, and when its first number stood there.
WATCH = """
window.seen = {shift: 0, last: 0, first: null};
new PerformanceObserver(list => list.getEntries().forEach(entry => { seen.shift += entry.value; }))
    .observe({type: "layout-shift", buffered: true});
new MutationObserver(() => {
    seen.last = performance.now();
    seen.first ??= document.querySelector(".ll-value, .ll-table td, [data-testid=stMetricValue]") && seen.last;
}).observe(document, {subtree: true, childList: true, attributes: true, characterData: true});
"""


@dataclass
class Seen:
    """What one opening of a page took, in milliseconds."""

    first: float
    full: float
    shift: float
    cpu: float
    statements: list[float] = field(default_factory=list)
    questions: list[float] = field(default_factory=list)


def build(url: str, rows: int, users: int) -> None:
    """Fill a ledger that ends now."""
    from benchmarks.ledger import DAYS, made
    from llmtrack.ledger import open_ledger
    from llmtrack.ledger.periods import to_micros
    from llmtrack.ledger.records import Feedback, Identity

    ledger, end, draw = open_ledger(url), datetime.now(UTC), random.Random(2)
    judged: set[str | None] = set()
    began = to_micros(end - timedelta(days=DAYS))
    names = [f"user-{number:04d}" for number in range(users)]
    people = [Identity(name, {"plan": draw.choice(("free", "free", "pro"))}, began) for name in names]
    ledger.write(people)
    for batch in made(rows, users=users, end=end):
        traces = {row.trace_id: row for row in batch if row.trace_id}
        chosen = [row for trace, row in traces.items() if int(trace[1:]) % JUDGED == 0 and trace not in judged]
        judged.update(row.trace_id for row in chosen)
        ledger.write([
            *batch,
            *(Feedback(str(row.trace_id), row.user_id, 1 if draw.random() < 0.8 else -1, None, row.started_at + 1)
              for row in chosen),
        ])  # fmt: skip
    ledger.close()


def serve() -> None:
    """Be the server, started as ever, with every statement and every snapshot written down (`LOG`)."""
    from llmtrack.ledger.database import snapshot

    log = Path(os.environ[LOG]).open("a", buffering=1)  # noqa: SIM115

    def note(kind: str, began: float, text: str) -> None:
        log.write(json.dumps([kind, (time.perf_counter() - began) * 1000, text]) + "\n")

    send, opened = snapshot.Snapshot._send, snapshot.snapshot

    def sent(self: Any, sql: str, values: Any) -> Any:
        began = time.perf_counter()
        try:
            return send(self, sql, values)
        finally:
            note("statement", began, sql)

    @contextmanager
    def timed(*given: Any, **more: Any) -> Iterator[Any]:
        began = time.perf_counter()
        try:
            with opened(*given, **more) as view:
                yield view
        finally:
            note("question", began, "")

    snapshot.Snapshot._send = sent  # type: ignore[method-assign]
    snapshot.snapshot = timed
    sys.argv = sys.argv[sys.argv.index("streamlit") :]
    runpy.run_module("streamlit", run_name="__main__", alter_sys=True)


def deep_pages(url: str) -> list[str]:
    """Pages of lists far from their beginning."""
    from llmtrack.ledger import lists, open_ledger

    ledger = open_ledger(url)
    span = {"span": "90 days"}
    with ledger.reading() as connection:
        wanted = f"SELECT id FROM generation ORDER BY id DESC LIMIT 1 OFFSET {DEEP * 50 - 51}"
        row = connection.exec_driver_sql(wanted).first()
    if row is None:
        return []
    from llmtrack.ids import started_at
    from llmtrack.ledger.periods import from_micros

    at = from_micros(started_at(row[0]), "UTC")
    addresses = []
    for name, read in (("calls", lists.generations), ("traces", lists.traces), ("conversations", lists.sessions)):
        after = read(ledger, until=at, limit=50).after
        if after:
            addresses.append(f"{name}?{urlencode({**span, 'after': after, 'from': DEEP * 50})}")
    ledger.close()
    return addresses


def opened(page: Any, address: str, pid: int, log: Path) -> Seen:
    """Open an address in a new tab."""
    from benchmarks.chat_page import cpu

    place, used = log.stat().st_size, cpu(pid)
    page.goto(address)
    rest(page)
    seen = page.evaluate("seen")
    spent = (cpu(pid) - used) * 1000
    return Seen(seen["first"] or seen["last"], seen["last"], seen["shift"], spent, *noted(log, place))


def stepped(page: Any, address: str) -> tuple[float, float]:
    """Go to another page of the app in the same tab: milliseconds and layout shift."""
    rest(page)
    page.evaluate("""address => {
        seen.shift = 0; seen.began = performance.now();
        llmtrackSteps.go(new URL(address, document.baseURI).href);
    }""", address)  # fmt: skip
    page.wait_for_timeout(100)
    rest(page)
    seen = page.evaluate("seen")
    return seen["last"] - seen["began"], seen["shift"]


def rest(page: Any) -> None:
    """Wait until the page is drawn and has not changed for half a second."""
    from tests.browser.pictures import settled, until

    settled(page)
    until(page, "() => performance.now() - seen.last > 500")


def noted(log: Path, place: int) -> tuple[list[float], list[float]]:
    """Milliseconds of the statements and of the questions since a place in the log."""
    with log.open() as lines:
        lines.seek(place)
        entries = [json.loads(line) for line in lines]
    return [ms for kind, ms, _ in entries if kind == "statement"], [ms for kind, ms, _ in entries if kind == "question"]


def line(name: str, seen: list[Seen], steps: list[tuple[float, float]]) -> str:
    """A line of the table."""

    def middle(values: Iterable[float]) -> float:
        return statistics.median(values)

    slowest = middle(max(one.statements, default=0) for one in seen)
    longest = middle(max(one.questions, default=0) for one in seen)
    text = (
        f"{name:<26}{middle(one.first for one in seen):>7.0f}{middle(one.full for one in seen):>7.0f}"
        f"{middle(one.shift for one in seen):>8.3f}{middle(one.cpu for one in seen):>8.0f}"
        f"{middle(len(one.statements) for one in seen):>6.0f}{slowest:>8.0f}{longest:>9.0f}"
    )
    return text + (f"{middle(ms for ms, _ in steps):>8.0f}{middle(shift for _, shift in steps):>8.3f}" if steps else "")


def run(url: str, wanted: list[str], span: str | None, rounds: int) -> None:
    """Open every page and print its line."""
    from playwright.sync_api import expect, sync_playwright

    from tests.browser.app_server import running_app
    from tests.browser.bare_streamlit import bare_streamlit
    from tests.browser.fixtures import QUIET, chromium

    expect.set_options(timeout=120_000)
    pages = [*PAGES, *deep_pages(url)]
    pages = [page for page in pages if not wanted or page.partition("?")[0] in wanted]
    if span:
        pages = [page if "span=" in page else f"{page}{'&' if '?' in page else '?'}{urlencode({'span': span})}"
                 for page in pages]  # fmt: skip
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        directory = Path(name)
        log = directory / "statements.jsonl"
        log.touch()
        settings = {"LLMTRACK_DATABASE_URL": url, "PYTHONPATH": str(ROOT), LOG: str(log)}
        timed = ("-m", "benchmarks.admin_pages", "serve")
        browser = playwright.chromium.launch(executable_path=chromium(), args=[*QUIET, "--no-sandbox"])
        bare_server = bare_streamlit(directory / "bare", BARE)
        with running_app(directory, settings, timed) as server, bare_server as (bare_url, bare_pid):
            context = browser.new_context(viewport={"width": 1280, "height": 900}, timezone_id="UTC")
            context.set_default_timeout(120_000)
            context.add_init_script(WATCH)

            def tab(address: str, pid: int, wait: int = 0) -> Seen:
                page = context.new_page()
                seen = opened(page, address, pid, log)
                page.wait_for_timeout(wait)
                page.close()
                return seen

            tab(f"{server.url}/overview", server.process.pid, 8_000)  # what is heavy is imported behind the first page
            tab(bare_url, bare_pid)
            print(f"load {os.getloadavg()[0]:.1f}")
            print(f"{'page':<26}{'first':>7}{'full':>7}{'shift':>8}{'CPU':>8}{'SQL':>6}{'slowest':>8}{'question':>9}"
                  f"{'step':>8}{'shift':>8}")  # fmt: skip
            bare = []
            for address in pages:
                seen = [tab(f"{server.url}/{address}", server.process.pid) for _ in range(rounds)]
                bare.append(tab(bare_url, bare_pid))
                page = context.new_page()
                page.goto(f"{server.url}/settings")
                steps = [stepped(page, address)]
                page.close()
                shown = address.replace("&after=", " after ").split(" after ")[0]
                print(line(shown[:25] + ("…" if shown != address else ""), seen, steps), flush=True)
            print(line("bare Streamlit page", bare, []))
            context.close()
        browser.close()


def main() -> None:
    """Read the command line."""
    if sys.argv[1:2] == ["serve"]:
        return serve()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("build", "run"))
    parser.add_argument("pages", nargs="*", help="of the pages, those at these addresses")
    parser.add_argument("--database", default="sqlite:////tmp/llmtrack-pages.db")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--users", type=int, default=20_000)
    parser.add_argument("--span", help='"7 days", "30 days", "90 days"; 30 days where it is not given')
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    if given.what == "build":
        build(given.database, given.rows, given.users)
    else:
        run(given.database, given.pages, given.span, given.rounds)
    return None


if __name__ == "__main__":
    main()
