"""`apply`: what a portal's word does to a publication (lifecycle §4). Pure, and it never raises for what a portal says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from placard.domain.classified import Wish
from placard.domain.events import Advert, AdvertState, End, Operation, Picture, PortalEvent, Source, Verdict
from placard.domain.instants import MINUTE
from placard.domain.lifecycle import (
    ENDED,
    FAILED_WORDS,
    FOLLOWERS,
    GOALS,
    WITH_MEDIA_ERROR,
    Family,
    Outcome,
    Word,
)
from placard.domain.policy import Policy
from placard.domain.problems import Problem
from placard.domain.publication import Entry, Phase, Publication, Running, Standing
from placard.domain.timeline import Draft, draft, write

# A wake-up that a stream or a queue loses is found again this much later.
SAFETY = 5 * MINUTE
_FORMER_KEPT = 8
_TAKES_OFF = (Operation.DELETE, Operation.DEACTIVATE)


@dataclass(frozen=True, slots=True)
class Folded:
    """A publication after a word, the entries that explain it, and what the word did."""

    publication: Publication
    entries: tuple[Entry, ...]
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class _Fact:
    """What one fact of an event did to one standing. `reread`: only a reading can tell."""

    standing: Standing
    outcome: Outcome
    reread: bool = False


def apply(publication: Publication, event: PortalEvent, policy: Policy, now: int) -> Folded:
    """Fold one portal event into the publication.

    Order is judged per fact: the end of an operation, the advert's state, each picture (lifecycle §4).
    """
    if event.remote_id is not None and event.remote_id != publication.remote_id:
        return _noted(publication, event, Outcome.STALE, now)
    if not event.known:
        return _note_unknown(publication, event, now)
    folded = [
        _fold_standing(publication, publication.standings[portal], event, policy)
        for portal in event.portals or tuple(publication.standings)
        if portal in publication.standings
    ]
    if not folded:
        return _noted(publication, event, Outcome.REFUSED, now)
    changed = publication.with_standings(fact.standing for fact in folded)
    changed = _hear_removal(_settle_running(changed, publication, event, policy), event, policy)
    if any(fact.reread for fact in folded) or _asks_for_a_reading(publication, changed, event):
        changed = replace(changed, reread=True)
    outcome = _overall(fact.outcome for fact in folded)
    if outcome is not Outcome.APPLIED:
        return _noted(wake(changed, now), event, outcome, now)
    drafts = [draft(fact.standing) for fact in folded if fact.outcome is Outcome.APPLIED]
    changed, entries = _enter(changed, drafts, event, event.details, now)
    return Folded(wake(changed, now), entries, outcome)


def wake(publication: Publication, now: int) -> Publication:
    """Set `look` and `due`: a wait is always a time in the table, and what is left to decide is looked at at once."""
    look = needs_look(publication)
    dues = [now + SAFETY] if look else []
    running = publication.running
    if running is not None and not gives_way(publication):
        dues.append(_due_of(running, publication.lease_until, publication.retry_at, now))
    dues += [instant for instant in (publication.retry_at, publication.reading_until) if instant is not None]
    return replace(publication, look=look, due=min(dues, default=None))


def _due_of(running: Running, lease_until: int | None, retry_at: int | None, now: int) -> int:
    if running.phase is Phase.CALLING:
        return lease_until or now
    return running.due if running.phase is Phase.ACCEPTED else retry_at or now


def needs_look(publication: Publication) -> bool:
    """Whether something is left to decide without a new word from anybody. Looking once too often is harmless."""
    if publication.reread or publication.surplus:
        return True
    if publication.running is not None:
        return gives_way(publication) or bool(waits_untold(publication))
    return any(_unsettled(standing) for standing in publication.standings.values())


def gives_way(publication: Publication) -> bool:
    """Whether the operation in flight is not waited for: what it was to bring is not wanted any more, or is gone."""
    running = publication.running
    if running is None or not running.yields or running.phase is not Phase.ACCEPTED:
        return False
    standings = [publication.standings[portal] for portal in running.portals]
    return all(
        not standing.acted_on and (standing.wish is Wish.ABSENT or standing.advert.state is AdvertState.WITHDRAWN)
        for standing in standings
    )


def waits_untold(publication: Publication) -> dict[str, Problem]:
    """Return what the operation in flight waits for, for each portal whose newer revision waits behind it and does not say so.

    A refused picture keeps nothing waiting.
    """
    portals = publication.running.portals if publication.running is not None else ()
    known = (problem for portal in portals for problem in publication.standings[portal].problems)
    problem = next((problem for problem in known if problem.code != "media_refused"), None)
    if problem is None:
        return {}
    behind = (standing for standing in publication.standings.values() if not standing.acted_on)
    return {standing.portal: problem for standing in behind if standing.open and not standing.says(problem)}


def _unsettled(standing: Standing) -> bool:
    state = standing.advert.state
    if standing.open or state is AdvertState.PENDING:
        return True
    if standing.word is Word.DELETING_FAILED:
        return True  # a deletion of the whole classified may have come meanwhile, which has a part in it only now
    if standing.wish is Wish.ABSENT:
        return state is AdvertState.LIVE
    return standing.wish is Wish.PAUSED and state is AdvertState.LIVE and not standing.refusals


def _note_unknown(publication: Publication, event: PortalEvent, now: int) -> Folded:
    """Keep a word nobody knows. A reading shows the same one again and again: it leaves its line once."""
    if event.source is Source.CALLBACK:
        return _noted(publication, event, Outcome.UNKNOWN, now)
    if event.at is None or event.order <= publication.unknown_at:
        return Folded(publication, (), Outcome.UNKNOWN)
    noted = _write_down(publication, event, Outcome.UNKNOWN, now)
    return replace(noted, publication=replace(noted.publication, unknown_at=event.order))


def _noted(publication: Publication, event: PortalEvent, outcome: Outcome, now: int) -> Folded:
    """Keep a word that changed nothing: a callback leaves its line, a reading of ours does not."""
    if event.source is not Source.CALLBACK:
        return Folded(publication, (), outcome)
    return _write_down(publication, event, outcome, now)


def _write_down(publication: Publication, event: PortalEvent, outcome: Outcome, now: int) -> Folded:
    named = [publication.standings[p] for p in event.portals or publication.standings if p in publication.standings]
    reason = event.note if event.note is not None and outcome is Outcome.UNCHANGED else _REASONS[outcome]
    drafts = [draft(standing, outcome, f"{event.word}: {reason}") for standing in named]
    publication, entries = _enter(publication, drafts, event, event.word, now)
    return Folded(publication, entries, outcome)


def _enter(
    publication: Publication, drafts: Iterable[Draft], event: PortalEvent, details: str | None, now: int
) -> tuple[Publication, tuple[Entry, ...]]:
    """Write drafts that an event gave rise to, with its own time and what it came from."""
    return write(
        publication, drafts, now=now, source=event.source, at=event.at, details=details, evidence=event.evidence
    )


_REASONS = {
    Outcome.UNCHANGED: "says what is known",
    Outcome.STALE: "older than what is known, or of a former advert",
    Outcome.REFUSED: "no such step from here",
    Outcome.UNKNOWN: "a word the hub does not know",
}
_WEIGHT = (Outcome.APPLIED, Outcome.REFUSED, Outcome.STALE, Outcome.UNKNOWN, Outcome.UNCHANGED)


def _overall(outcomes: Iterable[Outcome]) -> Outcome:
    found = set(outcomes)
    return next((outcome for outcome in _WEIGHT if outcome in found), Outcome.UNCHANGED)


def _fold_standing(publication: Publication, standing: Standing, event: PortalEvent, policy: Policy) -> _Fact:
    """Fold the three facts of an event into one standing, the end first: it says which operation the rest belongs to."""
    running = _matching(publication, standing, event)
    advert = _resolved(publication, event, policy, running)
    if advert is None and event.advert is not None:
        return _Fact(standing, Outcome.UNCHANGED, reread=True)
    if advert is not None:
        advert = policy.follow(standing.advert, advert)
    pictures = _fold_pictures(publication, standing, event)
    ended = _fold_end(publication, pictures.standing, event, advert, running)
    ours = _is_our_removal(publication, standing.portal)
    seen = _fold_advert(ended.standing, event, advert, policy, wins_tie=running is not None, removed_by_us=ours)
    outcome = _overall((pictures.outcome, ended.outcome, seen.outcome))
    reread = ended.reread or seen.reread
    if outcome is not Outcome.APPLIED:
        # The word alone, without news, leaves no entry: the publication keeps what its timeline tells.
        return _Fact(replace(seen.standing, advert=standing.advert), outcome, reread)
    return _Fact(explain(seen.standing, policy, event.problems), outcome, reread)


def explain(standing: Standing, policy: Policy, said: tuple[Problem, ...] = ()) -> Standing:
    """Set the problems of a standing's present word: what the event says, else why the advert at rest is not live."""
    standing = replace(standing, off_as_wished=standing.off_as_wished or _is_deleted(standing))
    if standing.word in FAILED_WORDS or _stays_up(standing):
        unexplained = (Problem.quote("rejected_by_portal", None),)
        return replace(standing, problems=said or standing.problems or unexplained)
    problems: tuple[Problem, ...] = ()
    refused = [picture for picture in standing.pictures if picture.failed]
    if refused or standing.word in WITH_MEDIA_ERROR.values():
        problems = (policy.explain_media(refused),)
    reason = policy.explain(standing.advert) if _should_rest_live(standing) else remark(standing, policy)
    return replace(standing, problems=problems if reason is None else (reason, *problems))


