"""AVIV's calls: what is sent, and what its answers mean."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest

from placard.domain.answers import Result
from placard.domain.errors import PortalUnavailableError, UnsupportedOperationError
from placard.domain.events import Operation
from placard.portals.aviv.paths import make_token
from placard.portals.aviv.publisher import AvivPublisher
from placard.ports import Question
from tests.fakes import FakeClock, MemoryVault
from tests.unit.portals.aviv.stage import (
    ACKNOWLEDGED,
    BASE,
    GRANTED,
    HOUR,
    ID,
    KEY,
    RECEIVER,
    RESALE,
    call_for,
    make_publisher,
    make_vault,
    problem,
)
from tests.unit.portals.scene import (
    CUSTOMER,
    Portal,
    make_classified,
    make_publication,
    make_running,
    read_contract,
)

# Seed 000.
AGENT = re.compile(r"^[^\/\s]+\/[^\/\s]+\s{1}[^\/\s]+\/[^\/\s]+\s{1}[^\/\s]+\/[^\/\s]+$")


TRACE = "00-0af7651916cd43dd8448eb211c80319c-b9c7c989f97918e1-01"
STALE = httpx.Response(412, json={"type": "about:blank", "title": "Precondition Failed", "status": 412})
SHOWN = httpx.Response(200, json={**RESALE, "classifiedId": ID}, headers={"ETag": '"7"'})


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


def ask(publisher: AvivPublisher, *, overdue: bool) -> None:
    running = make_running(Operation.PUT, "SL", listed=("SL",))
    classified = make_classified(RESALE)
    publication = replace(make_publication("aviv", "SL", running=running), traceparent=TRACE)
    publisher.read(Question(publication, classified, publisher.render(classified, "aviv"), overdue))


EMPTY = httpx.Response(200, json={"items": []})
SAVED = httpx.Response(200, json="Webhook saved")
CALLS: dict[str, tuple[Callable[[AvivPublisher], object], list[httpx.Response], int]] = {
    "POST /classifieds": (lambda hub: hub.send(call_for(Operation.POST)), [ACKNOWLEDGED], 0),
    "GET /classifieds": (lambda hub: hub.search(make_classified(RESALE), "aviv"), [EMPTY], 0),
    "GET /classifieds/{id}": (lambda hub: ask(hub, overdue=True), [EMPTY, SHOWN], 1),
    "PUT /classifieds/{id}": (lambda hub: hub.send(call_for(Operation.PUT)), [ACKNOWLEDGED], 0),
    "DELETE /classifieds/{id}": (lambda hub: hub.send(call_for(Operation.DELETE)), [ACKNOWLEDGED], 0),
    "PUT /webhooks": (lambda hub: hub.send(call_for(Operation.POST)), [SAVED, ACKNOWLEDGED], 0),
    "GET /classifieds/{id}/statuses": (lambda hub: ask(hub, overdue=False), [EMPTY], 0),
}


@pytest.mark.parametrize("row", CALLS, ids=lambda row: f"2 {row}")
def test_every_call_has_the_headers_that_aviv_demands(row: str) -> None:
    act, answers, place = CALLS[row]
    portal = Portal(*answers)
    clock = FakeClock()
    act(make_publisher(portal, clock, make_vault(clock, subscribed="webhooks" not in row)))
    request = portal.requests[place]
    method, path = row.split(" ")
    named = re.escape(path).replace(re.escape("{id}"), "[^/]+")
    assert re.fullmatch(f"{method} /sandbox/caas/v4{named}", portal.paths[place])
    assert AGENT.match(request.headers["user-agent"])
    assert request.headers["authorization"] == "Bearer present-token"
    assert request.headers["content-type"] == "application/json"
    assert len(portal.requests) == len(answers)


def test_the_whole_classified_is_sent_with_the_portals_it_keeps() -> None:
    portal = Portal(ACKNOWLEDGED)
    send(portal, Operation.PUT, listed=("SL", "BD"))
    assert portal.sent() == {**RESALE, "portals": ["SL", "BD"]}


def test_aviv_has_no_pause() -> None:
    with pytest.raises(UnsupportedOperationError):
        send(Portal(ACKNOWLEDGED), Operation.DEACTIVATE)


# --- If-Match --------------------------------------------------------------------------------------------------------


def test_an_update_replaces_the_revision_the_hub_knows() -> None:
    """So a PUT delayed on its way cannot undo the one after it."""
    portal = Portal(ACKNOWLEDGED)
    send(portal, Operation.PUT, remote_revision=3)
    assert portal.requests[0].headers["if-match"] == '"3"'


@pytest.mark.parametrize("operation", [Operation.POST, Operation.PUT, Operation.DELETE])
def test_without_a_known_revision_there_is_no_condition(operation: Operation) -> None:
    portal = Portal(ACKNOWLEDGED)
    send(portal, operation)
    assert "if-match" not in portal.requests[0].headers


def test_a_newer_revision_is_read_and_replaced() -> None:
    portal = Portal(STALE, SHOWN, ACKNOWLEDGED)
    answer = send(portal, Operation.PUT, remote_revision=3, traceparent="00-1-2-01")
    assert (answer.result, answer.replaces) == (Result.ACCEPTED, 7)
    assert [path.partition(" ")[0] for path in portal.paths] == ["PUT", "GET", "PUT"]
    assert portal.requests[2].headers["if-match"] == '"7"'
    assert portal.requests[2].headers["traceparent"] == "00-1-2-01"
    assert portal.sent(0) == portal.sent(2)


def test_an_update_is_sent_again_twice_at_most() -> None:
    portal = Portal(STALE, SHOWN, STALE, SHOWN, STALE, SHOWN)
    with pytest.raises(PortalUnavailableError) as caught:
        send(portal, Operation.PUT, remote_revision=3)
    assert caught.value.taken is False
    assert [path.partition(" ")[0] for path in portal.paths] == ["PUT", "GET", "PUT", "GET", "PUT"]


def test_a_classified_that_is_gone_meanwhile_is_missing() -> None:
    assert send(Portal(STALE, problem("404")), Operation.PUT, remote_revision=3).result is Result.MISSING


@pytest.mark.parametrize("failure", [httpx.ReadTimeout("no"), problem("500"), httpx.Response(200, json={})])
def test_a_revision_that_cannot_be_read_leaves_the_update_untaken(failure: Any) -> None:
    with pytest.raises(PortalUnavailableError) as caught:
        send(Portal(STALE, failure), Operation.PUT, remote_revision=3)
    assert caught.value.taken is False


# --- the subscription ------------------------------------------------------------------------------------------------


def send_unsubscribed(portal: Portal, vault: MemoryVault) -> None:
    make_publisher(portal, FakeClock(), vault).send(call_for(Operation.POST))


def test_before_the_first_write_the_hub_subscribes_once() -> None:
    vault = make_vault(FakeClock(), subscribed=False)
    portal = Portal(httpx.Response(200, json="Webhook saved"), ACKNOWLEDGED)
    send_unsubscribed(portal, vault)
    send_unsubscribed(portal, vault)
    assert portal.paths == ["PUT /sandbox/caas/v4/webhooks", *["POST /sandbox/caas/v4/classifieds"] * 2]
    assert AGENT.match(portal.requests[0].headers["user-agent"])
    assert portal.sent(0) == {"url": RECEIVER + make_token(CUSTOMER, KEY)}


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("aviv/app", {"client_id": "hub-client-id", "client_secret": "<secret>", "path_key": "another key"}),
        (f"aviv/accounts/{CUSTOMER}", {"main": {"intermediary_id": "RC-000999"}}),
    ],
    ids=["the address changed", "the agency's id changed"],
)
def test_the_subscription_is_renewed_with_what_it_depends_on(name: str, secret: dict[str, Any]) -> None:
    vault = make_vault(FakeClock())
    vault.write(name, secret, 1)
    saved = httpx.Response(200, json="Webhook saved")
    answers = [saved] if name == "aviv/app" else [GRANTED, saved]
    portal = Portal(*answers, ACKNOWLEDGED)
    send_unsubscribed(portal, vault)
    send_unsubscribed(portal, vault)
    assert [path.rpartition("/")[2] for path in portal.paths if "oauth" not in path] == [
        "webhooks",
        "classifieds",
        "classifieds",
    ], "§2: `DELETE /webhooks` is never called, it might end another customer's subscription"


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
    assert portal.paths == ["PUT /sandbox/caas/v4/webhooks", "POST /sandbox/caas/v4/classifieds"]


@pytest.mark.parametrize("refusal", ["400_validation", "403", "404"])
def test_a_subscription_refused_is_not_tried_for_each_listing(refusal: str) -> None:
    clock = FakeClock()
    vault, portal = make_vault(clock, subscribed=False), Portal(problem(refusal), ACKNOWLEDGED)
    publisher = make_publisher(portal, clock, vault)
    for _ in range(3):
        publisher.send(call_for(Operation.POST))
    assert [path.rpartition("/")[2] for path in portal.paths] == ["webhooks", *["classifieds"] * 3]
    clock.advance(HOUR)
    publisher.send(call_for(Operation.POST))
    assert [path.rpartition("/")[2] for path in portal.paths[4:]] == ["webhooks", "classifieds"]


def test_a_subscription_refused_is_tried_again_at_another_address() -> None:
    clock = FakeClock()
    vault, portal = make_vault(clock, subscribed=False), Portal(problem("400_validation"), ACKNOWLEDGED)
    make_publisher(portal, clock, vault).send(call_for(Operation.POST))
    app = {"client_id": "hub-client-id", "client_secret": "<secret>", "path_key": "another key"}
    vault.write("aviv/app", app, 1)
    make_publisher(portal, clock, vault).send(call_for(Operation.POST))
    assert [path.rpartition("/")[2] for path in portal.paths] == ["webhooks", "classifieds"] * 2


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
    assert make_publisher(portal, FakeClock()).search(classified, "aviv") == (item["classifiedId"],)
    assert str(portal.requests[0].url) == f"{BASE}/classifieds?offererEstateId={wanted}"


def test_every_call_about_a_revision_carries_its_trace() -> None:
    """§1, headers. What prepares the call and what asks for its end belong to it."""
    clock, saved = FakeClock(), httpx.Response(200, json="Webhook saved")
    portal = Portal(saved, STALE, SHOWN, ACKNOWLEDGED, EMPTY, SHOWN, EMPTY)
    publisher = make_publisher(portal, clock, make_vault(clock, subscribed=False))
    publisher.send(call_for(Operation.PUT, traceparent=TRACE, remote_revision=3))
    ask(publisher, overdue=True)
    publisher.search(replace(make_classified(RESALE), traceparent=TRACE), "aviv")
    methods = ["PUT", "PUT", "GET", "PUT", "GET", "GET", "GET"]
    assert [request.method for request in portal.requests] == methods
    assert [request.headers.get("traceparent") for request in portal.requests] == [TRACE] * len(methods)


def test_another_key_is_not_taken_for_ours() -> None:
    page = read_contract("aviv/classifieds_page.json")
    portal = Portal(httpx.Response(200, json=page))
    assert make_publisher(portal, FakeClock()).search(make_classified(RESALE), "aviv") == ()
    assert len(portal.requests) == 4, "a list without an end is left after a few pages"
