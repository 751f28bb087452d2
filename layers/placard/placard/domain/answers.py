"""What the answer to our own call does to a publication. An answer ranks below end words: it may arrive after them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from placard.domain.apply import Folded, close, conclude, explain, reached, remark, remember, wake
from placard.domain.causes import Cause
from placard.domain.events import Advert, AdvertState, Operation, Source, Verdict
from placard.domain.lifecycle import END_WORDS, FOLLOWERS, HOLDS_NOTHING, RUNNING, Family, Outcome
from placard.domain.policy import Policy
from placard.domain.problems import Problem
from placard.domain.publication import Entry, Phase, Publication, Running, Standing
from placard.domain.timeline import draft, write

_OFF = HOLDS_NOTHING | {AdvertState.PAUSED}


class Result(StrEnum):
    """What a portal did with a call it answered."""

    ACCEPTED = "accepted"  # taken; its end comes later
    DONE = "done"  # the goal is reached already
    MISSING = "missing"  # the portal knows no such advert
    EXISTS = "exists"  # an advert with our key is there already
    BUSY = "busy"  # an operation of ours still runs there


@dataclass(frozen=True, slots=True)
class Answer:
    """A portal's answer: `remote_id` and `transaction` where it names them, `at` its own time in milliseconds.

    `replaces` is the portal's own count of writes that this one was made upon, 0 where nobody knows it.
    `exchange` is what was asked and answered, in short: the evidence of the entry that the answer leads to.
    """

    result: Result
    remote_id: str | None = None
    transaction: str | None = None
    replaces: int = 0
    at: int | None = None
    details: str | None = None
    exchange: str | None = None


def accept(
    publication: Publication,
    called: Running,
    answer: Answer,
    policy: Policy,
    now: int,
    normalised: tuple[Mapping[str, Any], ...] = (),
) -> Folded:
    """Note that the portal took the operation called. Enters its running word, unless its end came first."""
    if _is_under_way_still(publication, called, answer):
        publication = replace(publication, running=called)
    running = publication.running
    if running is None or running.id != called.id:
        return _accept_late(publication, called, answer, now)
    if not running.portals:
        calm = _without_surplus(publication, running)
        cleared = replace(calm, tries=0, failing_since=None, faults=0, fault=None)
        return Folded(wake(cleared, now), (), Outcome.APPLIED)
    running = replace(
        running,
        phase=Phase.ACCEPTED,
        transaction=answer.transaction or running.transaction,
        remote_id=answer.remote_id or running.remote_id,
        due=running.began_at + policy.operation_due,
        # Of what was lost and is sent again the portal may make nothing: then the lost one's end is this one's.
        replaces=0 if _is_sent_again(publication, running) else answer.replaces,
    )
    publication = _adopt(publication, answer.remote_id)
    publication = replace(
        publication,
        running=running,
        unheard=None,
        lease_until=None,
        reading_until=None,
        retry_at=None,
        tries=0,
        failing_since=None,
        faults=0,
        fault=None,
    )
    standings = [_run(publication.standings[portal], running, policy) for portal in running.portals]
    drafts = [draft(s) for s in standings if s is not publication.standings[s.portal]]
    publication, entries = write(
        publication,
        drafts,
        now=now,
        source=Source.ANSWER,
        at=answer.at,
        details=answer.details,
        normalised=normalised,
        evidence=answer.exchange,
    )
    return Folded(wake(publication, now), entries, Outcome.APPLIED)


def _is_sent_again(publication: Publication, running: Running) -> bool:
    """Whether a call that was not answered may be under way still, to bring the same as this one."""
    lost = publication.unheard
    return lost is not None and lost.hashes == running.hashes


def _without_surplus(publication: Publication, running: Running) -> Publication:
    """Take the advert that was one too many off the list, and its DELETE off the publication."""
    left = tuple(remote for remote in publication.surplus if remote != running.remote_id)
    return replace(publication, running=None, lease_until=None, surplus=left)


def _is_under_way_still(publication: Publication, called: Running, answer: Answer) -> bool:
    """Whether the end that came was that of an earlier try: the portal has taken this one just now, by another name.

    A goal that is reached is left alone: that a second removal finds nothing to remove is no failure.
    """
    last = publication.last
    if publication.running is not None or last is None or (last.id, last.portals) != (called.id, called.portals):
        return False
    if all(reached(called.kind, publication.standings[portal].advert) for portal in called.portals):
        return False
    named = last.transaction is not None and answer.transaction is not None
    return named and answer.transaction not in (last.transaction, *publication.former_transactions)


def _accept_late(publication: Publication, called: Running, answer: Answer, now: int) -> Folded:
    """Keep what an answer tells after its operation was ended by a callback, or was taken over by somebody else.

    Only a creation's answer names an advert that was not known, and a newer creation's is the one that counts.
    """
    publication = _heard_of(publication, called.id)
    last, running = publication.last, publication.running
    creates = called.kind is Operation.POST
    if last is not None and last.id == called.id:
        if creates and (running is None or running.kind is not Operation.POST):
            publication = _adopt(publication, answer.remote_id)
        if answer.transaction is not None and last.transaction is None:
            publication = replace(
                publication,
                last=replace(last, transaction=answer.transaction),
                former_transactions=remember(publication, answer.transaction),
            )
    elif not creates:
        publication = replace(publication, former_transactions=remember(publication, answer.transaction))
    elif answer.remote_id is not None and publication.remote_id is None:
        publication = _adopt(publication, answer.remote_id)
    elif answer.remote_id is not None and answer.remote_id != publication.remote_id:
        extra = dict.fromkeys((*publication.surplus, answer.remote_id))
        publication = replace(publication, surplus=tuple(extra))
    return Folded(wake(publication, now), (), Outcome.UNCHANGED)


def _come_late(publication: Publication, operation_id: str, now: int) -> Folded:
    """Take note of an answer to an operation that is over, or that somebody else took over."""
    heard = _heard_of(publication, operation_id)
    return Folded(publication if heard is publication else wake(heard, now), (), Outcome.UNCHANGED)


def _heard_of(publication: Publication, operation_id: str) -> Publication:
    """Note that the call of an operation which the portal's own word had ended is over: the next one waits no longer for it."""
    last = publication.last
    if last is None or last.id != operation_id or publication.running is not None or publication.retry_at is None:
        return publication
    return replace(publication, retry_at=None)


