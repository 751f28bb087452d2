"""A listing process beside its copy: the state machine of contracts/spotahome.md §4, row by row."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placard.domain.listing_process import (
    FOLLOWERS,
    OPEN,
    Facts,
    Finding,
    ListingProcess,
    State,
    Wanted,
    ask,
    confirm,
    judge,
    may_become,
    postpone,
    take,
    undo,
)

NOW = 1_000_000
VERIFIED, UNVERIFIED = State.VERIFIED, State.UNVERIFIED
CONTENT, PROPERTY, CANCELLED = State.WAITING_CONTENT, State.WAITING_PROPERTY, State.CANCELLED

# Contract §4 as it stands there, with every jump that its paths explain.
REACHABLE = {
    None: {PROPERTY, CONTENT, VERIFIED, UNVERIFIED, CANCELLED},
    PROPERTY: {CONTENT, VERIFIED, UNVERIFIED, CANCELLED},
    CONTENT: {VERIFIED, UNVERIFIED, CANCELLED},
    VERIFIED: {UNVERIFIED, VERIFIED},
    UNVERIFIED: {VERIFIED, UNVERIFIED},
    CANCELLED: set(),
}


def copy(state: State = CONTENT, **members: object) -> ListingProcess:
    facts = Facts(state.value, "KLM482-02", "account", "property", None, None)
    return replace(ListingProcess("acme", 7, facts, version=3), **members)


@pytest.mark.parametrize(("known", "told"), list(product(REACHABLE, State)))
def test_a_state_may_follow_where_a_path_leads(known: State | None, told: State) -> None:
    assert may_become(known, told) is (told in REACHABLE[known])


def test_every_state_has_its_row() -> None:
    assert set(FOLLOWERS) == {None, *State}
    assert [state.value for state in State] == [
        "cancelled",
        "propertyVerified",
        "propertyUnverified",
        "waitingContent",
        "waitingProperty",
    ]


@pytest.mark.parametrize(("known", "told"), list(product(State, State)))
def test_a_row_moves_the_copy_only_along_the_graph(known: State, told: State) -> None:
    before = copy(known)
    judged = judge("acme", 7, before, replace(before.facts, state=told.value))
    if told is known:
        assert judged.finding is Finding.SAME
        assert judged.process == before
    elif told in REACHABLE[known]:
        assert judged.finding is Finding.MOVED
        assert judged.process == replace(before, facts=replace(before.facts, state=told.value))
    else:
        assert judged.finding is Finding.IMPOSSIBLE
        assert judged.process == replace(before, impossible=told.value)


def test_an_impossible_jump_is_recorded_once_and_forgotten_when_the_row_is_itself_again() -> None:
    refused = judge("acme", 7, copy(VERIFIED), Facts("waitingContent")).process
    again = judge("acme", 7, refused, Facts("waitingContent"))
    assert (again.finding, again.writes) == (Finding.REFUSED, False)
    mended = judge("acme", 7, refused, refused.facts)
    assert (mended.finding, mended.writes) == (Finding.CHANGED, True)
    assert mended.process.impossible is None


def test_a_state_nobody_knows_is_recorded_and_not_applied() -> None:
    assert judge("acme", 7, copy(), Facts("archived")).process == copy(impossible="archived")
    first = judge("acme", 7, None, Facts("archived"))
    assert (first.finding, first.process.impossible) == (Finding.IMPOSSIBLE, "archived")
    known = judge("acme", 7, first.process, Facts("propertyVerified"))
    assert (known.finding, known.process.facts.state) == (Finding.MOVED, "propertyVerified")


@pytest.mark.parametrize("state", State)
def test_a_process_may_be_met_first_in_any_state(state: State) -> None:
    judged = judge("acme", 7, None, Facts(state.value))
    assert (judged.finding, judged.process) == (Finding.MOVED, ListingProcess("acme", 7, Facts(state.value)))


def test_what_a_row_leaves_out_stays_but_the_agent_may_go() -> None:
    before = copy(VERIFIED)
    before = replace(before, facts=replace(before.facts, agent_id="agent", published=True))
    judged = judge("acme", 7, before, Facts("propertyVerified"))
    assert judged.finding is Finding.CHANGED
    assert judged.process.facts == replace(before.facts, agent_id=None)


@pytest.mark.parametrize(
    ("before", "told"),
    [
        (Facts("propertyVerified", published=True), Facts("propertyVerified", published=False)),
        (Facts("waitingProperty"), Facts("waitingProperty", property_id="p")),
    ],
)
def test_visibility_and_a_first_property_are_news_for_the_publication(before: Facts, told: Facts) -> None:
    assert judge("acme", 7, ListingProcess("acme", 7, before), told).finding is Finding.MOVED


def test_a_process_that_comes_back_is_news() -> None:
    judged = judge("acme", 7, copy(vanished=True), copy().facts)
    assert (judged.finding, judged.process) == (Finding.MOVED, copy())


# --- pushes ----------------------------------------------------------------------------------------------------------


def test_the_crm_reads_what_it_asked_for_at_once() -> None:
    asked = ask(copy(), Wanted(cancels=True, assigns=True, agent_id="agent"), NOW)
    assert (asked.shown.state, asked.shown.agent_id) == ("cancelled", "agent")
    assert (asked.facts, asked.look, asked.due) == (copy().facts, True, NOW)


wishes = st.builds(
    Wanted, cancels=st.booleans(), assigns=st.booleans(), agent_id=st.none() | st.sampled_from(["a", "b"])
).map(lambda one: one if one.assigns else replace(one, agent_id=None))


@given(wishes, wishes)
def test_a_confirmed_wish_is_a_fact_and_a_later_one_stays(sent: Wanted, later: Wanted) -> None:
    sent = Wanted(assigns=True, agent_id=sent.agent_id) if sent.assigns else Wanted(cancels=True)
    during = replace(later, cancels=later.cancels or sent.cancels)
    after = confirm(take(ask(copy(), during, NOW), NOW + 1), sent, NOW)
    if sent.cancels:
        assert after.facts.state == "cancelled"
        assert not after.wanted.cancels
    else:
        assert after.facts.agent_id == sent.agent_id
        assert after.wanted.assigns is (during.assigns and during.agent_id != sent.agent_id)
    assert after.look is bool(after.wanted)
    assert (after.due is not None) is bool(after.wanted)
    assert (after.lease_until, after.pushed_at) == (None, NOW)


@given(wishes)
def test_a_refused_wish_leaves_what_the_portal_says(sent: Wanted) -> None:
    sent = Wanted(assigns=True, agent_id=sent.agent_id) if sent.assigns else Wanted(cancels=True)
    before = take(ask(copy(), sent, NOW), NOW + 1)
    after = undo(before, sent, NOW)
    assert after.shown == before.facts
    assert not after.wanted
    assert (after.look, after.due, after.lease_until) == (False, None, None)


def test_a_postponed_push_waits_and_remembers_since_when() -> None:
    wanted = ask(copy(), Wanted(cancels=True), NOW)
    first = postpone(take(wanted, NOW + 9), NOW + 5, NOW, counts=True)
    second = postpone(take(first, NOW + 20), NOW + 30, NOW + 10, counts=False)
    assert (second.tries, second.failing_since, second.retry_at, second.due) == (1, NOW, NOW + 30, NOW + 30)
    assert second.look
    assert second.shown.state == "cancelled"


def test_open_is_what_spotahome_still_works_on() -> None:
    assert {state for state in State if copy(state).open} == set(OPEN)
    assert not copy(vanished=True).open
