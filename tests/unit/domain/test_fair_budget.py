"""Customers who share a budget: many calls of one delay nobody's few, nothing is wasted, the cap holds."""

from __future__ import annotations

import heapq
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placard.domain.budget import LANES, LONGEST_WAIT, SPARE, Rate, lanes_of
from placard.domain.instants import MINUTE, SECOND
from tests.fakes import MemoryBudget
from tests.fakes.clock import NOON

FIVE = Rate(calls=5, burst=5)
# What five instances can look at: a look that is told to wait takes them about 30 ms.
LOOK = 6


@dataclass
class Rush:
    """Looks at listings, one after the other. Who is told to wait comes back after whole seconds, as a queue delays."""

    rate: Rate = FIVE
    budget: MemoryBudget = field(default_factory=MemoryBudget)
    paid: list[tuple[int, str, int]] = field(default_factory=list)
    looks: Counter[str] = field(default_factory=Counter)
    _waiting: list[tuple[int, int, str, int]] = field(default_factory=list)
    _order: count[int] = field(default_factory=count)

    def add(self, customer: str, listings: int, at: int = 0) -> None:
        for _ in range(listings):
            heapq.heappush(self._waiting, (NOON + at, next(self._order), customer, NOON + at))

    def run(self) -> None:
        """Look until every listing has been called for; `paid` has when, whose, and after what wait."""
        now = NOON
        while self._waiting:
            at, _, customer, since = heapq.heappop(self._waiting)
            now = max(now + LOOK, at)
            self.looks[customer] += 1
            wait = self.budget.take("olx", self.rate, now, customer=customer)
            if wait == 0:
                self.paid.append((now, customer, now - since))
            else:
                assert wait <= LONGEST_WAIT
                heapq.heappush(self._waiting, (now + -(-wait // SECOND) * SECOND, next(self._order), customer, since))

    def waits(self, customer: str) -> list[int]:
        return [wait for _, one, wait in self.paid if one == customer]

    def ended(self, customer: str) -> int:
        return max(at for at, one, _ in self.paid if one == customer) - NOON


def apart(number: int, *others: str) -> str:
    """A customer's name; one that shares all lanes with another's would stand behind it."""
    taken = [set(lanes_of(other)) for other in others]
    return next(name for n in count() if set(lanes_of(name := f"customer-{number}-{n}")) not in taken)


def count_most(paid: list[int], span: int) -> int:
    """The most calls in any stretch of time of this length."""
    return max(bisect_left(paid, at + span) - place for place, at in enumerate(paid))


@pytest.mark.parametrize("seed", range(3))
def test_ten_thousand_listings_of_one_customer_delay_anothers_one_by_a_few_seconds(seed: int) -> None:
    rush = Rush()
    rush.add("big", 10_000)
    small = [apart(seed * 100 + number, "big") for number in range(40)]
    for number, customer in enumerate(small):
        rush.add(customer, 1, at=61 * SECOND + number * (47 * SECOND + 137) + seed * 311)
    rush.run()
    assert max(wait for customer in small for wait in rush.waits(customer)) <= 3 * SECOND
    assert rush.ended("big") <= 10_040 * FIVE.share * 1.1, "what others leave is used"
    assert rush.looks["big"] <= 6 * 10_000, "and not by asking again and again"
    paid = [at for at, _, _ in rush.paid]
    for seconds in (1, 2, 5, 60):
        assert count_most(paid, seconds * SECOND) <= FIVE.calls * seconds + FIVE.burst + SPARE


def test_customers_who_come_at_once_have_a_turn_each_before_anybody_has_many() -> None:
    rush = Rush()
    rush.add("big", 5_000)
    small = [apart(number, "big") for number in range(20)]
    for customer in small:
        rush.add(customer, 3, at=100 * SECOND)
    rush.run()
    # 60 calls beside the big customer's are 12 s of the budget, were they alone.
    assert max(wait for customer in small for wait in rush.waits(customer)) <= 60 * SECOND


def test_two_customers_with_thousands_each_share_alike() -> None:
    rush, other = Rush(), apart(0, "one")
    rush.add("one", 3_000)
    rush.add(other, 3_000, at=30 * SECOND)
    rush.run()
    half = [customer for at, customer, _ in rush.paid if 5 * MINUTE < at - NOON < 15 * MINUTE]
    assert half.count(other) == pytest.approx(half.count("one"), rel=0.35)


def test_alone_a_customer_has_the_whole_rate_and_one_burst_and_places_in_a_row() -> None:
    budget = MemoryBudget()
    waits = [budget.take("olx", FIVE, NOON, customer="one") for _ in range(25)]
    assert waits == [0] * 5 + [FIVE.share * number for number in range(1, 21)]
    assert [budget.take("olx", FIVE, NOON + wait, customer="one") for wait in waits[5:]] == [0] * 20


@given(st.lists(st.tuples(st.integers(0, 400), st.sampled_from("abcdefgh"), st.booleans()), max_size=150))
def test_whoever_calls_the_cap_holds_and_no_wait_is_longer_than_the_longest(
    story: list[tuple[int, str, bool]],
) -> None:
    budget, now, paid = MemoryBudget(), NOON, []
    for pause, customer, owed in story:
        now += pause
        wait = budget.take("olx", FIVE, now, customer=customer)
        assert 0 <= wait <= LONGEST_WAIT
        if wait == 0:
            paid.append(now)
        # What is owed goes beyond the cap, and is not counted here, but paid for by whoever comes next.
        elif owed:
            assert budget.take("olx", FIVE, now, customer=customer, owed=True) == 0
    for seconds in (1, 2, 5) if paid else ():
        assert count_most(paid, seconds * SECOND) <= FIVE.calls * seconds + FIVE.burst + SPARE


@given(st.text(min_size=1))
def test_a_customer_has_three_lanes_of_its_own_name(customer: str) -> None:
    own = set(lanes_of(customer))
    assert len(own) == 3
    assert own <= {f"booked_{number}" for number in range(LANES)}


def test_hardly_anybody_shares_all_lanes_with_busy_customers() -> None:
    customers = [set(lanes_of(f"customer-{number}")) for number in range(20_000)]
    assert sum(own <= set(lanes_of("big")) for own in customers) <= 5
    five = set().union(*(lanes_of(f"big-{number}") for number in range(5)))
    assert sum(own <= five for own in customers) < 20_000 // 30


def test_the_marks_of_all_lanes_are_one_write() -> None:
    marks = {name: NOON for number in range(5_000) for name in lanes_of(f"customer-{number}")}
    assert len(marks) == LANES
    # A number takes a byte for two digits and one more (DynamoDB developer guide, "Item sizes").
    assert sum(len(name) + len(str(mark)) // 2 + 2 for name, mark in (marks | {"paid": NOON}).items()) < 1024 - 50
