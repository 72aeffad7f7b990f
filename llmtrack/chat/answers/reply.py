"""Answers in flight: one asyncio loop runs every call to a provider, and pages look on.

A page never waits for a provider: it tails a `Reply` and may leave or cancel it at any moment. The call runs through
llmtrack's own tracked clients, so its row is written whatever becomes of the page.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any, Literal

from llmtrack.chat import event_loop
from llmtrack.chat.answers.prompt import Prompt, check
from llmtrack.chat.answers.streaming import CacheMiss, Source, stream_answer
from llmtrack.chat.error_messages import CallContext, empty_answer, in_words, is_known
from llmtrack.chat.models import clients
from llmtrack.chat.models.providers import endpoint_of, label_of
from llmtrack.masking import mask
from llmtrack.settings import get_settings
from llmtrack.statuses import IN_FLIGHT

Status = Literal["waiting", "streaming", "ok", "incomplete", "empty", "cancelled", "error"]
log = logging.getLogger("llmtrack")

SAVE_SECONDS = 1.0
"""How often an answer in flight is saved."""
BEAT_SECONDS = 10.0
"""How often it is saved while nothing arrives, so that other processes see that this one still waits for it."""
FLUSH_SECONDS = 1.0
"""How long the end of an answer waits for its row, so that the page finds the numbers at once."""
_lock = threading.Lock()
_in_flight: set[Reply] = set()
_CUT = ("length", "max_tokens", "model_context_window_exceeded", "content_filter", "refusal")


class Reply:
    """One answer, from asking to its end. Read from any thread; written by the loop's."""

    def __init__(self, prompt: Prompt) -> None:
        self.prompt = prompt
        self.text = ""
        self.reasoning = ""
        self.status: Status = "waiting"
        self.error: str | None = None
        """What went wrong, in words for the user; None where nothing did."""
        self.finish: str | None = None
        """The provider's reason for ending."""
        self.sources: list[Source] = []
        """Pages of the web that it names, in that order, each once."""
        self.response_id: str | None = None
        """The provider's id of it."""
        self.cache_miss: CacheMiss | None = None
        self.started = time.time()
        """Seconds since 1970."""
        self.seconds: float | None = None
        """From asking to the end; None until then."""
        self.first_token_seconds: float | None = None
        self.done = threading.Event()
        """Set once the answer has ended, is saved and its row has been waited for."""
        self._begun = time.perf_counter()
        self._revision = 0
        self._changed = threading.Condition()
        self._task: asyncio.Task[None] | None = None
        self._stop = False

    def wait_change(self, seen: int = 0, timeout: float | None = None) -> int:
        """Waits until there is more than at revision `seen`, the end, or `timeout` seconds; returns the revision."""
        with self._changed:
            self._changed.wait_for(lambda: self._revision > seen or self.done.is_set(), timeout)
            return self._revision

    def cancel(self) -> None:
        """Stops the answer; what came so far stays. Harmless when it has ended. Returns at once: wait for `done`."""
        self._stop = True
        with contextlib.suppress(RuntimeError):  # the loop is gone, and the answer with it
            event_loop.get().call_soon_threadsafe(self._cancel_here)

    def _cancel_here(self) -> None:
        if self._task is not None and self.status in IN_FLIGHT:
            self._task.cancel()

    def _change(self, status: Status | None = None) -> None:
        with self._changed:
            self._revision += 1
            if status is not None:
                self.status = status
            self._changed.notify_all()

    def _finish(self) -> None:
        with self._changed:
            self._revision += 1
            self.done.set()
            self._changed.notify_all()


SaveReply = Callable[[Reply], None]
"""Called with the reply about once a second, in a thread of its own, and once more at its end."""


def start(prompt: Prompt, save: SaveReply | None = None, on_start: Callable[[Reply], None] | None = None) -> Reply:
    """Asks; returns at once. Raises `ChatError` for what cannot be sent.

    `on_start` is given the reply before anything can happen to it.
    """
    check(prompt)
    reply = Reply(prompt)
    if on_start is not None:
        on_start(reply)
    with _lock:
        _in_flight.add(reply)
    event_loop.submit(_begin(reply, save))
    return reply


def in_flight() -> tuple[Reply, ...]:
    """The replies that have not ended."""
    with _lock:
        return tuple(_in_flight)


def shutdown(timeout: float = 5.0) -> bool:
    """Cancels what is in flight and waits for its rows, at most `timeout` seconds; whether all was settled."""
    deadline = time.monotonic() + timeout
    replies = in_flight()
    for reply in replies:
        reply.cancel()
    settled = [reply.done.wait(max(0.0, deadline - time.monotonic())) for reply in replies]
    if event_loop.is_running():
        with contextlib.suppress(TimeoutError, RuntimeError):
            event_loop.run(clients.close_all(), max(1.0, deadline - time.monotonic()))
    return all(settled)


