"""The hub, its surroundings, and everything that goes between them, in one process and one time."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from placard.domain.answers import Answer
from placard.domain.classified import Classified
from placard.domain.errors import (
    PlacardError,
    PortalUnavailableError,
    StoreUnavailableError,
)
from placard.domain.events import PortalEvent
from placard.domain.instants import DAY, MINUTE, SECOND
from placard.domain.policy import Rendering
from placard.domain.subscription import State
from placard.domain.told import Place
from placard.ports import (
    Call,
    Callback,
    Delivery,
    Provider,
    Question,
    Reply,
    Telling,
    View,
    WakeUp,
)
from placard.use_cases.apply_events import ApplyEvents
from placard.use_cases.deliver_publication import DeliverPublication
from placard.use_cases.notify_crm import NotifyCrm
from placard.use_cases.receive_message import receive_message
from placard.use_cases.reconcile import Reconcile
from placard.use_cases.relay_changes import relay_changes
from simulation.crm import CUSTOMERS, Crm, Endpoints, draw_gap, draw_mode
from simulation.faults import Climate, Fate
from simulation.hostile import HostilePort, StaleStore
from simulation.portals import AvivPortal, OlxPortal, Site, Work
from simulation.scheduler import Process, Scheduler
from simulation.stream import read_change, read_remote
from simulation.tape import Tape
from tests.fakes import FakeClock, MemoryStore, MemoryVault, Record

# Timeouts and visibilities as in template.yaml.
API_TAKES, RECEIVER_TAKES, STREAM_TAKES, LOOK_TAKES = 25 * SECOND, 5 * SECOND, 30 * SECOND, 60 * SECOND
VISIBILITY, RETRY_VISIBILITY = 360 * SECOND, 180 * SECOND
MOST_RECEIVES = 10
STREAM_KEEPS = DAY
MOST_REDELIVERIES = 4


class BreachError(AssertionError):
    """A promise that was not kept."""


class SimulatedClock(FakeClock):
    """The scheduler's time, and chance of its own."""

    def __init__(self, scheduler: Scheduler, seed: int) -> None:
        super().__init__(scheduler.now, seed)
        self._scheduler = scheduler

    def now(self) -> int:
        """Return the scheduler's time."""
        return self._scheduler.now


class HostilePublisher:
    """A portal behind a network: calls that do not arrive, answers that do not come back."""

    def __init__(self, portal: OlxPortal | AvivPortal, world: World) -> None:
        self._portal, self._world = portal, world
        self._calling: dict[Place, Process] = {}

    def render(self, classified: Classified, channel: str) -> Rendering:
        """Return a classified in the portal's form."""
        return self._portal.render(classified, channel)

    def check_account(self, classified: Classified, channel: str) -> None:
        """There is always an account."""

    def send(self, call: Call) -> Answer:
        """Send one operation, if the network lets it."""
        world, place = self._world, Place(call.classified.classified_id, call.channel)
        process = world.scheduler.process
        other = self._calling.get(place)
        work = None if other is None else other.notes.get("sent")
        over = isinstance(work, Work) and work.over  # its end was told before its answer
        if other is not None and not other.killed and not over and world.scheduler.now <= other.began_at + other.limit:
            raise BreachError(f"two calls at once for {place.channel}: {other} and {process}")
        if process is not None:
            self._calling[place] = process
        try:
            return self._exchange(call, place)
        finally:
            if self._calling.get(place) is process:
                del self._calling[place]

    def _exchange(self, call: Call, place: Place) -> Answer:
        world = self._world
        fate = world.climate.http()
        world.note(call.operation, call.remote_id or "", place.channel, list(call.listed), ":", fate.name.lower())
        if fate is Fate.PAUSE_BEFORE:
            world.scheduler.pause(world.climate.pause())
        elif fate is Fate.DIE_BEFORE:
            world.scheduler.kill()
        elif fate is Fate.FAIL_BEFORE:
            raise world.refuse_connection()
        policy = self._portal.policy
        known = [
            work
            for work in self._portal.works_on(place)
            # Of what AVIV does not tell in time the hub makes up its mind by what AVIV shows (lifecycle §4).
            if work.known and (policy.callbacks_are_facts or world.scheduler.now < work.began_at + policy.operation_due)
        ]
        publication = world.memory.load_publication(*place)
        surplus = publication is not None and publication.running is not None and not publication.running.portals
        if known and not surplus:
            raise BreachError(f"{call.operation} for {place.channel} while {known[0]} is in flight")
        answer, work = self._portal.send(call)
        process = world.scheduler.process
        if process is not None:
            process.notes["sent"] = work
        world.scheduler.now += 50
        if fate is Fate.PAUSE_AFTER:
            world.scheduler.pause(world.climate.pause())
        elif fate is Fate.DIE_AFTER:
            world.scheduler.kill()
        elif fate is Fate.FAIL_AFTER:
            raise PortalUnavailableError("no answer", taken=True)
        if process is not None:
            process.notes["work"] = work
        return answer

    def read(self, question: Question) -> tuple[PortalEvent, ...]:
        """Ask how the advert stands."""
        return self._question(partial(self._portal.read, question), "read")

    def search(self, classified: Classified, channel: str) -> tuple[str, ...]:
        """Look for the advert by the hub's key."""
        return self._question(partial(self._portal.search, classified, channel), "search")

    def _question(self, ask: Callable[[], Any], what: str) -> Any:
        world = self._world
        fate = world.climate.http()
        if fate in (Fate.FAIL_BEFORE, Fate.FAIL_AFTER):
            world.note(what, ":", fate.name.lower())
            raise world.refuse_connection()
        if fate in (Fate.DIE_BEFORE, Fate.DIE_AFTER):
            world.scheduler.kill()
        if fate is Fate.PAUSE_BEFORE:
            world.scheduler.pause(world.climate.pause())
        answer = ask()
        world.note(what, ":", answer)
        world.scheduler.now += 50
        if fate is Fate.PAUSE_AFTER:
            world.scheduler.pause(world.climate.pause())
        return answer


