"""Sweeps of 5,000 processes against the table over the wire: exact after two, and what they write is what changed."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

import pytest

from placard.aws.engine import Limits
from placard.aws.processes import DynamoProcessStore
from placard.aws.publications import DynamoPublicationStore
from placard.aws.table import Table
from placard.domain.instants import MINUTE
from placard.domain.sweep import Scope
from placard.ports import Link, Row
from placard.use_cases.poll_spotahome import PollSpotahome
from tests.fakes import FakeClock, MemoryVault
from tests.fakes.clock import NOON
from tests.fakes.played_spotahome import PlayedSpotahome, unavailable

ACME = "acme"
COUNT = 5_000
STATES = ("waitingProperty", "waitingContent", "propertyVerified", "propertyUnverified", "cancelled")
WRITES = {"put_item", "update_item", "transact_write"}
# The lease on an account and the end of a sweep.
OF_THE_SWEEP = 2


# moto reads a thousand items a second; the limit of the table's own clients is DynamoDB's affair.
SLOWLY = Limits(connect=1.0, read=30.0, attempts=1)


class CountingTable(Table):
    """A table that keeps the sort keys of what is written, and how often each call is made."""

    def __init__(self, name: str) -> None:
        super().__init__(name, SLOWLY)
        self.calls: Counter[str] = Counter()
        self.written: list[str] = []

    def _call(self, operation: str, *arguments: Any, **options: Any) -> Any:
        self.calls[operation] += 1
        if operation in WRITES:
            self.written.append(arguments[1]["sk"])
        return super()._call(operation, *arguments, **options)

    def take(self) -> Counter[str]:
        """Return how often each sort of item was written since the last time."""
        taken, self.written = self.written, []
        return Counter(key.partition("#")[0] for key in taken)


@dataclass
class Account:
    """5,000 processes at a played Spotahome, and the hub's table."""

    clock: FakeClock
    portal: PlayedSpotahome
    table: CountingTable
    poll: PollSpotahome

    def sweep(self) -> None:
        """Sweep everything, in as many calls as it takes."""
        self.clock.advance(MINUTE)
        assert self.poll(Scope.FULL).failed == ()

    def copy(self) -> dict[int, tuple[str, str | None, str | None]]:
        found = DynamoProcessStore(Table(self.table.name, SLOWLY)).load_all(ACME)
        assert not any(one.impossible for one in found)
        return {
            one.process_id: (one.facts.state, one.facts.property_id, one.facts.agent_id)
            for one in found
            if not one.vanished
        }

    def list(self) -> dict[int, tuple[str, str | None, str | None]]:
        rows = self.portal.rows.values()
        return {row.process_id: (row.state, row.property_id, row.agent_id) for row in rows}


@pytest.fixture
def account(table: Table) -> Account:
    clock = FakeClock()
    portal = PlayedSpotahome(clock)
    for number in range(1, COUNT + 1):
        state = STATES[number % 5]
        property_id = None if state == "waitingProperty" else f"property-{number}"
        portal.rows[number] = Row(number, state, f"ABC{number}-01", "account", property_id)
        if property_id is not None:
            portal.visible[property_id] = state == "propertyVerified"
    counting = CountingTable(table.name)
    vault = MemoryVault(clock, {f"spotahome/accounts/{ACME}": {"main": {}}})
    stores = DynamoProcessStore(counting), DynamoPublicationStore(counting, clock, 400)
    return Account(clock, portal, counting, PollSpotahome(portal, *stores, vault, clock))


def make_restless(portal: PlayedSpotahome) -> None:
    """Fail every 20th request, and before each one let a row slip to another place in the list."""
    chance = random.Random(6)  # noqa: S311 - the same list on every run
    portal.order = sorted(portal.rows)
    chance.shuffle(portal.order)

    def before(request: int) -> None:
        assert portal.order is not None
        moved = portal.order.pop(chance.randrange(len(portal.order)))
        portal.order.insert(chance.randrange(len(portal.order) + 1), moved)
        unavailable(request, 20)

    portal.before = before


@pytest.mark.timeout(300)  # most of it is moto writing 5,000 items
def test_two_sweeps_of_a_list_that_shifts_and_fails_are_exact_and_a_third_writes_what_changed(account: Account) -> None:
    links = DynamoPublicationStore(Table(account.table.name), account.clock, 400)
    for number in (1, 7):
        links.write_link(Link("spotahome", f"property-{number}", f"classified-{number}", "spotahome", ACME, NOON))
    make_restless(account.portal)
    account.sweep()
    account.sweep()
    assert account.copy() == account.list()
    assert account.table.take() == {"PROCESS": COUNT, "EVENT": 2, "SWEEP": 2 * OF_THE_SWEEP}

    portal = account.portal
    portal.list(replace(portal.rows[number], state="propertyVerified") for number in range(1, 500, 5))
    portal.list(replace(portal.rows[number], agent_id="agent") for number in range(2, 100, 5))
    portal.visible |= {f"property-{number}": True for number in range(1, 500, 5)}
    portal.order, portal.before = None, lambda request: None
    calls = account.table.calls.copy()
    account.sweep()
    assert account.copy() == account.list()
    assert account.table.take() == {"PROCESS": 120, "EVENT": 1, "SWEEP": OF_THE_SWEEP}
    reads = account.table.calls - calls
    assert reads["get_item"] == 1, "where the sweeps stand"
    assert reads["batch_get"] <= COUNT / 100, "a page's adverts at once"
