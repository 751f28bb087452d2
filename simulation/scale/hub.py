"""The hub's functions wired as in template.yaml, with its limits, over ports that take time."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from placard.aws.budget import DynamoBudget
from placard.domain.errors import PlacardError
from placard.domain.instants import SECOND
from placard.portals.breaker import Breaker
from placard.ports import Callback, Delivery, Link, Message, Provider, Reply, Secret, Telling, WakeUp
from placard.use_cases.apply_events import ApplyEvents
from placard.use_cases.deliver_publication import DeliverPublication
from placard.use_cases.notify_crm import NotifyCrm
from placard.use_cases.receive_message import receive_message
from placard.use_cases.reconcile import Reconcile
from placard.use_cases.relay_changes import relay_changes
from simulation.portals import AvivPortal, OlxPortal, Site
from simulation.scale.agenda import Agenda
from simulation.scale.costs import MESSAGES_OF_A_SEND, ROUND, takes
from simulation.scale.meter import Meter
from simulation.scale.portals import Calls, Line, Outage, Portal, TimedPublisher
from simulation.scale.queues import FairQueue
from simulation.scale.stream import Reader
from simulation.scale.table import Marks, MeteredCircuits, MeteredStore, TimedReads
from simulation.stream import read_change, read_remote
from simulation.tape import Tape
from tests.fakes import FakeClock, MemoryVault, Record
from tests.template import RESOURCES

SEED = 1
# Remote ids of one length, so that adverts can be copied as text.
FIRST_REMOTE = 1_000_000


def read_event(function: str, event: str) -> dict[str, Any]:
    """Return the properties of a function's event in template.yaml."""
    properties: dict[str, Any] = RESOURCES[function]["Properties"]["Events"][event]["Properties"]
    return properties


def _concurrency(function: str, event: str) -> int:
    return int(read_event(function, event)["ScalingConfig"]["MaximumConcurrency"])


def _visibility(queue: str) -> int:
    return int(RESOURCES[queue]["Properties"]["VisibilityTimeout"]) * SECOND


@dataclass
class TimedVault:
    """Secrets, each reading of which takes its time."""

    vault: MemoryVault
    agenda: Agenda

    def read(self, name: str, *, fresh: bool = False) -> Secret | None:
        """Return a secret."""
        self.agenda.spend(takes("secret"))
        return self.vault.read(name, fresh=fresh)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.vault, name)


class Crms:
    """Implements `placard.ports.CallbackSender`: endpoints that accept everything. `hear` is told what was accepted."""

    def __init__(self, agenda: Agenda) -> None:
        self._agenda = agenda
        self.accepted = 0
        self.hear: Callable[[str], None] = lambda webhook_id: None

    def send(self, delivery: Delivery, _now: int) -> Reply:
        """Accept a callback."""
        self._agenda.spend(takes("crm"))
        self.accepted += 1
        self.hear(delivery.webhook_id)
        return Reply(201)


