"""What models really write, as it stands on the page."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.app_server import AppServer, running_app
from tests.browser.room import Room, keys
from tests.chat.test_web_search import claude
from tests.provider import Provider
from tests.provider.answer import DONE, Answer, sse


def saying(text: str, size: int = 200) -> Answer:
    """A streamed answer that says just this, `size` letters an event."""
    head = {"id": "c1", "object": "chat.completion.chunk", "created": 1_790_000_000, "model": "gpt-4o-2024-08-06"}
    parts = [text[at : at + size] for at in range(0, len(text), size)]
    events = [sse({**head, "choices": [{"index": 0, "delta": {"content": part}}]}) for part in parts]
    end = {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    usage = {"prompt_tokens": 100, "completion_tokens": 30, "total_tokens": 130}
    return Answer(events=[*events, sse(end), sse({**head, "choices": [], "usage": usage}), DONE])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, provider_server: Provider) -> Iterator[AppServer]:
    with running_app(tmp_path_factory.mktemp("texts"), keys(provider_server)) as started:
        yield started


TEXT = r"""Slices: a:b[c], x[1:n[0]], Key:value{a=b}, :red[danger], :material/delete: and :smile:

:::note
Flags -- and -> and <-> here
:::

$$\begin{aligned} a &= b \\[4pt] c &= d\end{aligned}$$

and later \[ z \] it costs $\$0.60$ and pays $\$1.00$, or $5 and $6 with $x^2$.

1. one
   - two
     - three[^1]
2. four

| a | b |
|---|--:|
| x<br>y | `p\|q` $\|z\|$ |

[^1]: the note

مرحبا، هذا نص عربي مع Alice في الوسط.

- قائمة أولى
- قائمة ثانية

English again.

It rains citeturn0search1. 👩‍👩‍👧‍👦 🇩🇪 1️⃣

LONG

