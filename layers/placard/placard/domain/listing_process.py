"""A listing process: Spotahome's work item that brings one property from "announced" to "checked" (contracts/spotahome.md §4).

The hub's own copy is kept true by sweeps (domain/sweep.py). Here is what one row says beside it, and what a push makes of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum, auto


class State(StrEnum):
    """The five states, in the order of the portal's own list [seed 004]."""

    CANCELLED = "cancelled"
    VERIFIED = "propertyVerified"
    UNVERIFIED = "propertyUnverified"
    WAITING_CONTENT = "waitingContent"
    WAITING_PROPERTY = "waitingProperty"


OPEN = (State.WAITING_PROPERTY, State.WAITING_CONTENT)
CHECKED = (State.VERIFIED, State.UNVERIFIED)

# §4, allowed transitions, each a single step.
FOLLOWERS: Mapping[State | None, frozenset[State]] = {
    None: frozenset({State.WAITING_PROPERTY, State.WAITING_CONTENT}),
    State.WAITING_PROPERTY: frozenset({State.WAITING_CONTENT, State.CANCELLED}),
    State.WAITING_CONTENT: frozenset({State.VERIFIED, State.UNVERIFIED, State.CANCELLED}),
    State.VERIFIED: frozenset({State.UNVERIFIED}),
    State.UNVERIFIED: frozenset({State.VERIFIED}),
    State.CANCELLED: frozenset(),
}


def may_become(known: State | None, told: State) -> bool:
    """Whether some path of the graph leads there: a sweep sees snapshots, so steps can be skipped (§4)."""
    reached: set[State] = set()
    coming = set(FOLLOWERS[known])
    while coming:
        reached |= coming
        coming = {later for state in coming for later in FOLLOWERS[state]} - reached
    return told in reached


@dataclass(frozen=True, slots=True)
class Facts:
    """What Spotahome says of a process; None where it says nothing. `published`: the public can see the property."""

    state: str
    locator: str | None = None
    account_id: str | None = None
    property_id: str | None = None
    agent_id: str | None = None
    published: bool | None = None

    @property
    def live(self) -> bool:
        """Whether the public can see the advert of this process (lifecycle §6)."""
        return self.state in CHECKED and self.published is True

    @property
    def summary(self) -> str:
        """State and visibility in one text: what a sweep compares and an event's id is made of."""
        return self.state + {True: "/published", False: "/unpublished", None: ""}[self.published]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the CRM asked for and Spotahome has not confirmed. `assigns` tells "take the agent off" from "ask nothing"."""

    cancels: bool = False
    assigns: bool = False
    agent_id: str | None = None

    def __bool__(self) -> bool:
        return self.cancels or self.assigns


@dataclass(frozen=True, slots=True)
class ListingProcess:
    """The copy of one process. Instants are milliseconds; every write is conditional on `version`.

    `facts` are Spotahome's; what the CRM reads is `shown`. `linked`: the property is an advert of the hub's, so changes are
    told to its publication. `vanished`: two sweeps have not shown it. `impossible` is the state told last that no path leads
    to. `pushed_at` is when Spotahome last took something of us: rows read before that are older than the copy. The rest
    belongs to the push: its lease, its failures, the trace of the CRM's request and when it is looked at again.
    """

    customer: str
    process_id: int
    facts: Facts
    wanted: Wanted = field(default_factory=Wanted)
    linked: bool = False
    vanished: bool = False
    impossible: str | None = None
    pushed_at: int = 0
    lease_until: int | None = None
    retry_at: int | None = None
    tries: int = 0
    failing_since: int | None = None
    traceparent: str | None = None
    due: int | None = None
    look: bool = False
    version: int = 0

    @property
    def shown(self) -> Facts:
        """The process as the CRM reads it: what it asked for counts at once."""
        facts = self.facts
        if self.wanted.assigns:
            facts = replace(facts, agent_id=self.wanted.agent_id)
        return replace(facts, state=State.CANCELLED.value) if self.wanted.cancels else facts

    @property
    def open(self) -> bool:
        """Whether Spotahome still works on it."""
        return self.facts.state in OPEN and not self.vanished


# --- one row ---------------------------------------------------------------------------------------------------------


class Finding(StrEnum):
    """What a row says beside the copy."""

    SAME = auto()
    CHANGED = auto()  # the copy follows
    MOVED = auto()  # and its publication hears of it
    IMPOSSIBLE = auto()  # recorded, not applied
    REFUSED = auto()  # the same, recorded already


@dataclass(frozen=True, slots=True)
class Judged:
    """A row's finding and the copy after it."""

    finding: Finding
    process: ListingProcess

    @property
    def writes(self) -> bool:
        """Whether the copy must be stored."""
        return self.finding not in (Finding.SAME, Finding.REFUSED)


