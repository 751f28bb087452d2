"""What OLX's answers to our calls mean (contracts/olx.md §2 and §6): one table from answer to next step."""

from __future__ import annotations

from enum import StrEnum, auto
from typing import NamedTuple

from placard.domain.answers import Answer, Result
from placard.domain.errors import PortalRejectedError, PortalUnavailableError
from placard.domain.events import Operation
from placard.domain.problems import Problem
from placard.portals.base import Reply
from placard.portals.olx.mapping import is_rent
from placard.portals.olx.sites import PORTAL_OF, RENT_PRICE, SALE_PRICE, point
from placard.portals.reading import as_instant, as_list, as_object, as_text, look_up
from placard.ports import Call


class Other(StrEnum):
    """Calls that change no advert."""

    READING = auto()
    RENEWAL = auto()


class Said(StrEnum):
    """What tells two answers of one status apart."""

    PAGE = auto()  # a body that is no JSON: a firewall's page, not the API's answer
    APP = auto()  # the hub's own credentials are refused
    AGAIN = auto()  # the same refusal, of a token just renewed
    IN_FLIGHT = auto()  # another operation of the advert still runs
    ANYTHING = auto()


class Step(StrEnum):
    """What follows from an answer."""

    GO_ON = auto()  # taken; the notification tells the end
    RENEW = auto()  # renew the token, once, and repeat the call
    STOP_ACCOUNT = auto()  # the agency gives its consent again
    STOP_APP = auto()  # the operator corrects the hub's own credentials
    RETRY = auto()  # later; nothing was taken
    ADOPT = auto()  # our advert is there: find its uuid, switch to PUT
    WAIT = auto()  # for the operation in flight, then send the newest payload
    RECREATE = auto()  # the portal knows no such advert: the revision goes on without it
    DONE = auto()  # the goal is reached already
    TELL = auto()  # a person corrects what the answer names; no retry


class Row(NamedTuple):
    """One row: its statuses (none: whatever is left), what is said, the calls it is about (none: all), the step."""

    statuses: tuple[int, ...]
    said: Said
    calls: tuple[Operation | Other, ...]
    step: Step


_POST, _PUT, _DELETE = Operation.POST, Operation.PUT, Operation.DELETE
_DEACTIVATE, _ACTIVATE = Operation.DEACTIVATE, Operation.ACTIVATE
# §1 and §6; the first row that fits counts. No answer, 429, 5xx and redirections never come here: they are the same for
# every portal (`portals.base`).
# A deactivation of what is gone is no pause: the advert is missing, and the look that follows ends the revision as done.
ANSWERS = (
    Row((), Said.PAGE, (), Step.RETRY),
    Row((400, 401, 403), Said.APP, (Other.RENEWAL,), Step.STOP_APP),
    Row((400, 401, 403), Said.ANYTHING, (Other.RENEWAL,), Step.STOP_ACCOUNT),
    Row((), Said.ANYTHING, (Other.RENEWAL,), Step.RETRY),
    Row((401, 403), Said.APP, (), Step.STOP_APP),
    Row((401, 403), Said.AGAIN, (), Step.STOP_ACCOUNT),
    Row((401, 403), Said.ANYTHING, (), Step.RENEW),
    Row((404,), Said.ANYTHING, (_PUT, _ACTIVATE, _DEACTIVATE), Step.RECREATE),
    Row((404,), Said.ANYTHING, (_DELETE,), Step.DONE),
    Row((409,), Said.IN_FLIGHT, (), Step.WAIT),
    Row((409,), Said.ANYTHING, (_POST,), Step.ADOPT),
    Row((), Said.ANYTHING, (), Step.TELL),
)
RESULTS = {
    Step.ADOPT: Result.EXISTS,
    Step.WAIT: Result.BUSY,
    Step.RECREATE: Result.MISSING,
    Step.DONE: Result.DONE,
}
# Words in the `message` of the contract's examples.
WORDS = {Said.APP: ("api key", "client credentials"), Said.IN_FLIGHT: ("illegal status change",)}
# What a person is told where no field is named: status → problem.
PROBLEMS = {402: "payment_required", 409: "not_permitted"}


def judge(doing: Operation | Other, reply: Reply, *, renewed: bool = False) -> Step:
    """Return the next step after an answer. `renewed`: the call was made with a token just renewed."""
    if reply.succeeded:
        return Step.GO_ON
    heard = _hear(reply, renewed)
    return next(
        row.step
        for row in ANSWERS
        if (not row.statuses or reply.status in row.statuses)
        and (row.said is Said.ANYTHING or row.said in heard)
        and (not row.calls or doing in row.calls)
    )


def _hear(reply: Reply, renewed: bool) -> set[Said]:
    message = _message_of(reply).lower()
    heard = {said for said, words in WORDS.items() if any(word in message for word in words)}
    if reply.body.strip() and reply.said is None:
        heard.add(Said.PAGE)
    return heard | {Said.AGAIN} if renewed else heard


def read_answer(call: Call, reply: Reply) -> Answer:
    """Return what the portal did with a call; PortalRejectedError where it refuses the listing."""
    step = judge(call.operation, reply)
    if step is Step.GO_ON:
        return _accepted(call, reply)
    message = _message_of(reply)
    if step in RESULTS:
        return Answer(RESULTS[step], details=message)
    raise PortalRejectedError(message, _problems(call, reply, message), status_code=reply.status, body=reply.text)


def _message_of(reply: Reply) -> str:
    return as_text((reply.said or {}).get("message")) or f"HTTP {reply.status}"


def _accepted(call: Call, reply: Reply) -> Answer:
    # Which 2xx a write returns is not documented (§2), nor that all of them have a body.
    said = reply.read() if reply.body.strip() else {}
    data = as_object(said.get("data"))
    remote_id = as_text(data.get("uuid"))
    if remote_id is None and call.operation is Operation.POST:
        raise PortalUnavailableError("a creation without its id", taken=True, status_code=reply.status, body=reply.text)
    return Answer(
        Result.ACCEPTED,
        remote_id=remote_id or call.remote_id,
        transaction=as_text(said.get("transaction_id")),
        at=as_instant(data.get("last_action_at")),
    )


def _problems(call: Call, reply: Reply, message: str) -> tuple[Problem, ...]:
    errors = [as_object(item) for item in as_list((reply.said or {}).get("errors"))]
    if not errors or reply.status != 400:
        return (Problem.quote(PROBLEMS.get(reply.status, "rejected_by_portal"), message),)
    problems = []
    for error in errors:
        field = as_text(error.get("field")) or ""
        detail = as_text(error.get("message")) or message
        code = "invalid_field" if _was_sent(call, field) else "missing_field"
        problems.append(Problem.quote(code, detail, _point(call, field)))
    return tuple(problems)


def _was_sent(call: Call, field: str) -> bool:
    """Whether the advert sent has this field, or nobody can tell: the portal's own names need not be those of the body."""
    sent = call.rendering.payload
    named = [as_object(attribute).get("urn") for attribute in as_list(sent.get("attributes"))]
    given = look_up(sent, "/" + field.partition("[")[0].replace(".", "/"))
    return field in named or given not in (None, "") or point(field, PORTAL_OF[call.channel]) is None


def _point(call: Call, field: str) -> str | None:
    if field == "price.value":
        return RENT_PRICE if is_rent(call.classified.body) else SALE_PRICE
    return point(field, PORTAL_OF[call.channel])
