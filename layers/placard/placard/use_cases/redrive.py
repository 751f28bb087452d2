"""Send messages that nobody could handle back to where they came from, once a person has found out why.

Two steps: `find` shows what lies there and takes nothing away; `redrive` sends back what was chosen. A wake-up sent twice is a
look too many, so that a crash in between costs nothing.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from placard.domain.channels import PROVIDER_OF
from placard.domain.errors import TransitionConflictError
from placard.domain.events import Source
from placard.domain.lifecycle import Outcome
from placard.domain.publication import Publication
from placard.domain.timeline import draft, write
from placard.ports import Change, Clock, DeadLetter, DeadLetters, PublicationStore

logger = logging.getLogger(__name__)

_AT_ONCE = 10
_MOST_RACES = 5


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which messages are meant; None means any. Instants are milliseconds, `code` a problem's or what is noted on the message."""

    queue: str | None = None
    provider: str | None = None
    customer: str | None = None
    code: str | None = None
    since: int | None = None
    until: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A dead message and what it is about, as far as that can be told; `codes` are the problems of its publication.

    `returns`: it has a queue it came from.
    """

    letter: DeadLetter
    returns: bool
    provider: str = ""
    customer: str = ""
    classified_id: str = ""
    channel: str = ""
    codes: tuple[str, ...] = ()

    def is_wanted(self, wanted: Wanted) -> bool:
        """Whether it is one of those meant."""
        pairs = (
            (wanted.queue, self.letter.queue),
            (wanted.provider, self.provider),
            (wanted.customer, self.customer),
        )
        return (
            all(asked is None or asked == own for asked, own in pairs)
            and (wanted.code is None or wanted.code in self.codes)
            and (wanted.since is None or self.letter.sent_at >= wanted.since)
            and (wanted.until is None or self.letter.sent_at <= wanted.until)
        )


@dataclass(frozen=True, slots=True)
class Redrive:
    """Works on dead letters for one person. The reason is noted in the timelines of the publications concerned."""

    letters: DeadLetters
    store: PublicationStore
    clock: Clock

    def find(self, wanted: Wanted, progress: Callable[[int], None] = lambda _: None) -> tuple[Found, ...]:
        """Return what is meant, oldest first, and leave everything where it is."""
        taken: list[DeadLetter] = []
        try:
            found = tuple(self._take(wanted, taken, progress))
        finally:
            self.letters.put_back(taken)
        return _in_order(found)

    def redrive(
        self, wanted: Wanted, reason: str, progress: Callable[[int], None] = lambda _: None
    ) -> tuple[Found, ...]:
        """Send back what is meant, note why, and return it; everything else stays."""
        taken: list[DeadLetter] = []
        sent: list[Found] = []
        try:
            found = _in_order(tuple(self._take(wanted, taken, progress)))
            chosen = sorted((one for one in found if one.returns), key=lambda one: one.letter.queue)
            for _, group in groupby(chosen, key=lambda one: one.letter.queue):
                waiting = list(group)
                for start in range(0, len(waiting), _AT_ONCE):
                    some = waiting[start : start + _AT_ONCE]
                    self.letters.send_back([one.letter for one in some])
                    sent += some
                    self._note(some, reason)
                    progress(len(sent))
        finally:
            gone = {one.letter.message_id for one in sent}
            self.letters.put_back([letter for letter in taken if letter.message_id not in gone])
        return tuple(sent)

    def _take(self, wanted: Wanted, taken: list[DeadLetter], progress: Callable[[int], None]) -> Iterable[Found]:
        for queue in self.letters.queues():
            if wanted.queue not in (None, queue):
                continue
            for letter in self.letters.take(queue):
                taken.append(letter)
                progress(len(taken))
                found = self._describe(letter)
                if found.is_wanted(wanted):
                    yield found

    def _describe(self, letter: DeadLetter) -> Found:
        found = Found(letter, self.letters.returns(letter.queue), codes=letter.reasons)
        try:
            body = json.loads(letter.body)
        except ValueError:
            return found
        if not isinstance(body, dict):
            return found
        place, provider, remote_id = body.get("place"), body.get("provider", ""), body.get("remote_id")
        customer, classified_id, channel = body.get("customer", ""), body.get("classified_id"), body.get("channel")
        if isinstance(place, list) and len(place) == 2:
            classified_id, channel = place
            provider = PROVIDER_OF.get(channel, "")
        elif remote_id is not None:
            link = self.store.link_of(provider, remote_id)
            if link is not None:
                classified_id, channel, customer = link.classified_id, link.channel, link.customer
        found = replace(found, provider=provider, customer=customer)
        if not classified_id or not channel:
            return found
        publication = self.store.load_publication(classified_id, channel)
        codes = letter.reasons if publication is None else (*letter.reasons, *_codes(publication))
        return replace(found, classified_id=classified_id, channel=channel, codes=codes)

    def _note(self, sent: Sequence[Found], reason: str) -> None:
        """Say so in the log, and once in each timeline where support people look: as an entry that changes nothing."""
        for one in sent:
            told = {"queue": one.letter.queue, "customer": one.customer, "classifiedId": one.classified_id}
            logger.info("a message was sent back", extra={**told, "messageId": one.letter.message_id, "reason": reason})
        places = dict.fromkeys((one.classified_id, one.channel) for one in sent if one.classified_id)
        for classified_id, channel in places:
            self._enter(classified_id, channel, f"Tried again by the operator: {reason}")

    def _enter(self, classified_id: str, channel: str, message: str) -> None:
        for _ in range(_MOST_RACES):
            publication = self.store.load_publication(classified_id, channel)
            if publication is None or not publication.standings:
                return
            drafts = [draft(standing, Outcome.UNCHANGED, message) for standing in publication.standings.values()]
            noted, entries = write(publication, drafts, now=self.clock.now(), source=Source.HUB)
            try:
                self.store.save(Change(noted, entries))
            except TransitionConflictError:
                continue
            return
        logger.warning("the reason could not be noted", extra={"classifiedId": classified_id, "channel": channel})


def _codes(publication: Publication) -> tuple[str, ...]:
    problems = (problem for standing in publication.standings.values() for problem in standing.problems)
    return tuple(dict.fromkeys(problem.code for problem in problems))


def _in_order(found: Iterable[Found]) -> tuple[Found, ...]:
    return tuple(sorted(found, key=lambda one: (one.letter.sent_at, one.letter.message_id)))
