"""Rebuild a classified's publications from their timelines and hold them against the stored ones."""

from __future__ import annotations

from dataclasses import dataclass

from placard.domain.differences import Difference, find_differences
from placard.domain.messages import Message
from placard.domain.publication import Entry, Publication
from placard.domain.replay import Facts, rebuild
from placard.ports import ClassifiedStore, PublicationStore

_PAGE = 250
# A publication that changes between the two reads is read again; more often than this it is too busy to be judged.
_MOST_RACES = 10


@dataclass(frozen=True, slots=True)
class Replayed:
    """One publication rebuilt. `entries` are oldest first, `lost` those of them whose raw message is not kept any more.

    `differences` is None where only a part was rebuilt, and so nothing can be compared.
    """

    channel: str
    entries: tuple[Entry, ...]
    told: Facts
    differences: tuple[Difference, ...] | None
    lost: frozenset[str]


@dataclass(frozen=True, slots=True)
class Replay:
    """Reads only."""

    classifieds: ClassifiedStore
    publications: PublicationStore

    def __call__(self, classified_id: str, until: int | None = None) -> tuple[Replayed, ...]:
        """Return each publication as its entries tell it, those up to `until` (ms); empty for an unknown classified."""
        for _ in range(_MOST_RACES):
            _, publications = self.classifieds.load(classified_id)
            entries = self._entries(classified_id)
            _, again = self.classifieds.load(classified_id)
            if [one.version for one in publications] == [one.version for one in again]:
                break
        return tuple(self._replay(publication, entries, until) for publication in publications)

    def _entries(self, classified_id: str) -> list[Entry]:
        found: list[Entry] = []
        after: str | None = None
        while True:
            page = self.classifieds.list_entries(classified_id, _PAGE, after)
            found += page.rows
            if page.after is None:
                return found[::-1]
            after = page.after

    def _replay(self, publication: Publication, entries: list[Entry], until: int | None) -> Replayed:
        mine = tuple(
            entry
            for entry in entries
            if entry.channel == publication.channel and (until is None or entry.creation_date <= until)
        )
        told = rebuild(mine)
        differences = find_differences(told, publication) if until is None else None
        lost = frozenset(entry.status_id for entry in mine if self._is_lost(entry.evidence))
        return Replayed(publication.channel, mine, told, differences, lost)

    def _is_lost(self, evidence: str | None) -> bool:
        place = None if evidence is None else Message.place_of(evidence)
        return place is not None and self.publications.message_of(*place) is None
