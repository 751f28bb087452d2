"""Every row of the table of calls of contracts/aviv.md §2, with each error it lists: what the hub makes of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from placard.domain.answers import Result
from placard.domain.errors import CredentialsError, PortalRejectedError, PortalUnavailableError
from placard.domain.events import Operation
from placard.portals.aviv.publisher import AvivPublisher
from placard.ports import Question
from tests.fakes import FakeClock
from tests.unit.portals.aviv.stage import (
    ACKNOWLEDGED,
    GRANTED,
    ID,
    RESALE,
    call_for,
    make_publisher,
    make_vault,
    problem,
)
from tests.unit.portals.scene import Portal, make_classified, make_publication, make_running, read_contract

POST, PUT, DELETE = Operation.POST, Operation.PUT, Operation.DELETE
Act = Callable[[AvivPublisher], Any]

SAVED = httpx.Response(200, json="Webhook saved")
NOTHING = httpx.Response(200, json={"items": []})
SHOWN = httpx.Response(200, json={**RESALE, "classifiedId": ID}, headers={"ETag": '"2"'})
CONFLICT = httpx.Response(412, json={"type": "about:blank", "title": "Precondition Failed", "status": 412})


def send(operation: Operation) -> Act:
    return lambda hub: hub.send(call_for(operation)).result


def look(hub: AvivPublisher, *, overdue: bool = False, kind: Operation = PUT) -> list[str]:
    """Return the words that a reading brings back, an operation of this kind in flight."""
    publication = make_publication("aviv", "SL", running=make_running(kind, "SL", listed=("SL",)))
    classified = make_classified(RESALE)
    question = Question(publication, classified, hub.render(classified, "aviv"), overdue)
    return [event.word for event in hub.read(question)]


# Row → what the hub does to make the call, the answers it gets before, and those of a success.
ROWS: dict[str, tuple[Act, list[httpx.Response], list[httpx.Response]]] = {
    "POST /classifieds": (send(POST), [], [ACKNOWLEDGED]),
    "GET /classifieds": (lambda hub: hub.search(make_classified(RESALE), "aviv"), [], [NOTHING]),
    "GET /classifieds/{id}": (lambda hub: look(hub, overdue=True), [NOTHING], [SHOWN]),
    "PUT /classifieds/{id}": (send(PUT), [], [ACKNOWLEDGED]),
    "DELETE /classifieds/{id}": (send(DELETE), [], [ACKNOWLEDGED]),
    "GET /classifieds/{id}/statuses": (
        look,
        [],
        [httpx.Response(200, json=read_contract("aviv/statuses_latest.json"))],
    ),
    "PUT /webhooks": (send(POST), [], [SAVED, ACKNOWLEDGED]),
}
TAKEN, UNTAKEN = (PortalUnavailableError, True), (PortalUnavailableError, False)
REFUSED, STOPPED = (PortalRejectedError, "rejected_by_portal"), (CredentialsError, "credentials_app")
INVALID = (PortalRejectedError, "invalid_field")
# (row, status) → what comes of it: a result, or an error and its problem or whether the call may have been taken.
# §2 lists no 412 and no 404 for the lists; 401 is the same for all rows, below.
ERRORS: dict[tuple[str, int], Any] = {
    ("POST /classifieds", 400): INVALID,
    ("POST /classifieds", 403): STOPPED,
    ("POST /classifieds", 404): REFUSED,
    ("POST /classifieds", 500): TAKEN,
    ("GET /classifieds", 403): STOPPED,
    ("GET /classifieds", 500): TAKEN,
    ("GET /classifieds/{id}", 403): STOPPED,
    ("GET /classifieds/{id}", 404): ["HTTP 404"],
    ("GET /classifieds/{id}", 500): TAKEN,
    ("PUT /classifieds/{id}", 400): INVALID,
    ("PUT /classifieds/{id}", 403): STOPPED,
    ("PUT /classifieds/{id}", 404): Result.MISSING,
    ("PUT /classifieds/{id}", 412): UNTAKEN,
    ("PUT /classifieds/{id}", 500): TAKEN,
    ("DELETE /classifieds/{id}", 400): REFUSED,
    ("DELETE /classifieds/{id}", 403): STOPPED,
    ("DELETE /classifieds/{id}", 404): Result.DONE,
    ("DELETE /classifieds/{id}", 500): TAKEN,
    ("GET /classifieds/{id}/statuses", 400): REFUSED,
    ("GET /classifieds/{id}/statuses", 403): STOPPED,
    ("GET /classifieds/{id}/statuses", 404): ["HTTP 404"],
    ("GET /classifieds/{id}/statuses", 500): TAKEN,
    # A listing does not wait for its callbacks; an outage would meet it too.
    ("PUT /webhooks", 400): Result.ACCEPTED,
    ("PUT /webhooks", 403): Result.ACCEPTED,
    ("PUT /webhooks", 404): Result.ACCEPTED,
    ("PUT /webhooks", 500): UNTAKEN,
}
SUCCESSES = {
    "POST /classifieds": Result.ACCEPTED,
    "GET /classifieds": (),
    "GET /classifieds/{id}": [],
    "PUT /classifieds/{id}": Result.ACCEPTED,
    "DELETE /classifieds/{id}": Result.ACCEPTED,
    "GET /classifieds/{id}/statuses": ["UPDATED_WITH_MEDIA_ERROR"],
    "PUT /webhooks": Result.ACCEPTED,
}


def refusal(status: int) -> httpx.Response:
    named = {400: "400_validation", 401: "401", 403: "403", 404: "404", 500: "500"}
    return CONFLICT if status == 412 else problem(named[status])


def call(row: str, *answers: httpx.Response) -> tuple[Portal, Any]:
    """Make a row's call; return the portal and what came of it, as in the tables above."""
    act, before, _ = ROWS[row]
    portal, clock = Portal(*before, *answers), FakeClock()
    hub = make_publisher(portal, clock, make_vault(clock, subscribed=row != "PUT /webhooks"))
    try:
        return portal, act(hub)
    except PortalUnavailableError as error:
        return portal, (PortalUnavailableError, error.taken)
    except PortalRejectedError as error:
        return portal, (PortalRejectedError, error.problems[0].code)
    except CredentialsError as error:
        return portal, (CredentialsError, error.problem.code)


