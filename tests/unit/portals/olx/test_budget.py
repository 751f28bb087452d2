"""The hub's own cap at OLX (contracts/olx.md §6, 429): five calls a second, whoever makes them."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from placard import bootstrap
from placard.aws.settings import Settings
from placard.domain.answers import Result
from placard.domain.budget import Rate
from placard.domain.errors import BudgetSpentError, PortalUnavailableError, StoreUnavailableError
from placard.domain.events import Operation
from placard.domain.instants import SECOND
from placard.portals.olx.manifest import POLICY, RATE
from placard.portals.olx.publisher import MOST_PAGES, PAGE, OlxPublisher
from placard.ports import Budget
from tests.fakes import FakeClock, MemoryBudget, MemoryCircuits
from tests.unit.portals.olx.stage import make_body, make_vault
from tests.unit.portals.olx.told import row
from tests.unit.portals.scene import CUSTOMER, Portal, answer_of, make_call, make_classified

TAKEN = answer_of("olx/response_advert_put_202.json")
GRANTED = answer_of("olx/response_token_200.json")
EXPIRED = answer_of("olx/response_error_403_expired_token.json")


class Hub:
    """Instances of one hub, each with its own publisher, at one portal and on one budget."""

    def __init__(
        self, *answers: httpx.Response, budget: Budget | None = None, scale: float = 1.0, **token: Any
    ) -> None:
        self.clock, self.portal = FakeClock(), Portal(*answers)
        self.budget = budget or MemoryBudget()
        vault = make_vault(self.clock, **token)
        self.publishers = [
            OlxPublisher(
                "https://api.olxgroup.com",
                vault,
                self.clock,
                time_scale=scale,
                client=self.portal.client,
                budget=self.budget,
            )
            for _ in range(5)
        ]

    def send(self, number: int = 0) -> Any:
        return self.publishers[number % 5].send(make_call(Operation.PUT, "imovirtual", make_body(), {}))

    def spend(self) -> None:
        """Use up what there is."""
        while not self.budget.take("olx", RATE, self.clock.now(), customer=CUSTOMER):
            pass


@row("§6 429")
def test_the_cap_is_five_calls_a_second_for_the_app() -> None:
    assert POLICY.rate == RATE == Rate(calls=5, burst=5)
    assert POLICY.scaled(1 / 60).rate == RATE, "a portal's patience does not scale"


@row("§6 429")
@pytest.mark.parametrize("scale", [1.0, 1 / 60])
def test_a_call_over_the_cap_is_not_sent_and_waits_without_a_fault(scale: float) -> None:
    hub = Hub(TAKEN, scale=scale)
    for number in range(5):
        assert hub.send(number).result is Result.ACCEPTED
    with pytest.raises(BudgetSpentError) as caught:
        hub.send(5)
    assert (caught.value.taken, caught.value.throttled, caught.value.wait) == (False, True, 200)
    assert len(hub.portal.requests) == 5
    hub.clock.advance(200)
    assert hub.send(6).result is Result.ACCEPTED


def test_a_token_that_must_be_renewed_first_waits_too() -> None:
    hub = Hub(GRANTED, TAKEN, expires_at=0)
    hub.spend()
    with pytest.raises(BudgetSpentError):
        hub.send()
    assert hub.portal.requests == []
    hub.clock.advance(RATE.share)
    assert hub.send(1).result is Result.ACCEPTED, "what waited holds no lease that another instance would wait for"


def test_what_follows_in_the_same_operation_is_made_and_owed() -> None:
    hub = Hub(EXPIRED, GRANTED, TAKEN)
    hub.spend()
    hub.clock.advance(RATE.share)
    assert hub.send().result is Result.ACCEPTED
    assert len(hub.portal.requests) == 3, "one call was paid for, two are owed"
    hub.clock.advance(2 * RATE.share)
    with pytest.raises(BudgetSpentError):
        hub.send()
    hub.clock.advance(RATE.share)
    assert hub.send().result is Result.ACCEPTED


def test_a_list_of_many_pages_comes_to_its_end_on_a_busy_day() -> None:
    pages = [
        httpx.Response(200, json={"data": [{"uuid": f"u-{page}-{number}"} for number in range(PAGE)]})
        for page in range(MOST_PAGES)
    ]
    hub = Hub(*pages)
    hub.spend()
    hub.clock.advance(RATE.share)
    assert hub.publishers[0].search(make_classified(make_body()), "imovirtual") == ()
    assert len(hub.portal.requests) == MOST_PAGES
    hub.clock.advance(3 * SECOND)
    with pytest.raises(BudgetSpentError):
        hub.send()


def test_a_budget_that_cannot_be_asked_sends_nothing() -> None:
    class Down:
        def take(self, name: str, rate: Rate, now: int, *, customer: str = "", owed: bool = False) -> int:
            raise StoreUnavailableError("down")

    hub = Hub(TAKEN, budget=Down())
    with pytest.raises(PortalUnavailableError) as caught:
        hub.send()
    assert not caught.value.taken
    assert hub.portal.requests == []


def test_the_hub_as_it_runs_asks_the_budget() -> None:
    clock, budget = FakeClock(), MemoryBudget()
    while not budget.take(POLICY.provider, RATE, clock.now(), customer=CUSTOMER):
        pass
    settings = Settings({"OLX_BASE_URL": "https://api.olxgroup.invalid", "TIME_SCALE": "1"})
    parts = {"budget": budget, "circuit_store": MemoryCircuits()}
    bootstrap.use(settings=settings, clock=clock, credentials=make_vault(clock), **parts)
    try:
        with pytest.raises(BudgetSpentError):
            bootstrap.provider("olx").publisher.send(make_call(Operation.PUT, "imovirtual", make_body(), {}))
    finally:
        bootstrap.use()
