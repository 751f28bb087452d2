"""`decide`: the one next operation for a publication, or none (lifecycle §2). Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from placard.domain.apply import waits_untold
from placard.domain.causes import Cause
from placard.domain.classified import Kind, Wish
from placard.domain.events import AdvertState, Operation, Verdict
from placard.domain.lifecycle import (
    ENDED,
    HOLDS_NOTHING,
    OPERATION_OF,
    STEPS,
    Family,
    Situation,
    Step,
    Word,
)
from placard.domain.policy import Policy, Rendering
from placard.domain.problems import Problem
from placard.domain.publication import Phase, Publication, Running, Standing
from placard.domain.timeline import KEPT_UNTIL_ACTIVATION, NOTHING_CHANGED

MOST_REFUSALS = 3


@dataclass(frozen=True, slots=True)
class Finish:
    """A revision that ends without a call."""

    portal: str
    word: Word
    message: str | None = None
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Hold:
    """A revision that has to wait, and why."""

    portal: str
    problem: Problem


@dataclass(frozen=True, slots=True)
class Start:
    """The operation to begin. `surplus` names the advert when it is one that should not be there at all."""

    kind: Operation
    portals: tuple[str, ...]
    removing: tuple[str, ...] = ()
    listed: tuple[str, ...] = ()
    then: bool = False
    surplus: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What a look leads to. `read`: ask the portal how the advert stands; `search`: look for an advert by our own key.

    `wake_at`: the instant (ms) to look again when nothing happens before.
    """

    finishes: tuple[Finish, ...] = ()
    holds: tuple[Hold, ...] = ()
    start: Start | None = None
    read: bool = False
    search: bool = False
    wake_at: int | None = None


@dataclass
class _Plan:
    """What the portals of one channel want, gathered before it becomes one call."""

    finishes: list[Finish] = field(default_factory=list)
    holds: list[Hold] = field(default_factory=list)
    steps: dict[str, Operation] = field(default_factory=dict)
    then: bool = False
    read: bool = False
    wakes: list[int] = field(default_factory=list)


def decide(publication: Publication, rendering: Rendering, policy: Policy, now: int) -> Decision:
    """Return the next step for a publication that has seen the classified's newest revision (`look.see`).

    `rendering` is that revision in the portal's form. Never two operations in flight: while one runs the answer is to wait
    or to ask.
    """
    if publication.reading_until is not None and now < publication.reading_until:
        return Decision(wake_at=publication.reading_until)
    if publication.running is not None:
        holds = tuple(Hold(portal, problem) for portal, problem in waits_untold(publication).items())
        return replace(_look_after(publication, publication.running, now), holds=holds)
    waiting = publication.retry_at is not None and now < publication.retry_at
    if publication.surplus:
        if waiting:
            return Decision(wake_at=publication.retry_at)
        return Decision(start=Start(Operation.DELETE, (), surplus=publication.surplus[0]))
    if publication.reread and publication.remote_id is not None:
        return Decision(wake_at=publication.retry_at) if waiting else Decision(read=True)
    plan = _Plan()
    for standing in publication.standings.values():
        _plan_portal(plan, publication, standing, rendering, policy, now)
    start = _combine(publication, plan, policy)
    wakes = plan.wakes
    if waiting and publication.retry_at is not None and (start is not None or plan.read):
        start, wakes, plan.read = None, [*wakes, publication.retry_at], False
    return Decision(
        finishes=tuple(plan.finishes),
        holds=tuple(plan.holds),
        start=start,
        read=plan.read and start is None,
        wake_at=min(wakes, default=None),
    )


def _look_after(publication: Publication, running: Running, now: int) -> Decision:
    """Return what an operation in flight needs: nothing before its time, then a question to the portal."""
    if running.phase is Phase.CALLING:
        # Under a lease somebody is calling right now; `look.expire` has turned a lapsed lease into an unknown outcome.
        return Decision(wake_at=publication.lease_until)
    if running.phase is Phase.UNKNOWN:
        waiting = publication.retry_at is not None and now < publication.retry_at
        return Decision(wake_at=publication.retry_at) if waiting else Decision(search=True)
    if publication.reread or now >= running.due:
        waiting = publication.retry_at is not None and now < publication.retry_at
        return Decision(wake_at=publication.retry_at) if waiting else Decision(read=True)
    return Decision(wake_at=running.due)