def _is_deleted(standing: Standing) -> bool:
    """Whether the CRM's deletion is done, with a call or without."""
    done = standing.word is Word.DELETED and standing.family is Family.DELETE
    return done and reached(Operation.DELETE, standing.advert)


def remark(standing: Standing, policy: Policy) -> Problem | None:
    """Return what an advert needs of somebody, while its operation runs or though it is live."""
    if standing.word is Word.DELETED or standing.acted == 0:
        return None
    # What is in flight was begun for a former wish.
    if standing.wish is Wish.PRESENT or not standing.acted_on:
        return policy.remark(standing.advert)
    kept_up = standing.wish is Wish.PAUSED and standing.advert.live and not standing.open
    return policy.by_hand(Operation.DEACTIVATE) if kept_up and Operation.DEACTIVATE in policy.manual else None


def _stays_up(standing: Standing) -> bool:
    """Whether an advert that came back after its end is up for good: the portal refuses to take it off again."""
    unwanted = standing.wish is not Wish.PRESENT and standing.advert.live
    return unwanted and not standing.open and standing.acted > 0 and standing.refusals > 0


def _should_rest_live(standing: Standing) -> bool:
    """Whether nothing more is to be done for this portal, so that an advert that is not where it should be needs a reason."""
    state = standing.advert.state
    if standing.ended < standing.acted or standing.acted == 0:
        return False
    if standing.word is Word.DELETED and (standing.wish is not Wish.PRESENT or standing.open):
        return False  # off as it was wished; a deletion that nobody wished is the portal's own
    if standing.wish is Wish.PRESENT:
        return state is not AdvertState.LIVE and not standing.paused_by_us
    waits = state not in (AdvertState.PAUSED, AdvertState.ABSENT, AdvertState.LIVE)
    return standing.wish is Wish.PAUSED and waits and not standing.open and not standing.off_as_wished


