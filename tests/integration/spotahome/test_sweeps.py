"""Sweeps against the simulated Spotahome over HTTP, with every trap it has (contracts/spotahome.md §6, §8)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from placard.domain.instants import MINUTE, SECOND
from placard.domain.listing_process import Wanted, ask
from placard.domain.sweep import Scope
from placard.portals.registry import load_poller
from placard.ports import Link, Message, ProcessWakeUp
from placard.use_cases.deliver_process import DeliverProcess
from placard.use_cases.poll_spotahome import Polled, PollSpotahome
from sandbox.seed import SPOTAHOME_ACCOUNT
from sandbox.simulators import spotahome
from sandbox.simulators.serve import serve_in_thread
from tests.fakes import FakeClock, MemoryProcesses, MemoryStore, MemoryVault

ACME = "acme"
STATES = ["waitingProperty", "waitingContent", "propertyVerified", "propertyUnverified", "cancelled"]


class Hub:
    """The hub's poller over a table in memory; its clock runs ahead of the simulator's, so that no pause is waited for."""

    def __init__(self, url: str) -> None:
        self.sim = httpx.Client(base_url=f"{url}/_sim", trust_env=False)
        self.switch("POST", "reset", {"connections": True})
        self.clock = FakeClock()
        self.store = MemoryStore(self.clock)
        self.processes = MemoryProcesses(self.store)
        vault = MemoryVault(self.clock, {f"spotahome/accounts/{ACME}": {"main": SPOTAHOME_ACCOUNT}})
        poller = load_poller(
            "spotahome", base_url=url, create_url=f"{url}/api", credentials=vault, clock=self.clock, time_scale=1.0
        )
        assert poller is not None
        self.poll = PollSpotahome(poller, self.processes, self.store, vault, self.clock)
        self.deliver = DeliverProcess(self.processes, poller, self.clock)

    def switch(self, method: str, path: str, order: Any = None) -> Any:
        answer = self.sim.request(method, path, json=order)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def seed(self, count: int, states: list[str]) -> range:
        opened = self.switch("POST", "processes", {"count": count, "states": states})
        return range(opened["first"], opened["last"] + 1)

    def sweep(self) -> Polled:
        self.clock.advance(SECOND)
        return self.poll(Scope.FULL)

    def copy(self) -> dict[int, str]:
        return {one.process_id: one.facts.state for one in self.processes.load_all(ACME) if not one.vanished}

    def told(self) -> list[str]:
        found = [record.new for record in self.store.records if isinstance(record.new, Message)]
        return [message.remote_id for message in found]

    def link(self, number: int) -> str:
        """Make a process's property an advert of the hub's; returns its id."""
        property_id = str(self.switch("GET", f"processes/{number}")["propertyId"])
        self.store.write_link(Link("spotahome", property_id, f"classified-{number}", "spotahome", ACME, 0))
        return property_id


@pytest.fixture(scope="module")
def simulator() -> Iterator[str]:
    with serve_in_thread(spotahome.build_app()) as url:
        yield url


@pytest.fixture
def hub(simulator: str) -> Hub:
    return Hub(simulator)


def test_5000_processes_are_exact_after_two_sweeps_of_a_list_that_shifts_fails_and_ends_its_tokens(hub: Hub) -> None:
    numbers = hub.seed(5_000, STATES)
    hub.switch("PUT", "rules", {"fail_every": 20, "shift": 1, "miscount": 1, "token_calls": 35})
    assert hub.sweep().failed == ()
    assert hub.sweep().failed == ()
    assert hub.copy() == {number: STATES[place % 5] for place, number in enumerate(numbers)}
    live = sum(one.facts.live for one in hub.processes.load_all(ACME))
    assert live == 1_000, "what is verified is public"
    assert hub.sweep().changed == 0


@pytest.mark.parametrize("shown", [True, False])
def test_a_silent_unpublish_is_learnt_whether_properties_say_so_or_only_the_filter(hub: Hub, shown: bool) -> None:
    numbers = hub.seed(10, ["propertyVerified"])
    hub.switch("PUT", "rules", {"show_published": shown})
    property_id = hub.link(numbers[3])
    hub.sweep()
    hub.switch("POST", f"properties/{property_id}", {"published": False})
    assert hub.sweep() == Polled(1, (), ())
    assert hub.told() == [property_id] * 2


def test_verified_then_unverified_is_followed(hub: Hub) -> None:
    (number,) = hub.seed(1, ["propertyVerified"])
    hub.sweep()
    hub.switch("POST", f"processes/{number}", {"state": "propertyUnverified"})
    assert hub.sweep().changed == 1
    assert hub.copy() == {number: "propertyUnverified"}


def test_a_row_that_vanishes_is_believed_after_two_sweeps(hub: Hub) -> None:
    numbers = hub.seed(120, ["waitingContent"])
    property_id = hub.link(numbers[7])
    hub.sweep()
    hub.switch("POST", f"processes/{numbers[7]}", {"hidden": True})
    assert hub.sweep().changed == 0
    assert hub.sweep().changed == 1
    assert hub.copy().keys() == set(numbers) - {numbers[7]}
    assert hub.told() == [property_id] * 2


def test_an_account_without_processes_is_an_empty_copy(hub: Hub) -> None:
    assert hub.sweep() == Polled(0, (), ())
    hub.switch("PUT", "rules", {"empty_embedded": True})
    assert hub.sweep() == Polled(0, (), ())


def test_a_login_that_is_refused_fails_its_account_and_no_more(hub: Hub) -> None:
    hub.seed(1, ["waitingContent"])
    fault = {"match": {"path": "/authentications"}, "kind": "status", "status": 401, "times": 9}
    hub.switch("POST", "faults", fault)
    assert hub.sweep() == Polled(0, (), (ACME,))
    hub.switch("DELETE", "faults")
    hub.clock.advance(MINUTE)
    assert hub.sweep() == Polled(1, (), ())


# --- pushes ----------------------------------------------------------------------------------------------------------


def push(hub: Hub, number: int, wanted: Wanted) -> None:
    copy = hub.processes.load(ACME, number)
    assert copy is not None
    hub.processes.save(ask(copy, wanted, hub.clock.now()))
    hub.clock.advance(SECOND)
    hub.deliver(ProcessWakeUp("spotahome", ACME, number))


def test_a_cancel_and_an_agent_reach_spotahome(hub: Hub) -> None:
    (number,) = hub.seed(1, ["waitingContent"])
    hub.sweep()
    agent = "08699e5b-45dd-479e-8a7f-5a7563a843cb"
    push(hub, number, Wanted(assigns=True, agent_id=agent))
    assert hub.switch("GET", f"processes/{number}")["agentId"] == agent
    push(hub, number, Wanted(assigns=True, agent_id=None))
    assert hub.switch("GET", f"processes/{number}")["agentId"] is None
    push(hub, number, Wanted(cancels=True))
    assert hub.switch("GET", f"processes/{number}")["state"] == {"state": "cancelled"}
    assert hub.copy() == {number: "cancelled"}
    assert hub.sweep().changed == 0


def test_a_cancel_of_what_the_publications_own_deletion_has_cancelled_is_a_success(hub: Hub) -> None:
    (number,) = hub.seed(1, ["waitingContent"])
    hub.sweep()
    hub.switch("POST", f"processes/{number}", {"state": "cancelled"})
    push(hub, number, Wanted(cancels=True))
    assert hub.copy() == {number: "cancelled"}
    assert hub.sweep().changed == 0


def test_a_cancel_that_comes_too_late_is_undone_and_the_sweep_tells_why(hub: Hub) -> None:
    (number,) = hub.seed(1, ["waitingContent"])
    hub.sweep()
    hub.switch("POST", f"processes/{number}", {"state": "propertyVerified", "published": True})
    push(hub, number, Wanted(cancels=True))
    copy = hub.processes.load(ACME, number)
    assert copy is not None
    assert (copy.shown.state, copy.wanted) == ("waitingContent", Wanted())
    hub.clock.advance(SECOND)
    hub.poll(Scope.OPEN)
    assert hub.copy() == {number: "propertyVerified"}
