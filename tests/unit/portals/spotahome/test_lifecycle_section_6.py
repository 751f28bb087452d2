"""Lifecycle §6, row by row: what the CRM is told of a portal that never calls."""

from __future__ import annotations

from typing import Any

import pytest

from placard.domain.classified import Kind
from placard.domain.events import AdvertState, Operation
from placard.domain.instants import DAY, HOUR
from placard.domain.lifecycle import Outcome
from placard.domain.problems import CATALOGUE, Problem
from placard.portals.registry import load_policy
from placard.portals.spotahome.states import STATES, interpret_row
from placard.ports import Row
from tests.unit.domain.hub import Hub

SPOTAHOME = "SPOTAHOME"


def observe(hub: Hub, state: str, *, published: bool | None = None) -> Outcome:
    """A sweep meets the property's process an hour later."""
    hub.now += HOUR
    row = Row(7, state, property_id=hub.known.remote_id, published=published)
    return hub.fold(interpret_row(row, None, hub.now))


@pytest.fixture
def created() -> Hub:
    """A hub whose POST was answered 201."""
    hub = Hub(policy=load_policy("spotahome"), channel="spotahome")
    hub.post(SPOTAHOME)
    assert hub.begun() is Operation.POST
    hub.accept("p-1")
    return hub


@pytest.fixture
def live(created: Hub) -> Hub:
    observe(created, "propertyVerified", published=True)
    return created


def told(hub: Hub) -> dict[str, Any]:
    """The newest entry as the CRM reads it."""
    shown = hub.last.to_json()
    problem = shown.get("problem", {})
    return {
        "status": shown["status"],
        "advert": shown["advert"]["state"],
        "live": shown["advert"]["live"],
        "problem": problem.get("code"),
        "actor": problem.get("actor"),
        "source": shown["source"],
    }


def says(status: str, advert: str, problem: str | None = None, *, live: bool = False, source: str = "poll") -> Any:
    actor = None if problem is None else CATALOGUE[problem].actor
    return {"status": status, "advert": advert, "live": live, "problem": problem, "actor": actor, "source": source}


def test_201_is_creating_and_pending(created: Hub) -> None:
    assert told(created) == says("CREATING", "pending", source="answer")
    assert created.last.next_operations == (Operation.DELETE,)
    assert created.last.advert_id == "p-1"


def test_waiting_property_is_creating_and_overdue_after_24_hours(created: Hub) -> None:
    observe(created, "waitingProperty")
    assert told(created) == says("CREATING", "pending")
    assert created.known.due == created.known.running.began_at + DAY if created.known.running else False
    created.now += DAY
    assert created.look().decision.read
    created.overdue()
    assert told(created) == says("CREATING", "pending", "overdue", source="hub")


def test_nothing_but_a_poll_moves_it_before_24_hours(created: Hub) -> None:
    created.now += DAY - 1
    decision = created.look().decision
    assert (decision.read, decision.search, decision.start) == (False, False, None)


def test_waiting_content_is_creating_with_a_manual_step(created: Hub) -> None:
    observe(created, "waitingContent")
    assert told(created) == says("CREATING", "pending", "manual_step")
    created.now += DAY
    created.overdue()
    assert [problem.code for problem in created.last.problems] == ["manual_step", "overdue"]


@pytest.mark.parametrize(("state", "problem"), [("propertyVerified", None), ("propertyUnverified", "unverified")])
def test_verified_or_unverified_and_published_is_created_and_live(
    created: Hub, state: str, problem: str | None
) -> None:
    observe(created, "waitingContent")
    observe(created, state, published=True)
    assert told(created) == says("CREATED", "live", problem, live=True)
    assert created.known.running is None


def test_a_check_that_is_taken_back_is_told_and_so_is_its_return(live: Hub) -> None:
    observe(live, "propertyUnverified", published=True)
    assert told(live) == says("CREATED", "live", "unverified", live=True)
    observe(live, "propertyVerified", published=True)
    assert told(live) == says("CREATED", "live", live=True)


