"""What AVIV's answers to our calls mean (contracts/aviv.md §2 and §5): by status and problem `type`, never by prose."""

from __future__ import annotations

from typing import Any

from placard.domain.answers import Answer, Result
from placard.domain.causes import Cause
from placard.domain.errors import CredentialsError, PortalRejectedError, PortalUnavailableError
from placard.domain.events import Operation
from placard.domain.instants import SECOND
from placard.domain.problems import Problem
from placard.portals.aviv.mapping import in_own_words
from placard.portals.base import Reply
from placard.portals.reading import as_list, as_object, as_text, look_up
from placard.ports import Call

# §5: (status, operation) → what it means.
RESULTS = {
    (404, Operation.PUT): Result.MISSING,
    (404, Operation.DELETE): Result.DONE,
}
# §2, error bodies: the last part of `type`.
DUPLICATED_CLASSIFIED = "Duplicated-Classifieds-Error"
DUPLICATED_MEDIA = "Duplicated-Media-Error"
WITH_FIELDS = ("Validation-Error", "Colliding-Contacts-Information-Error")


def read_answer(call: Call, body: dict[str, Any] | None, reply: Reply, scale: float) -> Answer:
    """Return what AVIV did with a call; `body` is what was sent.

    Raises PortalRejectedError where the listing is refused.
    """
    if reply.succeeded:
        return _accepted(call, reply)
    said = reply.said or {}
    title = as_text(said.get("title")) or f"HTTP {reply.status}"
    result = RESULTS.get((reply.status, call.operation))
    if result is not None:
        return Answer(result, details=title)
    if reply.status == 412:
        wait = int(SECOND * scale)
        raise PortalUnavailableError("changed meanwhile", taken=False, wait=wait, status_code=412, body=reply.text)
    kind = (as_text(said.get("type")) or "").rpartition("/")[2]
    if kind == DUPLICATED_CLASSIFIED and call.operation is Operation.POST:
        return Answer(Result.EXISTS, details=title)
    message = as_text(said.get("detail")) or title
    problems = tuple(in_own_words(call.classified.body, found) for found in _problems(kind, said, body, message))
    raise PortalRejectedError(message, problems, status_code=reply.status, body=reply.text)


def refuse_access(reply: Reply) -> CredentialsError:
    """Return the error of a 403: a scope or grant the hub lacks."""
    problem = Problem.of(Cause.SCOPE_MISSING, portal="AVIV")
    return CredentialsError(problem, status_code=reply.status, body=reply.text)


def _accepted(call: Call, reply: Reply) -> Answer:
    if call.operation is Operation.DELETE:
        return Answer(Result.ACCEPTED, remote_id=call.remote_id)
    remote_id = as_text(reply.read().get("classifiedId")) or call.remote_id
    if remote_id is None:
        raise PortalUnavailableError("a creation without its id", taken=True, status_code=reply.status, body=reply.text)
    return Answer(Result.ACCEPTED, remote_id=remote_id)


def _problems(kind: str, said: dict[str, Any], body: dict[str, Any] | None, message: str) -> tuple[Problem, ...]:
    if kind == DUPLICATED_MEDIA:
        return (Problem.of(Cause.MEDIA_NOT_UNIQUE, "/media", said=message),)
    # What is wrong with a header, a parameter or the content type stands nowhere in the CRM's body.
    of_body = kind in WITH_FIELDS and body is not None and said.get("errorSource") in ("body", None)
    errors = [as_object(error) for error in as_list(said.get("errors"))] if of_body else []
    if not errors:
        return (Problem.quote("rejected_by_portal", message),)
    return tuple(_read_error(error, body, message) for error in errors)


def _read_error(error: Any, body: dict[str, Any] | None, message: str) -> Problem:
    """Return one field's problem; whether it is missing is seen in what was sent. The pointers are the CRM's own."""
    name = as_text(error.get("name")) or ""
    pointer = name if name.startswith("/") else "/" + name.removesuffix(".*").replace(".", "/")
    given = look_up(body, pointer)
    return Problem.quote(
        "missing_field" if name.startswith("/") and given in (None, "") else "invalid_field",
        as_text(error.get("reason")) or message,
        pointer if len(pointer) > 1 else None,
    )
