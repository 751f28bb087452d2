"""One `traceparent` from the CRM's request through every hop to the portal's call and back into the timeline."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace

import pytest

from placard.domain.classified import Kind
from placard.domain.events import Operation
from placard.domain.hashes import content_hash
from placard.domain.publication import Entry
from placard.ports import Revision, WakeUp
from tests.unit.domain.hub import S, event
from tests.unit.use_cases.world import CUSTOMER, World

FIRST = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
SECOND = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


class TracedWorld(World):
    """A CRM that sends a trace with what it wishes, and the traces the log was told of."""

    def __init__(self) -> None:
        super().__init__()
        self.followed: list[str | None] = []
        looking = self.deliver

        def deliver(wake_up: WakeUp) -> None:
            looking(wake_up, self.followed.append)

        self.deliver = deliver  # type: ignore[assignment]

    def wish(self, text: str, trace: str | None, kind: Kind = Kind.PUT) -> None:
        body = {"text": text}
        revision = Revision(self.id, CUSTOMER, kind, self.clock.now(), "a-1", body, content_hash(body), self.portals)
        assert self.store.write(replace(revision, traceparent=trace)).accepted

    def entries(self) -> list[Entry]:
        """The timeline, oldest first."""
        return list(reversed(self.store.list_entries(self.id, 250, None).rows))

    def traces(self) -> list[tuple[str, str | None]]:
        return [(f"{entry.status.value}({entry.revision})", entry.traceparent) for entry in self.entries()]


@pytest.fixture
def world() -> Iterator[TracedWorld]:
    return TracedWorld()


def finish(world: TracedWorld, operation: Operation) -> None:
    """Let the portal tell the end of what it has taken."""
    world.clock.advance(1000)
    world.say(event("advert-1", world.clock.now(), ends=operation, state=S.LIVE))
    world.settle()


def test_the_trace_goes_to_the_portal_and_comes_back_with_its_word(world: TracedWorld) -> None:
    world.wish("a flat", FIRST, Kind.POST)
    world.settle()
    finish(world, Operation.POST)
    assert [call.traceparent for call in world.portal.calls] == [FIRST]
    assert world.traces() == [("RECEIVED(1)", FIRST), ("CREATING(1)", FIRST), ("CREATED(1)", FIRST)]
    assert set(world.followed) == {FIRST}


@pytest.mark.parametrize("trace", [SECOND, None], ids=["another", "none"])
def test_each_revision_has_its_own_trace_or_none(world: TracedWorld, trace: str | None) -> None:
    world.wish("a flat", FIRST, Kind.POST)
    world.settle()
    finish(world, Operation.POST)
    world.wish("a bigger flat", trace)
    world.settle()
    finish(world, Operation.PUT)
    assert [call.traceparent for call in world.portal.calls] == [FIRST, trace]
    assert world.traces()[3:] == [("RECEIVED(2)", trace), ("UPDATING(2)", trace), ("UPDATED(2)", trace)]


def test_a_revision_overtaken_keeps_its_own_trace(world: TracedWorld) -> None:
    world.wish("a flat", FIRST, Kind.POST)
    world.settle()
    world.wish("a bigger flat", SECOND)
    world.settle()
    world.wish("the biggest flat", None)
    world.settle()
    overtaken = [entry for entry in world.entries() if entry.outcome == "superseded"]
    assert [(entry.revision, entry.traceparent) for entry in overtaken] == [(2, SECOND)]


def test_a_word_of_the_portal_is_logged_with_the_trace(world: TracedWorld, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "placard")
    world.wish("a flat", FIRST, Kind.POST)
    world.settle()
    finish(world, Operation.POST)
    (line,) = [record for record in caplog.records if record.getMessage() == "a portal's word was folded"]
    assert (line.__dict__["traceparent"], line.__dict__["classifiedId"]) == (FIRST, world.id)


def test_the_crm_does_not_read_the_trace_in_its_timeline(world: TracedWorld) -> None:
    world.wish("a flat", FIRST, Kind.POST)
    world.settle()
    assert all(FIRST not in str(entry.to_json()) for entry in world.entries())
