"""A tab's end reaches Streamlit only after what was sent last had its time."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from llmtrack.serving.delayed_disconnect import DelayedDisconnect

PATIENCE = 30  # seconds
ENTER = {"type": "websocket.receive", "bytes": b"Enter"}


def handled_at_the_end(seconds: float, *messages: dict[str, Any]) -> bool:
    """Plays a connection through the middleware; whether the app had handled its message when it saw the end.

    The app handles it half of `seconds` later.
    """
    incoming = list(messages)
    handled: list[bool] = []

    async def receive() -> dict[str, Any]:
        return incoming.pop(0)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        while (await receive())["type"] != "websocket.disconnect":
            asyncio.get_running_loop().call_later(seconds / 2, handled.append, True)

    async def play() -> bool:
        connection = DelayedDisconnect(app, seconds)({"type": "websocket"}, receive, None)  # type: ignore[arg-type]
        await asyncio.wait_for(connection, PATIENCE)
        return bool(handled)

    return asyncio.run(play())


@pytest.mark.parametrize("code", [1001, 1006])
def test_the_end_of_a_tab_waits_until_its_last_message_had_its_time(code: int) -> None:
    assert handled_at_the_end(0.4, ENTER, {"type": "websocket.disconnect", "code": code})


def test_a_tab_that_sent_nothing_and_a_server_that_ends_wait_for_nothing() -> None:
    connect = {"type": "websocket.connect"}
    assert not handled_at_the_end(3600, connect, {"type": "websocket.disconnect", "code": 1001})
    assert not handled_at_the_end(3600, ENTER, {"type": "websocket.disconnect", "code": 1012})
