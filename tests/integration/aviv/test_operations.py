"""Each operation from the CRM's wish to AVIV's end and back: what AVIV knows and the hub does not, and the reverse."""

import copy
from typing import Any

import pytest

from placard.domain.instants import MINUTE
from placard.domain.lifecycle import Word
from tests.integration.aviv.hub import ESTATE, Hub, flat
from tests.integration.simulators.callers import await_value, read_contract

CREATED = ["RECEIVED(1)", "CREATING(1)", "CREATED(1)"]


@pytest.fixture
def live(hub: Hub) -> Hub:
    """A hub whose classified is live."""
    hub.post(flat())
    hub.settle()
    assert hub.list_told() == CREATED
    return hub


def await_word(hub: Hub, word: str) -> None:
    hub.portal.await_status(hub.remote_id, word)


def test_a_key_that_aviv_has_already_is_adopted_and_changed(hub: Hub) -> None:
    """The agency's former software put it there. The id comes from a query, never from the refusal's prose."""
    there = hub.portal.create(flat(amount=470_000))
    hub.portal.await_status(there, "CREATED")
    hub.post(flat())
    hub.settle()
    (advert,) = hub.list_adverts()
    assert (hub.remote_id, advert["classifiedId"]) == (there, there)
    assert advert["data"]["prices"]["buy"]["price"]["amount"] == 485_000
    # That it is live there already is told before the first operation begins.
    assert list(dict.fromkeys(hub.list_told())) == CREATED
    assert [call for call in hub.list_calls() if call.startswith("P")][1:] == ["POST 400", "PUT 202"]


def test_an_update_of_what_is_gone_creates_anew(live: Hub) -> None:
    former = live.remote_id
    assert live.portal.http.delete(f"/classifieds/{former}").status_code == 202
    await_value(lambda: not live.list_adverts())
    live.inbox = type(live.inbox)()
    live.put(flat(amount=470_000))
    live.settle()
    (advert,) = live.list_adverts()
    assert advert["classifiedId"] == live.remote_id != former
    assert advert["live"] == ["SL"]
    assert live.list_told()[-1] in ("CREATED(2)", "UPDATED(2)")


def test_a_deletion_of_what_is_gone_is_done(live: Hub) -> None:
    assert live.portal.http.delete(f"/classifieds/{live.remote_id}").status_code == 202
    await_value(lambda: not live.list_adverts())
    live.inbox = type(live.inbox)()
    live.delete()
    live.settle()
    assert live.list_told()[-1] == "DELETED(2)"
    assert "DELETE 404" in live.list_calls()


def test_a_change_by_somebody_else_is_met_and_replaced(live: Hub) -> None:
    """The whole classified is sent, under the condition of the revision the hub knows, then of the one it finds."""
    foreign = {**flat(amount=1), "media": []}
    assert live.portal.http.put(f"/classifieds/{live.remote_id}", json=foreign).status_code == 202
    await_word(live, "UPDATED")
    live.inbox = type(live.inbox)()
    live.put(flat(amount=470_000))
    live.settle()
    (advert,) = live.list_adverts()
    assert {name: advert[name] for name in ("portals", "data", "media")} == flat(amount=470_000)
    assert [call for call in live.list_calls() if call.startswith("P")][-2:] == ["PUT 412", "PUT 202"]
    assert live.list_told()[-1] == "UPDATED(2)"


def test_without_a_callback_the_statuses_are_read_after_15_minutes(hub: Hub) -> None:
    hub.portal.sim.put("/callbacks", json={"mode": "none"})
    hub.post(flat())
    hub.hand_on()
    await_word(hub, "CREATED")
    hub.wait(14 * MINUTE)
    assert hub.list_told() == CREATED[:2], "nobody asks before"
    hub.wait(MINUTE)
    assert hub.list_told() == CREATED


def test_many_callbacks_are_few_readings_and_tell_once(hub: Hub) -> None:
    hub.portal.sim.put("/callbacks", json={"mode": "twice"})
    hub.post(flat())
    hub.hand_on()
    await_word(hub, "CREATED")
    await_value(lambda: all(one["outcome"] == "accepted" for one in hub.portal.sim.get("/callbacks").json()["items"]))
    before = len(hub.list_calls("statuses$"))
    hub.settle()
    assert hub.inbox.empty()
    # Each callback came twice; those that wait together are one question.
    assert len(hub.list_calls("statuses$")) - before <= 4
    assert hub.list_told() == CREATED


def test_a_word_nobody_knows_does_not_hide_the_end(hub: Hub) -> None:
    hub.portal.sim.put("/rules", json={"compare": True})
    hub.post(flat())
    hub.settle()
    assert hub.list_told() == CREATED


def test_what_was_not_taken_in_may_be_retried(hub: Hub) -> None:
    """§5, RECEIVING_FAILED: the CRM's `retry` sends it again; the hub acts once on a revision (lifecycle §1)."""
    hub.portal.sim.put("/rules", json={"refuse": {"RECEIVING": 1}})
    hub.post(flat())
    hub.settle()
    (problem,) = hub.standing().problems
    assert (hub.list_told()[-1], problem.code, problem.to_json()["retriable"]) == (
        *("CREATING_FAILED(1)", "portal_unavailable"),
        True,
    )
    hub.retry()
    hub.settle()
    assert hub.list_told()[-1].startswith("CREATED(2)")
    assert [advert["live"] for advert in hub.list_adverts()] == [["SL"]]


