"""Which processes a campaign of faults kills: functions at work, never one that is only starting."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chaos.workers import MARK, Workers

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="there is no /proc here")
# Like a worker: it starts for half a second, reads a line, works until it is killed.
STARTING = "import sys, time\nwhile time.process_time() < 0.5: pass"
WORKING = "while True: pass"
WAITING = f"{STARTING}\nsys.stdin.readline()\n{WORKING}"
IDLE = f"import sys; sys.stdin.readline()\n{WORKING}"

PATIENCE_S = 60.0

Start = Callable[[str, str], "subprocess.Popen[bytes]"]


@pytest.fixture
def start() -> Iterator[Start]:
    started = []

    def run(name: str, code: str) -> subprocess.Popen[bytes]:
        started.append(subprocess.Popen([sys.executable, "-c", code, f"{MARK}placard-{name}-1"], stdin=subprocess.PIPE))
        return started[-1]

    yield run
    for process in started:
        process.kill()
        process.communicate()


def kill_until(workers: Workers, holds: Callable[[], bool]) -> None:
    """Watch and try to kill somebody, as a campaign does, until the condition holds."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)
        workers.watch()
        workers.kill_one(0.5)


def give_work(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    process.stdin.write(b"\n")
    process.stdin.flush()


def test_what_has_waited_and_then_works_is_killed_and_what_only_starts_is_not(start: Start) -> None:
    starting, new, waiting = start("Relay", WORKING), start("Relay", IDLE), start("Relay", WAITING)
    workers = Workers(os.getpid())
    kill_until(workers, lambda: waiting.pid in workers.started)
    assert workers.started == [waiting.pid]
    assert (workers.killed, starting.poll(), waiting.poll()) == (0, None, None)
    give_work(waiting)
    kill_until(workers, lambda: workers.killed > 0)
    assert waiting.wait(10) == -9
    assert (starting.poll(), new.poll()) == (None, None)


def test_functions_that_are_not_named_are_spared(start: Start) -> None:
    mortal, spared = start("Relay", WAITING), start("Deliver", WAITING)
    workers = Workers(os.getpid(), ["Relay"])
    kill_until(workers, lambda: mortal.pid in workers.started)
    assert spared.pid not in workers.started
    give_work(spared)
    give_work(mortal)
    kill_until(workers, lambda: workers.killed > 0)
    assert mortal.wait(10) == -9
    assert spared.poll() is None
