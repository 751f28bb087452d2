"""AVIV: the statuses of each write, and its callbacks."""

from typing import Any

import pytest

from tests.integration.simulators.callers import RESALE, Aviv, Receiver, await_value, read_contract, resale

LUXURY = read_contract("aviv/classified_bd_luxury.json")
CREATION = ["RECEIVING", "RECEIVED", "CREATING", "CREATED"]
UPDATE = ["RECEIVING", "RECEIVED", "UPDATING", "UPDATED"]
DELETION = ["RECEIVING", "RECEIVED", "DELETING", "DELETED"]


def subscribe(api: Aviv, receiver: Receiver, **members: Any) -> None:
    assert api.http.put("/webhooks", json={"url": f"{receiver.url}/hook", **members}).status_code == 200


def cheap_luxury(house: str) -> dict[str, Any]:
    prices = {"currency": "EUR", "buy": {"price": {"amount": 900_000}}}
    return {**LUXURY, "data": {**LUXURY["data"], "estateSubType": {"house": house}, "prices": prices}}


def with_media(*urls: str) -> dict[str, Any]:
    return resale(lambda body: body.update(media=[{"url": url, "mediaType": "PICTURE"} for url in urls]))


def test_each_write_runs_its_words_and_raises_the_revision(aviv_api: Aviv) -> None:
    classified_id = aviv_api.create(RESALE)
    aviv_api.await_status(classified_id, "CREATED")
    aviv_api.http.put(f"/classifieds/{classified_id}", json=with_media("https://m.example/1.jpg"))
    aviv_api.await_status(classified_id, "UPDATED")
    aviv_api.http.delete(f"/classifieds/{classified_id}")
    aviv_api.await_status(classified_id, "DELETED")
    assert aviv_api.words(classified_id) == CREATION + UPDATE + DELETION
    assert [one["revision"] for one in reversed(aviv_api.statuses(classified_id))] == [1] * 4 + [2] * 4 + [3] * 4


def test_statuses_have_the_contracts_members(aviv_api: Aviv) -> None:
    classified_id = aviv_api.create(RESALE)
    created = aviv_api.await_status(classified_id, "CREATED")
    examples = {one["status"]: one for one in read_contract("aviv/statuses_list.json")["items"]}
    for status in aviv_api.statuses(classified_id):
        assert set(status) == set(examples[status["status"]])
    assert [item["status"] for item in created["mediaStatuses"]] == ["CREATED", "CREATED"]
    page = aviv_api.http.get(f"/classifieds/{classified_id}/statuses", params={"limit": 3}).json()
    assert set(page) == set(read_contract("aviv/statuses_list.json"))


def test_identical_put_changes_nothing(aviv_api: Aviv) -> None:
    classified_id = aviv_api.create(RESALE)
    aviv_api.await_status(classified_id, "CREATED")
    assert aviv_api.http.put(f"/classifieds/{classified_id}", json=RESALE).status_code == 202
    assert aviv_api.http.get(f"/classifieds/{classified_id}").headers["etag"] == '"1"'
    assert aviv_api.words(classified_id) == CREATION


def test_put_splits_kept_added_and_dropped_portals(aviv_api: Aviv) -> None:
    classified_id = aviv_api.create(LUXURY)
    aviv_api.await_status(classified_id, "CREATED")
    changed = {**LUXURY, "portals": ["SL", "SLN"]}
    aviv_api.http.put(f"/classifieds/{classified_id}", json=changed)
    deleted = aviv_api.await_status(classified_id, "DELETED")
    latest = aviv_api.statuses(classified_id, filter="latest")
    assert {tuple(one["portals"]): one["status"] for one in latest} == {
        ("SL",): "UPDATED",
        ("SLN",): "CREATED",
        ("BD",): "DELETED",
    }
    assert deleted["revision"] == 2
    received = aviv_api.await_status(classified_id, "RECEIVED")
    assert (received["portals"], received["subStatus"]) == (["SL", "BD", "SLN"], "RECEIVED_PUT")


