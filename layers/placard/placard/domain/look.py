"""A look: what a publication learns from its classified, and what a decision without a call writes (lifecycle §7, step 3)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from placard.domain.apply import explain, gives_way
from placard.domain.classified import Classified, Wish
from placard.domain.decide import Decision, Finish, Hold, decide
from placard.domain.events import Source
from placard.domain.lifecycle import FAILED_WORDS, FAMILY_OF, Outcome, Word
from placard.domain.policy import Policy, Rendering
from placard.domain.publication import Entry, Phase, Publication, Standing
from placard.domain.timeline import MESSAGES, Draft, draft, write


@dataclass(frozen=True, slots=True)
class Looked:
    """A publication after a look, the entries that say what it saw, and what is to be done."""

    publication: Publication
    entries: tuple[Entry, ...]
    decision: Decision


def look(publication: Publication, classified: Classified, rendering: Rendering, policy: Policy, now: int) -> Looked:
    """See the newest revision, decide, and enter what needs no call."""
    publication, seen = see(expire(publication, now), classified, now)
    publication = give_way(publication)
    decision = decide(publication, rendering, policy, now)
    publication, settled = settle(publication, decision.finishes, decision.holds, rendering, policy, now)
    if decision.finishes and decision.wake_at is None:
        # A portal that has its end may be one to be asked after from now on.
        following = decide(publication, rendering, policy, now)
        at_once = following.start is not None or following.read or following.search
        decision = replace(decision, wake_at=now if at_once else following.wake_at)
    return Looked(publication, seen + settled, decision)


def open_publication(classified: Classified, channel: str) -> Publication:
    """Return the publication of a channel nobody has looked at yet."""
    return Publication(classified.classified_id, channel, classified.customer)


def see(publication: Publication, classified: Classified, now: int) -> tuple[Publication, tuple[Entry, ...]]:
    """Enter `RECEIVED` for every portal whose newest revision has not been seen, and note what is wished of it.

    `query_status` shows the very same entries before they are stored, with the time of acceptance as `now`.
    """
    overtaken, received = [], []
    for portal in classified.portals_on(publication.channel):
        standing = publication.standings.get(portal) or Standing(portal, Wish.ABSENT)
        if not _concerns(standing, classified):
            continue
        if _is_overtaken(publication, standing):
            overtaken.append(_superseded(standing))
        received.append(_received(standing, classified))
    publication, passed = write(publication, overtaken, now=now, source=Source.HUB)
    if received:
        # A classified keeps its newest revision's trace alone: an older one that is seen only now has none, not another's.
        newest = any(item.revision == classified.revision for item in received)
        publication = replace(
            publication,
            traceparent=classified.traceparent if newest else None,
            # What a removal without an answer has left there is asked before a newer wish is acted on.
            reread=publication.reread or publication.unheard_removal is not None,
        )
    publication, entries = write(publication, received, now=now, source=Source.HUB, at=classified.accepted_at)
    return publication, passed + entries


def has_seen(publication: Publication, classified: Classified) -> bool:
    """Whether every portal of the channel has seen the newest revision that concerns it."""
    portals = classified.portals_on(publication.channel)
    blank = Standing("", Wish.ABSENT)
    return not any(_concerns(publication.standings.get(portal, blank), classified) for portal in portals)


def _concerns(standing: Standing, classified: Classified) -> bool:
    """Whether a revision concerns a portal: one that is off and stays off, and was not to come back, has no part in it."""
    wish = classified.wish(standing.portal)
    never_listed = standing.seen == 0 and (classified.deleted or standing.portal not in classified.portals)
    if standing.wish is Wish.ABSENT and wish is Wish.ABSENT and not never_listed:
        asked = classified.asked.get(standing.portal, 0) > standing.seen
        return asked or _came_and_went(standing, classified) or _deletes_again(standing, classified)
    return classified.revision_of(standing.portal) > standing.seen


def _came_and_went(standing: Standing, classified: Classified) -> bool:
    """Whether the newest body takes off a portal that the one before it listed, and no look saw it listed."""
    return standing.portal in classified.former_portals and classified.body_revision > standing.seen


def _deletes_again(standing: Standing, classified: Classified) -> bool:
    failed = standing.word is Word.DELETING_FAILED
    return classified.deleted and failed and classified.body_revision > standing.seen


def _is_overtaken(publication: Publication, standing: Standing) -> bool:
    in_flight = publication.running is not None and standing.portal in publication.running.portals
    return standing.seen > (standing.acted if in_flight else standing.ended)


def _superseded(standing: Standing) -> Draft:
    began = standing.acted_on
    return Draft(
        standing,
        standing.word if began else Word.RECEIVED,
        standing.seen,
        f"Revision {standing.seen} was overtaken before it was sent",
        outcome=Outcome.SUPERSEDED,
    )


def _received(standing: Standing, classified: Classified) -> Draft:
    portal = standing.portal
    revision = classified.revision_of(portal)
    kind = classified.kind_of(portal)
    sub_status = f"RECEIVED_{kind.value if kind.value in ('POST', 'PUT', 'DELETE') else 'PUT'}"
    message = MESSAGES[Word.RECEIVED]
    missed = _missed(standing, classified)
    if missed:
        message = f"{message}; replaces revision{'s' if len(missed) > 1 else ''} {', '.join(map(str, missed))}"
    seen = replace(standing, seen=revision, wish=classified.wish(portal), kind=kind, refusals=0)
    if standing.seen == 0:
        seen = replace(seen, word=Word.RECEIVED)
    return Draft(seen, Word.RECEIVED, revision, message, sub_status=sub_status)


def _missed(standing: Standing, classified: Classified) -> list[int]:
    """Return the revisions of this portal that no look ever saw: older than its newest, and not another portal's alone."""
    revision = classified.revision_of(standing.portal)
    if standing.seen:
        first = standing.seen + 1
    elif revision > classified.body_revision:
        first = classified.body_revision
    else:
        first = revision - 1 if standing.portal in classified.former_portals else revision
    others = {asked for portal, asked in classified.asked.items() if portal != standing.portal}
    return [number for number in range(max(first, 1), revision) if number not in others]


