"""Contract §3 and §4: each call on a listing process, the fields of an item, and what its state allows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx
import pytest

from placard.domain.answers import Result
from placard.domain.errors import PortalRejectedError, PortalUnavailableError
from placard.domain.events import Operation
from placard.portals.spotahome.api import read_row
from placard.portals.spotahome.states import STATES
from placard.ports import Question
from tests.fakes import FakeClock
from tests.unit.portals.scene import CUSTOMER, Portal, make_call, make_classified, make_publication, read_contract
from tests.unit.portals.spotahome.stage import (
    PROPERTY,
    error,
    make_body,
    make_poller,
    make_publisher,
    page_of,
    process,
    properties,
)

CANCELLED = httpx.Response(204)
LIST, DELETE, SHOWN = "GET /listing-processes", "DELETE /listing-processes/48212", "GET /properties"


def cancel(portal: Portal) -> Any:
    call = make_call(Operation.DELETE, "spotahome", make_body(), {}, remote_id=PROPERTY)
    return make_publisher(portal, FakeClock()).send(call)


def public(shown: bool) -> httpx.Response:
    return properties(**{PROPERTY: shown})


# --- the poller's calls ----------------------------------------------------------------------------------------------


def test_get_listing_processes_asks_for_a_page_of_a_hundred() -> None:
    portal = Portal(page_of())
    make_poller(portal, FakeClock()).page(CUSTOMER, 3, "waitingContent")
    assert dict(portal.requests[0].url.params) == {"state": "waitingContent", "page": "3", "itemsPerPage": "100"}


def test_delete_listing_process_is_204_without_a_body() -> None:
    sample = read_contract("spotahome/cancel_response.json")
    portal = Portal(httpx.Response(sample["status"]))
    make_poller(portal, FakeClock()).cancel(CUSTOMER, 48212)
    assert portal.paths == [DELETE]
    assert portal.requests[0].content == b""


def test_put_assignation_names_the_agent() -> None:
    wanted, portal = read_contract("spotahome/assignation_request.json"), Portal(httpx.Response(204))
    make_poller(portal, FakeClock()).assign(CUSTOMER, 48212, wanted["agentId"])
    assert portal.paths == ["PUT /listing-processes/48212/assignation"]
    assert portal.sent() == wanted


def test_delete_assignation_takes_the_agent_away() -> None:
    portal = Portal(httpx.Response(204))
    make_poller(portal, FakeClock()).assign(CUSTOMER, 48212, None)
    assert portal.paths == ["DELETE /listing-processes/48212/assignation"]
    assert portal.requests[0].content == b""


# --- the fields of an item -------------------------------------------------------------------------------------------


def test_an_item_is_read_with_all_its_fields() -> None:
    row = read_row({**process("waitingContent"), "more": 1})
    assert row is not None
    assert (row.process_id, row.state, row.locator) == (48212, "waitingContent", "KLM482-02")
    assert row.account_id == "7d0f3c52-1b64-4e0a-9a35-5f1c2ab80e11"
    assert (row.property_id, row.agent_id) == (PROPERTY, "b1c7e4aa-52d3-4d8e-9c67-0d4f8e21a733")
    assert (row.published, row.raw) == (None, {"more": 1})


@pytest.mark.parametrize("name", ["locator", "accountId", "propertyId", "agentId"])
def test_every_other_member_is_optional(name: str) -> None:
    item = process("waitingProperty")
    whole, null = read_row({**item, name: None}), read_row({k: v for k, v in item.items() if k != name})
    assert whole is not None
    assert whole == null


@pytest.mark.parametrize("change", [{"id": None}, {"id": "48212"}, {"id": 1.5}, {"state": {}}, {"state": "cancelled"}])
def test_without_its_id_or_state_it_is_no_process(change: dict[str, Any]) -> None:
    assert read_row({**process("cancelled"), **change}) is None


# --- what its state allows (§4) --------------------------------------------------------------------------------------


def test_the_five_states_are_those_of_the_seed() -> None:
    listed = read_contract("spotahome/states_all.json")["_embedded"]["sah:listing-process:states"]
    assert {item["state"] for item in listed} == set(STATES)


@pytest.mark.parametrize("state", ["waitingProperty", "waitingContent"])
def test_an_open_process_is_cancelled(state: str) -> None:
    portal = Portal(page_of(process(state)), CANCELLED)
    assert cancel(portal).result is Result.DONE
    assert portal.paths == [LIST, DELETE]
    assert portal.requests[0].url.params["propertyId"] == PROPERTY


def test_a_cancelled_process_needs_no_call() -> None:
    portal = Portal(page_of(process("cancelled")))
    assert cancel(portal).result is Result.DONE
    assert portal.paths == [LIST]


def test_the_newest_process_of_the_property_is_the_one() -> None:
    """A new publish starts a new process with a new id; another property's is passed over whatever the filter does."""
    rows = [process("cancelled", 1), process("waitingContent", 48212), process("waitingContent", 99999, "another")]
    portal = Portal(page_of(*rows), CANCELLED)
    assert cancel(portal).result is Result.DONE
    assert portal.paths == [LIST, DELETE]


