"""Sweeps from the first page to what they store (contracts/spotahome.md §6), over ports in memory."""

from __future__ import annotations

import json
import logging
import random
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from placard.domain import ids
from placard.domain.errors import (
    BudgetSpentError,
    CircuitOpenError,
    CredentialsError,
    PortalRejectedError,
    PortalUnavailableError,
    StoreUnavailableError,
)
from placard.domain.instants import MINUTE, SECOND
from placard.domain.listing_process import State, Wanted, ask, may_become
from placard.domain.problems import Problem
from placard.domain.sweep import Scope
from placard.ports import Link, Message, Row
from placard.use_cases.observations import ObservationReader
from placard.use_cases.poll_spotahome import MOST_TRIES, PACE, Polled, PollSpotahome
from tests.fakes import FakeClock, MemoryProcesses, MemoryStore, MemoryVault
from tests.fakes.clock import NOON
from tests.fakes.played_spotahome import PlayedSpotahome, interpret, unavailable

ACME = "acme"
CONTRACTS = Path(__file__).parents[2] / "contracts/spotahome"


class Account:
    """One hub with Spotahome played, and the accounts named connected."""

    def __init__(self, *customers: str) -> None:
        self.clock = FakeClock()
        self.store = MemoryStore(self.clock)
        self.processes = MemoryProcesses(self.store)
        self.vault = MemoryVault(
            self.clock, {f"spotahome/accounts/{one}": {"main": {}} for one in customers or (ACME,)}
        )
        self.portal = PlayedSpotahome(self.clock)
        self.poll = PollSpotahome(self.portal, self.processes, self.store, self.vault, self.clock)

    def full(self) -> Polled:
        """Sweep everything a moment later."""
        self.clock.advance(SECOND)
        return self.poll(Scope.FULL)

    def link(self, *property_ids: str) -> None:
        """Make properties adverts of the hub's."""
        for one in property_ids:
            classified = ids.classified_id(ACME, one)
            self.store.write_link(Link("spotahome", one, classified, "spotahome", ACME, NOON))

    def messages(self) -> list[dict[str, object]]:
        """What sweeps have stored for publications, in order."""
        stored = [record.new for record in self.store.records if isinstance(record.new, Message)]
        return [json.loads(message.raw) for message in stored]

    def told(self) -> list[tuple[object, object]]:
        """The same as former and new state."""
        return [(seen["from"], seen["to"]) for seen in self.messages()]

    def states(self) -> dict[int, str]:
        """The copy."""
        return {one.process_id: one.facts.state for one in self.processes.load_all(ACME) if not one.vanished}

    def writes(self) -> int:
        """How many items of processes and messages were written so far."""
        return sum(
            not key[1].startswith("SWEEP") and not key[1].startswith("LINK")
            for key in (r.key for r in self.store.records)
        )


def row(number: int, state: str = "waitingContent", **members: object) -> Row:
    return replace(Row(number, state, f"KLM{number}-01", "account", f"p{number}"), **members)


@pytest.fixture
def account() -> Account:
    return Account()


# --- differences become messages -------------------------------------------------------------------------------------


def test_a_first_sweep_copies_everything_and_tells_only_adverts_of_the_hub(account: Account) -> None:
    account.portal.list([row(1), row(2, "waitingProperty", property_id=None), row(3, "cancelled")])
    account.link("p1")
    assert account.full() == Polled(3, (), ())
    assert account.states() == {1: "waitingContent", 2: "waitingProperty", 3: "cancelled"}
    assert account.told() == [(None, "waitingContent")]


def test_a_sweep_writes_only_what_changed(account: Account) -> None:
    account.portal.list(row(number) for number in range(1, 251))
    account.full()
    before = account.writes()
    assert account.full().changed == 0
    assert account.writes() == before
    account.portal.list([row(7, "propertyVerified"), row(8, agent_id="agent")])
    assert account.full().changed == 2
    assert account.writes() == before + 2