# --- the end of an operation -----------------------------------------------------------------------------------------


def _matching(publication: Publication, standing: Standing, event: PortalEvent) -> Running | None:
    """Return the operation in flight that this end belongs to: by transaction, else by kind; AVIV's by revision."""
    end, running = event.end, publication.running
    if end is None or running is None or standing.portal not in running.portals:
        return None
    removing = standing.portal in running.removing
    if end.takes_off is not None and end.verdict is Verdict.SUCCEEDED and end.takes_off != removing:
        return None
    if end.remote_revision is not None:
        newer = end.remote_revision > publication.former_revision(standing.portal)
        gone = removing and bool(end.takes_off) and end.verdict is Verdict.SUCCEEDED
        return running if newer or gone else None
    if event.transaction is not None and running.transaction is not None:
        # The end of a request whose answer was lost says nothing of this one; where ids are not kept, a reading tells.
        return running if event.transaction == running.transaction else None
    if event.transaction in publication.former_transactions:
        return None
    if event.transaction is not None and _is_before(event, running):
        return None
    if _may_be_unheard(publication, running):
        return None
    return running if end.operation is running.kind else None


def _ended_at(event: PortalEvent) -> int | None:
    """Return the portal's own time of the end that an event tells, None where it gives none."""
    return event.at if event.end is None or event.end.at is None else event.end.at


