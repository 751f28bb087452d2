"""What the hub does at Spotahome: create a property, cancel its listing process, and ask (contracts/spotahome.md §3, §5)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any
from urllib.parse import urlsplit

import httpx

from placard.domain.answers import Answer, Result
from placard.domain.causes import Cause
from placard.domain.classified import Classified
from placard.domain.errors import PortalRejectedError, PortalUnavailableError, UnsupportedOperationError
from placard.domain.events import Operation, PortalEvent
from placard.domain.instants import SECOND
from placard.domain.problems import Problem
from placard.portals.base import Reply, quote_exchange, quote_reading
from placard.portals.reading import as_object, as_text
from placard.portals.spotahome import mapping
from placard.portals.spotahome.accounts import owner_of
from placard.portals.spotahome.answers import refuse
from placard.portals.spotahome.api import PROPERTIES, Visit, connect
from placard.portals.spotahome.renderer import SpotahomeRenderer
from placard.portals.spotahome.states import CANCELLED, CHECKED, interpret_row
from placard.ports import Budget, Call, CircuitStore, Clock, Credentials, Question, Row

CREATED_AT = re.compile(r"/properties/([^/]+)/?$")
STILL_PUBLIC = Problem.of(Cause.CHECKED_BY_HAND, portal="Spotahome")


class SpotahomePublisher(SpotahomeRenderer):
    """Publishes at Spotahome. `create_url` is where it takes new properties; `time_scale` shortens waits in the sandbox.

    `budget` pays for the calls.
    """

    def __init__(
        self,
        base_url: str,
        create_url: str,
        credentials: Credentials,
        clock: Clock,
        *,
        time_scale: float = 1.0,
        client: httpx.Client | None = None,
        budget: Budget | None = None,
        circuits: CircuitStore | None = None,
    ) -> None:
        super().__init__(credentials)
        self._clock, self._scale = clock, time_scale
        self._api = connect(base_url, create_url, credentials, clock, time_scale, client, budget, circuits)

    def send(self, call: Call) -> Answer:
        """Create a property or cancel its listing process; Spotahome's pages show nothing else (§5)."""
        if call.operation is Operation.POST:
            # The look before it (`Policy.looks_first`) has waited for the turn of both; else a long look would use up what
            # the creation needs, and begin anew each time.
            return self._create(self._visit(call.classified, call.traceparent, begun=True), call)
        if call.operation is Operation.DELETE:
            return self._cancel(self._visit(call.classified, call.traceparent), call.remote_id or "")
        raise UnsupportedOperationError(f"Spotahome has no {call.operation}")

    def _create(self, visit: Visit, call: Call) -> Answer:
        body = {**call.rendering.payload, "ownerId": owner_of(visit.account, call.rendering.payload)}
        reply = visit.call("POST", f"{self._api.create_url}/public/listings/properties", body=body)
        return quote_exchange(reply, lambda: _read_creation(reply, call))

    def _cancel(self, visit: Visit, property_id: str) -> Answer:
        """Cancel a property's listing process; what is not there is cancelled (§4)."""
        row = _newest_process(visit, property_id)
        if row is None:
            return _settle(visit, property_id)
        if row.state == CANCELLED:
            return Answer(Result.DONE, details=CANCELLED)
        reply = visit.call("DELETE", f"{self._api.base_url}/listing-processes/{row.process_id}")
        return quote_exchange(reply, lambda: self._read_cancel(visit, property_id, reply))

    def _read_cancel(self, visit: Visit, property_id: str, reply: Reply) -> Answer:
        if reply.succeeded or (reply.status == 404 and reply.said is not None):
            return Answer(Result.DONE, details=f"HTTP {reply.status}")
        if reply.status != 409 or reply.said is None:
            raise refuse(reply, None)
        again = _newest_process(visit, property_id)
        if again is not None and again.state not in CHECKED and again.state != CANCELLED:
            wait = int(SECOND * self._scale)
            raise PortalUnavailableError("moved while it was cancelled", taken=False, wait=wait, status_code=409)
        if again is not None and again.state == CANCELLED:
            return Answer(Result.DONE, details=CANCELLED)
        return _settle(visit, property_id)

    def read(self, question: Question) -> tuple[PortalEvent, ...]:
        """Ask how the property stands. Without a process there is nothing to say: it may be about to be opened."""
        remote_id = question.publication.remote_id
        if remote_id is None:
            return ()
        row = self._visit(question.classified, question.publication.traceparent).observe(remote_id)
        if row is None:
            return ()
        event = interpret_row(row, None, self._clock.now())
        evidence = quote_reading("listing process", {**asdict(row), "raw": None} | dict(row.raw))
        # A word nobody knows is told by the sweep that met it; a reading would repeat it each time.
        return (replace(event, at=event.at if event.known else None, evidence=evidence),)

    def search(self, classified: Classified, channel: str) -> tuple[str, ...]:
        """Look for the owner's properties at this address, of this type; one whose processes were cancelled is over.

        The filter `address` is a regular expression over the lines of an address (§5), so its text is escaped. It finds
        the text wherever it stands: house number 11 where 1 was asked for.
        """
        visit = self._visit(classified, classified.traceparent)
        payload = mapping.render(classified, channel).payload
        place = as_object(payload.get("location"))
        address = as_text(place.get("addressLine1"))
        if address is None:
            return ()
        owner = owner_of(visit.account, payload)
        query = {"ownerId": owner, "address": escape(address)}
        items = visit.list_all("/properties", PROPERTIES, query)
        alike = [
            found
            for item in items
            if (found := as_text(item.get("id"))) is not None
            and item.get("ownerId", owner) == owner
            and item.get("type", payload.get("type")) == payload.get("type")
            and _is_at(as_object(item.get("location")), place)
        ]
        return tuple(found for found in dict.fromkeys(alike) if not _is_over(visit, found))

    def _visit(self, classified: Classified, traceparent: str | None, *, begun: bool = False) -> Visit:
        return self._api.visit(self._account_of(classified), traceparent, begun=begun)