def test_a_difference_goes_the_way_of_a_callback(account: Account) -> None:
    account.link("p1")
    account.portal.list([row(1)])
    account.full()
    account.portal.list([row(1, "propertyVerified")])
    account.portal.visible["p1"] = True
    account.full()
    (first, second) = account.messages()
    assert (second["observed"], second["from"], second["to"], second["published"]) == (
        "poll",
        "waitingContent",
        "propertyVerified",
        True,
    )
    assert first["id"] != second["id"]
    (waiting, _) = account.store.messages_of("spotahome", "p1")
    assert (waiting.provider, waiting.customer, waiting.digest) == ("spotahome", ACME, first["id"])
    assert account.store.past_due(account.clock.now() + MINUTE, 9), "found again should the stream lose it"
    last = account.store.messages_of("spotahome", "p1")[1]
    event = ObservationReader(interpret).interpret(last, "spotahome")
    assert event is not None
    assert (event.remote_id, event.word, event.source.value) == ("p1", "propertyVerified", "poll")
    assert event.advert is not None
    assert event.advert.live
    assert event.evidence == last.key


def test_a_message_has_the_shape_of_the_contracts_sample(account: Account) -> None:
    sample = json.loads((CONTRACTS / "synthetic_status_event.json").read_text())
    account.link("p48212")
    account.portal.list([row(48212, "waitingProperty")])
    account.full()
    account.portal.list([row(48212)])
    account.full()
    seen = account.messages()[-1]
    assert sample.keys() - {"_note"} <= seen.keys()
    assert [seen[name] for name in ("portal", "observed", "processId", "from", "to")] == [
        sample[name] for name in ("portal", "observed", "processId", "from", "to")
    ]
    assert re.fullmatch("sah-48212-[0-9a-f]{16}", str(seen["id"]))
    assert re.fullmatch("sah-48212-[0-9a-f]{16}", sample["id"])


def test_the_same_sweep_tells_the_same_message_once(account: Account) -> None:
    """A crash between message and copy: the sweep goes on where it was and stores nothing twice."""
    account.link("p1")
    account.portal.list([row(1)])

    def crash(keys: tuple[tuple[str, str], ...]) -> None:
        if any(sort.startswith("PROCESS") for _, sort in keys):
            raise StoreUnavailableError("gone")

    account.store.interrupt = crash
    with pytest.raises(StoreUnavailableError):
        account.full()
    account.store.interrupt = lambda keys: None
    account.clock.advance(10 * MINUTE)
    account.poll()
    assert account.told() == [(None, "waitingContent")]
    assert account.states() == {1: "waitingContent"}


def test_a_property_published_after_its_process_was_copied_is_told_then(account: Account) -> None:
    account.portal.list([row(1)])
    account.full()
    assert account.told() == []
    account.link("p1")
    account.full()
    account.full()
    assert account.told() == [("waitingContent", "waitingContent")]


def test_silence_about_visibility_is_no_news(account: Account) -> None:
    account.portal.list([row(1, "propertyVerified")])
    account.portal.visible["p1"] = True
    account.full()
    account.portal.visible.clear()
    assert account.full().changed == 0


def test_an_impossible_jump_is_recorded_and_told_to_nobody(account: Account, caplog: pytest.LogCaptureFixture) -> None:
    account.link("p1")
    account.portal.list([row(1, "propertyVerified")])
    account.full()
    account.portal.list([row(1, "waitingContent")])
    account.full()
    account.full()
    (copy,) = account.processes.load_all(ACME)
    assert (copy.facts.state, copy.impossible) == ("propertyVerified", "waitingContent")
    assert [to for _, to in account.told()] == ["propertyVerified"]
    assert caplog.text.count("impossible jump") == 1


def test_a_state_nobody_knows_is_kept_once_beside_the_adverts_other_words(account: Account) -> None:
    account.link("p1")
    account.portal.list([row(1)])
    account.full()
    account.portal.list([row(1, "archived", raw={"reason": "new"})])
    for _ in range(3):
        account.full()
    assert account.states() == {1: "waitingContent"}
    assert account.told() == [(None, "waitingContent"), ("waitingContent", "archived")]
    assert account.messages()[1]["row"] == {"reason": "new"}
    account.portal.list([row(1, "propertyVerified")])
    account.full()
    assert account.told()[2:] == [("waitingContent", "propertyVerified")]


@settings(max_examples=60)
@given(st.lists(st.sampled_from(list(State)), min_size=1, max_size=6))
def test_whatever_a_row_does_the_copy_walks_the_graph(walk: list[State]) -> None:
    account = Account()
    known: str | None = None
    for state in walk:
        account.portal.list([row(1, state.value)])
        account.full()
        now = account.states()[1]
        possible = known is None or known == state or may_become(State(known), state)
        assert now == (state.value if possible else known)
        known = now


