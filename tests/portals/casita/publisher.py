"""Casita's calls."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

import httpx

from placard.domain.answers import Answer
from placard.domain.causes import Cause
from placard.domain.classified import Classified
from placard.domain.errors import PortalRejectedError, UnsupportedOperationError
from placard.domain.events import Operation, PortalEvent, Source
from placard.domain.problems import Problem
from placard.portals.base import Reply, Wire, quote_exchange, quote_reading, quoting
from placard.portals.breaker import connect_breaker
from placard.portals.reading import as_list, as_object, as_text
from placard.ports import Call, CircuitStore, Clock, Credentials, ListedAdvert, ListedPage, Question
from tests.portals.casita.answers import read_answer, require_api
from tests.portals.casita.interpretation import read_news, read_nothing
from tests.portals.casita.manifest import POLICY
from tests.portals.casita.renderer import CasitaRenderer

METHODS = {Operation.POST: "POST", Operation.PUT: "PUT", Operation.DELETE: "DELETE"}
HEADERS = {"User-Agent": "Placard", "Accept": "application/json", "Content-Type": "application/json"}


class CasitaPublisher(CasitaRenderer):
    """Publishes at Casita. `time_scale` shortens waits in the sandbox."""

    def __init__(
        self,
        base_url: str,
        credentials: Credentials,
        clock: Clock,
        *,
        time_scale: float = 1.0,
        client: httpx.Client | None = None,
        circuits: CircuitStore | None = None,
    ) -> None:
        super().__init__(credentials)
        self._clock, self._homes = clock, f"{base_url.rstrip('/')}/homes"
        self._wire = Wire(clock, client, HEADERS, connect_breaker(circuits, clock, POLICY.provider, time_scale))

    def send(self, call: Call) -> Answer:
        """Send one operation. A 202 says only that Casita has read it; its news tell the end."""
        method = METHODS.get(call.operation)
        if method is None:
            raise UnsupportedOperationError(f"Casita has no {call.operation}")
        path = "" if call.operation is Operation.POST else _path_of(call.remote_id)
        body = None if call.operation is Operation.DELETE else call.rendering.payload
        reply = self._call(call.classified.customer, method, path, call.traceparent, body=body)
        return quote_exchange(reply, lambda: read_answer(call, reply))

    def read(self, question: Question) -> tuple[PortalEvent, ...]:
        """Read the latest news of the home; a 404 says it is not there."""
        publication = question.publication
        if publication.remote_id is None:
            return ()
        customer, path = question.classified.customer, _path_of(publication.remote_id)
        reply = self._call(customer, "GET", path, publication.traceparent)
        if reply.status == 404:
            return (read_nothing(question, self._clock.now()),)
        said = _require(reply).read()
        evidence = quote_reading(reply.asked, said)
        return (read_news(said, Source.POLL, publication.remote_id, self._clock.now(), evidence),)

    def search(self, classified: Classified, channel: str) -> tuple[str, ...]:
        """Look for the home by our own key."""
        wanted = classified.classified_id
        query = {"reference": wanted}
        reply = self._call(classified.customer, "GET", "", classified.traceparent, query=query)
        homes = [as_object(home) for home in as_list(_require(reply).read().get("homes"))]
        found = [as_text(home.get("home")) for home in homes if home.get("reference") == wanted]
        return tuple(home for home in found if home)[:1]

    def list_adverts(self, customer: str, channel: str, after: str | None) -> ListedPage:
        """Return one page of the agency's homes."""
        query = {} if after is None else {"after": after}
        said = _require(self._call(customer, "GET", "", None, query=query)).read()
        homes = [as_text(as_object(home).get("home")) for home in as_list(said.get("homes"))]
        return ListedPage(tuple(ListedAdvert(home) for home in homes if home), as_text(said.get("next")))

    def _call(
        self,
        customer: str,
        method: str,
        path: str,
        traceparent: str | None,
        *,
        body: Mapping[str, object] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Reply:
        headers = {"Authorization": f"Bearer {self._key_of(customer)}"}
        headers |= {} if traceparent is None else {"traceparent": traceparent}
        url = self._homes + path
        reply = self._wire.call(method, url, account=customer, headers=headers, body=body, query=query)
        with quoting(reply):
            return require_api(reply)


def _path_of(home: str | None) -> str:
    return f"/{quote(home or '', safe='')}"


def _require(reply: Reply) -> Reply:
    """Return a reading's success; raises for a refusal."""
    if reply.succeeded:
        return reply
    problem = Problem.of(Cause.READING_REFUSED, status=reply.status)
    raise PortalRejectedError(problem.detail, (problem,), status_code=reply.status, body=reply.text)
