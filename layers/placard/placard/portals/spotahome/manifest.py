"""Spotahome: what the hub may do there, and when (contracts/spotahome.md)."""

from __future__ import annotations

from placard.domain.budget import Rate
from placard.domain.causes import Cause
from placard.domain.events import Advert, AdvertState, Operation
from placard.domain.instants import DAY
from placard.domain.policy import Policy
from placard.domain.problems import Problem
from placard.portals.spotahome.states import REMARKS, follow

# Lifecycle §5, last row.
NEXT_OPERATIONS: dict[AdvertState, tuple[Operation, ...]] = {
    AdvertState.LIVE: (Operation.DELETE,),
    AdvertState.PENDING: (Operation.DELETE,),
}

# §5: calls that could not be seen in Spotahome's pages are not invented.
MANUAL = {
    Operation.PUT: Problem.of(Cause.CHANGED_BY_HAND, portal="Spotahome"),
    Operation.DEACTIVATE: Problem.of(Cause.PAUSED_BY_HAND, portal="Spotahome"),
    Operation.ACTIVATE: Problem.of(Cause.RESUMED_BY_HAND, portal="Spotahome"),
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
    follow=follow,
    remarks=REMARKS,
    taken_as=AdvertState.PENDING,
    manual=MANUAL,
    looks_first=True,
    yields=True,
    # For each account.
    rate=Rate(calls=2, burst=2),
)