def test_verified_and_not_published_is_creating_and_not_live_yet(created: Hub) -> None:
    observe(created, "propertyVerified", published=False)
    assert told(created) == says("CREATING", "pending", "not_live_yet")
    observe(created, "propertyVerified", published=True)
    assert told(created) == says("CREATED", "live", live=True)


def test_unverified_and_not_published_is_creating_failed(created: Hub) -> None:
    observe(created, "propertyUnverified", published=False)
    assert told(created) == says("CREATING_FAILED", "rejected", "rejected_by_portal")
    observe(created, "propertyVerified", published=True)
    assert told(created) == says("CREATED", "live", live=True)


def test_cancelled_and_asked_for_is_deleted(created: Hub) -> None:
    """The call went out, its answer was lost, and the next sweep sees what it did."""
    observe(created, "waitingContent")
    created.delete()
    assert created.begun() is Operation.DELETE
    created.fail(taken=True)
    observe(created, "cancelled")
    assert told(created) == says("DELETED", "withdrawn")
    assert created.told()[-2:] == ["RECEIVED(2)", "DELETED(2)"]


def test_cancelled_by_a_listing_process_of_the_crm_is_deleted_though_the_creation_still_runs(created: Hub) -> None:
    observe(created, "waitingContent")
    created.delete()
    observe(created, "cancelled")
    created.look()
    assert told(created) == says("DELETED", "withdrawn", source="hub")
    assert (created.known.running, created.calls[1:]) == (None, [])


def test_cancelled_unasked_keeps_the_word(created: Hub) -> None:
    observe(created, "waitingContent")
    observe(created, "cancelled")
    assert told(created) == says("CREATING", "withdrawn", "removed_on_portal")
    assert created.look().decision.start is None, "nobody's removal is fought"


def test_cancelled_unasked_may_be_retried_at_once(created: Hub) -> None:
    observe(created, "cancelled")
    created.now += HOUR
    created.ask(Kind.RETRY, SPOTAHOME)
    assert created.begun() is Operation.POST
    created.accept("p-2")
    assert told(created) == says("CREATING", "pending", source="answer")


@pytest.mark.parametrize("state", ["propertyVerified", "propertyUnverified"])
def test_published_no_more_is_removed_on_the_portal(live: Hub, state: str) -> None:
    observe(live, state, published=False)
    assert told(live) == says("CREATED", "withdrawn", "removed_on_portal")
    assert live.last.message.startswith("Not live: ")
    observe(live, state, published=False)
    assert live.told()[-1] == "CREATED(1)"
    observe(live, "propertyVerified", published=True)
    assert told(live) == says("CREATED", "live", live=True)


@pytest.mark.parametrize("kind", [Kind.PUT, Kind.DEACTIVATE])
def test_put_and_deactivate_end_with_a_manual_step(live: Hub, kind: Kind) -> None:
    live.now += HOUR
    if kind is Kind.PUT:
        live.put(SPOTAHOME, text="another flat")
    else:
        live.ask(kind, SPOTAHOME)
    assert live.begun() is None
    assert told(live) == says("UPDATING_FAILED", "live", "manual_step", live=True, source="hub")


def test_activate_ends_with_a_manual_step_where_it_would_have_to_change_something(created: Hub) -> None:
    observe(created, "propertyUnverified", published=False)
    created.ask(Kind.ACTIVATE, SPOTAHOME)
    assert created.begun() is None
    assert told(created) == says("UPDATING_FAILED", "rejected", "manual_step", source="hub")


def test_a_pause_that_is_asked_for_while_it_waits_ends_likewise_once_created(created: Hub) -> None:
    created.ask(Kind.DEACTIVATE, SPOTAHOME)
    created.look()
    assert created.told()[-1] == "RECEIVED(2)"
    observe(created, "propertyVerified", published=True)
    created.look()
    assert created.told()[-2:] == ["CREATED(1)", "UPDATING_FAILED(2)"]
    assert created.look().decision.start is None


