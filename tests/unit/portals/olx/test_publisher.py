"""OLX's calls: what is sent, and what its answers mean."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from placard.domain.answers import Result
from placard.domain.errors import CredentialsError, PortalRejectedError, PortalUnavailableError
from placard.domain.events import Operation
from placard.domain.instants import from_text
from tests.fakes import FakeClock, MemoryVault
from tests.unit.portals.olx.stage import make_body, make_publisher, make_vault
from tests.unit.portals.scene import (
    CUSTOMER,
    Portal,
    answer_of,
    list_contracts,
    make_call,
    read_contract,
)

UUID = "0a8c58ee-6717-4e89-b52b-8ec82ece9987"
META = read_contract("olx/response_meta_200.json")["body"]["data"]
POSTED = read_contract("olx/request_advert_post.json")["body"]
OPERATIONS = {
    "post": Operation.POST,
    "put": Operation.PUT,
    "delete": Operation.DELETE,
    "deactivate": Operation.DEACTIVATE,
    "activate": Operation.ACTIVATE,
}


def send(portal: Portal, operation: Operation, payload: Any = None, **more: Any) -> Any:
    call = make_call(operation, "imovirtual", make_body(), payload or {}, remote_id=UUID, **more)
    return make_publisher(portal, FakeClock()).send(call)


def error(status: int, body: Any = None, **headers: str) -> httpx.Response:
    return httpx.Response(status, json={} if body is None else body, headers=headers)


# --- what is sent ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_is_sent_as_the_contract_shows_it(name: str) -> None:
    wanted = read_contract(f"olx/request_advert_{name}.json")
    portal = Portal(answer_of(f"olx/response_advert_{name}_202.json"))

    send(portal, OPERATIONS[name], wanted["body"])

    request = portal.requests[0]
    assert (request.method, str(request.url)) == (wanted["method"], wanted["url"])
    expected = {header.lower(): value for header, value in wanted["headers"].items()} | {"user-agent": "Placard"}
    assert {header: request.headers.get(header) for header in expected} == expected
    assert (portal.sent() if request.content else None) == wanted["body"]


def test_the_trace_of_the_request_is_passed_on() -> None:
    portal = Portal(answer_of("olx/response_advert_put_202.json"))
    send(portal, Operation.PUT, traceparent="00-1-2-01")
    assert portal.requests[0].headers["traceparent"] == "00-1-2-01"


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_acceptance_tells_the_advert_the_request_and_its_time(name: str) -> None:
    told = read_contract(f"olx/response_advert_{name}_202.json")["body"]
    answer = send(Portal(answer_of(f"olx/response_advert_{name}_202.json")), OPERATIONS[name])
    assert answer.result is Result.ACCEPTED
    assert (answer.remote_id, answer.transaction) == (UUID, told["transaction_id"])
    assert answer.at == from_text(told["data"]["last_action_at"])


# --- what the answers mean -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operation", "answer", "result"),
    [
        (Operation.PUT, "404_not_found", Result.MISSING),
        (Operation.ACTIVATE, "404_not_found", Result.MISSING),
        (Operation.DEACTIVATE, "404_not_found", Result.MISSING),
        (Operation.DELETE, "404_not_found", Result.DONE),
        (Operation.PUT, "409_illegal_status_change", Result.BUSY),
        (Operation.POST, "409_illegal_status_change", Result.BUSY),
    ],
)
def test_a_refusal_that_is_no_error_says_what_to_do(operation: Operation, answer: str, result: Result) -> None:
    assert send(Portal(answer_of(f"olx/response_error_{answer}.json")), operation).result is result


def test_an_advert_with_our_key_exists_already() -> None:
    assert send(Portal(error(409, {"message": "already exists, use PUT"})), Operation.POST).result is Result.EXISTS


@pytest.mark.parametrize(
    ("name", "code", "field"),
    [
        ("400_validation", "invalid_field", None),
        ("400_duplicate_attribute", "invalid_field", "/data/structure/rooms/numberOfRooms"),
        ("400_authorization_code", "rejected_by_portal", None),
    ],
)
def test_a_400_names_what_a_person_corrects(name: str, code: str, field: str | None) -> None:
    with pytest.raises(PortalRejectedError) as caught:
        send(Portal(answer_of(f"olx/response_error_{name}.json")), Operation.POST, POSTED)
    assert [(problem.code, problem.field) for problem in caught.value.problems] == [(code, field)]


@pytest.mark.parametrize(
    ("field", "code"),
    [
        ("title", "invalid_field"),
        ("contact.phone", "missing_field"),
        ("images[0].url", "invalid_field"),
        ("images.0.url", "invalid_field"),
        ("urn:concept:net-area-m2", "missing_field"),
        ("a name of the portal's own", "invalid_field"),
    ],
)
def test_a_field_that_was_not_sent_is_missing_and_not_wrong(field: str, code: str) -> None:
    payload = {**POSTED, "contact": {"name": "Ana", "email": "ana@example.com"}, "attributes": []}
    answer = error(400, {"message": "no", "errors": [{"field": field, "message": "is not right"}]})
    with pytest.raises(PortalRejectedError) as caught:
        send(Portal(answer), Operation.POST, payload)
    assert [problem.code for problem in caught.value.problems] == [code]


def test_a_price_refused_is_shown_where_the_crm_wrote_it() -> None:
    body = {"message": "no", "errors": [{"field": "price.value", "message": "too low"}, {"field": 7}, "what"]}
    with pytest.raises(PortalRejectedError) as caught:
        send(Portal(error(400, body)), Operation.PUT)
    assert caught.value.problems[0].field == "/data/prices/buy/price/amount"


@pytest.mark.parametrize(
    ("failure", "taken"),
    [
        (httpx.ConnectError("no"), False),
        (httpx.ConnectTimeout("no"), False),
        (httpx.PoolTimeout("no"), False),
        (httpx.ReadTimeout("no"), True),
        (httpx.WriteError("no"), True),
        (httpx.RemoteProtocolError("no"), True),
        (error(500), True),
        (error(503), True),
        (error(302), True),
        (httpx.Response(202, html="<html>busy</html>"), True),
        (httpx.Response(202, content=b"{" + b" " * 1_100_000), True),
        (error(202, {"data": {}}), True),
        (httpx.Response(403, html="<html>blocked</html>"), False),
    ],
)
def test_an_outage_says_whether_the_portal_may_have_taken_the_call(failure: Any, taken: bool) -> None:
    with pytest.raises(PortalUnavailableError) as caught:
        send(Portal(failure), Operation.POST)
    assert caught.value.taken is taken


def test_too_many_calls_wait_as_long_as_the_portal_asks() -> None:
    with pytest.raises(PortalUnavailableError) as caught:
        send(Portal(answer_of("olx/response_error_429_rate_limited.json")), Operation.POST)
    assert (caught.value.taken, caught.value.throttled, caught.value.wait) == (False, True, 30_000)


@pytest.mark.parametrize(
    ("asked", "wait"),
    [("Thu, 01 Jan 2026 12:01:00 GMT", 60_000), ("soon", None), ("99999999999999", 86_400_000), ("-5", None)],
)
def test_a_wait_may_be_a_date(asked: str, wait: int | None) -> None:
    with pytest.raises(PortalUnavailableError) as caught:
        send(Portal(error(429, **{"Retry-After": asked})), Operation.PUT)
    assert caught.value.wait == wait


# --- accounts --------------------------------------------------------------------------------------------------------


def make_two_accounts(clock: FakeClock) -> MemoryVault:
    vault = make_vault(clock)
    vault.write(f"olx/accounts/{CUSTOMER}/imovirtual", {"main": {}, "second": {}}, 1)
    vault.write(
        f"olx/token/{CUSTOMER}/imovirtual/second", {"access_token": "second", "expires_at": clock.now() + 3_600_000}, 0
    )
    return vault


def test_the_listing_names_one_of_several_accounts() -> None:
    portal, clock = Portal(answer_of("olx/response_advert_post_202.json")), FakeClock()
    body = {**make_body(), "specific": {"olx": {"default": {"account": "second"}}}}
    make_publisher(portal, clock, make_two_accounts(clock)).send(make_call(Operation.POST, "imovirtual", body, {}))
    assert portal.requests[0].headers["authorization"] == "Bearer second"


@pytest.mark.parametrize(
    ("vault", "code"),
    [(make_two_accounts(FakeClock()), "account_ambiguous"), (MemoryVault(FakeClock()), "not_connected")],
)
def test_without_an_account_nothing_is_sent(vault: MemoryVault, code: str) -> None:
    portal = Portal(error(500))
    with pytest.raises(CredentialsError) as caught:
        make_publisher(portal, FakeClock(), vault).send(make_call(Operation.POST, "imovirtual", make_body(), {}))
    assert caught.value.problem.code == code
    assert portal.requests == []


def test_a_deleted_listing_is_deleted_in_the_account_that_holds_its_advert() -> None:
    clock = FakeClock()
    portal = Portal(
        error(404), httpx.Response(200, json={"data": META}), answer_of("olx/response_advert_delete_202.json")
    )
    call = make_call(Operation.DELETE, "imovirtual", {}, {}, remote_id=UUID, listed=())
    make_publisher(portal, clock, make_two_accounts(clock)).send(call)
    assert portal.paths[-1] == f"DELETE /advert/v1/{UUID}"
    assert portal.requests[-1].headers["authorization"] == "Bearer second"


def test_every_contract_answer_is_judged_somewhere() -> None:
    known = {f"response_advert_{name}_202.json" for name in OPERATIONS} | {
        "response_error_400_authorization_code.json",
        "response_error_400_duplicate_attribute.json",
        "response_error_400_validation.json",
        "response_error_403_client_credentials.json",
        "response_error_403_expired_token.json",
        "response_error_403_invalid_api_key.json",
        "response_error_404_not_found.json",
        "response_error_409_illegal_status_change.json",
        "response_error_429_rate_limited.json",
        "response_meta_200.json",
        "response_meta_list_200.json",
        "response_token_200.json",
    }
    assert set(list_contracts("olx", "response_")) == known