```py
x = ":material/delete: a:b[c] $5"
never closed"""


def test_nothing_a_model_writes_is_eaten_or_taken_for_a_mark(page: Page, server: AppServer, provider: Provider) -> None:
    room = Room(page, server, "openai/gpt-4o")
    provider.script("/chat/completions", [saying(TEXT.replace("LONG", "long" * 2_000))])
    room.send("Show")
    room.finished(0)
    answer = room.answers.last
    expect(answer.locator(".katex-display")).to_have_count(2)
    expect(answer.locator(".katex-error")).to_have_count(0)
    expect(answer.locator("[data-testid=stCode] code")).to_contain_text('x = ":material/delete: a:b[c] $5"')
    said = answer.inner_text()
    for line in (
        "Slices: a:b[c], x[1:n[0]], Key:value{a=b}, :red[danger], :material/delete: and :smile:",
        ":::note Flags -- and -> and <-> here :::",
        "it costs $0.60 and pays $1.00, or $5 and $6 with ",
        "three¹", "¹ the note", "It rains. 👩‍👩‍👧‍👦 🇩🇪 1️⃣", "p|q",
    ):  # fmt: skip
        assert line in said.replace("\n", " "), (line, said)
    assert answer.locator("td", has_text="x").first.evaluate("e => e.innerText") == "x\ny"
    assert answer.locator("ol > li > ul > li > ul > li").inner_text() == "three¹"
    # Right to left: the full stop stands left of the first word, the bullets at the right; the next paragraph does not.
    paragraph = answer.locator("p", has_text="مرحبا")
    assert paragraph.evaluate(STOP_IS_LEFT)
    assert answer.locator("ul", has_text="قائمة").evaluate("e => getComputedStyle(e).direction") == "rtl"
    assert answer.locator("p", has_text="English again").evaluate("e => getComputedStyle(e).direction") == "ltr"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    if pictures := os.environ.get("LLMTRACK_TEST_PICTURES"):
        page.set_viewport_size({"width": 1280, "height": 2600})
        page.wait_for_timeout(1000)
        page.screenshot(path=Path(pictures) / "texts.png")


STOP_IS_LEFT = """e => {
  const text = document.createTreeWalker(e, NodeFilter.SHOW_TEXT).nextNode(), range = document.createRange();
  const place = at => { range.setStart(text, at); range.setEnd(text, at + 1); return range.getBoundingClientRect(); };
  const end = text.data.trimEnd().length - 1, box = e.getBoundingClientRect();
  return place(end).left < place(0).left && box.right - place(0).right < 5;
}"""


def test_five_thousand_lines_of_code_come_in_few_redraws(page: Page, server: AppServer, provider: Provider) -> None:
    """Each redraw sends and draws all of it; how long that takes is measured by the benchmarks."""
    lines = (
        f"def f{n}(x: int) -> int:  # {n}\n    return x + {n} if x else {{'a': [1, {n}]}}['a'][0]" for n in range(2_500)
    )
    code = "\n".join(lines)
    sizes: list[int] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: sizes.append(len(frame))))
    room = Room(page, server, "openai/gpt-4o")
    page.reload()
    room.idle()
    room.type_model("openai/gpt-4o")
    provider.script("/chat/completions", [saying(f"```python\n{code}\n```\n")])
    sizes.clear()
    room.send("Code")
    page.get_by_text("return x + 2499 if").wait_for(state="attached")
    room.finished(0)
    # While it grows, when it ends, and when the page is drawn again.
    assert sum(sizes) < 5 * len(code), (sum(sizes), len(code), len(sizes))


def test_a_search_has_its_price_before_and_after_and_its_sources_are_named(
    page: Page, server: AppServer, provider: Provider
) -> None:
    room = Room(page, server, "anthropic/claude-sonnet-4-5")
    provider.script("/messages", [claude(2)])
    page.get_by_text("Web search · $0.0100 a search").click()
    room.send("Herons?")
    line = room.finished(0).text
    assert "$0.0245" in line
    expect(room.answers.last).to_contain_text("2 web searches $0.0200")
    page.get_by_text("2 sources").click()
    first = page.get_by_role("link", name="News <b>")
    expect(first).to_have_attribute("href", "https://news.test/a")
    expect(first).to_have_attribute("target", "_blank")
    expect(page.get_by_text("wiki.test")).to_be_visible()
    assert provider.last.wanted["tools"][0]["name"] == "web_search"
    # For that message only.
    expect(page.locator("label", has_text="Web search").locator("input")).not_to_be_checked()
    if pictures := os.environ.get("LLMTRACK_TEST_PICTURES"):
        page.screenshot(path=Path(pictures) / "search.png")


def test_a_conversation_is_shared_read_and_gone_on_with(page: Page, server: AppServer, provider: Provider) -> None:
    room = Room(page, server, "openai/gpt-4o")
    room.send("Which birds?")
    room.finished(0)
    page.get_by_role("button", name="Share or export").click()
    page.get_by_role("button", name="Make a link").click()
    link = page.get_by_text("/shared?link=")
    expect(link).to_be_visible()
    address = link.inner_text().strip()
    assert address.startswith(f"{server.url}/shared?link=")
    page.goto(address)
    expect(page.get_by_text("Shared by ")).to_be_visible()
    expect(page.get_by_text("Which birds?").first).to_be_visible()
    expect(page.get_by_role("textbox", name="Message")).to_have_count(0)
    if pictures := os.environ.get("LLMTRACK_TEST_PICTURES"):
        page.screenshot(path=Path(pictures) / "shared.png")
    page.get_by_role("button", name="Continue in my chat").click()
    expect(page.get_by_role("textbox", name="Message")).to_be_visible()
    expect(page.get_by_text("Which birds?").first).to_be_visible()


def test_a_temporary_chat_says_so_and_is_kept_on_request(page: Page, server: AppServer, provider: Provider) -> None:
    room = Room(page, server, "openai/gpt-4o")
    page.get_by_text("Temporary", exact=True).click()
    room.send("Between us pelicans")
    room.finished(0)
    expect(page.get_by_text("Temporary: nothing of it is kept")).to_be_visible()
    expect(room.sidebar).not_to_contain_text("Between us")
    if pictures := os.environ.get("LLMTRACK_TEST_PICTURES"):
        page.screenshot(path=Path(pictures) / "temporary.png")
    page.get_by_role("button", name="Keep it").click()
    expect(room.sidebar).to_contain_text("Between us")
    expect(page.get_by_text("Temporary: nothing of it is kept")).to_have_count(0)
