"""The functions' worker processes under the embedded AWS, and the end of one of them."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

# In the command line of each, before the function's name.
MARK = "ministack-lambda-"
# Who has worked for so many hundredths of a second and then sleeps for so long waits for a call: it has started therefore.
# Importing what a function needs takes twice as much.
STARTING_TICKS, ASLEEP_S = 20, 1.0


@dataclass
class Worker:
    """One process: ticks of processor time used so far, since when it has used none, whether it has started."""

    ticks: int
    since: float
    started: bool = False


class Workers:
    """The workers, watched. Only what has started is killed, and only functions with one of the `mortal` parts in their name.

    The embedded AWS takes a worker that dies while it starts for a broken function and throws away every other worker of it,
    those that are starting included, which then die likewise: nothing that could happen to a function in AWS.
    """

    def __init__(self, parent: int, mortal: Sequence[str] = ()) -> None:
        self._parent, self._mortal = parent, tuple(mortal) or ("",)
        self._known: dict[int, Worker] = {}
        self._busy: list[int] = []
        self.killed = 0

    @property
    def started(self) -> list[int]:
        """Those that are known to have started."""
        return [pid for pid, worker in self._known.items() if worker.started]

    def watch(self) -> None:
        """Look at them once; to be called every other second or more often."""
        now, seen, busy = time.monotonic(), dict[int, Worker](), []
        for pid, state, ticks in self._list():
            worker = self._known.get(pid)
            if worker is None or ticks != worker.ticks or state != "S":
                if worker is not None and worker.started:
                    busy.append(pid)
                worker = Worker(ticks, now, worker is not None and worker.started)
            elif ticks >= STARTING_TICKS and now - worker.since >= ASLEEP_S:
                worker.started = True
            seen[pid] = worker
        self._known, self._busy = seen, sorted(busy)

    def kill_one(self, draw: float) -> None:
        """End one of those that were at work a moment ago, as a crash would; `draw` in [0, 1) chooses."""
        if self._busy:
            with suppress(ProcessLookupError):
                os.kill(self._busy[int(draw * len(self._busy))], signal.SIGKILL)
                self.killed += 1

    def _list(self) -> list[tuple[int, str, int]]:
        """(pid, state, ticks) of each function's process; none where there is no /proc."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            # pid (name) state parent …; the name may hold anything.
            fields = _read(folder / "stat").rpartition(")")[2].split()
            if not fields or int(fields[1]) != self._parent:
                continue
            _, mark, name = _read(folder / "cmdline").partition(MARK)
            if mark and any(part in name for part in self._mortal):
                found.append((int(folder.name), fields[0], int(fields[11]) + int(fields[12])))
        return found


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""  # ended meanwhile
