"""OLX's own account of an advert, `GET …/meta` (contracts/olx.md §2), as a portal event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from placard.domain.events import Advert, AdvertState, End, Operation, PortalEvent, Source, Verdict
from placard.portals.olx.words import LAST_ACTIONS, read_advert, read_code, read_problems, review, zone_of
from placard.portals.reading import as_instant, as_object, as_text
from placard.ports import Question

IN_FLIGHT = "TO_"


def read_meta(question: Question, data: Mapping[str, Any], now: int) -> PortalEvent:
    """Return what the meta answer says: the end of the last action, and the advert now."""
    publication = question.publication
    action = as_text(data.get("last_action_status")) or ""
    ending = LAST_ACTIONS.get(action)
    state, error = as_object(data.get("state")), as_object(data.get("last_error"))
    failed = ending is not None and ending.verdict is Verdict.FAILED
    advert = read_advert(state, publication.channel, ending) or _without_code(action)
    # Long after a PUT the moderator may have judged again; only while it is in flight is it new.
    changing = publication.running is not None and publication.running.kind is Operation.PUT
    return PortalEvent(
        source=Source.POLL,
        remote_id=publication.remote_id,
        received_at=now,
        word=action or "no action",
        at=_time_of(question, data, state),
        end=None
        if ending is None
        else End(ending.verdict, ending.operation, at=as_instant(data.get("last_action_at"))),
        advert=review(advert, ending) if changing else advert,
        problems=read_problems({**state, **error}, publication.channel, read_code(state)) if failed else (),
        details=as_text(error.get("title")) if failed else read_code(state),
        removing=action == f"{IN_FLIGHT}DELETE",
        known=ending is not None or action.startswith(IN_FLIGHT) or not action,
    )


def read_listed(data: Mapping[str, Any], channel: str) -> Advert | None:
    """Return the advert that an item of the list describes, None where only that it is there is sure."""
    ending = LAST_ACTIONS.get(as_text(data.get("last_action_status")) or "")
    return read_advert(as_object(data.get("state")), channel, ending)


def read_nothing(question: Question, now: int) -> PortalEvent:
    """Return what a 404 says: no such advert; a deletion in flight has reached its goal."""
    publication = question.publication
    running = publication.running
    deletes = running is not None and running.kind is Operation.DELETE
    return PortalEvent(
        source=Source.POLL,
        remote_id=publication.remote_id,
        received_at=now,
        word="HTTP 404",
        end=End(Verdict.SUCCEEDED, Operation.DELETE, removal=True) if deletes else None,
        advert=Advert(AdvertState.ABSENT),
        evidence=f"GET {publication.remote_id} → HTTP 404",
    )


def _without_code(action: str) -> Advert | None:
    """Return what no code means (lifecycle §5): on its way there, as it was before, or never there."""
    if action == "TO_POST":
        return Advert(AdvertState.PENDING)
    return None if action.startswith(IN_FLIGHT) else Advert(AdvertState.ABSENT)


def _time_of(question: Question, data: Mapping[str, Any], state: Mapping[str, Any]) -> int | None:
    """Return the portal's newest time, None where it is no newer than what is known: a reading shows the present.

    State dates carry no zone: they are the site's own.
    """
    zone = zone_of(question.publication.channel)
    times = [as_instant(data.get("last_action_at")), as_instant(state.get("modified_at"), zone)]
    newest = max((instant for instant in times if instant is not None), default=None)
    known = max((standing.advert_at for standing in question.publication.standings.values()), default=0)
    return None if newest is None or newest <= known else newest
