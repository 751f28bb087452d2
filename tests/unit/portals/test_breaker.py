"""The breaker around the calls of two instances: what it costs, whom it holds, what it tells."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress

import httpx
import pytest

from placard import bootstrap
from placard.aws.settings import Settings
from placard.domain.breaker import CANARY_LEASE, FIRST_OPENING, LONGEST_OPENING, MOST_FAILURES, Circuit
from placard.domain.budget import Rate
from placard.domain.errors import CircuitOpenError, PortalUnavailableError, StoreUnavailableError
from placard.domain.instants import HOUR, MINUTE, SECOND
from placard.portals.base import Allowance, Turn, Wire
from placard.portals.breaker import VIEW, Breaker
from tests.fakes import FakeClock, MemoryBudget, MemoryCircuits
from tests.unit.portals.aviv import stage as aviv
from tests.unit.portals.casita import stage as casita
from tests.unit.portals.contract import EVERYONE, stage_of
from tests.unit.portals.olx import stage as olx
from tests.unit.portals.scene import CUSTOMER, make_classified
from tests.unit.portals.spotahome import stage as spotahome

# The settings of a hub as it runs, and the account of the suite's customer at each provider.
SETTINGS = {
    "OLX_BASE_URL": "https://api.olxgroup.com",
    "AVIV_BASE_URL": aviv.BASE,
    "AVIV_TOKEN_URL": aviv.TOKEN_URL,
    "AVIV_RECEIVER_URL": aviv.RECEIVER,
    "AVIV_RULES": "{}",
    "SPOTAHOME_BASE_URL": spotahome.BASE,
    "SPOTAHOME_CREATE_URL": spotahome.CREATE,
    "CASITA_BASE_URL": "https://api.casita.test",
    "TIME_SCALE": "1",
}
VAULTS = {
    "olx": olx.make_vault,
    "aviv": aviv.make_vault,
    "spotahome": spotahome.make_vault,
    "casita": casita.make_vault,
}
ACCOUNTS = {
    "olx": f"{CUSTOMER}/imovirtual/main",
    "aviv": CUSTOMER,
    "spotahome": f"{CUSTOMER}/main",
    "casita": CUSTOMER,
}
ACCOUNT = "acme/imovirtual/main"
URL = "https://portal.invalid/adverts"
Answer = Callable[[httpx.Request], httpx.Response]


class Hub:
    """Instances of one hub at a portal that answers as `answer` says."""

    def __init__(self, instances: int = 2) -> None:
        self.clock, self.circuits, self.budget = FakeClock(), MemoryCircuits(), MemoryBudget()
        self.status: int | None = 200
        self.sent = 0
        client = httpx.Client(transport=httpx.MockTransport(self._answer))
        self.wires = [
            Wire(self.clock, client, breaker=Breaker(self.circuits, self.clock, "olx")) for _ in range(instances)
        ]

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.sent += 1
        if self.status is None:
            raise httpx.ReadTimeout("silence", request=request)
        return httpx.Response(self.status, json={})

    def call(self, number: int = 0, account: str = ACCOUNT) -> int:
        """Call, and return the status."""
        return self.wires[number].call("GET", URL, account=account).status

    def fail(self, times: int, number: int = 0) -> None:
        for _ in range(times):
            with pytest.raises(PortalUnavailableError):
                self.call(number)

    def held(self, number: int = 0) -> int:
        """The wait of a call that is not made."""
        before = self.sent
        with pytest.raises(CircuitOpenError) as caught:
            self.call(number)
        assert self.sent == before
        assert not caught.value.taken
        assert caught.value.throttled, "burns no try"
        assert caught.value.wait is not None
        return caught.value.wait


@pytest.fixture
def hub() -> Hub:
    return Hub()


def test_while_all_is_well_a_call_costs_nothing(hub: Hub) -> None:
    for _ in range(100):
        assert hub.call() == 200
    assert (hub.circuits.loads, hub.circuits.saves) == (1, 0)
    hub.clock.advance(VIEW)
    hub.call()
    assert (hub.circuits.loads, hub.circuits.saves) == (2, 0), "once a minute"


@pytest.mark.parametrize("status", [None, 500, 503])
def test_outages_in_a_row_hold_the_accounts_calls_in_every_instance(hub: Hub, status: int | None) -> None:
    hub.status = status
    for number in range(MOST_FAILURES):
        hub.fail(1, number % 2)
    assert 0 < hub.held(0) <= 2 * FIRST_OPENING
    hub.fail(1, 1)  # had heard of one failure less
    assert 0 < hub.held(1) <= 2 * FIRST_OPENING
    assert hub.sent == MOST_FAILURES + 1


def test_an_instance_that_has_not_heard_of_it_calls_once_more_at_the_most(hub: Hub) -> None:
    hub.call(1)
    hub.status = 503
    hub.fail(MOST_FAILURES, 0)
    hub.fail(1, 1)
    hub.held(1)


def test_an_instance_that_starts_while_it_is_open_calls_nobody(hub: Hub) -> None:
    hub.status = 503
    hub.fail(MOST_FAILURES, 0)
    hub.held(1)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 409, 422, 429])
def test_no_4xx_opens_it_and_each_begins_the_count_anew(hub: Hub, status: int) -> None:
    for _ in range(MOST_FAILURES):
        hub.status = 503
        hub.fail(MOST_FAILURES - 1)
        hub.status = status
        try:
            hub.call()
        except PortalUnavailableError as error:
            assert error.status_code in (408, 429)
        assert hub.circuits.load("olx", ACCOUNT).untroubled


def test_accounts_and_providers_are_apart(hub: Hub) -> None:
    hub.status = 503
    hub.fail(MOST_FAILURES)
    hub.status = 200
    assert hub.call(account="acme/imovirtual/second") == 200
    other = Breaker(hub.circuits, hub.clock, "aviv")
    other.refuse(ACCOUNT)


def test_one_canary_flies_and_its_answer_lets_everybody_through(hub: Hub, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="placard")
    hub.status = 503
    hub.fail(MOST_FAILURES)
    hub.held(1)
    hub.status = 200
    hub.clock.advance(FIRST_OPENING)
    canary, other = hub.wires[0].breaker, hub.wires[1].breaker
    assert canary is not None
    assert other is not None
    with canary.guard(ACCOUNT):
        assert hub.held(1) >= CANARY_LEASE
    hub.clock.advance(CANARY_LEASE)
    assert [hub.call(0), hub.call(1)] == [200, 200]
    levels = [
        (record.levelname, record.getMessage()) for record in caplog.records if record.name == "placard.portals.breaker"
    ]
    assert levels == [
        ("WARNING", "a portal does not answer; the account's calls are held"),
        ("INFO", "the portal answers again"),
    ]


def test_two_that_want_to_be_the_canary_at_once_are_told_apart_by_the_store(hub: Hub) -> None:
    hub.status = 503
    hub.fail(MOST_FAILURES)
    hub.held(1)
    hub.clock.advance(FIRST_OPENING)
    first, second = hub.wires[0].breaker, hub.wires[1].breaker
    assert first is not None
    assert second is not None
    # Both have just seen that it is time.
    first.refuse(ACCOUNT)
    second.refuse(ACCOUNT)
    with first.guard(ACCOUNT), pytest.raises(CircuitOpenError), second.guard(ACCOUNT):
        raise AssertionError("a second canary")


def test_a_canary_that_dies_holds_nobody_up_for_longer_than_its_lease(hub: Hub) -> None:
    hub.status = 503
    hub.fail(MOST_FAILURES)
    hub.clock.advance(FIRST_OPENING)
    breaker = hub.wires[0].breaker
    assert breaker is not None
    with pytest.raises(KeyboardInterrupt), breaker.guard(ACCOUNT):
        raise KeyboardInterrupt
    hub.held(1)
    hub.clock.advance(CANARY_LEASE)
    hub.status = 200
    assert hub.call(1) == 200


def test_a_portal_that_is_down_for_hours_is_asked_ever_more_rarely_and_alarms_once(
    hub: Hub, caplog: pytest.LogCaptureFixture
) -> None:
    hub.status, end = None, hub.clock.now() + 4 * HOUR
    while hub.clock.now() < end:
        try:
            hub.call(hub.sent % 2)
        except PortalUnavailableError as error:
            hub.clock.advance(error.wait or SECOND)
    assert hub.sent < MOST_FAILURES + 6 + 4 * HOUR // (LONGEST_OPENING // 2)
    assert [record.levelname for record in caplog.records if record.name == "placard.portals.breaker"] == ["WARNING"]


def test_those_who_wait_for_hours_come_back_one_after_the_other(hub: Hub) -> None:
    hub.status, began = 503, hub.clock.now()
    hub.fail(MOST_FAILURES)
    soon = max(hub.held() for _ in range(200))
    while hub.clock.now() < began + 4 * HOUR:
        try:
            hub.call()
        except PortalUnavailableError as error:
            hub.clock.advance(error.wait or SECOND)
    with suppress(PortalUnavailableError):
        hub.call()
    waits = sorted(hub.held() for _ in range(200))
    assert soon <= 2 * FIRST_OPENING, "at first at once"
    assert waits[-1] <= LONGEST_OPENING + HOUR
    assert waits[150] - waits[50] > 10 * MINUTE, "after four hours within half an hour, not all of them at once"


def test_what_is_held_takes_nothing_of_the_budget_that_others_share(hub: Hub) -> None:
    rate = Rate(1, 1)

    def turn() -> Turn:
        return Turn(hub.wires[0], Allowance(hub.budget, "olx", rate))

    hub.status = 503
    hub.fail(MOST_FAILURES)
    for _ in range(3):
        with pytest.raises(CircuitOpenError):
            turn().call("GET", URL, account=ACCOUNT)
    hub.status = 200
    assert turn().call("GET", URL, account="other/imovirtual/main").status == 200


class Silent:
    """A table that does not answer."""

    def load(self, provider: str, account: str) -> Circuit:
        raise StoreUnavailableError("down")

    def save(self, provider: str, account: str, circuit: Circuit) -> Circuit:
        raise StoreUnavailableError("down")


def test_a_table_that_does_not_answer_holds_nobody_up_and_hides_no_answer(hub: Hub) -> None:
    hub.wires[0].breaker = Breaker(Silent(), hub.clock, "olx")
    assert hub.call() == 200
    hub.status = 503
    for _ in range(3):
        with pytest.raises(PortalUnavailableError, match="503"):
            hub.call()
    hub.status = 200
    assert hub.call() == 200
    hub.clock.advance(MINUTE)
    assert hub.call() == 200


@pytest.mark.parametrize("provider", EVERYONE)
@pytest.mark.usefixtures("casita")
def test_the_hub_as_it_runs_asks_the_breaker_of_the_account(provider: str) -> None:
    clock, circuits = FakeClock(), MemoryCircuits()
    open_until = clock.now() + HOUR
    circuits.save(provider, ACCOUNTS[provider], Circuit(MOST_FAILURES, 1, clock.now(), open_until))
    parts = {"budget": MemoryBudget(), "circuit_store": circuits, "credentials": VAULTS[provider](clock)}
    bootstrap.use(settings=Settings(SETTINGS), clock=clock, **parts)
    stage = stage_of(provider)
    try:
        with pytest.raises(CircuitOpenError) as caught:
            bootstrap.provider(provider).publisher.search(make_classified(stage.bodies[0]), stage.channels[0])
        if stage.polls is not None:
            with pytest.raises(CircuitOpenError):
                bootstrap.poller(provider).page(CUSTOMER, 1)
    finally:
        bootstrap.use()
    assert (caught.value.wait or 0) >= HOUR
