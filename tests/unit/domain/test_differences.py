"""What a replay finds where the stored publication and its timeline disagree; that they agree, test_walk.py holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from placard.domain.differences import find_differences
from placard.domain.events import AdvertState as S
from placard.domain.events import Operation as Op
from placard.domain.lifecycle import Word
from placard.domain.publication import Publication, Standing
from placard.domain.replay import rebuild
from tests.unit.domain.hub import Hub

PORTAL = "IMOVIRTUAL"
Spoil = Callable[[Standing], Standing]


def live() -> Hub:
    hub = Hub()
    hub.post(PORTAL)
    hub.look()
    hub.accept("advert-1", "t-1")
    hub.say(ends=Op.POST, state=S.LIVE, code="active")
    return hub


def spoil(publication: Publication, change: Spoil) -> Publication:
    return publication.with_standings([change(publication.standings[PORTAL])])


@pytest.mark.parametrize(
    ("change", "fact"),
    [
        (lambda one: replace(one, word=Word.UPDATED), "status"),
        (lambda one: replace(one, seen=9), "revision seen"),
        (lambda one: replace(one, acted=0), "revision acted on"),
        (lambda one: replace(one, advert=replace(one.advert, state=S.EXPIRED)), "advert state"),
        (lambda one: replace(one, advert=replace(one.advert, url="https://other.test")), "advert url"),
    ],
)
def test_a_fact_that_no_entry_tells_is_a_difference(change: Spoil, fact: str) -> None:
    hub = live()
    found = find_differences(rebuild(hub.timeline), spoil(hub.known, change))
    assert [(one.portal, one.fact) for one in found if one.fact != "advert code"] == [(PORTAL, fact)]


def test_a_missing_entry_is_a_difference() -> None:
    hub = live()
    found = find_differences(rebuild(hub.timeline[:-1]), hub.known)
    assert ("status", "CREATING", "CREATED") in [(one.fact, one.told, one.stored) for one in found]


def test_an_operation_that_is_begun_and_not_answered_is_none() -> None:
    hub = live()
    hub.put(PORTAL, text="another flat")
    hub.look()
    assert hub.known.standings[PORTAL].word is Word.RECEIVED
    assert find_differences(rebuild(hub.timeline), hub.known) == ()


def test_another_advert_is_one() -> None:
    hub = live()
    (found,) = find_differences(rebuild(hub.timeline), replace(hub.known, remote_id="advert-2"))
    assert (found.portal, found.fact, found.told, found.stored) == ("", "advert id", "advert-1", "advert-2")
