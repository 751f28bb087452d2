"""Casita: what the hub may do there, and when."""

from __future__ import annotations

from placard.domain.events import Advert, AdvertState, Operation
from placard.domain.instants import MINUTE
from placard.domain.policy import Policy

# A pause is a DELETE and an activation a POST: Casita has neither call.
NEXT_OPERATIONS: dict[AdvertState, tuple[Operation, ...]] = {
    AdvertState.LIVE: (Operation.PUT, Operation.DELETE, Operation.DEACTIVATE),
    AdvertState.BLOCKED: (Operation.PUT, Operation.DELETE),
    AdvertState.EXPIRED: (Operation.PUT, Operation.DELETE),
    AdvertState.PAUSED: (Operation.ACTIVATE, Operation.DELETE),
    AdvertState.ABSENT: (Operation.POST,),
    AdvertState.WITHDRAWN: (Operation.POST,),
}


def next_operations(advert: Advert) -> tuple[Operation, ...]:
    """Return what can be asked for an advert in this state."""
    return NEXT_OPERATIONS.get(advert.state, ())


POLICY = Policy(
    provider="casita",
    callbacks_are_facts=True,
    operation_due=10 * MINUTE,
    settle=30 * MINUTE,
    next_operations=next_operations,
    pauses=False,
)