def family_of(standing: Standing) -> Family:
    """Return the word family of the revision a standing is to act on; fixed once its first operation begins."""
    if standing.acted_on and standing.family is not None and standing.open:
        return standing.family
    if standing.wish is Wish.ABSENT:
        return Family.DELETE
    holds = standing.advert.state not in HOLDS_NOTHING or standing.paused_by_us
    return Family.UPDATE if holds else Family.CREATE


def _situation(standing: Standing) -> Situation:
    if standing.wish is Wish.ABSENT:
        return Situation.ABSENT
    if standing.wish is Wish.PAUSED:
        return Situation.PAUSED
    return Situation.NEW if standing.open else Situation.ACTED


def _plan_portal(
    plan: _Plan, publication: Publication, standing: Standing, rendering: Rendering, policy: Policy, now: int
) -> None:
    """Read the portal's cell of the table and add what follows from it to the plan."""
    situation = _situation(standing)
    step = STEPS[standing.advert.state][situation]
    broken = rendering.problems.get(standing.portal, ())
    judged = policy.judges_updates and standing.advert.live
    if situation is Situation.NEW and broken and not judged:
        _fail(plan, standing, broken)
    elif step is Step.WAIT and Operation.DEACTIVATE in policy.manual:
        _fail(plan, standing, (policy.by_hand(Operation.DEACTIVATE),))
    elif step is Step.END_UPDATED:
        _finish(plan, standing, Word.UPDATED, _why_nothing_is_sent(standing))
    elif step is Step.END_DELETED:
        _finish(plan, standing, Word.DELETED, None)
    elif step is Step.PROBE or step is Step.WAIT:
        # What is waited for may have been told and lost on its way: nobody would wait for it any longer.
        _plan_probe(plan, publication, standing, policy, now)
    elif step is Step.PUT and _is_unchanged(publication, standing, rendering):
        _finish(plan, standing, Word.UPDATED, NOTHING_CHANGED)
    elif step is Step.DELETE and standing.refusals:
        _plan_another_delete(plan, publication, standing, policy, now)
    elif step is Step.DEACTIVATE and standing.refusals and not standing.open:
        return  # only a deletion is tried again by itself (lifecycle §1)
    elif step in OPERATION_OF:
        _plan_operation(plan, publication, standing, OPERATION_OF[step], rendering, policy, now)


def _finish(plan: _Plan, standing: Standing, word: Word, message: str | None) -> None:
    if standing.open:
        plan.finishes.append(Finish(standing.portal, word, message))


def _fail(plan: _Plan, standing: Standing, problems: tuple[Problem, ...]) -> None:
    if standing.open:
        plan.finishes.append(Finish(standing.portal, ENDED[family_of(standing), Verdict.FAILED], problems=problems))


def _why_nothing_is_sent(standing: Standing) -> str:
    return KEPT_UNTIL_ACTIVATION if standing.kind in (Kind.PUT, Kind.POST) else NOTHING_CHANGED


def _is_unchanged(publication: Publication, standing: Standing, rendering: Rendering) -> bool:
    same = standing.payload_hash is not None and standing.payload_hash == rendering.hashes.get(standing.portal)
    # What was not answered may have put something else there since.
    known = same and publication.unheard is None
    return standing.advert.live and known and not _is_another_advert(publication, rendering)


def _is_another_advert(publication: Publication, rendering: Rendering) -> bool:
    return publication.key is not None and rendering.key is not None and publication.key != rendering.key


def _plan_probe(plan: _Plan, publication: Publication, standing: Standing, policy: Policy, now: int) -> None:
    due = max(publication.read_at, standing.advert_at) + policy.operation_due
    if now >= due:
        plan.read = True
    else:
        plan.wakes.append(due)


def _plan_another_delete(plan: _Plan, publication: Publication, standing: Standing, policy: Policy, now: int) -> None:
    """A refused DELETE is tried three times, an hour apart (lifecycle §1)."""
    if standing.refusals >= MOST_REFUSALS:
        return
    due = (publication.last.began_at if publication.last is not None else 0) + policy.again
    if now >= due:
        plan.steps[standing.portal] = Operation.DELETE
    else:
        plan.wakes.append(due)


