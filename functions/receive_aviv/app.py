"""AVIV's callbacks: stored as hints that wake a reading."""

from __future__ import annotations

from typing import Any

from placard import bootstrap
from placard.aws.receiver_api import answer, method_of
from placard.use_cases.receive_message import receive_message

PREFIX = "/portals/aviv"


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer AVIV: 201 once stored, 404 for a wrong token, 400 for what cannot be read, 503 when storage is down."""
    if method_of(event) != "POST":
        return {"statusCode": 405, "headers": {"allow": "POST"}}
    return answer(
        event,
        PREFIX,
        lambda callback: receive_message(
            callback, bootstrap.receiver("aviv"), bootstrap.message_store(), bootstrap.clock()
        ),
        stored=201,
        rejected=404,
    )