# --- the same body again: AVIV makes nothing of it (§4.1, §5) ---------------------------------------------------------


def refused(amount: int = 485_000) -> dict[str, Any]:
    body = flat(amount=amount)
    body["data"]["texts"]["headline"]["fr"] = "Duplex [refuse]"
    return body


def test_a_creation_refused_and_retried_as_it_was_stays_refused(hub: Hub) -> None:
    hub.post(refused())
    hub.settle()
    hub.retry()
    hub.hand_on()
    hub.wait(15 * MINUTE)
    assert hub.list_told()[-1] == "CREATING_FAILED(2)"
    assert (hub.standing().advert.live, hub.standing().problems[0].code) == (False, "rejected_by_portal")
    assert "headline not accepted" in hub.standing().problems[0].detail


def test_a_creation_refused_and_corrected_goes_live(hub: Hub) -> None:
    hub.post(refused())
    hub.settle()
    hub.put(flat())
    hub.settle()
    assert hub.list_told()[-1] == "CREATED(2)"
    assert [advert["live"] for advert in hub.list_adverts()] == [["SL"]]


def test_an_update_refused_and_retried_as_it_was_stays_refused(live: Hub) -> None:
    live.put(refused())
    live.settle()
    assert live.list_told()[-1] == "UPDATING_FAILED(2)"
    live.retry()
    live.hand_on()
    live.wait(15 * MINUTE)
    assert live.list_told()[-1] == "UPDATING_FAILED(3)"
    assert live.standing().advert.live, "the version before it is still there"


def test_a_portal_that_could_not_be_taken_off_is_never_said_to_be(hub: Hub) -> None:
    """§5, DELETING_FAILED: an advert that stays online is a legal risk."""
    both = luxury("SL", "BD")
    hub.post(both)
    hub.settle()
    hub.portal.sim.put("/rules", json={"refuse": {"DELETE": 1}})
    hub.put({**both, "portals": ["SL"]})
    hub.settle()
    told = [word for word in hub.list_told() if word.startswith("DELET")]
    assert told == ["DELETING(2)", "DELETING_FAILED(2)"]
    for _ in range(3):
        hub.wait(61 * MINUTE)
        hub.wait(15 * MINUTE)
    assert (hub.standing("BD").word, hub.standing("BD").advert.live) == (Word.DELETING_FAILED, True)
    assert hub.standing("BD").problems


def test_a_portal_beside_the_one_taken_off_is_told_once(hub: Hub) -> None:
    """AVIV says `UPDATED` of it, and of its pictures: nothing is new there (lifecycle §9)."""
    both = luxury("SL", "BD")
    hub.post(both)
    hub.settle()
    hub.put({**both, "portals": ["SL"]})
    hub.settle(lambda: hub.list_told()[-1] == "DELETED(2)")
    await_value(lambda: all(one["outcome"] == "accepted" for one in hub.portal.sim.get("/callbacks").json()["items"]))
    hub.hand_on()
    of_sl = [entry for entry in hub.list_entries() if "SL" in entry.portals and entry.outcome == "applied"]
    assert [f"{entry.status}({entry.revision})" for entry in of_sl][-2:] == ["RECEIVED(2)", "UPDATED(2)"]


def luxury(*portals: str) -> dict[str, Any]:
    body: dict[str, Any] = copy.deepcopy(read_contract("aviv/classified_bd_luxury.json"))
    body["portals"] = list(portals)
    body["data"]["metaData"]["source"]["offererEstateId"] = ESTATE
    return body


def test_a_media_error_retried_as_it_was_stays_one(hub: Hub) -> None:
    """§5, *_WITH_MEDIA_ERROR: a new `timestamp` mends it, the same URL does not."""
    body = flat()
    body["media"][0]["url"] = "https://m.test/missing.jpg?timestamp=2026-09-14T08:15:00"
    hub.post(body)
    hub.settle()
    assert hub.list_told()[-1] == "CREATED_WITH_MEDIA_ERROR(1)"
    hub.retry()
    hub.hand_on()
    hub.wait(15 * MINUTE)
    assert hub.list_told()[-1] == "UPDATED_WITH_MEDIA_ERROR(2)"
    assert "missing.jpg" in hub.standing().problems[0].detail


def test_a_reached_quota_is_accepted_and_not_proven_visible(hub: Hub) -> None:
    """No status tells it (§3.5); the hub says what AVIV says."""
    hub.portal.sim.put("/rules", json={"quotas": {"SL": 0}})
    hub.post(flat())
    hub.settle()
    assert hub.list_told() == CREATED
    assert [advert["live"] for advert in hub.list_adverts()] == [[]]


def test_a_changed_picture_is_fetched_again_by_its_timestamp_alone(live: Hub) -> None:
    """§3.4: the order and every other URL stay as they are."""
    body = flat()
    urls = [item["url"] for item in body["media"] if item["mediaType"] == "PICTURE"]
    body["media"][0]["url"] = urls[0].partition("?")[0] + "?timestamp=2027-01-01T00:00:00"
    live.put(body)
    live.settle()
    told = live.portal.await_status(live.remote_id, "UPDATED")["mediaStatuses"]
    assert {item["url"]: item["status"] for item in told} == {
        body["media"][0]["url"]: "CREATED",
        **dict.fromkeys(urls[1:], "UPDATED"),
    }
