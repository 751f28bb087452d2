"""A provider that the hub has never heard of goes the whole way, with nothing changed but the lines its author adds."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from rich.console import Console

from ops import connect
from placard import bootstrap
from placard.domain.instants import MINUTE
from sandbox.simulators.serve import serve_in_thread
from tests.integration.casita.hub import CUSTOMER, DOOR, Hub
from tests.integration.casita.portal import CasitaPortal, Street
from tests.portals.casita.lines import plugged_in
from tests.unit.portals.casita.stage import KEY, SECRET, make_body

REQUESTED = [("RECEIVED", False), ("CREATING", False)]


@pytest.fixture(scope="module")
def street() -> Iterator[tuple[str, Street]]:
    street = Street()
    with serve_in_thread(street.app) as url:
        yield url, street


@pytest.fixture(scope="module")
def door() -> Iterator[str]:
    with serve_in_thread(DOOR) as url:
        yield url


@pytest.fixture
def portal(street: tuple[str, Street]) -> CasitaPortal:
    street[1].portal = CasitaPortal()
    return street[1].portal


@pytest.fixture
def hub(street: tuple[str, Street], portal: CasitaPortal) -> Iterator[Hub]:
    with plugged_in():
        yield Hub(portal.clock, street[0])
    bootstrap.use()


def post(hub: Hub) -> str:
    """Post a listing and let it be delivered; return its id."""
    posted = hub.crm.post(make_body())
    assert posted.status == 202, posted.json
    hub.settle()
    hub.clock.advance(MINUTE)
    classified_id: str = posted.json["classifiedId"]
    return classified_id


def test_a_listing_is_delivered_goes_live_and_is_told(hub: Hub, portal: CasitaPortal, door: str) -> None:
    assert hub.crm.preflight(make_body()).json["portals"]["CASITA"]["problems"] == []
    classified_id = post(hub)
    assert portal.calls == ["POST /homes"]
    assert portal.homes["h-1"] == {
        "reference": classified_id,
        "kind": "flat",
        "deal": "sale",
        "price": 187500,
        "title": "Piso con vistas al mar",
        "text": "Dos dormitorios.",
        "city": "Cádiz",
        "postcode": "11001",
        "photos": ["https://img.example.com/l/10021/1.jpg"],
    }
    assert hub.told() == REQUESTED

    assert portal.tell(door, SECRET, times=2) == [204, 204]
    hub.settle()

    assert hub.told() == [*REQUESTED, ("CREATED", True)]
    shown = hub.crm.get(classified_id).json
    (latest,) = shown["latest"]
    assert (latest["status"], latest["advert"]["url"]) == ("CREATED", "https://casita.test/h-1")


def test_what_is_forged_is_refused_and_changes_nothing(hub: Hub, portal: CasitaPortal, door: str) -> None:
    post(hub)
    assert portal.tell(door, "another-secret") == [401]
    hub.settle()
    assert hub.told() == REQUESTED


def test_a_change_that_is_refused_says_why_and_the_advert_stays(hub: Hub, portal: CasitaPortal, door: str) -> None:
    classified_id = post(hub)
    portal.tell(door, SECRET)
    hub.settle()
    portal.refusal = "The photo shows a telephone number."
    hub.crm.put(classified_id, make_body(texts={"headline": {"es": "Otro piso"}}))
    hub.settle()
    portal.tell(door, SECRET)
    hub.settle()
    assert hub.told()[-2:] == [("UPDATING", True), ("UPDATING_FAILED", True)]
    (latest,) = hub.crm.get(classified_id).json["latest"]
    assert latest["problem"]["code"] == "rejected_by_portal"
    assert portal.refusal in latest["problem"]["detail"]


def test_a_listing_that_is_deleted_leaves_the_portal(hub: Hub, portal: CasitaPortal, door: str) -> None:
    classified_id = post(hub)
    portal.tell(door, SECRET)
    hub.settle()
    hub.clock.advance(MINUTE)
    assert hub.crm.delete(classified_id).status == 202
    hub.settle()
    portal.tell(door, SECRET)
    hub.settle()
    assert portal.calls == ["POST /homes", "DELETE /homes/h-1"]
    assert hub.told()[-2:] == [("DELETING", True), ("DELETED", False)]


def test_news_that_never_come_are_asked_for(hub: Hub, portal: CasitaPortal) -> None:
    post(hub)
    for _ in range(3):
        hub.pass_time(10 * MINUTE)
    assert "GET /homes/h-1" in portal.calls
    assert hub.told() == [*REQUESTED, ("CREATED", True)]


def test_a_listing_it_cannot_show_is_never_sent(hub: Hub, portal: CasitaPortal) -> None:
    refused = hub.crm.post(make_body(estateType="PLOT"))
    hub.settle()
    assert portal.calls == []
    (latest,) = hub.crm.get(refused.json["classifiedId"]).json["latest"]
    assert (latest["status"], latest["problem"]["code"]) == ("CREATING_FAILED", "unsupported")
    assert latest["problem"]["field"] == "/data/estateType"


def test_the_nightly_comparison_reads_its_list(hub: Hub, portal: CasitaPortal, door: str) -> None:
    post(hub)
    portal.tell(door, SECRET)
    hub.settle()
    (compared,), _ = bootstrap.compare_portals()(customer=CUSTOMER)
    assert (compared.account.channel, compared.listed, compared.drifts) == ("casita", 1, ())
    portal.homes.clear()
    (compared,), _ = bootstrap.compare_portals()(customer=CUSTOMER)
    assert compared.drifts


def test_an_operator_connects_an_agency_with_the_tool_as_it_is(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    console = Console(file=io.StringIO())
    monkeypatch.setattr("sys.stdin", io.StringIO("a-new-secret\n"))
    assert connect.run({"PORTAL": "casita", "APP": "1"}, None, console) == 0
    stored = hub.vault.read("casita/app", fresh=True)
    assert stored is not None
    assert stored.value == {"news_secret": "a-new-secret", "previous_news_secret": SECRET}
    for key, code in ((KEY, 0), ("a-wrong-key", 1)):
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{key}\n"))
        assert connect.run({"PORTAL": "casita", "CUSTOMER": "agency-7"}, None, console) == code
