"""The requests that functions are measured with: whole Lambda events, each run's own, so that every write is a new one."""

from __future__ import annotations

import copy
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from bench.stage import CUSTOMER, ROOT, SECRETS, read_body
from placard.domain.ids import classified_id
from placard.portals.aviv.paths import make_token

Event = dict[str, Any]
Events = list[Event]


@dataclass(frozen=True)
class Request:
    """One kind of request: which function answers it, with what, and how to make `count` of them for one run.

    The second half of what `make` returns is what must be answered before: nothing, or the POSTs of what is changed.
    """

    name: str
    function: str
    status: int
    make: Callable[[int, str], tuple[Events, Events]]


def _event(path: str) -> Event:
    event: Event = json.loads((ROOT / "events" / path).read_text())
    return event


def _notifications(count: int, _: str) -> tuple[Events, Events]:
    sample = _event("receive_olx/posted_success.json")
    body = json.loads(sample["body"])
    secret = SECRETS["olx/app"]["notification_secret"].encode()
    events = []
    for _number in range(count):
        told = body | {"object_id": str(uuid4()), "transaction_id": str(uuid4())}
        ids = f"{told['object_id']},{told['transaction_id']}".encode()
        headers = sample["headers"] | {"x-signature": hmac.new(secret, ids, hashlib.sha1).hexdigest()}
        events.append(sample | {"headers": headers, "body": json.dumps(told)})
    return events, []


def _callbacks(count: int, _: str) -> tuple[Events, Events]:
    sample = _event("receive_aviv/created.json")
    token = make_token(CUSTOMER, SECRETS["aviv/app"]["path_key"])
    events = []
    for _number in range(count):
        path = f"/{token}/classifieds/{uuid4()}/statuses"
        context = copy.deepcopy(sample["requestContext"])
        context["http"]["path"] = path
        events.append(sample | {"rawPath": path, "requestContext": context})
    return events, []


def _classified(estate: str, amount: int = 412_000) -> str:
    body = read_body() | {"portals": ["SL", "IMOVIRTUAL", "SPOTAHOME"]}
    body["data"]["metaData"]["source"]["offererEstateId"] = estate
    body["data"]["prices"]["buy"]["price"]["amount"] = amount
    return json.dumps(body)


def post_of(body: dict[str, Any]) -> Event:
    """A POST of this classified."""
    event = _event("publish_classified/post.json")
    event["headers"] |= {"idempotency-key": str(uuid4()), "customer-id": CUSTOMER}
    return event | {"body": json.dumps(body)}


def _post(estate: str) -> Event:
    event = _event("publish_classified/post.json")
    event["headers"] |= {"idempotency-key": estate, "customer-id": CUSTOMER}
    return event | {"body": _classified(estate)}


def _to(path: str, estate: str, **changes: Any) -> Event:
    """A call of the classified with this key."""
    event = _event(path)
    known = classified_id(CUSTOMER, estate)
    event["headers"].pop("if-match", None)
    event["rawPath"] = f"/classifieds/{known}"
    event["requestContext"]["http"]["path"] = event["rawPath"]
    return event | {"pathParameters": {"classifiedId": known}} | changes


def _posts(count: int, _: str) -> tuple[Events, Events]:
    return [_post(str(uuid4())) for _number in range(count)], []


def _puts(count: int, _: str) -> tuple[Events, Events]:
    estate = str(uuid4())
    changed = [_classified(estate, 500_000 + number) for number in range(count)]
    return [_to("publish_classified/put.json", estate, body=body) for body in changed], [_post(estate)]


def _identical_puts(count: int, _: str) -> tuple[Events, Events]:
    estate = str(uuid4())
    return [_to("publish_classified/put.json", estate, body=_classified(estate))] * count, [_post(estate)]


def _deletes(count: int, _: str) -> tuple[Events, Events]:
    estates = [str(uuid4()) for _number in range(count)]
    return [_to("publish_classified/delete.json", estate) for estate in estates], [_post(one) for one in estates]


def _readings(count: int, known: str) -> tuple[Events, Events]:
    event = _event("query_status/get.json")
    event["rawPath"] = event["requestContext"]["http"]["path"] = f"/classifieds/{known}"
    return [event | {"pathParameters": {"classifiedId": known}}] * count, []


def _subscriptions(count: int, _: str) -> tuple[Events, Events]:
    event = _event("subscribe_webhook/get.json")
    event["headers"]["customer-id"] = CUSTOMER
    event["requestContext"]["authorizer"]["jwt"]["claims"]["scope"] = "placard/read"
    return [event] * count, []


def _processes(count: int, _: str) -> tuple[Events, Events]:
    event = _event("listing_processes/list.json") | {"rawQueryString": "", "queryStringParameters": None}
    event["headers"]["customer-id"] = CUSTOMER
    return [event] * count, []


def batches(classifieds: int, at_once: int) -> Events:
    """Return the pushes of a whole branch, the same each time it is asked for within a run of the bench."""
    bodies = [json.loads(_classified(f"branch-{number}")) for number in range(classifieds)]
    event = _event("publish_classified/batch.json")
    event["headers"]["customer-id"] = "branch-of-the-bench"
    events = []
    for start in range(0, classifieds, at_once):
        items = [{"op": "put", "classified": body} for body in bodies[start : start + at_once]]
        events.append(event | {"body": json.dumps({"items": items})})
    return events


OLX = Request("receive_olx", "receive_olx", 200, _notifications)
AVIV = Request("receive_aviv", "receive_aviv", 201, _callbacks)
POST = Request("publish_classified, POST", "publish_classified", 202, _posts)
PUT = Request("publish_classified, PUT", "publish_classified", 202, _puts)
IDENTICAL_PUT = Request("publish_classified, identical PUT", "publish_classified", 202, _identical_puts)
DELETE = Request("publish_classified, DELETE", "publish_classified", 202, _deletes)
GET = Request("query_status, GET", "query_status", 200, _readings)
WEBHOOK = Request("subscribe_webhook, GET", "subscribe_webhook", 200, _subscriptions)
PROCESSES = Request("listing_processes, GET of 20", "listing_processes", 200, _processes)
