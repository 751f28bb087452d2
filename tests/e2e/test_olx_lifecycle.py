"""The life of an advert as its CRM lives it: each wish, and each thing that the portal or a person does meanwhile."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from sandbox.crm import Crm
from tests.e2e.world import Json, Listing, Simulator, wait_for

CREATE, UPDATE, DELETE = "POST /advert/v1", "PUT {advert}", "DELETE {advert}"
DEACTIVATE, ACTIVATE = "POST {advert}/deactivate", "POST {advert}/activate"


def publish(crm: Crm, portal: str = "IMOVIRTUAL") -> Listing:
    listing = Listing(crm, portals=[portal])
    listing.await_status("CREATED", live=True)
    return listing


def await_state(listing: Listing, state: str) -> Json:
    """The newest entry once the advert is so."""

    def alike() -> Json | None:
        (entry,) = listing.read_latest().values()
        return entry if entry["advert"]["state"] == state else None

    return wait_for(alike, f"{listing.id} is {state}") or {}


def await_end(listing: Listing, status: str, state: str) -> Json:
    """The newest entry once the present revision has ended with this word and the advert is so."""
    listing.await_status(status)
    return await_state(listing, state)


def list_words(listing: Listing) -> list[str]:
    """The story of a listing: each word with its revision, once."""
    words = [f"{entry['status']}({entry['revision']})" for entry in listing.list_applied()]
    return list(dict.fromkeys(words))


def list_writes(olx: Simulator, listing: Listing) -> list[str]:
    """What the portal was asked to do with a listing, oldest first; it refused none of it."""
    advert = next(one for one in olx.ask("adverts")["items"] if one["custom_fields"]["id"].startswith(listing.id))
    path = f"/advert/v1/{advert['uuid']}"
    calls = [call for call in olx.list_calls("^/advert/v1") if call["method"] != "GET"]
    mine = [call for call in calls if call["path"].startswith(path) or _creates(call, advert["custom_fields"]["id"])]
    assert {call["status"] for call in mine} == {202}
    return [f"{call['method']} {call['path'].replace(path, '{advert}')}" for call in mine]


def _creates(call: Json, own_id: str) -> bool:
    return call["path"] == "/advert/v1" and call["body"]["custom_fields"]["id"] == own_id


def change_state(olx: Simulator, listing: Listing, code: str, **changes: object) -> None:
    """Somebody or something at the portal changes the advert."""
    (entry,) = listing.read_latest().values()
    olx.switch("POST", f"adverts/{entry['advert']['id']}/state", {"code": code, **changes})


def assert_live(entry: Json) -> None:
    advert = entry["advert"]
    assert (advert["state"], advert["code"], advert["live"]) == ("live", "active", True)
    assert advert["url"].startswith("https://www.imovirtual.com/")
    assert datetime.now(UTC) < datetime.fromisoformat(advert["expiresAt"]) < datetime.now(UTC) + timedelta(days=31)
    assert advert["nextOperations"] == ["PUT", "DELETE", "DEACTIVATE"]
    assert "problem" not in entry
    assert not entry["message"].startswith("Not live: ")


def assert_not_live(entry: Json, *, code: str, next_operations: list[str], problem: tuple[str, str] | None) -> None:
    """`problem`: its code and who must act; without one the CRM itself wants it so."""
    advert = entry["advert"]
    assert (advert["code"], advert["live"], advert["nextOperations"]) == (code, False, next_operations)
    assert "expiresAt" not in advert
    shown = entry.get("problem")
    assert (shown and (shown["code"], shown["actor"])) == problem
    assert entry["message"].startswith("Not live: ") is (problem is not None)


def test_a_listing_is_paused_activated_edited_and_deleted(crm: Crm, olx: Simulator) -> None:
    listing = Listing(crm, portals=["IMOVIRTUAL"])
    assert_live(await_end(listing, "CREATED", "live"))

    paused = await_end(listing.deactivate(), "UPDATED", "paused")
    assert_not_live(paused, code="removed_by_user", next_operations=["ACTIVATE", "DELETE"], problem=None)
    assert crm.deactivate(listing.id)["revision"] == listing.revision

    assert_live(await_end(listing.activate(), "UPDATED", "live"))
    assert crm.activate(listing.id)["revision"] == listing.revision

    assert_live(await_end(listing.set_price(182_000), "UPDATED", "live"))

    deleted = await_end(listing.delete(), "DELETED", "withdrawn")
    assert_not_live(deleted, code="removed_by_user", next_operations=["POST"], problem=None)

    assert list_writes(olx, listing) == [CREATE, DEACTIVATE, ACTIVATE, UPDATE, DELETE]
    assert list_words(listing) == [
        *("RECEIVED(1)", "CREATING(1)", "CREATED(1)"),
        *("RECEIVED(2)", "UPDATING(2)", "UPDATED(2)"),
        *("RECEIVED(3)", "UPDATING(3)", "UPDATED(3)"),
        *("RECEIVED(4)", "UPDATING(4)", "UPDATED(4)"),
        *("RECEIVED(5)", "DELETING(5)", "DELETED(5)"),
    ]


def test_one_portal_is_paused_and_the_other_stays_as_it_is(crm: Crm, olx: Simulator, aviv: Simulator) -> None:
    listing = Listing(crm)
    before = listing.await_status("CREATED", live=True)["SL"]
    writes = aviv.count_writes()
    crm.deactivate(listing.id, ["IMOVIRTUAL"])

    def paused() -> bool:
        entry = listing.read_latest()["IMOVIRTUAL"]
        return (entry["status"], entry["revision"], entry["advert"]["state"]) == ("UPDATED", 2, "paused")

    wait_for(paused, "the pause on Imovirtual")
    assert listing.read_latest()["SL"] == before
    assert list_writes(olx, listing) == [CREATE, DEACTIVATE]
    assert aviv.count_writes() == writes


def test_what_is_edited_while_paused_goes_with_the_activation(crm: Crm, olx: Simulator) -> None:
    listing = publish(crm)
    await_end(listing.deactivate(), "UPDATED", "paused")
    kept = await_end(listing.set_price(179_000), "UPDATED", "paused")
    assert kept["message"] == "kept until activation"
    assert list_writes(olx, listing) == [CREATE, DEACTIVATE]
    assert_live(await_end(listing.activate(), "UPDATED", "live"))
    assert list_writes(olx, listing) == [CREATE, DEACTIVATE, ACTIVATE, UPDATE]
    assert list_words(listing)[-5:] == ["RECEIVED(3)", "UPDATED(3)", "RECEIVED(4)", "UPDATING(4)", "UPDATED(4)"]


def test_a_moderated_listing_is_mended_by_an_edit(crm: Crm, olx: Simulator) -> None:
    listing = publish(crm)
    moderation = {"reason": "Wrong category", "description": "Choose the right one"}
    change_state(olx, listing, "moderated", moderation=moderation)
    moderated = await_state(listing, "rejected")
    assert_not_live(moderated, code="moderated", next_operations=["PUT"], problem=("moderated", "agency"))
    assert (moderated["status"], moderated["revision"]) == ("CREATED", 1)
    assert moderated["advert"]["moderation"] == moderation
    assert moderation["reason"] in moderated["message"]

    blocked = await_end(listing.set_price(182_000), "UPDATED", "blocked")
    assert_not_live(blocked, code="blocked", next_operations=["PUT", "DELETE"], problem=("not_live_yet", "portal"))

    change_state(olx, listing, "active")
    live = await_state(listing, "live")
    assert_live(live)
    assert (live["status"], live["revision"]) == ("UPDATED", 2)
    assert "moderation" not in live["advert"]
    assert list_writes(olx, listing) == [CREATE, UPDATE]
    assert list_words(listing)[2:] == ["CREATED(1)", "RECEIVED(2)", "UPDATING(2)", "UPDATED(2)"]


def test_an_expired_listing_is_activated(crm: Crm, olx: Simulator) -> None:
    listing = publish(crm)
    change_state(olx, listing, "outdated")
    expired = await_state(listing, "expired")
    assert_not_live(
        expired, code="outdated", next_operations=["PUT", "ACTIVATE", "DELETE"], problem=("expired", "agency")
    )
    assert (expired["status"], expired["revision"]) == ("CREATED", 1)
    assert_live(await_end(listing.activate(), "UPDATED", "live"))
    assert list_writes(olx, listing) == [CREATE, ACTIVATE]
    assert list_words(listing)[2:] == ["CREATED(1)", "RECEIVED(2)", "UPDATING(2)", "UPDATED(2)"]


def test_a_listing_removed_by_a_person_comes_back_with_a_retry(crm: Crm, olx: Simulator) -> None:
    listing = publish(crm)
    change_state(olx, listing, "removed_by_user", visible_in_profile=False)
    removed = await_state(listing, "withdrawn")
    assert_not_live(removed, code="removed_by_user", next_operations=["POST"], problem=("removed_on_portal", "agency"))
    assert (removed["status"], removed["revision"], removed["problem"]["retriable"]) == ("CREATED", 1, True)
    assert_live(await_end(listing.retry(), "CREATED", "live"))
    assert list_writes(olx, listing) == [CREATE, CREATE]
    assert list_words(listing)[2:] == ["CREATED(1)", "RECEIVED(2)", "CREATING(2)", "CREATED(2)"]


@pytest.fixture
def without_repost_rule(olx: Simulator) -> Iterator[None]:
    """The portal no longer minds what was deleted a moment ago."""
    before = olx.ask("rules")["repost_ms"]
    olx.switch("PUT", "rules", {"repost_ms": 0})
    yield
    olx.switch("PUT", "rules", {"repost_ms": before})


def repost(crm: Crm) -> Listing:
    """A listing that was published, deleted and posted again, and now waits."""
    listing = publish(crm)
    listing.delete().await_status("DELETED")
    listing.revision = int(crm.post(listing.body)["revision"])
    (entry,) = wait_for(
        lambda: [one for one in listing.read_latest().values() if "problem" in one], "the wait is explained"
    )
    assert (entry["status"], entry["revision"]) == ("RECEIVED", 3)
    assert (entry["problem"]["code"], entry["problem"]["actor"]) == ("repost_wait", "hub")
    return listing


def test_a_retry_ends_the_wait_for_a_listing_deleted_today(crm: Crm, olx: Simulator, without_repost_rule: None) -> None:
    listing = repost(crm)
    assert list_writes(olx, listing) == [CREATE, DELETE]
    assert_live(await_end(listing.retry(), "CREATED", "live"))
    assert list_writes(olx, listing) == [CREATE, DELETE, CREATE]
    assert list_words(listing)[-4:] == ["RECEIVED(3)", "RECEIVED(4)", "CREATING(4)", "CREATED(4)"]


def test_a_listing_sent_again_too_early_has_to_be_paid(crm: Crm, olx: Simulator) -> None:
    listing = repost(crm)
    unpaid = await_end(listing.retry(), "CREATING_FAILED", "unpaid")
    assert_not_live(unpaid, code="unpaid", next_operations=["POST"], problem=("payment_required", "agency"))
    assert list_words(listing)[-4:] == ["RECEIVED(3)", "RECEIVED(4)", "CREATING(4)", "CREATING_FAILED(4)"]


def test_a_package_expires_and_returns_with_one_entry_for_each_listing(crm: Crm, olx: Simulator) -> None:
    """On Otodom's account, so that the listings of other tests stay as they are."""
    listings = [Listing(crm, portals=["OTODOM"]) for _ in range(3)]
    for listing in listings:
        listing.await_status("CREATED", live=True)
    told, writes = [len(listing.list_applied()) for listing in listings], olx.count_writes()
    account = next(a for a in olx.ask("adverts")["items"] if a["uuid"] == listings[0].find_advert("OTODOM"))["account"]

    olx.switch("POST", f"accounts/{account}/expire-package", {"code": "outdated_by_package"})
    for listing in listings:
        fallen = await_state(listing, "expired")
        problem = ("package_expired", "agency")
        assert_not_live(fallen, code="outdated_by_package", next_operations=["PUT", "DELETE"], problem=problem)
        assert (fallen["status"], fallen["revision"]) == ("CREATED", 1)

    olx.switch("POST", f"accounts/{account}/restore-package")
    for listing, before in zip(listings, told, strict=True):
        assert await_state(listing, "live")["advert"]["live"] is True
        assert len(listing.list_applied()) == before + 2
    assert olx.count_writes() == writes


