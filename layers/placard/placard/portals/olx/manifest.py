"""OLX Group: what the hub may do at its sites, and when (contracts/olx.md)."""

from __future__ import annotations

from dataclasses import replace

from placard.domain.budget import Rate
from placard.domain.events import Advert, AdvertState, Operation
from placard.domain.instants import DAY, MINUTE
from placard.domain.policy import Policy

_POST, _PUT, _DELETE = Operation.POST, Operation.PUT, Operation.DELETE
_DEACTIVATE, _ACTIVATE = Operation.DEACTIVATE, Operation.ACTIVATE

# contracts/olx.md §5, the column of seed 002; where that names no row, the one of seed 001.
NEXT_OPERATIONS: dict[AdvertState, tuple[Operation, ...]] = {
    AdvertState.LIVE: (_PUT, _DELETE, _DEACTIVATE),
    AdvertState.PENDING: (_PUT, _DELETE),
    AdvertState.BLOCKED: (_PUT, _DELETE),
    AdvertState.UNPAID: (_POST,),
    AdvertState.ABSENT: (_POST,),
    AdvertState.REJECTED: (_PUT,),
    AdvertState.EXPIRED: (_PUT, _ACTIVATE, _DELETE),
    AdvertState.PAUSED: (_ACTIVATE, _DELETE),
    AdvertState.WITHDRAWN: (_POST,),
    AdvertState.UNKNOWN: (),
}
OF_CODE: dict[str, tuple[Operation, ...]] = {"outdated_by_package": (_PUT, _DELETE)}


def next_operations(advert: Advert) -> tuple[Operation, ...]:
    """Return what the portal permits for an advert in this state."""
    return OF_CODE.get(advert.code or "", NEXT_OPERATIONS[advert.state])


def resolve_removal(advert: Advert, last: Operation | None) -> Advert | None:
    """Tell the two `removed_by_user` apart by the last operation, where the message does not (contracts/olx.md §5).

    None after any other operation: only the meta can tell.
    """
    if advert.code != "removed_by_user" or advert.visible is not None:
        return advert
    if last not in (Operation.DELETE, Operation.DEACTIVATE):
        return None
    deleted = last is Operation.DELETE
    return replace(advert, state=AdvertState.WITHDRAWN if deleted else AdvertState.PAUSED, visible=not deleted)


# §6, 429: no limit is published; the cap is the hub's own, for the app and so for all its accounts.
RATE = Rate(calls=5, burst=5)

POLICY = Policy(
    provider="olx",
    callbacks_are_facts=True,
    operation_due=10 * MINUTE,
    settle=30 * MINUTE,
    next_operations=next_operations,
    resolve=resolve_removal,
    resting_problems={
        "outdated_by_package": "package_expired",
        "removed_by_parent_ad": "parent_removed",
        "limited": "quota_reached",
    },
    repost_wait=DAY,
    silence=30 * MINUTE,
    rate=RATE,
)
