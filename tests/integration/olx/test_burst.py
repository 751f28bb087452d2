"""Fifty listings at once: the portal never sees more than its rate and one burst, and each of them goes live."""

import heapq
from bisect import bisect_left
from collections import Counter
from itertools import count
from queue import SimpleQueue
from time import monotonic

import httpx

from placard.domain import ids
from placard.domain.classified import Classified
from placard.domain.instants import MINUTE, SECOND
from placard.domain.publication import Publication
from placard.portals.olx.manifest import POLICY, RATE
from placard.portals.olx.publisher import OlxPublisher
from placard.portals.olx.receiver import OlxReceiver
from placard.ports import Callback, ClassifiedChanged, Link, Message, Provider, PublicationChanged, WakeUp
from placard.use_cases.apply_events import ApplyEvents
from placard.use_cases.deliver_publication import DeliverPublication
from placard.use_cases.publish_classified import Caller, post_classified
from placard.use_cases.receive_message import receive_message
from placard.use_cases.reconcile import Reconcile
from placard.use_cases.relay_changes import relay_changes
from tests.fakes import MemoryBudget, MemoryCircuits, MemoryStore, MemoryWakeUps
from tests.integration.olx.hub import PATIENCE_SECONDS, Portal, ShiftedClock
from tests.unit.portals.olx.stage import make_body, make_vault
from tests.unit.portals.scene import CUSTOMER

LISTINGS = 50
INSTANCES = 5


class Busy:
    """A hub of several instances. Wake-ups arrive in the order of their times; between them the clock moves on at once."""

    def __init__(self, portal: Portal) -> None:
        self.clock, self.portal = ShiftedClock(), portal
        self.store, self.queues = MemoryStore(self.clock), MemoryWakeUps()
        self.inbox: SimpleQueue[Callback] = SimpleQueue()
        vault = make_vault(self.clock, expires_at=0)
        shared = {"budget": MemoryBudget(), "circuits": MemoryCircuits()}
        self.receiver = OlxReceiver(vault)
        self.apply = ApplyEvents(self.store, lambda _: self.receiver, lambda _: POLICY, self.clock)
        self.called: list[int] = []
        self.looks = 0
        client = httpx.Client(trust_env=False, event_hooks={"request": [self._note]})
        self.instances = [
            DeliverPublication(
                self.store,
                Provider(POLICY, OlxPublisher(portal.url, vault, self.clock, client=client, **shared)),
                self.clock,
            )
            for _ in range(INSTANCES)
        ]
        self._waiting: list[tuple[int, int, WakeUp]] = []
        self._order, self._relayed = count(), 0

    def _note(self, request: httpx.Request) -> None:
        self.called.append(self.clock.now())

    def publish(self) -> None:
        for number in range(LISTINGS):
            body = make_body(metaData={"source": {"offererEstateId": f"e-{number}"}})
            post_classified(self.store, self.clock, Caller(CUSTOMER), body)

    def run(self) -> None:
        """Go on until every listing is live, or longer than patience lasts."""
        deadline = monotonic() + PATIENCE_SECONDS
        while True:
            self._relay()
            if Counter(self.list_words()) == {"CREATED": LISTINGS}:
                return
            assert monotonic() < deadline, Counter(self.list_words())
            if not self.inbox.empty() or not self._waiting:
                receive_message(self.inbox.get(timeout=PATIENCE_SECONDS), self.receiver, self.store, self.clock)
                continue
            self._look()

    def run_for(self, span: int, until: str = "") -> None:
        """Let time (ms) pass, with `reconcile` each minute, or until every listing has this word."""
        reconcile = Reconcile(self.store, self.store, self.queues, self.clock)
        deadline, end, round_at = monotonic() + PATIENCE_SECONDS, self.clock.now() + span, self.clock.now()
        while self.clock.now() < end and Counter(self.list_words()) != {until: LISTINGS}:
            assert monotonic() < deadline, Counter(self.list_words())
            self._relay()
            if not self.inbox.empty():
                receive_message(self.inbox.get_nowait(), self.receiver, self.store, self.clock)
            elif self.called and not self.portal.is_quiet():
                continue  # it has something to say yet, or has not noted that it was heard
            elif self._waiting and self._waiting[0][0] <= round_at:
                self._look()
            else:
                self.clock.advance(max(round_at - self.clock.now(), 0))
                reconcile()
                round_at += MINUTE

    def _look(self) -> None:
        at, _, wake_up = heapq.heappop(self._waiting)
        self.clock.advance(max(at - self.clock.now(), 0))
        self.looks += 1
        self.instances[self.looks % INSTANCES](wake_up)

    def list_words(self) -> list[str]:
        publications = [self.store.load(ids.classified_id(CUSTOMER, f"e-{number}"))[1] for number in range(LISTINGS)]
        return [one.standings["IMOVIRTUAL"].word.value for found in publications for one in found]

    def _relay(self) -> None:
        records, self._relayed = self.store.records[self._relayed :], len(self.store.records)
        changes: list[ClassifiedChanged | PublicationChanged] = []
        for record in records:
            match record.new:
                case Classified() as new:
                    changes.append(ClassifiedChanged(new.classified_id, new.customer, new.ever))
                case Publication(look=True) as new:
                    changes.append(PublicationChanged(new.classified_id, new.customer, new.channel, new.retry_at))
                case Message() as new if record.old is None:
                    self.apply.fold(new)
                case Link() as new:
                    self.apply.fold_parked(new)
        relay_changes(changes, self.queues, self.clock)
        for wake_up in self.queues.take():
            heapq.heappush(self._waiting, (self.clock.now() + wake_up.delay * SECOND, next(self._order), wake_up))


def test_a_burst_of_listings_keeps_to_the_cap_and_loses_nothing(portal: Portal, door: tuple[str, list[Busy]]) -> None:
    hub = Busy(portal)
    door[1].append(hub)
    try:
        hub.publish()
        began = hub.clock.now()
        hub.run()
    finally:
        door[1].clear()

    assert portal.list_writes() == ["POST /advert/v1"] * LISTINGS, "each once"
    called = sorted(hub.called)
    # One token is renewed; that call was paid for, the POST behind it is owed.
    assert len(called) == LISTINGS + 1
    for start, at in enumerate(called):
        for seconds in (1, 2, 5):
            within = bisect_left(called, at + seconds * SECOND) - start
            assert within <= RATE.calls * seconds + RATE.burst + 1
    assert called[-1] - began >= (LISTINGS - RATE.burst) * RATE.share, "the cap was felt"
    assert called[-1] - began < MINUTE
    assert hub.looks < 4 * LISTINGS, "those who wait are not woken again and again"
    told = [entry for entry in hub.store.records if getattr(entry.new, "problems", ())]
    assert told == [], "nobody is told of a wait that nobody caused"
