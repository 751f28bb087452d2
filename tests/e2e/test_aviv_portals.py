"""AVIV's portals side by side: what one lacks stops no other, and nobody but AVIV itself is believed."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import boto3
import httpx
import pytest

from placard.portals.aviv.paths import make_token
from sandbox.crm import Crm
from sandbox.samples import PORTUGUESE_FLAT, load_sample, set_price
from tests.e2e.world import Json, Listing, Simulator, wait_for

FRENCH = (
    "Appartement de deux chambres au centre de Braga, cuisine équipée, balcon au sud et place de stationnement. "
    "Immeuble calme, commerces et transports à deux pas, disponible dès la signature de l'acte."
)
FALSE = {
    "portals": ["SL", "BD"],
    "status": "DELETED",
    "message": "Said by nobody",
    "statusDate": "2026-01-01T10:00:00Z",
}


def build_body(*portals: str, french: str | None = FRENCH) -> Json:
    """A flat whose price every portal takes; without the French description Belles Demeures does not take it."""
    body = set_price(load_sample(PORTUGUESE_FLAT), 1_250_000)
    body["portals"] = list(portals)
    if french is not None:
        body["data"]["texts"]["description"]["fr"] = french
    return body


def publish(crm: Crm, body: Json) -> Listing:
    return Listing(crm, **body)


def list_writes(aviv: Simulator, listing: Listing) -> list[tuple[str, list[str]]]:
    """Method and portals of the writes that AVIV got of a classified, oldest first."""
    key = listing.body["data"]["metaData"]["source"]["offererEstateId"]
    advert = listing.find_advert("SL")
    return [
        (call["method"], (call["body"] or {}).get("portals", []))
        for call in aviv.list_calls("^/caas/v4/classifieds")
        if call["method"] in ("POST", "PUT", "DELETE")
        and (call["path"].endswith(advert) or key in str((call["body"] or {}).get("data")))
    ]


def await_live(listing: Listing, *portals: str) -> dict[str, Json]:
    def live() -> dict[str, Json] | None:
        latest = listing.await_end()
        return latest if all(latest[portal]["advert"]["live"] for portal in portals) else None

    return wait_for(live, f"{', '.join(portals)} live") or {}


@contextmanager
def with_rules(aviv: Simulator, **rules: Any) -> Iterator[None]:
    before = aviv.ask("rules")
    aviv.switch("PUT", "rules", rules)
    try:
        yield
    finally:
        aviv.switch("PUT", "rules", before)


@pytest.fixture(scope="module")
def pair(crm: Crm) -> Listing:
    """Live on two portals in one classified at AVIV; for looking at."""
    listing = publish(crm, build_body("SL", "BD"))
    listing.await_status("CREATED", live=True)
    return listing


def test_what_one_portal_lacks_stops_no_other_and_is_mended_by_a_put(crm: Crm, olx: Simulator, aviv: Simulator) -> None:
    listing = publish(crm, build_body("SL", "BD", "IMOVIRTUAL", french=None))
    latest = await_live(listing, "SL", "IMOVIRTUAL")
    assert {portal: entry["status"] for portal, entry in latest.items()} == {
        "SL": "CREATED",
        "BD": "CREATING_FAILED",
        "IMOVIRTUAL": "CREATED",
    }
    problem = latest["BD"]["problem"]
    assert (problem["code"], problem["field"]) == ("missing_field", "/data/texts/description/fr")
    assert (problem["actor"], "BD" in problem["detail"], bool(problem["hint"])) == ("agency", True, True)
    assert list_writes(aviv, listing) == [("POST", ["SL"])]

    latest = await_live(listing.put({**build_body("SL", "BD", "IMOVIRTUAL"), "data": french(listing)}), "SL", "BD")
    assert {portal: entry["status"] for portal, entry in latest.items()} == {
        "SL": "UPDATED",
        "BD": "CREATED",
        "IMOVIRTUAL": "UPDATED",
    }
    (_, portals), *further = list_writes(aviv, listing)[1:]
    assert (set(portals), further) == ({"SL", "BD"}, [])
    assert len(olx.list_calls(listing.find_advert("IMOVIRTUAL"), "PUT")) <= 1


def french(listing: Listing) -> Json:
    """The listing's own data with the description it lacks."""
    data: Json = listing.body["data"]
    texts = {**data["texts"], "description": {**data["texts"]["description"], "fr": FRENCH}}
    return {**data, "texts": texts}


def test_a_portal_is_taken_off_by_a_put_and_the_last_one_by_a_delete(crm: Crm, aviv: Simulator) -> None:
    listing = publish(crm, build_body("SL", "BD", "IMOVIRTUAL"))
    await_live(listing, "SL", "BD")
    latest = listing.put({**listing.body, "portals": ["SL", "IMOVIRTUAL"]}).await_end()
    assert (latest["BD"]["status"], latest["BD"]["advert"]["live"]) == ("DELETED", False)
    assert (latest["SL"]["status"], latest["SL"]["advert"]["live"]) == ("UPDATED", True)
    listing.put({**listing.body, "portals": ["IMOVIRTUAL"]})
    # The portal that was off already has no part in this revision.
    wait_for(lambda: listing.read_latest()["SL"]["status"] == "DELETED", "the last of AVIV's portals is off")
    latest = listing.read_latest()
    assert (latest["SL"]["advert"]["live"], latest["BD"]["revision"]) == (False, 2)
    assert latest["IMOVIRTUAL"]["advert"]["live"] is True
    writes = [(method, set(portals)) for method, portals in list_writes(aviv, listing)]
    assert writes == [("POST", {"SL", "BD"}), ("PUT", {"SL"}), ("DELETE", set())]