def _adopt(publication: Publication, remote_id: str | None) -> Publication:
    """Take a remote id. Revisions belong to it; time watermarks survive a re-creation (lifecycle §7, step 5)."""
    if remote_id is None or remote_id == publication.remote_id:
        return publication
    fresh = [replace(standing, remote_revision=0) for standing in publication.standings.values()]
    return replace(publication.with_standings(fresh), remote_id=remote_id)


def _run(standing: Standing, running: Running, policy: Policy) -> Standing:
    word = RUNNING[standing.family or Family.UPDATE]
    # The answer ranks below whatever the portal has said of the advert meanwhile.
    if policy.taken_as is not None and running.kind is Operation.POST and standing.advert_at <= running.began_at:
        advert = Advert(policy.taken_as)
        standing = replace(standing, advert=advert, next_operations=policy.next_operations(advert), off_as_wished=False)
    if not standing.open or standing.word is word or word not in FOLLOWERS[standing.word]:
        return standing
    return replace(standing, word=word, problems=())


def join(
    publication: Publication, called: Running, remote_id: str, policy: Policy, now: int, *, doubtful: bool
) -> Folded:
    """Take an advert that was found as what the creation called has made; how it stands is to be read at once.

    `doubtful`: it may be older than the call, which the reading shows (`Running.doubtful`).
    """
    folded = accept(publication, called, Answer(Result.ACCEPTED, remote_id=remote_id), policy, now)
    joined = replace(folded.publication, reread=True)
    if joined.running is not None and joined.running.id == called.id:
        joined = replace(joined, running=replace(joined.running, doubtful=doubtful))
    return replace(folded, publication=wake(joined, now))


def adopt(publication: Publication, operation_id: str, remote_id: str | None, now: int) -> Folded:
    """Take over the advert that is there already; the next look changes it instead of creating another.

    `remote_id`: None where it is the one that is known.
    """
    if not _is_mine(publication, operation_id):
        return _come_late(publication, operation_id, now)
    publication = _adopt(_drop(publication), remote_id)
    publication = replace(publication, adopted=True, reread=True, retry_at=None)
    return Folded(wake(publication, now), (), Outcome.APPLIED)


def miss(publication: Publication, operation_id: str, retry_at: int, policy: Policy, now: int) -> Folded:
    """Note that the portal has no such advert any more: the revision goes on as a creation.

    Behind a removal that was not answered it may stand yet, for the portal may refuse that one: until it must be over, how the
    advert stands is asked first, at `retry_at`.
    A portal of the channel that was off before, and has no part in the operation, stays as its timeline tells.
    """
    running = publication.running
    if running is None or running.id != operation_id:
        return _come_late(publication, operation_id, now)
    left = removal_left(publication, policy, now)
    if left:
        why, again = "a removal may be under way at the portal", min(retry_at, now + left)
        return postpone(
            publication, operation_id, again, policy, now, taken=False, counts=True, why=why, fails=False, reread=True
        )
    gone = [
        replace(standing, advert=Advert(), next_operations=(Operation.POST,), payload_hash=None, paused_by_us=False)
        for standing in publication.standings.values()
        if standing.portal in running.portals or standing.advert.state not in _OFF
    ]
    publication = replace(_drop(publication).with_standings(gone), remote_id=None, key=None, adopted=False)
    return Folded(wake(publication, now), (), Outcome.APPLIED)


