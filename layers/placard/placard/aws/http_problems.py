"""Errors as RFC 9457 bodies in V4's dialect (contracts/hub.md §2; contracts/aviv.md §2, Error bodies)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from placard.domain.errors import PlacardError, StoreUnavailableError
from placard.domain.refusals import (
    BodyTooLargeError,
    CallbackRefusedError,
    DeletedClassifiedError,
    DuplicatedClassifiedError,
    InvalidRequestError,
    KeyReusedError,
    PreconditionError,
    UnknownClassifiedError,
    UnknownSubscriptionError,
    UnreadableBodyError,
)

MEDIA_TYPE = "application/problem+json"
# V4 clients tell errors apart by the end of `type`; a URN needs no host that would have to answer.
_TYPE = "urn:placard:Errors/"
_BLANK = "about:blank"


class UnknownRouteError(PlacardError):
    """No such route here."""


class NoCallerError(PlacardError):
    """A request without the claims of a checked token."""


class ForeignCustomerError(PlacardError):
    """A token that may not act for the customer it names."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One answer of this kind; `instance` is added where the request is known."""

    status: int
    title: str
    detail: str
    type: str = _BLANK
    members: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    def to_json(self, instance: str) -> dict[str, Any]:
        """Return the body."""
        basic = {"type": self.type, "title": self.title, "status": self.status, "detail": self.detail}
        return basic | {"instance": instance} | self.members


# Error → status, title, type.
_TABLE: dict[type[Exception], tuple[int, str, str]] = {
    InvalidRequestError: (400, "Bad request", f"{_TYPE}Validation-Error"),
    CallbackRefusedError: (400, "Bad request", f"{_TYPE}Validation-Error"),
    UnreadableBodyError: (400, "Bad request", _BLANK),
    DuplicatedClassifiedError: (400, "Duplicated classified", f"{_TYPE}Duplicated-Classifieds-Error"),
    NoCallerError: (401, "Unauthorized", _BLANK),
    ForeignCustomerError: (403, "Forbidden", _BLANK),
    UnknownClassifiedError: (404, "Not found", _BLANK),
    UnknownSubscriptionError: (404, "Not found", _BLANK),
    UnknownRouteError: (404, "Not found", _BLANK),
    DeletedClassifiedError: (409, "Conflict", f"{_TYPE}Deleted-Classified-Error"),
    PreconditionError: (412, "Precondition Failed", _BLANK),
    BodyTooLargeError: (413, "Content Too Large", _BLANK),
    KeyReusedError: (422, "Unprocessable Content", f"{_TYPE}Idempotency-Key-Reused-Error"),
    StoreUnavailableError: (503, "Service Unavailable", _BLANK),
}
_UNEXPECTED = Problem(500, "Internal Server Error", "Something went wrong here; quote `instance` to the operator")


def describe_problem(error: Exception) -> Problem:
    """Return the answer an error stands for; 500 and none of its words for one that nobody foresaw."""
    status, title, kind = _TABLE.get(type(error), (500, "", ""))
    if status == 500:
        return _UNEXPECTED
    if isinstance(error, StoreUnavailableError):
        # Its own words are about storage and are for the log.
        return Problem(status, title, "Storage does not answer; try again", kind, headers={"retry-after": "2"})
    return Problem(status, title, str(error), kind, _members(error))


def _members(error: Exception) -> dict[str, Any]:
    match error:
        case InvalidRequestError():
            return {
                "errors": [{"name": fault.name, "reason": fault.reason} for fault in error.faults],
                "errorSource": error.source.value,
            }
        case UnreadableBodyError():
            return {"errors": [{"name": "", "reason": str(error)}], "errorSource": "body"}
        case DuplicatedClassifiedError():
            return {"classifiedId": error.classified_id}
        case _:
            return {}
