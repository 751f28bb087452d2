"""Take what the CRM wishes: POST, PUT and DELETE of a classified, one conditional write each (lifecycle §7, step 1).

The write either makes the next revision or returns what stands against it; every answer is read off one of the two.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from placard.domain import ids
from placard.domain.body import offerer_estate_id, read_body, read_id
from placard.domain.classified import Classified, Kind
from placard.domain.hashes import content_hash
from placard.domain.lifecycle import Word
from placard.domain.look import has_seen
from placard.domain.publication import Publication
from placard.domain.refusals import (
    DuplicatedClassifiedError,
    ErrorSource,
    Fault,
    InvalidRequestError,
    KeyReusedError,
    PreconditionError,
    UnknownClassifiedError,
)
from placard.ports import Clock, Revision, RevisionStore


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose classifieds a request is about; `traceparent` goes with the revision to the portals."""

    customer: str
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class Ack:
    """A wish taken. `revision` is the one that carries it, which may be an earlier one where nothing changed."""

    classified_id: str
    revision: int


def post_classified(
    store: RevisionStore, clock: Clock, caller: Caller, value: Any, idempotency_key: str | None = None
) -> Ack:
    """Make a classified of any JSON value, or answer again what the same POST was answered.

    Source: contracts/hub.md §2, Identity. Raises InvalidRequestError, KeyReusedError, DuplicatedClassifiedError.
    """
    body = read_body(value)
    key = offerer_estate_id(body)
    revision = _revise(clock, caller, Kind.POST, ids.classified_id(caller.customer, key), body)
    written = store.write(replace(revision, idempotency_key=idempotency_key))
    standing = _of_customer(written.classified, caller.customer)
    if written.accepted:
        return Ack(standing.classified_id, standing.revision)
    if idempotency_key is not None and standing.idempotency_key == idempotency_key:
        if standing.post_hash != revision.body_hash:
            raise KeyReusedError
        return Ack(standing.classified_id, standing.post_revision)
    if standing.body_hash != revision.body_hash:
        raise DuplicatedClassifiedError(standing.classified_id)
    return Ack(standing.classified_id, standing.body_revision)


def put_classified(
    store: RevisionStore,
    clock: Clock,
    caller: Caller,
    classified_id: str,
    value: Any,
    *,
    if_match: tuple[int, ...] | None = None,
) -> Ack:
    """Replace a classified by any JSON value; an identical one changes nothing. `if_match`: the revisions to replace.

    Raises, in this order, InvalidRequestError (shape), UnknownClassifiedError, InvalidRequestError (another key),
    PreconditionError.
    """
    body = read_body(value)
    revision = _revise(clock, caller, Kind.PUT, read_id(classified_id), body)
    written = store.write(replace(revision, if_match=if_match))
    standing = _of_customer(written.classified, caller.customer)
    if written.accepted:
        return Ack(standing.classified_id, standing.revision)
    if standing.deleted:
        raise UnknownClassifiedError
    if standing.offerer_estate_id != revision.offerer_estate_id:
        fault = Fault("/data/metaData/source/offererEstateId", "must stay that of the classified")
        raise InvalidRequestError(ErrorSource.BODY, [fault])
    if if_match is not None and standing.revision not in if_match:
        raise PreconditionError(standing.revision)
    return Ack(standing.classified_id, standing.revision)


def delete_classified(store: RevisionStore, clock: Clock, caller: Caller, classified_id: str) -> Ack:
    """Take a classified off every portal; again where a portal's deletion failed. Raises UnknownClassifiedError."""
    revision = _revise(clock, caller, Kind.DELETE, read_id(classified_id))
    written = store.write(revision)
    standing = _of_customer(written.classified, caller.customer)
    if not written.accepted and _has_failed_deletion(standing, store.load(standing.classified_id)[1]):
        # Conditional on the revision just read: of two callers at once one deletes again, the other reads its ack.
        again = store.write(replace(revision, if_match=(standing.revision,)))
        standing = _of_customer(again.classified, caller.customer)
    return Ack(standing.classified_id, standing.revision)


def _revise(
    clock: Clock, caller: Caller, kind: Kind, classified_id: str, body: dict[str, Any] | None = None
) -> Revision:
    revision = Revision(classified_id, caller.customer, kind, clock.now(), traceparent=caller.traceparent)
    if body is None:
        return revision
    return replace(
        revision,
        offerer_estate_id=offerer_estate_id(body),
        body=body,
        body_hash=content_hash(body),
        portals=tuple(body["portals"]),
    )


def _of_customer(classified: Classified | None, customer: str) -> Classified:
    if classified is None or classified.customer != customer:
        raise UnknownClassifiedError
    return classified


def _has_failed_deletion(classified: Classified, publications: Iterable[Publication]) -> bool:
    """Whether a portal ended the newest deletion `DELETING_FAILED`. One not looked at yet may still succeed."""
    return any(
        standing.word is Word.DELETING_FAILED and not standing.open
        for publication in publications
        if has_seen(publication, classified)
        for standing in publication.standings.values()
    )