@pytest.mark.parametrize(("house", "refused"), [("VILLA", True), ("CASTLE", False)])
def test_cheap_luxury_is_refused_by_one_portal_alone(aviv_api: Aviv, house: str, refused: bool) -> None:
    classified_id = aviv_api.create(cheap_luxury(house))
    assert aviv_api.await_status(classified_id, "CREATED")["portals"] == (["SL"] if refused else ["SL", "BD"])
    failures = aviv_api.statuses(classified_id, status="CREATING_FAILED")
    expected = read_contract("aviv/callback_creating_failed.json")
    assert [(one["portals"], one["subStatusDetails"]) for one in failures] == (
        [(expected["portals"], expected["subStatusDetails"])] if refused else []
    )


def test_refused_headline_fails_creation_then_update(aviv_api: Aviv) -> None:
    def refuse(body: dict[str, Any]) -> None:
        body["data"]["texts"]["headline"]["fr"] = "Duplex [refuse]"

    classified_id = aviv_api.create(resale(refuse))
    assert aviv_api.await_status(classified_id, "CREATING_FAILED")["subStatusDetails"]
    aviv_api.http.put(f"/classifieds/{classified_id}", json=RESALE)
    aviv_api.await_status(classified_id, "CREATED")
    aviv_api.http.put(f"/classifieds/{classified_id}", json=resale(refuse))
    assert aviv_api.await_status(classified_id, "UPDATING_FAILED")["revision"] == 3


def test_missing_picture_is_a_media_error_until_repaired(aviv_api: Aviv) -> None:
    classified_id = aviv_api.create(with_media("https://m.example/1.jpg", "https://m.example/missing.jpg"))
    status = aviv_api.await_status(classified_id, "CREATED_WITH_MEDIA_ERROR")
    assert [item["status"] for item in status["mediaStatuses"]] == ["CREATED", "DOWNLOADING_FAILED"]
    aviv_api.http.put(
        f"/classifieds/{classified_id}", json=with_media("https://m.example/1.jpg", "https://m.example/2.jpg")
    )
    repaired = aviv_api.await_status(classified_id, "UPDATED")
    assert [item["status"] for item in repaired["mediaStatuses"]] == ["UPDATED", "CREATED"]


@pytest.mark.parametrize(
    ("rule", "last"), [("as_created", "CREATED"), ("named", "CREATED_WITH_MEDIA_ERROR"), ("never", "CREATING")]
)
def test_media_error_is_pushed_as_the_rule_says(aviv_api: Aviv, receiver: Receiver, rule: str, last: str) -> None:
    aviv_api.sim.put("/rules", json={"media_errors": rule})
    subscribe(aviv_api, receiver)
    classified_id = aviv_api.create(with_media("https://m.example/missing.jpg"))
    aviv_api.await_status(classified_id, "CREATED_WITH_MEDIA_ERROR")
    receiver.await_told(3 if rule == "never" else 4)
    assert receiver.told[-1]["body"]["status"] == last


def test_callbacks_have_the_contracts_bodies_and_path(aviv_api: Aviv, receiver: Receiver) -> None:
    subscribe(aviv_api, receiver)
    classified_id = aviv_api.create(RESALE)
    for told, name in zip(receiver.await_told(4), CREATION, strict=True):
        expected = read_contract(f"aviv/callback_{name.lower()}.json")
        assert set(told["body"]) == set(expected)
        assert [told["body"].get(one) for one in ("status", "message", "subStatus")] == [
            expected.get(one) for one in ("status", "message", "subStatus")
        ]
        assert told["path"].endswith(f"/hook/classifieds/{classified_id}/statuses")


@pytest.mark.parametrize(
    ("method", "names"),
    [
        ("PUT", ["receiving_put", "received_put", "updating", "updated"]),
        ("DELETE", ["receiving_delete", "received_delete", "deleting", "deleted"]),
    ],
)
def test_later_writes_call_back_as_in_the_contract(
    aviv_api: Aviv, receiver: Receiver, method: str, names: list[str]
) -> None:
    classified_id = aviv_api.create(RESALE)
    aviv_api.await_status(classified_id, "CREATED")
    subscribe(aviv_api, receiver)
    changed = resale(lambda body: body["data"]["prices"]["buy"]["price"].update(amount=1))
    aviv_api.http.request(method, f"/classifieds/{classified_id}", json=changed if method == "PUT" else None)
    for told, name in zip(receiver.await_told(4), names, strict=True):
        expected = read_contract(f"aviv/callback_{name}.json")
        assert set(told["body"]) == set(expected)
        assert [told["body"][one] for one in ("status", "message")] == [expected[one] for one in ("status", "message")]


