"""What every budget promises (design §3, `RATE#…`)."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor

import pytest

from placard.aws.budget import DynamoBudget
from placard.aws.table import Table
from placard.domain.budget import LONGEST_WAIT, Rate
from placard.domain.instants import HOUR, SECOND
from placard.ports import Budget
from tests.fakes import MemoryBudget
from tests.fakes.clock import NOON

FIVE = Rate(calls=5, burst=5)


@pytest.fixture(params=["memory", "dynamodb"])
def instances(request: pytest.FixtureRequest) -> tuple[Budget, Budget]:
    """Two instances of one hub."""
    if request.param == "memory":
        shared = MemoryBudget()
        return shared, shared
    table: Table = request.getfixturevalue("table")
    return DynamoBudget(table), DynamoBudget(table)


def test_instances_share_one_burst_and_come_back_one_by_one(instances: tuple[Budget, Budget]) -> None:
    waits = [instances[number % 2].take("olx", FIVE, NOON) for number in range(12)]
    assert waits == [0] * 5 + [200 * number for number in range(1, 8)]
    assert [instances[number % 2].take("olx", FIVE, NOON + wait) for number, wait in enumerate(waits[5:])] == [0] * 7


def test_what_is_not_used_is_not_saved_beyond_a_burst(instances: tuple[Budget, Budget]) -> None:
    for now in (NOON, NOON + HOUR, NOON + 2 * HOUR):
        assert sum(instances[number % 2].take("olx", FIVE, now) == 0 for number in range(9)) == 5


def test_a_call_that_is_owed_is_made_and_paid_for_later(instances: tuple[Budget, Budget]) -> None:
    one, other = instances
    assert [one.take("olx", FIVE, NOON, owed=True) for _ in range(20)] == [0] * 20
    assert other.take("olx", FIVE, NOON + 3 * SECOND) > 0
    assert other.take("olx", FIVE, NOON + 3 * SECOND + FIVE.share) == 0


def test_no_wait_is_longer_than_the_longest(instances: tuple[Budget, Budget]) -> None:
    slow = Rate(calls=1, burst=1)
    waits = [instances[number % 2].take("slow", slow, NOON) for number in range(303)]
    assert waits == [SECOND * number for number in range(300 + 1)] + [LONGEST_WAIT] * 2


def test_budgets_are_apart(instances: tuple[Budget, Budget]) -> None:
    one, other = instances
    while not one.take("spotahome/a", FIVE, NOON):
        pass
    assert other.take("spotahome/b", FIVE, NOON) == 0


def test_customers_share_one_budget_and_nobody_waits_behind_anothers_many(instances: tuple[Budget, Budget]) -> None:
    waits = [instances[number % 2].take("olx", FIVE, NOON, customer="big") for number in range(100)]
    assert waits[:5] == [0] * 5
    # What an instance has not seen yet makes a place a little nearer or farther, never another customer's wait longer.
    assert 14 * SECOND <= waits[-1] <= 20 * SECOND
    assert all(instances[number % 2].take("olx", FIVE, NOON, customer="small") < 3 * SECOND for number in range(4))
    assert instances[0].take("olx", FIVE, NOON, customer="big") >= 14 * SECOND


def test_many_at_once_get_no_more_than_a_burst(table: Table) -> None:
    budgets = [DynamoBudget(table) for _ in range(5)]
    with ThreadPoolExecutor(len(budgets)) as pool:
        taken = list(pool.map(lambda number: budgets[number % 5].take("olx", FIVE, NOON), range(40)))
    assert taken.count(0) == 5
    assert all(0 <= wait <= LONGEST_WAIT for wait in taken)
    assert budgets[0].take("olx", FIVE, NOON + HOUR) == 0


def test_a_call_is_one_write_and_a_known_refusal_costs_none_but_its_place(
    table: Table, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="werkzeug")

    def count(budget: DynamoBudget, now: int, *, taken: bool) -> int:
        before = len(caplog.records)
        assert (budget.take("olx", FIVE, now) == 0) is taken
        return sum(record.name == "werkzeug" for record in caplog.records[before:])

    budget = DynamoBudget(table)
    assert [count(budget, NOON, taken=True) for _ in range(5)] == [1] * 5
    assert count(budget, NOON, taken=False) == 1
    assert count(DynamoBudget(table), NOON, taken=False) <= 3, "an instance that has seen nothing yet"
