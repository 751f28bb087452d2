"""The hub in memory with its real OLX folder. The portal is simulated, over HTTP; streams and queues are played here."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any

import httpx

from placard.domain import ids
from placard.domain.classified import Classified, Kind
from placard.domain.publication import Entry, Publication
from placard.portals.olx.manifest import POLICY
from placard.portals.olx.publisher import OlxPublisher
from placard.portals.olx.receiver import OlxReceiver
from placard.ports import Callback, ClassifiedChanged, Link, Message, Provider, PublicationChanged, WakeUp
from placard.use_cases.apply_events import ApplyEvents
from placard.use_cases.ask_portals import Ask, activate_classified, deactivate_classified, retry_classified
from placard.use_cases.deliver_publication import DeliverPublication
from placard.use_cases.publish_classified import Caller, delete_classified, post_classified, put_classified
from placard.use_cases.receive_message import receive_message
from placard.use_cases.reconcile import Reconcile
from placard.use_cases.relay_changes import relay_changes
from tests.fakes import FakeClock, MemoryStore, MemoryVault, MemoryWakeUps, Record
from tests.unit.portals.olx.stage import make_body
from tests.unit.portals.scene import CUSTOMER

Task = Callable[[], object]
Json = dict[str, Any]
PATIENCE_SECONDS = 90.0
ASKED: dict[Kind, Ask] = {
    Kind.DEACTIVATE: deactivate_classified,
    Kind.ACTIVATE: activate_classified,
    Kind.RETRY: retry_classified,
}


class ShiftedClock(FakeClock):
    """The real time, as the portal has it, and what a test has moved it on by."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__(now=0, seed=seed)

    def now(self) -> int:
        """Return the time in milliseconds since the epoch."""
        return time.time_ns() // 1_000_000 + self.instant


class Portal:
    """The simulated portal's switches."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._client = httpx.Client(base_url=f"{url}/_sim", trust_env=False)

    def ask(self, what: str, **params: str) -> Any:
        return self._client.get(f"/{what}", params=params).raise_for_status().json()

    def switch(self, method: str, path: str, order: Any = None) -> None:
        self._client.request(method, f"/{path}", json=order).raise_for_status()

    def list_writes(self) -> list[str]:
        """Method and path of every write on an advert so far, the advert's id left out."""
        calls = self.ask("calls", path="^/advert/v1")["items"]
        return [f"{call['method']} {_name(call['path'])}" for call in calls if call["method"] != "GET"]

    def is_quiet(self) -> bool:
        """Whether no operation runs and every notification has been taken."""
        running = any(one["last_action_status"].startswith("TO_") for one in self.ask("adverts")["items"])
        return not running and all(one["outcome"] == "accepted" for one in self.ask("callbacks")["items"])


def _name(path: str) -> str:
    return "/".join("{uuid}" if len(part) == 36 else part for part in path.split("/"))