def test_where_a_portal_cannot_pause_a_pause_is_a_deletion_and_an_activation_a_creation(
    crm: Crm, aviv: Simulator
) -> None:
    """AVIV knows neither; the CRM reads of a pause all the same."""
    listing = publish(crm, "SL")
    paused = await_end(listing.deactivate(), "UPDATED", "paused")
    assert paused["advert"]["live"] is False
    assert paused["advert"]["nextOperations"] == ["ACTIVATE", "DELETE"]
    assert "problem" not in paused
    assert not paused["message"].startswith("Not live: ")

    live = await_end(listing.activate(), "UPDATED", "live")
    assert live["advert"]["live"] is True
    assert live["advert"]["nextOperations"] == ["PUT", "DELETE", "DEACTIVATE"]
    assert "problem" not in live

    writes = [call for call in aviv.list_calls(f"/classifieds/{paused['advert']['id']}$") if call["method"] != "GET"]
    assert [(call["method"], call["status"]) for call in writes] == [("DELETE", 202)]
    key = listing.body["data"]["metaData"]["source"]["offererEstateId"]
    created = [
        call
        for call in aviv.list_calls("/classifieds$", "POST")
        if call["body"]["data"]["metaData"]["source"]["offererEstateId"] == key
    ]
    assert [call["status"] for call in created] == [202, 202]
    assert list_words(listing)[2:] == [
        *("CREATED(1)", "RECEIVED(2)", "UPDATING(2)", "UPDATED(2)"),
        *("RECEIVED(3)", "UPDATING(3)", "UPDATED(3)"),
    ]
