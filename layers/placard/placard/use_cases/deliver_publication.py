"""A look at one publication: decide, lease, call, record (lifecycle §7, step 3)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from placard.domain import answers
from placard.domain.answers import Answer, Result
from placard.domain.apply import SAFETY, Folded, apply, wake
from placard.domain.classified import Classified
from placard.domain.decide import Start, begin
from placard.domain.errors import (
    BudgetSpentError,
    CredentialsError,
    PortalRejectedError,
    PortalUnavailableError,
    StoreUnavailableError,
    TransitionConflictError,
)
from placard.domain.events import Operation, PortalEvent, Source, Verdict
from placard.domain.faults import is_given_up, stumble
from placard.domain.instants import SECOND, to_text
from placard.domain.lifecycle import Outcome
from placard.domain.look import Looked, look, open_publication, rest, see
from placard.domain.policy import Policy, Rendering
from placard.domain.problems import Problem
from placard.domain.publication import Publication, Running
from placard.domain.retry import next_wait
from placard.ports import Call, Change, Clock, Link, Provider, PublicationStore, Question, WakeUp

logger = logging.getLogger(__name__)

# A folding that loses the race reads and folds again; more often than this only a storm of writers can lose.
_MOST_RACES = 20
_BUSY_WAIT = 3 * SECOND
# A look that loses every race leaves the rest to a due time.
_MOST_LOOKS = 3
# Events of one reading that are stored together, each with an entry for each portal: a transaction takes 100 items.
_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class DeliverPublication:
    """Looks at publications. `lease` (ms) is longer than any call can take: the function's timeout and a minute."""

    store: PublicationStore
    provider: Provider
    clock: Clock
    lease: int = 120 * SECOND
    scale: float = 1

    def __call__(self, wake_up: WakeUp, follow: Callable[[str | None], None] | None = None) -> None:
        """Look once. Whatever is left to do afterwards stands in the table: a `look` mark or a due time.

        `follow` is told the trace of the CRM's request as soon as it is known, so that every line of the log can name it.
        """
        for _ in range(_MOST_LOOKS):
            classified, publications = self.store.load(wake_up.classified_id)
            if classified is None:
                logger.warning("wake-up for an unknown classified", extra={"classifiedId": wake_up.classified_id})
                return
            known = {publication.channel: publication for publication in publications}
            publication = known.get(wake_up.channel) or open_publication(classified, wake_up.channel)
            try:
                self._look(classified, publication, follow or _forget)
            except TransitionConflictError:
                continue  # who wrote first may know nothing of what this look was to see: a portal's word was folded
            return
        logger.info("others were first", extra={"classifiedId": wake_up.classified_id})

    def stumble(self, wake_up: WakeUp, reason: str, *, last: bool) -> bool:
        """Note why a look broke; `last`: its message goes to the DLQ now. Return whether only the hourly look goes on.

        Renders nothing and calls nobody: whatever broke the look must not break this.
        """
        for _ in range(_MOST_RACES):
            classified, publications = self.store.load(wake_up.classified_id)
            if classified is None:
                return False
            known = {publication.channel: publication for publication in publications}
            publication = known.get(wake_up.channel) or open_publication(classified, wake_up.channel)
            now = self.clock.now()
            seen, entries = see(publication, classified, now)
            stumbled = stumble(seen, reason, self.provider.policy, now, last=last)
            try:
                self.store.save(Change(stumbled.publication, (*entries, *stumbled.entries)))
            except TransitionConflictError:
                continue
            return is_given_up(stumbled.publication)
        return False

    def _look(self, classified: Classified, publication: Publication, follow: Callable[[str | None], None]) -> None:
        now = self.clock.now()
        policy = self.provider.policy
        rendering = self.provider.publisher.render(classified, publication.channel)
        looked = look(publication, classified, rendering, policy, now)
        follow(looked.publication.traceparent)
        decision = looked.decision
        if decision.start is not None:
            self._operate(classified, looked, decision.start, rendering)
            return
        idle = not decision.read and not decision.search
        # Until the question is begun, a look that dies or loses a race must be found again.
        seen = (
            rest(looked.publication, decision.wake_at, now) if idle else replace(looked.publication, due=now + SAFETY)
        )
        if looked.entries or (idle and seen != publication):
            seen = self.store.save(Change(seen, looked.entries))
        if decision.search:
            self._search(classified, seen, rendering)
        elif decision.read:
            self._read(classified, seen, rendering)

    # --- an operation ------------------------------------------------------------------------------------------------

    def _operate(self, classified: Classified, looked: Looked, start: Start, rendering: Rendering) -> None:
        """Call, under the lease. What the look has seen is stored with the lease, so nobody calls of what is not told."""
        begun = begin(
            looked.publication,
            start,
            rendering,
            operation_id=self.clock.new_id(),
            lease=self.lease,
            policy=self.provider.policy,
            now=self.clock.now(),
        )
        begun = self.store.save(Change(begun, looked.entries))
        running = _running(begun)
        call = Call(
            start.kind,
            begun.channel,
            classified,
            rendering,
            start.listed,
            running.remote_id,
            begun.traceparent,
            max((standing.remote_revision for standing in begun.standings.values()), default=0),
        )
        logger.info("calling the portal", extra={"operation": start.kind.value, "remoteId": running.remote_id})
        answer: Answer | None = None
        try:
            found = self._look_first(call)
            if found is None:
                answer = self.provider.publisher.send(call)
        except PortalUnavailableError as error:
            self._postpone(begun, running, error)
        except PortalRejectedError as error:
            self._end(begun, running, Verdict.FAILED, error.problems, _details(error), error.exchange)
        except CredentialsError as error:
            self._end(begun, running, Verdict.FAILED, (error.problem,), _details(error), error.exchange)
        except StoreUnavailableError:
            # A publisher needs the vault before its call and never behind it: the portal has not taken anything.
            self._postpone(begun, running, PortalUnavailableError("the vault does not answer", taken=False))
        else:
            if answer is not None:
                self._record(begun, running, answer, rendering)
            elif found is not None:
                self._join(begun, running, found)

    def _look_first(self, call: Call) -> str | None:
        """Return the advert that a creation would double, where only a search can tell."""
        if call.operation is not Operation.POST or not self.provider.policy.looks_first:
            return None
        try:
            return self._find(call.classified, call.channel)
        except BudgetSpentError:
            raise
        except PortalUnavailableError as error:
            raise PortalUnavailableError(
                str(error), taken=False, wait=error.wait, throttled=error.throttled, status_code=error.status_code
            ) from error

    def _find(self, classified: Classified, channel: str) -> str | None:
        """Search for a classified's advert; one that is known to be another classified's is not it."""
        found = self.provider.publisher.search(classified, channel)
        return next((remote_id for remote_id in found if self._may_be_of(classified, channel, remote_id)), None)

    def _may_be_of(self, classified: Classified, channel: str, remote_id: str) -> bool:
        link = self.store.link_of(self.provider.policy.provider, remote_id)
        return link is None or (link.classified_id, link.channel) == (classified.classified_id, channel)

    def _join(self, publication: Publication, running: Running, found: str, *, doubtful: bool = False) -> None:
        """Take an advert that was found as the one the operation was to create, and ask at once how it stands."""
        policy, link = self.provider.policy, self._link(publication, found)

        def join(current: Publication, now: int) -> Folded:
            return answers.join(current, running, found, policy, now, doubtful=doubtful)

        self._fold(publication, join, link)

    def _record(self, begun: Publication, running: Running, answer: Answer, rendering: Rendering) -> None:
        if answer.result is Result.ACCEPTED:
            self._accept(begun, running, answer, rendering)
        elif answer.result is Result.DONE:
            self._end(begun, running, Verdict.SUCCEEDED, (), answer.details, answer.exchange)
        elif answer.result is Result.MISSING:
            self._miss(begun, running)
        elif answer.result is Result.EXISTS:
            self._take_over(begun, running)
        else:
            busy = PortalUnavailableError("an operation still runs at the portal", taken=False, wait=_BUSY_WAIT)
            self._postpone(begun, running, busy, reread=running.remote_id is not None)

    def _accept(self, begun: Publication, running: Running, answer: Answer, rendering: Rendering) -> None:
        policy = self.provider.policy
        link = self._link(begun, answer.remote_id) if running.portals else None

        def accept(current: Publication, now: int) -> Folded:
            return answers.accept(current, running, answer, policy, now, rendering.normalised)

        self._fold(begun, accept, link)

    def _link(self, publication: Publication, remote_id: str | None) -> Link | None:
        if remote_id is None or remote_id == publication.remote_id:
            return None
        return Link(
            self.provider.policy.provider,
            remote_id,
            publication.classified_id,
            publication.channel,
            publication.customer,
            self.clock.now(),
        )

    def _end(
        self,
        begun: Publication,
        running: Running,
        verdict: Verdict,
        problems: tuple[Problem, ...],
        details: str | None,
        exchange: str | None,
    ) -> None:
        policy = self.provider.policy

        def end(current: Publication, now: int) -> Folded:
            return answers.end(current, running.id, verdict, policy, now, problems, Source.ANSWER, details, exchange)

        self._fold(begun, end)

    def _miss(self, begun: Publication, running: Running) -> None:
        retry_at = self.clock.now() + self._wait(begun.tries, _BUSY_WAIT)
        policy = self.provider.policy
        self._fold(begun, lambda current, now: answers.miss(current, running.id, retry_at, policy, now))

    def _postpone(
        self,
        begun: Publication,
        running: Running,
        error: PortalUnavailableError,
        *,
        taken: bool | None = None,
        latest: int | None = None,
        reread: bool = False,
    ) -> None:
        """Try again later. `taken` is given where the error is another call's: of a search for the one that counts."""
        policy = self.provider.policy
        retry_at = self.clock.now() + self._wait(begun.tries, error.wait)
        retry_at = retry_at if latest is None else min(retry_at, latest)

        def postpone(current: Publication, now: int) -> Folded:
            return answers.postpone(
                current,
                running.id,
                retry_at,
                policy,
                now,
                taken=error.taken if taken is None else taken,
                counts=not error.throttled,
                why=str(error),
                fails=not isinstance(error, BudgetSpentError),
                reread=reread,
                evidence=error.exchange,
            )

        self._fold(begun, postpone)

    def _wait(self, tries: int, asked: int | None) -> int:
        return max(int(next_wait(tries, self.clock.draw()) * self.scale), asked or 0)

    def _take_over(self, begun: Publication, running: Running) -> None:
        """An advert with our key is there already: find it by the key, adopt it, and let the next look change it."""
        classified, _ = self.store.load(begun.classified_id)
        missing = PortalUnavailableError("the portal says the advert exists, and does not list it", taken=False)
        try:
            found = None if classified is None else self._find(classified, begun.channel)
        except PortalUnavailableError as error:
            found, missing = None, error
        except (PortalRejectedError, CredentialsError) as error:
            found, missing = None, PortalUnavailableError(str(error), taken=False)
        if found is None:
            self._postpone(begun, running, missing, taken=False)
            return
        link = self._link(begun, found)
        self._fold(begun, lambda current, now: answers.adopt(current, running.id, found, now), link)

    # --- questions ---------------------------------------------------------------------------------------------------

    def _ask(self, publication: Publication) -> Publication:
        """Take the lease on a reading: several hints lead to one question."""
        now = self.clock.now()
        until = now + self.lease
        asking = replace(publication, reread=False, reading_until=until, read_at=now, look=False, due=until)
        return self.store.save(Change(asking))

    def _search(self, classified: Classified, publication: Publication, rendering: Rendering) -> None:
        """Settle an operation of unknown outcome: a POST is looked for, anything else is simply sent again."""
        running = _running(publication)
        if running.kind is not Operation.POST:
            self._fold(publication, lambda current, now: answers.forget(current, running.id, now))
            return
        asking = self._ask(publication)
        try:
            found = self._find(classified, publication.channel)
            if found is not None and found == asking.remote_id and not self._has_moved(asking, classified, rendering):
                found = None
        except PortalUnavailableError as error:
            self._postpone(asking, running, error, taken=True)
            return
        except (PortalRejectedError, CredentialsError) as error:
            self._postpone(asking, running, PortalUnavailableError(str(error), taken=True))
            return
        if found is not None:
            # A portal that is looked through before a creation had none then.
            self._join(asking, running, found, doubtful=not self.provider.policy.looks_first)
        elif self.clock.now() >= running.began_at + self.provider.policy.settle:
            policy = self.provider.policy
            self._fold(asking, lambda current, now: answers.never_created(current, running.id, policy, now))
        else:
            nothing = PortalUnavailableError("the portal does not show the advert yet", taken=True)
            self._postpone(asking, running, nothing, latest=running.began_at + self.provider.policy.settle)

    def _has_moved(self, publication: Publication, classified: Classified, rendering: Rendering) -> bool:
        """Whether the portal says anything new of an advert that was known before a creation.

        Its record may be used again for the creation, or lie there from one before it (contracts/olx.md §3).
        """
        events = self.provider.publisher.read(Question(publication, classified, rendering))
        return any(event.at is not None for event in events)

    def _read(self, classified: Classified, publication: Publication, rendering: Rendering) -> None:
        policy = self.provider.policy
        running = publication.running
        late = running is not None and self.clock.now() >= running.due
        asking = self._ask(publication)
        try:
            events = self.provider.publisher.read(Question(asking, classified, rendering, late))
        except (PortalUnavailableError, PortalRejectedError, CredentialsError) as error:
            asked = error.wait if isinstance(error, PortalUnavailableError) else None
            held = isinstance(error, PortalUnavailableError) and error.throttled
            wait = self._wait(asking.tries, asked)
            rested = self._fold(asking, lambda current, now: _ask_again(current, policy, now, wait, counts=not held))
        else:
            if running is not None and running.doubtful and _is_older(events, running):
                # The call met an advert that was there before, and nobody heard it say so.
                self._fold(asking, lambda current, now: answers.adopt(current, running.id, None, now))
                return
            batches = [events[start : start + _AT_ONCE] for start in range(0, len(events), _AT_ONCE)] or [()]
            for batch in batches[:-1]:
                self._fold(asking, partial(_apply_all, batch, policy))
            wait = self._wait(asking.tries, _BUSY_WAIT)
            rested = self._fold(asking, partial(_asked, batches[-1], policy, wait))
        _alarm(asking, rested)

    # --- recording ---------------------------------------------------------------------------------------------------

    def _fold(
        self, publication: Publication, fold: Callable[[Publication, int], Folded], link: Link | None = None
    ) -> Publication:
        """Fold into the publication as it is now, store and return the outcome; a lost race is read and folded again."""
        current: Publication | None = publication
        for _ in range(_MOST_RACES):
            if current is None:
                break
            folded = fold(current, self.clock.now())
            if folded.publication == current and not folded.entries and link is None:
                return current
            try:
                return self.store.save(Change(folded.publication, folded.entries, link))
            except TransitionConflictError:
                current = self.store.load_publication(publication.classified_id, publication.channel)
        if link is not None:
            self.store.write_link(link)
        raise TransitionConflictError(
            f"the publication {publication.classified_id}/{publication.channel} never stood still"
        )