def _is_before(event: PortalEvent, operation: Running) -> bool:
    """Whether what an event tells the end of ended before an operation was begun: a request that was lost, or a former one."""
    at = _ended_at(event)
    return at is not None and at < operation.began_at


def _may_be_unheard(publication: Publication, operation: Running) -> bool:
    """Whether an end without a name may be that of an earlier request, which was to bring something else.

    Its answer was lost. Where that of the operation in flight is lost too, it is sent again until the portal gives it a name;
    where the last operation was refused at once, nothing of it can come any more.
    """
    lost = publication.unheard
    return lost is not None and lost.kind is operation.kind and lost.hashes != operation.hashes


def _resolved(publication: Publication, event: PortalEvent, policy: Policy, running: Running | None) -> Advert | None:
    """Settle a code that two states share by the last operation that was done: the one ending now, or one before.

    None where a callback leaves it open; a reading is taken as it is.
    """
    if event.advert is None:
        return None
    failed = event.end is not None and event.end.verdict is Verdict.FAILED
    done = publication.completed if failed or running is None else running.kind
    resolved = policy.resolve(event.advert, done)
    return event.advert if resolved is None and event.source is Source.POLL else resolved


def _asks_for_a_reading(before: Publication, after: Publication, event: PortalEvent) -> bool:
    """Whether a refusal shows that the hub's picture of the advert was wrong: the portal is asked once how it stands."""
    refused = event.source is Source.CALLBACK and any(problem.code == "not_permitted" for problem in event.problems)
    over = before.running is not None and after.running is None
    return refused and over and after.completed is before.completed


def _fold_end(
    publication: Publication, standing: Standing, event: PortalEvent, advert: Advert | None, running: Running | None
) -> _Fact:
    end = event.end
    if end is None:
        return _Fact(standing, Outcome.UNCHANGED)
    if running is not None:
        verdict = Verdict.SUCCEEDED if reached(running.kind, advert) else end.verdict
        at = 0 if event.at is None else event.order
        after = conclude(standing, running, verdict, at, end)
        kept_up = _stays_up(after) and not _stays_up(standing)
        told_before = not standing.open and after.word is standing.word and not kept_up
        return _Fact(after, Outcome.UNCHANGED if told_before else Outcome.APPLIED)
    if publication.running is not None and standing.portal in publication.running.portals:
        mistakable = end.operation is publication.running.kind and event.transaction is not None
        return _Fact(standing, Outcome.STALE, mistakable and not _is_former(publication, event.transaction))
    if end.if_asked and (standing.wish is not Wish.ABSENT or not standing.acted_on):
        return _Fact(standing, Outcome.UNCHANGED)
    return _fold_news(publication, standing, event, end, advert)


def reached(operation: Operation, advert: Advert | None) -> bool:
    """Whether the advert already is where the operation was to bring it: then even an error is a success."""
    return advert is not None and advert.state in GOALS[operation]


