"""A round of `reconcile` on a busy morning: everything that is past due is taken up, in time, and nothing is woken for ever."""

from __future__ import annotations

import pytest

from placard.domain import ids
from placard.domain.classified import Kind
from placard.domain.errors import StoreUnavailableError
from placard.domain.hashes import content_hash
from placard.domain.instants import MINUTE, SECOND
from placard.ports import Due, Revision, WakeUp
from placard.use_cases.reconcile import AGAIN, LONGEST_ROUND, MOST_AT_ONCE, MOST_WAITING, Reconcile
from tests.fakes import FakeClock, MemoryStore, MemoryWakeUps

CUSTOMER = "acme"
DUE = 5 * MINUTE
MANY = 2 * MOST_AT_ONCE + 7


class Morning:
    """A hub whose queues have lost every wake-up."""

    def __init__(self, classifieds: int) -> None:
        self.clock = FakeClock()
        self.store, self.queues = MemoryStore(self.clock), MemoryWakeUps()
        self.reconcile = Reconcile(self.store, self.store, self.queues, self.clock)
        for number in range(classifieds):
            key, body = f"e-{number}", {"text": "a flat"}
            name = ids.classified_id(CUSTOMER, key)
            hash_ = content_hash(body)
            now = self.clock.now()
            self.store.write(Revision(name, CUSTOMER, Kind.POST, now, key, body, hash_, ("IMOVIRTUAL",)))

    def woken(self) -> list[WakeUp]:
        return [one for one in self.queues.take() if isinstance(one, WakeUp)]


def test_one_round_takes_up_all_that_is_past_due() -> None:
    hub = Morning(MANY)
    hub.clock.advance(DUE)
    assert hub.reconcile() == MANY
    assert len({wake_up.classified_id for wake_up in hub.woken()}) == MANY
    assert hub.store.past_due(hub.clock.now(), 1) == ()


def test_a_round_that_takes_too_long_leaves_the_rest_to_the_next() -> None:
    hub = Morning(MANY)
    hub.clock.advance(DUE)
    # Each write takes so long that a page takes half of a round's time: two of them, and no third.
    hub.store.interrupt = lambda _: hub.clock.advance(LONGEST_ROUND // 2 // MOST_AT_ONCE + 1) and None
    assert hub.reconcile() == 2 * MOST_AT_ONCE
    assert hub.reconcile() == MANY - 2 * MOST_AT_ONCE
    assert len({wake_up.classified_id for wake_up in hub.woken()}) == MANY


def test_an_index_that_shows_the_same_page_again_ends_the_round(monkeypatch: pytest.MonkeyPatch) -> None:
    hub = Morning(MANY)
    hub.clock.advance(DUE)
    page = hub.store.past_due(hub.clock.now(), MOST_AT_ONCE)
    asked: list[int] = []

    def stale(now: int, _limit: int) -> tuple[Due, ...]:
        asked.append(now)
        return page

    monkeypatch.setattr(hub.store, "past_due", stale)
    assert hub.reconcile() == MOST_AT_ONCE
    assert len(asked) == 2
    assert len(hub.woken()) == MOST_AT_ONCE


def test_a_queue_that_is_down_costs_one_of_them_a_round() -> None:
    hub = Morning(MANY)
    hub.clock.advance(DUE)
    hub.queues.down = True
    with pytest.raises(StoreUnavailableError):
        hub.reconcile()
    hub.queues.down = False
    assert hub.reconcile() == MANY - 1
    hub.clock.advance(AGAIN)
    hub.woken()
    hub.reconcile()
    assert len({wake_up.classified_id for wake_up in hub.woken()}) == MANY


def test_a_queue_that_does_not_keep_up_gets_nothing_and_what_was_lost_is_found_once_it_does() -> None:
    hub = Morning(MANY)
    hub.clock.advance(DUE)
    elsewhere = [WakeUp("olx", f"c-{number}", "storia", CUSTOMER) for number in range(MOST_WAITING + 1)]
    hub.queues.send(elsewhere)
    assert hub.reconcile() == MANY
    assert hub.woken() == elsewhere
    hub.clock.advance(AGAIN)
    assert hub.reconcile() == MANY
    assert len({wake_up.classified_id for wake_up in hub.woken()}) == MANY


def test_a_long_queue_of_one_provider_keeps_nothing_from_another() -> None:
    hub = Morning(1)
    hub.clock.advance(DUE)
    hub.queues.send([WakeUp("aviv", f"c-{number}", "aviv", CUSTOMER) for number in range(MOST_WAITING + 1)])
    hub.reconcile()
    assert [wake_up.provider for wake_up in hub.woken()][-1] == "olx"


def test_idle_rounds_ask_once() -> None:
    hub = Morning(3)
    assert hub.reconcile() == 0
    hub.clock.advance(DUE - SECOND)
    assert hub.reconcile() == 0
    assert hub.woken() == []