@pytest.mark.parametrize(
    "name",
    [
        "creating_failed",
        "updating_failed",
        "deleting_failed",
        "receiving_failed",
        "receiving_failed_put",
        "receiving_failed_delete",
        "created_with_media_error",
    ],
)
def test_any_status_can_be_set_from_outside(aviv_api: Aviv, receiver: Receiver, name: str) -> None:
    aviv_api.sim.put("/rules", json={"media_errors": "named", "delay_ms": 60_000})
    classified_id = aviv_api.create(RESALE)
    subscribe(aviv_api, receiver)
    expected = read_contract(f"aviv/callback_{name}.json")
    assert aviv_api.sim.post(f"/classifieds/{classified_id}/status", json=expected).status_code == 201
    told = receiver.await_told(1)[0]["body"]
    assert {**told, "statusDate": ""} == {**expected, "statusDate": ""}
    assert aviv_api.statuses(classified_id, filter="latest")[0]["status"] == expected["status"]


def test_status_set_without_callback_is_only_read(aviv_api: Aviv, receiver: Receiver) -> None:
    aviv_api.sim.put("/rules", json={"delay_ms": 60_000})
    classified_id = aviv_api.create(RESALE)
    subscribe(aviv_api, receiver)
    aviv_api.sim.post(
        f"/classifieds/{classified_id}/status", json={"portals": ["SL"], "status": "DELETED", "callback": False}
    )
    aviv_api.sim.post(f"/classifieds/{classified_id}/status", json={"portals": ["SL"], "status": "COMPARING_FAILED"})
    assert receiver.await_told(1)[0]["body"]["status"] == "COMPARING_FAILED"
    assert aviv_api.words(classified_id) == ["RECEIVING", "DELETED", "COMPARING_FAILED"]


def test_subscription_belongs_to_one_intermediary_and_filters(
    aviv_api: Aviv, aviv_url: str, receiver: Receiver
) -> None:
    subscribe(aviv_api, receiver, statuses=["CREATED"])
    other = Aviv(aviv_url, "RC-000777")
    other_id = other.create(RESALE)
    aviv_api.create(RESALE)
    other.await_status(other_id, "CREATED")
    receiver.await_told(1)
    assert [one["body"]["status"] for one in receiver.told] == ["CREATED"]
    assert other_id not in receiver.told[0]["path"]


def test_ordered_refusal_of_a_deletion_leaves_the_classified(aviv_api: Aviv) -> None:
    classified_id = aviv_api.create(RESALE)
    aviv_api.await_status(classified_id, "CREATED")
    aviv_api.sim.put("/rules", json={"refuse": {"DELETE": 1}})
    aviv_api.http.delete(f"/classifieds/{classified_id}")
    aviv_api.await_status(classified_id, "DELETING_FAILED")
    assert await_value(lambda: aviv_api.http.get(f"/classifieds/{classified_id}").status_code == 200)
    aviv_api.http.delete(f"/classifieds/{classified_id}")
    aviv_api.await_status(classified_id, "DELETED")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_a_write_that_is_not_passed_on_reaches_no_portal(aviv_api: Aviv, method: str) -> None:
    classified_id = "" if method == "POST" else aviv_api.create(RESALE)
    if classified_id:
        aviv_api.await_status(classified_id, "CREATED")
    aviv_api.sim.put("/rules", json={"refuse": {"RECEIVING": 1}})
    if method == "POST":
        classified_id = aviv_api.create(RESALE)
    else:
        body = with_media("https://m.example/1.jpg") if method == "PUT" else None
        aviv_api.http.request(method, f"/classifieds/{classified_id}", json=body)
    failed = aviv_api.await_status(classified_id, "RECEIVING_FAILED")
    assert failed["subStatus"] == f"RECEIVING_FAILED_{method}"
    assert aviv_api.words(classified_id)[-2:] == ["RECEIVING", "RECEIVING_FAILED"]
    assert aviv_api.http.get(f"/classifieds/{classified_id}").status_code == (404 if method == "POST" else 200)
    assert aviv_api.sim.get("/adverts").json()["items"][-1]["live"] == ([] if method == "POST" else ["SL"])