def test_what_goes_public_though_it_is_to_be_paused_is_for_people(created: Hub) -> None:
    observe(created, "propertyUnverified", published=False)
    created.ask(Kind.DEACTIVATE, SPOTAHOME)
    created.look()
    assert created.told()[-1] == "UPDATED(2)"
    observe(created, "propertyVerified", published=True)
    assert told(created) == says("UPDATED", "live", "manual_step", live=True)


def test_an_identical_put_of_a_live_advert_ends_without_a_call(live: Hub) -> None:
    live.ask(Kind.RETRY, SPOTAHOME)
    assert live.begun() is None
    assert told(live) == says("UPDATED", "live", live=True, source="hub")
    assert live.last.message == "nothing changed for this portal"


def test_an_unverified_advert_keeps_its_problem_whatever_is_asked(created: Hub) -> None:
    observe(created, "propertyUnverified", published=True)
    created.ask(Kind.RETRY, SPOTAHOME)
    created.look()
    assert told(created) == says("UPDATED", "live", "unverified", live=True, source="hub")
    assert created.last.message == "nothing changed for this portal"


def test_a_later_word_of_the_creation_is_no_success_of_an_update(created: Hub) -> None:
    observe(created, "propertyUnverified", published=False)
    created.put(SPOTAHOME, text="another flat")
    created.look()
    observe(created, "propertyVerified", published=True)
    assert told(created) == says("UPDATING_FAILED", "live", "manual_step", live=True)


def test_a_409_while_published_is_deleting_failed(live: Hub) -> None:
    live.now += HOUR
    live.delete()
    assert live.begun() is Operation.DELETE
    live.refuse(Problem("manual_step", "ask for it"))
    assert told(live) == says("DELETING_FAILED", "live", "manual_step", live=True, source="answer")


def test_a_deletion_does_not_wait_for_a_creation_that_takes_days(created: Hub) -> None:
    observe(created, "waitingContent")
    created.delete()
    assert created.begun() is Operation.DELETE
    created.done()
    assert created.told()[-2:] == ["RECEIVED(2)", "DELETED(2)"]
    assert told(created) == says("DELETED", "withdrawn", source="answer")
    observe(created, "cancelled")
    assert created.last.problems == ()
    assert created.told()[-1] == "DELETED(2)"


def test_the_story_of_a_first_publish(created: Hub) -> None:
    """Lifecycle §9: SPOTAHOME CREATING(1) manual_step, later CREATED(1)."""
    for state, published in (("waitingProperty", None), ("waitingContent", None), ("propertyVerified", True)):
        observe(created, state, published=published)
    assert list(dict.fromkeys(created.told())) == ["RECEIVED(1)", "CREATING(1)", "CREATED(1)"]


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("published", [None, True, False])
def test_what_was_seen_before_changes_nothing(created: Hub, state: str, published: bool | None) -> None:
    observe(created, state, published=published)
    before = created.known.standings[SPOTAHOME]
    assert observe(created, state, published=published) is not Outcome.APPLIED
    after = created.known.standings[SPOTAHOME]
    assert (after.word, after.advert, after.problems) == (before.word, before.advert, before.problems)


@pytest.mark.parametrize("state", ["propertyVerified", "propertyUnverified"])
def test_a_checked_property_nobody_could_ask_about_says_nothing(live: Hub, state: str) -> None:
    assert observe(live, state) is Outcome.UNCHANGED
    assert live.known.standings[SPOTAHOME].advert.state is AdvertState.LIVE


def test_a_sweep_that_was_slow_does_not_undo_a_later_one(live: Hub) -> None:
    row = Row(7, "propertyVerified", property_id="p-1", published=False)
    assert live.fold(interpret_row(row, None, live.now - HOUR)) is Outcome.STALE
    assert live.known.standings[SPOTAHOME].advert.live


def test_the_change_is_said_for_people(created: Hub) -> None:
    row = Row(7, "waitingContent", property_id="p-1")
    event = interpret_row(row, "waitingProperty", created.now)
    assert event.details == "waitingProperty → waitingContent"
    assert interpret_row(row, None, created.now).details == "waitingContent"
