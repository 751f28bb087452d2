"""One run from a seed or from a tape, and its shortest retelling."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic

from placard.domain.errors import PlacardError
from simulation.breach import BreachError
from simulation.checks import Checks
from simulation.tape import Tape
from simulation.world import World

COMMANDS = 14


@dataclass
class Report:
    """How a run ended: `breach` is None where every promise was kept."""

    seed: int
    choices: list[int]
    breach: str | None
    trace: list[str] = field(default_factory=list)
    steps: int = 0


def run(seed: int, choices: Sequence[int] | None = None, *, traced: bool = False) -> Report:
    """Run a seed, or the tape of a run of that seed."""
    tape = Tape(seed, choices)
    trace: list[str] = []
    world = World(seed, tape, trace.append if traced else None)
    checks = Checks(world)
    breach = None
    with _quiet():
        try:
            world.storm(COMMANDS, checks.after_a_step)
            world.come_to_rest(checks.after_a_step, checks.while_poisoned)
            checks.at_rest()
        except BreachError as error:
            breach = str(error)
        except PlacardError as error:
            breach = f"outside any function: {type(error).__name__}: {error}"
        finally:
            world.scheduler.end_all()
    return Report(seed, tape.choices, breach, trace, len(world.memory.records))


def shorten(failed: Report, seconds: float = 12.0) -> Report:
    """Return the shortest run found that breaks the same promise: plain choices in the place of chosen ones."""
    until = monotonic() + seconds
    best = failed
    kind = _kind(failed)
    size = max(1, len(best.choices) // 2)
    while size:
        start = 0
        while start < len(best.choices):
            if monotonic() > until:
                return _traced(best)
            for tried in _simpler(best.choices, start, size):
                report = run(best.seed, tried)
                if report.breach is not None and _kind(report) == kind:
                    best = Report(report.seed, _trimmed(tried), report.breach)
                    break
            else:
                start += size
        size //= 2
    return _traced(best)


def _simpler(choices: list[int], start: int, size: int) -> Iterator[list[int]]:
    """Yield simpler tapes: without a stretch, and with plain choices in its place."""
    if any(choices[start : start + size]):
        yield choices[:start] + choices[start + size :]
        yield choices[:start] + [0] * len(choices[start : start + size]) + choices[start + size :]


def _trimmed(choices: list[int]) -> list[int]:
    length = max((place + 1 for place, choice in enumerate(choices) if choice), default=0)
    return choices[:length]


def _traced(report: Report) -> Report:
    return run(report.seed, report.choices, traced=True)


def _kind(report: Report) -> str:
    """Return what tells one sort of breach from another: its words, without numbers and ids."""
    words = (report.breach or "").split(":")[0].split()
    return " ".join(word for word in words if word.isalpha())


@contextmanager
def _quiet() -> Iterator[None]:
    """The hub's own log says what it should; of thousands of runs nobody reads it."""
    logger = logging.getLogger("placard")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(level)