def conclude(standing: Standing, running: Running, verdict: Verdict, at: int, end: End | None = None) -> Standing:
    """Return the standing after the end of its operation. `at` is the portal's own time, 0 where it gave none."""
    family = standing.family or Family.UPDATE
    succeeded = verdict is Verdict.SUCCEEDED
    goes_on = succeeded and running.then
    removal = standing.portal in running.removing
    revision = running.replaces if end is None or end.remote_revision is None else end.remote_revision
    standing = replace(
        standing,
        end_at=max(standing.end_at, at),
        remote_revision=max(standing.remote_revision, revision),
        refusals=0 if succeeded else standing.refusals + (removal or running.kind in _TAKES_OFF),
        payload_hash=_confirmed_hash(standing, running, succeeded),
    )
    if succeeded:
        standing = replace(standing, off_as_wished=removal)
    if succeeded and removal:
        pauses = family is Family.UPDATE and not running.then
        standing = replace(standing, paused_by_us=pauses)
    elif succeeded and running.kind is Operation.DEACTIVATE:
        standing = replace(standing, paused_by_us=True)
    elif succeeded:
        standing = replace(standing, paused_by_us=False)
    word = ENDED[family, verdict]
    again = standing.ended >= standing.acted
    if goes_on or (again and word not in FOLLOWERS[standing.word]):
        return standing
    unnamed = end is not None and end.media_error
    if succeeded and (unnamed or any(picture.failed for picture in standing.pictures)):
        word = WITH_MEDIA_ERROR.get(word, word)
        standing = replace(standing, payload_hash=None)
    if not succeeded and standing.advert.state in (AdvertState.REJECTED, AdvertState.EXPIRED):
        # The portal's pages disagree on what it permits here; it has now answered for itself (contracts/olx.md §5).
        standing = replace(standing, next_operations=())
    return replace(standing, word=word, ended=standing.acted, problems=())


def _confirmed_hash(standing: Standing, running: Running, succeeded: bool) -> str | None:
    if not succeeded or standing.portal in running.removing:
        return None
    return running.hashes.get(standing.portal, standing.payload_hash)


def _fold_news(
    publication: Publication, standing: Standing, event: PortalEvent, end: End, advert: Advert | None
) -> _Fact:
    """Judge an end that no operation in flight waits for: news of the last one, the portal's own deletion, or nothing."""
    if event.transaction is not None and _is_former(publication, event.transaction):
        return _Fact(standing, Outcome.STALE)
    if standing.ended < standing.acted or standing.acted == 0:
        # Between the two operations of one revision, or before the first: this end belongs to what is over.
        return _Fact(standing, Outcome.UNCHANGED)
    if end.remote_revision is not None and end.remote_revision < standing.remote_revision:
        return _Fact(standing, Outcome.STALE)
    if end.remote_revision is None and publication.last is not None and _is_before(event, publication.last):
        return _Fact(standing, Outcome.STALE)
    word = _news_word(standing, end, advert, publication.last)
    if word is standing.word:
        return _Fact(standing, Outcome.UNCHANGED)
    if event.order < standing.end_at:
        return _Fact(standing, Outcome.STALE)
    if standing.word in FAILED_WORDS and _is_of_another_call(publication, standing, event):
        return _Fact(standing, Outcome.UNCHANGED)
    if word not in FOLLOWERS[standing.word]:
        return _Fact(standing, Outcome.REFUSED)
    at = 0 if event.at is None else event.order
    revision = max(standing.remote_revision, end.remote_revision or 0)
    confirmed = publication.last.hashes.get(standing.portal) if publication.last and word in WITH_MEDIA_ERROR else None
    news = replace(
        standing,
        word=word,
        end_at=max(standing.end_at, at),
        remote_revision=revision,
        payload_hash=confirmed,
        ended=max(standing.ended, standing.acted),
    )
    return _Fact(news, Outcome.APPLIED)


def _is_of_another_call(publication: Publication, standing: Standing, event: PortalEvent) -> bool:
    """Whether the end told beside a failure may be that of a call before it.

    One whose answer was lost; or, in a reading, what the portal shows still: a call refused at once leaves its word as it was.
    """
    last, at = publication.last, _ended_at(event)
    if last is not None and _may_be_unheard(publication, last):
        return True
    if event.source is not Source.POLL:
        return False
    return event.at is None or at is None or at <= standing.end_at or (last is not None and _is_before(event, last))


def _is_former(publication: Publication, transaction: str | None) -> bool:
    """Whether a request is older than the newest operation: the one in flight, else the last that ended."""
    newest = publication.running or publication.last
    return transaction in publication.former_transactions and (newest is None or transaction != newest.transaction)


