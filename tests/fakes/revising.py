"""What a revision makes of a classified, and when it is refused (contracts/hub.md §2, Identity)."""

from __future__ import annotations

from dataclasses import replace

from placard.domain.classified import Classified, Kind
from placard.ports import Revision


def revise(revision: Revision, old: Classified | None) -> Classified | None:
    """Return the classified at its next revision, None where the revision is refused."""
    if revision.kind is Kind.POST:
        return _posted(revision, old) if _may_post(revision, old) else None
    if old is None or old.customer != revision.customer:
        return None
    if revision.kind is Kind.PUT:
        return _put(revision, old) if _may_put(revision, old) else None
    if revision.kind is Kind.DELETE:
        return _deleted(revision, old) if _may_delete(revision, old) else None
    if not _may_ask(revision, old):
        return None
    asked = _asked(revision, old)
    return replace(asked, portals=revision.left) if revision.kind is Kind.CANCEL else asked


def _may_post(revision: Revision, old: Classified | None) -> bool:
    if old is None:
        return True
    repeated = revision.idempotency_key is not None and revision.idempotency_key == old.idempotency_key
    return old.deleted and not repeated


def _may_put(revision: Revision, old: Classified) -> bool:
    return (
        not old.deleted
        and old.offerer_estate_id == revision.offerer_estate_id
        and (old.body_hash != revision.body_hash or old.portals != revision.portals)
        and (revision.if_match is None or old.revision in revision.if_match)
    )


def _may_delete(revision: Revision, old: Classified) -> bool:
    return not old.deleted or (revision.if_match is not None and old.revision in revision.if_match)


def _may_ask(revision: Revision, old: Classified) -> bool:
    return not old.deleted and (revision.if_match is None or old.revision in revision.if_match)


def _posted(revision: Revision, old: Classified | None) -> Classified:
    number = (old.revision if old is not None else 0) + 1
    return Classified(
        classified_id=revision.classified_id,
        customer=revision.customer,
        offerer_estate_id=revision.offerer_estate_id,
        revision=number,
        kind=revision.kind,
        accepted_at=revision.accepted_at,
        body=revision.body,
        body_hash=revision.body_hash,
        portals=revision.portals,
        body_revision=number,
        ever=frozenset(revision.portals) | (old.ever if old is not None else frozenset()),
        traceparent=revision.traceparent,
        idempotency_key=revision.idempotency_key,
        post_hash=revision.body_hash,
        post_revision=number,
    )


def _put(revision: Revision, old: Classified) -> Classified:
    return replace(
        _deleted(revision, old),
        body=revision.body,
        body_hash=revision.body_hash,
        portals=revision.portals,
        former_portals=old.portals,
        ever=old.ever | frozenset(revision.portals),
        paused=old.paused & frozenset(revision.portals),
        deleted=False,
    )


def _deleted(revision: Revision, old: Classified) -> Classified:
    return replace(
        old,
        revision=old.revision + 1,
        kind=revision.kind,
        accepted_at=revision.accepted_at,
        body_revision=old.revision + 1,
        former_portals=old.portals if revision.if_match is None else (),
        traceparent=revision.traceparent,
        deleted=True,
    )


def _asked(revision: Revision, old: Classified) -> Classified:
    number = old.revision + 1
    named = frozenset(revision.portals)
    paused = {Kind.DEACTIVATE: old.paused | named}
    paused |= dict.fromkeys((Kind.ACTIVATE, Kind.CANCEL), old.paused - named)
    return replace(
        old,
        revision=number,
        kind=revision.kind,
        accepted_at=revision.accepted_at,
        paused=paused.get(revision.kind, old.paused),
        asked={**old.asked, **dict.fromkeys(revision.portals, number)},
        asked_kind={**old.asked_kind, **dict.fromkeys(revision.portals, revision.kind)},
        traceparent=revision.traceparent,
    )
