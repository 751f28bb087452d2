"""Where a stored publication and the one rebuilt from its timeline disagree. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

from placard.domain.events import Advert
from placard.domain.lifecycle import Word
from placard.domain.publication import Publication
from placard.domain.replay import Facts, PortalFacts, facts_of


@dataclass(frozen=True, slots=True)
class Difference:
    """One fact that the timeline tells otherwise than the publication; `portal` is empty for one of the whole channel."""

    portal: str
    fact: str
    told: str
    stored: str


def find_differences(told: Facts, publication: Publication) -> tuple[Difference, ...]:
    """Return what the timeline tells otherwise, in the order of the portals; `told` is what `rebuild` made of it.

    Two things are no entry and so no difference: an operation that was begun and is not answered yet, and a portal's own word
    that came along with the end of an operation and said nothing else.
    """
    return tuple(_compare(told, publication))


def _compare(told: Facts, publication: Publication) -> Iterator[Difference]:
    stored = facts_of(publication)
    if publication.running is None and told.remote_id != stored.remote_id:
        yield Difference("", "advert id", _text(told.remote_id), _text(stored.remote_id))
    blank = PortalFacts()
    for portal in sorted(told.portals.keys() | stored.portals.keys()):
        standing = publication.standings.get(portal)
        begun = standing is not None and standing.open and standing.acted_on
        pair = told.portals.get(portal, blank), stored.portals.get(portal, blank)
        yield from _compare_portal(portal, *pair, begun=begun and pair[1].word is Word.RECEIVED)


def _compare_portal(portal: str, told: PortalFacts, stored: PortalFacts, *, begun: bool) -> Iterator[Difference]:
    if not begun and told.word is not stored.word:
        yield Difference(portal, "status", told.word.value, stored.word.value)
    if told.seen != stored.seen:
        yield Difference(portal, "revision seen", str(told.seen), str(stored.seen))
    if not begun and told.acted != stored.acted:
        yield Difference(portal, "revision acted on", str(told.acted), str(stored.acted))
    for member in (field.name for field in fields(Advert)):
        if member == "code" and told.advert.state is stored.advert.state:
            continue
        one, other = getattr(told.advert, member), getattr(stored.advert, member)
        if one != other:
            yield Difference(portal, f"advert {member}", _text(one), _text(other))


def _text(value: object) -> str:
    return "–" if value is None else str(value)