class Hub:
    """One hub and its surroundings."""

    def __init__(self) -> None:
        self.agenda = agenda = Agenda(FakeClock().now(), SEED)
        self.meter = Meter()
        self.store = MeteredStore(agenda, self.meter)
        self.store.carry = self._carry
        self.reads = TimedReads(self.store, agenda)
        self.vault = MemoryVault(agenda)
        self.outage, self.calls, self.crms = Outage(), Calls(), Crms(agenda)
        site = Site(Tape(SEED, ()), agenda.now, agenda.at, self._call_back, lambda: True)
        self.portals: dict[str, Portal] = {"olx": OlxPortal(site), "aviv": AvivPortal(site)}
        for portal in self.portals.values():
            portal.count_from(FIRST_REMOTE)
        self._marks, self._circuits = Marks(agenda, self.meter), MeteredCircuits(agenda, self.meter)
        self._lookers: dict[tuple[str, int], DeliverPublication] = {}
        self._notify = NotifyCrm(self.reads, self.crms, TimedVault(self.vault, agenda), self, agenda)  # type: ignore[arg-type]
        self._apply = ApplyEvents(
            self.reads,  # type: ignore[arg-type]
            lambda name: self.portals[name],
            lambda name: self.portals[name].policy,
            agenda,
        )
        self._reconcile = Reconcile(self.reads, self.reads, self, agenda)  # type: ignore[arg-type]
        self.queues = {
            "olx": self._queue("olx", "DeliverPublicationFunction", "Olx", "DeliverOlxQueue", self._look),
            "aviv": self._queue("aviv", "DeliverPublicationFunction", "Aviv", "DeliverAvivQueue", self._look),
            "notify": self._queue("notify", "NotifyCrmFunction", "Tellings", "NotifyQueue", self._tell),
            # Lambda reads a queue without a cap by five pollers at first, and this one is hardly ever used.
            "retry": FairQueue("retry", agenda, 5, _visibility("EventRetryQueue"), self._fold_again),
        }
        self.readers = {
            name: Reader(name, agenda, int(read_event(function, "Changes")["BatchSize"]), read)
            for name, function, read in (
                ("relay", "RelayChangesFunction", self._relay),
                ("apply", "ApplyEventsFunction", self._fold),
            )
        }
        self.rounds: Counter[str] = Counter()
        self.invocations: Counter[str] = Counter()
        self.busy: Counter[str] = Counter()

    # --- what the queues carry: `placard.ports.WakeUps` ---

    def send(self, wake_ups: Sequence[WakeUp]) -> None:
        """Send wake-ups, each to its provider's queue."""
        self._spend_on_sending(Counter(wake_up.provider for wake_up in wake_ups).values())
        for wake_up in wake_ups:
            self.queues[wake_up.provider].send(wake_up.customer, wake_up, wake_up.delay)

    def tell(self, tellings: Sequence[Telling]) -> None:
        """Send tellings."""
        self._spend_on_sending([len(tellings)])
        for telling in tellings:
            self.queues["notify"].send(telling.customer, telling, telling.delay)

    def retry_messages(self, messages: Iterable[tuple[str, str, str]]) -> None:
        """Send keys of messages to be folded again."""
        keys = list(messages)
        self._spend_on_sending([len(keys)])
        for key in keys:
            self.queues["retry"].send("", key, 0)

    def count_waiting(self, provider: str) -> int:
        """Return how many wake-ups wait for a provider."""
        self.agenda.spend(takes("send"))
        return self.queues[provider].waiting

    def _spend_on_sending(self, numbers: Iterable[int]) -> None:
        self.agenda.spend(sum(-(-number // MESSAGES_OF_A_SEND) for number in numbers) * takes("send"))

    # --- functions ---

    def call(self, name: str, body: Callable[[], object]) -> None:
        """Run one invocation of a function that nobody shares."""
        began = self.agenda.now()
        self.agenda.spend(takes("look"))
        body()
        self.invocations[name] += 1
        self.busy[name] += self.agenda.now() - began
        self.agenda.instant = began

    def start_rounds(self) -> None:
        """Let `reconcile` run each minute from now on."""
        self.call("reconcile", self._round)
        self.agenda.at(self.agenda.now() + ROUND, self.start_rounds)

    def _round(self) -> None:
        woken = self._reconcile()
        self.rounds["woken"] += woken
        self.rounds["rounds"] += 1
        self.rounds["most"] = max(self.rounds["most"], woken)

    def _look(self, slot: int, wake_up: WakeUp) -> None:
        self.agenda.spend(takes("look"))
        self._looker(wake_up.provider, slot)(wake_up)

    def _looker(self, provider: str, slot: int) -> DeliverPublication:
        """Return an instance of the function, which keeps what it has seen of budgets and breakers."""
        known = self._lookers.get((provider, slot))
        if known is None:
            portal = self.portals[provider]
            breaker = Breaker(self._circuits, self.agenda, provider)
            line = Line(provider, self.agenda, breaker, self.outage, self.calls)
            publisher = TimedPublisher(portal, line, DynamoBudget(self._marks))  # type: ignore[arg-type]
            known = DeliverPublication(self.reads, Provider(portal.policy, publisher), self.agenda)  # type: ignore[arg-type]
            self._lookers[provider, slot] = known
        return known

    def _tell(self, _slot: int, telling: Telling) -> None:
        self.agenda.spend(takes("look"))
        self._notify(telling)

    def _fold_again(self, _slot: int, key: tuple[str, str, str]) -> None:
        self.agenda.spend(takes("look"))
        self._apply.fold_message(*key)

    # --- the stream ---

    def _carry(self, record: Record) -> None:
        if (change := read_change(record)) is not None:
            self.readers["relay"].carry(record.key[0], change)
        if (remote := read_remote(record)) is not None:
            self.readers["apply"].carry(record.key[0], remote)

    def _relay(self, changes: Sequence[Any]) -> None:
        self.agenda.spend(takes("look"))
        relay_changes(changes, self, self.agenda)  # type: ignore[arg-type]

    def _fold(self, remotes: Sequence[Message | Link]) -> None:
        """Fold as `functions/apply_events` does: what fails goes, alone, to the retry queue."""
        for remote in remotes:
            self.agenda.spend(takes("fold"))
            provider, remote_id = remote.provider, remote.remote_id
            try:
                if isinstance(remote, Link):
                    self._apply.fold_parked(remote)
                else:
                    self._apply.fold(remote)
            except PlacardError:
                waiting = self.store.messages_of(provider, remote_id) if isinstance(remote, Link) else [remote]
                self.retry_messages([(provider, remote_id, one.digest) for one in waiting])

    # --- callbacks of the portals ---

    def _call_back(self, provider: str, remote_id: str, raw: str, _arrives: bool) -> None:
        self.agenda.at(self.agenda.now() + takes("callback"), partial(self._receive, provider, remote_id, raw))

    def _receive(self, provider: str, remote_id: str, raw: str) -> None:
        callback = Callback(raw.encode(), {}, remote_id)
        self.call(
            f"receive_{provider}",
            lambda: receive_message(callback, self.portals[provider], self.store, self.agenda),  # type: ignore[arg-type]
        )

    # --- beneath ---

    def _queue(self, name: str, function: str, event: str, queue: str, read: Callable[[int, Any], object]) -> FairQueue:
        return FairQueue(name, self.agenda, _concurrency(function, event), _visibility(queue), read)

    @property
    def idle(self) -> bool:
        """Whether nothing is left to do: no message, no record, no due time."""
        waits = (*self.queues.values(), *self.readers.values())
        return not self.store.dues and all(one.idle for one in waits)

    def forget_counts(self) -> None:
        """Begin to count anew."""
        self.meter.forget()
        self.calls.forget()
        self.crms.accepted = 0
        for counter in (self.reads.reads, self.rounds, self.invocations, self.busy):
            counter.clear()
        for one in (*self.queues.values(), *self.readers.values()):
            one.forget_counts()

    def describe_waits(self) -> dict[str, int]:
        """Return what still waits, for who looks from above."""
        return {name: queue.waiting + queue.delayed for name, queue in self.queues.items()} | {
            "due": len(self.store.dues)
        }


def to_json(value: Any) -> str:
    """Return a value as the report's text."""
    return json.dumps(value, indent=1, default=str)
