"""What the chat page takes, measured in a real browser against a fake provider on the same machine.

    python -m benchmarks.chat_page            # everything, about six minutes
    python -m benchmarks.chat_page enter switch

* ``answer``: an answer of 4,000 tokens at 200 a second: how far the page lags, and the CPU of server and browser.
* ``sessions``: ten people at once on one process, each of whom must get their own text and numbers.
* ``memory``: what the server holds more for each of twenty sessions that stay open, after three that warmed it up.
* ``enter``: from pressing Enter to the provider's request arriving, beside a bare ten-line Streamlit chat; in pairs,
  by turns, so that both see the same machine.
* ``switch``: from a click on another page to that page being there, on a warm server.

Each stands beside a chat of ten lines, or two pages of titles, in a server of its own that has nothing but Streamlit.
Times are medians.
Needs what the tests need (``pip install -e '.[test]'``), a Chromium (``LLMTRACK_TEST_CHROMIUM``
names it) and Linux's ``/proc``.
"""

from __future__ import annotations

import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.app_server import AppServer, running_app
from tests.browser.bare_streamlit import bare_streamlit
from tests.browser.fixtures import QUIET, chromium
from tests.browser.room import Room, keys
from tests.provider import Provider

PAIRS = 16
SWITCHES = 15
SESSIONS = 10
LONG = "gpt-4o@tokens=4000@pause=5"
WARM_UP, STAYING = 3, 20
BARE = """
import openai
import streamlit as st


@st.cache_resource
def client():
    return openai.OpenAI()

said = st.session_state.setdefault("said", [])
for one in said:
    st.chat_message(one["role"]).write(one["content"])
if text := st.chat_input("Message"):
    said.append({"role": "user", "content": text})
    st.chat_message("user").write(text)
    with st.chat_message("assistant"):
        model = st.query_params.get("model", "gpt-4o")
        stream = client().chat.completions.create(model=model, messages=said, stream=True)
        said.append({"role": "assistant", "content": st.write_stream(stream)})
    st.caption("That was all.")
"""
_TICKS = os.sysconf("SC_CLK_TCK")


def cpu(pid: int) -> float:
    """Seconds of CPU a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def memory(pid: int) -> float:
    """Megabytes a process holds."""
    told = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(told[1]) / 1000 if told else 0.0


def offspring(pid: int) -> list[int]:
    """The processes below one."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            found += [child, *offspring(child)]
    return found


def browser_cpu() -> float:
    """Seconds of CPU of everything below this process that is a browser."""
    total = 0.0
    for pid in offspring(os.getpid()):
        try:
            if "chrom" in Path(f"/proc/{pid}/comm").read_text():
                total += cpu(pid)
        except OSError:
            continue  # it has just ended
    return total


def tab(browser: Browser) -> Page:
    """A fresh tab with no history."""
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.set_default_timeout(60_000)
    return page


def at_rest(page: Page) -> None:
    """Wait until no script runs for it."""
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")


@contextmanager
def bare(script: str, provider: Provider) -> Iterator[tuple[str, int]]:
    """A script that asks the same provider, served: its address and its process."""
    with tempfile.TemporaryDirectory() as directory, bare_streamlit(Path(directory), script, keys(provider)) as served:
        yield served


def measure_answer(browser: Browser, server: AppServer, provider: Provider) -> None:
    """4,000 tokens at 200 a second."""
    page = tab(browser)
    room = Room(page, server, f"openai/{LONG}")
    room.idle()
    timed_answer("answer   ", provider, server.process.pid, lambda: room.send("Count"), lambda: room.finished(0))
    print(f"          words {len(room.text(0).split()):,}")
    page.context.close()
    with bare(BARE, provider) as (url, pid):
        page = tab(browser)
        page.goto(f"{url}/?model={LONG}")
        at_rest(page)
        box = page.get_by_role("textbox", name="Message")
        box.fill("Count")
        last = page.get_by_text("That was all.")
        timed_answer("bare chat", provider, pid, lambda: box.press("Enter"), lambda: expect(last).to_be_visible())
        page.context.close()


