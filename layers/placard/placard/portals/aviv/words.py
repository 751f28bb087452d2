"""From AVIV's words to ours (contracts/aviv.md §4, lifecycle §5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from placard.domain.events import Advert, AdvertState, End, Picture, PortalEvent, Source, Verdict
from placard.domain.problems import Problem
from placard.portals.reading import as_instant, as_list, as_object, as_text

_DONE, _FAILED = Verdict.SUCCEEDED, Verdict.FAILED


class Meaning(NamedTuple):
    """What a status word says. `rank` orders words of one instant (§4.1, order per operation)."""

    rank: int
    verdict: Verdict | None = None
    removal: bool | None = None
    state: AdvertState | None = None
    problem: str | None = None
    media_error: bool = False


# §4.1, the 14 words. Intake and running words change nothing (lifecycle §3); failures are explained by §5.
WORDS = {
    "RECEIVING": Meaning(0),
    "RECEIVED": Meaning(1),
    "RECEIVING_FAILED": Meaning(3, _FAILED, problem="portal_unavailable"),
    "CREATING": Meaning(2),
    "CREATED": Meaning(3, _DONE, False, AdvertState.LIVE),
    "CREATED_WITH_MEDIA_ERROR": Meaning(4, _DONE, False, AdvertState.LIVE, media_error=True),
    "CREATING_FAILED": Meaning(3, _FAILED, False, AdvertState.ABSENT, "rejected_by_portal"),
    "UPDATING": Meaning(2),
    "UPDATED": Meaning(3, _DONE, False, AdvertState.LIVE),
    "UPDATED_WITH_MEDIA_ERROR": Meaning(4, _DONE, False, AdvertState.LIVE, media_error=True),
    "UPDATING_FAILED": Meaning(3, _FAILED, False, None, "rejected_by_portal"),
    "DELETING": Meaning(2),
    "DELETED": Meaning(3, _DONE, True, AdvertState.WITHDRAWN),
    "DELETING_FAILED": Meaning(3, _FAILED, True, None, "rejected_by_portal"),
}
LAST = 1 + max(meaning.rank for meaning in WORDS.values())
# §4.1: the receiving words tell the operation by `subStatus` alone.
REMOVALS = ("RECEIVING_FAILED_DELETE",)


def read_status(item: Mapping[str, Any], remote_id: str, now: int) -> PortalEvent:
    """Return one status as AVIV lists it. Its free texts are shown to people and never judged (§5)."""
    word = as_text(item.get("status")) or "no status"
    meaning = WORDS.get(word)
    at = as_instant(item.get("statusDate"))
    details = as_text(item.get("subStatusDetails"))
    end, advert = None, None
    problems: tuple[Problem, ...] = ()
    if meaning is not None and meaning.verdict is not None:
        removal = True if item.get("subStatus") in REMOVALS else meaning.removal
        revision = _read_revision(item)
        end = End(meaning.verdict, remote_revision=revision, removal=removal, media_error=meaning.media_error)
        problems = _read_problems(meaning, as_text(item.get("message")), details)
    if meaning is not None and meaning.state is not None:
        advert = Advert(meaning.state, code=word)
    return PortalEvent(
        source=Source.POLL,
        remote_id=remote_id,
        received_at=now,
        word=word,
        at=at,
        portals=tuple(portal for portal in as_list(item.get("portals")) if isinstance(portal, str)) or None,
        end=end,
        advert=advert,
        pictures=_read_pictures(item, at),
        problems=problems,
        details=details,
        known=meaning is not None,
    )


def order_of(event: PortalEvent) -> tuple[int, int]:
    """Return the sort key of a status: by its date, then by the phase of its word (§4.4, ordering); unknown words last."""
    meaning = WORDS.get(event.word)
    return event.order, LAST if meaning is None else meaning.rank


def _read_revision(item: Mapping[str, Any]) -> int | None:
    revision = item.get("revision")
    return revision if isinstance(revision, int) and not isinstance(revision, bool) else None


def _read_problems(meaning: Meaning, message: str | None, details: str | None) -> tuple[Problem, ...]:
    if meaning.problem is None:
        return ()
    said = ": ".join(part for part in (message, details) if part)
    return (Problem.quote(meaning.problem, said),)


def _read_pictures(item: Mapping[str, Any], at: int | None) -> tuple[Picture, ...]:
    """Return §4.2's media statuses; items say no more than URL and word."""
    media = [as_object(one) for one in as_list(item.get("mediaStatuses"))]
    told = [(as_text(one.get("url")), as_text(one.get("status"))) for one in media]
    return tuple(Picture(url, status, at or 0) for url, status in told if url is not None and status is not None)
