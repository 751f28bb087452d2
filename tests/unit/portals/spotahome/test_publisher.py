"""Spotahome is accepted in a classified, and answered with a reason instead of a silence."""

from __future__ import annotations

from placard.domain.classified import Classified, Kind
from placard.domain.events import Operation
from placard.domain.look import look, open_publication
from placard.portals.registry import load_policy, load_publisher
from tests.fakes.clock import FakeClock
from tests.fakes.memory_vault import MemoryVault

CLASSIFIED_ID = "7f0c2d4e-61b9-4c1b-9f5e-2a8d30b7c614"


def test_a_classified_for_spotahome_fails_at_once_with_the_reason() -> None:
    clock = FakeClock()
    publisher = load_publisher("spotahome", credentials=MemoryVault(clock), clock=clock)
    classified = Classified(CLASSIFIED_ID, "acme", "a-1", 1, Kind.POST, 0, {}, "", ("SPOTAHOME",), 1, post_revision=1)
    publication = open_publication(classified, "spotahome")
    rendering = publisher.render(classified, "spotahome")
    looked = look(publication, classified, rendering, load_policy("spotahome"), clock.now())
    assert [entry.status for entry in looked.entries] == ["RECEIVED", "CREATING_FAILED"]
    assert looked.entries[-1].problems[0].code == "unsupported"
    assert looked.decision.start is None
    assert Operation.PUT not in looked.entries[-1].next_operations
