"""Contract §6: at most two requests a second for an account, whoever makes them: deliveries, pushes and sweeps."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from placard import bootstrap
from placard.aws.settings import Settings
from placard.domain.answers import Result
from placard.domain.budget import Rate
from placard.domain.errors import BudgetSpentError
from placard.domain.events import Operation
from placard.portals.spotahome.manifest import POLICY
from placard.portals.spotahome.publisher import SpotahomePublisher
from tests.fakes import FakeClock, MemoryBudget, MemoryCircuits, MemoryVault
from tests.unit.portals.scene import CUSTOMER, Portal, make_call, make_classified
from tests.unit.portals.spotahome.stage import (
    ACCOUNTS,
    BASE,
    CREATE,
    CREATED,
    LOGIN,
    OWNER,
    make_body,
    make_poller,
    make_publisher,
    make_vault,
    page_of,
    process,
    properties,
)

SHARE = 500
# A property that was taken off is over: the look before a creation asks for its processes.
LOOKED = (properties(p1=False), page_of(process("cancelled", property_id="p1")))


class Hub:
    """A publisher and a poller of one account, as two instances of a hub have them, on one budget."""

    def __init__(self, *answers: httpx.Response) -> None:
        self.clock, self.portal, self.budget = FakeClock(), Portal(*answers), MemoryBudget()
        self.vault = make_vault(self.clock)
        self.publisher = make_publisher(self.portal, self.clock, self.vault, self.budget)
        self.poller = make_poller(self.portal, self.clock, self.vault, self.budget)

    def sweep(self) -> None:
        self.poller.page(CUSTOMER, 1)

    def create(self) -> Any:
        classified = make_classified(make_body())
        assert self.publisher.search(classified, "spotahome") == ()
        rendering = self.publisher.render(classified, "spotahome")
        return self.publisher.send(make_call(Operation.POST, "spotahome", make_body(), rendering.payload))


def test_the_cap_is_two_calls_a_second() -> None:
    assert POLICY.rate == Rate(calls=2, burst=2)
    assert POLICY.scaled(1 / 60).rate == POLICY.rate, "a portal's patience does not scale"


def test_a_sweep_and_a_delivery_share_it() -> None:
    hub = Hub(page_of())
    hub.sweep()
    hub.sweep()
    for call in (hub.sweep, hub.create, lambda: hub.poller.cancel(CUSTOMER, 7)):
        with pytest.raises(BudgetSpentError):
            call()
    assert len(hub.portal.requests) == 2
    hub.clock.advance(SHARE)
    hub.sweep()


def test_each_account_has_its_own() -> None:
    hub = Hub(page_of())
    login = {**LOGIN, "owner_id": OWNER}
    others = MemoryVault(hub.clock, {ACCOUNTS.replace(CUSTOMER, "another"): {"main": login}})
    hub.sweep()
    hub.sweep()
    portal = Portal(httpx.Response(201, json={"token": "aa.bb.cc"}), page_of())
    make_poller(portal, hub.clock, others, hub.budget).page("another", 1)
    assert portal.paths == ["POST /authentications", "GET /listing-processes"]


def test_a_creation_has_paid_with_the_look_before_it() -> None:
    """However much the look takes: it would else begin anew each time, and the creation never come to its turn."""
    hub = Hub(*LOOKED, CREATED)
    assert hub.create().result is Result.ACCEPTED
    with pytest.raises(BudgetSpentError) as caught:
        hub.sweep()
    assert (caught.value.taken, caught.value.wait) == (False, 2 * SHARE)


def test_the_hub_as_it_runs_asks_the_budget() -> None:
    clock, budget = FakeClock(), MemoryBudget()
    settings = Settings({"SPOTAHOME_BASE_URL": BASE, "SPOTAHOME_CREATE_URL": CREATE, "TIME_SCALE": "1"})
    assert POLICY.rate is not None
    while not budget.take(f"spotahome/{CUSTOMER}/main", POLICY.rate, clock.now()):
        pass
    parts = {"budget": budget, "circuit_store": MemoryCircuits()}
    bootstrap.use(settings=settings, clock=clock, credentials=make_vault(clock), **parts)
    try:
        publisher = bootstrap.provider("spotahome").publisher
        assert isinstance(publisher, SpotahomePublisher)
        with pytest.raises(BudgetSpentError):
            publisher.search(make_classified(make_body()), "spotahome")
        with pytest.raises(BudgetSpentError):
            bootstrap.poller("spotahome").page(CUSTOMER, 1)
    finally:
        bootstrap.use()