def timed_answer(
    name: str, provider: Provider, pid: int, send: Callable[[], object], wait: Callable[[], object]
) -> None:
    """What the page lags behind the provider's last token, and the CPU until then."""
    asked = len(provider.requests)
    before = (cpu(pid), browser_cpu(), time.perf_counter())
    send()
    provider.wait_until(lambda: len(provider.requests) > asked)
    sent = last_sent(provider)
    wait()
    seen = time.perf_counter()
    print(f"{name} 4,000 tokens sent in {sent - before[2]:.1f} s; all of it there {seen - sent:.2f} s after the last")
    print(f"          server {cpu(pid) - before[0]:.1f} s of CPU, browser {browser_cpu() - before[1]:.1f} s")


def last_sent(provider: Provider) -> float:
    """Wait for the end of the provider's answer."""
    deadline = time.perf_counter() + 120
    while not provider.last.answered:
        if time.perf_counter() > deadline:
            raise TimeoutError("the provider's answer does not end: whoever asked for it has hung up")
        time.sleep(0.02)
    return time.perf_counter()


def measure_sessions(browser: Browser, server: AppServer, provider: Provider) -> None:
    """Ten people at once."""
    first = tab(browser)
    Room(first, server, "openai/gpt-4o").ask("Warm up")
    tabs = [tab(browser) for _ in range(SESSIONS)]
    rooms = [Room(page, server, f"openai/gpt-4o@tokens={100 + number}@pause=20") for number, page in enumerate(tabs)]
    started, used = time.perf_counter(), cpu(server.process.pid)
    for number, room in enumerate(rooms):
        room.send(f"Question of person {number}")
    wrong = 0
    for number, room in enumerate(rooms):
        line = room.finished(0)
        own = line.tokens == (100, 100 + number) and len(room.text(0).split()) == 100 + number
        asked = room.messages.all_inner_texts()
        wrong += not (own and len(asked) == 1 and f"person {number}" in asked[0])
    wall = time.perf_counter() - started
    print(
        f"sessions  {SESSIONS} at once: {wrong} with anything of another's; {wall:.1f} s for about 2.1 s of streaming"
    )
    print(f"          server {cpu(server.process.pid) - used:.1f} s of CPU")
    for page in [first, *tabs]:
        page.context.close()


def measure_memory(browser: Browser, server: AppServer, provider: Provider) -> None:
    """Sessions that stay open, each with an answer of 300 tokens; and the same in a bare chat."""

    def ask(number: int) -> Page:
        page = tab(browser)
        Room(page, server, f"openai/gpt-4o@tokens={300 + number}").ask(f"Question {number}")
        return page

    added("memory   ", server.process.pid, ask)
    with bare(BARE, provider) as (url, pid):

        def ask_bare(number: int) -> Page:
            page = tab(browser)
            page.goto(f"{url}/?model=gpt-4o@tokens={300 + number}")
            page.get_by_role("textbox", name="Message").fill(f"Question {number}")
            page.get_by_role("textbox", name="Message").press("Enter")
            expect(page.get_by_text("That was all.")).to_be_visible()
            return page

        added("bare chat", pid, ask_bare)


def added(name: str, pid: int, opened: Callable[[int], Page]) -> None:
    """What each of twenty sessions adds to a process, after three that warmed it up."""
    warm = [opened(number) for number in range(WARM_UP)]
    before = memory(pid)
    pages = [opened(number) for number in range(STAYING)]
    after = memory(pid)
    print(
        f"{name} {before:.1f} MB with {WARM_UP} sessions, {after:.1f} MB with {STAYING} more: "
        f"{(after - before) / STAYING:.2f} MB a session (bar 0.5)"
    )
    for page in [*warm, *pages]:
        page.context.close()


# Both clocks are this process's: the browser's key press goes out from it, and the provider runs in it.
def from_enter(page: Page, provider: Provider, text: str) -> float:
    """Milliseconds from Enter to the request's arrival."""
    box = page.get_by_role("textbox", name=re.compile("^Message"))
    at_rest(page)
    box.fill(text)
    page.wait_for_timeout(300)
    asked = len(provider.requests)
    started = time.perf_counter()
    box.press("Enter", no_wait_after=True)
    provider.wait_until(lambda: len(provider.requests) > asked)
    return (time.perf_counter() - started) * 1000