# --- forged callbacks ------------------------------------------------------------------------------------------------


def tell(hub: Json, token: str, advert: str) -> int:
    base = hub["receivers"]["aviv"].rpartition("/")[0]
    said = {**FALSE, "message": str(uuid4())}
    return httpx.post(f"{base}/{token}/classifieds/{advert}/statuses", json=said).status_code


def read_outcomes(hub: Json, advert: str) -> list[str | None]:
    """What became of the stored callbacks about an advert."""
    aws = hub["aws"]
    table = boto3.client(
        "dynamodb",
        endpoint_url=aws["endpoint_url"],
        region_name=aws["region"],
        aws_access_key_id=aws["access_key_id"],
        aws_secret_access_key=aws["secret_access_key"],
    )
    found = table.query(
        TableName=hub["table_name"],
        KeyConditionExpression="pk = :pk AND begins_with(sk, :event)",
        ExpressionAttributeValues={":pk": {"S": f"REMOTE#aviv#{advert}"}, ":event": {"S": "EVENT#"}},
    )
    return [item.get("outcome", {}).get("S") for item in found["Items"]]


def list_told(listing: Listing) -> list[Json]:
    return listing.list_applied("aviv")


def test_a_wrong_token_changes_nothing(hub: Json, pair: Listing, aviv: Simulator) -> None:
    advert, told = pair.find_advert("SL"), list_told(pair)
    stored = len(read_outcomes(hub, advert))
    token = make_token(hub["customer_id"], "another key")
    assert tell(hub, token, advert) == 404
    assert len(read_outcomes(hub, advert)) == stored
    assert list_told(pair) == told


def test_another_customers_token_changes_nothing(hub: Json, pair: Listing, aviv: Simulator) -> None:
    advert, told = pair.find_advert("SL"), list_told(pair)
    reads = len(aviv.list_calls(f"{advert}/statuses", "GET"))
    token = make_token("another-agency", hub["secrets"]["aviv_path_key"])
    assert tell(hub, token, advert) == 201
    wait_for(lambda: "refused" in read_outcomes(hub, advert), "the callback is judged")
    assert list_told(pair) == told
    assert len(aviv.list_calls(f"{advert}/statuses", "GET")) == reads, "the hub does not even ask"


def test_a_true_token_with_a_wrong_status_changes_nothing(hub: Json, pair: Listing, aviv: Simulator) -> None:
    advert, told = pair.find_advert("SL"), list_told(pair)
    reads = len(aviv.list_calls(f"{advert}/statuses", "GET"))
    assert tell(hub, hub["receivers"]["aviv"].rpartition("/")[2], advert) == 201
    wait_for(lambda: len(aviv.list_calls(f"{advert}/statuses", "GET")) > reads, "the hub asks AVIV")
    wait_for(lambda: None not in read_outcomes(hub, advert), "every callback is judged")
    assert list_told(pair) == told
    assert {entry["advert"]["live"] for entry in pair.read_latest().values()} == {True}


# --- what only a reading shows ---------------------------------------------------------------------------------------


def test_a_media_error_is_found_though_the_callback_says_created(crm: Crm, aviv: Simulator) -> None:
    body = build_body("SL")
    urls = [item["url"] for item in body["media"]]
    body["media"][1]["url"] = "https://img.example.com/missing.jpg?timestamp=2026-01-01T10:00:00"
    listing = publish(crm, body)
    entry = listing.await_status("CREATED_WITH_MEDIA_ERROR", live=True)["SL"]
    words = {callback["body"]["status"] for callback in aviv.list_callbacks(listing.find_advert("SL"))}
    assert "CREATED_WITH_MEDIA_ERROR" not in words
    assert {one["url"]: one["status"] for one in entry["mediaStatuses"]} == {
        body["media"][1]["url"]: "DOWNLOADING_FAILED"
    }
    assert entry["problem"]["code"] == "media_refused"
    assert body["media"][1]["url"] in entry["problem"]["detail"]
    assert "new `timestamp`" in entry["problem"]["detail"]
    mended = [{**item, "url": url} for item, url in zip(body["media"], urls, strict=True)]
    assert "problem" not in listing.put({**body, "media": mended}).await_status("UPDATED", live=True)["SL"]


def test_a_word_nobody_knows_is_shown_once_and_hides_no_end(crm: Crm, aviv: Simulator) -> None:
    with with_rules(aviv, compare=True):
        listing = publish(crm, build_body("SL"))
        listing.await_status("CREATED", live=True)

        def shown() -> list[Json]:
            entries = crm.list_statuses(listing.id)
            return [entry for entry in entries if entry.get("subStatusDetails") == "COMPARING_FAILED"]

        (entry,) = wait_for(shown, "the unknown word in the timeline")
    assert (entry["outcome"], entry["status"]) == ("unknown", "CREATED")
