"""AVIV's calls (contracts/aviv.md §1, §2 and §5)."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import httpx

from placard.domain.answers import Answer
from placard.domain.causes import Cause
from placard.domain.classified import Classified
from placard.domain.errors import (
    CredentialsError,
    PortalRejectedError,
    PortalUnavailableError,
    UnsupportedOperationError,
)
from placard.domain.events import Operation, PortalEvent
from placard.domain.problems import Problem
from placard.portals.aviv.accounts import read_app
from placard.portals.aviv.answers import read_answer, refuse_access
from placard.portals.aviv.paths import make_token
from placard.portals.aviv.renderer import AvivRenderer
from placard.portals.aviv.statuses import (
    is_undecided,
    keep_latest,
    needs_history,
    read_nothing,
    read_revision,
    read_shown,
    read_statuses,
    recall_adverts,
)
from placard.portals.aviv.tokens import Tokens
from placard.portals.base import Reply, Wire, before_the_call, quote_exchange, quoting
from placard.portals.breaker import connect_breaker
from placard.portals.reading import as_list, as_object, as_text, look_up
from placard.portals.resting import NOTE, find_refusal, note_refusal
from placard.ports import Call, CircuitStore, Clock, Credentials, ListedAdvert, ListedPage, Question

logger = logging.getLogger(__name__)

# Three pairs, and the pattern is checked: whatever else is dropped before the API (§1, headers).
AGENT = f"Placard/1.0.0 python/{sys.version_info.major}.{sys.version_info.minor} {sys.platform}/6"
HEADERS = {"User-Agent": AGENT, "Accept": "application/json", "Content-Type": "application/json"}
METHODS = {Operation.POST: "POST", Operation.PUT: "PUT", Operation.DELETE: "DELETE"}
# A firewall's or a proxy's page with these is not AVIV's word (§1; §2, error bodies): the agency's token must not be taken
# for one that may not, nor the classified for gone.
NEVER_A_PAGE = (403, 404)
MOST_PAGES = 4
# §5, 412: how often a PUT that met a newer revision is sent again.
MOST_CONFLICTS = 2


class AvivPublisher(AvivRenderer):
    """Publishes at AVIV's portals. `receiver_url` is where AVIV is to call back; `time_scale` shortens waits.

    `rules` is the JSON text of AVIV_RULES; the first rendering raises RulesError where it cannot be read.
    """

    def __init__(
        self,
        base_url: str,
        token_url: str,
        receiver_url: str,
        credentials: Credentials,
        clock: Clock,
        *,
        rules: str = "{}",
        time_scale: float = 1.0,
        client: httpx.Client | None = None,
        circuits: CircuitStore | None = None,
    ) -> None:
        self._base_url, self._receiver_url = base_url.rstrip("/"), receiver_url.rstrip("/")
        super().__init__(credentials, rules=rules)
        self._clock, self._scale = clock, time_scale
        self._wire = Wire(clock, client, HEADERS, connect_breaker(circuits, clock, "aviv", time_scale))
        self._tokens = Tokens(self._base_url, token_url, credentials, clock, self._wire, time_scale)

    def send(self, call: Call) -> Answer:
        """Send one operation. A 202 says only that the shape was valid; the portals judge later (§7)."""
        method = METHODS.get(call.operation)
        if method is None:
            raise UnsupportedOperationError(f"AVIV has no {call.operation}")
        customer = call.classified.customer
        headers = _trace(call.traceparent)
        with before_the_call():
            self._subscribe(customer, headers)
        sends = call.operation is not Operation.DELETE
        body = call.rendering.for_portals(call.listed) if sends else None
        path = "/classifieds" if call.operation is Operation.POST else _path_of(call.remote_id)
        replaced = 0
        if call.operation is Operation.PUT:
            reply, replaced = self._put(customer, path, body, headers, call.remote_revision)
        else:
            reply = self._call(customer, method, path, body=body, headers=headers)
        return quote_exchange(reply, lambda: replace(read_answer(call, body, reply, self._scale), replaces=replaced))

    def _put(self, customer: str, path: str, body: Any, headers: Mapping[str, str], revision: int) -> tuple[Reply, int]:
        """Replace the revision the hub knows; where AVIV has a newer one, replace that, for the CRM's word is the truth.

        The condition stops a PUT that was delayed on its way from undoing the one after it (§5, 412; §7, 6). Returned is
        the revision replaced as well, the first where the hub knows of none: the 202 names none, and its own is above it.
        """
        condition = {"If-Match": f'"{revision}"'} if revision else {}
        reply = self._call(customer, "PUT", path, body=body, headers={**headers, **condition})
        for _ in range(MOST_CONFLICTS):
            if reply.status != 412:
                break
            with before_the_call():
                shown = self._call(customer, "GET", path, headers=headers)
            present = read_revision(shown)
            if shown.status == 404:
                return shown, revision
            if present is None:
                break
            revision, condition = present, {"If-Match": f'"{present}"'}
            reply = self._call(customer, "PUT", path, body=body, headers={**headers, **condition})
        return reply, max(revision, 1)

    def read(self, question: Question) -> tuple[PortalEvent, ...]:
        """Read the latest status of each portal; overdue and undecided, compare what AVIV shows with what was sent."""
        remote_id, customer = question.publication.remote_id, question.classified.customer
        if remote_id is None:
            return ()
        now = self._clock.now()
        path, headers = f"{_path_of(remote_id)}/statuses", _trace(question.publication.traceparent)
        items = self._list(customer, path, {"filter": "latest"}, headers)
        if items is None:
            return read_nothing(question, now)
        events = read_statuses(items, remote_id, now)
        if needs_history(question.publication, events) or not all(event.known for event in events):
            history = read_statuses(self._list(customer, path, {}, headers) or items, remote_id, now)
            events = recall_adverts(keep_latest(history), history)
        self._alarm(question, events)
        if not question.overdue or not is_undecided(question.publication, events):
            return events
        reply = self._call(customer, "GET", _path_of(remote_id), headers=headers)
        if reply.status == 404:
            return (*events, *read_nothing(question, now))
        return (*events, *read_shown(question, _require(reply), events, now))

    def _alarm(self, question: Question, events: tuple[PortalEvent, ...]) -> None:
        """Say what AVIV could not take in: only its support can tell why, and asks for the trace (§5)."""
        publication = question.publication
        if publication.running is not None and any(event.word == "RECEIVING_FAILED" for event in events):
            traced = {"remoteId": publication.remote_id, "traceparent": publication.traceparent}
            logger.error("AVIV could not take a classified in", extra=traced)

    def search(self, classified: Classified, channel: str) -> tuple[str, ...]:
        """Look for the classified by the CRM's own key."""
        wanted = classified.offerer_estate_id
        headers = _trace(classified.traceparent)
        items = self._list(classified.customer, "/classifieds", {"offererEstateId": wanted}, headers) or []
        found = [item for item in items if look_up(item, "/data/metaData/source/offererEstateId") == wanted]
        return tuple(remote for item in found if (remote := as_text(item.get("classifiedId"))))[:1]

    def list_adverts(self, customer: str, channel: str, after: str | None) -> ListedPage:
        """Return one page of the agency's classifieds: the list says that they are there, not how each portal took them."""
        query = {} if after is None else {"nextToken": after}
        said = _require(self._call(customer, "GET", "/classifieds", query=query)).read()
        listed = [as_text(as_object(item).get("classifiedId")) for item in as_list(said.get("items"))]
        return ListedPage(tuple(ListedAdvert(one) for one in listed if one), as_text(said.get("nextToken")))

    def _list(
        self, customer: str, path: str, query: Mapping[str, str], headers: Mapping[str, str]
    ) -> list[Mapping[str, Any]] | None:
        """Return the items of a list, a few pages of it; None for a 404."""
        items: list[Mapping[str, Any]] = []
        after: dict[str, str] = {}
        for _ in range(MOST_PAGES):
            reply = self._call(customer, "GET", path, query={**query, **after}, headers=headers)
            if reply.status == 404:
                return None
            said = _require(reply).read()
            items += [as_object(item) for item in as_list(said.get("items"))]
            token = as_text(said.get("nextToken"))
            if token is None:
                break
            after = {"nextToken": token}
        return items

    def _subscribe(self, customer: str, headers: Mapping[str, str]) -> None:
        """Make sure AVIV calls this hub back: there is no way to ask it, so the vault remembers (§2).

        PUT replaces, so a new address needs nothing else. The hub never calls `DELETE /webhooks`: whose subscription is there
        cannot be asked, and an agency that left one customer may be another's by now, who would no longer be called. What is
        still called back for a customer who is gone is a hint, and wakes nothing.
        """
        if not self._receiver_url:
            return
        key = as_text(read_app(self._credentials).value.get("path_key"))
        if key is None:
            raise CredentialsError(Problem.of(Cause.NO_PATH_KEY))
        url = f"{self._receiver_url}/{make_token(customer, key)}"
        name = f"aviv/webhook/{customer}"
        known = self._credentials.read(name)
        # A subscription belongs to what a token stands for: an agency in an environment (§2).
        wanted = {"url": url, **self._tokens.context(customer)}
        if known is not None and self._is_settled(known.value, wanted):
            return
        # Without `statuses`: two of the words cannot be named (§6).
        _, reply = self._exchange(customer, "PUT", "/webhooks", body={"url": url}, headers=headers)
        kept: dict[str, Any] = wanted
        if not reply.succeeded:
            # Statuses are read all the same; a listing must not wait for its callbacks.
            logger.warning("AVIV refused the subscription", extra={"status": reply.status})
            refusal = Problem.quote("rejected_by_portal", f"HTTP {reply.status}")
            kept = {NOTE: note_refusal(refusal, wanted, self._clock.now(), self._scale)}
        self._credentials.write(name, kept, 0 if known is None else known.version)

    def _is_settled(self, known: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
        """Whether AVIV has this subscription, or has refused it this hour."""
        return known == wanted or find_refusal(known.get(NOTE), wanted, self._clock.now()) is not None

    def _call(self, customer: str, method: str, path: str, **content: Any) -> Reply:
        """Call with the agency's token. What that token may not do stops the whole agency (§5, 403)."""
        token, reply = self._exchange(customer, method, path, **content)
        if reply.status == 403:
            with quoting(reply):
                raise self._tokens.stop(customer, token, refuse_access(reply))
        return reply

    def _exchange(
        self,
        customer: str,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[str, Reply]:
        """Return the answer and the token it was given to; a token refused is replaced once, the call repeated (§5, 401)."""
        token = self._tokens.read(customer)
        for last in (False, True):
            proven = {**(headers or {}), "Authorization": f"Bearer {token}"}
            url = self._base_url + path
            reply = self._wire.call(method, url, account=customer, headers=proven, body=body, query=query)
            # Support asks for it (§1, headers).
            trace = reply.headers.get("traceparent")
            logger.info("AVIV answered", extra={"status": reply.status, "portalTrace": trace})
            if reply.status in NEVER_A_PAGE and reply.said is None:
                text = f"a {reply.status} that is not AVIV's"
                raise PortalUnavailableError(text, taken=False, status_code=reply.status, body=reply.text)
            if reply.status != 401:
                return token, reply
            if not last:
                token = self._tokens.fetch(customer, token)
        problem = Problem.of(Cause.NEW_TOKEN_REFUSED, portal="AVIV")
        with quoting(reply):
            raise self._tokens.stop(customer, token, CredentialsError(problem, status_code=401))


def _trace(traceparent: str | None) -> dict[str, str]:
    return {} if traceparent is None else {"traceparent": traceparent}


def _path_of(remote_id: str | None) -> str:
    return f"/classifieds/{quote(remote_id or '', safe='')}"


def _require(reply: Reply) -> Reply:
    """Return a reading's success; raises for a refusal."""
    if reply.succeeded:
        return reply
    problem = Problem.of(Cause.READING_REFUSED, status=reply.status)
    raise PortalRejectedError(problem.detail, (problem,), status_code=reply.status, body=reply.text)