async def _begin(reply: Reply, save: SaveReply | None) -> None:
    reply._task = asyncio.create_task(_answer(reply, save))
    if reply._stop:
        reply._task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await reply._task
    if not reply.done.is_set():  # cancelled before it had begun
        reply._change("cancelled")
        await _settle(reply, save)


async def _answer(reply: Reply, save: SaveReply | None) -> None:
    ending = asyncio.Event()
    saving = asyncio.create_task(_save_now_and_then(reply, save, ending)) if save else None
    try:
        await _receive(reply)
    except asyncio.CancelledError:
        reply._change("cancelled")
    except Exception as error:
        # Whatever it is, the user gets a sentence; what no provider can be blamed for goes to the log as well.
        call = _call_context(reply)
        trace = mask("".join(traceback.format_exception(error)), call.secrets)
        log.log(logging.DEBUG if is_known(error) else logging.WARNING, "An answer failed\n%s", trace)
        reply.error = in_words(error, call)
        reply._change("error")
    finally:
        reply.seconds = time.perf_counter() - reply._begun
        ending.set()
        if saving is not None:
            await saving  # what it is saving must not be written after the end
        await _settle(reply, save)


async def _receive(reply: Reply) -> None:
    import llmtrack

    prompt = reply.prompt
    # The first import of an SDK takes seconds: not in the loop, where it would hold up everyone's answers.
    client = await asyncio.to_thread(_import_and_make, prompt)
    reply._begun = time.perf_counter()
    caller = llmtrack.context(
        user_id=prompt.user_id,
        session_id=prompt.session_id,
        trace_id=prompt.trace_id,
        feature="chat",
        group=prompt.group,
        content="off" if prompt.temporary else None,
    )
    with caller:
        async with contextlib.aclosing(stream_answer(client, prompt)) as chunks:
            async for chunk in chunks:
                reply.finish = chunk.finish or reply.finish
                reply.response_id = chunk.response_id or reply.response_id
                reply.cache_miss = chunk.cache_miss or reply.cache_miss
                if chunk.source and all(source.url != chunk.source.url for source in reply.sources):
                    reply.sources.append(chunk.source)
                if not chunk.text and not chunk.reasoning:
                    continue
                if reply.first_token_seconds is None:
                    reply.first_token_seconds = time.perf_counter() - reply._begun
                reply.text += chunk.text
                reply.reasoning += chunk.reasoning
                reply._change("streaming")
    if not reply.text:
        reply.error = empty_answer(prompt.model.name, reply.finish)
        reply._change("empty")
    else:
        reply._change("incomplete" if reply.finish in _CUT else "ok")


def _import_and_make(prompt: Prompt) -> Any:
    return clients.client_for(prompt.model, get_settings())


async def _save_now_and_then(reply: Reply, save: SaveReply, ending: asyncio.Event) -> None:
    saved_revision, saved_at = -1, time.monotonic()
    while not ending.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(ending.wait(), SAVE_SECONDS)
        due = reply._revision != saved_revision or time.monotonic() - saved_at >= BEAT_SECONDS
        if due and not ending.is_set():
            saved_revision, saved_at = reply._revision, time.monotonic()
            await asyncio.to_thread(_guarded, save, reply)


async def _settle(reply: Reply, save: SaveReply | None) -> None:
    """Saves the end of an answer, waits for its row, and only then sets `done`."""
    try:
        if save is not None:
            await asyncio.to_thread(_guarded, save, reply)
        await asyncio.to_thread(_flush, FLUSH_SECONDS)
    finally:
        with _lock:
            _in_flight.discard(reply)
        reply._finish()


def _guarded(save: SaveReply, reply: Reply) -> None:
    """Saves a reply; a failure is logged and must not take the answer away."""
    try:
        save(reply)
    except Exception:
        log.warning("An answer of the chat could not be kept", exc_info=True)


def _flush(timeout: float) -> None:
    import llmtrack

    try:
        llmtrack.flush(timeout)
    except Exception:
        log.warning("The rows of the chat could not be waited for", exc_info=True)


def _call_context(reply: Reply) -> CallContext:
    settings, model = get_settings(), reply.prompt.model
    endpoint = endpoint_of(model.provider, settings)
    return CallContext(
        model.name,
        label_of(model.provider),
        endpoint.key_setting,
        clients.server_of(model, settings),
        answer_begun=bool(reply.text or reply.reasoning),
        secrets=endpoint.secrets,
    )
