"""Bodies that break the hub's own code, until somebody has mended it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from placard.domain.classified import Classified
from placard.domain.events import PortalEvent
from placard.domain.told import Place
from placard.ports import Message
from simulation.tape import Tape
from tests.fakes import MemoryStore

# What a marked body breaks: nothing in most runs; a look, the fold of a portal's word, or a telling.
KINDS = ("", "render", "interpret", "tell")
_KIND_WEIGHTS = (12, 1, 1, 1)
_MARKED = 0.3


class PoisonError(Exception):
    """A fault of our own code."""


@dataclass
class Poison:
    """What a marked body breaks in this run; `mended` ends it."""

    kind: str
    mended: bool = False

    @classmethod
    def draw(cls, tape: Tape) -> Poison:
        """Draw what is broken in a run."""
        return cls(KINDS[tape.pick(_KIND_WEIGHTS)])

    def draws_a_mark(self, tape: Tape) -> bool:
        """Draw whether a body is one of those that break it."""
        return bool(self.kind) and tape.happens(_MARKED)

    def breaks(self, kind: str, classified: Classified | None) -> bool:
        """Whether this step breaks for a classified."""
        marked = classified is not None and bool(classified.body["data"].get("poison"))
        return marked and kind == self.kind and not self.mended

    def touch(self, kind: str, classified: Classified | None) -> None:
        """Raise PoisonError where it does."""
        if self.breaks(kind, classified):
            raise PoisonError(f"{kind} breaks")


@dataclass
class PoisonedInterpreter:
    """Makes sense of a provider's messages, but for those of marked bodies."""

    interpreter: Any
    store: MemoryStore
    poison: Poison

    def interpret(self, message: Message, channel: str) -> PortalEvent | None:
        """Read a message as the hub reads it."""
        link = self.store.link_of(message.provider, message.remote_id)
        self.poison.touch("interpret", None if link is None else self.store.load(link.classified_id)[0])
        event: PortalEvent | None = self.interpreter.interpret(message, channel)
        return event


def place_of(body: dict[str, Any], store: MemoryStore) -> Place | None:
    """Return the publication that a queue's message is about, None where it is about none."""
    if body.get("place"):
        return Place(*body["place"])
    if "classified_id" in body:
        return Place(body["classified_id"], body["channel"])
    link = store.link_of(body["provider"], body["remote_id"]) if "remote_id" in body else None
    return None if link is None else Place(link.classified_id, link.channel)
