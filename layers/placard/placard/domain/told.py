"""How far a CRM has been told about one publication (lifecycle §7, step 6). Pure; instants are milliseconds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

from placard.domain.instants import MINUTE
from placard.domain.publication import Entry

# A telling whose wake-up the stream or the queue loses is found again this much later.
FOUND_AGAIN = 5 * MINUTE
# A replay or a new subscription may leave gaps of what was never told; beyond this many the oldest are closed.
_MOST_SPANS = 16


class Place(NamedTuple):
    """A publication, by its key."""

    classified_id: str
    channel: str


class Span(NamedTuple):
    """Entries created after `after` and up to `upto` are settled: accepted, or not asked for."""

    after: int
    upto: int


@dataclass(frozen=True, slots=True)
class Told:
    """How far one publication has been told.

    `spans` are the settled stretches of its timeline, in order and apart. `knocks` counts what became tellable, and looks
    that found the lease taken: who lets the lease go must have seen them all; `seen` are those of the last look that left
    nothing untold. `lease` names its holder.
    `tries`, `held_at` and `retry_at` belong to an entry that the CRM refused; nothing overtakes it.
    """

    classified_id: str
    channel: str
    customer: str
    version: int = 0
    knocks: int = 0
    spans: tuple[Span, ...] = ()
    lease: str | None = None
    lease_until: int | None = None
    tries: int = 0
    held_at: int | None = None
    retry_at: int | None = None
    due: int | None = None
    seen: int = 0

    @property
    def place(self) -> Place:
        """Its key."""
        return Place(self.classified_id, self.channel)


def position(told: Told, since: int) -> int:
    """Return the instant after which entries may be untold, for a subscription that tells what is created after `since`."""
    return next((span.upto for span in told.spans if span.after <= since <= span.upto), since)


def is_all_told(told: Told, since: int) -> bool:
    """Whether nothing has come up since a look left nothing untold, for a subscription as in `position`.

    Unlike a due time that is gone, this says so of a replay as well: nobody tells what comes up while nobody listens.
    """
    at_rest = told.lease is None and told.due is None and told.seen == told.knocks
    return at_rest and bool(told.spans) and told.spans[-1].after <= since <= told.spans[-1].upto


def untold(told: Told, entries: Iterable[Entry]) -> list[Entry]:
    """Return those of the entries, in their order, that are in no settled stretch."""
    return [entry for entry in entries if not any(s.after < entry.creation_date <= s.upto for s in told.spans)]


def settle(told: Told, since: int, upto: int) -> Told:
    """Return what was told after everything since `since` up to an entry's creation is settled."""
    if upto <= since:
        return told
    merged: list[Span] = []
    for span in sorted((*told.spans, Span(since, upto))):
        if merged and span.after <= merged[-1].upto:
            merged[-1] = Span(merged[-1].after, max(merged[-1].upto, span.upto))
        else:
            merged.append(span)
    while len(merged) > _MOST_SPANS:
        merged[:2] = [Span(merged[0].after, merged[1].upto)]
    return replace(told, spans=tuple(merged), tries=0, held_at=None, retry_at=None)
