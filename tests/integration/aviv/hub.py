"""The hub in memory with its real AVIV folder. The portal is simulated, over HTTP; streams and queues are played here."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any

import httpx

from placard.domain import ids
from placard.domain.classified import Classified
from placard.domain.publication import Entry, Publication, Standing
from placard.portals.aviv.manifest import POLICY
from placard.portals.aviv.publisher import AvivPublisher
from placard.portals.aviv.receiver import AvivReceiver
from placard.ports import Callback, ClassifiedChanged, Link, Message, Provider, PublicationChanged
from placard.use_cases.apply_events import ApplyEvents
from placard.use_cases.ask_portals import retry_classified
from placard.use_cases.deliver_publication import DeliverPublication
from placard.use_cases.publish_classified import Caller, delete_classified, post_classified, put_classified
from placard.use_cases.receive_message import receive_message
from placard.use_cases.reconcile import Reconcile
from placard.use_cases.relay_changes import relay_changes
from tests.fakes import FakeClock, MemoryStore, MemoryVault, MemoryWakeUps
from tests.integration.simulators.callers import RESALE, Aviv
from tests.unit.portals.scene import CUSTOMER

Json = dict[str, Any]
PATIENCE_SECONDS = 90.0
ESTATE = str(RESALE["data"]["metaData"]["source"]["offererEstateId"])


class ShiftedClock(FakeClock):
    """The real time, as the portal has it, and what a test has moved it on by."""

    def __init__(self) -> None:
        super().__init__(now=0)

    def now(self) -> int:
        """Return the time in milliseconds since the epoch."""
        return time.time_ns() // 1_000_000 + self.instant


def flat(*portals: str, amount: int = 485_000) -> Json:
    """The contract's resale at this price."""
    body: Json = copy.deepcopy(RESALE)
    body["portals"] = list(portals or ("SL",))
    body["data"]["prices"]["buy"]["price"]["amount"] = amount
    return body


class Hub:
    """One classified, from the CRM's wish to AVIV and back. `portal` is another caller of the same agency, at AVIV itself."""

    def __init__(self, url: str, door: str) -> None:
        self.clock = ShiftedClock()
        self.store, self.queues = MemoryStore(self.clock), MemoryWakeUps()
        app = {"client_id": "hub-client-id", "client_secret": "<secret>", "path_key": "key"}
        accounts = {"main": {"intermediary_id": "RC-000123"}}
        vault = MemoryVault(self.clock, {"aviv/app": app, f"aviv/accounts/{CUSTOMER}": accounts})
        self.receiver, self.portal = AvivReceiver(vault), Aviv(url)
        base, client = f"{url}/caas/v4", httpx.Client(trust_env=False)
        publisher = AvivPublisher(base, f"{url}/oauth/token", door, vault, self.clock, client=client)
        self.deliver = DeliverPublication(self.store, Provider(POLICY, publisher), self.clock)
        self.apply = ApplyEvents(self.store, lambda _: self.receiver, lambda _: POLICY, self.clock)
        self.reconcile = Reconcile(self.store, self.store, self.queues, self.clock)
        self.inbox: SimpleQueue[Callback] = SimpleQueue()
        self.id = ids.classified_id(CUSTOMER, ESTATE)
        self._relayed = 0

    # --- the CRM ---

    def post(self, body: Json) -> None:
        post_classified(self.store, self.clock, Caller(CUSTOMER), body)

    def put(self, body: Json) -> None:
        put_classified(self.store, self.clock, Caller(CUSTOMER), self.id, body)

    def delete(self) -> None:
        delete_classified(self.store, self.clock, Caller(CUSTOMER), self.id)

    def retry(self) -> None:
        retry_classified(self.store, self.clock, Caller(CUSTOMER), self.id, {})

    # --- the hops ---

    def hand_on(self) -> None:
        """Hand on what streams, queues and callbacks carry, until nothing is left of it."""
        while self._relay() or self._receive() or self._wake():
            pass

    def settle(self, done: Callable[[], bool] | None = None) -> None:
        """Hand on until the operation in flight is over, or until `done`."""
        over = done or (lambda: self.publication.running is None)
        deadline = time.monotonic() + PATIENCE_SECONDS
        self.hand_on()
        while not over():
            assert time.monotonic() < deadline, f"never came to rest: {self.list_told()}"
            try:
                self._take(self.inbox.get(timeout=0.02))
            except Empty:
                continue
            self.hand_on()

    def wait(self, milliseconds: int) -> None:
        """Let this long pass, and look at what is due then."""
        self.clock.advance(milliseconds)
        self.reconcile()
        self.hand_on()

    def _relay(self) -> bool:
        records, self._relayed = self.store.records[self._relayed :], len(self.store.records)
        changes: list[ClassifiedChanged | PublicationChanged] = []
        for record in records:
            new = record.new
            if isinstance(new, Classified):
                changes.append(ClassifiedChanged(new.classified_id, new.customer, new.ever))
            elif isinstance(new, Publication) and new.look:
                changes.append(PublicationChanged(new.classified_id, new.customer, new.channel, new.retry_at))
            elif isinstance(new, Message) and record.old is None:
                self.apply.fold(new)
            elif isinstance(new, Link):
                self.apply.fold_parked(new)
        relay_changes(changes, self.queues, self.clock)
        return bool(records)

    def _receive(self) -> bool:
        try:
            self._take(self.inbox.get_nowait())
        except Empty:
            return False
        return True

    def _take(self, callback: Callback) -> None:
        receive_message(callback, self.receiver, self.store, self.clock)

    def _wake(self) -> bool:
        wake_ups = self.queues.take()
        for wake_up in wake_ups:
            self.clock.advance(wake_up.delay * 1000)
            self.deliver(wake_up)
        return bool(wake_ups)

    # --- what is known ---

    @property
    def publication(self) -> Publication:
        return self.store.load(self.id)[1][0]

    @property
    def remote_id(self) -> str:
        assert self.publication.remote_id is not None
        return self.publication.remote_id

    def standing(self, portal: str = "SL") -> Standing:
        return self.publication.standings[portal]

    def list_told(self) -> list[str]:
        """What the CRM is told, oldest first, as `CREATED(1)`."""
        return [
            f"{entry.status.value}({entry.revision})" for entry in self.list_entries() if entry.outcome == "applied"
        ]

    def list_entries(self) -> list[Entry]:
        return list(reversed(self.store.list_entries(self.id, 250, None).rows))

    def list_calls(self, path: str = "^/caas/v4/classifieds") -> list[str]:
        """Method and answer of the hub's calls so far, oldest first; `portal` reads and writes for the test."""
        calls = self.portal.sim.get("/calls", params={"path": path}).json()["items"]
        return [f"{call['method']} {call['status']}" for call in calls]

    def list_adverts(self) -> list[Json]:
        """What AVIV has, the deleted left out."""
        items: list[Json] = self.portal.sim.get("/adverts").json()["items"]
        return [item for item in items if not item["deleted"]]