# --- pages, pace, failures -------------------------------------------------------------------------------------------


def test_an_account_is_asked_twice_a_second_at_most(account: Account) -> None:
    account.portal.list(row(number, "propertyVerified") for number in range(1, 901))
    account.full()
    gaps = [
        later - earlier for earlier, later in zip(account.portal.requests, account.portal.requests[1:], strict=False)
    ]
    assert len(gaps) == 9 + 18 - 1, "a page, and its properties in two questions"
    assert min(gaps) >= PACE


def test_accounts_take_turns() -> None:
    account = Account("a", "b", "c")
    account.portal.list(row(number) for number in range(1, 301))
    account.poll(Scope.FULL)
    assert [customer for customer, _, _ in account.portal.pages[:6]] == ["a", "b", "c", "a", "b", "c"]
    assert len(account.portal.pages) == 9
    assert account.clock.now() - NOON < 3 * 4 * PACE


def test_many_accounts_are_read_a_few_at_a_time_and_none_is_forgotten() -> None:
    account = Account(*(f"agency-{number:02}" for number in range(30)))
    account.portal.list([row(1)])
    assert account.poll().changed == 30
    assert account.poll().changed == 0, "nobody's time has come again"
    assert len({customer for customer, _, _ in account.portal.pages}) == 30


def test_where_the_portal_does_not_say_which_page_is_the_last_an_empty_one_ends_it(account: Account) -> None:
    account.portal.knows_last = False
    account.portal.list(row(number) for number in range(1, 201))
    account.full()
    assert [page for _, page, _ in account.portal.pages] == [1, 2, 3]
    assert len(account.states()) == 200


def test_a_sweep_whose_time_runs_out_goes_on_where_it_stopped(account: Account) -> None:
    account.portal.list(row(number) for number in range(1, 1001))
    poll = replace(account.poll, budget=4 * PACE)
    poll(Scope.FULL)
    assert [page for _, page, _ in account.portal.pages] == [1, 2, 3, 4]
    assert len(account.states()) == 400
    for _ in range(2):
        account.clock.advance(PACE)
        poll()
    assert [page for _, page, _ in account.portal.pages] == list(range(1, 11))
    assert len(account.states()) == 1000
    sweep = account.processes.load_sweep(ACME)
    assert sweep is not None
    assert (sweep.number, sweep.scope, sweep.missed, sweep.lease_until) == (1, None, {}, None)


def test_a_page_that_fails_is_asked_for_again(account: Account) -> None:
    account.portal.list(row(number) for number in range(1, 1001))
    account.portal.before = lambda request: unavailable(request, 3)
    assert account.full() == Polled(1000, (), ())
    assert len(account.states()) == 1000


def test_a_portal_that_is_down_is_left_alone_and_the_sweep_goes_on_later(account: Account) -> None:
    account.portal.list(row(number) for number in range(1, 301))
    account.portal.before = lambda request: unavailable(request, 1) if request > 2 else None
    assert account.full().failed == (ACME,)
    assert len(account.portal.requests) == 2 + MOST_TRIES
    account.portal.before = lambda request: None
    account.clock.advance(SECOND)
    assert account.poll().failed == ()
    assert len(account.states()) == 300
    assert [page for _, page, _ in account.portal.pages][2:] == [3]


def test_a_portal_that_asks_for_a_pause_gets_it(account: Account) -> None:
    def throttle(request: int) -> None:
        if request == 1:
            raise PortalUnavailableError("too many", taken=False, throttled=True, wait=60 * SECOND, status_code=429)

    account.portal.before = throttle
    account.full()
    assert account.portal.requests[1] - account.portal.requests[0] >= 60 * SECOND


def test_an_account_that_nobody_calls_is_let_go_at_once_and_goes_on_with_its_page(account: Account) -> None:
    account.portal.list(row(number) for number in range(1, 301))

    def hold(request: int) -> None:
        if request > 2:
            raise CircuitOpenError(2 * MINUTE)

    account.portal.before = hold
    began = account.clock.now()
    assert account.full().failed == (ACME,)
    assert len(account.portal.requests) == 3
    assert account.clock.now() - began < MINUTE, "no function waits for a portal that is down"
    account.portal.before = lambda request: None
    account.clock.advance(SECOND)
    assert account.poll().failed == ()
    assert len(account.states()) == 300