def test_404_on_a_cancellation_is_done() -> None:
    assert cancel(Portal(page_of(process("waitingContent")), error(404))).result is Result.DONE


def test_409_and_cancelled_meanwhile_is_done() -> None:
    portal = Portal(page_of(process("waitingContent")), error(409), page_of(process("cancelled")))
    assert cancel(portal).result is Result.DONE


@pytest.mark.parametrize("state", ["propertyVerified", "propertyUnverified"])
def test_409_and_public_is_for_people(state: str) -> None:
    portal = Portal(page_of(process(state)), error(409), page_of(process(state)), public(True))
    with pytest.raises(PortalRejectedError) as caught:
        cancel(portal)
    assert [problem.code for problem in caught.value.problems] == ["manual_step"]
    assert portal.paths == [LIST, DELETE, LIST, SHOWN]


@pytest.mark.parametrize("state", ["propertyVerified", "propertyUnverified"])
def test_409_and_not_public_has_nothing_left_to_take_off(state: str) -> None:
    portal = Portal(page_of(process(state)), error(409), page_of(process(state)), public(False))
    assert cancel(portal).result is Result.DONE


def test_409_of_an_open_process_is_a_race_and_tried_again() -> None:
    portal = Portal(page_of(process("waitingContent")), error(409), page_of(process("waitingContent")))
    with pytest.raises(PortalUnavailableError) as caught:
        cancel(portal)
    assert (caught.value.taken, caught.value.wait) == (False, 1000)


@pytest.mark.parametrize(("shown", "done"), [(properties(), True), (public(False), True), (public(True), False)])
def test_a_property_without_a_process_is_judged_by_what_the_public_sees(shown: httpx.Response, done: bool) -> None:
    portal = Portal(page_of(), shown)
    if done:
        assert cancel(portal).result is Result.DONE
    else:
        with pytest.raises(PortalRejectedError):
            cancel(portal)
    assert portal.paths == [LIST, SHOWN]


# --- reading ---------------------------------------------------------------------------------------------------------


def read(*answers: httpx.Response) -> tuple[Any, Portal]:
    portal, clock = Portal(*answers), FakeClock()
    publisher, classified = make_publisher(portal, clock), make_classified(make_body())
    publication = replace(make_publication("spotahome", "SPOTAHOME"), remote_id=PROPERTY)
    return publisher.read(Question(publication, classified, publisher.render(classified, "spotahome"))), portal


def test_a_property_is_read_by_its_process_alone_while_that_is_open() -> None:
    events, portal = read(page_of(process("waitingContent")))
    assert [(event.word, event.remote_id) for event in events] == [("waitingContent", PROPERTY)]
    assert portal.paths == [LIST]


@pytest.mark.parametrize("shown", [True, False])
def test_a_checked_property_is_read_with_whether_it_is_public(shown: bool) -> None:
    (event,), portal = read(page_of(process("propertyVerified")), public(shown))
    assert event.advert is not None
    assert event.advert.live is shown
    assert portal.paths == [LIST, SHOWN]


def test_a_property_without_a_process_says_nothing_yet() -> None:
    assert read(page_of())[0] == ()


def test_a_word_nobody_knows_is_left_to_the_sweep() -> None:
    (event,), _ = read(page_of(process("archived")))
    assert (event.known, event.at, event.advert) == (False, None, None)


def test_whether_it_is_public_is_asked_of_the_documented_filter_where_the_item_is_silent() -> None:
    silent = page_of({"id": PROPERTY}, {"id": "p-2"}, relation="sah:properties")
    portal = Portal(silent, page_of({"id": "p-2"}, relation="sah:properties"))
    found = make_poller(portal, FakeClock()).published(CUSTOMER, [PROPERTY, "p-2", "p-3"])
    assert found == {PROPERTY: False, "p-2": True}
    assert [request.url.params.get("published") for request in portal.requests] == [None, "true"]


def test_whether_many_are_public_is_asked_in_a_few_calls() -> None:
    names = [f"p-{number}" for number in range(120)]
    portal = Portal(properties(**dict.fromkeys(names, True)))
    assert make_poller(portal, FakeClock()).published(CUSTOMER, [*names, "p-0"]) == dict.fromkeys(names, True)
    assert [len(request.url.params["ids"].split(",")) for request in portal.requests] == [50, 50, 20]


def test_the_sample_of_the_contract_is_public() -> None:
    sample = read_contract("spotahome/properties_published_assumed.json")
    name = sample["_embedded"]["sah:properties"][0]["id"]
    portal = Portal(httpx.Response(200, json=sample))
    assert make_poller(portal, FakeClock()).published(CUSTOMER, [name]) == {name: True}
