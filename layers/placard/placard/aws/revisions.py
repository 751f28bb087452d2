"""What a revision does to its CLASSIFIED item: a DynamoDB update and its condition (contracts/hub.md §2, Identity)."""

from __future__ import annotations

from typing import Any

from placard.aws.codec import compress
from placard.aws.items import classified_key
from placard.aws.members import Item, due_members, shard_name
from placard.domain.channels import PORTALS
from placard.domain.classified import Kind
from placard.domain.instants import MINUTE, to_text
from placard.ports import Revision

# Until every channel has seen a revision, `reconcile` finds it by this due time (lifecycle §7, step 1).
SAFETY = 5 * MINUTE

# IN takes 100 operands; a revision beyond this is nobody's.
_MOST_COMPARED = 100
_HIGHEST_REVISION = 10**15
_NEXT = "revision + :one"

Write = tuple[str, str, Item]


def write_revision(revision: Revision) -> Write:
    """Return update, condition and values."""
    return _WRITES[revision.kind](revision)


def _post(revision: Revision) -> Write:
    """Create it, or create it again after a DELETE; the next number either way."""
    number = "if_not_exists(revision, :zero) + :one"
    sets = {"post_revision": number, **_counts(number), **_content(), "post_hash": ":body_hash"}
    sets |= {"offerer_estate_id": ":estate", "customer": ":customer", "former_portals": ":none"}
    # Two empty maps: the embedded AWS makes one object of a value set twice, and a later SET within one changes both.
    sets |= {"asked": ":nobody", "asked_kind": ":nothing", **_listed()}
    values = {":zero": 0, ":none": [], ":nobody": {}, ":nothing": {}, ":kind": "CLASSIFIED"}
    values |= {":ever": set(revision.portals)}
    removed = ["paused", "cancelled"]
    gone = "deleted = :true"
    if revision.idempotency_key is None:
        removed.append("idempotency_key")
    else:
        sets["idempotency_key"] = ":key"
        values[":key"] = revision.idempotency_key
        gone += " AND (attribute_not_exists(idempotency_key) OR idempotency_key <> :key)"
    values |= {":true": True, ":deleted": False} | _content_values(revision) | _listed_values(revision)
    update = _update(revision, number, sets | {"kind": ":kind"}, removed, values, "ADD ever :ever")
    return update, f"attribute_not_exists(pk) OR ({gone})", values


def _put(revision: Revision) -> Write:
    """Change it, unless it is deleted, another's, identical or not the revision that the caller knows."""
    # The former value is read before it is overwritten, whatever order a store evaluates in.
    sets = {"former_portals": "portals", **_counts(_NEXT), **_content(), **_listed()}
    values: Item = {":ever": set(revision.portals), ":deleted": False}
    values |= _content_values(revision) | _listed_values(revision)
    condition = (
        "attribute_exists(pk) AND customer = :customer AND deleted = :deleted"
        # After a cancel the same body is no repetition: it names a portal that is wished for no more.
        " AND offerer_estate_id = :estate AND (body_hash <> :body_hash OR attribute_exists(cancelled))"
    )
    if revision.if_match is not None:
        condition += f" AND {_matches(revision.if_match, values)}"
    taken_off = set(PORTALS) - set(revision.portals)
    extra = "ADD ever :ever"
    if taken_off:
        values[":off"] = taken_off
        extra += " DELETE paused :off"
    return _update(revision, _NEXT, sets, ["cancelled"], values, extra), condition, values


def _delete(revision: Revision) -> Write:
    """Mark it deleted and keep its body; it leaves the list of classifieds.

    With `if_match`, a classified deleted already at one of these revisions is deleted again; it takes no portal off then.
    """
    values: Item = {":customer": revision.customer, ":deleted": True, ":live": False}
    condition, sets = "deleted = :live", {"former_portals": "portals", **_counts(_NEXT)}
    if revision.if_match is not None:
        condition = f"(deleted = :live OR {_matches(revision.if_match, values)})"
        sets["former_portals"], values[":none"] = ":none", []
    update = _update(revision, _NEXT, sets, ["change_shard", "changed_at"], values)
    return update, f"attribute_exists(pk) AND customer = :customer AND {condition}", values


