"""Portals' callbacks as they really come: doubled, swapped, early, forged, about nobody we know."""

import hashlib
import hmac
import time
from itertools import pairwise
from typing import Any
from uuid import uuid4

import httpx
import pytest

from sandbox.crm import Crm
from tests.e2e.world import Json, Listing, Simulator, wait_for

TOLD = ("status", "portals", "advert", "problem", "mediaStatuses", "revision")


def sign(hub: Json, object_id: str, transaction_id: str) -> dict[str, str]:
    secret = hub["secrets"]["olx_notification"].encode()
    mac = hmac.new(secret, f"{object_id},{transaction_id}".encode(), hashlib.sha1)
    return {"x-signature": mac.hexdigest()}


def build_notification(object_id: str, event_type: str = "advert_posted_success", **data: Any) -> Json:
    now = int(time.time() * 1000)
    return {
        "destination": "",
        "timestamp": now,
        "event_timestamp": now,
        "transaction_id": str(uuid4()),
        "object_id": object_id,
        "flow": "publish_advert",
        "data": data,
        "event_type": event_type,
    }


def name_aviv(hub: Json, classified_id: str) -> str:
    return f"{hub['receivers']['aviv']}/classifieds/{classified_id}/statuses"


def build_status(status: str) -> Json:
    return {"portals": ["SL"], "status": status, "message": "Said by nobody", "statusDate": "2026-01-01T10:00:00.000Z"}


def await_accepted(simulator: Simulator, remote_id: str) -> None:
    """Wait until everything the portal had to say of an advert is taken."""
    wait_for(
        lambda: all(one["outcome"] == "accepted" for one in simulator.list_callbacks(remote_id)), "callbacks accepted"
    )


@pytest.mark.parametrize("order", [{"mode": "twice"}, {"mode": "swapped"}, {"early": True}], ids=str)
def test_callbacks_in_any_order_and_number_leave_a_right_timeline(
    crm: Crm, olx: Simulator, aviv: Simulator, order: Json
) -> None:
    """Each applied entry tells something new, and the last says how it stands."""
    with olx.calling_back(**order), aviv.calling_back(**order):
        listing = Listing(crm)
        listing.await_status("CREATED", live=True)
        listing.set_price(182_000).await_status("UPDATED", live=True)
        await_accepted(olx, listing.find_advert("IMOVIRTUAL"))
        await_accepted(aviv, listing.find_advert("SL"))
    for channel in ("aviv", "imovirtual"):
        entries = [{name: entry.get(name) for name in TOLD} for entry in listing.list_applied(channel)]
        words = list(dict.fromkeys((entry["revision"], entry["status"]) for entry in entries))
        # An end that comes before the answer to the call leaves no running word.
        ends = [word for word in words if word[1] not in ("CREATING", "UPDATING")]
        assert ends == [(1, "RECEIVED"), (1, "CREATED"), (2, "RECEIVED"), (2, "UPDATED")]
        assert all(one != other for one, other in pairwise(entries))
        assert entries[-1]["advert"]["live"] is True


def test_a_forged_signature_is_refused(hub: Json) -> None:
    body = build_notification(str(uuid4()))
    answer = httpx.post(hub["receivers"]["olx"], json=body, headers={"x-signature": "0" * 40})
    assert answer.status_code == 401
    assert httpx.post(hub["receivers"]["olx"], json=body).status_code == 401


def test_a_signature_of_other_ids_is_refused(hub: Json) -> None:
    body = build_notification(str(uuid4()))
    signature = sign(hub, str(uuid4()), body["transaction_id"])
    assert httpx.post(hub["receivers"]["olx"], json=body, headers=signature).status_code == 401


@pytest.mark.parametrize("content", [b"", b"not json", b"[]", b'"text"', b"{}", b'{"object_id": 5}', b"\xff\xfe"])
def test_what_is_no_notification_is_a_400(hub: Json, content: bytes) -> None:
    answer = httpx.post(hub["receivers"]["olx"], content=content, headers={"x-signature": "0" * 40})
    assert answer.status_code == 400


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_olx_may_look_whether_anybody_is_there(hub: Json, method: str) -> None:
    assert httpx.request(method, hub["receivers"]["olx"]).status_code == 200


