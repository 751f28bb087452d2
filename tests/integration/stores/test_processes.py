"""What every store of listing processes promises: one writer wins, a cancel is one transaction with its classified."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from placard.aws.processes import DynamoProcessStore
from placard.aws.table import Table
from placard.domain.classified import Kind, Wish
from placard.domain.errors import TransitionConflictError
from placard.domain.listing_process import Facts, ListingProcess, Wanted, ask
from placard.domain.sweep import Scope, Sweep, begin, note
from placard.ports import Due, Link, ProcessStore, ProcessWakeUp, Revision
from tests.fakes import MemoryProcesses, MemoryStore
from tests.fakes.clock import NOON
from tests.integration.stores.conftest import Queues, Stores
from tests.integration.stores.samples import BODY, CLASSIFIED_ID, CUSTOMER, post, put

FACTS = Facts("waitingContent", "KLM482-02", "account", "property", "agent", None)
PROCESS = ListingProcess(CUSTOMER, 48212, FACTS)
SPOTAHOME = {**BODY, "portals": ["SL", "SPOTAHOME"]}


@dataclass(frozen=True)
class Sides:
    """The listing processes' side of a table beside the others."""

    processes: ProcessStore
    others: Stores


@pytest.fixture
def sides(stores: Stores, request: pytest.FixtureRequest) -> Sides:
    if isinstance(stores.classifieds, MemoryStore):
        return Sides(MemoryProcesses(stores.classifieds), stores)
    table: Table = request.getfixturevalue("table")
    return Sides(DynamoProcessStore(table), stores)


@pytest.fixture
def processes(sides: Sides) -> ProcessStore:
    return sides.processes


def test_a_process_is_found_by_customer_and_id(processes: ProcessStore) -> None:
    full = replace(
        PROCESS,
        wanted=Wanted(cancels=True, assigns=True, agent_id="other"),
        linked=True,
        impossible="cancelled",
        pushed_at=5,
        lease_until=6,
        retry_at=7,
        tries=2,
        failing_since=3,
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        due=NOON,
        look=True,
    )
    stored = processes.save(full)
    assert stored == replace(full, version=1)
    assert processes.load(CUSTOMER, 48212) == stored
    assert processes.load(CUSTOMER, 48213) is None
    assert processes.load("another", 48212) is None


def test_only_one_of_two_writers_is_first(processes: ProcessStore) -> None:
    read = processes.save(PROCESS)
    with pytest.raises(TransitionConflictError):
        processes.save(PROCESS)
    processes.save(replace(read, linked=True))
    with pytest.raises(TransitionConflictError):
        processes.save(replace(read, vanished=True))
    stored = processes.load(CUSTOMER, 48212)
    assert stored == replace(PROCESS, linked=True, version=2)


def test_all_processes_come_in_the_order_of_their_numbers(processes: ProcessStore) -> None:
    for number in (900, 7, 100_000, 48212):
        processes.save(replace(PROCESS, process_id=number))
    processes.save(replace(PROCESS, customer="another"))
    processes.save_sweep(Sweep(CUSTOMER))
    assert [each.process_id for each in processes.load_all(CUSTOMER)] == [7, 900, 48212, 100_000]


def test_a_sweep_is_kept_whole(processes: ProcessStore) -> None:
    assert processes.load_sweep(CUSTOMER) is None
    sweep = note(begin(Sweep(CUSTOMER), Scope.OPEN, NOON), range(1, 5001))
    sweep = replace(sweep, leaving={"7": FACTS}, missed={"9": 1}, held=6, held_since=NOON, page=9, stage=1)
    stored = processes.save_sweep(sweep)
    assert processes.load_sweep(CUSTOMER) == stored == replace(sweep, version=1)
    with pytest.raises(TransitionConflictError):
        processes.save_sweep(sweep)


def test_adverts_of_the_hub_are_told_apart(sides: Sides) -> None:
    sides.others.publications.write_link(Link("spotahome", "ours", CLASSIFIED_ID, "spotahome", CUSTOMER, NOON))
    assert sides.processes.linked("spotahome", ["ours", "theirs", "ours"]) == {"ours"}
    assert sides.processes.linked("spotahome", []) == frozenset()