def removal_left(publication: Publication, policy: Policy, now: int) -> int:
    """Return for how long (ms) yet a removal that was not answered may be under way at the portal, 0 where there is none."""
    lost = publication.unheard_removal
    return 0 if lost is None else max(lost.began_at + policy.settle - now, 0)


def end(
    publication: Publication,
    operation_id: str,
    verdict: Verdict,
    policy: Policy,
    now: int,
    problems: tuple[Problem, ...] = (),
    source: Source = Source.ANSWER,
    details: str | None = None,
    evidence: str | None = None,
) -> Folded:
    """End an operation by what its answer says, or by the hub itself: the goal is reached, or the portal refuses."""
    running = publication.running
    if running is None or running.id != operation_id:
        return _come_late(publication, operation_id, now)
    if not running.portals:
        return Folded(wake(_without_surplus(publication, running), now), (), Outcome.APPLIED)
    closed = replace(close(publication, running, running.portals, verdict, now), lease_until=None, retry_at=None)
    publication, entries = _conclude(closed, running, verdict, policy, now, problems, source, evidence, details)
    return Folded(wake(publication, now), entries, Outcome.APPLIED)


def _conclude(
    publication: Publication,
    running: Running,
    verdict: Verdict,
    policy: Policy,
    now: int,
    problems: tuple[Problem, ...],
    source: Source,
    evidence: str | None,
    details: str | None = None,
) -> tuple[Publication, tuple[Entry, ...]]:
    """Enter the end of an operation on each of its portals, where it is news."""
    standings = []
    for portal in running.portals:
        standing = conclude(publication.standings[portal], running, verdict, 0)
        if verdict is Verdict.SUCCEEDED and running.kind is Operation.DELETE:
            paused = standing.paused_by_us
            state = AdvertState.PAUSED if paused else AdvertState.WITHDRAWN
            advert = Advert(state=state, code=standing.advert.code)
            # What was seen of it before the call is older than the answer, though it may be told after it.
            standing = replace(
                standing,
                advert=advert,
                next_operations=policy.next_operations(advert),
                advert_at=max(standing.advert_at, running.began_at),
            )
        standings.append(explain(standing, policy, problems))
    before = publication.standings
    publication = publication.with_standings(standings)
    drafts = [draft(standing) for standing in standings if _is_news(before[standing.portal], standing)]
    return write(publication, drafts, now=now, source=source, details=details, evidence=evidence)


def _is_news(before: Standing, after: Standing) -> bool:
    """Whether the end of an operation says anything new: a DELETE refused again is told once."""
    return (before.word, before.ended, before.advert, before.problems) != (
        after.word,
        after.ended,
        after.advert,
        after.problems,
    )


def postpone(
    publication: Publication,
    operation_id: str,
    retry_at: int,
    policy: Policy,
    now: int,
    *,
    taken: bool,
    counts: bool,
    why: str,
    fails: bool = True,
    reread: bool = False,
    evidence: str | None = None,
) -> Folded:
    """Note a call that failed for now: surely not taken, or of unknown outcome (`taken`). `counts`: it burns a try.

    `fails` is False where the hub itself held the call back: that begins no failure of the portal, and ends none. `reread`: how
    the advert stands is asked first.

    After 15 minutes without success the timeline says so once; after 24 hours the revision fails (lifecycle §8).
    """
    running = publication.running
    if running is None or running.id != operation_id:
        return _come_late(publication, operation_id, now)
    since = publication.failing_since or (now if fails else None)
    lasts = 0 if since is None else now - since
    given_up = fails and lasts >= policy.give_up
    problem = Problem.of(Cause.NEVER_TAKEN, why=why)
    creates = taken and running.kind is Operation.POST
    if given_up and not creates:
        return end(publication, operation_id, Verdict.FAILED, policy, now, (problem,), Source.HUB, evidence=evidence)
    kept = replace(running, phase=Phase.UNKNOWN) if taken else None
    publication = replace(
        publication,
        running=kept,
        unheard=publication.lose(running) if taken else publication.unheard,
        reread=publication.reread or reread,
        lease_until=None,
        reading_until=None,
        retry_at=retry_at,
        tries=publication.tries + counts,
        failing_since=since,
    )
    entries: tuple[Entry, ...] = ()
    if given_up and now >= running.began_at + policy.settle:
        # The revision fails, and the search goes on: an advert that was made after all would be nobody's.
        publication, entries = _conclude(
            publication, running, Verdict.FAILED, policy, now, (problem,), Source.HUB, evidence
        )
    elif lasts >= policy.patience:
        problem = Problem.of(Cause.NOT_TAKEN, why=why)
        publication, entries = _tell(publication, running.portals, problem, policy, now, evidence)
    return Folded(replace(wake(publication, now), look=True, due=retry_at), entries, Outcome.APPLIED)