def test_a_signed_message_about_an_unknown_advert_is_kept(hub: Json) -> None:
    body = build_notification(str(uuid4()), code="active")
    headers = sign(hub, body["object_id"], body["transaction_id"])
    answers = [httpx.post(hub["receivers"]["olx"], json=body, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]


def test_the_api_takes_callbacks_too(hub: Json) -> None:
    """For portals that need a domain of ours: the same functions, behind routes without a token."""
    olx = f"{hub['api_url']}/portals/olx/notifications"
    body = build_notification(str(uuid4()), code="active")
    assert httpx.get(olx).status_code == 200
    assert httpx.post(olx, json=body, headers=sign(hub, body["object_id"], body["transaction_id"])).status_code == 200
    assert httpx.post(olx, json=body, headers={"x-signature": "0" * 40}).status_code == 401
    aviv = f"{hub['api_url']}/portals/aviv/{hub['receivers']['aviv'].rpartition('/')[2]}"
    assert httpx.post(f"{aviv}/classifieds/{uuid4()}/statuses", json=build_status("CREATED")).status_code == 201
    assert httpx.post(f"{aviv}x/classifieds/{uuid4()}/statuses", json=build_status("CREATED")).status_code == 404


def test_an_event_nobody_knows_is_kept(hub: Json, published: Listing) -> None:
    body = build_notification(published.find_advert("IMOVIRTUAL"), "advert_blessed_success", code="active")
    headers = sign(hub, body["object_id"], body["transaction_id"])
    assert httpx.post(hub["receivers"]["olx"], json=body, headers=headers).status_code == 200


@pytest.mark.parametrize("token", ["", "unknown", "dW5rbm93bg.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "é.é"])
def test_a_wrong_path_token_is_a_404(hub: Json, token: str) -> None:
    base = hub["receivers"]["aviv"].rpartition("/")[0]
    answer = httpx.post(f"{base}/{token}/classifieds/{uuid4()}/statuses", json=build_status("CREATED"))
    assert answer.status_code == 404


def test_an_altered_path_token_is_a_404(hub: Json) -> None:
    url = name_aviv({"receivers": {"aviv": hub["receivers"]["aviv"][:-1] + "~"}}, str(uuid4()))
    assert httpx.post(url, json=build_status("CREATED")).status_code == 404


@pytest.mark.parametrize("content", [b"", b"not json", b"[]", b"\xff\xfe"])
def test_what_is_no_status_is_a_400(hub: Json, content: bytes) -> None:
    assert httpx.post(name_aviv(hub, str(uuid4())), content=content).status_code == 400


def test_a_status_of_an_unknown_classified_is_kept(hub: Json) -> None:
    assert httpx.post(name_aviv(hub, str(uuid4())), json=build_status("CREATED")).status_code == 201


def test_a_false_status_makes_the_hub_ask_and_changes_nothing(hub: Json, published: Listing, aviv: Simulator) -> None:
    """AVIV proves nothing of the body: a callback is a hint, and what AVIV itself then says is believed."""
    advert, timeline = published.find_advert("SL"), list(published.crm.list_statuses(published.id))
    before = len(aviv.list_calls(f"{advert}/statuses", "GET"))
    assert httpx.post(name_aviv(hub, advert), json=build_status("DELETED")).status_code == 201
    wait_for(lambda: len(aviv.list_calls(f"{advert}/statuses", "GET")) > before, "the hub asks AVIV")
    assert [e for e in published.crm.list_statuses(published.id) if e["outcome"] == "applied"] == [
        e for e in timeline if e["outcome"] == "applied"
    ]


def test_what_a_person_does_at_the_portal_is_told_and_not_fought(crm: Crm, olx: Simulator) -> None:
    listing = Listing(crm, portals=["IMOVIRTUAL"])
    advert = listing.await_status("CREATED", live=True)["IMOVIRTUAL"]["advert"]["id"]
    olx.switch("POST", f"adverts/{advert}/state", {"code": "removed_by_user", "visible_in_profile": False})
    entry = wait_for(
        lambda: next((one for one in listing.read_latest().values() if not one["advert"]["live"]), None), "not live"
    )
    assert entry["message"].startswith("Not live: ")
    assert (entry["problem"]["code"], entry["problem"]["actor"]) == ("removed_on_portal", "agency")
    assert len(olx.list_calls(advert)) == 0