def test_a_page_whose_turn_has_not_come_waits_for_it_and_has_not_failed(account: Account) -> None:
    """Deliveries of the same account pay from the same budget: a busy hour is no failure of the portal's."""

    def hold(request: int) -> None:
        if request <= 2 * MOST_TRIES:
            raise BudgetSpentError(3 * SECOND)

    account.portal.before = hold
    account.portal.list([row(1)])
    assert account.full() == Polled(1, (), ())
    assert account.portal.requests[1] - account.portal.requests[0] == 3 * SECOND


@pytest.mark.parametrize(
    "error",
    [
        CredentialsError(Problem("credentials_invalid", "no")),
        PortalRejectedError("400", (), status_code=400),
        KeyError("a bug"),
    ],
)
def test_one_account_that_cannot_be_read_is_no_others_trouble(error: Exception) -> None:
    account = Account("a", "b")

    def fail(request: int) -> None:
        if request == 1:
            raise error

    account.portal.before = fail
    account.portal.list([row(1)])
    assert account.poll(Scope.FULL).failed == ("a",)
    assert account.processes.load("b", 1) is not None


def test_two_calls_at_once_read_an_account_once(account: Account) -> None:
    account.portal.list([row(1)])
    seen: list[Polled] = []

    def meanwhile(request: int) -> None:
        account.portal.before = lambda request: None
        seen.append(account.poll(Scope.FULL))

    account.portal.before = meanwhile
    assert account.full().changed == 1
    assert seen == [Polled(0, (), ())]


# --- open and full sweeps --------------------------------------------------------------------------------------------


def test_every_quarter_of_an_hour_only_open_states_are_asked_for(account: Account) -> None:
    account.portal.list([row(1), row(2, "propertyVerified")])
    account.poll()
    account.portal.pages.clear()
    account.clock.advance(14 * MINUTE)
    account.poll()
    assert account.portal.pages == []
    account.clock.advance(MINUTE)
    account.poll()
    assert account.portal.pages == [(ACME, 1, "waitingProperty"), (ACME, 1, "waitingContent")]


def test_an_open_process_that_closes_is_learnt_in_the_same_quarter(account: Account) -> None:
    account.link("p1")
    account.portal.list([row(1), row(2)])
    account.poll()
    account.portal.list([row(1, "propertyVerified")])
    account.clock.advance(15 * MINUTE)
    account.poll()
    assert [state for _, _, state in account.portal.pages[-3:]] == ["waitingProperty", "waitingContent", None]
    assert account.states() == {1: "propertyVerified", 2: "waitingContent"}


def test_a_vanished_open_process_is_unknown_after_two_sweeps_and_never_withdrawn(account: Account) -> None:
    account.link("p1")
    account.portal.list([row(1), row(2)])
    account.full()
    del account.portal.rows[1]
    account.full()
    assert account.states() == {1: "waitingContent", 2: "waitingContent"}
    account.full()
    assert account.states() == {2: "waitingContent"}
    assert account.told()[-1] == ("waitingContent", "vanished")
    event = ObservationReader(interpret).interpret(account.store.messages_of("spotahome", "p1")[-1], "spotahome")
    assert event is not None
    assert event.advert is not None
    assert event.advert.state.value == "unknown"
    account.portal.list([row(1, "propertyVerified")])
    account.full()
    assert account.states()[1] == "propertyVerified"
    assert account.told()[-1] == ("waitingContent", "propertyVerified")


def test_rows_that_slip_from_page_to_page_are_found_and_none_is_believed_vanished(account: Account) -> None:
    """Many sweeps of a list in which rows change places and every 20th request fails: nothing is lost, what goes is noticed."""
    chance = random.Random(6)  # noqa: S311 - the same list on every run
    account.portal.list(row(number, property_id=None) for number in range(1, 3001))
    account.portal.order = list(range(1, 3001))

    def slip(request: int) -> None:
        assert account.portal.order is not None
        moved = account.portal.order.pop(chance.randrange(len(account.portal.order)))
        account.portal.order.insert(chance.randrange(3000), moved)
        unavailable(request, 20)

    account.portal.before = slip
    for _ in range(2):
        account.full()
    assert account.states().keys() == account.portal.rows.keys()
    for _ in range(8):
        assert account.full().changed == 0
    for number in (1, 1500, 3000):
        del account.portal.rows[number]
    for _ in range(5):
        account.full()
    assert account.states().keys() == account.portal.rows.keys()


