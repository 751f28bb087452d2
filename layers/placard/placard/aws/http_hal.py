"""Seed 004's dialect, for `/listing-processes`: problem objects of four members as plain JSON, no User-Agent wanted."""

from __future__ import annotations

from typing import Any

from placard.aws.http_api import Dialect, Response
from placard.aws.http_problems import ForeignCustomerError, NoCallerError, UnknownRouteError
from placard.domain.errors import StoreUnavailableError
from placard.domain.refusals import (
    BodyTooLargeError,
    ClosedProcessError,
    ErrorSource,
    InvalidFieldError,
    InvalidRequestError,
    UnknownProcessError,
    UnreadableBodyError,
)

# Always the same [seed 004]: clients tell errors apart by their status.
TYPE = "http://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"
TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    409: "Conflict",
    422: "Unprocessable Entity",
    500: "Internal Server Error",
    503: "Service Unavailable",
}
# Each call's documented errors [seed 004] leave no 400 or 413 for a body and no 400 for a header: whatever is wrong with a
# body is 422, and a Customer-Id that cannot be read names nobody who may call.
_STATUS_OF: dict[type[Exception], int] = {
    NoCallerError: 401,
    ForeignCustomerError: 403,
    UnknownRouteError: 404,
    UnknownProcessError: 404,
    ClosedProcessError: 409,
    InvalidFieldError: 422,
    UnreadableBodyError: 422,
    BodyTooLargeError: 422,
    StoreUnavailableError: 503,
}
_STATUS_OF_SOURCE = {
    ErrorSource.PARAMETER: 400,
    ErrorSource.BODY: 422,
    ErrorSource.CONTENT_TYPE: 422,
    ErrorSource.HEADER: 401,
}


def refuse(error: Exception, instance: str) -> Response:
    """Return the answer an error stands for; 500 and none of its words for one that nobody foresaw."""
    if isinstance(error, InvalidRequestError):
        status = _STATUS_OF_SOURCE[error.source]
        detail = "; ".join(f"{fault.name} {fault.reason}" for fault in error.faults)
    else:
        status, detail = _STATUS_OF.get(type(error), 500), str(error)
    if status == 500:
        detail = "Something went wrong here"
    if status == 503:
        detail = "Storage does not answer; try again"
    body: dict[str, Any] = {"detail": detail, "status": status, "title": TITLES[status], "type": TYPE}
    if status == 422:
        body["validationMessages"] = _explain(error)
    return Response(status, body, {"retry-after": "2"} if status == 503 else {})


def _explain(error: Exception) -> dict[str, dict[str, str]]:
    """Return field name → rule name → text."""
    if isinstance(error, InvalidFieldError):
        return {error.field: {error.rule: error.reason}}
    if isinstance(error, InvalidRequestError):
        return {fault.name or "body": {"invalid": fault.reason} for fault in error.faults}
    return {"body": {"invalid": str(error)}}


HAL = Dialect(refuse, wants_user_agent=False)
