"""AVIV: reading its calls and shaping its answers (contract: aviv.md §1, §2)."""

import json
import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.simulators.aviv_classifieds import Classified
from sandbox.simulators.aviv_problems import ProblemError, build_validation_error

TRACEPARENT = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
PAGE = 250


def acknowledge(request: Request, classified: Classified) -> Response:
    path = f"/classifieds/{classified.classified_id}/statuses"
    return answer(request, {"classifiedId": classified.classified_id, "links": [{"statuses": path}]}, 202)


def answer(request: Request, body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse(body, status, headers={"traceparent": read_trace(request), **(headers or {})})


def answer_page(request: Request, items: list[dict[str, Any]]) -> Response:
    """`{items, nextToken?}` by `limit` and `nextToken`."""
    limit, token = request.query_params.get("limit", str(PAGE)), request.query_params.get("nextToken", "")
    if not limit.isdecimal() or int(limit) < 1:
        raise build_validation_error([("limit", "must be a whole number from 1.")], "requestParameter")
    try:
        start = int(urlsafe_b64decode(token)) if token else 0
    except ValueError as error:
        raise build_validation_error([("nextToken", "is not known.")], "requestParameter") from error
    end = start + int(limit)
    more = {"nextToken": urlsafe_b64encode(str(end).encode()).decode()} if end < len(items) else {}
    return answer(request, {"items": items[start:end], **more})


def read_choices(request: Request, name: str, allowed: Sequence[str]) -> list[str]:
    values = request.query_params.getlist(name)
    if any(value not in allowed for value in values):
        raise build_validation_error([(name, "must be equal to one of the allowed values.")], "requestParameter")
    return values


def read_trace(request: Request) -> str:
    """The caller's traceparent, or one of our own; the same within one call."""
    if not hasattr(request.state, "traceparent"):
        given = request.headers.get("traceparent", "")
        request.state.traceparent = (
            given if TRACEPARENT.fullmatch(given) else f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"
        )
    return str(request.state.traceparent)


async def read_json(request: Request) -> Any:
    try:
        return json.loads(await request.body())
    except ValueError as error:
        raise ProblemError(400, "The body could not be parsed") from error
