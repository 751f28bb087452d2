"""What every simulated portal stands on: its surroundings, an operation in flight, and the form of a classified there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from placard.domain.classified import Classified
from placard.domain.errors import PortalRejectedError
from placard.domain.events import Operation
from placard.domain.hashes import content_hash
from placard.domain.instants import HOUR, MINUTE, SECOND
from placard.domain.policy import Rendering
from placard.domain.problems import Problem
from placard.domain.told import Place
from placard.portals.aviv.mapping import build_payload
from simulation.tape import Tape

# How long a portal takes to end what it has accepted.
WORK_TAKES = (2 * SECOND, 0, 40 * SECOND, 12 * MINUTE, 3 * HOUR)
_WORK_WEIGHTS = (10, 4, 5, 2, 1)
REFUSED = 0.08
PICTURE_FAILS = 0.06


@dataclass
class Site:
    """What a portal needs of its surroundings.

    `say` sends a callback: provider, remote id, raw text, and whether it arrives in any case, since nobody would ask for what
    a person did there. `calm`: no more whims of its own. `taken_down`: where an advert was taken off but by a call about it.
    """

    tape: Tape
    now: Callable[[], int]
    at: Callable[[int, Callable[[], None]], None]
    say: Callable[[str, str, str, bool], None]
    calm: Callable[[], bool]
    taken_down: set[Place] = field(default_factory=set)

    def whim(self, chance: float) -> bool:
        """Return whether the portal does what nobody wished."""
        return not self.calm() and self.tape.happens(chance)

    def take_time(self) -> int:
        """Return how long (ms) the portal works."""
        return WORK_TAKES[0] if self.calm() else WORK_TAKES[self.tape.pick(_WORK_WEIGHTS)]


@dataclass
class Work:
    """An operation in flight at the portal. `known`: the hub has its answer, and noted it.

    `mistakable`: the portal tells its end in the same words as that of another one (contracts/aviv.md §7, 6).
    """

    operation: Operation
    transaction: str
    began_at: int
    text: Any = None
    key: str | None = None
    known: bool = False
    over: bool = False
    mistakable: bool = False


def render(classified: Classified, channel: str) -> Rendering:
    """Return a classified in the portal's form. A body may be `unmapped` for the portals it names there."""
    said = classified.body["data"]
    portals = classified.portals_on(channel)
    broken = {p: (Problem.quote("unmapped_category", None),) for p in portals if p in said.get("broken", ())}
    if channel == "aviv":
        payload = build_payload({"data": {"text": said["text"]}})
        return Rendering(payload, dict.fromkeys(portals, content_hash(payload)), broken, names_portals=True)
    text = said["text"]
    # Spotahome knows no key of ours.
    key = None if channel == "spotahome" else f"{classified.classified_id}/{said['kind']}"
    return Rendering({"text": text}, dict.fromkeys(portals, text), broken, key=key)


def refuse() -> PortalRejectedError:
    """Return the refusal of a body that a portal does not like."""
    problem = Problem.quote("invalid_field", "refused by the portal")
    return PortalRejectedError(problem.detail, (problem,), status_code=400)
