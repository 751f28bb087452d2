"""From the CRM's POST to the portal and back, through every hop."""

import pytest

from sandbox.crm import Crm
from sandbox.samples import PORTUGUESE_FLAT, load_sample
from tests.e2e.world import BOTH, Listing, Simulator


def test_a_classified_is_published_on_every_portal(published: Listing) -> None:
    latest = published.read_latest()
    assert set(latest) == set(BOTH)
    for entry in latest.values():
        assert entry["status"] == "CREATED"
        assert entry["advert"]["live"] is True
        assert "problem" not in entry
    assert latest["IMOVIRTUAL"]["advert"]["url"].startswith("https://www.imovirtual.com/")


@pytest.mark.parametrize("channel", ["aviv", "imovirtual"])
def test_the_timeline_tells_each_step_in_order(published: Listing, channel: str) -> None:
    entries = published.list_applied(channel)
    words = list(dict.fromkeys(entry["status"] for entry in entries))
    assert words == ["RECEIVED", "CREATING", "CREATED"]
    dates = [entry["creationDate"] for entry in entries]
    assert dates == sorted(set(dates))


def test_each_portal_gets_the_classified_in_its_own_form(published: Listing, olx: Simulator, aviv: Simulator) -> None:
    (advert,) = [one for one in olx.ask("adverts")["items"] if one["uuid"] == published.find_advert("IMOVIRTUAL")]
    assert advert["payload"]["custom_fields"]["id"] == f"{published.id}-sale"
    assert advert["payload"]["price"] == {"value": 187_500, "currency": "EUR"}
    (classified,) = [one for one in aviv.ask("adverts")["items"] if one["classifiedId"] == published.find_advert("SL")]
    assert classified["portals"] == ["SL"]
    assert "olx" not in classified.get("specific", {})
    assert classified["data"] == published.body["data"]


def test_a_classified_just_sent_reads_as_received_at_once(crm: Crm) -> None:
    listing = Listing(crm)
    latest = listing.read_latest()
    assert set(latest) == set(BOTH)
    assert all(entry["revision"] == 1 for entry in latest.values())
    received = [entry for entry in listing.crm.list_statuses(listing.id) if entry["status"] == "RECEIVED"]
    assert {portal for entry in received for portal in entry["portals"]} == set(BOTH)
    assert {entry["subStatus"] for entry in received} == {"RECEIVED_POST"}


def test_an_edit_reaches_every_portal(crm: Crm, olx: Simulator) -> None:
    """A portal that is slow to answer may be told twice; never of another price."""
    listing = Listing(crm)
    listing.await_status("CREATED", live=True)
    listing.set_price(182_000).await_status("UPDATED", live=True)
    puts = olx.list_calls(listing.find_advert("IMOVIRTUAL"), "PUT")
    assert {put["body"]["price"]["value"] for put in puts} == {182_000}


def test_an_identical_update_makes_no_revision_and_no_portal_call(
    crm: Crm, published: Listing, olx: Simulator, aviv: Simulator
) -> None:
    """A second classified, sent after it and done, shows that nothing was on its way any more."""
    timeline = list(crm.list_statuses(published.id))
    ack = crm.put(published.id, published.body)
    Listing(crm).await_status("CREATED")
    assert ack["revision"] == published.revision
    assert list(crm.list_statuses(published.id)) == timeline
    assert olx.list_calls(published.find_advert("IMOVIRTUAL"), "PUT") == []
    assert aviv.list_calls(published.find_advert("SL"), "PUT") == []


def test_what_a_portal_refuses_says_who_must_do_what(crm: Crm) -> None:
    data = load_sample(PORTUGUESE_FLAT)["data"]
    texts = {**data["texts"], "headline": {"pt": "[refuse] Apartamento T2"}}
    listing = Listing(crm, data={**data, "texts": texts}, portals=["IMOVIRTUAL"])
    entry = listing.await_status("CREATING_FAILED")["IMOVIRTUAL"]
    assert entry["problem"]["code"] == "invalid_field"
    assert entry["problem"]["actor"] == "agency"
    assert entry["problem"]["field"] == "/data/spaces/residential/livingSpace"
    assert {"retriable", "detail", "hint"} <= entry["problem"].keys()
    assert entry["advert"]["live"] is False


def test_data_one_portal_lacks_does_not_stop_another(crm: Crm) -> None:
    listing = Listing(crm, media=[])
    latest = listing.await_end()
    assert latest["SL"]["status"] == "CREATED"
    assert latest["IMOVIRTUAL"]["status"] == "CREATING_FAILED"
    problem = latest["IMOVIRTUAL"]["problem"]
    assert (problem["code"], problem["actor"], problem["field"]) == ("missing_field", "agency", "/media")


def test_a_deleted_classified_is_gone_and_its_timeline_stays(crm: Crm, olx: Simulator) -> None:
    listing = Listing(crm)
    advert = listing.await_status("CREATED", live=True)["IMOVIRTUAL"]["advert"]["id"]
    latest = listing.delete().await_status("DELETED")
    assert crm.send("GET", f"/classifieds/{listing.id}").status_code == 404
    assert set(latest) == set(BOTH)
    # A worker may learn only by this call that its token has ended, and makes it again with the present one.
    assert [call["status"] for call in olx.list_calls(advert, "DELETE") if call["status"] != 403] == [202]
    assert "CREATED" in {entry["status"] for entry in listing.list_applied("aviv")}


def test_a_portal_taken_off_is_deleted_there_alone(crm: Crm) -> None:
    listing = Listing(crm)
    listing.await_status("CREATED", live=True)
    latest = listing.put({**listing.body, "portals": ["IMOVIRTUAL"]}).await_end()
    assert latest["SL"]["status"] == "DELETED"
    assert latest["IMOVIRTUAL"]["status"] == "UPDATED"
    assert latest["IMOVIRTUAL"]["advert"]["live"] is True


def test_the_key_of_a_deleted_classified_may_be_posted_again(crm: Crm) -> None:
    listing = Listing(crm, portals=["SL"])
    listing.await_status("CREATED", live=True)
    listing.delete().await_status("DELETED")
    ack = crm.post(listing.body)
    assert (ack["classifiedId"], ack["revision"]) == (listing.id, 3)
    listing.revision = 3
    listing.await_status("CREATED", live=True)