def _ask(revision: Revision) -> Write:
    """Note the portals it names as asked, and what is wished of them now. The body and what was wished of others stay."""
    sets: dict[str, str] = {}
    # Map keys go into the update as they are: portal codes are letters, and none is a reserved word.
    for portal in revision.portals:
        sets |= {f"asked.{portal}": _NEXT, f"asked_kind.{portal}": ":revision_kind"}
    values: Item = {":customer": revision.customer, ":live": False} | _listed_values(revision)
    condition = "attribute_exists(pk) AND customer = :customer AND deleted = :live"
    if revision.if_match is not None:
        condition += f" AND {_matches(revision.if_match, values)}"
    extra = _WISHES[revision.kind]
    if extra:
        values[":named"] = set(revision.portals)
    return _update(revision, _NEXT, sets | _listed(), [], values, extra), condition, values


def _cancel(revision: Revision) -> Write:
    """Take the portals it names off the wished ones, at the revision that named those `left`; the body stays as it was."""
    update, condition, values = _ask(revision)
    values |= {":left": list(revision.left), ":cancelled": True}
    return update.replace("SET ", "SET portals = :left, cancelled = :cancelled, ", 1), condition, values


_WISHES = {
    Kind.DEACTIVATE: "ADD paused :named",
    Kind.ACTIVATE: "DELETE paused :named",
    Kind.RETRY: "",
    Kind.CANCEL: "DELETE paused :named",
}
_WRITES = (
    {Kind.POST: _post, Kind.PUT: _put, Kind.DELETE: _delete} | dict.fromkeys(_WISHES, _ask) | {Kind.CANCEL: _cancel}
)


def _counts(number: str) -> dict[str, str]:
    return {"body_revision": number, "deleted": ":deleted"}


def _content() -> dict[str, str]:
    return {"portals": ":portals", "body": ":body", "body_hash": ":body_hash"}


def _content_values(revision: Revision) -> Item:
    return {
        ":portals": list(revision.portals),
        ":body": compress(revision.body),
        ":body_hash": revision.body_hash,
        ":estate": revision.offerer_estate_id,
        ":customer": revision.customer,
    }


def _listed() -> dict[str, str]:
    return {"change_shard": ":change_shard", "changed_at": ":changed_at"}


def _listed_values(revision: Revision) -> Item:
    shard = shard_name(revision.customer, classified_key(revision.classified_id))
    return {":change_shard": shard, ":changed_at": to_text(revision.accepted_at)}


def _update(
    revision: Revision, number: str, sets: dict[str, str], removed: list[str], values: Item, extra: str = ""
) -> str:
    """Return the update with what every kind sets; `revision` comes last, since other members are counted from it."""
    sets = sets | {"revision_kind": ":revision_kind", "accepted_at": ":accepted_at"}
    values |= {":one": 1, ":revision_kind": revision.kind.value, ":accepted_at": revision.accepted_at}
    for name, value in due_members(classified_key(revision.classified_id), revision.accepted_at + SAFETY).items():
        sets[name] = f":{name}"
        values[f":{name}"] = value
    if revision.traceparent is None:
        removed = [*removed, "traceparent"]
    else:
        sets["traceparent"] = ":traceparent"
        values[":traceparent"] = revision.traceparent
    sets["revision"] = number
    clauses = ["SET " + ", ".join(f"{name} = {value}" for name, value in sets.items())]
    if removed:
        clauses.append("REMOVE " + ", ".join(removed))
    return " ".join([*clauses, extra]).strip()


def _matches(revisions: tuple[int, ...], values: dict[str, Any]) -> str:
    wanted = sorted({number for number in revisions if 0 < number < _HIGHEST_REVISION})[-_MOST_COMPARED:] or [-1]
    names = [f":match{index}" for index in range(len(wanted))]
    values |= dict(zip(names, wanted, strict=True))
    return f"revision IN ({', '.join(names)})"
