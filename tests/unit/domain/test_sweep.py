"""Sweeps: pages, what a whole one proves, and the mass-removal guard (contracts/spotahome.md §6)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from placard.domain.instants import DAY, HOUR, MINUTE
from placard.domain.listing_process import Facts, ListingProcess, State
from placard.domain.sweep import (
    MOST_PAGES,
    QUIET_STRIKES,
    STRIKES,
    Scope,
    Sweep,
    begin,
    conclude,
    is_mass_removal,
    next_scope,
    note,
    turn,
)

MIDNIGHT = 20_000 * DAY
LIVE = Facts("propertyVerified", property_id="p", published=True)
OPEN = Facts("waitingContent")


def copies(count: int, facts: Facts = LIVE) -> dict[int, ListingProcess]:
    return {number: ListingProcess("acme", number, facts) for number in range(1, count + 1)}


def full(seen: range | set[int], sweep: Sweep | None = None) -> Sweep:
    return note(begin(sweep or Sweep("acme"), Scope.FULL, MIDNIGHT), seen)


# --- when and what ---------------------------------------------------------------------------------------------------


def test_the_first_sweep_asks_for_everything() -> None:
    assert next_scope(Sweep("acme"), None, MIDNIGHT) is Scope.FULL
    assert next_scope(Sweep("acme"), Scope.OPEN, MIDNIGHT) is Scope.FULL


@pytest.mark.parametrize(
    ("minutes", "scope"), [(14, None), (15, Scope.OPEN), (60, Scope.OPEN), (119, Scope.OPEN), (120, Scope.FULL)]
)
def test_open_states_every_quarter_of_an_hour_and_everything_each_night(minutes: int, scope: Scope | None) -> None:
    swept = replace(begin(Sweep("acme"), Scope.FULL, MIDNIGHT), scope=None)
    assert next_scope(swept, None, MIDNIGHT + minutes * MINUTE) is scope


def test_whoever_asks_is_not_kept_waiting() -> None:
    swept = replace(begin(Sweep("acme"), Scope.FULL, MIDNIGHT), scope=None)
    assert next_scope(swept, Scope.OPEN, MIDNIGHT) is Scope.OPEN
    assert next_scope(swept, Scope.FULL, MIDNIGHT) is Scope.FULL
    assert next_scope(swept, None, MIDNIGHT + MINUTE, interval=MINUTE) is Scope.OPEN


def test_an_open_sweep_asks_for_both_open_states_one_after_the_other() -> None:
    sweep = begin(Sweep("acme"), Scope.OPEN, MIDNIGHT)
    asked = []
    following: Sweep | None = sweep
    while following is not None:
        asked.append((following.state, following.page))
        following = turn(following, 2, empty=False)
    assert asked == [
        (State.WAITING_PROPERTY, 1),
        (State.WAITING_PROPERTY, 2),
        (State.WAITING_CONTENT, 1),
        (State.WAITING_CONTENT, 2),
    ]


@pytest.mark.parametrize(("page", "last", "empty", "goes_on"), [
    (1, 3, False, True),
    (3, 3, False, False),  # the number in `last`
    (4, 3, False, False),  # the list has become shorter meanwhile
    (1, 3, True, False),  # an empty page ends it, whatever `last` says
    (7, None, False, True),  # nobody says where it ends
    (7, None, True, False),
])  # fmt: skip
def test_a_sweep_ends_at_the_last_page_or_at_an_empty_one(
    page: int, last: int | None, empty: bool, goes_on: bool
) -> None:
    following = turn(replace(begin(Sweep("acme"), Scope.FULL, 0), page=page), last, empty=empty)
    assert following == (replace(begin(Sweep("acme"), Scope.FULL, 0), page=page + 1) if goes_on else None)


def test_a_sweep_stops_after_a_thousand_pages_and_proves_no_absence() -> None:
    pages = 0
    sweep: Sweep | None = begin(Sweep("acme"), Scope.OPEN, 0)
    while sweep is not None:
        pages, last = pages + 1, sweep
        sweep = turn(sweep, None, empty=False)
    assert pages == 2 * MOST_PAGES
    assert not conclude(replace(last, cut=True), copies(3, OPEN), 0).sweep.wants_full
    cut = replace(full(set()), cut=True)
    assert conclude(cut, copies(3), 0).sweep.missed == {}


# --- what a whole sweep proves ---------------------------------------------------------------------------------------


def test_an_open_process_that_an_open_sweep_does_not_show_asks_for_everything() -> None:
    sweep = note(begin(Sweep("acme"), Scope.OPEN, 0), {1, 2})
    assert not conclude(sweep, copies(2, OPEN), 0).sweep.wants_full
    verdict = conclude(sweep, copies(3, OPEN), 0)
    assert verdict.sweep.wants_full
    assert verdict.vanished == ()
    assert not conclude(sweep, copies(3), 0).sweep.wants_full, "a closed one is not looked for there"


def test_two_sweeps_before_a_vanished_row_is_believed() -> None:
    known = copies(30)
    first = conclude(full(range(2, 31)), known, 0)
    assert (first.vanished, first.sweep.missed) == ((), {"1": 1})
    second = conclude(full(range(2, 31), first.sweep), known, 0)
    assert (second.vanished, second.sweep.missed) == ((1,), {})


def test_a_row_seen_in_between_has_not_vanished() -> None:
    known = copies(30)
    sweep = conclude(full(range(2, 31)), known, 0).sweep
    sweep = conclude(full(range(1, 31), sweep), known, 0).sweep
    assert sweep.missed == {}
    assert conclude(full(range(2, 31), sweep), known, 0).vanished == ()


def test_while_rows_move_about_a_missing_one_proves_less() -> None:
    known, sweep = copies(30), Sweep("acme")
    for strike in range(1, STRIKES + 1):
        restless = note(full(range(2, 31), sweep), {2})
        assert restless.repeated == 1
        verdict = conclude(restless, known, 0)
        assert verdict.vanished == ((1,) if strike == STRIKES else ())
        sweep = verdict.sweep
    assert STRIKES > QUIET_STRIKES


def test_what_has_vanished_is_not_missed_again() -> None:
    known = {1: ListingProcess("acme", 1, OPEN, vanished=True)}
    assert conclude(full(set()), known, 0).sweep.missed == {}


# --- the guard -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("removed", "live", "held"),
    [(4, 4, False), (5, 5, True), (5, 24, True), (5, 25, False), (6, 25, True), (20, 100, False), (21, 100, True)],
)
def test_more_than_a_fifth_and_at_least_five_is_a_mass_removal(removed: int, live: int, held: bool) -> None:
    assert is_mass_removal(removed, live) is held
    known = copies(live)
    leaving = {str(number): replace(LIVE, published=False) for number in range(1, removed + 1)}
    verdict = conclude(replace(full(range(1, live + 1)), leaving=leaving), known, 77)
    assert (verdict.held, len(verdict.leaving)) == ((removed, 0) if held else (0, removed))
    assert (verdict.sweep.held, verdict.sweep.held_since) == ((removed, 77) if held else (0, None))


def test_vanished_and_unpublished_count_together_and_other_vanished_ones_are_let_through() -> None:
    known = copies(10) | {99: ListingProcess("acme", 99, OPEN)}
    sweep = replace(full(range(5, 11)), missed={str(number): 1 for number in (1, 2, 3, 4, 99)})
    sweep = replace(sweep, leaving={"5": replace(LIVE, published=False)})
    verdict = conclude(sweep, known, 0)
    assert (verdict.held, verdict.vanished) == (5, (99,))


def test_a_hold_lasts_until_a_sweep_passes_the_guard() -> None:
    known = copies(10)
    leaving = {str(number): replace(LIVE, published=False) for number in range(1, 9)}
    held = conclude(replace(full(range(1, 11)), leaving=leaving), known, 5).sweep
    still = conclude(replace(full(range(1, 11), held), leaving=leaving), known, 9)
    assert (still.held, still.sweep.held_since) == (8, 5)
    passed = conclude(full(range(1, 11), still.sweep), known, 10)
    assert (passed.held, passed.sweep.held, passed.sweep.held_since) == (0, 0, None)


def test_a_person_may_release_one_sweep() -> None:
    known = copies(10)
    leaving = {str(number): replace(LIVE, published=False) for number in range(1, 9)}
    verdict = conclude(replace(full(range(1, 11)), leaving=leaving, released=True), known, 5)
    assert (verdict.held, set(verdict.leaving)) == (0, set(range(1, 9)))
    assert not verdict.sweep.released


def test_a_release_outlasts_an_open_sweep() -> None:
    sweep = replace(begin(Sweep("acme"), Scope.OPEN, 0), released=True, wants_full=True)
    assert conclude(sweep, {}, 0).sweep.released


def test_a_night_begins_at_two() -> None:
    swept = replace(begin(Sweep("acme"), Scope.FULL, MIDNIGHT + 3 * HOUR), scope=None)
    assert next_scope(swept, Scope.OPEN, MIDNIGHT + DAY + HOUR) is Scope.OPEN
    assert next_scope(swept, Scope.OPEN, MIDNIGHT + DAY + 2 * HOUR) is Scope.FULL
