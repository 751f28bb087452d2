"""Deactivate, activate and retry: what the CRM asks of some portals of a classified, its body untouched (contracts/hub.md §2).

One read, then at most one conditional write on the revision that was read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from placard.domain.body import point, read_id, read_portals
from placard.domain.channels import CHANNEL_OF
from placard.domain.classified import Classified, Kind, Wish
from placard.domain.errors import StoreUnavailableError
from placard.domain.publication import Publication
from placard.domain.refusals import (
    DeletedClassifiedError,
    ErrorSource,
    Fault,
    InvalidRequestError,
    UnknownClassifiedError,
)
from placard.ports import ClassifiedStore, Clock, Revision
from placard.use_cases.publish_classified import Ack, Caller

Ask = Callable[[ClassifiedStore, Clock, Caller, str, Any], Ack]

# Each lost race is another change of the same classified within these milliseconds.
_MOST_RACES = 5

# What must be so already for a call to make no revision: the wish, and whether the advert is live. A retry is always one.
_AGREED = {Kind.DEACTIVATE: (Wish.PAUSED, False), Kind.ACTIVATE: (Wish.PRESENT, True)}


def deactivate_classified(store: ClassifiedStore, clock: Clock, caller: Caller, classified_id: str, value: Any) -> Ack:
    """Take a classified offline, to be kept there, on the portals that `value` names, on all where it names none.

    `value` is any JSON value, `{}` for no body. Raises, in this order, InvalidRequestError (shape), UnknownClassifiedError,
    DeletedClassifiedError, InvalidRequestError (a portal the classified does not list).
    """
    return _ask(store, _revise(clock, caller, Kind.DEACTIVATE, classified_id, value))


def activate_classified(store: ClassifiedStore, clock: Clock, caller: Caller, classified_id: str, value: Any) -> Ack:
    """Bring a classified online again, likewise."""
    return _ask(store, _revise(clock, caller, Kind.ACTIVATE, classified_id, value))


def retry_classified(store: ClassifiedStore, clock: Clock, caller: Caller, classified_id: str, value: Any) -> Ack:
    """Try again what did not reach its goal, likewise; a portal at its goal ends without a call."""
    return _ask(store, _revise(clock, caller, Kind.RETRY, classified_id, value))


def _revise(clock: Clock, caller: Caller, kind: Kind, classified_id: str, value: Any) -> Revision:
    portals = read_portals(value) or ()
    known_id = read_id(classified_id)
    return Revision(known_id, caller.customer, kind, clock.now(), portals=portals, traceparent=caller.traceparent)


def _ask(store: ClassifiedStore, revision: Revision) -> Ack:
    """Write a revision, whose portals are none where it means all of them, unless all is as it asks."""
    found, publications = store.load(revision.classified_id)
    for _ in range(_MOST_RACES):
        classified = _check(found, revision)
        asked = replace(revision, portals=revision.portals or classified.portals, if_match=(classified.revision,))
        if _is_so(classified, publications, asked):
            return Ack(classified.classified_id, classified.revision)
        written = store.write(asked)
        # Who was faster is judged by what the refused write found; a publication read before it can only agree less.
        found = written.classified
        if written.accepted and found is not None:
            return Ack(found.classified_id, found.revision)
    raise StoreUnavailableError(f"revision lost {_MOST_RACES} races")


def _check(classified: Classified | None, revision: Revision) -> Classified:
    if classified is None or classified.customer != revision.customer:
        raise UnknownClassifiedError
    if classified.deleted:
        raise DeletedClassifiedError
    unlisted = [
        Fault(point("/portals", place), f"the classified does not list {portal}")
        for place, portal in enumerate(revision.portals)
        if portal not in classified.portals
    ]
    if unlisted:
        raise InvalidRequestError(ErrorSource.BODY, unlisted)
    return classified


def _is_so(classified: Classified, publications: Iterable[Publication], revision: Revision) -> bool:
    """Whether every portal named is as the call wants it, and nothing is under way that could change that."""
    if revision.kind not in _AGREED:
        return False
    wish, live = _AGREED[revision.kind]
    on = {publication.channel: publication for publication in publications}
    return all(
        classified.wish(portal) is wish and _is_at_rest(classified, on.get(CHANNEL_OF[portal]), portal, live=live)
        for portal in revision.portals
    )


def _is_at_rest(classified: Classified, publication: Publication | None, portal: str, *, live: bool) -> bool:
    standing = publication.standings.get(portal) if publication is not None else None
    if publication is None or standing is None or standing.open or standing.seen < classified.revision_of(portal):
        return False
    running = publication.running
    return standing.advert.live is live and (running is None or portal not in running.portals)
