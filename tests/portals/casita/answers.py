"""What Casita's answers to our calls mean: by status, and by the fields it names."""

from __future__ import annotations

from typing import Any

from placard.domain.answers import Answer, Result
from placard.domain.causes import NO_REASON, Cause
from placard.domain.errors import CredentialsError, PortalRejectedError, PortalUnavailableError
from placard.domain.events import Operation
from placard.domain.problems import Problem
from placard.portals.base import Reply
from placard.portals.reading import as_list, as_object, as_text
from placard.ports import Call
from tests.portals.casita.mapping import locate

RESULTS = {
    (404, Operation.PUT): Result.MISSING,
    (404, Operation.DELETE): Result.DONE,
    (409, Operation.POST): Result.EXISTS,
    (409, Operation.PUT): Result.BUSY,
    (409, Operation.DELETE): Result.BUSY,
}


def require_api(reply: Reply) -> Reply:
    """Return an answer of Casita's own; raises for a firewall's page and for a key that is refused."""
    if not reply.succeeded and reply.said is None:
        text = f"a {reply.status} that is not Casita's"
        raise PortalUnavailableError(text, taken=False, status_code=reply.status, body=reply.text)
    if reply.status in (401, 403):
        raise CredentialsError(Problem.of(Cause.ACCOUNT_MAY_NOT, portal="Casita"), status_code=reply.status)
    return reply


def read_answer(call: Call, reply: Reply) -> Answer:
    """Return what Casita did with a call. Raises PortalRejectedError where it refuses the listing."""
    if reply.succeeded:
        said = reply.read()
        home = as_text(said.get("home")) or call.remote_id
        if home is None:
            raise PortalUnavailableError("a creation without its id", taken=True, status_code=reply.status)
        return Answer(Result.ACCEPTED, home, as_text(said.get("ticket")))
    result = RESULTS.get((reply.status, call.operation))
    if result is not None:
        return Answer(result, details=f"HTTP {reply.status}")
    said = reply.said or {}
    message = as_text(said.get("message")) or NO_REASON
    named = [_read_error(as_object(error), call, message) for error in as_list(said.get("errors"))]
    problems = tuple(named) or (Problem.quote("rejected_by_portal", message),)
    raise PortalRejectedError(message, problems, status_code=reply.status, body=reply.text)


def _read_error(error: Any, call: Call, message: str) -> Problem:
    pointer = locate(as_text(error.get("field")), call.classified.body)
    return Problem.quote("invalid_field", as_text(error.get("message")) or message, pointer)