def expire(publication: Publication, now: int) -> Publication:
    """Turn a lapsed lease into an unknown outcome: whoever called may have died before or after the portal took it.

    A reading whose lease has lapsed is asked for again.
    """
    running = publication.running
    if publication.reading_until is not None and now >= publication.reading_until:
        # Whoever asked died with the answer: what it was to learn is still not known.
        publication = replace(publication, reading_until=None, reread=True)
    if running is None or running.phase is not Phase.CALLING:
        return publication
    if publication.lease_until is not None and now < publication.lease_until:
        return publication
    lost = replace(running, phase=Phase.UNKNOWN)
    return replace(
        publication,
        running=lost,
        unheard=publication.lose(lost),
        lease_until=None,
        failing_since=publication.failing_since or running.began_at,
    )


def give_way(publication: Publication) -> Publication:
    """Take an operation that nobody waits for any more off the publication; its revision is overtaken."""
    if not gives_way(publication):
        return publication
    return replace(publication, running=None, last=publication.running)


def settle(
    publication: Publication,
    finishes: Sequence[Finish],
    holds: Iterable[Hold],
    rendering: Rendering,
    policy: Policy,
    now: int,
) -> tuple[Publication, tuple[Entry, ...]]:
    """Enter the ends that need no call, and say once why a revision has to wait."""
    drafts = [_finished(publication.standings[finish.portal], finish, policy) for finish in finishes]
    for hold in holds:
        standing = publication.standings[hold.portal]
        if not standing.says(hold.problem):
            known = hold.problem in standing.problems
            waiting = standing if known else replace(standing, problems=(hold.problem,))
            text = f"{MESSAGES[Word.RECEIVED]}; waiting: {hold.problem.detail}"
            drafts.append(Draft(waiting, Word.RECEIVED, standing.seen, text, (hold.problem,)))
    publication = _forget_last(publication, {finish.portal for finish in finishes})
    if finishes and publication.running is None:
        publication = replace(publication, tries=0, failing_since=None)  # the next call fails for reasons of its own
    return write(publication, drafts, now=now, source=Source.HUB, normalised=rendering.normalised if drafts else ())


def _forget_last(publication: Publication, portals: set[str]) -> Publication:
    """Take portals whose revision ended without a call off the last operation: its late news are not of this revision."""
    last = publication.last
    if last is None or portals.isdisjoint(last.portals):
        return publication
    left = tuple(portal for portal in last.portals if portal not in portals)
    return replace(publication, last=replace(last, portals=left))


def _finished(standing: Standing, finish: Finish, policy: Policy) -> Draft:
    ended = replace(
        standing,
        family=FAMILY_OF[finish.word],
        acted=standing.seen,
        ended=standing.seen,
        word=finish.word,
        problems=finish.problems,
        payload_hash=None if finish.word in FAILED_WORDS else standing.payload_hash,
    )
    ended = explain(ended, policy, finish.problems)
    # A live advert may have a problem of its own, which does not explain why nothing was sent.
    return draft(ended, message=finish.message if ended.advert.live or not ended.problems else None)


def rest(publication: Publication, wake_at: int | None, now: int) -> Publication:
    """Leave the publication until `wake_at`, or until somebody speaks: a decision without a call knows every wait there is."""
    waits = publication.retry_at is not None and publication.retry_at > now
    rested = replace(publication, look=False, due=wake_at, retry_at=publication.retry_at if waits else None)
    # While an operation is in flight, a look that came through says nothing of the next one.
    return rested if publication.running is not None else replace(rested, faults=0, fault=None)
