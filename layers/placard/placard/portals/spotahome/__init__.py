"""Spotahome, which never calls (contracts/spotahome.md). The hub does not publish there yet, and says so. Its manifest."""

from __future__ import annotations

from placard.domain.budget import Rate
from placard.domain.events import Advert, AdvertState, Operation
from placard.domain.instants import DAY
from placard.domain.policy import Policy

# Lifecycle §5, last row.
NEXT_OPERATIONS: dict[AdvertState, tuple[Operation, ...]] = {
    AdvertState.LIVE: (Operation.DELETE,),
    AdvertState.PENDING: (Operation.DELETE,),
}


def next_operations(advert: Advert) -> tuple[Operation, ...]:
    """Return what can be asked for an advert in this state."""
    return NEXT_OPERATIONS.get(advert.state, ())


POLICY = Policy(
    provider="spotahome",
    callbacks_are_facts=True,
    operation_due=DAY,
    settle=DAY,
    next_operations=next_operations,
    pauses=False,
    # For each account.
    rate=Rate(calls=2, burst=2),
)
