"""Casita's news: stored first, judged later. What would be functions/receive_casita."""

from __future__ import annotations

from typing import Any

from placard import bootstrap
from placard.aws.receiver_api import answer
from placard.use_cases.receive_message import receive_message

PREFIX = "/portals/casita/news"


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer Casita: 204 once stored, 401 without a valid signature, 400 for what cannot be read, 503 when storage is down."""
    return answer(
        event,
        PREFIX,
        lambda callback: receive_message(
            callback, bootstrap.receiver("casita"), bootstrap.message_store(), bootstrap.clock()
        ),
        stored=204,
        rejected=401,
    )
