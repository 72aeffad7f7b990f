"""Takes the pictures of the chat page in docs/pictures/: `python -m tests.browser.chat_pictures`."""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

from tests.browser.app_server import ROOT, AppServer, running_app
from tests.browser.fixtures import QUIET, SECONDS, chromium
from tests.browser.room import Room, keys
from tests.provider import Provider
from tests.provider.answer import DONE, Answer, sse
from tests.provider.server import Request

PICTURES = ROOT / "docs" / "pictures"
SIZES = {"light": (1280, 860), "dark": (1280, 860), "phone": (390, 844)}
LONG = """A cache keeps what was dear to work out. Three ways to do so:

| Way | Speed | Survives a restart |
|---|---|---|
| `functools.cache` | fastest | no |
| SQLite | fast | yes |
| Redis | a network away | yes |

```python
from functools import cache


@cache
def fibonacci(n: int) -> int:
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)
```

With it each value is worked out once, $O(n)$ calls where there were

$$
\\frac{\\varphi^n - (-\\varphi)^{-n}}{\\sqrt{5}}, \\qquad \\varphi = \\frac{1 + \\sqrt{5}}{2}
$$
"""
MINI = "Put `@functools.cache` above the function. Its answers are kept in memory, one for each set of arguments."
SHORT = "Use `functools.cache`: one line, no server, and gone after a restart."


def saying(model: str, text: str, tokens: tuple[int, int]) -> Answer:
    """A streamed answer with this text, in a chunk each line."""
    envelope = {"id": "chatcmpl-picture", "object": "chat.completion.chunk", "created": 1_760_000_000, "model": model}
    deltas = [{"content": line} for line in text.splitlines(keepends=True)]
    chunks = [{**envelope, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    end = {**envelope, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    usage = {"prompt_tokens": tokens[0], "completion_tokens": tokens[1], "total_tokens": sum(tokens)}
    return Answer(events=[*map(sse, [*chunks, end, {**envelope, "choices": [], "usage": usage}]), DONE], pause=0.05)


class Studio(Provider):
    """Two models that are asked at once: each says its own, whichever request comes first."""

    def _answer(self, request: Request) -> Answer:
        model = str(request.wanted.get("model"))
        told = {"gpt-4o": (SHORT, (24, 18)), "gpt-4o-mini": (MINI, (24, 30))}.get(model)
        scripted = any(self._scripts.values())
        return saying(model, *told) if told and not scripted else super()._answer(request)


def take(page: Page, name: str) -> None:
    """One picture, with few enough colours to be small."""
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
    path = PICTURES / f"{name}.png"
    page.screenshot(path=path, animations="disabled")
    with Image.open(path) as picture:
        picture.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"docs/pictures/{name}.png, {path.stat().st_size // 1000} kB")  # noqa: T201


def prefer(browser: Browser, server: AppServer) -> None:
    """A favourite and two presets, so that there is something to show."""
    page = browser.new_context(locale="en-GB").new_page()
    room = Room(page, server)
    room.choose("OpenAI · gpt-4o")
    room.open_settings()
    room.switch("Favourite")
    for name, told in (("Reviewer", "Find what is wrong, worst first."), ("Poet", "Answer in verse.")):
        room.tell_system(told)
        room.open_presets()
        room.save_preset(name)
        room.close_dialog()
        room.open_settings()
    page.context.close()


def draw(browser: Browser, server: AppServer, provider: Provider, ending: str) -> None:
    """A conversation, what can be set, two models compared, and an error, in one scheme or on a phone."""
    width, height = SIZES[ending]
    scheme: Literal["dark", "light"] = "dark" if ending == "dark" else "light"
    size: ViewportSize = {"width": width, "height": height}
    page = browser.new_context(color_scheme=scheme, viewport=size, locale="en-GB").new_page()

    room = Room(page, server)
    room.choose("OpenAI · gpt-4o")
    provider.script("/chat/completions", [saying("gpt-4o", SHORT, (31, 180)), saying("gpt-4o", LONG, (66, 214))])
    room.ask("How do I cache a function in Python?")
    room.ask("Compare three ways, with the formula", 1)
    take(page, f"chat-{ending}")
    room.open_settings()
    room.apply_preset("Reviewer")
    expect(page.get_by_text("“Reviewer” is applied.")).to_have_count(0)
    take(page, f"chat-settings-{ending}")
    room.open_presets()
    take(page, f"chat-presets-{ending}")
    room.close_dialog()

    room = Room(page, server)
    room.choose("OpenAI · gpt-4o")
    room.compare_with("openai/gpt-4o-mini")
    room.send("How do I cache a function in Python?")
    expect(page.get_by_role("button", name="Go on with this one")).to_have_count(2)
    take(page, f"chat-compare-{ending}")
    page.context.close()

    page = browser.new_context(color_scheme=scheme, viewport=size, locale="en-GB").new_page()
    room = Room(page, server)
    room.choose("OpenAI · gpt-4o")
    lost = dataclasses.replace(saying("gpt-4o", LONG, (24, 214)), drop_after=1)
    provider.script("/chat/completions", [lost])
    room.send("And in a browser?")
    expect(page.get_by_role("alert")).to_be_visible()
    take(page, f"chat-error-{ending}")
    page.context.close()


def main() -> None:
    """Light, dark, and 390 pixels wide."""
    PICTURES.mkdir(exist_ok=True)
    provider = Studio()
    expect.set_options(timeout=SECONDS * 1000)
    with tempfile.TemporaryDirectory() as directory, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=[*QUIET, "--no-sandbox"])
        with running_app(Path(directory), keys(provider)) as server:
            prefer(browser, server)
            for ending in SIZES:
                draw(browser, server, provider, ending)
        browser.close()
    provider.stop()


if __name__ == "__main__":
    main()
