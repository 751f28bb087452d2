"""A publication rebuilt from its timeline alone, to be compared with the stored one. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from placard.domain.events import Advert, Operation
from placard.domain.lifecycle import Outcome, Word
from placard.domain.publication import Entry, Publication


@dataclass(frozen=True, slots=True)
class PortalFacts:
    """What the timeline tells of one portal: its word, its advert, and the revisions seen and acted on (0: none)."""

    word: Word = Word.RECEIVED
    advert: Advert = field(default_factory=Advert)
    next_operations: tuple[Operation, ...] = ()
    seen: int = 0
    acted: int = 0


@dataclass(frozen=True, slots=True)
class Facts:
    """What a publication knows, so far as its timeline tells it."""

    remote_id: str | None = None
    portals: Mapping[str, PortalFacts] = field(default_factory=dict)


def rebuild(entries: Iterable[Entry]) -> Facts:
    """Return the facts that a publication's entries lead to; `entries` in any order, all of one publication.

    Between the begin of an operation and its first entry a publication knows more than its timeline.
    """
    facts = Facts()
    for entry in sorted(entries, key=lambda entry: entry.creation_date):
        portals = dict(facts.portals)
        for portal in entry.portals:
            portals[portal] = _follow(portals.get(portal, PortalFacts()), entry)
        facts = Facts(entry.advert_id, portals)
    return facts


def facts_of(publication: Publication) -> Facts:
    """Return the same facts of a stored publication."""
    portals = {
        portal: PortalFacts(standing.word, standing.advert, standing.next_operations, standing.seen, standing.acted)
        for portal, standing in publication.standings.items()
    }
    return Facts(publication.remote_id, portals)


def _follow(known: PortalFacts, entry: Entry) -> PortalFacts:
    told = replace(known, advert=entry.advert or Advert(), next_operations=entry.next_operations)
    if entry.status is Word.RECEIVED:
        # `RECEIVED` stands beside the word of the revision before it, which has yet to end; alone it is the only word.
        first = known.seen == 0 or known.word is Word.RECEIVED
        seen = entry.revision if entry.sub_status is not None else known.seen
        return replace(told, seen=max(known.seen, seen), word=Word.RECEIVED if first else known.word)
    if entry.outcome is Outcome.SUPERSEDED:
        return told
    return replace(told, word=entry.status, acted=max(known.acted, entry.revision))