def forget(publication: Publication, operation_id: str, now: int) -> Folded:
    """Give up an operation that may never have been taken, so that the next look sends it again.

    Behind a removal that is not wished any more nothing is: whether the advert still stands is asked first.
    """
    running = publication.running
    if running is None or running.id != operation_id:
        return _come_late(publication, operation_id, now)
    overtaken = not all(publication.standings[portal].acted_on for portal in running.portals)
    doubtful = overtaken if running.kind is Operation.DELETE else publication.unheard_removal is not None
    reread = publication.reread or doubtful
    return Folded(wake(replace(_drop(publication), reread=reread), now), (), Outcome.APPLIED)


def never_created(publication: Publication, operation_id: str, policy: Policy, now: int) -> Folded:
    """Give up a creation that no search has found, so that the next look sends it again; after 24 hours the revision fails.

    The first search may take all the time that a call may fail for (Spotahome's day): the call that follows it has an hour's
    tries of its own.
    """
    running = publication.running
    if running is None or running.id != operation_id:
        return _come_late(publication, operation_id, now)
    if all(publication.standings[portal].ended >= publication.standings[portal].acted for portal in running.portals):
        # It has failed already, when no search was answered.
        over = close(publication, running, running.portals, Verdict.FAILED, now)
        return Folded(wake(replace(over, reading_until=None, retry_at=None), now), (), Outcome.APPLIED)
    since, lost = publication.failing_since, publication.unheard
    if since is not None and (lost is None or lost.id == operation_id):
        since = max(since, now - policy.give_up + policy.again)
    elif since is not None and now - since >= policy.give_up:
        problem = Problem.of(Cause.NEVER_TAKEN, why="no call was answered, and the portal shows no advert")
        return end(publication, operation_id, Verdict.FAILED, policy, now, (problem,), Source.HUB)
    return Folded(wake(replace(_drop(publication), failing_since=since), now), (), Outcome.APPLIED)


def overdue(publication: Publication, policy: Policy, now: int) -> Folded:
    """Note that the portal was asked and still knows no end: look hourly, tell it once, give up after 24 hours.

    The operator is alarmed once, `Policy.silence` after the call.
    """
    running = publication.running
    if running is None or running.phase is not Phase.ACCEPTED or now < running.due:
        return Folded(publication, (), Outcome.UNCHANGED)
    if now >= running.began_at + policy.operation_due + policy.give_up:
        problem = Problem.of(Cause.NO_END)
        return end(publication, running.id, Verdict.FAILED, policy, now, (problem,), Source.HUB)
    alarm_at = None if policy.silence is None or running.alarmed else running.began_at + policy.silence
    alarmed = running.alarmed or (alarm_at is not None and now >= alarm_at)
    due = now + policy.again if alarm_at is None or alarmed else min(alarm_at, now + policy.again)
    later = replace(running, due=due, overdue=True, alarmed=alarmed)
    publication, entries = replace(publication, running=later), ()
    if not running.overdue:
        problem = Problem.of(Cause.NO_END_IN_TIME)
        publication, entries = _tell(publication, running.portals, problem, policy, now)
    return Folded(wake(publication, now), entries, Outcome.APPLIED)


def _tell(
    publication: Publication,
    portals: tuple[str, ...],
    problem: Problem,
    policy: Policy,
    now: int,
    evidence: str | None = None,
) -> tuple[Publication, Any]:
    """Tell a problem of an operation in flight once, behind what its advert waits for."""
    standings = [publication.standings[portal] for portal in portals]
    news = [
        replace(standing, problems=(*filter(None, (remark(standing, policy),)), problem))
        for standing in standings
        if standing.word not in END_WORDS and problem.code not in {known.code for known in standing.problems}
    ]
    return write(publication, [draft(standing) for standing in news], now=now, source=Source.HUB, evidence=evidence)


def _is_mine(publication: Publication, operation_id: str) -> bool:
    return publication.running is not None and publication.running.id == operation_id


def _drop(publication: Publication) -> Publication:
    return replace(publication, running=None, lease_until=None, reading_until=None)
