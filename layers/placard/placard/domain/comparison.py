"""What a portal lists against what the hub believes, and what that is worth doing about. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from placard.domain.classified import Classified, Wish
from placard.domain.events import Advert, AdvertState
from placard.domain.instants import MINUTE
from placard.domain.look import has_seen
from placard.domain.publication import Publication
from placard.domain.sweep import is_mass_removal

# A revision younger than this is still on its way by itself.
ON_ITS_WAY = 10 * MINUTE
# How the portals' lists tell these apart is not documented, and buyers see none of them.
_OFF = frozenset({AdvertState.ABSENT, AdvertState.PAUSED, AdvertState.WITHDRAWN})


class Finding(StrEnum):
    """What is not as it should be."""

    MISSING = "live here, not listed there"
    OTHERWISE = "listed in another state"
    LEFT_OVER = "taken off here, still listed there"
    UNSEEN = "a revision nobody has looked at"
    FOREIGN = "listed there, not the hub's"


@dataclass(frozen=True, slots=True)
class Drift:
    """One difference. `removes`: to believe the portal takes a live advert off. `believed` and `shown` are for people."""

    finding: Finding
    channel: str
    classified_id: str = ""
    remote_id: str = ""
    believed: str = ""
    shown: str = ""
    removes: bool = False


def compare(publication: Publication, listed: Mapping[str, Advert | None]) -> Drift | None:
    """Return how a publication at rest differs from its portal's whole list, None where it does not.

    `listed`: remote id → the advert, None where the list tells no more than that it is there. What is under way is left
    alone: its own end or due time settles it.
    """
    if publication.remote_id is None or not _rests(publication):
        return None
    states = {standing.advert.state for standing in publication.standings.values()}
    live = AdvertState.LIVE in states
    if publication.remote_id not in listed:
        return _drift(Finding.MISSING, publication, states, "–", removes=True) if live else None
    advert = listed[publication.remote_id]
    if advert is None:
        gone = all(one.wish is Wish.ABSENT and one.advert.state in _OFF for one in publication.standings.values())
        return _drift(Finding.LEFT_OVER, publication, states, "listed") if gone else None
    if advert.state is AdvertState.UNKNOWN and not live:
        return None  # that buyers do not see it is all the list tells
    if any(advert.state is state or {advert.state, state} <= _OFF for state in states):
        return None
    removes = live and advert.state is not AdvertState.LIVE
    return _drift(Finding.OTHERWISE, publication, states, advert.code or advert.state.value, removes=removes)


def find_unseen(
    classified: Classified, publications: Mapping[str, Publication], channel: str, now: int
) -> Drift | None:
    """Return that a publication has not seen its classified's newest revision, though it had the time."""
    known = publications.get(channel)
    if now - classified.accepted_at < ON_ITS_WAY or channel not in classified.channels:
        return None
    if known is not None and has_seen(known, classified):
        return None
    seen = max((standing.seen for standing in known.standings.values()), default=0) if known is not None else 0
    believed, shown = f"revision {seen}", f"revision {classified.revision}"
    return Drift(Finding.UNSEEN, channel, classified.classified_id, believed=believed, shown=shown)


def find_foreign(channel: str, listed: Mapping[str, Advert | None], ours: Iterable[str]) -> Iterator[Drift]:
    """Return what is listed and live and none of the hub's: shown to people, never touched."""
    known = set(ours)
    for remote_id, advert in listed.items():
        if remote_id not in known and (advert is None or advert.live):
            yield Drift(Finding.FOREIGN, channel, remote_id=remote_id, shown="listed" if advert is None else "live")


def hold(drifts: Iterable[Drift], live: int) -> tuple[Drift, ...]:
    """Return the removals that are too many to be believed, of so many live adverts; none where they are few."""
    removals = tuple(drift for drift in drifts if drift.removes)
    return removals if is_mass_removal(len(removals), live) else ()


def _rests(publication: Publication) -> bool:
    busy = publication.running is not None or publication.reading_until is not None or publication.reread
    return not busy and not any(standing.open for standing in publication.standings.values())


def _drift(
    finding: Finding, publication: Publication, states: Iterable[AdvertState], shown: str, *, removes: bool = False
) -> Drift:
    believed = ", ".join(sorted(state.value for state in states))
    remote_id = publication.remote_id or ""
    return Drift(finding, publication.channel, publication.classified_id, remote_id, believed, shown, removes)
