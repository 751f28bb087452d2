"""Spotahome as the hub's poller sees it, played by the test: a list in pages, with the traps of contracts/spotahome.md §6."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from placard.domain.errors import PortalUnavailableError
from placard.domain.events import Advert, AdvertState, PortalEvent, Source
from placard.ports import Clock, Row, Sheet

ADVERTS = {
    "cancelled": AdvertState.WITHDRAWN,
    "propertyUnverified": AdvertState.REJECTED,
    "waitingContent": AdvertState.PENDING,
    "waitingProperty": AdvertState.PENDING,
}


def interpret(row: Row, process_known: str | None, observed_at: int) -> PortalEvent:
    """Return what a row says: enough of lifecycle §6 to tell live from not."""
    state = AdvertState.LIVE if row.published else ADVERTS.get(row.state, AdvertState.PENDING)
    advert = Advert(state, row.state)
    return PortalEvent(Source.POLL, row.property_id, observed_at, row.state, at=observed_at, advert=advert)


@dataclass
class PlayedSpotahome:
    """Implements `placard.ports.Poller`. `requests` are the instants of all calls.

    `before` is called with the number of each request: it may change `rows`, or raise in the portal's stead.
    """

    clock: Clock
    rows: dict[int, Row] = field(default_factory=dict)
    visible: dict[str, bool] = field(default_factory=dict)
    order: list[int] | None = None
    per_page: int = 100
    knows_last: bool = True
    before: Callable[[int], None] = lambda request: None
    requests: list[int] = field(default_factory=list)
    pages: list[tuple[str, int, str | None]] = field(default_factory=list)
    pushed: list[tuple[str, int, str | None]] = field(default_factory=list)
    traces: list[str | None] = field(default_factory=list)
    refuses: Exception | None = None

    def list(self, rows: Iterable[Row]) -> None:
        """Put rows into the list, in the place of those with the same numbers."""
        self.rows |= {row.process_id: row for row in rows}

    def page(self, customer: str, page: int, state: str | None = None) -> Sheet:
        self._count()
        self.pages.append((customer, page, state))
        listed = [self.rows[number] for number in self.order or self.rows if number in self.rows]
        kept = [row for row in listed if state is None or row.state == state]
        start = (page - 1) * self.per_page
        last = max(1, -(-len(kept) // self.per_page))
        return Sheet(tuple(kept[start : start + self.per_page]), page, last if self.knows_last else None)

    def published(self, customer: str, property_ids: Sequence[str]) -> Mapping[str, bool]:
        self._count()
        return {one: self.visible[one] for one in property_ids if one in self.visible}

    def cancel(self, customer: str, process_id: int, traceparent: str | None = None) -> None:
        self.traces.append(traceparent)
        self._push("cancel", process_id, None)
        self.rows[process_id] = replace(self.rows[process_id], state="cancelled")

    def assign(self, customer: str, process_id: int, agent_id: str | None, traceparent: str | None = None) -> None:
        self.traces.append(traceparent)
        self._push("assign", process_id, agent_id)
        self.rows[process_id] = replace(self.rows[process_id], agent_id=agent_id)

    def interpret(self, row: Row, process_known: str | None, observed_at: int) -> PortalEvent:
        return interpret(row, process_known, observed_at)

    def _count(self) -> None:
        self.requests.append(self.clock.now())
        self.before(len(self.requests))

    def _push(self, name: str, process_id: int, agent_id: str | None) -> None:
        self.pushed.append((name, process_id, agent_id))
        if self.refuses is not None:
            raise self.refuses


def unavailable(request: int, every: int) -> None:
    """Fail every so many requests, as a busy portal does."""
    if request % every == 0:
        raise PortalUnavailableError("HTTP 500", taken=True, status_code=500)
