"""The simulation: its seeds keep every promise, and it can be trusted to say so."""

from __future__ import annotations

import pytest

from simulation.planted import FAULTS, Fault, find
from simulation.run import run, shorten
from simulation.scheduler import KilledError, Scheduler
from simulation.tape import Tape

SEEDS = 2000
AT_ONCE = 200
# Within how many seeds a planted fault is to be found; `make planted` tells which seed found it.
QUICK = SEEDS


@pytest.mark.parametrize("first", range(0, SEEDS, AT_ONCE))
def test_every_promise_is_kept(first: int) -> None:
    broken = {seed: report.breach for seed in range(first, first + AT_ONCE) if (report := run(seed)).breach}
    assert broken == {}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_planted_fault_is_found(fault: Fault) -> None:
    assert find(fault, QUICK) is not None


# --- the simulator itself ---


@pytest.mark.parametrize("seed", [0, 7, 21])
def test_a_seed_and_its_tape_tell_the_same_story(seed: int) -> None:
    once, again = run(seed, traced=True), run(seed, traced=True)
    assert once == again
    assert run(seed, once.choices, traced=True).trace == once.trace


def test_a_tape_of_plain_choices_is_a_day_without_news() -> None:
    report = run(3, [])
    assert report.breach is None
    assert not any(report.choices)


def test_a_breach_is_retold_shorter_and_breaks_the_same_promise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("placard.domain.decide._is_unchanged", lambda *_: True)
    failed = next(report for seed in range(100) if (report := run(seed)).breach)
    shorter = shorten(failed, seconds=5)
    assert shorter.breach is not None
    assert sum(map(bool, shorter.choices)) < sum(map(bool, failed.choices)) / 2
    assert shorter.trace


def test_a_process_stops_where_it_pauses_and_others_go_on() -> None:
    scheduler, done = Scheduler(0), []

    def slow() -> None:
        done.append(("slow", scheduler.now))
        scheduler.pause(100)
        done.append(("slow", scheduler.now))

    scheduler.run("slow", 1000, slow, stoppable=True)
    scheduler.at(50, lambda: done.append(("other", scheduler.now)))
    scheduler.step()
    scheduler.step()
    assert done == [("slow", 0), ("other", 50), ("slow", 100)]


def test_a_process_that_takes_too_long_is_killed_where_it_waits() -> None:
    scheduler, ends = Scheduler(0), []

    def late() -> None:
        try:
            scheduler.pause(100)
        except KilledError:
            ends.append(scheduler.now)
            raise

    process = scheduler.run("late", 60, late, stoppable=True)
    scheduler.step()
    assert process.killed
    assert ends == [100]


def test_a_tape_read_back_to_its_end_goes_on_with_plain_choices() -> None:
    tape = Tape(1, [2])
    assert [tape.pick((1, 1, 1)), tape.pick((0, 1)), tape.below(5), tape.happens(0.9)] == [2, 0, 0, False]
