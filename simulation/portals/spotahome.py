"""Spotahome, at the Publisher's and the Poller's port: processes that people there move (contracts/spotahome.md §4, §5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from placard.domain.answers import Answer, Result
from placard.domain.classified import Classified
from placard.domain.errors import PortalRejectedError
from placard.domain.events import Operation, PortalEvent
from placard.domain.instants import HOUR, MINUTE, SECOND
from placard.domain.listing_process import CHECKED, OPEN, State
from placard.domain.policy import Policy, Rendering
from placard.domain.problems import Problem
from placard.domain.told import Place
from placard.portals.spotahome.manifest import POLICY as SPOTAHOME
from placard.portals.spotahome.publisher import STILL_PUBLIC
from placard.portals.spotahome.states import interpret_row
from placard.ports import Call, Question, Row, Sheet
from simulation.portals.site import REFUSED, Site, Work, refuse, render

PER_PAGE = 3
AGENTS = ("agent-1", "agent-2")
# How many processes an account has that are none of the hub's. Of so many live ones a mass removal is held.
HERDS = (0, 1, 7)
_HERD_WEIGHTS = (6, 3, 2)
# How long people there take for a step, and how long a row that slipped away stays out of sight.
STEP_TAKES = (20 * MINUTE, 5 * SECOND, 3 * HOUR, 20 * HOUR, 70 * HOUR)
_STEP_WEIGHTS = (8, 4, 4, 2, 1)


@dataclass
class Property:
    """What is rented out; a search finds it as soon as its creation is answered. `filed`: it is no more."""

    id: str
    customer: str
    place: Place | None
    text: str | None
    published: bool = False
    filed: bool = False


@dataclass
class Process:
    """A listing process, `of` a property. `hidden_until`: its row slips through the list; `filed`: it is shown no more.

    `refused`: a cancel of it was. `moved_by_people`: they gave it to its agent.
    """

    number: int
    customer: str
    state: State
    of: Property | None = None
    agent: str | None = None
    opens_at: int = 0
    hidden_until: int = 0
    filed: bool = False
    refused: bool = False
    moved_by_people: bool = False

    @property
    def over(self) -> bool:
        """Whether nobody there works on it any more."""
        return self.filed or self.state is State.CANCELLED


class SpotahomePortal:
    """Spotahome, with the hub's Publisher and Poller for it. `changed_at` (ms) is when anything last changed there."""

    provider = "spotahome"
    policy: Policy = SPOTAHOME
    spontaneous = ("step", "hide", "show", "check", "cancel", "agent", "slip", "file", "slip", "file", "mass")

    def __init__(self, site: Site) -> None:
        self.site = site
        self.properties: dict[str, Property] = {}
        self.processes: dict[int, Process] = {}
        self.changed_at = 0
        self._numbers = 100

    def populate(self, customer: str) -> None:
        """Give an account processes that are none of the hub's."""
        for place in range(HERDS[self.site.tape.pick(_HERD_WEIGHTS)]):
            process = self._open(customer, None, State.VERIFIED if place else State.WAITING_PROPERTY)
            if place:
                process.of = self._make(customer, None, None)
                process.of.published = True

    def render(self, classified: Classified, channel: str) -> Rendering:
        """Return a classified in the portal's form."""
        return render(classified, channel)

    def check_account(self, classified: Classified, channel: str) -> None:
        """There is always an account."""

    # --- calls about listings ---

    def works_on(self, _place: Place) -> list[Work]:
        """Nothing is in flight there: a creation gives way to whatever comes after it (`Policy.yields`)."""
        return []

    def send(self, call: Call) -> tuple[Answer, Work | None]:
        """Do what a call asks, and answer it."""
        work = Work(call.operation, "", self.site.now(), over=call.operation is not Operation.POST)
        if call.operation is Operation.DELETE:
            return self._cancel_for(call.remote_id or ""), work
        if call.operation is not Operation.POST:
            raise AssertionError(f"{call.operation} was sent to Spotahome")
        if self.site.whim(REFUSED / 2):
            raise refuse()
        place = Place(call.classified.classified_id, call.channel)
        made = self._make(call.classified.customer, place, call.rendering.payload["text"])
        process = self._open(made.customer, made, State.WAITING_CONTENT)
        process.opens_at = self.site.now() + self.site.take_time()
        self.site.at(process.opens_at, self._touch)
        self._plan_step(process)
        return Answer(Result.ACCEPTED, remote_id=made.id), work

    def _cancel_for(self, property_id: str) -> Answer:
        process = self._newest(property_id)
        if process is not None and process.state in OPEN:
            self._move(process, State.CANCELLED)
        elif (process is None or process.state is not State.CANCELLED) and self.properties[property_id].published:
            raise PortalRejectedError(STILL_PUBLIC.detail, (STILL_PUBLIC,), status_code=409)
        return Answer(Result.DONE)

    def read(self, question: Question) -> tuple[PortalEvent, ...]:
        """Answer how a property's newest process stands."""
        process = self._newest(question.publication.remote_id or "")
        return () if process is None else (interpret_row(self.row_of(process), None, self.site.now()),)

    def search(self, classified: Classified, channel: str) -> tuple[str, ...]:
        """Find the properties at the address of a classified; here every classified has an address of its own."""
        return tuple(one.id for one in self._standing(Place(classified.classified_id, channel)))

    # --- calls about processes ---

    def page(self, customer: str, page: int, state: str | None = None) -> Sheet:
        """Return one page of the list, which has no stable order."""
        listed = [one for one in self.shown_to(customer) if state is None or one.state == state]
        if len(listed) > 1 and self.site.whim(0.1):
            turned = 1 + self.site.tape.below(len(listed) - 1)
            listed = listed[turned:] + listed[:turned]
        start, last = (page - 1) * PER_PAGE, max(1, -(-len(listed) // PER_PAGE))
        rows = tuple(self.row_of(one, published=False) for one in listed[start : start + PER_PAGE])
        return Sheet(rows, page, None if self.site.whim(0.05) else last)

    def published(self, _customer: str, property_ids: Sequence[str]) -> Mapping[str, bool]:
        """Return which properties the public can see."""
        return {one: self.properties[one].published for one in property_ids if one in self.properties}

    def cancel(self, _customer: str, process_id: int, _traceparent: str | None = None) -> None:
        """Cancel a process."""
        process = self.processes[process_id]
        if process.state in CHECKED:
            process.refused = True
            raise _not_there("its state forbids that", 409)
        if process.state in OPEN:
            self._call_off(process)

    def assign(self, _customer: str, process_id: int, agent_id: str | None, _traceparent: str | None = None) -> None:
        """Give a process to an agent, or to none."""
        process = self.processes[process_id]
        if process.over:
            raise _not_there("nobody works on it", 422)
        process.agent, process.moved_by_people = agent_id, False
        self._touch()

    def interpret(self, row: Row, process_known: str | None, observed_at: int) -> PortalEvent:
        """Read a row as the hub reads Spotahome's."""
        return interpret_row(row, process_known, observed_at)

    # --- what people there do ---

    def act(self, number: int) -> str:
        """Let somebody there do something; return what was done."""
        there = [one for one in self.processes.values() if not one.over and one.opens_at <= self.site.now()]
        if not there:
            return "nothing"
        process = there[number % len(there)]
        what = self.spontaneous[number // len(there) % len(self.spontaneous)]
        self._do(what, process)
        self._touch()
        return f"process {process.number} {what}: {process.state}"

    def _do(self, what: str, process: Process) -> None:
        checked = process.state in CHECKED and process.of is not None
        if what == "step":
            self._step(process)
        elif what in ("hide", "show") and checked and process.of is not None:
            self._show(process.of, what == "show")
        elif what == "check" and checked:
            self._move(process, State.UNVERIFIED if process.state is State.VERIFIED else State.VERIFIED)
        elif what == "cancel" and process.state in OPEN:
            self._call_off(process)
        elif what == "agent":
            process.agent, process.moved_by_people = AGENTS[process.number % 2], True
        elif what == "slip":
            wait = self._draw_step()
            process.hidden_until = self.site.now() + wait
            self.site.at(process.hidden_until, self._touch)
        elif what == "file" and (process.state in OPEN or process.of is None or process.of.place is None):
            # Of a property whose closed process is shown no more nobody could tell what becomes of it: not the hub's.
            process.filed = True
            if process.of is not None and process.state in OPEN:
                process.of.filed = True
        elif what == "mass":
            for one in self.properties.values():
                self._show(one, one.published and one.customer != process.customer)

    def _step(self, process: Process) -> None:
        """Move a process one step along the way to being public, and plan the next."""
        if process.over:
            return
        if process.state in CHECKED:
            if process.of is not None:
                self._show(process.of, process.state is State.VERIFIED or not self.site.whim(0.5))
            self._touch()
            return
        if process.state is State.WAITING_PROPERTY:
            process.of = process.of or self._make(process.customer, None, None)
            self._move(process, State.WAITING_CONTENT)
        elif self.site.whim(0.1):
            self._call_off(process)
        else:
            self._move(process, State.UNVERIFIED if self.site.whim(0.15) else State.VERIFIED)
        self._plan_step(process)

    def _plan_step(self, process: Process) -> None:
        known = process.state

        def step() -> None:
            if process.state is known:
                self._step(process)

        self.site.at(max(self.site.now(), process.opens_at) + self._draw_step(), step)

    def _draw_step(self) -> int:
        return STEP_TAKES[0] if self.site.calm() else STEP_TAKES[self.site.tape.pick(_STEP_WEIGHTS)]

    # --- beneath ---

    def _make(self, customer: str, place: Place | None, text: str | None) -> Property:
        self._numbers += 1
        made = Property(f"prop-{self._numbers}", customer, place, text)
        self.properties[made.id] = made
        return made

    def _open(self, customer: str, of: Property | None, state: State) -> Process:
        self._numbers += 1
        process = Process(self._numbers, customer, state, of)
        self.processes[process.number] = process
        self._touch()
        return process

    def _show(self, of: Property, public: bool) -> None:
        if of.published and not public and of.place is not None:
            self.site.taken_down.add(of.place)
        of.published = public

    def _call_off(self, process: Process) -> None:
        if process.of is not None and process.of.place is not None:
            self.site.taken_down.add(process.of.place)
        self._move(process, State.CANCELLED)

    def _move(self, process: Process, state: State) -> None:
        process.state = state
        self._touch()

    def _touch(self) -> None:
        self.changed_at = self.site.now()

    def _is_shown(self, process: Process) -> bool:
        return not process.filed and max(process.opens_at, process.hidden_until) <= self.site.now()

    def _newest(self, property_id: str) -> Process | None:
        mine = [p for p in self.processes.values() if p.of is not None and p.of.id == property_id]
        return next((process for process in reversed(mine) if self._is_shown(process)), None)

    def _standing(self, place: Place) -> list[Property]:
        """Return the properties of a place that no cancellation has ended."""
        over = {
            process.of.id
            for process in self.processes.values()
            if process.of is not None and process.state is State.CANCELLED
        }
        return [one for one in self.properties.values() if one.place == place and not one.filed and one.id not in over]

    # --- the truth ---

    def shown_to(self, customer: str) -> list[Process]:
        """Return the processes that the list of an account shows."""
        return [one for one in self.processes.values() if one.customer == customer and self._is_shown(one)]

    def row_of(self, process: Process, *, published: bool = True) -> Row:
        """Return a process's row, with whether the public sees its property where that decides."""
        of = process.of
        told = of.published if published and of is not None and process.state in CHECKED else None
        property_id = None if of is None else of.id
        return Row(
            process.number, process.state.value, f"ABC{process.number}-01", None, property_id, process.agent, told
        )

    def live_on(self, place: Place, _portal: str) -> bool:
        """Whether the public sees a property of this place."""
        return bool(self.shows(place, ""))

    def adverts_on(self, place: Place, _portal: str) -> int:
        """Return how many properties of this place stand there."""
        return len(self._standing(place))

    def shows(self, place: Place, _portal: str) -> list[str | None]:
        """Return the texts that the public sees."""
        return [one.text for one in self.properties.values() if one.place == place and one.published]

    def opening_on(self, place: Place) -> list[int]:
        """Return the processes that may yet bring a property of this place before the public."""
        mine = [p for p in self.processes.values() if p.of is not None and p.of.place == place]
        return [process.number for process in mine if process.state in OPEN and not process.filed]


def _not_there(why: str, status: int) -> PortalRejectedError:
    problem = Problem.quote("not_permitted", why)
    return PortalRejectedError(why, (problem,), status_code=status)