class Hub:
    """One classified on Imovirtual, from the CRM's wish to the portal and back.

    Whatever streams, queues and the portal's notifications carry is handed on in a random order of this seed; half of it
    twice, some of it again much later, some of it in the middle of another hop, between its reading and its writing.
    """

    def __init__(self, portal: Portal, vault: MemoryVault, clock: ShiftedClock, seed: int) -> None:
        self.portal, self.clock, self.random = portal, clock, random.Random(seed)  # noqa: S311 - the same seed, the same story
        self.store, self.queues = MemoryStore(clock), MemoryWakeUps()
        self.receiver = OlxReceiver(vault)
        publisher = OlxPublisher(portal.url, vault, clock, client=httpx.Client(trust_env=False))
        self.deliver = DeliverPublication(self.store, Provider(POLICY, publisher), clock)
        self.apply = ApplyEvents(self.store, lambda _: self.receiver, lambda _: POLICY, clock)
        self.reconcile = Reconcile(self.store, self.store, self.queues, clock)
        self.inbox: SimpleQueue[Callback] = SimpleQueue()
        self.key = f"e-{seed}"
        self.id = ids.classified_id(CUSTOMER, self.key)
        self._pool: list[Task] = []
        self._late: list[Task] = []
        self._relayed = 0
        self._nested = False
        self.store.interrupt = lambda _: self._interrupt()

    # --- the CRM ---

    def wish(self, kind: Kind, amount: int = 187_500) -> None:
        """Make the next revision: a body of this price, or the same body asked for in another way."""
        caller = Caller(CUSTOMER)
        prices = {"currency": "EUR", "buy": {"price": {"amount": amount}}}
        body = make_body(prices=prices, metaData={"source": {"offererEstateId": self.key}})
        match kind:
            case Kind.POST:
                post_classified(self.store, self.clock, caller, body)
            case Kind.PUT:
                put_classified(self.store, self.clock, caller, self.id, body)
            case Kind.DELETE:
                delete_classified(self.store, self.clock, caller, self.id)
            case _:
                ASKED[kind](self.store, self.clock, caller, self.id, {})

    # --- the hops ---

    def settle(self) -> None:
        """Hand on what there is until the hub and the portal are at rest."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            self._collect()
            if self._pool:
                self._hand_on()
            elif self.portal.is_quiet() and self.inbox.empty() and not self._retries():
                break
            assert time.monotonic() < deadline, f"never at rest: {self.publication}"
        assert self.publication.running is None

    def _retries(self) -> bool:
        """Let a put-off call's time come, where its wake-up was spent on a look that came before it."""
        retry_at = self.publication.retry_at
        if retry_at is None:
            return False
        self.clock.advance(max(0, retry_at - self.clock.now()))
        return self.reconcile() > 0

    def look(self) -> None:
        """One wake-up, now."""
        self.deliver(WakeUp("olx", self.id, "imovirtual", CUSTOMER))

    def hand_on_a_few(self) -> None:
        """Go on a little, as far as chance will have it."""
        for _ in range(self.random.randrange(12)):
            self._collect()
            if self._pool:
                self._hand_on()

    def come_late(self) -> None:
        """Everything that was to come again, comes."""
        while self._late:
            self._late.pop(self.random.randrange(len(self._late)))()

    def _collect(self) -> None:
        records, self._relayed = self.store.records[self._relayed :], len(self.store.records)
        changes = []
        for record in records:
            changes += _changes(record)
            if isinstance(record.new, Message) and record.old is None:
                self._carry(lambda message=record.new: self.apply.fold(message))
            elif isinstance(record.new, Link):
                self._carry(lambda link=record.new: self.apply.fold_parked(link))
        relay_changes(changes, self.queues, self.clock)
        for wake_up in self.queues.take():
            self._carry(lambda one=wake_up: self._arrive(one))
        while True:
            try:
                callback = self.inbox.get_nowait()
            except Empty:
                return
            self._carry(lambda one=callback: receive_message(one, self.receiver, self.store, self.clock))

    def _carry(self, task: Task) -> None:
        self._pool += [task] * self.random.choice((1, 2))
        if self.random.random() < 0.3:
            self._late.append(task)

    def _hand_on(self) -> None:
        carried = self._late if self._late and self.random.random() < 0.1 else self._pool
        carried.pop(self.random.randrange(len(carried)))()

    def _arrive(self, wake_up: WakeUp) -> None:
        """A wake-up hidden for a while arrives when its time has come."""
        self.clock.advance(wake_up.delay * 1000)
        self.deliver(wake_up)

    def _interrupt(self) -> None:
        """Somebody else is faster, now and then: another hop runs between this one's reading and its writing."""
        if self._nested or self.random.random() < 0.6:
            return
        self._nested = True
        try:
            self._collect()
            if self._pool:
                self._hand_on()
        finally:
            self._nested = False

    # --- what is known ---

    @property
    def publication(self) -> Publication:
        return self.store.load(self.id)[1][0]

    def list_told(self) -> list[Entry]:
        """The applied entries, oldest first."""
        entries = self.store.list_entries(self.id, 250, None).rows
        return [entry for entry in reversed(entries) if entry.outcome == "applied"]


def _changes(record: Record) -> list[ClassifiedChanged | PublicationChanged]:
    """What `relay_changes` is woken for."""
    new = record.new
    if isinstance(new, Classified):
        return [ClassifiedChanged(new.classified_id, new.customer, new.ever)]
    if isinstance(new, Publication) and new.look:
        return [PublicationChanged(new.classified_id, new.customer, new.channel, new.retry_at)]
    return []