def _plan_operation(
    plan: _Plan,
    publication: Publication,
    standing: Standing,
    operation: Operation,
    rendering: Rendering,
    policy: Policy,
    now: int,
) -> None:
    changed = standing.payload_hash is None or standing.payload_hash != rendering.hashes.get(standing.portal)
    if operation is Operation.ACTIVATE and policy.pauses:
        if _cannot_activate(publication, standing, policy):
            operation = Operation.PUT
        else:
            plan.then = changed
    elif operation is Operation.ACTIVATE:
        operation = Operation.POST
    elif operation is Operation.DEACTIVATE and not policy.pauses:
        operation = Operation.DELETE
    if operation is Operation.PUT and standing.advert.live and _is_another_advert(publication, rendering):
        operation, plan.then = Operation.DELETE, True
    if operation is Operation.POST and _must_wait_to_repost(publication, standing, rendering, policy, now):
        until = (publication.deleted_at or 0) + policy.repost_wait
        plan.holds.append(Hold(standing.portal, Problem.of(Cause.CHARGED_AGAIN)))
        plan.wakes.append(until)
        return
    if operation in policy.manual:
        _fail(plan, standing, (policy.by_hand(operation),))
        return
    plan.steps[standing.portal] = operation


def _cannot_activate(publication: Publication, standing: Standing, policy: Policy) -> bool:
    """Whether the portal has no ACTIVATE for this advert, or has already answered one in this revision."""
    if Operation.ACTIVATE not in policy.next_operations(standing.advert):
        return True
    last = publication.last
    tried = standing.acted_on and last is not None and last.kind is Operation.ACTIVATE
    return tried and last is not None and last.then


def _must_wait_to_repost(
    publication: Publication, standing: Standing, rendering: Rendering, policy: Policy, now: int
) -> bool:
    if publication.deleted_at is None or standing.kind is Kind.RETRY or publication.deleted_key != rendering.key:
        return False
    return now < publication.deleted_at + policy.repost_wait


def _combine(publication: Publication, plan: _Plan, policy: Policy) -> Start | None:
    """Make one call of what the portals of the channel want (lifecycle §1: the last one off is a DELETE)."""
    if not plan.steps:
        return None
    portals = tuple(plan.steps)
    chosen = set(plan.steps.values())
    if policy.pauses and len(portals) == 1 and chosen <= {Operation.ACTIVATE, Operation.DEACTIVATE}:
        return Start(plan.steps[portals[0]], portals, listed=portals, then=plan.then)
    removing = tuple(portal for portal, operation in plan.steps.items() if operation is Operation.DELETE)
    shown = [standing.portal for standing in publication.standings.values() if _is_listed(standing, policy)]
    listed = tuple(dict.fromkeys(p for p in (*shown, *portals) if p not in removing))
    if not listed:
        kind = Operation.DELETE
    elif shown or publication.adopted:
        kind = Operation.PUT
    else:
        kind = Operation.POST
    return Start(kind, portals, removing, listed, plan.then)


def _is_listed(standing: Standing, policy: Policy) -> bool:
    """Whether the portal's advert exists, live or not."""
    state = standing.advert.state
    return state not in HOLDS_NOTHING and (policy.pauses or state is not AdvertState.PAUSED)


def begin(
    publication: Publication,
    start: Start,
    rendering: Rendering,
    *,
    operation_id: str,
    lease: int,
    policy: Policy,
    now: int,
) -> Publication:
    """Take the lease and note the operation as begun; whoever stores this first is the one who calls. `lease` in ms."""
    standings = []
    for portal in start.portals:
        standing = publication.standings[portal]
        if standing.open:
            word = standing.word if standing.acted_on else Word.RECEIVED
            # What a former revision waited for is to be told of this one anew.
            problems = standing.problems if standing.acted_on else ()
            family = family_of(standing)
            standing = replace(standing, family=family, acted=standing.seen, word=word, problems=problems)
        if start.kind in (Operation.POST, Operation.PUT, Operation.ACTIVATE):
            standing = replace(standing, pictures=())
        standings.append(standing)
    sends = start.kind in (Operation.POST, Operation.PUT)
    running = Running(
        id=operation_id,
        kind=start.kind,
        portals=start.portals,
        began_at=now,
        due=now + policy.operation_due,
        removing=start.removing,
        listed=start.listed,
        then=start.then,
        hashes={portal: rendering.hashes[portal] for portal in start.listed} if sends else {},
        key=rendering.key if sends else publication.key,
        remote_id=start.surplus or (None if start.kind is Operation.POST else publication.remote_id),
        yields=policy.yields and start.kind is Operation.POST,
    )
    begun = replace(publication.with_standings(standings), running=running, lease_until=now + lease, retry_at=None)
    return replace(begun, due=now + lease, look=False)
