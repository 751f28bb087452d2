"""What can happen to a call, and how often: each run has a climate of its own, so that some are calm and some are storms."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, auto

from placard.domain.instants import HOUR, MINUTE, SECOND
from simulation.tape import Tape


class Fate(IntEnum):
    """What becomes of one call of a port."""

    PLAIN = 0
    PAUSE_BEFORE = auto()
    PAUSE_AFTER = auto()
    DIE_BEFORE = auto()
    DIE_AFTER = auto()
    FAIL_BEFORE = auto()
    FAIL_AFTER = auto()  # done, and the answer is lost
    REFUSE = auto()  # somebody else was first, or so it is said


PAUSES = (10, 400, 3 * SECOND, 20 * SECOND, 70 * SECOND)
_PAUSE_WEIGHTS = (4, 4, 3, 2, 1)
# The longest is the lease on a publication.
_LATENESS = (500, 3 * SECOND, 20 * SECOND, 70 * SECOND, 120 * SECOND)
# Weights of a call's fates, PLAIN first. Of calls to people's HTTP servers more go wrong than of calls to AWS.
_STORE = (1000, 25, 25, 4, 6, 6, 6, 8)
_HTTP = (100, 8, 12, 2, 5, 6, 8, 0)
# How much stronger each fault is in a run: left out, as it is, a storm.
_STRENGTHS = (1, 0, 4)
_STRENGTH_WEIGHTS = (5, 3, 2)


@dataclass
class Climate:
    """The faults of one run. `calm` ends them all."""

    tape: Tape
    calm: bool = False
    stoppable: float = 0.3
    doubled: float = 0.04
    lost: float = 0.03
    stale: float = 0.2
    late: tuple[int, ...] = (60, 20, 10, 5, 2)
    _store: tuple[int, ...] = _STORE
    _http: tuple[int, ...] = _HTTP
    _delays: tuple[int, ...] = field(default=(40, 2 * SECOND, 40 * SECOND, 20 * MINUTE, 3 * HOUR))

    @classmethod
    def draw(cls, tape: Tape) -> Climate:
        """Draw the climate of a run."""

        def strength() -> int:
            return _STRENGTHS[tape.pick(_STRENGTH_WEIGHTS)]

        pausing, dying, failing, refusing, lagging = (strength() for _ in range(5))
        by_fate = (1, pausing, pausing, dying, dying, failing, failing, refusing)
        climate = cls(tape)
        climate._store = tuple(weight * factor for weight, factor in zip(_STORE, by_fate, strict=True))
        climate._http = tuple(weight * factor for weight, factor in zip(_HTTP, by_fate, strict=True))
        climate.late = (climate.late[0], *(weight * lagging for weight in climate.late[1:]))
        climate.lost *= strength()
        climate.doubled *= strength()
        climate.stale *= strength() > 0
        return climate

    def store(self) -> Fate:
        """Draw what becomes of a call to AWS."""
        return Fate.PLAIN if self.calm else Fate(self.tape.pick(self._store))

    def http(self) -> Fate:
        """Draw what becomes of a call to a portal or a CRM."""
        return Fate.PLAIN if self.calm else Fate(self.tape.pick(self._http))

    def pause(self) -> int:
        """Draw how long (ms) a process waits at a call."""
        return PAUSES[0] if self.calm else PAUSES[self.tape.pick(_PAUSE_WEIGHTS)]

    def lateness(self) -> int:
        """Draw how long (ms) a call is on its way after its caller has given up."""
        return _LATENESS[self.tape.pick(_PAUSE_WEIGHTS)]

    def delay(self) -> int:
        """Draw how long (ms) something is on its way."""
        return self._delays[0] if self.calm else self._delays[self.tape.pick(self.late)]

    def happens(self, chance: float) -> bool:
        """Return whether a fault of this chance happens; none does when all is calm."""
        return not self.calm and chance > 0 and self.tape.happens(chance)
