"""What sign-in adds between pressing Enter on the chat page and the provider's request.

    python -m benchmarks.sign_in

Two servers, one with OpenID Connect and one without, are sent messages by turns over the socket that the browser's part
of Streamlit uses: both see the same machine, and nothing of a browser's own time is in the numbers. Needs what the
tests need.
"""

from __future__ import annotations

import statistics
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path

from benchmarks.chat_page import cpu
from tests.browser.app_server import free_port, running_app
from tests.browser.room import keys
from tests.provider import Provider
from tests.serving.visitor import Visitor, claims_of, cookies_of, visit

PAIRS = 40
WARM_UP = 4
SECRET = "c" * 48
ISSUER = "http://127.0.0.1:1"


def enter(visitor: Visitor, provider: Provider) -> float:
    """Milliseconds from sending a message to the provider's request."""
    before = len(provider.requests)
    started = time.perf_counter()
    saying = threading.Thread(target=visitor.say, args=("Hello",))
    saying.start()
    provider.wait_until(lambda: len(provider.requests) > before)
    took = (time.perf_counter() - started) * 1000
    saying.join()
    return took


def main() -> None:
    """Measure and print."""
    provider = Provider()
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        stack.callback(provider.stop)
        port = free_port()
        plain = {**keys(provider), "LLMTRACK_PRELOAD": "false"}  # which would run while one of them is measured
        signed = {
            **plain,
            "LLMTRACK_SIGN_IN": "oidc",
            "LLMTRACK_OIDC_ISSUER": ISSUER,
            "LLMTRACK_OIDC_CLIENT_ID": "llmtrack",
            "LLMTRACK_OIDC_CLIENT_SECRET": "client-secret",
            "LLMTRACK_OIDC_REDIRECT_URI": f"http://127.0.0.1:{port}/oauth2callback",
            "LLMTRACK_COOKIE_SECRET": SECRET,
        }
        homes = [Path(scratch) / name for name in ("off", "on")]
        for home in homes:
            home.mkdir()
        with running_app(homes[0], plain) as off, running_app(homes[1], signed, port=port) as on:
            cookies = cookies_of(on.url, SECRET, claims_of("alice", ISSUER))
            with visit(off.url, {}) as without, visit(on.url, cookies) as with_sign_in:
                visitors = (without, with_sign_in)
                for visitor in visitors:
                    visitor.draw()
                for visitor in visitors * WARM_UP:
                    visitor.say("Hello")
                used = [cpu(server.process.pid) for server in (off, on)]
                pairs = [
                    [enter(visitor, provider) for visitor in (visitors if number % 2 else visitors[::-1])][
                        :: 1 if number % 2 else -1
                    ]
                    for number in range(PAIRS)
                ]
                used = [cpu(server.process.pid) - before for server, before in zip((off, on), used, strict=True)]
    for name, at in (("without sign-in", 0), ("with sign-in", 1)):
        times = sorted(pair[at] for pair in pairs)
        print(
            f"{name:16} Enter -> request: least {times[0]:.1f} ms, lower quartile {times[PAIRS // 4]:.1f} ms, "
            f"median {times[PAIRS // 2]:.1f} ms; {used[at] / PAIRS * 1000:.1f} ms of CPU for the whole message"
        )
    print(f"in pairs: {statistics.median(pair[1] - pair[0] for pair in pairs):+.1f} ms")


if __name__ == "__main__":
    main()
