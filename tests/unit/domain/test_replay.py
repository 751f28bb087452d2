"""A publication rebuilt from its timeline (lifecycle §4): what was told is what is known."""

from __future__ import annotations

import random

import pytest

from placard.domain.classified import Kind
from placard.domain.events import AdvertState as S
from placard.domain.events import Operation as Op
from placard.domain.events import Source
from placard.domain.instants import MINUTE
from placard.domain.lifecycle import Word
from placard.domain.replay import Facts, facts_of, rebuild
from tests.unit.domain.hub import HINTS, Hub
from tests.unit.domain.test_walk import Walk


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("hints", [False, True])
def test_at_rest_the_timeline_tells_what_the_publication_knows(seed: int, hints: bool) -> None:
    chance = random.Random(seed)  # noqa: S311
    hub = Hub(policy=HINTS, channel="aviv") if hints else Hub()
    walk = Walk(hub, ("SL", "BD") if hints else ("IMOVIRTUAL",))
    hub.post(*walk.portals)
    for _ in range(30):
        hub.now += 1000
        chance.choice(Walk.LETTERS)(walk)
    walk.drive()
    chance.shuffle(hub.timeline)
    assert rebuild(hub.timeline) == facts_of(hub.known)


def test_a_revision_that_waits_stands_beside_the_word_before_it() -> None:
    hub = Hub()
    hub.post("IMOVIRTUAL")
    hub.look()
    hub.accept("advert-1")
    hub.say(ends=Op.POST, state=S.LIVE, code="active")
    hub.now += MINUTE
    hub.put("IMOVIRTUAL", text="another", kind=Kind.PUT)
    hub.look()
    known = rebuild(hub.timeline).portals["IMOVIRTUAL"]
    assert (known.word, known.seen, known.acted) == (Word.CREATED, 2, 1)


def test_nothing_told_is_nothing_known() -> None:
    assert rebuild([]) == Facts()


def test_a_word_without_news_is_not_kept_either() -> None:
    """AVIV shows the classified as sent, and tells `CREATED` of the same revision later."""
    hub = Hub(policy=HINTS, channel="aviv")
    hub.post("SL")
    hub.look()
    hub.accept("advert-1")
    hub.say(revision=1, state=S.LIVE, code="shown as sent", removal=False, source=Source.POLL)
    before = facts_of(hub.known)
    hub.now += MINUTE
    hub.say(revision=1, state=S.LIVE, code="CREATED", removal=False, source=Source.POLL)
    assert facts_of(hub.known) == before == rebuild(hub.timeline)
