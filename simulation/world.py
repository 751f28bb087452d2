"""The hub, its surroundings, and everything that goes between them, in one process and one time."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from placard.domain.errors import PlacardError, PortalUnavailableError, StoreUnavailableError
from placard.domain.instants import DAY, HOUR, MINUTE, SECOND
from placard.domain.subscription import State
from placard.domain.sweep import Scope
from placard.ports import Callback, Link, Message, ProcessWakeUp, Provider, Telling, WakeUp
from placard.use_cases.apply_events import ApplyEvents
from placard.use_cases.compare_portals import Compared, CompareNightly, ComparePortals, CopyLister
from placard.use_cases.deliver_process import DeliverProcess
from placard.use_cases.deliver_publication import DeliverPublication
from placard.use_cases.notify_crm import NotifyCrm
from placard.use_cases.observations import ObservationReader
from placard.use_cases.poll_spotahome import ACCOUNTS, PollSpotahome
from placard.use_cases.receive_message import receive_message
from placard.use_cases.reconcile import Reconcile
from placard.use_cases.redrive import Redrive, Wanted
from placard.use_cases.relay_changes import relay_changes
from simulation.breach import BreachError
from simulation.calls import HostilePoller, HostilePublisher, HostileSender
from simulation.crm import CUSTOMERS, Crm, Endpoints, Scene, draw_gap, draw_mode
from simulation.faults import Climate
from simulation.hostile import HostilePort, RecordingStore, StaleProcesses, StaleStore
from simulation.poison import Poison, PoisonedInterpreter, PoisonError
from simulation.portals import AvivPortal, OlxPortal, Portal, Site, SpotahomePortal, Work
from simulation.queues import LOOK_TAKES, STREAM_TAKES, Network
from simulation.rounds import EACH_ROUND, NEVER, Nights, Sweeps, next_tick
from simulation.scheduler import Scheduler
from simulation.stream import read_change, read_remote
from simulation.tape import Tape
from tests.fakes import FakeClock, MemoryProcesses, MemoryStore, MemoryVault, Record

# Timeouts as in template.yaml; those of the queues' readers stand with the queues.
API_TAKES, RECEIVER_TAKES, SWEEP_TAKES, COMPARISON_TAKES = 25 * SECOND, 5 * SECOND, 280 * SECOND, 280 * SECOND
STREAM_KEEPS = DAY
# How long nobody mends what breaks: time enough for all that does not.
POISONED_FOR = 30 * HOUR
MOST_REDELIVERIES = 4


class SimulatedClock(FakeClock):
    """The scheduler's time, and chance of its own."""

    def __init__(self, scheduler: Scheduler, seed: int) -> None:
        super().__init__(scheduler.now, seed)
        self._scheduler = scheduler

    def now(self) -> int:
        """Return the scheduler's time."""
        return self._scheduler.now

    def wait_until(self, instant: int) -> None:
        """Let others go on until then."""
        if instant > self._scheduler.now:
            self._scheduler.pause(instant - self._scheduler.now)


