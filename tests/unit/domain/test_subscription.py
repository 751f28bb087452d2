"""The clock of an endpoint, what is told, and how far (contracts/hub.md §3)."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placard.domain import subscription as clock_of
from placard.domain.events import Source
from placard.domain.instants import DAY, HOUR, MINUTE, SECOND
from placard.domain.lifecycle import Outcome, Word
from placard.domain.publication import Entry
from placard.domain.subscription import State, Subscription, Walk
from placard.domain.told import Place, Span, Told, position, settle, untold

NOW = 1_800_000_000_000
HERE = Place("c-1", "aviv")
FRESH = Subscription("agency-7", "https://crm.example", NOW)


def entry(
    created: int, status: Word = Word.CREATED, *, outcome: Outcome = Outcome.APPLIED, live: bool = False
) -> Entry:
    return Entry(
        f"s-{created}", "c-1", "agency-7", "aviv", created, 1, ("SL",), status, "", created, outcome, Source.HUB,
        live_changed=live,
    )  # fmt: skip


# --- the clock -------------------------------------------------------------------------------------------------------


def run(draw: float, asked: int | None = None) -> list[int]:
    """Return the instants at which an endpoint that always fails is tried, counted from the first."""
    subscription, now, tries = FRESH, NOW, []
    while True:
        tries.append(now - NOW)
        subscription = clock_of.fail(subscription, HERE, NOW - 5, now, draw, asked)
        if subscription.next_at is None:
            assert subscription.state is State.PAUSED
            return tries
        now = subscription.next_at


def test_ten_tries_in_about_75_hours_then_daily_and_paused_after_five_days() -> None:
    tries = run(0.5)
    waits = [after - before for before, after in pairwise(tries)]
    expected = [5 * SECOND, 5 * MINUTE, 30 * MINUTE, *(hours * HOUR for hours in (2, 5, 10, 14, 20, 24)), DAY]
    assert waits[:10] == expected
    assert tries[9] == 75 * HOUR + 35 * MINUTE + 5 * SECOND
    assert tries[-1] == 5 * DAY
    assert waits[-1] <= DAY


@given(st.floats(0, 1, exclude_max=True))
def test_jitter_never_bends_the_schedule_far(draw: float) -> None:
    plain, bent = run(0.5), run(draw)
    assert bent[1] <= 10 * SECOND
    for before, after in zip(plain[1:10], bent[1:10], strict=True):
        assert 0.89 * before <= after <= 1.11 * before
    assert bent[-1] == 5 * DAY


def test_retry_after_is_honoured_up_to_a_day() -> None:
    assert run(0.5, 10 * MINUTE)[1:4] == [10 * MINUTE, 20 * MINUTE, 50 * MINUTE]
    asked = clock_of.fail(FRESH, HERE, NOW, NOW, 0.5, 400 * DAY)
    assert asked.next_at == NOW + DAY


def test_warnings_after_one_and_three_days_and_when_paused() -> None:
    failing = clock_of.fail(FRESH, HERE, NOW, NOW, 0.5)
    assert failing.state is State.FAILING
    assert clock_of.warn(FRESH, NOW) is None
    assert clock_of.warn(failing, NOW + DAY - 1) is None
    assert "pause on 2027-01-20" in (clock_of.warn(failing, NOW + DAY) or "")
    assert clock_of.warn(failing, NOW + 3 * DAY) == clock_of.warn(failing, NOW + DAY)
    paused = clock_of.fail(failing, HERE, NOW, NOW + 5 * DAY, 0.5)
    assert "paused" in (clock_of.warn(paused, NOW + 9 * DAY) or "")


def test_the_scale_shortens_every_wait_of_it() -> None:
    failing = clock_of.fail(FRESH, HERE, NOW, NOW, 0.5, scale=1 / 60)
    assert failing.next_at == NOW + 83
    assert clock_of.warn(failing, NOW + DAY // 60, 1 / 60) is not None
    assert clock_of.fail(failing, HERE, NOW, NOW + 5 * DAY // 60, 0.5, scale=1 / 60).state is State.PAUSED


def test_recovery_walks_over_all_that_waited_and_stops_the_clock() -> None:
    failing = clock_of.lower(clock_of.fail(FRESH, HERE, NOW + 7, NOW + 9, 0.5), NOW + 3)
    well = clock_of.recover(failing, NOW + HOUR)
    assert well.state is State.ACTIVE
    assert (well.failures, well.next_at, well.behind_from, well.canary) == (0, None, None, None)
    assert well.walk is not None
    assert (well.walk.since, well.due) == (NOW + 3, NOW + HOUR)
    assert clock_of.recover(FRESH, NOW) == FRESH


def test_a_walk_is_followed_by_a_short_second_one_for_a_late_index() -> None:
    failing = clock_of.fail(FRESH, HERE, NOW, NOW, 0.5)
    first = clock_of.recover(failing, NOW + HOUR).walk
    assert first is not None
    second = clock_of.next_round(first)
    assert second is not None
    assert second.since < NOW + HOUR < second.not_before
    assert clock_of.next_round(second) is None


def test_a_failure_during_a_walk_loses_nothing_of_it() -> None:
    failing = clock_of.fail(FRESH, HERE, NOW, NOW, 0.5)
    walking = clock_of.recover(failing, NOW + HOUR)
    again = clock_of.fail(walking, HERE, NOW + HOUR, NOW + HOUR, 0.5)
    assert again.due == min(again.next_at or 0, walking.due or 0)
    recovered = clock_of.recover(again, NOW + 2 * HOUR)
    assert recovered.walk is not None
    assert recovered.walk.since == NOW


def test_going_on_starts_where_the_crm_stopped_accepting() -> None:
    paused = replace(clock_of.fail(FRESH, HERE, NOW + 2, NOW, 0.5), paused_at=NOW + 5 * DAY, next_at=None)
    assert paused.due is None
    resumed = clock_of.resume(paused, NOW + 6 * DAY)
    assert (resumed.state, resumed.since, resumed.resumed_at) == (State.ACTIVE, NOW, NOW + 6 * DAY)
    assert resumed.walk is not None
    assert resumed.walk.since == NOW + 2
    replayed = clock_of.resume(paused, NOW + 6 * DAY, NOW - DAY)
    assert replayed.since == NOW - DAY
    assert replayed.walk is not None
    assert replayed.walk.since == NOW - DAY
    assert clock_of.resume(FRESH, NOW + 1).walk is None  # nobody waits: there is nothing to walk over


def test_a_canary_with_nothing_to_tell_hands_on_and_the_last_one_ends_the_failure() -> None:
    failing = clock_of.fail(FRESH, HERE, NOW, NOW, 0.5)
    handed = clock_of.pass_on(failing, NOW + MINUTE)
    assert (handed.canary, handed.state) == (None, State.FAILING)
    assert handed.walk == Walk(NOW, not_before=NOW + MINUTE, again_at=NOW + MINUTE + 30 * SECOND)
    assert clock_of.may_try(handed, NOW + MINUTE) and not clock_of.may_try(failing, NOW + SECOND)
    assert clock_of.pass_on(replace(handed, walk=None), NOW + HOUR).state is State.ACTIVE


# --- what is told ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statuses", "live_changes", "told", "wanted"),
    [
        (None, True, entry(1, Word.RECEIVED), True),
        (None, True, entry(1, Word.RECEIVED, outcome=Outcome.SUPERSEDED), False),
        ((Word.CREATED,), True, entry(1, Word.CREATED), True),
        ((Word.CREATED,), True, entry(1, Word.CREATED_WITH_MEDIA_ERROR), True),
        ((Word.UPDATED,), True, entry(1, Word.UPDATED_WITH_MEDIA_ERROR), True),
        ((Word.UPDATED,), True, entry(1, Word.CREATED_WITH_MEDIA_ERROR), False),
        ((Word.DELETED,), True, entry(1, Word.CREATED, live=True), True),
        ((Word.DELETED,), False, entry(1, Word.CREATED, live=True), False),
        ((), True, entry(1, Word.CREATED), False),
    ],
)
def test_filter(statuses: tuple[Word, ...] | None, live_changes: bool, told: Entry, wanted: bool) -> None:
    assert clock_of.wants(replace(FRESH, statuses=statuses, live_changes=live_changes), told) is wanted


def test_twelve_words_may_be_subscribed_to() -> None:
    assert len(clock_of.SUBSCRIBABLE) == 12
    assert Word.CREATED_WITH_MEDIA_ERROR not in clock_of.SUBSCRIBABLE


# --- how far ---------------------------------------------------------------------------------------------------------

TOLD = Told("c-1", "aviv", "agency-7")


def test_what_was_told_is_never_told_again_whatever_since_says() -> None:
    told = settle(TOLD, 100, 120)
    assert position(told, 100) == 120
    assert position(told, 50) == 50
    assert [e.creation_date for e in untold(told, [entry(60), entry(110), entry(120), entry(121)])] == [60, 121]


def test_told_stretches_grow_together() -> None:
    told = settle(settle(TOLD, 100, 120), 50, 60)
    assert told.spans == (Span(50, 60), Span(100, 120))
    assert settle(told, 50, 110).spans == (Span(50, 120),)
    assert settle(TOLD, 100, 100).spans == ()


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20)), max_size=16))
def test_settled_instants_stay_settled_and_no_others(stretches: list[tuple[int, int]]) -> None:
    told, settled = TOLD, set[int]()
    for since, length in stretches:
        told = settle(told, since, since + length)
        settled |= set(range(since + 1, since + length + 1))
        left = {e.creation_date for e in untold(told, [entry(at) for at in range(1, 90)])}
        assert left | settled == set(range(1, 90)) and not left & settled
        assert list(told.spans) == sorted(told.spans)


def test_progress_ends_a_hold() -> None:
    held = replace(TOLD, tries=3, held_at=5, retry_at=9)
    assert (settle(held, 0, 7).tries, settle(held, 0, 7).retry_at) == (0, None)