def _news_word(standing: Standing, end: End, advert: Advert | None, last: Running | None) -> Word:
    family = standing.family or Family.UPDATE
    if end.takes_off and end.verdict is Verdict.SUCCEEDED:
        paused = standing.paused_by_us and family is Family.UPDATE
        return standing.word if paused else Word.DELETED
    verdict = end.verdict
    if end.operation is not None and reached(end.operation, advert):
        verdict = Verdict.SUCCEEDED
    if end.operation is not None and last is not None and not _is_end_of(last, standing.portal, end.operation):
        return standing.word
    word = ENDED[family, verdict]
    if verdict is Verdict.SUCCEEDED and (end.media_error or any(picture.failed for picture in standing.pictures)):
        word = WITH_MEDIA_ERROR.get(word, word)
    return word


def _is_end_of(last: Running, portal: str, operation: Operation) -> bool:
    """Whether news of an operation speaks of the last one, which was to be the whole of the portal's present revision."""
    return operation is last.kind and portal in last.portals and not last.then


def _settle_running(changed: Publication, before: Publication, event: PortalEvent, policy: Policy) -> Publication:
    """Take the portals whose end is known off the operation in flight; with the last one it is over."""
    running = before.running
    if event.end is None:
        return changed
    if running is None:
        return _name_last(changed, event, event.end)
    over = {
        portal
        for portal in running.portals
        if portal in (event.portals or before.standings)
        and _matching(before, before.standings[portal], event) is not None
    }
    advert = _resolved(before, event, policy, running)
    if advert is None and event.advert is not None:
        return changed
    verdict = Verdict.SUCCEEDED if reached(running.kind, advert) else event.end.verdict
    # The end names the request it was of: the answer to the one called last may name another.
    named = replace(running, transaction=running.transaction or event.transaction)
    return close(changed, named, over, verdict, event.order) if over else changed


def _hear_removal(publication: Publication, event: PortalEvent, policy: Policy) -> Publication:
    """Take a removal without an answer as done once the portal shows nothing any more: what follows may be charged again."""
    lost = publication.unheard_removal
    if lost is None:
        return publication
    off = GOALS[Operation.DELETE] if policy.pauses else GOALS[Operation.DELETE] | {AdvertState.PAUSED}
    if any(publication.standings[portal].advert.state not in off for portal in lost.portals):
        return publication
    return replace(publication, unheard=None, deleted_at=event.order, deleted_key=lost.key)


def _name_last(publication: Publication, event: PortalEvent, end: End) -> Publication:
    """Note of which request of the last operation an end came: an answer that names the same one brings nothing to wait for."""
    last = publication.last
    if last is None or event.transaction is None or end.operation is not last.kind or _is_before(event, last):
        return publication
    if event.transaction in publication.former_transactions:
        return publication
    return replace(
        publication,
        last=replace(last, transaction=event.transaction),
        former_transactions=remember(publication, event.transaction),
    )


def close(publication: Publication, running: Running, over: Iterable[str], verdict: Verdict, at: int) -> Publication:
    """Take these portals off the operation in flight; with the last one the operation is over and remembered."""
    over = set(over)
    left = tuple(portal for portal in running.portals if portal not in over)
    if left:
        return replace(publication, running=replace(running, portals=left))
    publication = replace(
        publication,
        running=None,
        last=running,
        former_transactions=remember(publication, running.transaction),
        # Whoever calls under the lease may not have called yet: until it is heard of, the next call would meet that one.
        retry_at=publication.lease_until if running.phase is Phase.CALLING else publication.retry_at,
        lease_until=None,
        tries=0,
        failing_since=None,
        faults=0,
        fault=None,
    )
    lost = publication.unheard
    if lost is not None and lost.hashes == running.hashes and (lost.hashes or lost.kind is running.kind):
        publication = replace(publication, unheard=None)
    if verdict is Verdict.FAILED:
        return publication
    publication = replace(publication, completed=running.kind)
    if running.kind is Operation.DELETE:
        return replace(publication, deleted_at=at, deleted_key=running.key or publication.key, adopted=False)
    if running.kind in (Operation.POST, Operation.PUT):
        return replace(publication, key=running.key, adopted=False)
    return publication


