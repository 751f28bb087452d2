"""Who goes next: an agenda in simulated time, and processes that can be stopped at every call they make.

A process runs on a thread of its own, but only while it holds the baton, so that one tape decides everything. Whoever is not
to be stopped runs on the caller's thread, which costs nothing.
"""

from __future__ import annotations

import heapq
import os
from collections.abc import Callable
from itertools import count
from threading import Lock, Thread


def stay_on_core(number: int) -> None:
    """Keep this process on one core, where the machine lets us: a baton handed from core to core takes half as long again."""
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[number % len(cores)]})


class KilledError(BaseException):
    """The process ends here. No `except Exception` of the hub catches it, as none catches the end of a machine."""


class _Runner:
    """A thread that runs one body after the other, handing the baton back at each pause."""

    def __init__(self) -> None:
        self._go, self._back = Lock(), Lock()
        self._go.acquire()
        self._back.acquire()
        self._body: Callable[[], None] = lambda: None
        self.done = False
        Thread(target=self._serve, daemon=True, name="simulated process").start()

    def start(self, body: Callable[[], None]) -> bool:
        """Run a body until it pauses or ends; return whether it ended."""
        self._body, self.done = body, False
        return self.resume()

    def resume(self) -> bool:
        """Give it the baton until it pauses or ends; return whether it ended."""
        self._go.release()
        self._back.acquire()
        return self.done

    def pause(self) -> None:
        """Hand the baton back until somebody resumes; called by the body."""
        self._back.release()
        self._go.acquire()

    def _serve(self) -> None:
        while True:
            self._go.acquire()
            self._body()
            self._body = lambda: None  # an idle runner would keep a whole world alive
            self.done = True
            self._back.release()


_idle: list[_Runner] = []


class Process:
    """One invocation of a function. `limit` (ms) is its timeout: then it is killed, wherever it is."""

    def __init__(self, name: str, number: int, began_at: int, limit: int) -> None:
        self.name, self.number, self.began_at, self.limit = name, number, began_at, limit
        self.runner: _Runner | None = None
        self.killed = False
        self.notes: dict[str, object] = {}

    def __str__(self) -> str:
        return f"{self.name} {self.number}"


class Scheduler:
    """The agenda. `now` is the only clock, in milliseconds."""

    def __init__(self, now: int, note: Callable[..., None] = lambda *_: None) -> None:
        self.now = now
        self.note = note
        self.process: Process | None = None
        self.paused: set[Process] = set()
        self._agenda: list[tuple[int, int, Callable[[], None]]] = []
        self._numbers = count()
        self._processes = count(1)

    def at(self, instant: int, action: Callable[[], None]) -> None:
        """Put something on the agenda."""
        heapq.heappush(self._agenda, (max(instant, self.now), next(self._numbers), action))

    @property
    def next_at(self) -> int | None:
        """When the next thing is to be done, None when nothing is."""
        return self._agenda[0][0] if self._agenda else None

    def ready(self, most: int) -> int:
        """Return how many things could be done now, at most this many."""
        if len(self._agenda) < 2 or self._agenda[0][0] > self.now or most < 2:
            return min(len(self._agenda), 1)
        return sum(1 for entry in heapq.nsmallest(most, self._agenda) if entry[0] <= self.now) or 1

    def step(self, place: int = 0) -> None:
        """Do the next thing, or one of the others whose time has come."""
        if place:
            entry = heapq.nsmallest(place + 1, self._agenda)[place]
            self._agenda.remove(entry)
            heapq.heapify(self._agenda)
        else:
            entry = heapq.heappop(self._agenda)
        self.now = max(self.now, entry[0])
        entry[2]()

    def run(self, name: str, limit: int, body: Callable[[], None], *, stoppable: bool) -> Process:
        """Start a process and run it until it pauses or ends. `body` never raises but for KilledError."""
        process = Process(name, next(self._processes), self.now, limit)
        if not stoppable:
            former, self.process = self.process, process
            _run_to_its_end(process, body)
            self.process = former
            return process
        process.runner = _idle.pop() if _idle else _Runner()
        self._hand_over(process, lambda runner: runner.start(lambda: _run_to_its_end(process, body)))
        return process

    def pause(self, wait: int) -> None:
        """Let the running process wait (ms) while others go on; killed on waking if its time is over."""
        process = self.process
        if process is None or process.runner is None:
            self.now += wait
        else:
            self.paused.add(process)
            self.at(self.now + wait, lambda: self._resume(process))
            process.runner.pause()
        if process is not None and (process.killed or self.now > process.began_at + process.limit):
            self.kill()

    def kill(self) -> None:
        """End the running process where it is."""
        if self.process is not None:
            self.process.killed = True
        raise KilledError

    def end_all(self) -> None:
        """Kill whoever still waits, so that the threads can serve another run."""
        while self.paused:
            process = min(self.paused, key=lambda waiting: waiting.number)
            process.killed = True
            self._resume(process)

    def _resume(self, process: Process) -> None:
        if process in self.paused:
            self.paused.discard(process)
            self._hand_over(process, _Runner.resume)

    def _hand_over(self, process: Process, move: Callable[[_Runner], bool]) -> None:
        runner = process.runner
        if runner is None:
            raise ValueError("a process without a thread cannot be resumed")
        former, self.process = self.process, process
        ended = move(runner)
        self.process = former
        if ended:
            process.runner = None
            _idle.append(runner)


def _run_to_its_end(process: Process, body: Callable[[], None]) -> None:
    try:
        body()
    except KilledError:
        process.killed = True
