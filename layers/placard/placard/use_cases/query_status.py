"""Tell the CRM what it wishes and what became of it.

It reads its own writes: a revision shows as `RECEIVED` before any look has seen it (contracts/hub.md §2).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from placard.domain import ids
from placard.domain.body import read_id
from placard.domain.channels import CHANNEL_OF
from placard.domain.classified import Classified
from placard.domain.lifecycle import Outcome, Word
from placard.domain.look import open_publication, see
from placard.domain.problems import DEFAULT_LANGUAGE
from placard.domain.publication import Entry, Publication
from placard.domain.refusals import UnknownClassifiedError
from placard.ports import ClassifiedStore, Page
from placard.use_cases.paging import Listing, Query, take_page

STATUSES = tuple(word.value for word in Word)
PORTALS = CHANNEL_OF.keys()


@dataclass(frozen=True, slots=True)
class Filter:
    """Which entries of a timeline; an empty set lets all pass. `latest`: one entry per portal."""

    latest: bool = False
    statuses: frozenset[str] = field(default_factory=frozenset)
    portals: frozenset[str] = field(default_factory=frozenset)

    @property
    def narrow(self) -> bool:
        """Whether it leaves anything out."""
        return bool(self.statuses or self.portals)

    def keep(self, entry: Entry) -> bool:
        """Whether an entry passes: by its word, and by any of its portals."""
        right_word = not self.statuses or entry.status.value in self.statuses
        return right_word and (not self.portals or not self.portals.isdisjoint(entry.portals))


@dataclass(frozen=True, slots=True)
class Reading:
    """A classified as the CRM reads it, with its revision for `ETag`."""

    revision: int
    shown: dict[str, Any]


def read_classified(
    store: ClassifiedStore, customer: str, classified_id: str, language: str = DEFAULT_LANGUAGE
) -> Reading:
    """Return the body, its revision and each portal's latest entry. Raises UnknownClassifiedError, once deleted too.

    `language` is that of the hints, one of `problems.LANGUAGES`.
    """
    classified, publications = _load(store, customer, classified_id)
    if classified.deleted:
        raise UnknownClassifiedError
    entries = _latest(_looked_at(classified, publications)[0])
    return Reading(classified.revision, _show(classified) | {"latest": [entry.to_json(language) for entry in entries]})


def list_classifieds(
    store: ClassifiedStore, customer: str, limit: int, token: str | None, offerer_estate_id: str | None = None
) -> Listing:
    """Return a page of a customer's classifieds, the newest change first; with the CRM's own key at most that one."""

    def read(rows: int, after: str | None) -> Page[Classified]:
        if offerer_estate_id is None:
            return store.list_classifieds(customer, rows, after)
        classified, _ = store.load(ids.classified_id(customer, offerer_estate_id))
        return Page(() if classified is None or classified.deleted else (classified,))

    return take_page(Query(f"classifieds/{customer}", read, _rank_of_classified, _show), limit, token)


def list_statuses(
    store: ClassifiedStore,
    customer: str,
    classified_id: str,
    wanted: Filter,
    *,
    limit: int,
    token: str | None,
    language: str = DEFAULT_LANGUAGE,
) -> Listing:
    """Return a page of a classified's timeline, newest first; a deleted one keeps its own.

    `language` is that of the hints, one of `problems.LANGUAGES`. Raises UnknownClassifiedError.
    """
    # Loaded before the timeline is read: what is stored in between is then in both, and shown once.
    classified, publications = _load(store, customer, classified_id)
    known_id = classified.classified_id
    looked_at, received = _looked_at(classified, publications)
    keep = wanted.keep if wanted.narrow else None
    show = partial(Entry.to_json, language=language)
    if wanted.latest:
        latest = Page(_latest(looked_at))
        query = Query(f"latest/{known_id}", lambda _rows, _after: latest, _rank_of_entry, show, keep)
        return take_page(query, limit, token)

    def read(rows: int, after: str | None) -> Page[Entry]:
        return store.list_entries(known_id, rows, after)

    query = Query(f"statuses/{known_id}", read, _rank_of_entry, show, keep, received)
    return take_page(query, limit, token)


def _load(store: ClassifiedStore, customer: str, classified_id: str) -> tuple[Classified, tuple[Publication, ...]]:
    classified, publications = store.load(read_id(classified_id))
    if classified is None or classified.customer != customer:
        raise UnknownClassifiedError
    return classified, publications


def _looked_at(
    classified: Classified, publications: Iterable[Publication]
) -> tuple[tuple[Publication, ...], tuple[Entry, ...]]:
    """Return the publications as the next look will leave them, and the `RECEIVED` entries it will store."""
    stored = {publication.channel: publication for publication in publications}
    looked_at, received = [], []
    for channel in dict.fromkeys((*classified.channels, *stored)):
        publication = stored.get(channel) or open_publication(classified, channel)
        seen, entries = see(publication, classified, classified.accepted_at)
        looked_at.append(seen)
        received += [e for e in entries if e.status is Word.RECEIVED and e.outcome is Outcome.APPLIED]
    return tuple(looked_at), tuple(received)


def _latest(publications: Iterable[Publication]) -> tuple[Entry, ...]:
    """Return each portal's latest entry, those of one entry together again, cut to the portals it is newest for."""
    entries: dict[str, Entry] = {}
    for publication in publications:
        for portal, standing in publication.standings.items():
            if standing.latest is None:
                continue
            entry = entries.get(standing.latest.status_id)
            portals = (*(entry.portals if entry else ()), portal)
            entries[standing.latest.status_id] = replace(entry or standing.latest, portals=portals)
    return tuple(sorted(entries.values(), key=_rank_of_entry, reverse=True))


def _show(classified: Classified) -> dict[str, Any]:
    return {**classified.body, "classifiedId": classified.classified_id, "revision": classified.revision}


def _rank_of_classified(classified: Classified) -> tuple[int, str]:
    return classified.accepted_at, classified.classified_id


def _rank_of_entry(entry: Entry) -> tuple[int, str]:
    return entry.creation_date, f"{entry.channel}#{entry.status_id}"