def judge(customer: str, process_id: int, copy: ListingProcess | None, told: Facts) -> Judged:
    """Compare a row with the copy, None where there is none. What a row leaves out stays as it was, but for the agent."""
    if copy is None:
        first = ListingProcess(customer, process_id, told)
        if told.state in tuple(State):
            return Judged(Finding.MOVED, first)
        return Judged(Finding.IMPOSSIBLE, replace(first, impossible=told.state))
    facts = Facts(
        state=told.state,
        locator=told.locator or copy.facts.locator,
        account_id=told.account_id or copy.facts.account_id,
        property_id=told.property_id or copy.facts.property_id,
        agent_id=told.agent_id,
        published=copy.facts.published if told.published is None else told.published,
    )
    if facts.state != copy.facts.state and not _is_possible(copy.facts.state, facts.state):
        known = copy.impossible == facts.state and not copy.vanished
        refused = replace(copy, impossible=facts.state, vanished=False)
        return Judged(Finding.REFUSED if known else Finding.IMPOSSIBLE, refused)
    seen = replace(copy, facts=facts, impossible=None, vanished=False)
    if seen == copy:
        return Judged(Finding.SAME, copy)
    moved = facts.summary != copy.facts.summary or facts.property_id != copy.facts.property_id or copy.vanished
    return Judged(Finding.MOVED if moved else Finding.CHANGED, seen)


def _is_possible(known: str, told: str) -> bool:
    if told not in tuple(State):
        return False
    # A first row of a state nobody knew left no place to stand on: whatever is known comes after it.
    return may_become(State(known) if known in tuple(State) else None, State(told))


# --- a push ----------------------------------------------------------------------------------------------------------


def take(process: ListingProcess, until: int) -> ListingProcess:
    """Lease the process for one call to Spotahome, until then (ms)."""
    return replace(process, lease_until=until, retry_at=None, look=False, due=until)


def confirm(process: ListingProcess, sent: Wanted, now: int) -> ListingProcess:
    """Note that Spotahome took what was sent. What the CRM has asked for since is pushed next."""
    facts, wanted = process.facts, process.wanted
    if sent.cancels:
        facts, wanted = replace(facts, state=State.CANCELLED.value), replace(wanted, cancels=False)
    if sent.assigns:
        facts = replace(facts, agent_id=sent.agent_id)
        if wanted.agent_id == sent.agent_id:
            wanted = replace(wanted, assigns=False, agent_id=None)
    return _rest(replace(process, facts=facts, wanted=wanted, pushed_at=now), now)


def undo(process: ListingProcess, sent: Wanted, now: int) -> ListingProcess:
    """Note that Spotahome refused what was sent: the copy shows again what Spotahome says."""
    wanted = process.wanted
    if sent.cancels:
        wanted = replace(wanted, cancels=False)
    if sent.assigns and wanted.agent_id == sent.agent_id:
        wanted = replace(wanted, assigns=False, agent_id=None)
    return _rest(replace(process, wanted=wanted), now)


def postpone(process: ListingProcess, retry_at: int, now: int, *, counts: bool, fails: bool = True) -> ListingProcess:
    """Note a call that has to be made again; `counts`: it burns a try; `fails`: the portal did not take it."""
    return replace(
        process,
        lease_until=None,
        retry_at=retry_at,
        tries=process.tries + counts,
        failing_since=process.failing_since or (now if fails else None),
        look=True,
        due=retry_at,
    )


def ask(process: ListingProcess, wanted: Wanted, due: int, traceparent: str | None = None) -> ListingProcess:
    """Note what the CRM asks for; `due` is when a push that the stream lost is looked for."""
    return replace(process, wanted=wanted, traceparent=traceparent, look=bool(wanted), due=due if wanted else None)


def _rest(process: ListingProcess, now: int) -> ListingProcess:
    more = bool(process.wanted)
    rested = replace(process, lease_until=None, retry_at=None, tries=0, failing_since=None)
    return replace(rested, look=more, due=now if more else None)
