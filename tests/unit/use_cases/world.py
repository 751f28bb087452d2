"""All hops in one process: the real use cases over in-memory ports, with a portal that the test plays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from placard.domain import ids
from placard.domain.answers import Answer, Result
from placard.domain.classified import Classified, Kind
from placard.domain.events import PortalEvent
from placard.domain.hashes import content_hash
from placard.domain.policy import Policy, Rendering
from placard.domain.publication import Publication
from placard.ports import (
    Call,
    Callback,
    Link,
    Message,
    Provider,
    Question,
    Revision,
    WakeUp,
)
from placard.use_cases.apply_events import ApplyEvents
from placard.use_cases.deliver_publication import DeliverPublication
from placard.use_cases.reconcile import Reconcile
from placard.use_cases.relay_changes import relay_changes
from simulation.stream import read_change, read_remote
from tests.fakes.clock import FakeClock
from tests.fakes.memory_queues import MemoryWakeUps
from tests.fakes.memory_store import MemoryStore
from tests.unit.domain.hub import FACTS

CUSTOMER = "acme"
Script = Callable[[Call], Answer]


@dataclass
class PlayedPortal:
    """Implements Publisher and Receiver. `script` answers the calls; `said` maps a message's raw text to its event."""

    calls: list[Call] = field(default_factory=list)
    script: Script = lambda call: Answer(Result.ACCEPTED, call.remote_id or "advert-1", "t-1")
    reading: tuple[PortalEvent, ...] = ()
    found: tuple[str, ...] = ()
    reads: int = 0
    said: dict[str, PortalEvent] = field(default_factory=dict)

    def render(self, classified: Classified, channel: str) -> Rendering:
        text = str(classified.body.get("text"))
        return Rendering({"text": text}, dict.fromkeys(classified.portals_on(channel), text), key="key")

    def send(self, call: Call) -> Answer:
        self.calls.append(call)
        return self.script(call)

    def read(self, question: Question) -> tuple[PortalEvent, ...]:
        self.reads += 1
        return self.reading

    def search(self, classified: Classified, channel: str) -> tuple[str, ...]:
        return self.found

    def verify(self, callback: Callback, received_at: int) -> Message:
        raise NotImplementedError

    def interpret(self, message: Message, channel: str) -> PortalEvent | None:
        event = self.said.get(message.raw)
        return None if event is None else replace(event, evidence=message.key)


class World:
    """The hub in memory. Nothing moves by itself: `settle` hands on what streams and queues carry until they are empty."""

    def __init__(self, policy: Policy = FACTS, portals: tuple[str, ...] = ("IMOVIRTUAL",)) -> None:
        self.clock = FakeClock()
        self.store = MemoryStore(self.clock)
        self.queues = MemoryWakeUps()
        self.portal = PlayedPortal()
        self.policy = policy
        self.portals = portals
        self.deliver = DeliverPublication(self.store, Provider(policy, self.portal, self.portal), self.clock)
        self.apply = ApplyEvents(self.store, lambda _: self.portal, lambda _: policy, self.clock)
        self.reconcile = Reconcile(self.store, self.store, self.queues, self.clock)
        self._relayed = 0
        self.id = ids.classified_id(CUSTOMER, "a-1")

    # --- the CRM ---

    def publish(self, text: str = "a flat", kind: Kind = Kind.POST) -> None:
        body = {"text": text}
        written = self.store.write(
            Revision(self.id, CUSTOMER, kind, self.clock.now(), "a-1", body, content_hash(body), self.portals)
        )
        assert written.accepted

    def delete(self) -> None:
        assert self.store.write(Revision(self.id, CUSTOMER, Kind.DELETE, self.clock.now())).accepted

    # --- the hops ---

    def settle(self) -> None:
        """Relay, look and fold until nothing is left to hand on. Delayed wake-ups arrive in their time."""
        for _ in range(100):
            self.relay()
            wake_ups = self.queues.take()
            if not wake_ups and self._relayed == len(self.store.records):
                return
            for wake_up in wake_ups:
                self.clock.advance(wake_up.delay * 1000)
                self.deliver(wake_up)
        raise AssertionError("the hub never came to rest")

    def relay(self) -> None:
        records, self._relayed = self.store.records[self._relayed :], len(self.store.records)
        changes = [change for record in records if (change := read_change(record)) is not None]
        for remote in filter(None, map(read_remote, records)):
            if isinstance(remote, Link):
                self.apply.fold_parked(remote)
            else:
                self.apply.fold(remote)
        relay_changes(changes, self.queues, self.clock)

    def look(self) -> None:
        channel = self.publication.channel if self.known else "imovirtual"
        self.deliver(WakeUp(self.policy.provider, self.id, channel, CUSTOMER))

    def say(self, event: PortalEvent, name: str = "", customer: str | None = None) -> Message:
        """A callback arrives and is stored."""
        raw = name or f"message {len(self.portal.said)}"
        self.portal.said[raw] = event
        assert event.remote_id is not None
        message = Message(
            self.policy.provider, event.remote_id, content_hash(raw), raw, self.clock.now(), customer=customer
        )
        self.store.put_message(message, self.clock.now() + 60_000)
        return message

    # --- what is known ---

    @property
    def known(self) -> bool:
        return bool(self.store.load(self.id)[1])

    @property
    def publication(self) -> Publication:
        return self.store.load(self.id)[1][0]

    def told(self) -> list[str]:
        entries = self.store.list_entries(self.id, 250, None).rows
        applied = [entry for entry in reversed(entries) if entry.outcome == "applied"]
        return [f"{entry.status.value}({entry.revision})" for entry in applied]
