"""What a listing process says of its property, in the hub's words (lifecycle §6, contracts/spotahome.md §4)."""

from __future__ import annotations

from typing import NamedTuple

from placard.domain.causes import Cause
from placard.domain.events import Advert, AdvertState, End, Operation, PortalEvent, Source, Verdict
from placard.domain.problems import Problem
from placard.ports import Row

WAITING_PROPERTY = "waitingProperty"
WAITING_CONTENT = "waitingContent"
VERIFIED = "propertyVerified"
UNVERIFIED = "propertyUnverified"
CANCELLED = "cancelled"
STATES = (CANCELLED, VERIFIED, UNVERIFIED, WAITING_CONTENT, WAITING_PROPERTY)
# Closed with a property: only here `published` decides, and a cancellation is refused (§4).
CHECKED = frozenset({VERIFIED, UNVERIFIED})

MANUAL_CONTENT = Problem.of(Cause.CONTENT_BY_HAND, portal="Spotahome")
NOT_CHECKED = Problem.of(Cause.NOT_CHECKED, portal="Spotahome")
NOT_PUBLIC_YET = Problem.of(Cause.NOT_PUBLIC_YET, portal="Spotahome")
NOT_PASSED = Problem.of(Cause.CHECK_NOT_PASSED, portal="Spotahome")
CALLED_OFF = Problem.of(Cause.CALLED_OFF, portal="Spotahome")
TAKEN_DOWN = Problem.of(Cause.TAKEN_DOWN, portal="Spotahome")

_CREATED = End(Verdict.SUCCEEDED, Operation.POST)
_NOT_CREATED = End(Verdict.FAILED, Operation.POST)
# Nobody tells who cancelled: for who asked it is the end, for others a removal.
_CANCELLED = End(Verdict.SUCCEEDED, Operation.DELETE, removal=True, if_asked=True)


class Meaning(NamedTuple):
    """A row of the table of lifecycle §6."""

    advert: AdvertState
    end: End | None = None
    problem: Problem | None = None


# (state, published) → what it means. None: the state alone decides.
MEANINGS: dict[tuple[str, bool | None], Meaning] = {
    (WAITING_PROPERTY, None): Meaning(AdvertState.PENDING),
    (WAITING_CONTENT, None): Meaning(AdvertState.PENDING, None, MANUAL_CONTENT),
    (VERIFIED, True): Meaning(AdvertState.LIVE, _CREATED),
    (UNVERIFIED, True): Meaning(AdvertState.LIVE, _CREATED, NOT_CHECKED),
    (VERIFIED, False): Meaning(AdvertState.PENDING, None, NOT_PUBLIC_YET),
    (UNVERIFIED, False): Meaning(AdvertState.REJECTED, _NOT_CREATED, NOT_PASSED),
    (CANCELLED, None): Meaning(AdvertState.WITHDRAWN, _CANCELLED, CALLED_OFF),
}
# What is to be said of an advert as long as it stands so; the last two are the row "published true → false".
REMARKS: dict[tuple[AdvertState, str], Problem] = {
    (meaning.advert, state): meaning.problem for (state, _), meaning in MEANINGS.items() if meaning.problem is not None
} | {(AdvertState.WITHDRAWN, state): TAKEN_DOWN for state in CHECKED}


def follow(before: Advert, told: Advert) -> Advert:
    """Return what a description means after the one before it: once public and public no more is a removal, not a wait."""
    gone = before.state in (AdvertState.LIVE, AdvertState.WITHDRAWN)
    if gone and told.code in CHECKED and not told.live:
        return Advert(AdvertState.WITHDRAWN, told.code)
    return told


def interpret_row(row: Row, process_known: str | None, observed_at: int) -> PortalEvent:
    """Return what a row says of its property, observed then (ms): Spotahome tells no time of its own (§6).

    A closed process whose property nobody could ask about says nothing of the advert.
    """
    published = row.published if row.state in CHECKED else None
    meaning = MEANINGS.get((row.state, published))
    return PortalEvent(
        source=Source.POLL,
        remote_id=row.property_id,
        received_at=observed_at,
        word=row.state,
        at=observed_at,
        end=None if meaning is None else meaning.end,
        advert=None if meaning is None else Advert(meaning.advert, row.state),
        problems=() if meaning is None or meaning.problem is None else (meaning.problem,),
        details=row.state if process_known in (None, row.state) else f"{process_known} → {row.state}",
        known=row.state in STATES,
    )
