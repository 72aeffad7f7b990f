"""One admitting place per process: whoever comes first places the holds of all who wait, in one transaction."""

from __future__ import annotations

import threading
import time
from collections import deque

from llmtrack.ledger.limits import Holds, HoldsLost, Verdict, Wish

MOST = 200
"""Wishes that go into one transaction."""


class _Place:
    """Somebody who waits to be admitted."""

    def __init__(self, wish: Wish) -> None:
        self.wish = wish
        self.verdict: Verdict | None = None
        self.error: Exception | None = None
        self.left = False
        """They have stopped waiting: a hold placed for them is taken away again."""
        self.leads = False
        """They are woken to do the next transaction."""
        self.woken = threading.Lock()
        self.woken.acquire()

    @property
    def done(self) -> bool:
        return self.verdict is not None or self.error is not None


class Admission:
    """Places holds for the threads of a process."""

    def __init__(self, holds: Holds, holder: int) -> None:
        self._holds = holds
        self._holder = holder
        self._lock = threading.Lock()
        self._waiting: deque[_Place] = deque()
        self._busy = False

    def ask(self, wish: Wish, deadline: float) -> Verdict:
        """Places the hold of `wish`, or says where there is no room. Waits until `deadline` (`time.monotonic`).

        Raises `HoldsLost` where that could not be done in time.
        """
        place = _Place(wish)
        with self._lock:
            leads = not self._busy
            if leads:
                self._busy = True
            self._waiting.append(place)
        if not leads:
            place.woken.acquire(timeout=max(0.0, deadline - time.monotonic()))
            with self._lock:
                leads = place.leads
                place.left = not leads and not place.done
        if leads:
            self._lead(place)
        if place.left:
            raise HoldsLost("the processes that write holds were busy for too long")
        if place.error is not None:
            raise HoldsLost(str(place.error)) from place.error
        assert place.verdict is not None
        return place.verdict

    def _lead(self, own: _Place) -> None:
        """Does transactions until the own wish is dealt with, then wakes the next who waits to go on."""
        try:
            while not own.done:
                with self._lock:
                    group = [self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))]
                self._serve([place for place in group if not place.left])
        finally:
            self._hand_over()

    def _hand_over(self) -> None:
        with self._lock:
            while self._waiting and self._waiting[0].left:
                self._waiting.popleft()
            if self._waiting:
                heir = self._waiting[0]
                heir.leads = True
                heir.woken.release()
            else:
                self._busy = False

    def _serve(self, group: list[_Place]) -> None:
        error: Exception | None = None
        interruption: BaseException | None = None
        verdicts: list[Verdict] = []
        try:
            if group:
                verdicts = self._holds.admit([place.wish for place in group], self._holder)
        except Exception as failure:
            error = failure
        except BaseException as stopped:  # Ctrl-C reaches the main thread only; the others need an answer
            error, interruption = HoldsLost("the thread that placed them was interrupted"), stopped
        unwanted = []
        with self._lock:
            for number, place in enumerate(group):
                place.error = error
                place.verdict = None if error is not None else verdicts[number]
                if place.left and error is None and not verdicts[number]:
                    unwanted.append(place.wish.call_id)
                if not place.leads:
                    place.woken.release()
        if interruption is not None:
            raise interruption
        if unwanted:
            self._holds.release(unwanted)