def measure_enter(browser: Browser, server: AppServer, provider: Provider) -> None:
    """From Enter to the request, by turns."""
    with bare(BARE, provider) as (address, _):
        ours, plain = tab(browser), tab(browser)
        Room(ours, server, "openai/gpt-4o")
        plain.goto(address)
        expect(plain.get_by_role("textbox", name="Message")).to_be_visible()
        for page in (ours, plain):  # first messages pay for imports and connections
            for _ in range(2):
                from_enter(page, provider, "Warm up")
                page.wait_for_timeout(1500)
        pairs = []
        for number in range(PAIRS):
            order = [(ours, 0), (plain, 1)] if number % 2 else [(plain, 1), (ours, 0)]
            found = [0.0, 0.0]
            for page, which in order:
                found[which] = from_enter(page, provider, f"Message {number}")
                page.wait_for_timeout(700)
            pairs.append((found[0], found[1]))
        mine, theirs = (statistics.median(one) for one in zip(*pairs, strict=True))
        more = statistics.median(one - other for one, other in pairs)
        print(
            f"enter     to the request: {mine:.0f} ms, a bare chat {theirs:.0f} ms; in pairs {more:+.0f} ms (bar +30)"
        )
        ours.context.close()
        plain.context.close()


ASKED = "Something to be used"
BARE_PAGES = """
import streamlit as st

def one():
    st.title("The first page")

def two():
    st.title("The second page")
    st.chat_input("Message")

st.navigation([st.Page(one, title="One", default=True), st.Page(two, title="Two")]).run()
"""
BOX, TEXT = "the box", "a text"
CLICK = """([name, kind, text]) => new Promise(done => {
    const there = () => kind === "the box"
        ? document.querySelector('[data-testid=stChatInput] textarea')
        : document.querySelector('[data-testid=stMain]')?.innerText.includes(text);
    const link = [...document.querySelectorAll('nav a, [data-testid=stSidebarNav] a')]
        .find(one => one.innerText.trim().split("\\n").pop() === name);
    const begun = performance.now();
    const look = () => there() || performance.now() - begun > 20000
        ? done(performance.now() - begun) : requestAnimationFrame(look);
    link.click();
    requestAnimationFrame(look);
})"""
"""Clicks on a link of the sidebar; the milliseconds until its page is there, twenty seconds where it does not come."""


def measure_switch(browser: Browser, server: AppServer, provider: Provider) -> None:
    """From the click to the page being there, as the browser sees it, by turns with two pages of bare Streamlit."""
    with bare(BARE_PAGES, provider) as (address, _):
        ours, plain = tab(browser), tab(browser)
        room = Room(ours, server, "openai/gpt-4o")
        room.ask(ASKED)
        plain.goto(address)
        expect(plain.get_by_role("heading", name="The first page")).to_be_visible()

        def rest(page: Page) -> None:
            page.wait_for_timeout(200)
            at_rest(page)
            page.wait_for_timeout(300)

        # In a circle: each click leads to the next page, and the last back to the first.
        steps: tuple[tuple[str, Page, tuple[str, str, str]], ...] = (
            ("to Usage", ours, ("Usage", TEXT, "Day ")),
            ("in bare Streamlit to a page with a box", plain, ("Two", BOX, "")),
            ("to a conversation", ours, (ASKED, BOX, "")),
            ("in bare Streamlit to a page with a title", plain, ("One", TEXT, "The first page")),
        )
        found: dict[str, list[float]] = {name: [] for name, _, _ in steps}
        for _ in range(SWITCHES):
            for name, page, what in steps:
                rest(page)
                found[name].append(page.evaluate(CLICK, what))
        for name, values in found.items():
            print(f"switch    {name}: {statistics.median(values):.0f} ms (bar 100), slowest {max(values):.0f} ms")
        ours.context.close()
        plain.context.close()


MEASURES = {
    "answer": measure_answer,
    "sessions": measure_sessions,
    "memory": measure_memory,
    "enter": measure_enter,
    "switch": measure_switch,
}


def main(wanted: list[str]) -> None:
    """All measurements, or those named."""
    provider = Provider()
    expect.set_options(timeout=120_000)
    with tempfile.TemporaryDirectory() as directory, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=[*QUIET, "--no-sandbox"])
        with running_app(Path(directory), keys(provider)) as server:
            warm = tab(browser)
            Room(warm, server, "openai/gpt-4o").ask("Warm up")
            warm.wait_for_timeout(8000)  # what is heavy is imported behind the first page
            warm.context.close()
            for name, measure in MEASURES.items():
                if not wanted or name in wanted:
                    provider.reset()
                    measure(browser, server, provider)
        browser.close()
    provider.stop()


if __name__ == "__main__":
    main(sys.argv[1:])
