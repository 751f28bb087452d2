"""OLX's calls (contracts/olx.md §1, §2 and §6)."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import httpx

from placard.domain.answers import Answer
from placard.domain.causes import Cause
from placard.domain.classified import Classified
from placard.domain.errors import CredentialsError, PortalRejectedError
from placard.domain.events import Operation, PortalEvent
from placard.domain.lifecycle import HOLDS_NOTHING
from placard.domain.problems import Problem
from placard.portals.base import Allowance, Reply, Turn, Wire, quote_exchange, quote_reading, quoting
from placard.portals.breaker import connect_breaker
from placard.portals.olx import mapping
from placard.portals.olx.accounts import ambiguous, choose_account, list_accounts
from placard.portals.olx.answers import Other, Step, judge, read_answer
from placard.portals.olx.credentials import APP_REFUSED
from placard.portals.olx.manifest import POLICY, RATE
from placard.portals.olx.meta import read_listed, read_meta, read_nothing
from placard.portals.olx.renderer import OlxRenderer
from placard.portals.olx.tokens import Tokens, account_of, identify, name_token
from placard.portals.reading import as_list, as_object, as_text
from placard.portals.resting import Rests
from placard.ports import Budget, Call, CircuitStore, Clock, Credentials, ListedAdvert, ListedPage, Question

logger = logging.getLogger(__name__)

HEADERS = {"User-Agent": "Placard", "Accept": "application/json", "Content-Type": "application/json"}
# §2: operation → method and path after `/advert/v1`.
ROUTES = {
    Operation.POST: ("POST", ""),
    Operation.PUT: ("PUT", "/{uuid}"),
    Operation.DELETE: ("DELETE", "/{uuid}"),
    Operation.DEACTIVATE: ("POST", "/{uuid}/deactivate"),
    Operation.ACTIVATE: ("POST", "/{uuid}/activate"),
}
PAGE = 100
MOST_PAGES = 20


class OlxPublisher(OlxRenderer):
    """Publishes at the OLX Group's sites. `time_scale` shortens waits in the sandbox; `budget` pays for the calls."""

    def __init__(
        self,
        base_url: str,
        credentials: Credentials,
        clock: Clock,
        *,
        time_scale: float = 1.0,
        client: httpx.Client | None = None,
        budget: Budget | None = None,
        circuits: CircuitStore | None = None,
    ) -> None:
        base_url = base_url.rstrip("/")
        self._adverts = f"{base_url}/advert/v1"
        super().__init__(credentials)
        self._clock = clock
        self._wire = Wire(clock, client, HEADERS, connect_breaker(circuits, clock, POLICY.provider, time_scale))
        rests = Rests("OLX", credentials, clock, time_scale)
        self._tokens = Tokens(base_url, credentials, rests, clock, time_scale)
        self._budget = budget

    def send(self, call: Call) -> Answer:
        """Send one operation. A 2xx says only that the shape was valid; the site tells the end later (§2)."""
        method, path = ROUTES[call.operation]
        turn = self._turn(call.classified.customer)
        token = self._token_of(turn, call.classified, call.channel, call.remote_id)
        sends = call.operation in (Operation.POST, Operation.PUT)
        reply = self._call(
            turn,
            token,
            method,
            path.format(uuid=quote(call.remote_id or "", safe="")),
            doing=call.operation,
            body=call.rendering.payload if sends else None,
            traceparent=call.traceparent,
        )
        return quote_exchange(reply, lambda: read_answer(call, reply))

    def read(self, question: Question) -> tuple[PortalEvent, ...]:
        """Read the advert's meta; a 404 says it is not there."""
        publication = question.publication
        if publication.remote_id is None:
            return ()
        turn = self._turn(question.classified.customer)
        token = self._token_of(turn, question.classified, publication.channel, publication.remote_id)
        reply = self._call(
            turn, token, "GET", f"/{quote(publication.remote_id, safe='')}/meta", traceparent=publication.traceparent
        )
        if reply.status == 404:
            return (read_nothing(question, self._clock.now()),)
        data = as_object(_require(reply).get("data"))
        event = read_meta(question, data, self._clock.now())
        return (replace(event, evidence=quote_reading(reply.asked, data)),)

    def search(self, classified: Classified, channel: str) -> tuple[str, ...]:
        """Look through the adverts of the listing's account, or of all where it names none, for our own id.

        Raises CredentialsError where nothing was found and an account could not be looked through.
        """
        turn, own_id = self._turn(classified.customer), mapping.name_advert(classified)
        accounts = list_accounts(self._credentials, classified.customer, channel)
        chosen = choose_account(classified, channel, accounts)
        names = accounts if chosen is None else (chosen,)
        paths = [_path_of(classified, channel, name) for name in names]
        trace = classified.traceparent
        found = self._first(paths, lambda path: self._look_through(turn, path, own_id, channel, trace))
        return () if found is None else (found,)

    def list_adverts(self, customer: str, channel: str, after: str | None) -> ListedPage:
        """Return one page of what the customer's accounts on a site list, one account after the other.

        How the list is paged is not documented (§2): an account ends at what is short, empty, or the page before again.
        """
        names = list_accounts(self._credentials, customer, channel)
        account, page, before = (min(names), 1, None) if after is None else json.loads(after)
        path = name_token(customer, channel, account)
        query = {"page": str(page), "limit": str(PAGE)}
        reply = self._call(self._turn(customer), path, "GET", "/meta", query=query)
        items = [as_object(item) for item in as_list(_require(reply).get("data"))]
        adverts = tuple(
            ListedAdvert(remote_id, read_listed(item, channel))
            for item in items
            if (remote_id := as_text(item.get("uuid"))) is not None
        )
        first = adverts[0].remote_id if adverts else None
        if first is None or first == before or len(items) < PAGE:
            following = next((name for name in sorted(names) if name > account), None)
            return ListedPage(adverts, None if following is None else json.dumps([following, 1, None]))
        return ListedPage(adverts, json.dumps([account, page + 1, first]))

    def _look_through(self, turn: Turn, path: str, own_id: str, channel: str, trace: str | None) -> str | None:
        """Look through one account for our own id. An advert that was deleted is none: a new POST revives it."""
        found: dict[str, str] = {}
        seen: set[str] = set()
        for page in range(1, MOST_PAGES + 1):
            query = {"page": str(page), "limit": str(PAGE)}
            reply = self._call(turn, path, "GET", "/meta", query=query, traceparent=trace)
            items = [as_object(item) for item in as_list(_require(reply).get("data"))]
            fresh = [item for item in items if as_text(item.get("uuid")) and str(item["uuid"]) not in seen]
            seen |= {str(item["uuid"]) for item in fresh}
            for item in fresh:
                if as_object(item.get("custom_fields")).get("id") == own_id and not _is_deleted(item, channel):
                    found[str(item["uuid"])] = as_text(item.get("last_action_at")) or ""
            # How the list is paged is not documented (§2): stop at what is short, empty, or a page seen before.
            if found or not fresh or len(items) < PAGE:
                return max(found, key=lambda uuid: found[uuid], default=None)
        logger.warning("the account lists more adverts than were looked through", extra={"channel": channel})
        return None

    def _first(self, paths: Sequence[str], find: Callable[[str], str | None]) -> str | None:
        """Return what is found in the first account that has it. One whose consent is gone does not hide the others."""
        closed: CredentialsError | None = None
        for path in paths:
            try:
                found = find(path)
            except CredentialsError as error:
                if error.problem.code == APP_REFUSED.code:
                    raise
                closed = error
            else:
                if found is not None:
                    return found
        if closed is not None:
            raise closed
        return None

    def _turn(self, customer: str) -> Turn:
        if self._budget is None:
            return Turn(self._wire)
        return Turn(self._wire, Allowance(self._budget, POLICY.provider, RATE, customer))

    def _call(
        self,
        turn: Turn,
        token_name: str,
        method: str,
        path: str,
        *,
        doing: Operation | Other = Other.READING,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
        traceparent: str | None = None,
    ) -> Reply:
        """Call with the account's token; one that has expired is renewed once and the call repeated (§0, rule 8)."""
        app = self._tokens.app()
        token = self._tokens.read(turn, token_name)
        for renewed in (False, True):
            headers = {**identify(app), "Authorization": f"Bearer {token}"}
            if traceparent is not None:
                headers["traceparent"] = traceparent
            account = account_of(token_name)
            reply = turn.call(method, self._adverts + path, account=account, headers=headers, body=body, query=query)
            step = judge(doing, reply, renewed=renewed)
            if step is not Step.RENEW:
                break
            token = self._tokens.renew(turn, token_name, token)
        error = self._tokens.stop(step, reply, app=app, name=token_name, token=token)
        if error is not None:
            with quoting(reply):
                raise error
        return reply

    def _token_of(self, turn: Turn, classified: Classified, channel: str, remote_id: str | None) -> str:
        """Return the path of the token to use. Where a deleted listing no longer names its account, the advert does."""
        accounts = list_accounts(self._credentials, classified.customer, channel)
        chosen = choose_account(classified, channel, accounts)
        if chosen is not None:
            return _path_of(classified, channel, chosen)
        paths = [_path_of(classified, channel, name) for name in accounts]
        if remote_id is None:
            raise ambiguous(channel)
        trace = classified.traceparent
        found = self._first(paths, lambda path: self._shows(turn, path, remote_id, trace))
        if found is None:
            raise ambiguous(channel)
        return found

    def _shows(self, turn: Turn, path: str, remote_id: str, trace: str | None) -> str | None:
        """Return the account's path again where the advert is one of its own."""
        meta = f"/{quote(remote_id, safe='')}/meta"
        return path if self._call(turn, path, "GET", meta, traceparent=trace).succeeded else None


def _path_of(classified: Classified, channel: str, account: str) -> str:
    return name_token(classified.customer, channel, account)


def _is_deleted(item: Mapping[str, Any], channel: str) -> bool:
    """Whether an advert is gone: deleted, or refused to be deleted once more."""
    action, advert = item.get("last_action_status"), read_listed(item, channel)
    return action == "DELETED" or (action == "NOT_DELETED" and (advert is None or advert.state in HOLDS_NOTHING))


def _require(reply: Reply) -> dict[str, Any]:
    """Return the body of a reading; PortalRejectedError where the portal refuses to answer."""
    if reply.succeeded:
        return reply.read()
    problem = Problem.of(Cause.READING_REFUSED, status=reply.status)
    raise PortalRejectedError(problem.detail, (problem,), status_code=reply.status, body=reply.text)
