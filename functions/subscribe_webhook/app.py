"""The CRM's subscription: wiring only."""

from __future__ import annotations

from typing import Any

from placard import bootstrap
from placard.aws.http_api import Request, Response, serve
from placard.aws.observability import start_logging
from placard.use_cases.subscribe_webhook import replay, rotate, show_subscription, subscribe, unsubscribe

WRITE = "placard/write"


def put(request: Request) -> Response:
    """PUT /webhooks"""
    store, vault = bootstrap.subscription_store(), bootstrap.credentials()
    subscribe(store, vault, bootstrap.callback_url_check(), bootstrap.clock(), request.customer, request.read_body())
    return Response(200, "Subscribed")


def delete(request: Request) -> Response:
    """DELETE /webhooks"""
    unsubscribe(bootstrap.subscription_store(), request.customer)
    return Response(200, "Unsubscribed")


def get(request: Request) -> Response:
    """GET /webhooks"""
    shown = show_subscription(
        bootstrap.subscription_store(),
        bootstrap.credentials(),
        bootstrap.clock(),
        request.customer,
        with_secret=WRITE in request.scopes,
        scale=bootstrap.settings().time_scale,
    )
    return Response(200, shown, {"cache-control": "no-store"})


def post_rotate(request: Request) -> Response:
    """POST /webhooks/rotate"""
    secret = rotate(bootstrap.subscription_store(), bootstrap.credentials(), bootstrap.clock(), request.customer)
    return Response(200, {"secret": secret}, {"cache-control": "no-store"})


def post_replay(request: Request) -> Response:
    """POST /webhooks/replay"""
    replay(bootstrap.subscription_store(), bootstrap.clock(), request.customer, request.read_body())
    return Response(202, "Callbacks go on")


ROUTES = {
    "PUT /webhooks": put,
    "GET /webhooks": get,
    "DELETE /webhooks": delete,
    "POST /webhooks/rotate": post_rotate,
    "POST /webhooks/replay": post_replay,
}

start_logging()


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer API Gateway."""
    return serve(ROUTES, event, bootstrap.settings().trusted_clients)
