"""What the usage page costs one user with so many calls: statements, SQLite's steps and CPU, at each run.

    python benchmarks/usage_page.py build --rows 1000000 --database sqlite:///usage.db
    python benchmarks/usage_page.py run --database sqlite:///usage.db [--view conversations]
    python benchmarks/usage_page.py paint --database sqlite:///usage.db [--pictures DIRECTORY]

`paint` opens it in Chromium instead, in light, in dark and on a phone: when anything is on the screen, when the
headline is, and when all of it is.

All calls are kim's, over the last 120 days: 8 models, 5 features, conversations of about 20 messages, 1 % without a
price. Steps are instructions of SQLite's virtual machine in thousands, whatever else the machine does.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from sqlalchemy import event

from llmtrack.ids import new_id
from llmtrack.ledger import open_ledger
from llmtrack.ledger.periods import to_micros
from llmtrack.ledger.records import Generation
from llmtrack.pricing.usage import Cost, Usage

ROOT = Path(__file__).resolve().parent.parent
DAYS = 120
BATCH = 20_000
MODELS = [("openai", "gpt-5", 1250, 10_000), ("openai", "gpt-5-mini", 250, 2_000), ("openai", "gpt-4o", 2500, 10_000),
          ("openai", "gpt-4o-mini", 150, 600), ("anthropic", "claude-sonnet-4-5", 3000, 15_000),
          ("anthropic", "claude-opus-4-5", 5000, 25_000), ("anthropic", "claude-haiku-4-5", 1000, 5_000),
          ("ollama", "in-house-8b", 0, 0)]  # fmt: skip
WEIGHTS = [12, 9, 20, 24, 20, 6, 8, 1]
FEATURES = ["chat", "chat", "summary", "search", None]


def made(rows: int) -> Iterator[list[Generation]]:
    """Batches of calls in the order of time."""
    draw = random.Random(1)
    end = to_micros(datetime.now(UTC))
    start = end - DAYS * 86_400_000_000
    for first in range(0, rows, BATCH):
        batch = []
        for number in range(first, min(first + BATCH, rows)):
            at = end - 1_000_000 if rows == 1 else start + (end - start) * number // rows
            provider, model, into, out = draw.choices(MODELS, WEIGHTS)[0]
            usage = Usage(input_tokens=draw.randrange(100, 6000), output_tokens=draw.randrange(20, 900))
            cost = Cost("exact", total=(usage.input_tokens or 0) * into + (usage.output_tokens or 0) * out)
            if provider == "ollama":
                cost = Cost("unpriced", reason="no_price")
            session = f"s{number // 20}"
            batch.append(
                Generation(
                    id=new_id(at), started_at=at, provider=provider, operation="chat", status="ok", request_model=model,
                    response_model=model, user_id="kim", session_id=session, trace_id=f"t{number}", usage=usage,
                    cost=cost, duration=draw.randrange(500_000, 20_000_000), time_to_first_token=700_000,
                    feature=draw.choice(FEATURES), streamed=True,
                )
            )  # fmt: skip
        yield batch


def build(url: str, rows: int) -> None:
    """Fill a ledger."""
    ledger = open_ledger(url)
    begun = time.process_time()
    for batch in made(rows):
        ledger.write(batch)
    print(f"{rows:,} calls in {time.process_time() - begun:.1f} s of CPU")


def run(url: str, view: str | None) -> None:
    """Draw the page three times, and once more after a click."""
    os.environ |= {"LLMTRACK_DATABASE_URL": url, "LLMTRACK_USER_ID": "kim", "LLMTRACK_PRELOAD": "false"}
    os.chdir(ROOT)
    from streamlit.testing.v1 import AppTest

    ledger = open_ledger(url)
    counts = {"statements": 0, "steps": 0}

    def step() -> None:
        counts["steps"] += 1

    def on_connect(connection, _record) -> None:  # type: ignore[no-untyped-def]
        connection.set_progress_handler(step, 1000)

    def on_statement(*_: object) -> None:
        counts["statements"] += 1

    event.listen(ledger.engine, "connect", on_connect)
    event.listen(ledger.engine, "before_cursor_execute", on_statement)
    ledger.engine.dispose()
    app = AppTest.from_file(ROOT / "pages" / "main.py", default_timeout=600)
    if view:
        app.query_params["view"] = view
    app.run()
    for name in ("first run", "second run", "third run"):
        counts.update(statements=0, steps=0)
        begun, wall = time.process_time(), time.perf_counter()
        app.switch_page("usage.py").run() if name == "first run" else app.run()
        spent, passed = time.process_time() - begun, time.perf_counter() - wall
        problems = [one.value for one in (*app.exception, *app.error)]
        print(f"{name:10}  {counts['statements']:4} statements  {counts['steps']:8,} thousand steps  "
              f"{1000 * spent:7.0f} ms CPU  {1000 * passed:7.0f} ms  {problems or ''}")  # fmt: skip


SCREENS: tuple[tuple[str, Literal["light", "dark"], int], ...] = (
    ("light", "light", 1440),
    ("dark", "dark", 1440),
    ("phone", "light", 390),
)
_PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null"


def paint(url: str, pictures: Path | None) -> None:
    """Open the page in a browser, once for each screen after one to warm the server up."""
    from playwright.sync_api import sync_playwright

    from tests.browser.app_server import running_app
    from tests.browser.fixtures import QUIET, chromium
    from tests.browser.pictures import settled

    path = Path(url.removeprefix("sqlite:///")).absolute()
    settings = {"LLMTRACK_DATABASE_URL": f"sqlite:///{path}", "LLMTRACK_USER_ID": "kim"}
    with (
        tempfile.TemporaryDirectory() as directory,
        running_app(Path(directory), settings) as server,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium(), args=[*QUIET, "--no-sandbox"])
        for number, (name, scheme, width) in enumerate((("first ever", "light", 1440), *SCREENS)):
            context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900})
            page = context.new_page()
            page.set_default_timeout(300_000)
            begun = time.perf_counter()
            page.goto(f"{server.url}/usage")
            page.get_by_test_id("statement-head").wait_for()
            headline = time.perf_counter() - begun
            settled(page)
            whole = time.perf_counter() - begun
            first = page.evaluate(_PAINT)
            print(f"{name:10}  first paint {first or 0:5.0f} ms  headline {1000 * headline:5.0f} ms  "
                  f"all {1000 * whole:5.0f} ms")  # fmt: skip
            if pictures is not None and number:
                pictures.mkdir(parents=True, exist_ok=True)
                height = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
                page.set_viewport_size({"width": width, "height": max(900, min(6000, height))})
                settled(page)
                page.screenshot(path=pictures / f"usage-{path.stem}-{name}.png", animations="disabled")
            context.close()
        browser.close()


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("build", "run", "paint"))
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--database", default="sqlite:///usage.db")
    parser.add_argument("--view", help="a tab of the page's table, as its address has it")
    parser.add_argument("--pictures", type=Path, help="where `paint` puts pictures of the page")
    given = parser.parse_args()
    if given.what == "build":
        build(given.database, given.rows)
    elif given.what == "paint":
        paint(given.database, given.pictures)
    else:
        run(given.database, given.view)


if __name__ == "__main__":
    main()
