"""What CRMs are told, in memory: the hub's own hops, endpoints that do as they are bid, and a clock that is moved by hand."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from placard.domain import ids
from placard.domain.events import Advert, AdvertState, Source
from placard.domain.instants import HOUR, to_text
from placard.domain.lifecycle import Outcome, Word
from placard.domain.publication import Entry, Publication
from placard.domain.subscription import Subscription
from placard.ports import Change, Delivery, Reply, Telling
from placard.use_cases.notify_crm import Look, NotifyCrm
from placard.use_cases.reconcile import Reconcile
from placard.use_cases.relay_changes import relay_changes
from placard.use_cases.subscribe_webhook import replay, subscribe
from simulation.stream import read_change
from tests.fakes import FakeClock, MemoryStore, MemoryVault, MemoryWakeUps

CUSTOMER = "agency-7"
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
OK = Reply(201)
DOWN = Reply(503, reason="Service Unavailable")
LOST = Reply(None, reason="timed out")


@dataclass
class Endpoints:
    """Implements `placard.ports.CallbackSender`. `answer` plays the CRMs; what was accepted is kept in order."""

    clock: FakeClock
    answer: Callable[[Delivery], Reply] = lambda _: OK
    tried: list[tuple[int, Delivery]] = field(default_factory=list)
    accepted: list[Delivery] = field(default_factory=list)

    def send(self, delivery: Delivery, now: int) -> Reply:
        """Keep what comes, and answer as bidden."""
        self.tried.append((now, delivery))
        reply = self.answer(delivery)
        if reply.status is not None and 200 <= reply.status < 300:
            self.accepted.append(delivery)
        return reply


class Desk:
    """One hub that tells CRMs. `settle` hands on what stream and queue carry; `pass_time` lets the due index do its part."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.store = MemoryStore(self.clock)
        self.queue = MemoryWakeUps()
        self.vault = MemoryVault(self.clock)
        self.crm = Endpoints(self.clock)
        self.notify = NotifyCrm(self.store, self.crm, self.vault, self.queue, self.clock)
        self.reconcile = Reconcile(self.store, self.store, self.queue, self.clock)
        self.looks: list[Look] = []
        self._relayed = 0
        self._waiting: list[tuple[int, Telling]] = []
        self._numbers: Counter[str] = Counter()

    # --- people ---

    def subscribe(self, customer: str = CUSTOMER, **wish: Any) -> None:
        value = {"url": f"https://crm.example/{customer}/"} | wish
        subscribe(self.store, self.vault, lambda url: url.removesuffix("/"), self.clock, customer, value)
        self.clock.advance(1)

    def replay(self, since: int, customer: str = CUSTOMER) -> None:
        replay(self.store, self.clock, customer, {"since": to_text(since)})

    def subscription(self, customer: str = CUSTOMER) -> Subscription:
        found = self.store.load_subscription(customer)
        assert found is not None
        return found

    def enter(
        self,
        key: str,
        *words: Word,
        channel: str = "aviv",
        customer: str = CUSTOMER,
        live: bool | None = None,
        outcome: Outcome = Outcome.APPLIED,
    ) -> list[Entry]:
        """Something happened to a publication: entries are stored as deliver and apply store them."""
        classified_id = ids.classified_id(customer, key)
        known = self.store.load_publication(classified_id, channel)
        publication = known or Publication(classified_id, channel, customer)
        entries = []
        for word in words or (Word.CREATED,):
            created = max(self.clock.now(), publication.last_creation + 1)
            publication = replace(publication, last_creation=created)
            self._numbers[classified_id] += 1
            entries.append(
                Entry(
                    f"{key}-{channel}-{self._numbers[classified_id]}",
                    classified_id,
                    customer,
                    channel,
                    created,
                    1,
                    ("SL",),
                    word,
                    word.lower(),
                    created,
                    outcome,
                    Source.HUB,
                    advert=Advert(AdvertState.LIVE if live else AdvertState.PENDING),
                    live_changed=live is not None,
                    traceparent=TRACE,
                )
            )
        self.store.save(Change(publication, tuple(entries)))
        return entries

    # --- the hops ---

    def relay(self) -> None:
        records, self._relayed = self.store.records[self._relayed :], len(self.store.records)
        changes = [change for record in records if (change := read_change(record)) is not None]
        relay_changes(changes, self.queue, self.clock)
        now = self.clock.now()
        self._waiting += [(now + telling.delay * 1000, telling) for telling in self.queue.take_tellings()]

    def settle(self) -> None:
        """Look until nothing is left to look at now. What was delayed waits for its time."""
        for _ in range(2000):
            self.relay()
            ready = [telling for at, telling in self._waiting if at <= self.clock.now()]
            if not ready:
                return
            self._waiting = [(at, telling) for at, telling in self._waiting if at > self.clock.now()]
            self.looks += [self.notify(telling) for telling in ready]
        raise AssertionError("the hub never came to rest")

    def pass_time(self, until: int, step: int | None = None) -> None:
        """Move on to an instant, from one wait to the next, at least every hour; `reconcile` looks at each."""
        self.settle()
        while self.clock.now() < until:
            waits = [at for at, _ in self._waiting] + [due.due for due in self.store.past_due(until, 10_000)]
            later = [at for at in waits if at > self.clock.now()]
            following = min([*later, until, self.clock.now() + (step or HOUR)])
            self.clock.instant = following
            while self.reconcile():
                self.settle()
            self.settle()

    # --- what came of it ---

    def told(self, customer: str = CUSTOMER) -> list[str]:
        """Return the ids of what a customer's CRM accepted, in order."""
        ours = f"/{customer}/"
        return [delivery.webhook_id for delivery in self.crm.accepted if ours in delivery.url]

    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(delivery.body) for delivery in self.crm.accepted]
