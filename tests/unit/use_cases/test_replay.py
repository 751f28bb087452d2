"""A classified replayed over ports in memory."""

from __future__ import annotations

from dataclasses import replace

from placard.domain.events import AdvertState as S
from placard.domain.events import Operation as Op
from placard.domain.lifecycle import Word
from placard.ports import Change, Message
from placard.use_cases.replay import Replay
from tests.unit.domain.hub import event
from tests.unit.use_cases.world import World


def live() -> World:
    world = World()
    world.publish()
    world.settle()
    world.clock.advance(1000)
    world.say(event("advert-1", world.clock.now(), ends=Op.POST, state=S.LIVE, transaction="t-1"))
    world.settle()
    return world


def test_the_stored_publication_is_as_told_and_its_evidence_is_kept() -> None:
    world = live()
    (found,) = Replay(world.store, world.store)(world.id)
    assert (found.channel, found.differences, found.lost) == ("imovirtual", (), frozenset())
    assert [entry.status for entry in found.entries] == [Word.RECEIVED, Word.CREATING, Word.CREATED]


def test_a_publication_changed_by_another_hand_differs() -> None:
    world = live()
    standing = world.publication.standings["IMOVIRTUAL"]
    spoilt = world.publication.with_standings([replace(standing, word=Word.UPDATED)])
    world.store.save(Change(spoilt))
    (found,) = Replay(world.store, world.store)(world.id)
    assert [(one.portal, one.told, one.stored) for one in found.differences or ()] == [
        ("IMOVIRTUAL", "CREATED", "UPDATED")
    ]


def test_a_raw_message_that_is_gone_is_missed() -> None:
    world = live()
    named = world.store.list_entries(world.id, 1, None).rows[0]
    provider, remote_id, digest = Message.place_of(named.evidence or "") or ("", "", "")
    del world.store._slots[f"REMOTE#{provider}#{remote_id}", f"EVENT#{digest}"]
    (found,) = Replay(world.store, world.store)(world.id)
    assert found.lost == {named.status_id}


def test_a_time_leaves_out_what_came_later() -> None:
    world = live()
    (whole,) = Replay(world.store, world.store)(world.id)
    (part,) = Replay(world.store, world.store)(world.id, whole.entries[1].creation_date)
    assert part.told.portals["IMOVIRTUAL"].word is Word.CREATING
    assert part.differences is None


def test_an_unknown_classified_has_no_publication() -> None:
    world = live()
    assert Replay(world.store, world.store)("nobody") == ()
