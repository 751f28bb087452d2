"""What OLX's answers to our calls mean (contracts/olx.md §2 and §6), as tables."""

from __future__ import annotations

from placard.domain.answers import Answer, Result
from placard.domain.errors import PortalRejectedError, PortalUnavailableError
from placard.domain.events import Operation
from placard.domain.problems import Problem
from placard.portals.base import Reply
from placard.portals.olx.mapping import is_rent
from placard.portals.olx.sites import PORTAL_OF, RENT_PRICE, SALE_PRICE, point
from placard.portals.reading import as_instant, as_list, as_object, as_text
from placard.ports import Call

# §6: (status, operation) → what it means. A deactivation of what is gone is no pause: the advert is missing, and the
# decision that follows ends the revision as done.
RESULTS = {
    (404, Operation.PUT): Result.MISSING,
    (404, Operation.ACTIVATE): Result.MISSING,
    (404, Operation.DEACTIVATE): Result.MISSING,
    (404, Operation.DELETE): Result.DONE,
    (409, Operation.POST): Result.EXISTS,
}
# §6: a 409 whose message says so is about another operation in flight, whatever the call.
IN_FLIGHT = "illegal status change"
# (status) → problem where no field is named.
PROBLEMS = {400: "rejected_by_portal", 402: "payment_required", 404: "rejected_by_portal", 409: "not_permitted"}


def read_answer(call: Call, reply: Reply) -> Answer:
    """Return what the portal did with a call; PortalRejectedError where it refuses the listing."""
    if reply.succeeded:
        return _accepted(call, reply)
    said = reply.said or {}
    message = as_text(said.get("message")) or f"HTTP {reply.status}"
    if reply.status == 409 and IN_FLIGHT in message.lower():
        return Answer(Result.BUSY, details=message)
    result = RESULTS.get((reply.status, call.operation))
    if result is not None:
        return Answer(result, details=message)
    raise PortalRejectedError(message, _problems(call, reply, message), status_code=reply.status, body=reply.text)


def _accepted(call: Call, reply: Reply) -> Answer:
    said = reply.said if reply.status == 204 else reply.read()
    data = as_object((said or {}).get("data"))
    remote_id = as_text(data.get("uuid"))
    if remote_id is None and call.operation is Operation.POST:
        raise PortalUnavailableError("a creation without its id", taken=True, status_code=reply.status, body=reply.text)
    return Answer(
        Result.ACCEPTED,
        remote_id=remote_id or call.remote_id,
        transaction=as_text((said or {}).get("transaction_id")),
        at=as_instant(data.get("last_action_at")),
    )


def _problems(call: Call, reply: Reply, message: str) -> tuple[Problem, ...]:
    errors = [as_object(item) for item in as_list((reply.said or {}).get("errors"))]
    if not errors or reply.status != 400:
        return (Problem(PROBLEMS.get(reply.status, "rejected_by_portal"), message),)
    problems = []
    for error in errors:
        field = as_text(error.get("field")) or ""
        detail = as_text(error.get("message")) or message
        problems.append(Problem("invalid_field", detail, _point(call, field)))
    return tuple(problems)


def _point(call: Call, field: str) -> str | None:
    if field == "price.value":
        return RENT_PRICE if is_rent(call.classified.body) else SALE_PRICE
    return point(field, PORTAL_OF[call.channel])
