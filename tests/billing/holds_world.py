"""Several processes that share one SQLite ledger, run in one thread and stopped or killed before any of their steps.

Each process is the real thing: its own ledger, holds, journal and writer on the same files. What it does runs in
greenlets that hand over before each step that another process can see (a transaction, an append, a release), so that
a seed decides who goes on and who dies. The world knows what really happened, and compares.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from greenlet import getcurrent, greenlet

from llmtrack.billing.limits.process_holder import ProcessHolder
from llmtrack.capture.health import Health
from llmtrack.capture.journal.frame import NO_REQUEST, pieces
from llmtrack.capture.journal.journal import Journal
from llmtrack.capture.journal.writer import Writer
from llmtrack.ledger.limits import Entry, Limit, Verdict, Wish, period_of
from llmtrack.ledger.limits.sqlite_holds import SQLiteHolds
from llmtrack.ledger.open import _open, parse
from llmtrack.ledger.owner import Owner, address_of

DOLLARS, TOKENS = 2_000_000, 400
"""How much may be spent in nano-dollars, and by the team: some ten calls."""
INPUT, OUTPUT = 2_500, 10_000
"""Nano-dollars for a token of gpt-4o, by its published prices of $2.50 and $10 for a million."""
STEPS = 90


class Broken(AssertionError):
    """The world is not as it should be."""


class Killed(BaseException):
    """The process is gone: nothing that it would still do happens."""


@dataclass
class Call:
    """A call as the provider knows it."""

    id: int
    hold: tuple[int, int]
    """Nano-dollars and tokens."""
    used: tuple[int, int]
    """Tokens of input and output."""
    tells: bool
    """Whether its answer says what was used."""
    process: int
    recorded: bool = False
    """Its end is in the journal."""

    @property
    def counts(self) -> tuple[int, int]:
        """What it counts once its record is booked."""
        into, out = self.used
        return (INPUT * into + OUTPUT * out, into + out) if self.tells else self.hold


def step(name: str) -> None:
    """Lets others go first: what follows is one step."""
    parent = getcurrent().parent
    if parent is not None:
        parent.switch(name)


class SteppedHolds(SQLiteHolds):
    """Holds whose every transaction is a step, and whose verdicts are compared with what the world knows."""

    world: World

    def admit(self, wishes: Sequence[Wish], holder: int) -> list[Verdict]:
        step("admit")
        return self.compared(wishes, lambda: SQLiteHolds.admit(self, wishes, holder))

    def compared(self, wishes: Sequence[Wish], admit: Callable[[], list[Verdict]]) -> list[Verdict]:
        fits = self.world.which_fit(wishes)
        verdicts = admit()
        for wish, fit, verdict in zip(wishes, fits, verdicts, strict=True):
            if verdict and fit:
                raise Broken(f"call {wish.call_id} was refused and had room: {verdict}")
            if not verdict and not fit:
                raise Broken(f"call {wish.call_id} was admitted without room")
        return verdicts

    def mark_ended(self, calls: Sequence[int]) -> None:
        step("mark ended")
        super().mark_ended(calls)

    def release(self, calls: Sequence[int]) -> None:
        step("release")
        super().release(calls)

    def open_calls(self, holder: int | None = None) -> list[Any]:
        step("look for open calls")
        return super().open_calls(holder)

    def sweep(self, holder: int) -> None:
        step("sweep")
        super().sweep(holder)

    def forget(self, holder: int) -> None:
        step("forget")
        super().forget(holder)


class Process:
    """One of them: what it holds, what it has begun, and what it is at."""

    def __init__(self, world: World, number: int) -> None:
        self.world, self.number = world, number
        self.ledger = _open(parse(world.url), address_of(world.url))
        path = self.ledger.file.path if self.ledger.file is not None else Path()
        holds = world.holds_class(path, self.ledger.owner.id or "")
        holds.world = world
        self.ledger._holds = self.holds = holds
        transact = self.ledger.transact

        def stepped(work: Any) -> Any:
            step("transaction")
            return transact(work)

        self.ledger.transact = stepped  # type: ignore[method-assign]
        self.holder = ProcessHolder(world.directory)
        holds.register(self.holder.row())
        health = Health()
        self.journal = Journal(lambda: world.directory, lambda: Owner(address_of(world.url)), health)
        self.writer = Writer(self.journal, health, lambda: world.directory, lambda: world.url)
        self.writer._ledger = self.ledger
        self.open: list[Call] = []
        self.tasks: list[greenlet] = []
        """A call that begins or ends, and the writer at work."""
        world.plant(self)

    # -- what it does ------------------------------------------------------------------------------------------------

    def begin(self, calls: list[Call]) -> None:
        """Asks for several at once, as a group of threads does."""
        at = time.time_ns() // 1000
        wishes = [self.world.wish(call, at) for call in calls]
        for call, verdict in zip(calls, self.holds.admit(wishes, self.holder.id), strict=True):
            if not verdict:
                self.world.sent(call)
                self.open.append(call)

    def end(self, call: Call) -> None:
        """A call's answer is there: it is recorded, and then its hold says so."""
        self.open.remove(call)
        step("append")
        self.journal.append(frame_of(call, self.world))
        call.recorded = True
        self.holds.mark_ended([call.id])

    def write(self) -> None:
        """One round of the writer, which also looks for processes that are gone."""
        self.writer._look_at = 0.0
        self.writer._work()

    # -- the world's side --------------------------------------------------------------------------------------------

    def start(self, work: Callable[..., None], *arguments: Any) -> None:
        """Begins something; its first step waits for its turn."""
        self.tasks.append(greenlet(lambda: work(*arguments)))

    def go_on(self, task: greenlet) -> str:
        """Lets a task do its next step; returns which one comes after it."""
        name = task.switch()
        if task.dead:
            self.tasks.remove(task)
            return "done"
        return str(name)

    def kill(self) -> None:
        """It is gone: its transactions are rolled back, its locks free, its files stay."""
        for task in self.tasks:
            if task:  # it has begun
                with suppress(Killed):
                    task.throw(Killed())
        self.tasks = []
        self.let_go()

    def let_go(self) -> None:
        """Frees what the system frees when a process ends."""
        self.holds.close()
        self.ledger.engine.dispose()
        self.holder._lock.release()
        for segment in [*self.journal.segments(), *self.writer._adopted]:
            os.close(segment.fd)


