"""What the hub reads at Spotahome in place of callbacks, and what a listing process is asked (contracts/spotahome.md §3, §6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import httpx

from placard.domain.errors import PortalRejectedError
from placard.domain.events import PortalEvent
from placard.portals.spotahome.accounts import choose_account
from placard.portals.spotahome.answers import refuse
from placard.portals.spotahome.api import PROCESSES, Visit, connect, read_row
from placard.portals.spotahome.states import CANCELLED, interpret_row
from placard.ports import Budget, CircuitStore, Clock, Credentials, Row, Sheet


class SpotahomePoller:
    """Reads listing processes page by page. Takes what a publisher takes."""

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
        self._credentials = credentials
        self._api = connect(base_url, create_url, credentials, clock, time_scale, client, budget, circuits)

    def page(self, customer: str, page: int, state: str | None = None) -> Sheet:
        """Return one page; an item without an id or a state is left out."""
        query = {} if state is None else {"state": state}
        found = self._visit(customer).list_page("/listing-processes", PROCESSES, query, page)
        rows = (read_row(item) for item in found.items)
        return Sheet(tuple(row for row in rows if row is not None), page, found.last)

    def published(self, customer: str, property_ids: Sequence[str]) -> Mapping[str, bool]:
        """Return which of these properties the public can see."""
        return self._visit(customer).published(property_ids)

    def cancel(self, customer: str, process_id: int, traceparent: str | None = None) -> None:
        """Cancel a process; one that is unknown, or is cancelled already, is cancelled (§4)."""
        visit = self._visit(customer, traceparent)
        try:
            self._change(visit, "DELETE", f"{process_id}", missing_is_done=True)
        except PortalRejectedError as error:
            if error.status_code != 409 or not _is_cancelled(visit, process_id):
                raise

    def assign(self, customer: str, process_id: int, agent_id: str | None, traceparent: str | None = None) -> None:
        """Assign an agent, or none."""
        body = None if agent_id is None else {"agentId": agent_id}
        visit = self._visit(customer, traceparent)
        self._change(visit, "DELETE" if body is None else "PUT", f"{process_id}/assignation", body)

    def _change(
        self,
        visit: Visit,
        method: str,
        path: str,
        body: Mapping[str, str] | None = None,
        *,
        missing_is_done: bool = False,
    ) -> None:
        reply = visit.call(method, f"{self._api.base_url}/listing-processes/{path}", body=body)
        missing = reply.status == 404 and reply.said is not None
        if not reply.succeeded and not (missing and missing_is_done):
            raise refuse(reply)

    def _visit(self, customer: str, traceparent: str | None = None) -> Visit:
        return self._api.visit(choose_account(self._credentials, customer), traceparent)

    def interpret(self, row: Row, process_known: str | None, observed_at: int) -> PortalEvent:
        """Return what a row says of its property."""
        return interpret_row(row, process_known, observed_at)


def _is_cancelled(visit: Visit, process_id: int) -> bool:
    """Whether a process is cancelled. None is read by its path: the list is filtered by its id (§1)."""
    found = visit.list_page("/listing-processes", PROCESSES, {"id": str(process_id)}, 1)
    rows = [row for row in map(read_row, found.items) if row is not None]
    return any((row.process_id, row.state) == (process_id, CANCELLED) for row in rows)