def remember(publication: Publication, transaction: str | None) -> tuple[str, ...]:
    """Return the requests known to be over, with this one; the oldest are forgotten."""
    former = publication.former_transactions
    return former if transaction is None else (*former, transaction)[-_FORMER_KEPT:]


# --- the advert's state ----------------------------------------------------------------------------------------------


def _is_our_removal(publication: Publication, portal: str) -> bool:
    """Whether a call of ours takes the portal off: one whose answer was lost, or the newest, which does not list it.

    A DELETE lists none, so that it takes off all there are; one of an advert too many has no portals here.
    """
    lost, newest = publication.unheard, publication.running or publication.last
    left_out = newest is not None and bool(newest.portals) and portal not in newest.listed
    return left_out or (lost is not None and portal in lost.removing)


def _fold_advert(
    standing: Standing,
    event: PortalEvent,
    advert: Advert | None,
    policy: Policy,
    *,
    wins_tie: bool,
    removed_by_us: bool,
) -> _Fact:
    """Fold how the advert stands. `removed_by_us`: where it is gone, a call of ours has taken it off."""
    if advert is None:
        return _Fact(standing, Outcome.UNCHANGED)
    # Also where the answer to our own removal was lost, and nothing is in flight that this would be the end of.
    wished = standing.paused_by_us or standing.wish is Wish.PAUSED
    pause = advert.state is AdvertState.WITHDRAWN and wished and not policy.pauses
    if pause:
        advert = replace(advert, state=AdvertState.PAUSED)
    same = advert == standing.advert
    if event.at is not None:
        order = event.advert_order
        if order < standing.advert_at or (order == standing.advert_at and not same and not wins_tie):
            doubtful = event.end is None and not same and event.source is Source.CALLBACK
            return _Fact(standing, Outcome.UNCHANGED if same else Outcome.STALE, reread=doubtful)
        standing = replace(standing, advert_at=order)
    gone = reached(Operation.DELETE, advert)
    if same or (standing.off_as_wished and gone and reached(Operation.DELETE, standing.advert)):
        return _Fact(standing, Outcome.UNCHANGED)
    alike = advert == replace(standing.advert, code=advert.code)
    if event.end is not None and alike and policy.remark(advert) == policy.remark(standing.advert):
        # The end of an operation brings its own word along; where nothing else is new, that alone is no news.
        return _Fact(replace(standing, advert=advert), Outcome.UNCHANGED)
    if pause or advert.state is not AdvertState.PAUSED:
        standing = replace(standing, paused_by_us=pause)
    off = (standing.off_as_wished or removed_by_us) and gone
    standing = replace(standing, advert=advert, next_operations=policy.next_operations(advert), off_as_wished=off)
    return _Fact(standing, Outcome.APPLIED)


# --- pictures --------------------------------------------------------------------------------------------------------


def _fold_pictures(publication: Publication, standing: Standing, event: PortalEvent) -> _Fact:
    if not event.pictures:
        return _Fact(standing, Outcome.UNCHANGED)
    if event.transaction is not None and _is_former(publication, event.transaction):
        return _Fact(standing, Outcome.STALE)
    known = {picture.url: picture for picture in standing.pictures}
    newer = [picture for picture in event.pictures if _is_news(picture, known.get(picture.url))]
    if not newer:
        return _Fact(standing, Outcome.UNCHANGED)
    pictures = tuple((known | {picture.url: picture for picture in newer}).values())
    standing = replace(standing, pictures=pictures)
    if publication.running is None and any(picture.failed for picture in newer):
        word = WITH_MEDIA_ERROR.get(standing.word)
        if word is not None:
            standing = replace(standing, word=word, payload_hash=None)
    # That a picture is as good as before is no news by itself: of a PUT that leaves a portal alone AVIV tells just that.
    news = any(one.failed or (one.url in known and known[one.url].failed) for one in newer)
    return _Fact(standing, Outcome.APPLIED if news else Outcome.UNCHANGED)


def _is_news(picture: Picture, known: Picture | None) -> bool:
    if known is None:
        return True
    return picture.status != known.status and picture.at >= known.at
