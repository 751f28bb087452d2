"""A wish of the CRM for a listing process on its way to Spotahome: lease, call, record (lifecycle §6)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from placard.domain.errors import BudgetSpentError, CredentialsError, PortalRejectedError, PortalUnavailableError
from placard.domain.instants import DAY, HOUR, MINUTE, SECOND
from placard.domain.listing_process import Facts, ListingProcess, Wanted, ask
from placard.domain.problems import Problem
from placard.ports import ProcessChanged, ProcessWakeUp, Row
from placard.use_cases.deliver_process import DeliverProcess
from placard.use_cases.reconcile import Reconcile
from placard.use_cases.relay_changes import relay_changes
from tests.fakes import FakeClock, MemoryProcesses, MemoryStore, MemoryWakeUps
from tests.fakes.played_spotahome import PlayedSpotahome

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
ACME = "acme"
DOWN = PortalUnavailableError("HTTP 503", taken=True, status_code=503)
CONFLICT = PortalRejectedError("HTTP 409", (), status_code=409)


class Hub:
    """One process of one customer, and what lies between it and Spotahome."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.store = MemoryStore(self.clock)
        self.processes = MemoryProcesses(self.store)
        self.portal = PlayedSpotahome(self.clock)
        self.portal.list([Row(7, "waitingContent", agent_id="former")])
        self.queues = MemoryWakeUps()
        self.deliver = DeliverProcess(self.processes, self.portal, self.clock)
        self.reconcile = Reconcile(self.store, self.store, self.queues, self.clock)
        self.processes.save(ListingProcess(ACME, 7, Facts("waitingContent", agent_id="former")))
        self._relayed = 0

    @property
    def copy(self) -> ListingProcess:
        found = self.processes.load(ACME, 7)
        assert found is not None
        return found

    def want(self, **members: object) -> None:
        wanted = replace(self.copy.wanted, **members)
        self.processes.save(ask(self.copy, wanted, self.clock.now() + 5 * MINUTE))

    def look(self) -> None:
        self.deliver(ProcessWakeUp("spotahome", ACME, 7))

    def relay(self) -> list[object]:
        """Send what the stream carries, and return the wake-ups."""
        records, self._relayed = self.store.records[self._relayed :], len(self.store.records)
        changes = [
            ProcessChanged(ACME, record.new.process_id, "spotahome", record.new.retry_at)
            for record in records
            if isinstance(record.new, ListingProcess) and record.new.look
        ]
        relay_changes(changes, self.queues, self.clock)
        return list(self.queues.take())


@pytest.fixture
def hub() -> Hub:
    return Hub()


def test_a_cancel_is_pushed_and_becomes_a_fact(hub: Hub) -> None:
    hub.want(cancels=True)
    assert hub.relay() == [ProcessWakeUp("spotahome", ACME, 7)]
    hub.look()
    assert hub.portal.pushed == [("cancel", 7, None)]
    assert (hub.copy.facts.state, hub.copy.wanted, hub.copy.look, hub.copy.due) == ("cancelled", Wanted(), False, None)
    assert hub.relay() == []


@pytest.mark.parametrize("wish", [{"cancels": True}, {"assigns": True, "agent_id": "new"}])
def test_a_push_carries_the_trace_of_the_crms_request(hub: Hub, wish: dict[str, object]) -> None:
    seen: list[str | None] = []
    hub.processes.save(ask(hub.copy, replace(hub.copy.wanted, **wish), hub.clock.now() + 5 * MINUTE, TRACE))
    hub.deliver(ProcessWakeUp("spotahome", ACME, 7), seen.append)
    assert (hub.portal.traces, seen) == ([TRACE], [TRACE])


@pytest.mark.parametrize("agent", ["new", None])
def test_an_assignation_is_pushed_and_becomes_a_fact(hub: Hub, agent: str | None) -> None:
    hub.want(assigns=True, agent_id=agent)
    hub.look()
    assert hub.portal.pushed == [("assign", 7, agent)]
    assert (hub.copy.facts.agent_id, hub.copy.wanted) == (agent, Wanted())


def test_both_wishes_are_pushed_one_after_the_other(hub: Hub) -> None:
    hub.want(cancels=True, assigns=True, agent_id="new")
    for _ in range(3):
        for wake_up in hub.relay():
            hub.deliver(wake_up)  # type: ignore[arg-type]
    assert hub.portal.pushed == [("assign", 7, "new"), ("cancel", 7, None)]
    assert not hub.copy.wanted


@pytest.mark.parametrize(
    "error",
    [
        CONFLICT,
        PortalRejectedError("HTTP 422", (), status_code=422),
        CredentialsError(Problem("credentials_invalid", "no")),
    ],
)
def test_what_spotahome_refuses_is_undone_in_the_copy(hub: Hub, error: Exception) -> None:
    for wish in ({"cancels": True}, {"assigns": True, "agent_id": "new"}):
        hub.portal.refuses = error
        hub.want(**wish)
        hub.look()
        assert (hub.copy.shown.state, hub.copy.shown.agent_id) == ("waitingContent", "former")
        assert (hub.copy.due, hub.copy.look, hub.copy.lease_until) == (None, False, None)