def _forget(_trace: str | None) -> None:
    """Follow nothing."""


def _running(publication: Publication) -> Running:
    if publication.running is None:
        raise ValueError("no operation is in flight")
    return publication.running


def _is_older(events: Iterable[PortalEvent], running: Running) -> bool:
    """Whether all that a portal tells of is older than a call. Some portals tell times in whole seconds."""
    told = [event.at for event in events if event.at is not None]
    return bool(told) and max(told) < running.began_at // SECOND * SECOND


def _details(error: PortalRejectedError | CredentialsError) -> str | None:
    return None if error.status_code is None else f"HTTP {error.status_code}"


def _apply_all(events: Sequence[PortalEvent], policy: Policy, current: Publication, now: int) -> Folded:
    """Fold what one reading found, in its order, into one change."""
    read = Folded(current, (), Outcome.UNCHANGED)
    for event in events:
        folded = apply(read.publication, event, policy, now)
        read = replace(folded, entries=(*read.entries, *folded.entries))
    return read


def _alarm(before: Publication, after: Publication) -> None:
    """Tell the operator of an operation whose end the portal owes for too long, once: an alarm counts the logged errors."""
    running = after.running
    if running is None or not running.alarmed or (before.running is not None and before.running.alarmed):
        return
    told = {"operation": running.kind.value, "remoteId": running.remote_id, "began": to_text(running.began_at)}
    logger.error("an operation is overdue", extra={**told, "traceparent": after.traceparent})


def _ask_again(current: Publication, policy: Policy, now: int, wait: int, *, counts: bool) -> Folded:
    """Leave the question for later; an operation past its time stays overdue whether the portal can be asked or not."""
    later = replace(current, reread=True, reading_until=None, retry_at=now + wait, tries=current.tries + counts)
    folded = answers.overdue(later, policy, now)
    return replace(folded, publication=replace(folded.publication, look=True, due=now + wait))


def _asked(events: Sequence[PortalEvent], policy: Policy, wait: int, current: Publication, now: int) -> Folded:
    """End a reading with the last it found, in one change: what is still due after it is overdue.

    While a removal of ours that was not answered is seen under way, nothing is sent behind it: it is asked after again.
    """
    read = _apply_all(events, policy, current, now)
    left = answers.removal_left(read.publication, policy, now)
    if left and any(event.removing for event in events):
        later = _ask_again(read.publication, policy, now, min(wait, left), counts=True)
        return replace(later, entries=(*read.entries, *later.entries))
    rested = replace(read.publication, reading_until=None, retry_at=None, faults=0, fault=None)
    folded = answers.overdue(rested, policy, now)
    return replace(folded, publication=wake(folded.publication, now), entries=(*read.entries, *folded.entries))
