"""A listing deleted and wanted again within a day: the portal would charge it twice, so the hub waits."""

import pytest

from placard.domain.classified import Kind
from placard.domain.instants import DAY, HOUR, MINUTE
from tests.integration.olx.conftest import MakeHub
from tests.integration.olx.hub import Hub, Portal

ONCE_AND_OFF = ["POST /advert/v1", "DELETE /advert/v1/{uuid}"]


@pytest.fixture
def waiting(make_hub: MakeHub, portal: Portal) -> Hub:
    """Published, deleted, and posted again; the simulator's own day is over at once, the hub's is not."""
    portal.switch("PUT", "rules", {"repost_ms": 0})
    hub = make_hub(1)
    for kind in (Kind.POST, Kind.DELETE, Kind.POST):
        hub.wish(kind)
        hub.settle()
    return hub


def list_words(hub: Hub) -> list[str]:
    return list(dict.fromkeys(entry.status.value for entry in hub.list_told() if entry.revision == 3))


def test_it_waits_and_says_why(waiting: Hub, portal: Portal) -> None:
    waiting.clock.advance(DAY - HOUR)
    waiting.reconcile()
    waiting.settle()
    last = waiting.list_told()[-1]
    assert (last.status, last.revision) == ("RECEIVED", 3)
    assert [problem.code for problem in last.problems] == ["repost_wait"]
    assert portal.list_writes() == ONCE_AND_OFF


def test_after_the_day_it_is_sent_by_itself(waiting: Hub, portal: Portal) -> None:
    waiting.clock.advance(DAY + MINUTE)
    waiting.reconcile()
    waiting.settle()
    assert list_words(waiting) == ["RECEIVED", "CREATING", "CREATED"]
    assert not waiting.list_told()[-1].problems
    assert portal.list_writes() == [*ONCE_AND_OFF, "POST /advert/v1"]


def test_a_retry_sends_it_at_once(waiting: Hub, portal: Portal) -> None:
    waiting.wish(Kind.RETRY)
    waiting.settle()
    last = waiting.list_told()[-1]
    assert (last.status, last.revision, last.advert.live) == ("CREATED", 4, True)
    assert portal.list_writes() == [*ONCE_AND_OFF, "POST /advert/v1"]