def _read_creation(reply: Reply, call: Call) -> Answer:
    if not reply.succeeded:
        raise refuse(reply, call.classified.body)
    found = CREATED_AT.search(urlsplit(reply.headers.get("location", "")).path)
    if found is None:
        raise PortalUnavailableError("a creation without its id", taken=True, status_code=reply.status, body=reply.text)
    return Answer(Result.ACCEPTED, remote_id=found[1])


def _newest_process(visit: Visit, property_id: str) -> Row | None:
    return next(iter(visit.processes_of(property_id)), None)


def _settle(visit: Visit, property_id: str) -> Answer:
    """Answer for a property that no process can take off any more: by whether the public sees it (lifecycle §6)."""
    if visit.published([property_id]).get(property_id):
        raise PortalRejectedError(STILL_PUBLIC.detail, (STILL_PUBLIC,), status_code=409)
    return Answer(Result.DONE, details="not public")


def _is_over(visit: Visit, property_id: str) -> bool:
    rows = visit.processes_of(property_id)
    return bool(rows) and all(row.state == CANCELLED for row in rows)


def escape(text: str) -> str:
    """Return a text as a regular expression that matches itself alone, whichever engine reads it."""
    return re.sub(r"([\\.^$*+?{}\[\]|()])", r"\\\1", text)


# What tells two homes at one address apart, where the list shows it: its members are not documented.
_APART = ("addressLine2", "cityId", "postalCode")


def _is_at(shown: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether a property can be at an address: nothing that the list shows of it is otherwise."""
    line = as_text(shown.get("addressLine1"))
    if line is not None and _words(line) != _words(as_text(wanted.get("addressLine1")) or ""):
        return False
    return all(name not in shown or shown[name] == wanted.get(name) for name in _APART)


def _words(text: str) -> list[str]:
    """Return what a portal may not have changed when it wrote an address in its own way."""
    return re.findall(r"\w+", text.casefold())