# --- the cancel ------------------------------------------------------------------------------------------------------


def revise(revision: int, **changes: object) -> Revision:
    return replace(
        Revision(
            CLASSIFIED_ID,
            CUSTOMER,
            Kind.CANCEL,
            NOON + 1,
            portals=("SPOTAHOME",),
            if_match=(revision,),
            left=("SL",),
        ),
        **changes,
    )


def test_a_cancel_takes_the_portal_off_the_classified_in_the_same_step(sides: Sides) -> None:
    sides.others.classifieds.write(post(body=SPOTAHOME))
    process = sides.processes.save(PROCESS)
    stored = sides.processes.cancel(ask(process, Wanted(cancels=True), NOON), revise(1))
    assert sides.processes.load(CUSTOMER, 48212) == stored
    classified, _ = sides.others.classifieds.load(CLASSIFIED_ID)
    assert classified is not None
    assert (classified.revision, classified.kind, classified.portals) == (2, Kind.CANCEL, ("SL",))
    assert (classified.wish("SPOTAHOME"), classified.wish("SL")) == (Wish.ABSENT, Wish.PRESENT)
    assert (classified.revision_of("SPOTAHOME"), classified.revision_of("SL")) == (2, 1)
    assert classified.kind_of("SPOTAHOME") is Kind.CANCEL
    assert (classified.body, classified.body_hash) == (SPOTAHOME, post(body=SPOTAHOME).body_hash)


@pytest.mark.parametrize("loser", ["classified", "process"])
def test_a_cancel_happens_whole_or_not_at_all(sides: Sides, loser: str) -> None:
    sides.others.classifieds.write(post(body=SPOTAHOME))
    process = sides.processes.save(PROCESS)
    if loser == "classified":
        sides.others.classifieds.write(put())
    else:
        sides.processes.save(process)
    with pytest.raises(TransitionConflictError):
        sides.processes.cancel(ask(process, Wanted(cancels=True), NOON), revise(1))
    classified, _ = sides.others.classifieds.load(CLASSIFIED_ID)
    stored = sides.processes.load(CUSTOMER, 48212)
    assert classified is not None
    assert stored is not None
    assert classified.kind is not Kind.CANCEL
    assert not stored.wanted


def test_the_same_body_again_is_no_identical_put_after_a_cancel(sides: Sides) -> None:
    """Identical means equal JSON *and* no wish changes (hub.md §2, Identity)."""
    same = put(body=SPOTAHOME)
    sides.others.classifieds.write(post(body=SPOTAHOME))
    assert not sides.others.classifieds.write(same).accepted
    sides.processes.cancel(ask(sides.processes.save(PROCESS), Wanted(cancels=True), NOON), revise(1))
    written = sides.others.classifieds.write(same)
    assert written.accepted
    assert written.classified is not None
    assert written.classified.wish("SPOTAHOME") is Wish.PRESENT
    assert not sides.others.classifieds.write(replace(same, accepted_at=NOON + 9)).accepted


# --- waiting ---------------------------------------------------------------------------------------------------------


def test_a_wish_that_waits_is_in_the_due_index(sides: Sides) -> None:
    sides.processes.save(ask(PROCESS, Wanted(cancels=True), NOON))
    due = Due(f"CUSTOMER#{CUSTOMER}", "PROCESS#000000048212", "PROCESS", NOON, CUSTOMER)
    assert sides.others.dues.past_due(NOON, 9) == (due,)
    assert sides.others.dues.move(due, NOON + 60_000)
    stored = sides.processes.load(CUSTOMER, 48212)
    assert stored is not None
    assert stored.due == NOON + 60_000


def test_a_wake_up_for_a_process_comes_out_of_its_queue(queues: Queues) -> None:
    wake_up = ProcessWakeUp("spotahome", CUSTOMER, 48212)
    queues.wake_ups.send((wake_up,))
    assert queues.received() == [wake_up]
