"""OLX's calls (contracts/olx.md §1, §2 and §6)."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import httpx

from placard.domain.answers import Answer
from placard.domain.classified import Classified
from placard.domain.errors import PortalRejectedError
from placard.domain.events import Operation, PortalEvent
from placard.domain.policy import Rendering
from placard.domain.problems import Problem
from placard.portals.base import Reply, Wire
from placard.portals.olx import mapping
from placard.portals.olx.accounts import ambiguous, choose_account, list_accounts
from placard.portals.olx.answers import Other, Step, judge, read_answer, stop
from placard.portals.olx.meta import read_meta, read_nothing
from placard.portals.olx.tokens import Tokens
from placard.portals.reading import as_list, as_object, as_text
from placard.ports import Call, Clock, Credentials, Question

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


class OlxPublisher:
    """Publishes at the OLX Group's sites. `time_scale` shortens waits in the sandbox."""

    def __init__(
        self,
        base_url: str,
        credentials: Credentials,
        clock: Clock,
        *,
        time_scale: float = 1.0,
        client: httpx.Client | None = None,
    ) -> None:
        base_url = base_url.rstrip("/")
        self._adverts = f"{base_url}/advert/v1"
        self._credentials, self._clock = credentials, clock
        self._wire = Wire(clock, client, HEADERS)
        self._tokens = Tokens(base_url, credentials, clock, self._wire, time_scale)

    def render(self, classified: Classified, channel: str) -> Rendering:
        """Return the advert for one site."""
        return mapping.render(classified, channel)

    def send(self, call: Call) -> Answer:
        """Send one operation. A 2xx says only that the shape was valid; the site tells the end later (§2)."""
        method, path = ROUTES[call.operation]
        token = self._token_of(call.classified, call.channel, call.remote_id)
        sends = call.operation in (Operation.POST, Operation.PUT)
        reply = self._call(
            token,
            method,
            path.format(uuid=quote(call.remote_id or "", safe="")),
            doing=call.operation,
            body=call.rendering.payload if sends else None,
            traceparent=call.traceparent,
        )
        return read_answer(call, reply)

    def read(self, question: Question) -> tuple[PortalEvent, ...]:
        """Read the advert's meta; a 404 says it is not there."""
        publication = question.publication
        if publication.remote_id is None:
            return ()
        token = self._token_of(question.classified, publication.channel, publication.remote_id)
        reply = self._call(token, "GET", f"/{quote(publication.remote_id, safe='')}/meta")
        if reply.status == 404:
            return (read_nothing(question, self._clock.now()),)
        return (read_meta(question, as_object(_require(reply).get("data")), self._clock.now()),)

    def search(self, classified: Classified, channel: str) -> tuple[str, ...]:
        """Look through the account's adverts for our own id. One that was deleted is none: a new POST revives it."""
        token, own_id = self._token_of(classified, channel, None), mapping.name_advert(classified)
        found: dict[str, str] = {}
        seen: set[str] = set()
        for page in range(1, MOST_PAGES + 1):
            reply = self._call(token, "GET", "/meta", query={"page": str(page), "limit": str(PAGE)})
            items = [as_object(item) for item in as_list(_require(reply).get("data"))]
            fresh = [item for item in items if as_text(item.get("uuid")) and str(item["uuid"]) not in seen]
            seen |= {str(item["uuid"]) for item in fresh}
            for item in fresh:
                if as_object(item.get("custom_fields")).get("id") == own_id and not _is_deleted(item):
                    found[str(item["uuid"])] = as_text(item.get("last_action_at")) or ""
            # How the list is paged is not documented (§2): stop at what is short, empty, or a page seen before.
            if found or not fresh or len(items) < PAGE:
                return tuple(sorted(found, key=lambda uuid: found[uuid], reverse=True)[:1])
        logger.warning("the account lists more adverts than were looked through", extra={"channel": channel})
        return ()

    def _call(
        self,
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
        token = self._tokens.read(token_name)
        for renewed in (False, True):
            headers = {**self._tokens.headers(), "Authorization": f"Bearer {token}"}
            if traceparent is not None:
                headers["traceparent"] = traceparent
            reply = self._wire.call(method, self._adverts + path, headers=headers, body=body, query=query)
            step = judge(doing, reply, renewed=renewed)
            if step is not Step.RENEW:
                break
            token = self._tokens.renew(token_name, token)
        error = stop(step, reply)
        if error is not None:
            raise error
        return reply

    def _token_of(self, classified: Classified, channel: str, remote_id: str | None) -> str:
        """Return the path of the token to use. Where a deleted listing no longer names its account, the advert does."""
        accounts = list_accounts(self._credentials, classified.customer, channel)
        paths = {name: f"olx/token/{classified.customer}/{channel}/{name}" for name in accounts}
        chosen = choose_account(classified, channel, accounts)
        if chosen is not None:
            return paths[chosen]
        if remote_id is None:
            raise ambiguous(channel)
        for path in paths.values():
            if self._call(path, "GET", f"/{quote(remote_id, safe='')}/meta").succeeded:
                return path
        raise ambiguous(channel)


def _is_deleted(item: Mapping[str, Any]) -> bool:
    return item.get("last_action_status") == "DELETED"


def _require(reply: Reply) -> dict[str, Any]:
    """Return the body of a reading; PortalRejectedError where the portal refuses to answer."""
    if reply.succeeded:
        return reply.read()
    problem = Problem("rejected_by_portal", f"The portal refuses to be read: HTTP {reply.status}")
    raise PortalRejectedError(problem.detail, (problem,), status_code=reply.status, body=reply.text)