class HostileSender:
    """The CRMs behind a network."""

    def __init__(self, endpoints: Endpoints, world: World) -> None:
        self._endpoints, self._world = endpoints, world

    def send(self, delivery: Delivery, now: int) -> Reply:
        """Send one callback, if the network lets it."""
        world = self._world
        fate = world.climate.http()
        if fate is Fate.DIE_BEFORE:
            world.scheduler.kill()
        if fate is Fate.FAIL_BEFORE:
            return Reply(None, reason="no connection")
        if fate is Fate.PAUSE_BEFORE:
            world.scheduler.pause(min(world.climate.pause(), 9 * SECOND))
        reply = self._endpoints.send(delivery, now)
        world.scheduler.now += 20
        world.note(
            "callback", delivery.webhook_id[:8], repr(delivery.body[80:200]), ":", reply.status, fate.name.lower()
        )
        if fate is Fate.PAUSE_AFTER:
            world.scheduler.pause(min(world.climate.pause(), 9 * SECOND))
        if fate is Fate.DIE_AFTER:
            world.scheduler.kill()
        return Reply(None, reason="timed out") if fate is Fate.FAIL_AFTER else reply


class RecordingStore(HostilePort):
    """The hostile table, which remembers which subscription a telling belongs to."""

    def view(self, place: Place, customer: str) -> View:
        """Return what telling a publication needs."""
        view: View = self.__getattr__("_view")(place, customer)
        process = self._scheduler.process
        if process is not None and view.subscription is not None:
            process.notes["since"] = view.subscription.since
        return view

    def __getattr__(self, method: str) -> Any:
        if method == "_view":
            call = self._guard("view", self._port.view)
            self.__dict__[method] = call
            return call
        return super().__getattr__(method)


@dataclass
class _Message:
    """A message in a queue."""

    handle: Callable[[], None]
    name: str
    limit: int
    visibility: int
    receives: int = 0


