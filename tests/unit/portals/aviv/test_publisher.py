"""AVIV's calls: what is sent, and what its answers mean."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import httpx
import pytest

from placard.domain.answers import Result
from placard.domain.errors import (
    CredentialsError,
    PortalRejectedError,
    PortalUnavailableError,
    UnsupportedOperationError,
)
from placard.domain.events import Operation
from placard.portals.aviv.paths import make_token
from tests.fakes import FakeClock, MemoryVault
from tests.unit.portals.aviv.stage import (
    ACKNOWLEDGED,
    BASE,
    ID,
    KEY,
    RECEIVER,
    RESALE,
    call_for,
    make_publisher,
    make_vault,
    problem,
)
from tests.unit.portals.scene import CUSTOMER, Portal, list_contracts, make_classified, read_contract

# Seed 000.
AGENT = re.compile(r"^[^\/\s]+\/[^\/\s]+\s{1}[^\/\s]+\/[^\/\s]+\s{1}[^\/\s]+\/[^\/\s]+$")


def send(portal: Portal, operation: Operation, **more: Any) -> Any:
    return make_publisher(portal, FakeClock()).send(call_for(operation, **more))


@pytest.mark.parametrize(
    ("operation", "path"),
    [
        (Operation.POST, "POST /sandbox/caas/v4/classifieds"),
        (Operation.PUT, f"PUT /sandbox/caas/v4/classifieds/{ID}"),
        (Operation.DELETE, f"DELETE /sandbox/caas/v4/classifieds/{ID}"),
    ],
)
def test_an_operation_is_one_call(operation: Operation, path: str) -> None:
    portal = Portal(ACKNOWLEDGED)
    answer = send(portal, operation, traceparent="00-1-2-01")
    request = portal.requests[0]
    assert portal.paths == [path]
    assert (answer.result, answer.remote_id) == (Result.ACCEPTED, ID)
    assert AGENT.match(request.headers["user-agent"])
    assert request.headers["authorization"] == "Bearer present-token"
    assert request.headers["traceparent"] == "00-1-2-01"


def test_the_whole_classified_is_sent_with_the_portals_it_keeps() -> None:
    portal = Portal(ACKNOWLEDGED)
    send(portal, Operation.PUT, listed=("SL", "BD"))
    assert portal.sent() == {**RESALE, "portals": ["SL", "BD"]}


def test_aviv_has_no_pause() -> None:
    with pytest.raises(UnsupportedOperationError):
        send(Portal(ACKNOWLEDGED), Operation.DEACTIVATE)


# --- what the answers mean -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operation", "name", "result"),
    [
        (Operation.PUT, "404", Result.MISSING),
        (Operation.DELETE, "404", Result.DONE),
        (Operation.POST, "400_duplicated_classified", Result.EXISTS),
    ],
)
def test_a_refusal_that_is_no_error_says_what_to_do(operation: Operation, name: str, result: Result) -> None:
    answer = send(Portal(problem(name)), operation)
    assert answer.result is result
    assert answer.remote_id is None, "an id is never read out of prose"


@pytest.mark.parametrize(
    ("name", "problems"),
    [
        ("400_validation", [("invalid_field", "/data/location"), ("invalid_field", "/data/location/postalcode")]),
        (
            "400_colliding_contacts",
            [("invalid_field", "/data/contact"), ("invalid_field", "/specific/gsl/contact")],
        ),
        ("400_parsing", [("rejected_by_portal", None)]),
    ],
)
def test_a_400_names_what_a_person_corrects(name: str, problems: list[tuple[str, str | None]]) -> None:
    with pytest.raises(PortalRejectedError) as caught:
        send(Portal(problem(name)), Operation.POST)
    assert [(found.code, found.field) for found in caught.value.problems] == problems


def test_a_field_that_was_not_sent_is_missing() -> None:
    body = {**RESALE, "data": {**RESALE["data"], "location": {"city": "Lyon"}}}
    with pytest.raises(PortalRejectedError) as caught:
        send(Portal(problem("400_validation")), Operation.PUT, body=body)
    assert [found.code for found in caught.value.problems] == ["invalid_field", "missing_field"]


def test_a_medium_used_elsewhere_is_a_medium_refused() -> None:
    body = {
        "type": "https://x.test/v4#section/Errors/Duplicated-Media-Error",
        "title": "Duplicated media",
        "status": 400,
    }
    with pytest.raises(PortalRejectedError) as caught:
        send(Portal(httpx.Response(400, json=body)), Operation.POST)
    assert caught.value.problems[0].code == "media_refused"


def test_a_missing_scope_is_the_operators_business() -> None:
    with pytest.raises(CredentialsError) as caught:
        send(Portal(problem("403")), Operation.POST)
    assert caught.value.problem.code == "credentials_app"


@pytest.mark.parametrize(
    ("failure", "taken", "wait"),
    [
        (problem("500"), True, None),
        (httpx.ReadTimeout("no"), True, None),
        (httpx.ConnectError("no"), False, None),
        (httpx.Response(412, json={"title": "Precondition Failed"}), False, 1000),
        (httpx.Response(403, html="<html>blocked</html>"), False, None),
        (httpx.Response(202, content=b"accepted"), True, None),
        (httpx.Response(429, headers={"Retry-After": "7"}), False, 7000),
    ],
)
def test_an_outage_says_whether_the_portal_may_have_taken_the_call(failure: Any, taken: bool, wait: int | None) -> None:
    with pytest.raises(PortalUnavailableError) as caught:
        send(Portal(failure), Operation.POST)
    assert (caught.value.taken, caught.value.wait) == (taken, wait)


def test_every_contract_error_is_judged_somewhere() -> None:
    assert set(list_contracts("aviv", "error_")) == {
        f"error_{name}.json"
        for name in (
            *("400_colliding_contacts", "400_duplicated_classified", "400_parsing", "400_validation"),
            *("401", "403", "404", "500"),
        )
    }


# --- the subscription ------------------------------------------------------------------------------------------------


def send_unsubscribed(portal: Portal, vault: MemoryVault) -> None:
    make_publisher(portal, FakeClock(), vault).send(call_for(Operation.POST))


def test_before_the_first_write_the_hub_subscribes_once() -> None:
    vault = make_vault(FakeClock(), subscribed=False)
    portal = Portal(httpx.Response(200, json="Webhook saved"), ACKNOWLEDGED)
    send_unsubscribed(portal, vault)
    send_unsubscribed(portal, vault)
    assert portal.paths == ["PUT /sandbox/caas/v4/webhooks", *["POST /sandbox/caas/v4/classifieds"] * 2]
    assert portal.sent(0) == {"url": RECEIVER + make_token(CUSTOMER, KEY)}


def test_the_address_has_the_contracts_shape() -> None:
    wanted = read_contract("aviv/webhook_put_request.json")
    address, _, mac = wanted["url"].rpartition(".")
    ours = RECEIVER + make_token("ag-12", KEY)
    assert ours.startswith(f"{address}.")
    assert len(ours.rpartition(".")[2]) == len(mac)
    assert set(wanted) == {"url"}, "two of the words cannot be named, so none is"


def test_a_subscription_refused_does_not_hold_the_listing() -> None:
    portal, vault = Portal(problem("400_validation"), ACKNOWLEDGED), make_vault(FakeClock(), subscribed=False)
    send_unsubscribed(portal, vault)
    assert portal.paths[-1] == "POST /sandbox/caas/v4/classifieds"
    assert vault.read(f"aviv/webhook/{CUSTOMER}") is None


def test_an_outage_of_the_subscription_took_nothing() -> None:
    with pytest.raises(PortalUnavailableError) as caught:
        send_unsubscribed(Portal(httpx.ReadTimeout("no")), make_vault(FakeClock(), subscribed=False))
    assert caught.value.taken is False


# --- searching -------------------------------------------------------------------------------------------------------


def test_a_classified_is_found_by_the_crms_own_key() -> None:
    page = read_contract("aviv/classifieds_page.json")
    item = page["items"][0]
    wanted = item["data"]["metaData"]["source"]["offererEstateId"]
    portal = Portal(httpx.Response(200, json={"items": page["items"]}))
    classified = replace(make_classified(RESALE), offerer_estate_id=wanted)
    assert make_publisher(portal, FakeClock()).search(classified, "aviv") == item["classifiedId"]
    assert str(portal.requests[0].url) == f"{BASE}/classifieds?offererEstateId={wanted}"


def test_another_key_is_not_taken_for_ours() -> None:
    page = read_contract("aviv/classifieds_page.json")
    portal = Portal(httpx.Response(200, json=page))
    assert make_publisher(portal, FakeClock()).search(make_classified(RESALE), "aviv") is None
    assert len(portal.requests) == 4, "a list without an end is left after a few pages"
