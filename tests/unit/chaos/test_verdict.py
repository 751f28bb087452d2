"""The verdict of a campaign finds what it is there to find, and nothing where a promise is kept."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chaos.plan import IMOVIRTUAL, PORTALS, SL, SPOTAHOME, Listing, Wish, draw_plan
from chaos.portals import Advert, wanted
from chaos.verdict import (
    DOUBLED,
    LOST,
    OUT_OF_ORDER,
    UNTOLD,
    WRONG,
    count_repeated,
    judge_publication,
    judge_telling,
)

REVISION = 4
PROBLEM = {"code": "rejected_by_portal", "actor": "agency"}


def wish(portal: str, one: Wish) -> Listing:
    listing = draw_plan(1, 1, 60).lanes[0][0].after
    return replace(listing, wishes=listing.wishes | {portal: one})


def advert(listing: Listing, portal: str, **changes: Any) -> Advert:
    live = Advert("a1", stands=True, live=True, code="active", shows=wanted(listing, portal))
    return replace(live, **changes)


def entry(status: str = "UPDATED", *, live: bool = True, revision: int = REVISION, **more: Any) -> dict[str, Any]:
    said = {"id": "a1", "state": "live" if live else "paused", "code": "active", "live": live}
    return {"status": status, "revision": revision, "advert": said} | more


def kinds(listing: Listing, portal: str, adverts: list[Advert], said: dict[str, Any] | None) -> list[str]:
    return [finding.kind for finding in judge_publication(listing, portal, REVISION, adverts, said)]


@pytest.mark.parametrize("portal", PORTALS)
def test_a_live_advert_that_shows_what_is_wished_is_right(portal: str) -> None:
    listing = wish(portal, Wish.PRESENT)
    assert kinds(listing, portal, [advert(listing, portal)], entry()) == []


@pytest.mark.parametrize("portal", PORTALS)
@pytest.mark.parametrize("one", [Wish.PAUSED, Wish.ABSENT])
def test_what_is_not_wished_is_not_live(portal: str, one: Wish) -> None:
    listing = wish(portal, one)
    gone = advert(listing, portal, stands=False, live=False)
    assert kinds(listing, portal, [gone], entry(live=False)) == []
    assert kinds(listing, portal, [advert(listing, portal)], entry()) == [LOST]


def test_a_wish_that_nobody_knows_or_met_is_lost() -> None:
    listing = wish(SL, Wish.PRESENT)
    assert kinds(listing, SL, [], None) == [LOST]
    assert kinds(listing, SL, [], entry(live=False)) == [LOST]
    assert kinds(listing, SL, [], entry("CREATING", live=False)) == [LOST]


def test_an_end_with_a_problem_is_none_that_is_lost_unless_it_is_an_older_wishs() -> None:
    listing = wish(SL, Wish.PRESENT)
    told = entry("CREATING_FAILED", live=False, problem=PROBLEM)
    assert kinds(listing, SL, [], told) == []
    assert kinds(listing, SL, [], told | {"revision": REVISION - 1}) == [LOST]
    assert kinds(listing, SL, [], told | {"status": "RECEIVED"}) == [LOST]


@pytest.mark.parametrize(("problem", "expected"), [("manual_step", []), ("overdue", [LOST])])
def test_what_waits_for_people_at_the_portal_is_not_lost(problem: str, expected: list[str]) -> None:
    listing = wish(SPOTAHOME, Wish.PRESENT)
    said = entry("CREATING", live=False, problem={"code": problem, "actor": "agency"})
    said["advert"]["state"] = "pending"
    assert kinds(listing, SPOTAHOME, [advert(listing, SPOTAHOME, live=False)], said) == expected


def test_two_adverts_that_stand_are_doubled_though_one_is_removed() -> None:
    listing = wish(SPOTAHOME, Wish.PRESENT)
    first = advert(listing, SPOTAHOME)
    second = replace(first, id="a2", live=False)
    assert kinds(listing, SPOTAHOME, [first, second], entry()) == [DOUBLED]
    assert kinds(listing, SPOTAHOME, [first, replace(second, stands=False)], entry()) == []


@pytest.mark.parametrize("portal", PORTALS)
def test_an_older_content_is_wrong_unless_the_hub_tells_why(portal: str) -> None:
    listing = wish(portal, Wish.PRESENT)
    old = [advert(listing, portal, shows=(1, "old"))]
    assert kinds(listing, portal, old, entry()) == [WRONG]
    assert kinds(listing, portal, old, entry("UPDATING_FAILED", problem=PROBLEM)) == []


def test_a_removal_that_nobody_made_explains_nothing() -> None:
    listing = wish(SL, Wish.PAUSED)
    gone = advert(listing, SL, stands=False, live=False)
    removed = {"code": "removed_on_portal", "actor": "agency"}
    assert kinds(listing, SL, [gone], entry(live=False, problem=removed)) == [WRONG]


def test_the_hub_must_know_what_stands_there() -> None:
    listing = wish(IMOVIRTUAL, Wish.PRESENT)
    live = advert(listing, IMOVIRTUAL)
    assert kinds(listing, IMOVIRTUAL, [live], entry(live=False)) == [WRONG]
    assert kinds(listing, IMOVIRTUAL, [live], entry("UPDATING")) == [WRONG]
    assert kinds(listing, IMOVIRTUAL, [live], entry(revision=REVISION - 1)) == [WRONG]
    assert kinds(listing, IMOVIRTUAL, [replace(live, id="a2")], entry()) == [WRONG]
    assert kinds(listing, IMOVIRTUAL, [replace(live, code="blocked")], entry()) == [WRONG]
    said = entry("UPDATING_FAILED", problem=PROBLEM)
    assert kinds(listing, IMOVIRTUAL, [replace(live, live=False, code="blocked")], said) == [WRONG, WRONG]


def lines(*names: str) -> list[dict[str, Any]]:
    """Entries `a1`: of channel a, with the id a1."""
    return [entry() | {"statusId": name, "channel": name[0]} for name in names]


def test_telling() -> None:
    told = lines("a1", "b1", "a2", "b2")
    assert judge_telling(told, ["b1", "a1", "b2", "a2"]) == []
    assert judge_telling(told, ["b1", "a1", "a1", "b2", "a2", "a1"]) == [], "again is not out of order"
    assert [one.kind for one in judge_telling(told, ["b1", "a1", "b2"])] == [UNTOLD]
    assert [one.kind for one in judge_telling(told, ["b2", "a1", "b1", "a2"])] == [OUT_OF_ORDER]
    assert count_repeated(["a1", "b1", "a1", "a1"]) == 2
