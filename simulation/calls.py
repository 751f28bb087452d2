"""What goes out over HTTP: calls that do not arrive, answers that do not come back."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from placard.domain.answers import Answer
from placard.domain.classified import Classified
from placard.domain.errors import PortalError, PortalUnavailableError
from placard.domain.events import Operation, PortalEvent
from placard.domain.instants import SECOND
from placard.domain.policy import Rendering
from placard.domain.told import Place
from placard.ports import Call, Delivery, ListedPage, Question, Reply, Row, Sheet
from simulation.breach import BreachError
from simulation.crm import Endpoints
from simulation.faults import Fate
from simulation.portals import Portal, SpotahomePortal, Work
from simulation.scheduler import Process

if TYPE_CHECKING:
    from simulation.world import World

# How many of the calls without an answer arrive only after their caller has given up. A creation may be as late as the
# lease: it is looked for until the settle time, and not sent again before. Whatever else gets no answer is sent again after
# a second or more, and but for AVIV's PUT none of them names the revision it changes: one that arrived behind the next would
# undo it for good, and no portal could tell. So these arrive before the next try, as where a portal's own server gives up
# with its caller.
LATE = 0.3
SOON = SECOND // 2


class HostilePublisher:
    """A portal behind a network: calls that do not arrive, answers that do not come back."""

    def __init__(self, portal: Portal, world: World) -> None:
        self._portal, self._world = portal, world
        self._calling: dict[Place, Process] = {}

    def render(self, classified: Classified, channel: str) -> Rendering:
        """Return a classified in the portal's form."""
        self._world.poison.touch("render", classified)
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
        elif fate is Fate.FAIL_AFTER and world.climate.happens(LATE):
            lateness = world.climate.lateness() if call.operation is Operation.POST else SOON
            world.note("it arrives", lateness, "ms after the caller has given up")
            world.scheduler.at(world.scheduler.now + lateness, partial(self._arrive, call, place))
            raise PortalUnavailableError("no answer", taken=True)
        policy = self._portal.policy
        known = [
            work
            for work in self._portal.works_on(place)
            # Of what AVIV does not tell in time the hub makes up its mind by what AVIV shows (lifecycle §4).
            if work.known
            and not work.mistakable
            and (policy.callbacks_are_facts or world.scheduler.now < work.began_at + policy.operation_due)
        ]
        publication = world.memory.load_publication(*place)
        surplus = publication is not None and publication.running is not None and not publication.running.portals
        if known and not surplus:
            raise BreachError(f"{call.operation} for {place.channel} while {known[0]} is in flight")
        # Taken off a portal that is off already, an advert is gone at once: which write that was, nobody can tell (lifecycle §4).
        removing = () if publication is None or publication.running is None else publication.running.removing
        is_off = any(not self._portal.live_on(place, portal) for portal in removing)
        answer, work = self._portal.send(call)
        if work is not None and is_off:
            work.mistakable = True
        if policy.looks_first and self._portal.adverts_on(place, "") > 1:
            raise BreachError(f"a second advert was made for {place.channel}")
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

    def _arrive(self, call: Call, place: Place) -> None:
        """Let the portal take a call that nobody waits for any more."""
        self._world.note(self._portal.provider, "takes a late", call.operation)
        with suppress(PortalError):
            self._portal.send(call)
        if self._portal.policy.looks_first and self._portal.adverts_on(place, "") > 1:
            self._world.crashes.append(f"a second advert was made for {place.channel}")

    def read(self, question: Question) -> tuple[PortalEvent, ...]:
        """Ask how the advert stands."""
        return self._question(partial(self._portal.read, question), "read")

    def search(self, classified: Classified, channel: str) -> tuple[str, ...]:
        """Look for the advert by the hub's key."""
        return self._question(partial(self._portal.search, classified, channel), "search")

    def list_adverts(self, customer: str, channel: str, after: str | None) -> ListedPage:
        """Return one page of all adverts."""
        portal: Any = self._portal
        page: ListedPage = self._question(partial(portal.list_adverts, customer, channel, after), "list")
        return page

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


class HostilePoller:
    """Spotahome's list and its processes behind a network."""

    def __init__(self, portal: SpotahomePortal, world: World) -> None:
        self._portal, self._world = portal, world

    def page(self, customer: str, page: int, state: str | None = None) -> Sheet:
        """Return one page of the list."""
        sheet: Sheet = self._call(partial(self._portal.page, customer, page, state), f"page {page} of {state or 'all'}")
        if state is None:
            self._world.sweeps.show(customer, page, (row.process_id for row in sheet.rows))
        return sheet

    def published(self, customer: str, property_ids: Sequence[str]) -> Mapping[str, bool]:
        """Return which of these properties the public can see."""
        return self._call(partial(self._portal.published, customer, property_ids), "published")

    def cancel(self, customer: str, process_id: int, traceparent: str | None = None) -> None:
        """Cancel a process."""
        self._call(partial(self._portal.cancel, customer, process_id, traceparent), f"cancel process {process_id}")

    def assign(self, customer: str, process_id: int, agent_id: str | None, traceparent: str | None = None) -> None:
        """Give a process to an agent."""
        call = partial(self._portal.assign, customer, process_id, agent_id, traceparent)
        self._call(call, f"assign process {process_id} to {agent_id}")

    def interpret(self, row: Row, process_known: str | None, observed_at: int) -> PortalEvent:
        """Read a row as the hub reads it."""
        return self._portal.interpret(row, process_known, observed_at)

    def _call(self, call: Callable[[], Any], what: str) -> Any:
        world = self._world
        fate = world.climate.http()
        world.note(what, ":", fate.name.lower())
        if fate is Fate.PAUSE_BEFORE:
            world.scheduler.pause(world.climate.pause())
        elif fate is Fate.DIE_BEFORE:
            world.scheduler.kill()
        elif fate is Fate.FAIL_BEFORE:
            raise world.refuse_connection()
        answer = call()
        world.scheduler.now += 50
        if fate is Fate.PAUSE_AFTER:
            world.scheduler.pause(world.climate.pause())
        elif fate is Fate.DIE_AFTER:
            world.scheduler.kill()
        elif fate is Fate.FAIL_AFTER:
            raise PortalUnavailableError("no answer", taken=True)
        return answer


class HostileSender:
    """The CRMs behind a network."""

    def __init__(self, endpoints: Endpoints, world: World) -> None:
        self._endpoints, self._world = endpoints, world

    def send(self, delivery: Delivery, now: int) -> Reply:
        """Send one callback, if the network lets it."""
        world = self._world
        world.poison.touch("tell", world.memory.load(json.loads(delivery.body)["classifiedId"])[0])
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
