"""AVIV: what the hub may do at its portals, and when (contracts/aviv.md)."""

from __future__ import annotations

from placard.domain.causes import Cause
from placard.domain.events import Advert, AdvertState, Operation
from placard.domain.instants import MINUTE
from placard.domain.policy import Policy

PORTALS = ("SL", "BUCOM", "BD", "SLC", "SLN")

# Lifecycle §5, last row. A pause is a DELETE of the portal and an activation a POST: AVIV has neither call.
NEXT_OPERATIONS: dict[AdvertState, tuple[Operation, ...]] = {
    AdvertState.LIVE: (Operation.PUT, Operation.DELETE, Operation.DEACTIVATE),
    AdvertState.PAUSED: (Operation.ACTIVATE, Operation.DELETE),
    AdvertState.ABSENT: (Operation.POST,),
    AdvertState.WITHDRAWN: (Operation.POST,),
}

# §4.2: the two words for a medium that ask for an action, and that action. The same URL is not fetched again (§3.4).
MEDIA_STEPS = {"DOWNLOADING_FAILED": Cause.MEDIA_NOT_FETCHED, "CREATING_FAILED": Cause.MEDIA_NOT_USABLE}


def next_operations(advert: Advert) -> tuple[Operation, ...]:
    """Return what can be asked for an advert in this state."""
    return NEXT_OPERATIONS.get(advert.state, ())


POLICY = Policy(
    provider="aviv",
    callbacks_are_facts=False,
    operation_due=15 * MINUTE,
    settle=15 * MINUTE,
    next_operations=next_operations,
    pauses=False,
    judges_updates=True,
    media_steps=MEDIA_STEPS,
)