def test_writes_in_flight_take_turns(aviv_api: Aviv) -> None:
    classified_id = aviv_api.create(RESALE)
    aviv_api.http.put(f"/classifieds/{classified_id}", json=with_media("https://m.example/1.jpg"))
    aviv_api.await_status(classified_id, "UPDATED")
    words = aviv_api.words(classified_id)
    assert words.count("RECEIVING") == 2 and words.index("RECEIVING", 1) < words.index("CREATED")
    assert words.index("CREATED") < words.index("UPDATING")


def test_latest_is_one_status_per_portal_like_the_contracts(aviv_api: Aviv) -> None:
    classified_id = aviv_api.create(RESALE)
    aviv_api.await_status(classified_id, "CREATED")
    latest = aviv_api.http.get(f"/classifieds/{classified_id}/statuses", params={"filter": "latest"}).json()
    assert set(latest) == set(read_contract("aviv/statuses_latest.json"))
    assert [one["status"] for one in latest["items"]] == ["CREATED"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"status": ["CREATED", "CREATING"]}, ["CREATED", "CREATING"]),
        ({"portal": "BD"}, []),
        ({"portal": ["BD", "SL"], "limit": 1}, ["CREATED"]),
    ],
)
def test_statuses_are_filtered(aviv_api: Aviv, query: dict[str, Any], words: list[str]) -> None:
    classified_id = aviv_api.create(RESALE)
    aviv_api.await_status(classified_id, "CREATED")
    assert [one["status"] for one in aviv_api.statuses(classified_id, **query)] == words


@pytest.mark.parametrize("query", [{"status": "SOLD"}, {"portal": "IMOVIRTUAL"}, {"filter": "oldest"}])
def test_unknown_filter_is_refused(aviv_api: Aviv, query: dict[str, str]) -> None:
    classified_id = aviv_api.create(RESALE)
    assert aviv_api.http.get(f"/classifieds/{classified_id}/statuses", params=query).status_code == 400


def test_a_reached_quota_is_created_and_not_shown(aviv_api: Aviv) -> None:
    """No status tells it: `CREATED` is not "visible"."""
    aviv_api.sim.put("/rules", json={"quotas": {"SL": 1}})
    estate_ids = ("first", "second")
    bodies = [resale(lambda body, one=one: rename(body, one)) for one in estate_ids]  # type: ignore[misc]
    for classified_id in [aviv_api.create(body) for body in bodies]:
        aviv_api.await_status(classified_id, "CREATED")
    assert [one["live"] for one in aviv_api.sim.get("/adverts").json()["items"]] == [["SL"], []]


def rename(body: dict[str, Any], estate_id: str) -> None:
    body["data"]["metaData"]["source"]["offererEstateId"] = estate_id


def test_the_comparison_with_a_former_feed_ends_in_a_word_of_no_list(aviv_api: Aviv) -> None:
    aviv_api.sim.put("/rules", json={"compare": True})
    classified_id = aviv_api.create(RESALE)
    assert await_value(lambda: aviv_api.words(classified_id) == [*CREATION, "COMPARING_FAILED"])
    assert "errorList" in aviv_api.statuses(classified_id)[0]


def test_a_picture_that_cannot_be_made_is_a_media_error_too(aviv_api: Aviv) -> None:
    classified_id = aviv_api.create(with_media("https://m.example/broken.jpg"))
    status = aviv_api.await_status(classified_id, "CREATED_WITH_MEDIA_ERROR")
    assert [item["status"] for item in status["mediaStatuses"]] == ["CREATING_FAILED"]