def test_a_push_whose_turn_has_not_come_waits_and_has_not_failed(hub: Hub) -> None:
    hub.portal.refuses = BudgetSpentError(40 * SECOND)
    hub.want(cancels=True)
    hub.look()
    assert hub.copy.retry_at == hub.clock.now() + 40 * SECOND
    assert (hub.copy.tries, hub.copy.failing_since) == (0, None)


def test_what_spotahome_does_not_answer_is_sent_again_with_growing_waits(hub: Hub) -> None:
    hub.portal.refuses = DOWN
    hub.want(cancels=True)
    waits = []
    for _ in range(6):
        hub.look()
        assert hub.copy.shown.state == "cancelled", "the wish stands meanwhile"
        assert hub.copy.retry_at is not None
        waits.append(hub.copy.retry_at - hub.clock.now())
        calls = len(hub.portal.pushed)
        hub.look()
        assert len(hub.portal.pushed) == calls, "a wake-up before its time calls nobody"
        hub.clock.instant = hub.copy.retry_at
    assert waits[-1] > 4 * waits[0]
    hub.portal.refuses = None
    hub.look()
    assert hub.copy.facts.state == "cancelled"


def test_a_pause_that_spotahome_asks_for_is_kept_and_burns_no_try(hub: Hub) -> None:
    hub.portal.refuses = PortalUnavailableError("429", taken=False, throttled=True, wait=HOUR, status_code=429)
    hub.want(cancels=True)
    hub.relay()
    hub.look()
    assert (hub.copy.retry_at, hub.copy.tries) == (hub.clock.now() + HOUR, 0)
    assert hub.relay() == [], "longer than a queue hides a message: the due time finds it"
    hub.portal.refuses = None
    hub.clock.advance(HOUR)
    assert hub.reconcile() == 1
    (wake_up,) = hub.queues.take()
    hub.deliver(wake_up)  # type: ignore[arg-type]
    assert hub.copy.facts.state == "cancelled"


def test_after_a_day_without_an_answer_the_wish_is_undone(hub: Hub) -> None:
    hub.portal.refuses = DOWN
    hub.want(cancels=True)
    hub.look()
    hub.clock.advance(DAY)
    hub.look()
    assert (hub.copy.shown.state, hub.copy.due) == ("waitingContent", None)


def test_two_looks_at_once_call_once(hub: Hub) -> None:
    hub.want(cancels=True)

    def meanwhile(name: str, process_id: int, agent_id: str | None) -> None:
        hub.portal._push = type(hub.portal)._push.__get__(hub.portal)  # type: ignore[method-assign]
        hub.look()
        hub.portal._push(name, process_id, agent_id)

    hub.portal._push = meanwhile  # type: ignore[method-assign]
    hub.look()
    assert hub.portal.pushed == [("cancel", 7, None)]


def test_a_look_that_died_is_taken_up_after_its_lease(hub: Hub) -> None:
    hub.want(cancels=True)
    hub.portal.refuses = KeyError("died")  # nobody catches it: nothing is recorded
    with pytest.raises(KeyError):
        hub.look()
    hub.portal.refuses = None
    hub.look()
    assert len(hub.portal.pushed) == 1, "the lease stands"
    hub.clock.advance(121 * SECOND)
    assert hub.reconcile() == 1
    (wake_up,) = hub.queues.take()
    hub.deliver(wake_up)  # type: ignore[arg-type]
    assert hub.copy.facts.state == "cancelled"


def test_another_agent_asked_for_during_the_call_is_pushed_next(hub: Hub) -> None:
    hub.want(assigns=True, agent_id="first")
    push = hub.portal.assign

    def meanwhile(customer: str, process_id: int, agent_id: str | None, traceparent: str | None = None) -> None:
        if agent_id == "first":
            hub.want(assigns=True, agent_id="second")
        push(customer, process_id, agent_id)

    hub.portal.assign = meanwhile  # type: ignore[method-assign]
    for _ in range(3):
        for wake_up in hub.relay():
            hub.deliver(wake_up)  # type: ignore[arg-type]
    assert hub.portal.pushed == [("assign", 7, "first"), ("assign", 7, "second")]
    assert (hub.copy.facts.agent_id, hub.copy.wanted) == ("second", Wanted())


def test_a_refused_agent_takes_no_later_wish_along(hub: Hub) -> None:
    hub.want(assigns=True, agent_id="first")

    def refuse(customer: str, process_id: int, agent_id: str | None, traceparent: str | None = None) -> None:
        hub.want(assigns=True, agent_id="second")
        raise CONFLICT

    hub.portal.assign = refuse  # type: ignore[method-assign]
    hub.look()
    assert (hub.copy.shown.agent_id, hub.copy.look) == ("second", True)


@pytest.mark.parametrize("wake_up", [ProcessWakeUp("spotahome", ACME, 8), ProcessWakeUp("spotahome", ACME, 7)])
def test_a_wake_up_with_nothing_to_push_calls_nobody(hub: Hub, wake_up: ProcessWakeUp) -> None:
    hub.deliver(wake_up)
    assert hub.portal.pushed == []
