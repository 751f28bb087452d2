"""A portal without a key of ours: a creation begins with a search, and what is found may be another classified's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from placard.domain.answers import Answer, Result
from placard.domain.errors import PortalUnavailableError
from placard.domain.events import AdvertState as S
from placard.domain.events import Operation as Op
from placard.domain.events import Source
from placard.domain.publication import Phase
from placard.ports import Call, Link
from tests.unit.domain.hub import FACTS, event
from tests.unit.use_cases.world import CUSTOMER, World


@pytest.fixture
def world() -> World:
    return World(replace(FACTS, looks_first=True))


def linked(world: World, remote_id: str, classified_id: str) -> Link:
    return Link("olx", remote_id, classified_id, "imovirtual", CUSTOMER, world.clock.now())


def test_nothing_found_is_created(world: World) -> None:
    world.publish()
    world.settle()
    assert [call.operation for call in world.portal.calls] == [Op.POST]
    assert world.publication.remote_id == "advert-1"


def test_what_is_found_is_joined_and_read_at_once(world: World) -> None:
    world.portal.found = ("advert-9",)
    world.portal.reading = (event("advert-9", world.clock.now(), ends=Op.POST, state=S.LIVE, source=Source.POLL),)
    world.publish()
    world.settle()
    assert world.portal.calls == []
    assert world.told() == ["RECEIVED(1)", "CREATING(1)", "CREATED(1)"]
    link = world.store.link_of("olx", "advert-9")
    assert link is not None
    assert link.classified_id == world.id


def test_another_classifieds_advert_is_not_taken(world: World) -> None:
    """Two flats at one address: nothing but the hub's own links tells them apart."""
    theirs = linked(world, "advert-9", "another-classified")
    world.store.write_link(theirs)
    world.portal.found = ("advert-9",)
    world.publish()
    world.settle()
    assert [call.operation for call in world.portal.calls] == [Op.POST]
    assert world.publication.remote_id == "advert-1"
    assert world.store.link_of("olx", "advert-9") == theirs


def test_the_first_that_is_free_is_taken_and_our_own_is(world: World) -> None:
    world.store.write_link(linked(world, "advert-8", "another-classified"))
    world.store.write_link(linked(world, "advert-9", world.id))
    world.portal.found = ("advert-8", "advert-9", "advert-10")
    world.publish()
    world.settle()
    assert world.portal.calls == []
    assert world.publication.remote_id == "advert-9"


def test_a_search_that_fails_has_created_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    failures = iter([PortalUnavailableError("no answer", taken=True)])

    def search(*_: object) -> tuple[str, ...]:
        for failure in failures:
            raise failure
        return ()

    monkeypatch.setattr(world.portal, "search", search)
    world.publish()
    world.settle()
    assert [call.operation for call in world.portal.calls] == [Op.POST]
    assert world.publication.running is not None
    assert world.publication.running.phase is Phase.ACCEPTED


def test_only_a_creation_looks_first(world: World) -> None:
    world.publish()
    world.settle()
    world.say(event("advert-1", world.clock.now(), ends=Op.POST, state=S.LIVE, transaction="t-1"))
    world.settle()
    world.portal.found = ("advert-9",)
    world.portal.script = lambda call: Answer(Result.ACCEPTED, call.remote_id, "t-2")
    world.delete()
    world.settle()
    assert [call.operation for call in world.portal.calls] == [Op.POST, Op.DELETE]


def test_a_lost_answer_is_looked_for_among_what_is_free(world: World) -> None:
    world.store.write_link(linked(world, "advert-8", "another-classified"))

    def lose(call: Call) -> Answer:
        world.portal.found = ("advert-8", "advert-9")
        raise PortalUnavailableError("no answer", taken=True)

    world.portal.script = lose
    world.publish()
    world.settle()
    assert len(world.portal.calls) == 1
    assert world.publication.remote_id == "advert-9"
