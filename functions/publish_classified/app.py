"""What the CRM wishes of a classified: wiring only."""

from __future__ import annotations

from typing import Any

from placard import bootstrap
from placard.aws.http_api import Request, Response, refuse, serve
from placard.aws.observability import start_logging
from placard.use_cases.ask_portals import Ask, activate_classified, deactivate_classified, retry_classified
from placard.use_cases.preflight import preflight
from placard.use_cases.publish_batch import Verdict, publish_batch
from placard.use_cases.publish_classified import (
    Ack,
    Caller,
    delete_classified,
    post_classified,
    put_classified,
)

LARGEST_BATCH = 2 * 1024 * 1024


def post(request: Request) -> Response:
    """POST /classifieds"""
    body, key = request.read_body(), request.read_header("Idempotency-Key")
    return acknowledge(post_classified(bootstrap.classified_store(), bootstrap.clock(), caller(request), body, key))


def put(request: Request) -> Response:
    """PUT /classifieds/{classifiedId}"""
    body, revisions = request.read_body(), request.read_if_match()
    store, clock, classified_id = bootstrap.classified_store(), bootstrap.clock(), request.path["classifiedId"]
    return acknowledge(put_classified(store, clock, caller(request), classified_id, body, if_match=revisions))


def delete(request: Request) -> Response:
    """DELETE /classifieds/{classifiedId}"""
    store, clock, classified_id = bootstrap.classified_store(), bootstrap.clock(), request.path["classifiedId"]
    return acknowledge(delete_classified(store, clock, caller(request), classified_id))


def deactivate(request: Request) -> Response:
    """POST /classifieds/{classifiedId}/deactivate"""
    return ask(deactivate_classified, request)


def activate(request: Request) -> Response:
    """POST /classifieds/{classifiedId}/activate"""
    return ask(activate_classified, request)


def retry(request: Request) -> Response:
    """POST /classifieds/{classifiedId}/retry"""
    return ask(retry_classified, request)


def ask(use_case: Ask, request: Request) -> Response:
    """Ask something of the portals that the body names."""
    body, classified_id = request.read_optional_body(), request.path["classifiedId"]
    return acknowledge(use_case(bootstrap.classified_store(), bootstrap.clock(), caller(request), classified_id, body))


def batch(request: Request) -> Response:
    """POST /classifieds/batch"""
    body = request.read_body(LARGEST_BATCH)
    verdicts = publish_batch(bootstrap.classified_store(), bootstrap.clock(), caller(request), body)
    return Response(200, {"items": [show(verdict, request) for verdict in verdicts]})


def check(request: Request) -> Response:
    """POST /classifieds/preflight"""
    verdicts = preflight(bootstrap.renderer, bootstrap.clock(), request.customer, request.read_body())
    return Response(200, {"portals": {portal: verdict.to_json() for portal, verdict in verdicts.items()}})


def show(verdict: Verdict, request: Request) -> dict[str, Any]:
    """Return one item's answer: the status and the body of the single call."""
    if isinstance(verdict, Ack):
        answer = acknowledge(verdict)
        return {"status": answer.status, "ack": answer.body}
    answer = refuse(verdict, request)
    return {"status": answer.status, "problem": answer.body}


def caller(request: Request) -> Caller:
    """Return whom the request speaks for."""
    return Caller(request.customer, request.traceparent)


def acknowledge(ack: Ack) -> Response:
    """Return V4's answer to a wish taken, and its revision."""
    links = [{"statuses": f"/classifieds/{ack.classified_id}/statuses"}]
    return Response(202, {"classifiedId": ack.classified_id, "links": links, "revision": ack.revision})


ROUTES = {
    "POST /classifieds": post,
    "POST /classifieds/batch": batch,
    "POST /classifieds/preflight": check,
    "PUT /classifieds/{classifiedId}": put,
    "DELETE /classifieds/{classifiedId}": delete,
    "POST /classifieds/{classifiedId}/deactivate": deactivate,
    "POST /classifieds/{classifiedId}/activate": activate,
    "POST /classifieds/{classifiedId}/retry": retry,
}

start_logging()


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer API Gateway."""
    return serve(ROUTES, event, bootstrap.settings().trusted_clients)