class World:
    """One hub with its CRMs and portals. `note` is told what happens, for the trace."""

    def __init__(self, seed: int, tape: Tape, note: Callable[[str], None] | None = None) -> None:
        self.tape = tape
        self.scheduler = Scheduler(FakeClock().now(), self._note if note is not None else lambda *_: None)
        self.note = self.scheduler.note
        self._listener = note
        self.climate = Climate.draw(tape)
        self.poison = Poison.draw(tape)
        self.clock = SimulatedClock(self.scheduler, seed)
        self.memory = MemoryStore(self.clock)
        self.processes = MemoryProcesses(self.memory)
        keys = ("A", "B")[: 1 + tape.below(2)]
        customers = CUSTOMERS[: 1 + (tape.pick((3, 1)))]
        self.scene = Scene.draw(tape)
        accounts: dict[str, dict[str, Any]] = {
            name: {} for customer in customers for name in self._accounts_of(customer)
        }
        self.vault_memory = MemoryVault(self.clock, accounts)
        self.crashes: list[str] = []
        site = Site(tape, self.clock.now, self.scheduler.at, self._call_back, lambda: self.climate.calm)
        self.spotahome = SpotahomePortal(site)
        self.portals: dict[str, Portal] = {
            "olx": OlxPortal(site),
            "aviv": AvivPortal(site),
            "spotahome": self.spotahome,
        }
        stale = StaleStore(self.memory, self.scheduler, self.climate)
        self.store: Any = RecordingStore("table", stale, self.scheduler, self.climate)
        self.vault: Any = HostilePort("vault", self.vault_memory, self.scheduler, self.climate)
        processes = StaleProcesses(self.processes, self.climate)
        self.hostile_processes: Any = HostilePort("processes", processes, self.scheduler, self.climate)
        self.network = Network(self)
        self.queues: Any = HostilePort("queue", self.network, self.scheduler, self.climate)
        self.endpoints = Endpoints(since=self._since)
        publishers = {name: HostilePublisher(portal, self) for name, portal in self.portals.items()}
        self._lookers = {
            name: DeliverPublication(self.store, Provider(portal.policy, publishers[name]), self.clock)
            for name, portal in self.portals.items()
        }
        poller = HostilePoller(self.spotahome, self)
        self._push = DeliverProcess(self.hostile_processes, poller, self.clock)
        self._poll = PollSpotahome(poller, self.hostile_processes, self.store, self.vault, self.clock)
        self.sweeps = Sweeps(self.spotahome, self.processes, self.clock.now)
        interpreters: dict[str, Any] = self.portals | {"spotahome": ObservationReader(self.spotahome.interpret)}
        self.apply = ApplyEvents(
            self.store,
            lambda name: PoisonedInterpreter(interpreters[name], self.memory, self.poison),
            lambda name: self.portals[name].policy,
            self.clock,
        )
        self._notify = NotifyCrm(self.store, HostileSender(self.endpoints, self), self.vault, self.queues, self.clock)
        listers: dict[str, Any] = publishers | {"spotahome": CopyLister(self.hostile_processes)}
        stores = self.store, self.store, self.vault
        compare = ComparePortals(lambda name: listers[name], *stores, self.queues, self.clock)
        self.nights = Nights(self.memory, self.clock.now)
        self._compare = CompareNightly(compare, self.nights, self.clock)
        self._reconcile = Reconcile(self.store, self.store, self.queues, self.clock)
        self.crms = [Crm(tape, customer, keys, self.scene, self) for customer in customers]
        if "spotahome" in self.scene.providers:
            for customer in customers:
                self.spotahome.populate(customer)
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
            except (PlacardError, PoisonError) as error:
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

    def receive_wake_up(self, wake_up: WakeUp | ProcessWakeUp, last: bool) -> None:
        """Look at a publication or at a listing process, as `functions/deliver_publication` does."""
        if isinstance(wake_up, ProcessWakeUp):
            self.note("look at process", wake_up.process_id)
            self._push(wake_up)
            return
        self.note("look at", wake_up.classified_id[:4], wake_up.channel)
        try:
            if last:
                self._stumble(wake_up, "it died", last=True)
            self._lookers[wake_up.provider](wake_up)
        except (PlacardError, PoisonError) as error:
            # What was answered to a look that broke is noted nowhere.
            if self.scheduler.process is not None:
                self.scheduler.process.notes.pop("work", None)
            if not self._stumble(wake_up, str(error), last=last) or last:
                raise

    def _stumble(self, wake_up: WakeUp, reason: str, *, last: bool) -> bool:
        try:
            return self._lookers[wake_up.provider].stumble(wake_up, reason, last=last)
        except PlacardError:
            return False

    def receive_telling(self, telling: Telling, _last: bool) -> None:
        """Look whether there is something to tell."""
        self.note("telling", telling.customer, telling.place and telling.place.channel)
        self._notify(telling)

    def receive_key(self, key: tuple[str, str, str], _last: bool) -> None:
        """Fold one message, as `functions/apply_events` does with its queue."""
        try:
            self.apply.fold_message(*key)
        except (PlacardError, PoisonError):
            if not self.apply.set_aside(*key):
                raise

    def reconcile(self) -> None:
        """Run one round of `reconcile`."""
        self.invoke("reconcile", LOOK_TAKES, self._reconcile)

    def sweep(self, asked: Scope | None = None, release: str | None = None) -> None:
        """Run one round of sweeps; a person may ask for one, or release what the guard holds."""
        self.note("sweep", asked or "", release or "")
        self.invoke("poll", SWEEP_TAKES, lambda: self._poll(asked, release=release))

    def compare(self) -> None:
        """Run one round of the nightly comparison."""
        self.note("compare")
        self.invoke("compare", COMPARISON_TAKES, self._compare)

    def heal(self) -> None:
        """Compare and heal now, as a person asks for it."""
        self.note("heal")
        self.invoke("compare", COMPARISON_TAKES, lambda: self._compare.compare(heal=True))

    def plan(self) -> tuple[Compared, ...]:
        """Return what a person would see who asks how the portals differ, with nobody in between."""
        listers: dict[str, Any] = self.portals | {"spotahome": CopyLister(self.processes)}
        stores = self.memory, self.memory, self.vault_memory
        return ComparePortals(lambda name: listers[name], *stores, self.queues, self.clock)()[0]

    # --- the stream ---

    def _stream(self) -> None:
        """Put what was written on its way to the stream's two readers: records of one item in order, others in any."""
        records, self._streamed = self.memory.records[self._streamed :], len(self.memory.records)
        self.sweeps.follow(records)
        for record in records:
            if (change := read_change(record)) is not None:
                self._carry("relay", record, lambda change=change: relay_changes((change,), self.queues, self.clock))  # type: ignore[misc]
            if (remote := read_remote(record)) is not None:
                self._carry("apply", record, partial(self._fold, remote))

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

    def _fold(self, remote: Message | Link) -> None:
        """Fold as `functions/apply_events` does: what fails goes, alone, to the retry queue."""
        try:
            if isinstance(remote, Link):
                self.apply.fold_parked(remote)
            else:
                self.apply.fold(remote)
        except (PlacardError, PoisonError):
            waiting = (
                self.store.messages_of(remote.provider, remote.remote_id) if isinstance(remote, Link) else [remote]
            )
            self.queues.retry_messages([(one.provider, one.remote_id, one.digest) for one in waiting])

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
        portal: Any = self.portals[provider]
        callback = Callback(raw.encode(), {}, remote_id)

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
        kind = self.tape.pick((0, 14, 4, 3, 2))
        if kind == 4 and "spotahome" in self.scene.providers and self.tape.happens(0.5):
            self.sweep(Scope.FULL)
        elif kind == 4:
            self.heal()
        elif kind == 2:
            portal = self.portals[self.scene.acts[self.tape.below(len(self.scene.acts))]]
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
            tick, run_round = self._next_round()
            following = self.scheduler.next_at
            if tick <= until and (following is None or tick <= following):
                self.scheduler.now = max(self.scheduler.now, tick)
                run_round()
            elif following is not None and following <= until:
                ready = 1 if self.climate.calm else self.scheduler.ready(4)
                self.scheduler.step(self.tape.below(ready) if ready > 1 else 0)
                self._stream()
            else:
                self.scheduler.now = max(self.scheduler.now, min(until, self.scheduler.now + DAY * 60))
                return
            check()
        raise BreachError(f"the hub does not come to rest: {most} steps and more")

    def come_to_rest(self, check: Callable[[], None], poisoned: Callable[[], None]) -> None:
        """End all faults, and wait until nothing is left to do. `poisoned` is called before what breaks is mended."""
        self.climate.calm = True
        self.note("= all is calm")
        for crm in self.crms:
            self.endpoints.modes[crm.customer] = "up"
            known = self.memory.load_subscription(crm.customer)
            if known is not None and known.state is State.PAUSED:
                self.command(f"{crm.customer} subscribe", crm.subscribe)
        if self.poison.kind:
            self.go_on(self.scheduler.now + POISONED_FOR, check)
            poisoned()
            self.note("= what broke is mended, and redriven")
            self.poison.mended = True
            Redrive(self.network, self.memory, self.clock).redrive(Wanted(), "mended")
        self.go_on(self.scheduler.now + 40 * DAY, check)
        for crm in self.crms:
            sweep = self.processes.load_sweep(crm.customer)
            if sweep is not None and sweep.held:
                self.sweep(release=crm.customer)
                self.go_on(self.scheduler.now + 10 * DAY, check)
        for crm in self.crms:
            known = self.memory.load_subscription(crm.customer)
            if known is not None and known.state is State.PAUSED:
                raise BreachError(f"{crm.customer} is paused though its endpoint is up")

    def _next_round(self) -> tuple[int, Callable[[], None]]:
        """Return what runs on schedule next, and when: idle rounds are left out."""
        size = self.memory.size()
        if self._due_known[0] != size:
            self._due_known = (size, self.memory.next_due())
        due, now = self._due_known[1], self.scheduler.now
        rounds: list[tuple[int, Callable[[], None]]] = [
            (NEVER if due is None else next_tick(due, now, EACH_ROUND), self.reconcile)
        ]
        if "spotahome" in self.scene.providers:
            rounds.append((self.sweeps.next_at(crm.customer for crm in self.crms), self.sweep))
        rounds.append((self.nights.next_at(), self.compare))
        return min(rounds, key=lambda one: one[0])

    def _accounts_of(self, customer: str) -> list[str]:
        """Return the names of a customer's secrets, which tell who is connected."""
        names = {
            "olx": f"olx/accounts/{customer}/imovirtual",
            "aviv": f"aviv/accounts/{customer}",
            "spotahome": f"{ACCOUNTS}{customer}",
        }
        return [names[provider] for provider in sorted(self.scene.providers)]

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
