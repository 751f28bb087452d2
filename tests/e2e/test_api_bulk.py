"""What the CRM is told before, and the two calls for many classifieds at once."""

from secrets import token_hex
from typing import Any

from sandbox.crm import Crm
from sandbox.samples import PORTUGUESE_FLAT, load_sample, set_price
from tests.e2e.world import BOTH, Json, Listing, Simulator, wait_for


def send(crm: Crm, path: str, body: Any) -> Any:
    answer = crm.send("POST", path, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_preflight_shows_what_is_sent_afterwards(crm: Crm, olx: Simulator, aviv: Simulator) -> None:
    body = load_sample(PORTUGUESE_FLAT, portals=[*BOTH, "BD"])
    writes = olx.count_writes(), aviv.count_writes()
    told = send(crm, "/classifieds/preflight", body)["portals"]
    assert (olx.count_writes(), aviv.count_writes()) == writes
    assert {portal: verdict["ready"] for portal, verdict in told.items()} == {
        "SL": True,
        "IMOVIRTUAL": True,
        "BD": False,
    }
    key = body["data"]["metaData"]["source"]["offererEstateId"]
    assert crm.send("GET", f"/classifieds?offererEstateId={key}").json() == {"items": []}
    listing = Listing(crm, portals=[*BOTH, "BD"], data=body["data"])
    latest = listing.await_end()
    assert {portal: entry["status"] for portal, entry in latest.items()} == {
        "SL": "CREATED",
        "IMOVIRTUAL": "CREATED",
        "BD": "CREATING_FAILED",
    }
    sent = [find_sent(olx, told["IMOVIRTUAL"]["payload"]), find_sent(aviv, told["SL"]["payload"])]
    assert sent == [True, True]
    problems = latest["BD"].get("problems") or [latest["BD"]["problem"]]
    assert problems == told["BD"]["problems"]


def find_sent(portal: Simulator, payload: Json) -> bool:
    return any(call["body"] == payload for call in portal.list_calls("", "POST"))


def test_an_agency_without_accounts_is_told_before(hub: Json) -> None:
    stranger = Crm(hub, customer=f"unconnected-{token_hex(4)}")
    told = send(stranger, "/classifieds/preflight", load_sample(PORTUGUESE_FLAT, portals=BOTH))["portals"]
    assert {verdict["problems"][-1]["code"] for verdict in told.values()} == {"not_connected"}
    stranger.close()


def test_a_branch_is_pushed_and_followed(hub: Json) -> None:
    """An agency of its own, whose listings all end at once: it has no account."""
    agency = Crm(hub, customer=f"branch-{token_hex(4)}")
    listings = [load_sample(PORTUGUESE_FLAT, portals=["IMOVIRTUAL"]) for _ in range(100)]
    items = [{"op": "put", "classified": listing} for listing in listings]
    first = send(agency, "/classifieds/batch", {"items": items})["items"]
    assert {(item["status"], item["ack"]["revision"]) for item in first} == {(202, 1)}
    assert send(agency, "/classifieds/batch", {"items": items})["items"] == first
    keys = [listing["data"]["metaData"]["source"]["offererEstateId"] for listing in listings[:3]]
    mixed = [
        {"op": "delete", "offererEstateId": keys[0]},
        {"op": "put", "classified": set_price(listings[1], 1)},
        {"op": "put", "classified": {**listings[2], "portals": []}},
        *items[3:],
    ]
    verdicts = send(agency, "/classifieds/batch", {"items": mixed})["items"]
    assert [item["status"] for item in verdicts] == [202, 202, 400, *[202] * 97]
    assert [item["ack"]["revision"] for item in verdicts[:2]] == [2, 2]
    assert verdicts[3:] == first[3:]

    told: list[Json] = []
    place = {"cursor": ""}

    def follow() -> bool:
        """Read on; whether every listing has ended."""
        while True:
            since = f"&since={place['cursor']}" if place["cursor"] else ""
            page = agency.send("GET", f"/statuses?limit=60{since}").json()
            place["cursor"] = page["cursor"]
            if not page["items"]:
                break
            told.extend(page["items"])
        ended = {entry["classifiedId"] for entry in told if entry["status"].endswith(("FAILED", "DELETED"))}
        return len(ended) == 100

    wait_for(follow, "the end of a hundred listings in the changes")
    assert len({entry["statusId"] for entry in told}) == len(told)
    assert [entry["creationDate"] for entry in told] == sorted(entry["creationDate"] for entry in told)
    assert {entry["classifiedId"] for entry in told} == {item["ack"]["classifiedId"] for item in first}
    agency.close()
