"""Spotahome from the CRM alone: a portal that never calls, its listing processes, a cancel and what a person does there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.crm import Crm
from sandbox.samples import SPANISH_FLAT, load_sample
from tests.e2e.world import Simulator, wait_for

AGENT = "08699e5b-45dd-479e-8a7f-5a7563a843cb"
# The hub sweeps every ten seconds here, twice a second and account.
PATIENCE = 180.0


@pytest.fixture
def spotahome(hub: dict[str, Any]) -> Simulator:
    return Simulator(hub["simulators"]["spotahome"])


class Flat:
    """A flat to let, on Spotahome alone."""

    def __init__(self, crm: Crm, spotahome: Simulator) -> None:
        self.crm, self.spotahome = crm, spotahome
        self.body = load_sample(SPANISH_FLAT, portals=["SPOTAHOME"])
        # The portal knows a property by its address: each test lets another one.
        number = str(int(self.body["data"]["metaData"]["source"]["offererEstateId"][-6:], 16))
        self.body["data"]["location"] |= {"houseNumber": number}
        self.id = str(crm.post(self.body)["classifiedId"])

    @property
    def latest(self) -> dict[str, Any]:
        return self.crm.read_latest(self.id)["SPOTAHOME"]

    def await_entry(self, what: str, fits: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        def found() -> dict[str, Any] | None:
            latest = self.latest
            return latest if fits(latest) else None

        return wait_for(found, what, PATIENCE) or {}

    def await_process(self) -> dict[str, Any]:
        """The listing process of its property, once a sweep has copied it."""
        taken = self.await_entry("a property", lambda one: "id" in one.get("advert", {}))
        query = {"propertyId": taken["advert"]["id"]}

        def found() -> dict[str, Any] | None:
            rows = self.crm.send("GET", "/listing-processes", params=query).json()["_embedded"]["sah:listing-processes"]
            return rows[0] if rows else None

        return wait_for(found, "its process in the hub's copy", PATIENCE) or {}

    def move(self, process: dict[str, Any], **order: Any) -> None:
        self.spotahome.switch("POST", f"processes/{process['id']}", order)


def test_a_flat_is_followed_from_its_creation_until_somebody_takes_it_down(crm: Crm, spotahome: Simulator) -> None:
    flat = Flat(crm, spotahome)
    process = flat.await_process()
    waiting = flat.await_entry("what Spotahome waits for", lambda one: "problem" in one)
    assert (waiting["status"], waiting["source"], waiting["problem"]["code"]) == ("CREATING", "poll", "manual_step")
    flat.move(process, state="propertyVerified", published=True)
    live = flat.await_entry("live", lambda one: one["advert"]["live"])
    assert (live["status"], live["source"], live["advert"]["id"]) == ("CREATED", "poll", process["propertyId"])
    assert flat.await_process()["state"] == {"state": "propertyVerified"}
    refused = crm.send("DELETE", f"/listing-processes/{process['id']}")
    assert (refused.status_code, refused.headers["content-type"]) == (409, "application/json")
    flat.move(process, published=False)
    gone = flat.await_entry("down", lambda one: not one["advert"]["live"])
    assert (gone["status"], gone["problem"]["code"], gone["problem"]["actor"]) == (
        "CREATED",
        "removed_on_portal",
        "agency",
    )


def test_an_agent_and_a_cancel_reach_the_portal_and_the_classified(crm: Crm, spotahome: Simulator) -> None:
    flat = Flat(crm, spotahome)
    process = flat.await_process()
    one = f"/listing-processes/{process['id']}"

    def at_portal() -> dict[str, Any]:
        return dict(spotahome.ask(f"processes/{process['id']}"))

    assert crm.send("PUT", f"{one}/assignation", json={"agentId": AGENT}).status_code == 204
    wait_for(lambda: at_portal()["agentId"] == AGENT, "the agent at the portal")
    assert crm.send("DELETE", f"{one}/assignation", headers={"User-Agent": None}).status_code == 204
    wait_for(lambda: at_portal()["agentId"] is None, "no agent at the portal")

    assert crm.send("DELETE", one).status_code == 204
    received = [entry for entry in crm.list_statuses(flat.id) if entry["revision"] == 2]
    assert received[-1]["subStatus"] == "RECEIVED_PUT", "what was written is read at once"
    assert flat.await_process()["state"] == {"state": "cancelled"}
    deleted = flat.await_entry("deleted", lambda entry: entry["status"] == "DELETED")
    assert (deleted["revision"], deleted["advert"]["live"]) == (2, False)
    wait_for(lambda: at_portal()["state"] == {"state": "cancelled"}, "cancelled at the portal")
    assert crm.send("DELETE", one).status_code == 409

    assert crm.put(flat.id, flat.body)["revision"] == 3, "the same body wishes for the portal again"
    again = flat.await_entry("created anew", lambda entry: entry["revision"] == 3 and entry["status"] == "CREATING")
    assert again["advert"]["id"] != process["propertyId"]


def test_listing_processes_ask_for_the_scopes_that_their_calls_need(crm: Crm) -> None:
    reading = {"Authorization": f"Bearer {crm.fetch_token(['placard/read'])}"}
    assert crm.send("GET", "/listing-processes/states", headers=reading).json()["total"] == 5
    assert crm.send("DELETE", "/listing-processes/1", headers=reading).status_code == 403
    assert crm.send("DELETE", "/listing-processes/1").status_code == 404
    assert crm.send("GET", "/listing-processes", headers={"Authorization": "Bearer none"}).status_code == 401