def test_a_vanished_closed_process_says_nothing_of_its_advert(account: Account) -> None:
    account.link("p1")
    account.portal.list([row(1, "propertyVerified"), row(2)])
    account.portal.visible["p1"] = True
    account.full()
    del account.portal.rows[1]
    account.full()
    account.full()
    assert account.states() == {2: "waitingContent"}
    assert [to for _, to in account.told()] == ["propertyVerified"]


# --- the guard -------------------------------------------------------------------------------------------------------


def live_account(count: int) -> Account:
    account = Account()
    account.portal.list(row(number, "propertyVerified") for number in range(1, count + 1))
    account.portal.visible |= {f"p{number}": True for number in range(1, count + 1)}
    account.link(*(f"p{number}" for number in range(1, count + 1)))
    account.full()
    return account


def test_a_mass_removal_is_held_and_told_to_the_operator_alone(caplog: pytest.LogCaptureFixture) -> None:
    account = live_account(20)
    told = len(account.messages())
    account.portal.visible |= {f"p{number}": False for number in range(1, 7)}
    account.portal.list([row(30)])
    caplog.clear()
    polled = account.full()
    assert (polled.held, polled.changed) == ((ACME,), 1)
    assert len(account.messages()) == told
    assert 30 in account.states(), "what is no removal goes on"
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert (record.customer, record.removals) == (ACME, 6)  # type: ignore[attr-defined]
    assert account.full().held == (ACME,)
    assert len(account.messages()) == told


def test_a_hold_ends_with_a_sweep_that_passes_the_guard() -> None:
    account = live_account(20)
    account.portal.visible |= {f"p{number}": False for number in range(1, 7)}
    account.full()
    account.portal.visible |= {f"p{number}": True for number in range(3, 7)}
    assert account.full().held == ()
    assert [seen["propertyId"] for seen in account.messages()[20:]] == ["p1", "p2"]


def test_a_hold_ends_when_a_person_releases_it() -> None:
    account = live_account(20)
    account.portal.visible |= {f"p{number}": False for number in range(1, 7)}
    account.full()
    account.clock.advance(SECOND)
    polled = account.poll(release=ACME)
    assert (polled.held, polled.changed) == ((), 6)
    assert [seen["published"] for seen in account.messages()[20:]] == [False] * 6
    assert not any(one.facts.live for one in account.processes.load_all(ACME) if one.process_id < 7)


def test_few_removals_are_believed() -> None:
    account = live_account(30)
    account.portal.visible |= {f"p{number}": False for number in range(1, 7)}
    assert account.full() == Polled(6, (), ())


# --- beside pushes and other writers ---------------------------------------------------------------------------------


def test_a_row_read_before_a_push_does_not_undo_it(account: Account) -> None:
    account.portal.list([row(1, agent_id="former")])
    account.full()

    def push(request: int) -> None:
        (copy,) = account.processes.load_all(ACME)
        pushed = replace(copy, facts=replace(copy.facts, agent_id="new"), pushed_at=account.clock.now())
        account.processes.save(pushed)

    account.portal.before = push
    account.portal.list([row(1, agent_id="former")])
    account.full()
    assert account.processes.load_all(ACME)[0].facts.agent_id == "new"


def test_a_wish_of_the_crm_outlives_a_sweep(account: Account) -> None:
    account.portal.list([row(1)])
    account.full()
    (copy,) = account.processes.load_all(ACME)
    account.processes.save(ask(copy, Wanted(cancels=True), NOON))
    account.portal.list([row(1, agent_id="new")])
    account.full()
    (copy,) = account.processes.load_all(ACME)
    assert (copy.shown.state, copy.facts.state, copy.facts.agent_id) == ("cancelled", "waitingContent", "new")


def test_whoever_was_faster_is_judged_anew(account: Account) -> None:
    account.portal.list([row(1)])
    account.full()
    account.portal.list([row(1, "propertyVerified")])
    raced = []

    def race(keys: tuple[tuple[str, str], ...]) -> None:
        if not raced and keys[0][1].startswith("PROCESS"):
            raced.append(keys)
            (copy,) = account.processes.load_all(ACME)
            account.processes.save(ask(copy, Wanted(assigns=True, agent_id="a"), NOON))

    account.store.interrupt = race
    assert account.full().changed == 1
    (copy,) = account.processes.load_all(ACME)
    assert (copy.facts.state, copy.wanted.agent_id) == ("propertyVerified", "a")