class Network:
    """Implements `placard.ports.WakeUps`: queues that double, delay, swap and lose."""

    def __init__(self, world: World) -> None:
        self._world = world

    def send(self, wake_ups: Sequence[WakeUp]) -> None:
        """Send wake-ups."""
        for wake_up in wake_ups:
            self._post("deliver", lambda wake_up=wake_up: self._world.deliver(wake_up), wake_up.delay, VISIBILITY)  # type: ignore[misc]

    def tell(self, tellings: Sequence[Telling]) -> None:
        """Send tellings."""
        for telling in tellings:
            self._post("notify", lambda telling=telling: self._world.notify(telling), telling.delay, VISIBILITY)  # type: ignore[misc]

    def retry_messages(self, messages: Iterable[tuple[str, str, str]]) -> None:
        """Send keys of messages."""
        for key in messages:
            self._post("fold", lambda key=key: self._world.apply.fold_message(*key), 0, RETRY_VISIBILITY)  # type: ignore[misc]

    def count_waiting(self, _provider: str) -> int:
        """Return about how many wake-ups wait: a day of a few classifieds fills no queue."""
        return 0

    def _post(self, name: str, handle: Callable[[], None], delay: int, visibility: int) -> None:
        world = self._world
        if world.climate.happens(world.climate.lost):
            world.note("a message for", name, "is lost")
            return
        message = _Message(handle, name, LOOK_TAKES if name != "fold" else STREAM_TAKES, visibility)
        at = world.scheduler.now + delay * SECOND
        world.scheduler.at(at + world.climate.delay() // 4, partial(self._receive, message))
        if world.climate.happens(world.climate.doubled):
            world.scheduler.at(at + world.climate.delay() // 4, partial(self._receive, message))

    def _receive(self, message: _Message) -> None:
        """Hand a message to its reader; it comes back after its visibility unless the reader said that it is done."""
        message.receives += 1
        began = self._world.scheduler.now

        def again() -> None:
            if message.receives < MOST_RECEIVES:
                self._world.scheduler.at(began + message.visibility, partial(self._receive, message))

        self._world.invoke(message.name, message.limit, message.handle, again)


class World:
    """One hub with its CRMs and portals. `note` is told what happens, for the trace."""

    def __init__(self, seed: int, tape: Tape, note: Callable[[str], None] | None = None) -> None:
        self.tape = tape
        self.scheduler = Scheduler(FakeClock().now(), self._note if note is not None else lambda *_: None)
        self.note = self.scheduler.note
        self._listener = note
        self.climate = Climate.draw(tape)
        self.clock = SimulatedClock(self.scheduler, seed)
        self.memory = MemoryStore(self.clock)
        self.vault_memory = MemoryVault(self.clock)
        self.crashes: list[str] = []
        site = Site(tape, self.clock.now, self.scheduler.at, self._call_back, lambda: self.climate.calm)
        self.portals: dict[str, OlxPortal | AvivPortal] = {"olx": OlxPortal(site), "aviv": AvivPortal(site)}
        stale = StaleStore(self.memory, self.scheduler, self.climate)
        self.store: Any = RecordingStore("table", stale, self.scheduler, self.climate)
        self.vault: Any = HostilePort("vault", self.vault_memory, self.scheduler, self.climate)
        self.queues: Any = HostilePort("queue", Network(self), self.scheduler, self.climate)
        self.endpoints = Endpoints(since=self._since)
        self._lookers = {
            name: DeliverPublication(self.store, Provider(p.policy, HostilePublisher(p, self), p), self.clock)
            for name, p in self.portals.items()
        }
        self.apply = ApplyEvents(
            self.store, lambda name: self.portals[name], lambda name: self.portals[name].policy, self.clock
        )
        self._notify = NotifyCrm(self.store, HostileSender(self.endpoints, self), self.vault, self.queues, self.clock)
        self._reconcile = Reconcile(self.store, self.store, self.queues, self.clock)
        keys = ("A", "B")[: 1 + tape.below(2)]
        customers = CUSTOMERS[: 1 + (tape.pick((3, 1)))]
        self.crms = [Crm(tape, customer, keys, self) for customer in customers]
        self._streamed = 0
        self._last_of: dict[tuple[str, Any], int] = {}
        self._due_known: tuple[tuple[int, int], int | None] = ((-1, -1), None)

    # --- the hub's functions ---

    def invoke(
        self, name: str, limit: int, body: Callable[[], object], again: Callable[[], None] = lambda: None
    ) -> None:
        """Run one invocation of a function; `again` where it failed or died."""
        calm = self.climate.calm
        stoppable = not calm and self.tape.happens(self.climate.stoppable)

        def whole() -> None:
            done = False
            try:
                body()
                done = True
            except PlacardError as error:
                self.note(name, "fails:", error)
            except BreachError as error:
                self.crashes.append(str(error))
            except Exception as error:
                self.crashes.append(f"{name} crashes: {type(error).__name__}: {error}")
                logging.getLogger(__name__).debug("crash", exc_info=True)
            finally:
                process = self.scheduler.process
                work = None if process is None else process.notes.get("work")
                if done and isinstance(work, Work):
                    work.known = True
                if not done:
                    again()

        self.scheduler.run(name, limit, whole, stoppable=stoppable)
        self._stream()

    def deliver(self, wake_up: WakeUp) -> None:
        """Look at a publication."""
        self.note("look at", wake_up.classified_id[:4], wake_up.channel)
        self._lookers[wake_up.provider](wake_up)

    def notify(self, telling: Telling) -> None:
        """Look whether there is something to tell."""
        self.note("telling", telling.customer, telling.place and telling.place.channel)
        self._notify(telling)

    def reconcile(self) -> None:
        """Run one round of `reconcile`."""
        self.invoke("reconcile", LOOK_TAKES, self._reconcile)

    # --- the stream ---

    def _stream(self) -> None:
        """Put what was written on its way to the stream's two readers: records of one item in order, others in any."""
        records, self._streamed = self.memory.records[self._streamed :], len(self.memory.records)
        for record in records:
            if (change := read_change(record)) is not None:
                self._carry("relay", record, lambda change=change: relay_changes((change,), self.queues, self.clock))  # type: ignore[misc]
            if (remote := read_remote(record)) is not None:
                self._carry("apply", record, partial(self._fold, *remote))

    def _carry(self, reader: str, record: Record, handle: Callable[[], object]) -> None:
        if self.climate.happens(self.climate.lost / 3):
            self.note("the stream loses", record.key, "for", reader)
            return
        lane = (reader, record.key)
        at = max(self.scheduler.now + self.climate.delay() // 2, self._last_of.get(lane, 0))
        self._last_of[lane] = at
        expires = self.scheduler.now + STREAM_KEEPS

        def read() -> None:
            if self.scheduler.now < expires:
                retry = self.scheduler.now + SECOND
                self.invoke(reader, STREAM_TAKES, handle, lambda: self.scheduler.at(retry, read))

        self.scheduler.at(at, read)
        if self.climate.happens(self.climate.doubled):
            self.scheduler.at(at + self.climate.delay(), read)

    def _fold(self, provider: str, remote_id: str, digest: str | None) -> None:
        """Fold as `functions/apply_events` does: what fails goes, alone, to the retry queue."""
        try:
            if digest is None:
                self.apply.fold_parked(provider, remote_id)
            else:
                self.apply.fold_message(provider, remote_id, digest)
        except PlacardError:
            waiting = self.store.messages_of(provider, remote_id) if digest is None else ()
            digests = [digest] if digest else [message.digest for message in waiting]
            self.queues.retry_messages([(provider, remote_id, one) for one in digests])

    # --- callbacks of the portals ---

    def _call_back(self, provider: str, remote_id: str, raw: str, arrives: bool) -> None:
        self.note(provider, "says", raw)
        if not arrives and self.climate.happens(self.climate.lost * 2):
            self.note("and nobody hears it")
            return
        for _ in range(2 if self.climate.happens(self.climate.doubled * 3) else 1):
            self.scheduler.at(
                self.scheduler.now + self.climate.delay(), partial(self._receive, provider, remote_id, raw, arrives, 1)
            )

    def _receive(self, provider: str, remote_id: str, raw: str, arrives: bool, delivery: int) -> None:
        portal, callback = self.portals[provider], Callback(raw.encode(), {}, remote_id)

        def again() -> None:
            if arrives or delivery < MOST_REDELIVERIES:
                later = partial(self._receive, provider, remote_id, raw, arrives, delivery + 1)
                self.scheduler.at(self.scheduler.now + delivery * MINUTE, later)

        def receive() -> None:
            receive_message(callback, portal, self.store, self.clock)

        self.invoke("receive", RECEIVER_TAKES, receive, again)

    def refuse_connection(self) -> PortalUnavailableError | StoreUnavailableError:
        """Draw why a call does not reach the portal."""
        kind = 0 if self.climate.calm else self.tape.pick((4, 2, 2))
        if kind == 1:
            return PortalUnavailableError("too many calls", taken=False, throttled=True, wait=30 * SECOND)
        if kind == 2:
            return PortalUnavailableError("HTTP 503", taken=True)
        return PortalUnavailableError("no connection", taken=False)

    # --- the course of things ---

    def storm(self, commands: int, check: Callable[[], None]) -> None:
        """Let CRMs and people act while everything fails that can."""
        first = [crm.post_first(key) for crm in self.crms for key in crm.keys[:1]]
        subscribing = [(f"{crm.customer} subscribe", crm.subscribe) for crm in self.crms]
        for name, call in (*subscribing, *first):
            if self.tape.pick((0, 1)):
                self.command(name, call)
        for _ in range(commands):
            self.go_on(self.scheduler.now + draw_gap(self.tape), check)
            self._act()
            check()

    def _act(self) -> None:
        kind = self.tape.pick((0, 14, 3, 3))
        if kind == 2:
            portal = self.portals[("olx", "aviv")[self.tape.pick((3, 1))]]
            self.note("at", portal.provider, ":", portal.act(self.tape.below(60)))
        elif kind == 3:
            customer = CUSTOMERS[self.tape.below(len(self.crms))]
            self.endpoints.modes[customer] = draw_mode(self.tape)
            self.note(customer, "'s endpoint:", self.endpoints.modes[customer])
        elif kind == 1:
            crm = self.crms[self.tape.below(len(self.crms))]
            self.command(*crm.command())

    def command(self, name: str, call: Callable[[], None]) -> None:
        """Let a CRM call the API. What it answers is not awaited."""
        self.note(">", name)
        self.invoke("api", API_TAKES, call)

    def go_on(self, until: int, check: Callable[[], None], most: int = 3000) -> None:
        """Do all that is to be done until an instant."""
        for _ in range(most):
            tick = self._next_round()
            following = self.scheduler.next_at
            if tick is not None and (following is None or tick <= following) and tick <= until:
                self.scheduler.now = max(self.scheduler.now, tick)
                self.reconcile()
            elif following is not None and following <= until:
                ready = 1 if self.climate.calm else self.scheduler.ready(4)
                self.scheduler.step(self.tape.below(ready) if ready > 1 else 0)
                self._stream()
            else:
                self.scheduler.now = max(self.scheduler.now, min(until, self.scheduler.now + DAY * 60))
                return
            check()
        raise BreachError(f"the hub does not come to rest: {most} steps and more")

    def come_to_rest(self, check: Callable[[], None]) -> None:
        """End all faults, and wait until nothing is left to do."""
        self.climate.calm = True
        self.note("= all is calm")
        for crm in self.crms:
            self.endpoints.modes[crm.customer] = "up"
            known = self.memory.load_subscription(crm.customer)
            if known is not None and known.state is State.PAUSED:
                self.command(f"{crm.customer} subscribe", crm.subscribe)
        self.go_on(self.scheduler.now + 40 * DAY, check)
        for crm in self.crms:
            known = self.memory.load_subscription(crm.customer)
            if known is not None and known.state is State.PAUSED:
                raise BreachError(f"{crm.customer} is paused though its endpoint is up")

    def _next_round(self) -> int | None:
        """Return when `reconcile` has something to do next: it runs each minute, and idle minutes are left out."""
        size = self.memory.size()
        if self._due_known[0] != size:
            self._due_known = (size, self.memory.next_due())
        due = self._due_known[1]
        return None if due is None else -(-max(due, self.scheduler.now + 1) // MINUTE) * MINUTE

    def _since(self) -> int:
        process = self.scheduler.process
        since = None if process is None else process.notes.get("since")
        return since if isinstance(since, int) else 0

    def _note(self, *parts: object) -> None:
        if self._listener is not None:
            who = [] if self.scheduler.process is None else [f"[{self.scheduler.process}]"]
            self._listener(" ".join(map(str, (_clock(self.scheduler.now), *who, *parts))))


def _clock(now: int) -> str:
    passed = now - FakeClock().now()
    days, rest = divmod(passed, DAY)
    return f"{days}d {rest // (60 * MINUTE):02d}:{rest // MINUTE % 60:02d}:{rest % MINUTE / SECOND:06.3f}"
