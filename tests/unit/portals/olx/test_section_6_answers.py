"""Every row of the table of synchronous answers of contracts/olx.md §6, and the next step."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from placard.domain.answers import Result
from placard.domain.errors import CredentialsError, PortalRejectedError, PortalUnavailableError
from placard.domain.events import Operation
from placard.domain.instants import DAY
from placard.portals.base import TIMEOUT, Reply
from placard.portals.olx.answers import ANSWERS, Other, Said, Step, judge
from placard.portals.olx.manifest import POLICY
from tests.fakes import FakeClock
from tests.unit.portals.olx.stage import make_body, make_publisher
from tests.unit.portals.olx.told import row
from tests.unit.portals.scene import Portal, answer_of, make_call

POST, PUT, DELETE = Operation.POST, Operation.PUT, Operation.DELETE
DEACTIVATE, ACTIVATE = Operation.DEACTIVATE, Operation.ACTIVATE
EVERY = tuple(Operation)
GRANTED = answer_of("olx/response_token_200.json")
EXPIRED = answer_of("olx/response_error_403_expired_token.json")
TAKEN = answer_of("olx/response_advert_put_202.json")


def said(status: int, message: str = "no") -> httpx.Response:
    return httpx.Response(status, json={"message": message})


def reply_of(answer: httpx.Response) -> Reply:
    return Reply(answer.status_code, answer.headers, answer.content)


def send(portal: Portal, operation: Operation) -> Any:
    call = make_call(operation, "imovirtual", make_body(), {"title": "T2"}, remote_id="r-1")
    return make_publisher(portal, FakeClock()).send(call)


# Row → the answer, the calls, the next step.
STEPS: dict[str, tuple[httpx.Response, tuple[Operation | Other, ...], Step]] = {
    "400 body breaks the rules": (answer_of("olx/response_error_400_validation.json"), EVERY, Step.TELL),
    "400 same attribute twice": (answer_of("olx/response_error_400_duplicate_attribute.json"), EVERY, Step.TELL),
    "400 authorization code expired or reused": (
        answer_of("olx/response_error_400_authorization_code.json"),
        (Other.RENEWAL,),
        Step.STOP_ACCOUNT,
    ),
    "403 access token expired": (EXPIRED, (*EVERY, Other.READING), Step.RENEW),
    "403 unknown API key": (
        answer_of("olx/response_error_403_invalid_api_key.json"),
        (*EVERY, Other.READING, Other.RENEWAL),
        Step.STOP_APP,
    ),
    "403 bad client credentials": (
        answer_of("olx/response_error_403_client_credentials.json"),
        (*EVERY, Other.READING, Other.RENEWAL),
        Step.STOP_APP,
    ),
    "401": (said(401), (*EVERY, Other.READING), Step.RENEW),
    "404 on PUT": (answer_of("olx/response_error_404_not_found.json"), (PUT, ACTIVATE), Step.RECREATE),
    "404 on DELETE": (answer_of("olx/response_error_404_not_found.json"), (DELETE,), Step.DONE),
    "404 on DEACTIVATE": (answer_of("olx/response_error_404_not_found.json"), (DEACTIVATE,), Step.RECREATE),
    "409 already exists": (said(409, "Advert already exists, use PUT"), (POST,), Step.ADOPT),
    "409 illegal status change": (answer_of("olx/response_error_409_illegal_status_change.json"), EVERY, Step.WAIT),
    "HTML body": (httpx.Response(404, html="<html>gone</html>"), (*EVERY, Other.READING, Other.RENEWAL), Step.RETRY),
    "a 2xx": (TAKEN, EVERY, Step.GO_ON),
}


@pytest.mark.parametrize("name", [pytest.param(name, id=f"§6 {name}") for name in STEPS])
def test_an_answer_has_one_next_step(name: str) -> None:
    answer, calls, step = STEPS[name]
    assert {judge(doing, reply_of(answer)) for doing in calls} == {step}


@row("§6 403 after refresh")
@pytest.mark.parametrize("status", [401, 403])
def test_the_same_refusal_of_a_new_token_stops_the_account(status: int) -> None:
    assert judge(PUT, reply_of(said(status)), renewed=True) is Step.STOP_ACCOUNT
    portal = Portal(said(status), GRANTED, said(status))
    with pytest.raises(CredentialsError) as caught:
        send(portal, PUT)
    assert caught.value.problem.code == "consent_revoked"
    assert len(portal.requests) == 3, "one renewal, one repetition"


@row("§6 403 access token expired", "§6 401")
@pytest.mark.parametrize("refusal", [EXPIRED, said(401)])
def test_an_expired_token_is_renewed_once_and_the_call_repeated(refusal: httpx.Response) -> None:
    portal = Portal(refusal, GRANTED, TAKEN)
    assert send(portal, PUT).result is Result.ACCEPTED
    assert [request.url.path for request in portal.requests].count("/oauth/v1/token") == 1


@row("§6 400 body breaks the rules")
def test_what_breaks_the_rules_names_its_field_and_is_not_sent_again() -> None:
    portal = Portal(httpx.Response(400, json={"message": "no", "errors": [{"field": "title", "message": "too long"}]}))
    with pytest.raises(PortalRejectedError) as caught:
        send(portal, PUT)
    assert [(one.code, one.field, one.detail) for one in caught.value.problems] == [
        ("invalid_field", "/data/texts/headline", "too long")
    ]
    assert len(portal.requests) == 1


@row("§6 404", "§6 409 already exists", "§6 409 illegal status change")
@pytest.mark.parametrize(
    ("operation", "answer", "result"),
    [
        (PUT, said(404), Result.MISSING),
        (DELETE, said(404), Result.DONE),
        (DEACTIVATE, said(404), Result.MISSING),
        (POST, said(409), Result.EXISTS),
        (POST, said(409, "Illegal status change"), Result.BUSY),
        (DELETE, said(409, "Illegal status change"), Result.BUSY),
    ],
)
def test_a_step_is_told_to_the_core_as_a_result(operation: Operation, answer: httpx.Response, result: Result) -> None:
    assert send(Portal(answer), operation).result is result


@row("§6 429")
@pytest.mark.parametrize(("headers", "wait"), [({"Retry-After": "30"}, 30_000), ({}, None)])
def test_too_many_calls_wait_as_asked_or_with_the_hubs_own_backoff(headers: dict[str, str], wait: int | None) -> None:
    with pytest.raises(PortalUnavailableError) as caught:
        send(Portal(httpx.Response(429, headers=headers)), POST)
    assert (caught.value.throttled, caught.value.taken, caught.value.wait) == (True, False, wait)


@row("§6 5xx, HTML body, timeout")
@pytest.mark.parametrize(
    ("failure", "taken"),
    [
        (httpx.Response(500), True),
        (httpx.Response(502, html="<html>bad gateway</html>"), True),
        (httpx.Response(200, html="<html>maintenance</html>"), True),
        (httpx.Response(404, html="<html>no such page</html>"), False),
        (httpx.Response(409, text="conflict"), False),
        (httpx.ReadTimeout("late"), True),
    ],
)
@pytest.mark.parametrize("operation", [POST, PUT, DELETE])
def test_an_outage_is_tried_again_and_never_read_as_an_answer(operation: Operation, failure: Any, taken: bool) -> None:
    with pytest.raises(PortalUnavailableError) as caught:
        send(Portal(failure), operation)
    assert caught.value.taken is taken


@row("§6 5xx, HTML body, timeout")
def test_an_outage_is_given_up_after_a_day() -> None:
    assert POLICY.give_up == DAY


@row("§6 client timeout")
def test_a_call_waits_for_fifteen_to_twenty_seconds() -> None:
    assert 15 <= TIMEOUT <= 20


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_any_2xx_is_an_acceptance_with_or_without_a_body(status: int) -> None:
    empty = send(Portal(httpx.Response(status)), PUT)
    assert (empty.result, empty.remote_id) == (Result.ACCEPTED, "r-1")
    told = send(Portal(httpx.Response(status, json={"data": {"uuid": "r-1"}, "transaction_id": "t"})), PUT)
    assert (told.result, told.transaction) == (Result.ACCEPTED, "t")


def test_every_answer_has_a_row_and_no_row_is_in_vain() -> None:
    reached = set()
    for status in (400, 401, 403, 404, 409, 422):
        for message in ("no", "Invalid API Key", "Illegal status change"):
            for doing in (*Operation, *Other):
                for renewed in (False, True):
                    reached.add(judge(doing, reply_of(said(status, message)), renewed=renewed))
    reached.add(judge(PUT, reply_of(httpx.Response(404, html="<html>"))))
    assert reached == set(Step) - {Step.GO_ON}
    assert {row.said for row in ANSWERS} == set(Said)
