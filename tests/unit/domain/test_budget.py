"""The budget of calls: never more than its rate and one burst, nobody waits in vain, nobody twice in one place."""

from __future__ import annotations

import random

import pytest

from placard.domain.budget import LONGEST_WAIT, Rate
from placard.domain.instants import HOUR, SECOND
from tests.fakes import MemoryBudget
from tests.fakes.clock import NOON

FIVE = Rate(calls=5, burst=5)


def count_most(made: list[int], span: int) -> int:
    """The most calls in any stretch of time of this length."""
    return max(sum(1 for other in made if one <= other < one + span) for one in made)


@pytest.mark.parametrize("rate", [FIVE, Rate(2, 2), Rate(10, 1), Rate(1, 3)])
@pytest.mark.parametrize("seed", range(10))
def test_no_stretch_of_time_holds_more_than_its_share_and_a_burst(rate: Rate, seed: int) -> None:
    chance, budget = random.Random(seed), MemoryBudget()  # noqa: S311 - the same seed, the same story
    now, made = NOON, []
    for _ in range(600):
        now += chance.choice((0, 1, 7, 40, 90, 400))
        if budget.take("olx", rate, now) == 0:
            made.append(now)
    for seconds in (1, 2, 5, 20):
        assert count_most(made, seconds * SECOND) <= rate.calls * seconds + rate.burst


def test_after_a_pause_a_burst_is_there_and_no_more() -> None:
    budget = MemoryBudget()
    for now in (NOON, NOON + HOUR):
        waits = [budget.take("olx", FIVE, now) for _ in range(8)]
        assert waits[:5] == [0] * 5
        assert all(waits[5:])


def test_those_who_wait_come_back_one_by_one_and_each_finds_a_place() -> None:
    budget = MemoryBudget()
    waits = [budget.take("olx", FIVE, NOON) for _ in range(105)]
    places = [wait for wait in waits if wait]
    assert places == [200 * number for number in range(1, 101)]
    assert [budget.take("olx", FIVE, NOON + place) for place in places] == [0] * 100


def test_nobody_is_sent_away_for_longer_than_the_longest_wait() -> None:
    budget = MemoryBudget()
    waits = [budget.take("olx", FIVE, NOON) for _ in range(5000)]
    assert max(waits) == LONGEST_WAIT
    assert all(wait <= LONGEST_WAIT for wait in waits)


def test_a_call_that_is_owed_is_made_and_paid_for_by_the_next_ones() -> None:
    budget = MemoryBudget()
    assert [budget.take("olx", FIVE, NOON, owed=True) for _ in range(20)] == [0] * 20
    # 15 more than a burst are owed: three seconds' worth.
    assert budget.take("olx", FIVE, NOON + 3 * SECOND) > 0
    assert budget.take("olx", FIVE, NOON + 3 * SECOND + FIVE.share) == 0


def test_budgets_are_apart() -> None:
    budget = MemoryBudget()
    while not budget.take("spotahome/a", Rate(2, 2), NOON):
        pass
    assert budget.take("spotahome/b", Rate(2, 2), NOON) == 0
