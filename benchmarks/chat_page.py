"""What the chat page takes, measured in a real browser against a fake provider on the same machine.

    python -m benchmarks.chat_page            # everything, about six minutes
    python -m benchmarks.chat_page enter switch

* ``answer``: an answer of 4,000 tokens at 200 a second: how far the page lags, and the CPU of server and browser.
* ``sessions``: ten people at once on one process, each of whom must get their own text and numbers.
* ``memory``: what the server holds more for each of twenty sessions that stay open, after three that warmed it up.
* ``enter``: from pressing Enter to the provider's request arriving, beside a bare ten-line Streamlit chat; in pairs,
  by turns, so that both see the same machine.
* ``switch``: from a click on another page to that page being there, on a warm server.

Times are medians.
Needs what the tests need (``pip install -e '.[test]'``), a Chromium (``LLMTRACK_TEST_CHROMIUM``
names it) and Linux's ``/proc``.
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.app_server import AppServer, running_app
from tests.browser.fixtures import QUIET, chromium
from tests.browser.room import Room, keys
from tests.provider import Provider

PAIRS = 16
SWITCHES = 15
SESSIONS = 10
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
        stream = client().chat.completions.create(model="gpt-4o", messages=said, stream=True)
        said.append({"role": "assistant", "content": st.write_stream(stream)})
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


def measure_answer(browser: Browser, server: AppServer, provider: Provider) -> None:
    """4,000 tokens at 200 a second."""
    page = tab(browser)
    room = Room(page, server, "openai/gpt-4o@tokens=4000@pause=5")
    before = (cpu(server.process.pid), browser_cpu(), time.perf_counter())
    room.send("Count")
    provider.wait_until(lambda: any(one.events_sent for one in provider.requests))
    with_all = last_sent(provider)
    sent = time.perf_counter()
    room.finished(0)
    seen = time.perf_counter()
    took = (cpu(server.process.pid) - before[0], browser_cpu() - before[1], with_all - before[2])
    print(f"answer    4,000 tokens sent in {took[2]:.1f} s; the page had all of it {seen - sent:.2f} s after the last")
    print(f"          server {took[0]:.1f} s of CPU, browser {took[1]:.1f} s; words {len(room.text(0).split()):,}")
    page.context.close()


def last_sent(provider: Provider) -> float:
    """Wait for the end of the provider's answer."""
    while not provider.last.answered:
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
    """Sessions that stay open, each with an answer of 300 tokens."""

    def opened(number: int) -> Page:
        page = tab(browser)
        Room(page, server, f"openai/gpt-4o@tokens={300 + number}").ask(f"Question {number}")
        return page

    warm = [opened(number) for number in range(WARM_UP)]
    before = memory(server.process.pid)
    pages = [opened(number) for number in range(STAYING)]
    after = memory(server.process.pid)
    print(
        f"memory    {before:.1f} MB with {WARM_UP} sessions, {after:.1f} MB with {STAYING} more: "
        f"{(after - before) / STAYING:.2f} MB a session"
    )
    for page in [*warm, *pages]:
        page.context.close()


# Both clocks are this process's: the browser's key press goes out from it, and the provider runs in it.
def from_enter(page: Page, provider: Provider, text: str) -> float:
    """Milliseconds from Enter to the request's arrival."""
    box = page.get_by_role("textbox", name=re.compile("^Message"))
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    box.fill(text)
    page.wait_for_timeout(300)
    asked = len(provider.requests)
    started = time.perf_counter()
    box.press("Enter", no_wait_after=True)
    provider.wait_until(lambda: len(provider.requests) > asked)
    return (time.perf_counter() - started) * 1000


@contextmanager
def bare_chat(directory: Path, provider: Provider) -> Iterator[str]:
    """The ten-line chat, served."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    (directory / "bare.py").write_text(BARE)
    command = [sys.executable, "-m", "streamlit", "run", "bare.py", "--server.headless", "true"]
    command += ["--server.port", str(port), "--server.address", "127.0.0.1"]
    command += ["--browser.gatherUsageStats", "false"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(directory), **keys(provider)}
    process = subprocess.Popen(
        command, cwd=directory, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    while "URL" not in process.stdout.readline():
        pass
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def measure_enter(browser: Browser, server: AppServer, provider: Provider) -> None:
    """From Enter to the request, by turns."""
    with tempfile.TemporaryDirectory() as directory, bare_chat(Path(directory), provider) as address:
        ours, bare = tab(browser), tab(browser)
        Room(ours, server, "openai/gpt-4o")
        bare.goto(address)
        expect(bare.get_by_role("textbox", name="Message")).to_be_visible()
        for page in (ours, bare):  # first messages pay for imports and connections
            for _ in range(2):
                from_enter(page, provider, "Warm up")
                page.wait_for_timeout(1500)
        pairs = []
        for number in range(PAIRS):
            order = [(ours, 0), (bare, 1)] if number % 2 else [(bare, 1), (ours, 0)]
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
        bare.context.close()


PAGES = {
    "Usage": "Usage in current billing cycle",
    "Chat": "Message",
}


def measure_switch(browser: Browser, server: AppServer, provider: Provider) -> None:
    """From the click to the page being there, as the browser sees it, and to its script's end."""
    page = tab(browser)
    room = Room(page, server, "openai/gpt-4o")
    room.ask("Something to be used")
    watch = """([text, isBox]) => new Promise(done => {
        const there = () => isBox ? document.querySelector('textarea[placeholder^="' + text + '"]')
                                  : document.querySelector('[data-testid=stMain], main')?.innerText.includes(text);
        const begun = performance.now();
        const look = () => there() ? done(performance.now() - begun) : requestAnimationFrame(look);
        document.querySelectorAll('nav a, [data-testid=stSidebarNav] a').forEach(one => {
            if (one.innerText.trim().split("\\n").pop() === window.wanted) one.click();
        });
        requestAnimationFrame(look);
    })"""
    for name, text in PAGES.items():
        found = []
        other = next(one for one in PAGES if one != name)
        for _ in range(SWITCHES):
            room.open(other)
            page.wait_for_timeout(200)
            room.idle()
            page.wait_for_timeout(300)
            page.evaluate("name => { window.wanted = name }", name)
            found.append(page.evaluate(watch, [text, name == "Chat"]))
            room.idle()
        print(f"switch    to {name}: {statistics.median(found):.0f} ms (bar 300), slowest {max(found):.0f} ms")
    page.context.close()


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