class World:
    """What the processes share, and what really happened."""

    holds_class: type[SteppedHolds] = SteppedHolds

    def __init__(self, directory: Path, template: Path, seed: int, limits: Sequence[Limit]) -> None:
        """`template` is a ledger with `limits`, which is copied."""
        self.dice = random.Random(seed)
        path = directory / "ledger.db"
        shutil.copy(template, path)
        self.url = f"sqlite:///{path}"
        self.directory = directory / "journal"
        self.limits = limits
        self.calls: dict[int, Call] = {}
        self.log: list[str] = []
        self._reader = sqlite3.connect(path, isolation_level=None)
        self._made = 0
        self._started = 0
        self.processes: list[Process] = [self.new_process() for _ in range(3)]

    def plant(self, process: Process) -> None:
        """For a world with a fault: puts it into a process."""

    def new_process(self) -> Process:
        """Another one."""
        self._started += 1
        return Process(self, self._started)

    # -- what really happened ----------------------------------------------------------------------------------------

    def sent(self, call: Call) -> None:
        """A call goes out."""
        self.calls[call.id] = call
        for place, cap in enumerate((DOLLARS, TOKENS)):
            billed = sum(c.counts[place] if c.recorded else c.hold[place] for c in self.calls.values())
            if billed > cap:
                raise Broken(f"overspent: {billed} of {cap} may be billed")

    def booked(self) -> dict[int, list[str]]:
        """The status of each row that a call has in the ledger."""
        rows: dict[int, list[str]] = {}
        for user, status in self._reader.execute(
            "SELECT u.user_id, n.text FROM generation g JOIN app_user u ON u.id = g.app_user "
            "JOIN name n ON n.id = g.status"
        ):
            rows.setdefault(int(user), []).append(status)
        return rows

    def used(self) -> list[int]:
        """What is spent and held, by limit: a call counts as held until it is booked, and then as it was booked."""
        booked = self.booked()
        return [
            sum(
                call.counts[place] if booked.get(call.id, ["abandoned"])[0] != "abandoned" else call.hold[place]
                for call in self.calls.values()
            )
            for place in (0, 1)
        ]

    def which_fit(self, wishes: Sequence[Wish]) -> list[bool]:
        """Of calls that ask in this order, which have room."""
        used, fits = self.used(), []
        for wish in wishes:
            amounts = [entry.amount for entry in wish.entries]
            fit = all(u + a <= cap for u, a, cap in zip(used, amounts, (DOLLARS, TOKENS), strict=True))
            if fit:
                used = [u + a for u, a in zip(used, amounts, strict=True)]
            fits.append(fit)
        return fits

    def new_call(self, process: Process) -> Call:
        """A call that may use some tokens, and will use fewer."""
        self._made += 1
        most = self.dice.randint(10, 60)
        into = self.dice.randint(1, most // 3)
        used = (into, self.dice.randint(0, most // 2))
        return Call(self._made, (OUTPUT * most, most), used, self.dice.random() < 0.85, process.number)

    def wish(self, call: Call, at: int) -> Wish:
        """A call as it asks to be admitted."""
        entries = tuple(
            Entry(limit.id, subject, period_of(limit, at)[0], amount, cap)
            for limit, subject, amount, cap in zip(self.limits, ("", "blue"), call.hold, (DOLLARS, TOKENS), strict=True)
        )
        about = {"user_id": str(call.id), "group": "blue", "provider": "openai", "model": "gpt-4o", "operation": "chat"}
        return Wish(call.id, at, entries, json.dumps(about))

    # -- a run -------------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Goes on for some steps, in an order that the seed decides, and then until all is quiet. Raises `Broken`."""
        try:
            for _ in range(STEPS):
                self._step()
            self._quiet()
            self._check_end()
        except Broken as broken:
            broken.add_note("\n".join(["The last steps:", *self.log[-20:]]))
            raise
        finally:
            self.close()

    def _step(self) -> None:
        process = self.dice.choice(self.processes)
        if self.dice.random() < 0.04:
            self.log.append(f"process {process.number} is killed")
            process.kill()
            self.processes[self.processes.index(process)] = self.new_process()
            return
        if len(process.tasks) < 2 and self.dice.random() < 0.6:
            self._begin(process)
        if process.tasks:
            task = self.dice.choice(process.tasks)
            self.log.append(f"process {process.number}: {process.go_on(task)} is next")

    def _begin(self, process: Process) -> None:
        """Something new: only one writer is at work in a process."""
        writing = any(getattr(task, "writes", False) for task in process.tasks)
        if not writing and self.dice.random() < 0.45:
            process.start(process.write)
            process.tasks[-1].writes = True
        elif process.open and self.dice.random() < 0.5:
            process.start(process.end, process.open[0])
            process.tasks[-1].writes = False
            process.go_on(process.tasks[-1])  # up to its first step, so that nobody else ends the same call
        else:
            process.start(process.begin, [self.new_call(process) for _ in range(self.dice.randint(1, 3))])
            process.tasks[-1].writes = False

    def _quiet(self) -> None:
        """Two processes end what they are at, one dies; those left take in everything."""
        self.processes.pop().kill()
        for process in self.processes:
            while process.tasks:
                process.go_on(process.tasks[0])
            for call in list(process.open):
                process.end(call)
        for _ in range(2):  # what a batch has freed is forgotten by the next one
            for process in self.processes:
                process.write()

    def _check_end(self) -> None:
        booked = self.booked()
        for call in self.calls.values():
            rows = booked.get(call.id, [])
            if len(rows) != 1:
                raise Broken(f"call {call.id} has {len(rows)} rows: {rows}")
            if (rows[0] == "abandoned") == call.recorded:
                raise Broken(f"call {call.id} is {rows[0]}, and its end was {'' if call.recorded else 'not '}recorded")
        for place, (limit, total) in enumerate(zip(self.limits, self.used(), strict=True)):
            sql = "SELECT coalesce(sum(spent), 0) FROM limit_counter WHERE limit_id = ?"
            (spent,) = self._reader.execute(sql, (limit.id,)).fetchone()
            if spent != total:
                raise Broken(f"{spent} is counted as spent of limit {place}, and {total} was")
        with closing(sqlite3.connect(f"{self.url.removeprefix('sqlite:///')}.holds")) as connection:
            (left,) = connection.execute("SELECT count(*) FROM hold").fetchone()
            if left:
                raise Broken(f"{left} holds are left")

    def close(self) -> None:
        """Lets go of everything."""
        for process in self.processes:
            process.kill()
        self._reader.close()


def frame_of(call: Call, world: World) -> list[bytes]:
    """The record of a call that ended, as the journal takes it."""
    common = {
        "operation": "chat", "reader": "openai.chat", "provider": "openai", "host": "api.openai.com",
        "url_path": "/v1/chat/completions", "path": "/chat/completions", "model": "gpt-4o",
        "content_type": "application/json", "content_encoding": "",
        "hold": [call.id, [[limit.id, amount] for limit, amount in zip(world.limits, call.hold, strict=True)], 1, 0],
    }  # fmt: skip
    into, out = call.used
    answer: dict[str, Any] = {"id": f"answer-{call.id}", "object": "chat.completion", "model": "gpt-4o", "choices": []}
    if call.tells:
        answer["usage"] = {"prompt_tokens": into, "completion_tokens": out, "total_tokens": into + out}
    context = json.dumps({"user_id": str(call.id), "group": "blue"}).encode()
    return pieces(
        json.dumps(common).encode(), time.time_ns() // 1000, 1000, 1, 200, "read", NO_REQUEST, context, b"", b"",
        json.dumps(answer).encode(),
    )  # fmt: skip
