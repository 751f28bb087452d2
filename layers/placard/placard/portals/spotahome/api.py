"""Spotahome's calls with an account's token, and its lists (contracts/spotahome.md §2, §3, §5, §6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import httpx

from placard.domain.causes import Cause
from placard.domain.errors import CredentialsError, PortalRejectedError, PortalUnavailableError
from placard.domain.instants import MINUTE
from placard.domain.problems import Problem
from placard.portals.base import Allowance, Reply, Turn, Wire
from placard.portals.breaker import connect_breaker
from placard.portals.reading import as_number, as_object, as_text
from placard.portals.spotahome.accounts import Account
from placard.portals.spotahome.answers import refuse
from placard.portals.spotahome.hal import HalPage, is_last, read_page
from placard.portals.spotahome.manifest import POLICY
from placard.portals.spotahome.states import CHECKED
from placard.portals.spotahome.tokens import Tokens
from placard.ports import Budget, CircuitStore, Clock, Credentials, Row

HEADERS = {"Accept": "application/json", "Content-Type": "application/json"}
PROCESSES, PROPERTIES = "sah:listing-processes", "sah:properties"
PER_PAGE = 100
# What is looked through for one property or one address.
MOST_PAGES = 10
# §7: the wait after a 429 that names none.
THROTTLED = MINUTE
# As many ids as a URL carries anywhere.
MOST_IDS = 50


@dataclass(frozen=True, slots=True)
class SpotahomeApi:
    """The listings' and the creating host. `scale` shortens waits in the sandbox; `budget` pays for the calls."""

    base_url: str
    create_url: str
    wire: Wire
    tokens: Tokens
    scale: float = 1.0
    budget: Budget | None = None

    def visit(self, account: Account, traceparent: str | None = None, *, begun: bool = False) -> Visit:
        """Begin one operation or one question with an account; one that has `begun` waited for its turn before."""
        allowance = None
        if self.budget is not None and POLICY.rate is not None:
            allowance = Allowance(self.budget, f"{POLICY.provider}/{account.path}", POLICY.rate)
        return Visit(self, account, Turn(self.wire, allowance, begun), traceparent)


@dataclass(frozen=True, slots=True)
class Visit:
    """The calls of one operation or one question: one account's token, its share of calls, the trace of the CRM's request."""

    api: SpotahomeApi
    account: Account
    turn: Turn
    traceparent: str | None = None

    def call(
        self,
        method: str,
        url: str,
        *,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Reply:
        """Call with the account's token; one that is refused is replaced once and the call repeated (§7)."""
        tokens = self.api.tokens
        token = tokens.read(self.turn, self.account)
        for last in (False, True):
            reply = self._send(method, url, token, body, query)
            if reply.status != 401:
                return reply
            if not last:
                token = tokens.renew(self.turn, self.account, token)
        cause = (
            Cause.ACCOUNT_MAY_NOT if tokens.is_known(self.turn, self.account, token) else Cause.ACCOUNT_TOKEN_REFUSED
        )
        raise CredentialsError(Problem.of(cause, portal="Spotahome"), status_code=401)

    def _send(
        self, method: str, url: str, token: str, body: Mapping[str, Any] | None, query: Mapping[str, str] | None
    ) -> Reply:
        headers = {"Authorization": token}
        if self.traceparent is not None:
            headers["traceparent"] = self.traceparent
        try:
            account = self.account.path
            return self.turn.call(method, url, account=account, headers=headers, body=body, query=query)
        except PortalUnavailableError as error:
            if error.throttled and error.wait is None:
                error.wait = int(THROTTLED * self.api.scale)
            raise

    def list_page(self, path: str, relation: str, query: Mapping[str, str], number: int) -> HalPage:
        """Return one page of a list; the query is built anew for each, because links lose the filters (§6)."""
        asked = {**query, "page": str(number), "itemsPerPage": str(PER_PAGE)}
        reply = self.call("GET", self.api.base_url + path, query=asked)
        if not reply.succeeded:
            raise refuse(reply)
        return read_page(reply.read(), relation)

    def list_all(self, path: str, relation: str, query: Mapping[str, str]) -> list[Mapping[str, Any]]:
        """Return the items of a short list; one that is not found has none."""
        items: list[Mapping[str, Any]] = []
        for number in range(1, MOST_PAGES + 1):
            try:
                page = self.list_page(path, relation, query, number)
            except PortalRejectedError as error:
                if error.status_code != 404:
                    raise
                break
            items += page.items
            if is_last(page, number):
                break
        return items

    def processes_of(self, property_id: str) -> list[Row]:
        """Return a property's listing processes, the newest first: a later one has the greater id (§4)."""
        items = self.list_all("/listing-processes", PROCESSES, {"propertyId": property_id})
        rows = [row for row in map(read_row, items) if row is not None and row.property_id == property_id]
        return sorted(rows, key=lambda row: row.process_id, reverse=True)

    def published(self, property_ids: Sequence[str]) -> dict[str, bool]:
        """Return which properties the public can see; one that is not listed is left out.

        The member `published` of an item is not documented, the filter of that name is (§5): it is asked where the member is
        silent.
        """
        found: dict[str, Any] = {}
        wanted = list(dict.fromkeys(property_ids))
        for start in range(0, len(wanted), MOST_IDS):
            query = {"ids": ",".join(wanted[start : start + MOST_IDS])}
            items = self.list_all("/properties", PROPERTIES, query)
            shown = {str(item["id"]): item.get("published") for item in items if as_text(item.get("id")) in wanted}
            if any(not isinstance(value, bool) for value in shown.values()):
                items = self.list_all("/properties", PROPERTIES, {**query, "published": "true"})
                public = {as_text(item.get("id")) for item in items}
                shown = {name: value if isinstance(value, bool) else name in public for name, value in shown.items()}
            found |= shown
        return found

    def observe(self, property_id: str) -> Row | None:
        """Return a property's newest process, with whether the property is public where that decides; None without one."""
        row = next(iter(self.processes_of(property_id)), None)
        if row is None or row.state not in CHECKED:
            return row
        return replace(row, published=self.published([property_id]).get(property_id))


def connect(
    base_url: str,
    create_url: str,
    credentials: Credentials,
    clock: Clock,
    scale: float,
    client: httpx.Client | None,
    budget: Budget | None = None,
    circuits: CircuitStore | None = None,
) -> SpotahomeApi:
    """Return the calls of one hub, over one client."""
    wire = Wire(clock, client, HEADERS, connect_breaker(circuits, clock, POLICY.provider, scale))
    base_url = base_url.rstrip("/")
    tokens = Tokens(base_url, credentials, clock, scale)
    return SpotahomeApi(base_url, create_url.rstrip("/"), wire, tokens, scale, budget)


_MEMBERS = frozenset({"id", "state", "locator", "accountId", "propertyId", "agentId"})


def read_row(item: Mapping[str, Any]) -> Row | None:
    """Return a listing process, None without its id or state: all else is optional (§3)."""
    number, state = as_number(item.get("id")), as_text(as_object(item.get("state")).get("state"))
    if not isinstance(number, int) or state is None:
        return None
    return Row(
        process_id=number,
        state=state,
        locator=as_text(item.get("locator")),
        account_id=as_text(item.get("accountId")),
        property_id=as_text(item.get("propertyId")),
        agent_id=as_text(item.get("agentId")),
        raw={name: value for name, value in item.items() if name not in _MEMBERS},
    )