@pytest.mark.parametrize("mode", ["twice", "swapped", "none", "slow"])
def test_callbacks_go_as_wrong_as_ordered(aviv_api: Aviv, receiver: Receiver, mode: str) -> None:
    """Doubled, in the wrong order, lost, late; what can be read stays right."""
    aviv_api.sim.put("/callbacks", json={"mode": mode, **({"delay_ms": 1000} if mode == "slow" else {})})
    subscribe(aviv_api, receiver)
    classified_id = aviv_api.create(RESALE)
    aviv_api.await_status(classified_id, "CREATED")
    known_at_the_end = len(receiver.told)
    assert aviv_api.words(classified_id) == CREATION
    expected = {
        "twice": [word for word in CREATION for _ in range(2)],
        "swapped": ["RECEIVED", "RECEIVING", "CREATED", "CREATING"],
        "none": [],
        "slow": CREATION,
    }[mode]
    assert [told["body"]["status"] for told in receiver.await_told(len(expected))] == expected
    if mode == "slow":
        assert known_at_the_end < len(CREATION)
    if mode == "none":
        sent = aviv_api.sim.get("/callbacks").json()["items"]
        assert [one["outcome"] for one in sent] == ["withheld"] * len(CREATION)


@pytest.mark.parametrize("status", [200, 204, 400, 404, 500], ids=lambda status: f"4.4 expected answer: not {status}")
def test_only_201_accepts_a_callback(aviv_api: Aviv, receiver: Receiver, status: int) -> None:
    receiver.answers = [status]
    subscribe(aviv_api, receiver, statuses=["CREATED"])
    aviv_api.create(RESALE)
    first, second = receiver.await_told(2)
    assert first["body"] == second["body"]


def test_a_callback_has_no_proof_and_no_id(aviv_api: Aviv, receiver: Receiver) -> None:
    """§4.4, headers sent and authentication."""
    subscribe(aviv_api, receiver, statuses=["CREATED"])
    aviv_api.create(RESALE)
    (told,) = receiver.await_told(1)
    own = {"host", "content-type", "content-length", "accept", "accept-encoding", "connection", "user-agent"}
    assert set(told["headers"]) <= own
    assert not {"statusId", "classifiedId", "customerId", "revision"} & set(told["body"])


# §4.3: field → whether the callback has it, and the GET: always, sometimes or never.
FIELDS = {
    **dict.fromkeys(("portals", "status", "message", "statusDate"), ("always", "always")),
    **dict.fromkeys(("subStatus", "subStatusDetails", "mediaStatuses"), ("sometimes", "sometimes")),
    **dict.fromkeys(("statusId", "classifiedId", "customerId", "creationDate", "revision"), ("never", "always")),
}


def test_the_two_status_bodies_have_the_contracts_fields(aviv_api: Aviv, receiver: Receiver) -> None:
    """§4.3, each row, on a creation that one portal refuses."""
    subscribe(aviv_api, receiver)
    classified_id = aviv_api.create(cheap_luxury("VILLA"))
    told = [one["body"] for one in receiver.await_told(5)]
    listed = aviv_api.statuses(classified_id)
    assert {name for body in (*told, *listed) for name in body} == set(FIELDS)
    for field, expected in FIELDS.items():
        assert (say_how_often(field, told), say_how_often(field, listed)) == expected, field


def say_how_often(field: str, bodies: list[dict[str, Any]]) -> str:
    found = [field in body for body in bodies]
    return "always" if all(found) else "sometimes" if any(found) else "never"


def test_a_forged_status_is_called_back_and_cannot_be_read(aviv_api: Aviv, receiver: Receiver) -> None:
    aviv_api.sim.put("/rules", json={"delay_ms": 60_000})
    classified_id = aviv_api.create(RESALE)
    subscribe(aviv_api, receiver)
    forged = {"portals": ["SL"], "status": "DELETED", "forged": True}
    assert aviv_api.sim.post(f"/classifieds/{classified_id}/status", json=forged).status_code == 201
    assert receiver.await_told(1)[0]["body"]["status"] == "DELETED"
    assert aviv_api.words(classified_id) == ["RECEIVING"]
