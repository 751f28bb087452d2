"""Writing the timeline: one entry per group of portals that say the same (contracts/hub.md, StatusEntry)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from placard.domain import ids
from placard.domain.classified import Wish
from placard.domain.events import Picture, Source
from placard.domain.instants import to_text
from placard.domain.lifecycle import END_WORDS, FAILED_WORDS, Outcome, Word
from placard.domain.problems import Problem
from placard.domain.publication import Entry, Publication, Standing

NOTHING_CHANGED = "nothing changed for this portal"
KEPT_UNTIL_ACTIVATION = "kept until activation"

# What people read beside a word, where nobody said anything better.
MESSAGES = {
    Word.RECEIVED: "Received by the hub",
    Word.CREATING: "The portal has taken the creation",
    Word.CREATED: "Created on the portal",
    Word.CREATED_WITH_MEDIA_ERROR: "Created on the portal, some media refused",
    Word.CREATING_FAILED: "The creation failed",
    Word.UPDATING: "The portal has taken the update",
    Word.UPDATED: "Updated on the portal",
    Word.UPDATED_WITH_MEDIA_ERROR: "Updated on the portal, some media refused",
    Word.UPDATING_FAILED: "The update failed",
    Word.DELETING: "The portal has taken the deletion",
    Word.DELETED: "Deleted from the portal",
    Word.DELETING_FAILED: "The deletion failed",
    Word.RECEIVING: "Being received",
    Word.RECEIVING_FAILED: "Not received",
}


@dataclass(frozen=True, slots=True)
class Draft:
    """What one portal has to say; drafts that say the same become one entry."""

    standing: Standing
    status: Word
    revision: int
    message: str
    problems: tuple[Problem, ...] = ()
    pictures: tuple[Picture, ...] = ()
    sub_status: str | None = None
    outcome: Outcome = Outcome.APPLIED


def describe(standing: Standing) -> str:
    """Return the message of a portal's present word (lifecycle §9, last line, for what is not live)."""
    shown = standing.word in END_WORDS and standing.word is not Word.DELETED
    if shown and standing.wish is Wish.PRESENT and not standing.advert.live:
        reason = standing.problems[0].detail if standing.problems else MESSAGES[standing.word]
        return f"Not live: {reason}"
    if standing.word in FAILED_WORDS and standing.problems:
        return f"{MESSAGES[standing.word]}: {standing.problems[0].detail}"
    return MESSAGES[standing.word]


def draft(standing: Standing, outcome: Outcome = Outcome.APPLIED, message: str | None = None) -> Draft:
    """Return the draft that says where a portal stands."""
    return Draft(
        standing,
        standing.word,
        standing.revision,
        message or describe(standing),
        standing.problems,
        standing.pictures,
        outcome=outcome,
    )


def write(
    publication: Publication,
    drafts: Iterable[Draft],
    *,
    now: int,
    source: Source,
    at: int | None = None,
    details: str | None = None,
    normalised: tuple[Mapping[str, Any], ...] = (),
    evidence: str | None = None,
) -> tuple[Publication, tuple[Entry, ...]]:
    """Turn drafts into entries, each 1 ms after the one before, and keep each portal's latest on the publication.

    `at` is the source's own time in milliseconds, `now` the hub's. The standings of the drafts are put in place.
    """
    groups: dict[tuple[Any, ...], list[Draft]] = {}
    for item in drafts:
        standing = item.standing
        same = (item.status, item.revision, item.message, standing.advert, item.problems, item.pictures, item.outcome)
        groups.setdefault((*same, standing.next_operations, item.sub_status), []).append(item)
    entries = []
    groups_of: dict[int, int] = {}
    for group in groups.values():
        first = group[0]
        number = groups_of.get(first.revision, 0)
        groups_of[first.revision] = number + 1
        creation = max(now, publication.last_creation + 1)
        received = first.status is Word.RECEIVED and first.sub_status is not None
        entry = Entry(
            status_id=ids.received_id(publication.classified_id, first.revision, publication.channel, number)
            if received
            else ids.status_id(publication.classified_id, publication.channel, to_text(creation)),
            classified_id=publication.classified_id,
            customer=publication.customer,
            channel=publication.channel,
            creation_date=creation,
            revision=first.revision,
            portals=tuple(item.standing.portal for item in group),
            status=first.status,
            message=first.message,
            status_date=creation if at is None else at,
            outcome=first.outcome,
            source=source,
            sub_status=first.sub_status,
            sub_status_details=details,
            pictures=first.pictures,
            advert_id=publication.remote_id,
            advert=first.standing.advert,
            next_operations=first.standing.next_operations,
            problems=first.problems,
            normalised=normalised,
            evidence=evidence,
            live_changed=any(_changes_live(item) for item in group),
            traceparent=publication.traceparent,
        )
        entries.append(entry)
        kept = [_with_latest(item.standing, entry) for item in group]
        publication = replace(publication.with_standings(kept), last_creation=creation)
    return publication, tuple(entries)


def _changes_live(item: Draft) -> bool:
    return item.outcome is Outcome.APPLIED and item.standing.advert.live != item.standing.shown_live


def _with_latest(standing: Standing, entry: Entry) -> Standing:
    if entry.outcome is not Outcome.APPLIED:
        return standing
    standing = replace(standing, shown_live=standing.advert.live)
    if standing.latest is not None and standing.latest.revision > entry.revision:
        return standing
    failures = tuple(picture for picture in entry.pictures if picture.failed)
    return replace(standing, latest=replace(entry, pictures=failures))
