"""What fails beside the pages is said on them in words: a callback, and a database that went away."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import urlsplit

import pytest
from streamlit.testing.v1 import AppTest

from llmtrack.capture.tracker import Tracker
from llmtrack.ledger import open_ledger
from llmtrack.settings import get_settings
from tests.pages.conftest import OpenPage, call, read


def page_with_a_broken_callback() -> None:
    """A page of which a callback fails."""
    import streamlit as st

    from llmtrack.ledger.errors import LedgerError
    from pages.components import callbacks

    def fail() -> None:
        raise RuntimeError("secret detail")

    def refuse() -> None:
        raise LedgerError("The ledger is full: buy a disk.")

    @st.fragment
    def part() -> None:
        st.button("in a fragment", on_click=fail)

    callbacks.guard()
    st.title("Here")
    st.button("fail", on_click=fail)
    st.button("refuse", on_click=refuse)
    part()


@pytest.mark.parametrize(
    ("button", "error"),
    [
        (0, "This part of the page could not be shown."),
        (1, "The ledger is full: buy a disk."),
        (2, "This part of the page could not be shown."),
    ],
)
def test_what_a_callback_raises_is_said_in_words_above_the_page(button: int, error: str) -> None:
    app = AppTest.from_function(page_with_a_broken_callback, default_timeout=60).run()
    app.button[button].click().run()
    assert not app.exception
    assert [one.value.startswith(error) for one in app.error] == [True]
    assert not any("secret detail" in text for text in read(app))
    assert [title.value for title in app.title] == ["Here"]
    app.button[button].click().run()
    assert len(app.error) == 1


class Line:
    """A connection to a server that can be cut."""

    def __init__(self, host: str, port: int) -> None:
        self._there = (host, port)
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, args=(self._listener,), daemon=True).start()

    def cut(self) -> None:
        """Nobody answers any more, and those who talk are cut off."""
        for one in [self._listener, *self._sockets]:
            with suppress(OSError):  # the other end was faster
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self._sockets = []

    def mend(self) -> None:
        """The server answers again."""
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._serve, args=(self._listener,), daemon=True).start()

    def _serve(self, listener: socket.socket) -> None:
        while True:
            try:
                here, _ = listener.accept()
            except OSError:
                return
            there = socket.create_connection(self._there)
            self._sockets += [here, there]
            for source, target in ((here, there), (there, here)):
                threading.Thread(target=self._pass_on, args=(source, target), daemon=True).start()

    @staticmethod
    def _pass_on(source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(1 << 16):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            return


@pytest.fixture
def line(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Line]:
    """The way to this test's PostgreSQL database, which the settings name."""
    address = urlsplit(postgres_url)
    line = Line(str(address.hostname), address.port or 5432)
    user = f"{address.username}:{address.password}" if address.password else str(address.username)
    monkeypatch.setenv("LLMTRACK_DATABASE_URL", f"postgresql://{user}@127.0.0.1:{line.port}{address.path}")
    get_settings.cache_clear()
    yield line
    line.cut()


def test_while_postgresql_is_away_pages_say_so_and_all_comes_back_by_itself(open_page: OpenPage, line: Line) -> None:
    ledger = open_ledger()
    ledger.write([call(), call()])
    tracker = Tracker()
    app = open_page("usage.py")
    assert not app.error

    line.cut()
    app.run()
    assert not app.exception
    assert [error.value.partition(".")[0] for error in app.error] == ["The database does not answer"]
    assert "Calls go on being recorded" in app.error[0].value
    tracker.record("feedback", trace_id="t", user_id="kim", score=1, comment=None, at=tracker.now())
    assert tracker.flush(1).waiting == 1

    line.mend()
    assert tracker.flush(60).written == 1
    app.run()
    assert not app.error
    assert not app.exception
    tracker.close()
    ledger.close()
