"""Fold stored messages into their publications (lifecycle §7, step 5)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar

from placard.domain.apply import apply, wake
from placard.domain.errors import TransitionConflictError
from placard.domain.events import PortalEvent
from placard.domain.instants import DAY, HOUR, MINUTE
from placard.domain.lifecycle import Outcome
from placard.domain.messages import Message
from placard.domain.policy import Policy
from placard.domain.publication import Publication
from placard.ports import Change, Clock, Link, PublicationStore

logger = logging.getLogger(__name__)

# Outcomes of messages beside those of `apply`.
HINT = "hint"
NO_ADVERT = "not about an advert"
PARKED = "parked"
DONE_BY_ANOTHER = "done by another"
# How long after its receipt a message without a LINK is looked at again; then hourly, for a day (lifecycle §7, step 5).
PARKED_LOOKS = (MINUTE, 5 * MINUTE, 30 * MINUTE)
PARKED_FOR = DAY
_MOST_RACES = 20
# What an instance keeps in mind of the adverts and messages it met.
_MOST_KEPT = 1_000

Key = TypeVar("Key")
Met = TypeVar("Met")


class Interpreter(Protocol):
    """Makes sense of stored messages: a receiver does, and for a portal that never calls the reader of observations."""

    def interpret(self, message: Message, channel: str) -> PortalEvent | None:
        """Return what a stored message says, None where it is not about an advert. Never raises for what it says."""


@dataclass(frozen=True, slots=True)
class ApplyEvents:
    """Folds messages; `interpreter_of` and `policy_of` give a provider's parts.

    `links` are those that were met last: a LINK never leads elsewhere, so it is read once for all messages of its advert.
    `attached` are the messages that a LINK's record brought along last: they come with their own records as well.
    """

    store: PublicationStore
    interpreter_of: Callable[[str], Interpreter]
    policy_of: Callable[[str], Policy]
    clock: Clock
    links: dict[tuple[str, str], Link] = field(default_factory=dict)
    attached: dict[str, str] = field(default_factory=dict)

    def fold(self, message: Message) -> list[str]:
        """Fold a message as its record brings it and return the outcome, nothing where that is done; see `fold_message`.

        It may have been folded since: the condition on its mark tells.
        """
        return [] if message.key in self.attached else self._attach(message)

    def fold_message(self, provider: str, remote_id: str, digest: str) -> list[str]:
        """Read one message, fold it and return its outcome, nothing where that is done; without a LINK it stays parked."""
        message = self.store.message_of(provider, remote_id, digest)
        return [] if message is None else self._attach(message)

    def fold_parked(self, link: Link) -> list[str]:
        """Fold every message that waited for this LINK, the oldest first; return the outcomes."""
        _keep(self.links, (link.provider, link.remote_id), link)
        outcomes = []
        for message in self.store.messages_of(link.provider, link.remote_id):
            outcomes.append(self._fold(message, link))
            _keep(self.attached, message.key, outcomes[-1])
        return outcomes

    def set_aside(self, provider: str, remote_id: str, digest: str) -> bool:
        """Leave a message that breaks its fold to an hourly try: the usual pace is for what a stream or a queue lost.

        Return whether only that try goes on: it breaks for an hour already, and lies in the dead-letter queue.
        """
        message, now = self.store.message_of(provider, remote_id, digest), self.clock.now()
        if message is None or message.outcome is not None:
            return True
        since = now if message.aside_at is None else message.aside_at
        self.store.mark_message(message._replace(aside_at=since), None, now + HOUR)
        return now >= since + HOUR

    def _attach(self, message: Message) -> list[str]:
        if message.outcome is not None:
            return []
        link = self._link_of(message)
        if link is None:
            self._park(message)
            return [PARKED]
        return [self._fold(message, link)]

    def _link_of(self, message: Message) -> Link | None:
        known = self.links.get((message.provider, message.remote_id))
        link = known or self.store.link_of(message.provider, message.remote_id)
        if link is not None and known is None:
            _keep(self.links, (link.provider, link.remote_id), link)
        return link

    def _park(self, message: Message) -> None:
        """Leave it for later. What broke is whole again, or it would not have come to this."""
        age, message = self.clock.now() - message.received_at, message._replace(aside_at=None)
        if age >= PARKED_FOR:
            # It counts as unknown from here on; without an outcome, a later LINK still attaches it.
            logger.warning("a message never found its advert", extra={"evidence": message.key})
            self.store.mark_message(message, None, None)
        elif age >= PARKED_LOOKS[0]:
            later = next((look for look in PARKED_LOOKS if look > age), age + HOUR)
            self.store.mark_message(message, None, message.received_at + later)

    def _fold(self, message: Message, link: Link) -> str:
        if message.customer is not None and message.customer != link.customer:
            logger.error("a message about another customer's advert", extra={"evidence": message.key})
            self.store.mark_message(message, Outcome.REFUSED, None)
            return Outcome.REFUSED
        for _ in range(_MOST_RACES):
            publication = self.store.load_publication(link.classified_id, link.channel)
            if publication is None:
                self.links.pop((message.provider, message.remote_id), None)  # deleted, perhaps, with its customer
                raise TransitionConflictError(f"the LINK of {message.key} came before its publication")
            try:
                return self._fold_into(publication, message, link)
            except TransitionConflictError:
                stored = self.store.message_of(message.provider, message.remote_id, message.digest)
                if stored is None or stored.outcome is not None:
                    return DONE_BY_ANOTHER
        raise TransitionConflictError(f"the publication of {message.key} never stood still")

    def _fold_into(self, publication: Publication, message: Message, link: Link) -> str:
        policy = self.policy_of(message.provider)
        if not policy.callbacks_are_facts:
            return self._hint(publication, message)
        event = self.interpreter_of(message.provider).interpret(message, link.channel)
        if event is None:
            self.store.mark_message(message, NO_ADVERT, None)
            return NO_ADVERT
        now = self.clock.now()
        folded = apply(publication, event, policy, now)
        told = {
            "classifiedId": link.classified_id,
            "traceparent": publication.traceparent,
            "evidence": message.key,
            "word": event.word,
            "outcome": folded.outcome,
        }
        if folded.outcome in (Outcome.REFUSED, Outcome.UNKNOWN):
            logger.warning("a portal's word changed nothing", extra=told)
        else:
            logger.info("a portal's word was folded", extra=told)
        self.store.save(Change(folded.publication, folded.entries, message=message, outcome=folded.outcome))
        return folded.outcome

    def _hint(self, publication: Publication, message: Message) -> str:
        """A body without proof changes nothing: it makes the publication due, and only what is read then counts."""
        if message.remote_id != publication.remote_id:
            self.store.mark_message(message, Outcome.STALE, None)
            return Outcome.STALE
        if publication.reread:
            self.store.mark_message(message, HINT, None)
        else:
            hinted = wake(replace(publication, reread=True), self.clock.now())
            self.store.save(Change(hinted, message=message, outcome=HINT))
        return HINT


def _keep(kept: dict[Key, Met], key: Key, met: Met) -> None:
    """Keep in mind what was met last, and not more than that."""
    while len(kept) >= _MOST_KEPT:
        del kept[next(iter(kept))]
    kept[key] = met
