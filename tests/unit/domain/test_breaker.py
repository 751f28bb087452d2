"""The circuit breaker: opened by outages in a row alone, closed by any answer, one canary at a time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placard.domain.breaker import (
    CANARY_LEASE,
    FIRST_OPENING,
    LONGEST_OPENING,
    MOST_FAILURES,
    Circuit,
    answer,
    fail,
    is_outage,
    send_canary,
)
from placard.domain.instants import HOUR, SECOND
from tests.fakes.clock import NOON


def fail_until_open(now: int = NOON) -> Circuit:
    circuit = Circuit()
    while circuit.closed:
        circuit = fail(circuit, now, 0.5)
    return circuit


@pytest.mark.parametrize(
    ("status", "outage"),
    [
        (None, True),
        (500, True),
        (503, True),
        (599, True),
        (429, False),
        (408, False),
        (404, False),
        (302, False),
        (200, False),
    ],
)
def test_only_what_the_portal_is_unavailable_for_counts(status: int | None, outage: bool) -> None:
    assert is_outage(status) is outage


def test_it_opens_at_the_last_of_the_failures_in_a_row() -> None:
    circuit = Circuit()
    for _ in range(MOST_FAILURES - 1):
        circuit = fail(circuit, NOON, 0.5)
        assert circuit.closed
        assert circuit.wait(NOON) == 0
    circuit = fail(circuit, NOON, 0.5)
    assert not circuit.closed
    assert FIRST_OPENING // 2 <= circuit.wait(NOON) <= FIRST_OPENING


def test_an_answer_in_between_begins_the_count_anew() -> None:
    circuit = Circuit()
    for _ in range(MOST_FAILURES * 3):
        circuit = answer(fail(circuit, NOON, 0.5))
    assert circuit == Circuit()


def test_one_canary_flies_and_the_others_wait_for_it() -> None:
    circuit = fail_until_open()
    now = circuit.open_until
    assert circuit.wait(now) == 0
    leased = send_canary(circuit, now)
    assert leased.wait(now) == CANARY_LEASE
    assert leased.wait(now + CANARY_LEASE) == 0, "one that never comes back holds up nobody for longer"


def test_a_canary_that_fails_opens_it_again_for_longer_up_to_some_minutes() -> None:
    circuit, now, openings = fail_until_open(), NOON, []
    for _ in range(12):
        openings.append(circuit.open_until - now)
        now = circuit.open_until
        circuit = fail(send_canary(circuit, now), now, 0.999999)
    # The first was drawn in the middle.
    assert openings[1:6] == pytest.approx(
        [FIRST_OPENING * 2**power for power in range(1, 5)] + [LONGEST_OPENING], rel=0.01
    )
    assert max(openings) <= LONGEST_OPENING
    assert circuit.opened_at == NOON


def test_calls_that_began_before_it_opened_and_fail_after_it_prolong_nothing() -> None:
    circuit = fail_until_open()
    assert fail(circuit, NOON + SECOND, 0.9) == circuit


def test_any_answer_closes_it_whoever_made_the_call() -> None:
    circuit = fail_until_open()
    for seen in (circuit, send_canary(circuit, circuit.open_until)):
        assert answer(seen) == Circuit(version=seen.version)


@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, HOUR), st.floats(0, 1, exclude_max=True)), max_size=60),
    st.sampled_from([1.0, 1 / 60]),
)
def test_whatever_happens_nobody_is_held_for_longer_than_the_longest_opening(
    story: list[tuple[bool, int, float]], scale: float
) -> None:
    circuit, now, in_a_row = Circuit(), NOON, 0
    for answered, pause, draw in story:
        now += pause
        if circuit.wait(now) == 0 and not circuit.closed:
            circuit = send_canary(circuit, now)
        circuit = answer(circuit) if answered else fail(circuit, now, draw, scale)
        in_a_row = 0 if answered else in_a_row + 1
        assert circuit.closed is (in_a_row < MOST_FAILURES)
        assert 0 <= circuit.wait(now) <= max(LONGEST_OPENING * scale, CANARY_LEASE)
