"""How a classified stands at AVIV, from what AVIV lists and shows (contracts/aviv.md §4.3, lifecycle §4)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from placard.domain.events import Advert, AdvertState, End, Operation, PortalEvent, Source, Verdict
from placard.domain.problems import Problem
from placard.domain.publication import Publication, Standing
from placard.portals.aviv.mapping import fingerprint
from placard.portals.aviv.words import order_of, read_status
from placard.portals.base import Reply, quote_reading
from placard.portals.reading import as_list
from placard.ports import Question

ETAG = re.compile(r'(?:W/)?"(\d{1,15})"')


def read_statuses(items: Iterable[Mapping[str, Any]], remote_id: str, now: int) -> tuple[PortalEvent, ...]:
    """Return one event per status, oldest first: AVIV promises no order."""
    events = (replace(read_status(item, remote_id, now), evidence=quote_reading("statuses", item)) for item in items)
    return tuple(sorted(events, key=order_of))


def keep_latest(events: Sequence[PortalEvent]) -> tuple[PortalEvent, ...]:
    """Return, of a whole list, the newest known word of each portal and every unknown one.

    AVIV's own `latest` shows a word nobody knows in the place of the end before it (§4.1, unlisted values).
    """
    newest = {portal: event for event in events if event.known for portal in event.portals or ("",)}
    kept = []
    for event in events:
        portals = tuple(portal for portal in event.portals or ("",) if newest.get(portal) is event)
        if not event.known:
            kept.append(event)
        elif portals:
            kept.append(replace(event, portals=tuple(filter(None, portals)) or None))
    return tuple(kept)


def needs_history(publication: Publication, events: Iterable[PortalEvent]) -> bool:
    """Whether a refusal hides what is there: it leaves the portal as it was, and the hub may not know how that is.

    A write whose answer was lost may have brought the advert; and a deletion is refused also of what was taken off before.
    """
    return any(
        _tells_no_advert(event) and (not standing.advert.live or _is_refused_removal(event, standing))
        for event in events
        for portal, standing in publication.standings.items()
        if portal in (event.portals or (portal,))
    )


def _tells_no_advert(event: PortalEvent) -> bool:
    return event.end is not None and event.end.verdict is Verdict.FAILED and event.advert is None


def _is_refused_removal(event: PortalEvent, standing: Standing) -> bool:
    end = event.end
    return end is not None and bool(end.takes_off) and (end.remote_revision or 0) > standing.remote_revision


def recall_adverts(events: Iterable[PortalEvent], history: Sequence[PortalEvent]) -> tuple[PortalEvent, ...]:
    """Return the events with, for each refusal, the advert that AVIV told of last on that portal."""
    recalled: list[PortalEvent] = []
    for event in events:
        if event.portals is None or not _tells_no_advert(event):
            recalled.append(event)
            continue
        for portal in event.portals:
            told = [one.advert for one in history if one.advert is not None and portal in (one.portals or ())]
            recalled.append(replace(event, portals=(portal,), advert=told[-1] if told else None))
    return tuple(recalled)


def is_undecided(publication: Publication, events: Iterable[PortalEvent]) -> bool:
    """Whether an operation in flight has a portal of which no status tells the end."""
    running = publication.running
    if running is None:
        return False
    return any(not _tells_end(publication, portal, events) for portal in running.portals)


def _tells_end(publication: Publication, portal: str, events: Iterable[PortalEvent]) -> bool:
    running = publication.running
    removing = running is not None and portal in running.removing
    former = publication.former_revision(portal)
    ends = [event.end for event in events if event.end is not None and portal in (event.portals or (portal,))]
    # lifecycle §4: a deletion ends with `DELETED`, whatever the revision.
    gone = any(removing and end.removal and end.verdict is Verdict.SUCCEEDED for end in ends)
    return gone or any((end.remote_revision or 0) > former for end in ends)


def read_shown(question: Question, reply: Reply, events: Sequence[PortalEvent], now: int) -> tuple[PortalEvent, ...]:
    """Return the end of an operation whose outcome AVIV shows, word for word, though it has told no end of it.

    AVIV makes nothing of a PUT equal to what it has (§4.1), so what `events` say of that revision stands: its success, for all
    or for some media, and its refusal too.
    """
    publication = question.publication
    running = publication.running
    if running is None:
        return ()
    shown = reply.read()
    listed = {portal for portal in as_list(shown.get("portals")) if isinstance(portal, str)}
    if listed != set(running.listed) or fingerprint(shown) not in running.hashes.values():
        return ()
    revision = read_revision(reply)
    newer = _newer_revision(publication, running.portals, revision)
    found = []
    for portal in running.portals:
        told = _find_end(events, portal, revision)
        if told is not None and told.end is not None and told.end.verdict is Verdict.FAILED:
            end = replace(told.end, operation=running.kind, remote_revision=None)
            found.append(replace(told, portals=(portal,), end=end))
            continue
        removal = portal in running.removing
        if told is not None and told.end is not None and told.end.takes_off and not removal:
            # Listed, and taken down there: AVIV makes nothing of an equal PUT, so that it does not come back by itself.
            problem = Problem.shown_as("removed_on_portal", told.word)
            found.append(replace(told, portals=(portal,), end=End(Verdict.FAILED, running.kind), problems=(problem,)))
            continue
        media_error = told is not None and told.end is not None and told.end.media_error
        event = PortalEvent(
            source=Source.POLL,
            remote_id=publication.remote_id,
            received_at=now,
            word="shown as sent",
            portals=(portal,),
            # Without a newer revision the end is matched by its kind.
            end=End(Verdict.SUCCEEDED, running.kind if newer is None else None, newer, removal, media_error),
            advert=Advert(AdvertState.WITHDRAWN if removal else AdvertState.LIVE),
            evidence=reply.exchange,
        )
        found.append(event)
    return tuple(found)


def _find_end(events: Sequence[PortalEvent], portal: str, revision: int | None) -> PortalEvent | None:
    """Return the newest end that AVIV tells of a portal, unless it is older than the revision shown."""
    ends = [event for event in events if event.end is not None and portal in (event.portals or (portal,))]
    newest = ends[-1] if ends else None
    if newest is None or newest.end is None:
        return None
    told = newest.end.remote_revision
    return None if revision is not None and told is not None and told < revision else newest


def read_revision(reply: Reply) -> int | None:
    """Return the revision in an answer's ETag, None without one (§1, headers)."""
    found = ETAG.fullmatch(reply.headers.get("etag", ""))
    return None if found is None else int(found[1])


def _newer_revision(publication: Publication, portals: Iterable[str], revision: int | None) -> int | None:
    """Return the revision shown, None where it is no newer: AVIV makes none of a PUT that changes nothing (§4.1)."""
    former = max(map(publication.former_revision, portals))
    return revision if revision is not None and revision > former else None


def read_nothing(question: Question, now: int) -> tuple[PortalEvent, ...]:
    """Return what a 404 says: no such classified; a deletion in flight has reached its goal."""
    publication = question.publication
    running = publication.running
    deletes = running is not None and running.kind is Operation.DELETE
    return (
        PortalEvent(
            source=Source.POLL,
            remote_id=publication.remote_id,
            received_at=now,
            word="HTTP 404",
            end=End(Verdict.SUCCEEDED, Operation.DELETE, removal=True) if deletes else None,
            advert=Advert(AdvertState.WITHDRAWN if deletes else AdvertState.ABSENT),
            evidence=f"GET {publication.remote_id} → HTTP 404",
        ),
    )
