"""Behind the receivers' function URLs and API Gateway: a portal's request as a callback, and its answer (hub.md §4).

Imports next to nothing: a portal waits, cold start included.
"""

from __future__ import annotations

import base64
import logging
from collections.abc import Callable
from concurrent.futures.thread import ThreadPoolExecutor
from typing import Any

from placard.domain.errors import MalformedMessageError, StoreUnavailableError, WebhookRejectedError
from placard.domain.messages import Callback

logger = logging.getLogger(__name__)

LARGEST_BODY = 256 * 1024
# Seconds. A portal drops what takes two; a fast refusal is tried again (contracts/olx.md §4), so we give up before one.
DEADLINE = 0.9
# Kept from one callback to the next, since starting a thread takes as long as all else that is ours; a callback that was
# given up on keeps its own until its call ends.
_WORKERS = ThreadPoolExecutor()


def read_callback(event: dict[str, Any], prefix: str) -> Callback:
    """Return the request of a Lambda event (payload 2.0), the API's route prefix cut off its path.

    Raises MalformedMessageError where the gateway's own encoding is broken.
    """
    body = event.get("body") or ""
    try:
        raw = (
            base64.b64decode(body, validate=True)
            if event.get("isBase64Encoded")
            else body.encode("utf-8", "surrogatepass")
        )
    except ValueError as error:
        raise MalformedMessageError("the body is not what its encoding says") from error
    if len(raw) > LARGEST_BODY:
        raise MalformedMessageError("the body is too large")
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    return Callback(raw, headers, str(event.get("rawPath") or "/").removeprefix(prefix))


def answer(
    event: dict[str, Any], prefix: str, receive: Callable[[Callback], object], *, stored: int, rejected: int
) -> dict[str, Any]:
    """Receive one callback and say what became of it: `stored` on success, `rejected` without a valid proof."""
    try:
        callback = read_callback(event, prefix)
        within(DEADLINE, lambda: receive(callback))
    except WebhookRejectedError:
        logger.warning("a callback without a valid proof")
        return {"statusCode": rejected}
    except MalformedMessageError as error:
        logger.warning("a callback that cannot be read: %s", error)
        return {"statusCode": 400}
    except StoreUnavailableError:
        logger.exception("a callback could not be stored")
        return {"statusCode": 503, "headers": {"retry-after": "1"}}
    return {"statusCode": stored}


def within(seconds: float, work: Callable[[], object]) -> None:
    """Do the work, or give up on it in time with StoreUnavailableError; a write that still succeeds later is harmless."""
    try:
        _WORKERS.submit(work).result(seconds)
    except TimeoutError as error:
        raise StoreUnavailableError(f"storage did not answer within {seconds} s") from error


def method_of(event: dict[str, Any]) -> str:
    """Return the HTTP method of a Lambda event."""
    return str(event.get("requestContext", {}).get("http", {}).get("method", ""))