def list_calls(portal: Portal) -> list[str]:
    return [path.replace("/sandbox/caas/v4", "").replace(ID, "{id}").replace("r-1", "{id}") for path in portal.paths]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"2 {row}: success")
def test_what_a_success_leads_to(row: str) -> None:
    _, before, success = ROWS[row]
    portal, found = call(row, *success)
    assert found == SUCCESSES[row]
    assert list_calls(portal)[len(before)] == row


@pytest.mark.parametrize(("row", "status"), ERRORS, ids=[f"2 {row}: {status}" for row, status in ERRORS])
def test_what_an_error_leads_to(row: str, status: int) -> None:
    answers = [refusal(status), ACKNOWLEDGED] if row == "PUT /webhooks" else [refusal(status)]
    portal, found = call(row, *answers)
    assert found == ERRORS[row, status]
    assert list_calls(portal)[len(ROWS[row][1])] == row


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"2 {row}: 401")
def test_a_token_refused_is_replaced_and_the_call_made_again(row: str) -> None:
    _, before, success = ROWS[row]
    portal, found = call(row, problem("401"), GRANTED, *success)
    assert found == SUCCESSES[row]
    assert list_calls(portal)[len(before) :][:3] == [row, "POST /oauth/token", row]


@pytest.mark.parametrize(("row", "status"), ERRORS, ids=[f"2 {row}: {status}" for row, status in ERRORS])
def test_an_error_is_known_by_its_status_and_type_not_by_its_prose(row: str, status: int) -> None:
    told = {**refusal(status).json(), "title": "Fehler", "detail": "offererEstateId: x belongs to classifiedId: y."}
    _, plain = call(row, refusal(status), ACKNOWLEDGED)
    _, other = call(row, httpx.Response(status, json=told), ACKNOWLEDGED)
    assert other == plain


def test_the_hub_calls_every_row_but_one() -> None:
    """`DELETE /webhooks` might end another customer's subscription (`AvivPublisher._subscribe`)."""
    assert set(ROWS) == {row for row, _ in ERRORS} == set(SUCCESSES)
    assert len(ROWS) == 7
