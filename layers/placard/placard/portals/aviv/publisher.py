"""AVIV's calls (contracts/aviv.md §1, §2 and §5)."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import httpx

from placard.domain.answers import Answer
from placard.domain.classified import Classified
from placard.domain.errors import (
    CredentialsError,
    PortalRejectedError,
    PortalUnavailableError,
    UnsupportedOperationError,
)
from placard.domain.events import Operation, PortalEvent
from placard.domain.policy import Rendering
from placard.domain.problems import Problem
from placard.portals.aviv import mapping
from placard.portals.aviv.answers import read_answer, refuse_access
from placard.portals.aviv.paths import make_token
from placard.portals.aviv.rules import read_rules
from placard.portals.aviv.statuses import (
    is_undecided,
    keep_latest,
    read_nothing,
    read_revision,
    read_shown,
    read_statuses,
)
from placard.portals.aviv.tokens import Tokens
from placard.portals.base import Reply, Wire, before_the_call
from placard.portals.reading import as_list, as_object, as_text, look_up
from placard.ports import Call, Clock, Credentials, Question

logger = logging.getLogger(__name__)

# Three pairs, and the pattern is checked: whatever else is dropped before the API (§1, headers).
AGENT = f"Placard/1.0.0 python/{sys.version_info.major}.{sys.version_info.minor} {sys.platform}/6"
HEADERS = {"User-Agent": AGENT, "Accept": "application/json", "Content-Type": "application/json"}
METHODS = {Operation.POST: "POST", Operation.PUT: "PUT", Operation.DELETE: "DELETE"}
MOST_PAGES = 4
# §5, 412: how often a PUT that met a newer revision is sent again.
MOST_CONFLICTS = 2


class AvivPublisher:
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
    ) -> None:
        self._base_url, self._receiver_url = base_url.rstrip("/"), receiver_url.rstrip("/")
        self._credentials, self._clock, self._scale = credentials, clock, time_scale
        self._rules = rules
        self._wire = Wire(clock, client, HEADERS)
        self._tokens = Tokens(self._base_url, token_url, credentials, clock, self._wire, time_scale)

    def render(self, classified: Classified, channel: str) -> Rendering:
        """Return the classified as AVIV takes it."""
        return mapping.render(classified, channel, read_rules(self._rules))

    def send(self, call: Call) -> Answer:
        """Send one operation. A 202 says only that the shape was valid; the portals judge later (§7)."""
        method = METHODS.get(call.operation)
        if method is None:
            raise UnsupportedOperationError(f"AVIV has no {call.operation}")
        customer = call.classified.customer
        with before_the_call():
            self._subscribe(customer)
        sends = call.operation is not Operation.DELETE
        body = {"portals": list(call.listed), **call.rendering.payload} if sends else None
        path = "/classifieds" if call.operation is Operation.POST else _path_of(call.remote_id)
        headers = {} if call.traceparent is None else {"traceparent": call.traceparent}
        if call.operation is Operation.PUT:
            reply = self._put(customer, path, body, headers, call.remote_revision)
        else:
            reply = self._call(customer, method, path, body=body, headers=headers)
        return read_answer(call, body, reply, self._scale)

    def _put(self, customer: str, path: str, body: Any, headers: Mapping[str, str], revision: int) -> Reply:
        """Replace the revision the hub knows; where AVIV has a newer one, replace that, for the CRM's word is the truth.

        The condition stops a PUT that was delayed on its way from undoing the one after it (§5, 412; §7, 6).
        """
        condition = {"If-Match": f'"{revision}"'} if revision else {}
        reply = self._call(customer, "PUT", path, body=body, headers={**headers, **condition})
        for _ in range(MOST_CONFLICTS):
            if reply.status != 412:
                break
            with before_the_call():
                shown = self._call(customer, "GET", path)
            present = read_revision(shown)
            if shown.status == 404:
                return shown
            if present is None:
                break
            condition = {"If-Match": f'"{present}"'}
            reply = self._call(customer, "PUT", path, body=body, headers={**headers, **condition})
        return reply

    def read(self, question: Question) -> tuple[PortalEvent, ...]:
        """Read the latest status of each portal; overdue and undecided, compare what AVIV shows with what was sent."""
        remote_id, customer = question.publication.remote_id, question.classified.customer
        if remote_id is None:
            return ()
        now = self._clock.now()
        path = f"{_path_of(remote_id)}/statuses"
        items = self._list(customer, path, {"filter": "latest"})
        if items is None:
            return read_nothing(question, now)
        events = read_statuses(items, remote_id, now)
        if not all(event.known for event in events):
            events = keep_latest(read_statuses(self._list(customer, path, {}) or items, remote_id, now))
        self._alarm(question, events)
        if not question.overdue or not is_undecided(question.publication, events):
            return events
        reply = self._call(customer, "GET", _path_of(remote_id))
        if reply.status == 404:
            return (*events, *read_nothing(question, now))
        return (*events, *read_shown(question, _require(reply), now))

    def _alarm(self, question: Question, events: tuple[PortalEvent, ...]) -> None:
        """Say what AVIV could not take in: only its support can tell why, and asks for the trace (§5)."""
        publication = question.publication
        if publication.running is not None and any(event.word == "RECEIVING_FAILED" for event in events):
            traced = {"remoteId": publication.remote_id, "traceparent": publication.traceparent}
            logger.error("AVIV could not take a classified in", extra=traced)

    def search(self, classified: Classified, channel: str) -> tuple[str, ...]:
        """Look for the classified by the CRM's own key."""
        wanted = classified.offerer_estate_id
        items = self._list(classified.customer, "/classifieds", {"offererEstateId": wanted}) or []
        found = [item for item in items if look_up(item, "/data/metaData/source/offererEstateId") == wanted]
        return tuple(remote for item in found if (remote := as_text(item.get("classifiedId"))))[:1]

    def _list(self, customer: str, path: str, query: Mapping[str, str]) -> list[Mapping[str, Any]] | None:
        """Return the items of a list, a few pages of it; None for a 404."""
        items: list[Mapping[str, Any]] = []
        after: dict[str, str] = {}
        for _ in range(MOST_PAGES):
            reply = self._call(customer, "GET", path, query={**query, **after})
            if reply.status == 404:
                return None
            said = _require(reply).read()
            items += [as_object(item) for item in as_list(said.get("items"))]
            token = as_text(said.get("nextToken"))
            if token is None:
                break
            after = {"nextToken": token}
        return items

    def _subscribe(self, customer: str) -> None:
        """Make sure AVIV calls this hub back: there is no way to ask it, so the vault remembers (§2)."""
        if not self._receiver_url:
            return
        key = as_text(self._tokens.app().get("path_key"))
        if key is None:
            raise CredentialsError(Problem("credentials_app", "The hub has no key for its callback addresses."))
        url = f"{self._receiver_url}/{make_token(customer, key)}"
        name = f"aviv/webhook/{customer}"
        known = self._credentials.read(name)
        # A subscription belongs to what a token stands for: an agency in an environment (§2).
        wanted = {"url": url, **self._tokens.context(customer)}
        if known is not None and known.value == wanted:
            return
        # Without `statuses`: two of the words cannot be named (§6).
        reply = self._call(customer, "PUT", "/webhooks", body={"url": url})
        if reply.succeeded:
            self._credentials.write(name, wanted, 0 if known is None else known.version)
        else:
            # Statuses are read all the same; a listing must not wait for its callbacks.
            logger.warning("AVIV refused the subscription", extra={"status": reply.status})

    def _call(
        self,
        customer: str,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Call with the agency's token; one that is refused is replaced once and the call repeated (§5)."""
        token = self._tokens.read(customer)
        for last in (False, True):
            proven = {**(headers or {}), "Authorization": f"Bearer {token}"}
            reply = self._wire.call(method, self._base_url + path, headers=proven, body=body, query=query)
            # Support asks for it (§1, headers).
            trace = reply.headers.get("traceparent")
            logger.info("AVIV answered", extra={"status": reply.status, "portalTrace": trace})
            if reply.status == 404 and reply.said is None:
                # A proxy's page, not AVIV's word (§2, error bodies): the classified must not be taken for gone.
                raise PortalUnavailableError("a 404 that is not AVIV's", taken=False, status_code=404, body=reply.text)
            if reply.status != 401:
                return reply
            if not last:
                token = self._tokens.fetch(customer, token)
        problem = Problem("credentials_app", "AVIV refuses a token it has just given.")
        raise CredentialsError(problem, status_code=401)


def _path_of(remote_id: str | None) -> str:
    return f"/classifieds/{quote(remote_id or '', safe='')}"


def _require(reply: Reply) -> Reply:
    """Return a reading's success; raises for a refusal."""
    if reply.succeeded:
        return reply
    if reply.status == 403:
        raise refuse_access(reply)
    problem = Problem("rejected_by_portal", f"AVIV refuses to be read: HTTP {reply.status}")
    raise PortalRejectedError(problem.detail, (problem,), status_code=reply.status, body=reply.text)
