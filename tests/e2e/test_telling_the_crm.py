"""Callbacks as a CRM meets them: on the running hub, at a receiving end that misbehaves (contracts/hub.md §3)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from sandbox.crm import Crm
from tests.e2e.world import Json, Listing, Simulator, wait_for


class Agency:
    """One customer with its CRM's receiving end; without portal accounts of its own, a listing fails within a second."""

    def __init__(self, hub: Json, receiver: Simulator, name: str | None = None) -> None:
        self.hub, self.receiver = hub, receiver
        self.crm = Crm(hub, name)
        self.prefix = f"/{name or 'main'}-{uuid4().hex[:8]}"
        self.url = hub["simulators"]["crm"] + self.prefix

    def subscribe(self, **wish: Any) -> None:
        answer = self.crm.send("PUT", "/webhooks", json={"url": self.url} | wish)
        assert (answer.status_code, isinstance(answer.json(), str)) == (200, True)

    def shown(self) -> Json:
        answer = self.crm.send("GET", "/webhooks")
        assert answer.status_code == 200, answer.text
        body: Json = answer.json()
        return body

    def publish(self, **changes: Any) -> Listing:
        return Listing(self.crm, **({"portals": ["IMOVIRTUAL"]} | changes))

    def calls(self) -> list[Json]:
        return self.receiver.list_calls(f"^{self.prefix}/classifieds/", "POST")

    def accepted(self, classified_id: str = "") -> list[Json]:
        """What was taken with 201, oldest first."""
        return [call for call in self.calls() if call["status"] == 201 and classified_id in call["path"]]

    def strike(self, **order: Any) -> None:
        self.receiver.switch("POST", "faults", {"match": {"path": f"^{self.prefix}/"}} | order)


@pytest.fixture
def receiver(hub: Json) -> Iterator[Simulator]:
    receiver = Simulator(hub["simulators"]["crm"])
    yield receiver
    receiver.switch("DELETE", "faults")


@pytest.fixture
def agency(hub: Json, receiver: Simulator) -> Iterator[Agency]:
    agency = Agency(hub, receiver, f"agency-{uuid4().hex[:8]}")
    yield agency
    agency.crm.send("DELETE", "/webhooks")


def applied(listing: Listing) -> list[str]:
    """Return the ids of what was applied, oldest first, as the hub's own timeline has it."""
    entries = [entry for entry in listing.crm.list_statuses(listing.id) if entry["outcome"] == "applied"]
    return [entry["statusId"] for entry in reversed(entries)]


def await_told(agency: Agency, listing: Listing) -> list[Json]:
    """Wait until the CRM has taken all that was applied and return what it took."""

    def is_told() -> list[Json] | None:
        took = agency.accepted(listing.id)
        known = {call["body"]["statusId"] for call in took}
        return took if known == set(applied(listing)) else None

    return wait_for(is_told, "everything told") or []


def test_a_listings_whole_way_is_told_in_order_signed_and_once(hub: Json, receiver: Simulator) -> None:
    agency = Agency(hub, receiver)
    try:
        agency.subscribe()
        receiver.switch("PUT", "secrets", {agency.prefix: [agency.shown()["secret"]]})
        listing = Listing(agency.crm)
        listing.await_status("CREATED", live=True)
        took = await_told(agency, listing)
        entries = {entry["statusId"]: entry for entry in agency.crm.list_statuses(listing.id)}
        for channel in ("aviv", "imovirtual"):
            told = [call["body"] for call in took if call["body"]["channel"] == channel]
            dates = [body["creationDate"] for body in told]
            assert dates == sorted(dates)
            assert [body["status"] for body in told][:2] == ["RECEIVED", "CREATING"]
            assert told[-1]["advert"]["live"]
        for call in took:
            body = dict(call["body"])
            assert body.pop("offererEstateId") == listing.body["data"]["metaData"]["source"]["offererEstateId"]
            assert body == entries[body["statusId"]]
            assert call["webhook"]["id"] == body["statusId"]
            assert call["webhook"]["verified"] is True
        assert agency.shown()["state"] == "active"
    finally:
        agency.crm.send("DELETE", "/webhooks")


