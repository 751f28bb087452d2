"""A CRM that calls the two handlers with whole API Gateway events, and the in-memory store behind them."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from functions.publish_classified import app as publish_classified
from functions.query_status import app as query_status
from functions.subscribe_webhook import app as subscribe_webhook
from placard import bootstrap
from placard.aws.settings import Settings
from placard.domain.channels import CHANNEL_OF
from placard.domain.look import open_publication, see
from placard.domain.publication import Publication
from placard.ports import Change
from tests.fakes import FakeClock, MemoryStore, MemoryVault

ROOT = Path(__file__).parents[3]
TRUSTED = "crm-client"
ONE = "/classifieds/{classifiedId}"


def read_event(path: str) -> dict[str, Any]:
    """Return a copy of one of events/*/*.json."""
    event: dict[str, Any] = json.loads((ROOT / "events" / path).read_text())
    return event


def make_body(**changes: Any) -> dict[str, Any]:
    """Return AVIV's resale sample; `portals` and `key` may be changed."""
    body: dict[str, Any] = json.loads((ROOT / "tests/contracts/aviv/classified_sl_resale.json").read_text())
    if "key" in changes:
        body["data"]["metaData"]["source"]["offererEstateId"] = changes.pop("key")
    return body | changes


def change(body: dict[str, Any], pointer: str, value: Any) -> dict[str, Any]:
    """Return the body with another value at a pointer; objects on the way are made."""
    changed = deepcopy(body)
    *parents, last = pointer.split("/")[1:]
    target = changed
    for name in parents:
        target = target.setdefault(name, {})
    target[last] = value
    return changed


def remove(body: dict[str, Any], pointer: str) -> dict[str, Any]:
    """Return the body without the member at a pointer."""
    changed = deepcopy(body)
    *parents, last = pointer.split("/")[1:]
    target = changed
    for name in parents:
        target = target[name]
    del target[last]
    return changed


@dataclass
class Answer:
    """What came back; `json` is the body read, `problem` the same where it is an error."""

    status: int
    headers: dict[str, str]
    json: Any

    @property
    def problem(self) -> dict[str, Any]:
        """The RFC 9457 body, with what every one of them must have."""
        assert self.headers["content-type"] == "application/problem+json"
        assert {"type", "title", "status", "detail", "instance"} <= self.json.keys()
        assert self.json["status"] == self.status
        problem: dict[str, Any] = self.json
        return problem

    @property
    def faults(self) -> set[str]:
        """The names of the errors."""
        return {fault["name"] for fault in self.problem["errors"]}


@dataclass
class Crm:
    """One caller with its own hub."""

    clock: Any = field(default_factory=FakeClock)
    customer: str | None = "agency-0042"
    store: Any = None
    secrets: dict[str, Any] = field(default_factory=dict)
    aviv_rules: str = "{}"

    def __post_init__(self) -> None:
        self.store = self.store or MemoryStore(self.clock)
        self.connect()

    def connect(self) -> None:
        """Make this hub the one that the handlers talk to; the newest is, at first."""
        settings = Settings({"TRUSTED_CLIENTS": TRUSTED, "TIME_SCALE": "1", "AVIV_RULES": self.aviv_rules})
        self.vault: Any = MemoryVault(self.clock, self.secrets)
        bootstrap.use(classified_store=self.store, clock=self.clock, settings=settings, credentials=self.vault)

    def send(self, event: dict[str, Any]) -> Answer:
        """Call the handler that the event's route belongs to."""
        app = query_status if event["routeKey"].startswith("GET") else publish_classified
        app = subscribe_webhook if "/webhooks" in event["routeKey"] else app
        answer = app.handler(event, None)
        assert answer["isBase64Encoded"] is False
        answer["body"].encode()
        return Answer(answer["statusCode"], answer["headers"], json.loads(answer["body"]))

    def post(self, body: Any, **headers: str | None) -> Answer:
        """POST a JSON value, or text as it is."""
        return self.send(self.event("publish_classified/post.json", body, headers))

    def put(self, classified_id: str, body: Any, **headers: str | None) -> Answer:
        """PUT the same."""
        event = self.event("publish_classified/put.json", body, {"if_match": None, **headers})
        return self.send(event | {"pathParameters": {"classifiedId": classified_id}})

    def delete(self, classified_id: str) -> Answer:
        """DELETE."""
        event = self.event("publish_classified/delete.json", None, {})
        return self.send(event | {"pathParameters": {"classifiedId": classified_id}})

    def ask(self, verb: str, classified_id: str, body: Any = None, **headers: str | None) -> Answer:
        """POST /classifieds/{classifiedId}/deactivate, /activate or /retry; without a body unless one is given."""
        event = self.event(f"publish_classified/{verb}.json", "" if body is None else body, headers)
        return self.send(event | {"pathParameters": {"classifiedId": classified_id}})

    def get(self, classified_id: str, **headers: str | None) -> Answer:
        """GET one."""
        event = self.event("query_status/get.json", None, headers)
        return self.send(event | {"pathParameters": {"classifiedId": classified_id}})

    def list(self, query: str = "") -> Answer:
        """GET the list."""
        return self.send(self.event("query_status/list.json", None, {}) | {"rawQueryString": query})

    def statuses(self, classified_id: str, query: str = "", **headers: str | None) -> Answer:
        """GET the timeline."""
        event = self.event("query_status/statuses.json", None, headers) | {"rawQueryString": query}
        return self.send(event | {"pathParameters": {"classifiedId": classified_id}})

    def preflight(self, body: Any, **headers: str | None) -> Answer:
        """POST /classifieds/preflight."""
        return self.send(self.event("publish_classified/preflight.json", body, headers))

    def batch(self, *items: Any, **headers: str | None) -> Answer:
        """POST /classifieds/batch."""
        return self.send(self.event("publish_classified/batch.json", {"items": list(items)}, headers))

    def changes(self, query: str = "") -> Answer:
        """GET /statuses."""
        return self.send(self.event("query_status/changes.json", None, {}) | {"rawQueryString": query})

    def publications(self, query: str = "", **headers: str | None) -> Answer:
        """GET /publications."""
        event = self.event("query_status/publications.json", None, headers)
        return self.send(event | {"rawQueryString": query})

    def event(self, path: str, body: Any, headers: dict[str, str | None]) -> dict[str, Any]:
        """Return a sample event with another body and other headers; None takes one away."""
        event = read_event(path)
        named = {"customer_id": self.customer, "idempotency_key": None, **headers}
        for name, value in named.items():
            event["headers"].pop(name.replace("_", "-"), None)
            if value is not None:
                event["headers"][name.replace("_", "-")] = value
        if body is not None:
            event["body"] = body if isinstance(body, str) else json.dumps(body)
        return event

    def look(self, classified_id: str) -> None:
        """Do what a delivery begins with: store RECEIVED on every channel."""
        classified, publications = self.store.load(classified_id)
        stored = {publication.channel: publication for publication in publications}
        for channel in dict.fromkeys(CHANNEL_OF[portal] for portal in classified.ever):
            publication: Publication = stored.get(channel) or open_publication(classified, channel)
            seen, entries = see(publication, classified, self.clock.now())
            if entries:
                self.store.save(Change(seen, entries))
