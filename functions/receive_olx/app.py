"""OLX's notifications: store first, judge later."""

from __future__ import annotations

from typing import Any

from placard import bootstrap
from placard.aws.receiver_api import answer, method_of
from placard.use_cases.receive_message import receive_message

PREFIX = "/portals/olx/notifications"


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer OLX: 200 once stored, 401 without a valid signature, 400 for what cannot be read, 503 when storage is down."""
    if method_of(event) in ("GET", "HEAD"):
        return {"statusCode": 200}
    if method_of(event) != "POST":
        return {"statusCode": 405, "headers": {"allow": "GET, HEAD, POST"}}
    return answer(
        event,
        PREFIX,
        lambda callback: receive_message(
            callback, bootstrap.receiver("olx"), bootstrap.message_store(), bootstrap.clock()
        ),
        stored=200,
        rejected=401,
    )