def test_what_fails_is_told_again_with_the_same_id_and_nothing_overtakes_it(agency: Agency) -> None:
    agency.subscribe()
    agency.strike(kind="status", status=503, times=1)
    agency.strike(kind="drop_before", times=1)
    listing = agency.publish()
    took = await_told(agency, listing)
    assert [call["body"]["statusId"] for call in took] == applied(listing)
    first = [call for call in agency.calls() if call["webhook"]["id"] == took[0]["webhook"]["id"]]
    assert len(first) == 3
    assert len(agency.calls()) == len(took) + 2
    wait_for(lambda: agency.shown()["state"] == "active", "active again")


def test_a_4xx_holds_that_listing_alone(agency: Agency) -> None:
    agency.subscribe()
    held = agency.publish()
    agency.receiver.switch(
        "POST",
        "faults",
        {"match": {"path": f"^{agency.prefix}/classifieds/{held.id}/"}, "kind": "status", "status": 422, "times": 2},
    )
    free = agency.publish()
    await_told(agency, free)
    assert agency.shown()["state"] == "active"
    assert [call["body"]["statusId"] for call in await_told(agency, held)] == applied(held)


def test_one_customers_dead_endpoint_delays_nobody_elses(hub: Json, agency: Agency, receiver: Simulator) -> None:
    other = Agency(hub, receiver, f"agency-{uuid4().hex[:8]}")
    try:
        agency.subscribe()
        other.subscribe()
        agency.strike(kind="drop_before")
        stuck, listing = agency.publish(), other.publish()
        await_told(other, listing)
        assert agency.accepted(stuck.id) == []
        assert wait_for(lambda: agency.shown()["state"] == "failing", "seen to fail")
        assert "failingSince" in agency.shown()
    finally:
        other.crm.send("DELETE", "/webhooks")


def test_410_ends_the_subscription_and_a_redirect_is_not_followed(agency: Agency) -> None:
    agency.subscribe()
    agency.strike(kind="status", status=302, headers={"Location": f"{agency.url}/elsewhere"}, times=1)
    agency.strike(kind="status", status=410, times=1)
    agency.publish()
    wait_for(lambda: agency.crm.send("GET", "/webhooks").status_code == 404, "the end of the subscription")
    assert [call["status"] for call in agency.calls()] == [302, 410]
    assert agency.receiver.list_calls(f"^{agency.prefix}/elsewhere") == []


def test_replay_tells_what_was_before_the_subscription(agency: Agency) -> None:
    listing = agency.publish()
    listing.await_status("CREATING_FAILED")
    agency.subscribe()
    since = agency.crm.send("GET", f"/classifieds/{listing.id}/statuses").json()["items"][-1]["creationDate"]
    assert agency.crm.send("POST", "/webhooks/replay", json={"since": since}).status_code == 202
    assert [call["body"]["statusId"] for call in await_told(agency, listing)] == applied(listing)


def test_two_secrets_sign_during_a_rotation(agency: Agency) -> None:
    agency.subscribe()
    old = agency.shown()["secret"]
    answer = agency.crm.send("POST", "/webhooks/rotate")
    assert answer.json()["secret"] != old
    agency.receiver.switch("PUT", "secrets", {agency.prefix: [old]})
    await_told(agency, agency.publish())
    agency.receiver.switch("PUT", "secrets", {agency.prefix: [answer.json()["secret"]]})
    await_told(agency, agency.publish())
    assert all(call["webhook"]["verified"] for call in agency.calls())


def test_only_subscribed_words_and_changes_of_live_are_told(agency: Agency) -> None:
    agency.subscribe(statuses=["CREATING_FAILED"], liveChanges=False)
    listing = agency.publish()
    (call,) = wait_for(lambda: agency.accepted(listing.id), "told")
    assert call["body"]["status"] == "CREATING_FAILED"
    assert call["body"]["problem"]["code"] == "not_connected"


@pytest.mark.parametrize(
    "url",
    [
        "http://10.0.0.7/hook",
        "https://169.254.169.254/latest",
        "https://0x7f.1/",
        "https://2130706433/",
        "https://[::ffff:10.0.0.1]/",
        "https://user:pw@127.0.0.1/",
        "http://crm.example/",
        "ftp://127.0.0.1/",
    ],
)
def test_no_way_in_through_a_url(agency: Agency, url: str) -> None:
    answer = agency.crm.send("PUT", "/webhooks", json={"url": url})
    assert (answer.status_code, answer.json()["errors"][0]["name"]) == (400, "/url")
    assert agency.crm.send("GET", "/webhooks").status_code == 404
