"""OLX: what it makes of operations, and how it tells."""

import hashlib
import hmac
from typing import Any

import pytest

from sandbox.simulators.olx_messages import sign
from tests.integration.simulators.callers import SECRET, Olx, Receiver, advert, await_value, read_contract

# One call each, from a live advert unless it says otherwise: method, tail, the example it must look like.
SUCCESSES = {
    "PUT": ("PUT", "", "notification_advert_put_success"),
    "DELETE": ("DELETE", "", "notification_advert_deleted_success"),
    "DEACTIVATE": ("POST", "/deactivate", "notification_advert_deactivated_success"),
}


def unwrap(body: dict[str, Any]) -> dict[str, Any]:
    """The envelope with flat data, whichever of the three shapes it came in."""
    envelope = body if "object_id" in body else body["data"]
    data = envelope["data"]
    return {**envelope, "data": data.get("data", data)}


def list_keys(body: dict[str, Any]) -> tuple[set[str], set[str]]:
    return set(body), set(body["data"])


def find_event(receiver: Receiver, event_type: str, number: int = 0) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        events = [unwrap(one["body"]) for one in receiver.told]
        found = [event for event in events if event["event_type"] == event_type]
        return found[number] if len(found) > number else None

    return await_value(look)


def list_types(receiver: Receiver) -> list[str]:
    return [unwrap(one["body"])["event_type"] for one in receiver.told]


def test_creation_is_told_with_its_transaction_and_a_state_change(olx_api: Olx, receiver: Receiver) -> None:
    answer = olx_api.post().json()
    receiver.await_told(2)
    posted, state = find_event(receiver, "advert_posted_success"), find_event(receiver, "advert_state_changed")
    assert list_keys(posted) == list_keys(read_contract("olx/notification_advert_posted_success.json"))
    assert list_keys(state) == list_keys(read_contract("olx/notification_lifecycle_active.flat.json"))
    assert (posted["transaction_id"], posted["object_id"]) == (answer["transaction_id"], answer["data"]["uuid"])
    assert state["transaction_id"] != answer["transaction_id"]
    assert state["timestamp"] > posted["timestamp"]


def test_rich_posts_carry_the_whole_state(olx_api: Olx, receiver: Receiver) -> None:
    olx_api.rule(rich=True)
    olx_api.create()
    event = find_event(receiver, "advert_posted_success")
    assert list_keys(event) == list_keys(read_contract("olx/notification_advert_posted_success.rich.json"))


@pytest.mark.parametrize("operation", SUCCESSES)
def test_operation_is_told_as_in_the_contract(olx_api: Olx, receiver: Receiver, operation: str) -> None:
    method, tail, example = SUCCESSES[operation]
    transaction_id = olx_api.operate(olx_api.create(), method, tail, advert() if method == "PUT" else None)
    expected = read_contract(f"olx/{example}.json")
    event = find_event(receiver, expected["event_type"])
    assert list_keys(event) == list_keys(expected)
    assert (event["transaction_id"], event["data"]["code"]) == (transaction_id, expected["data"]["code"])


def test_paused_advert_comes_back(olx_api: Olx, receiver: Receiver) -> None:
    uuid = olx_api.create()
    olx_api.operate(uuid, "POST", "/deactivate")
    olx_api.operate(uuid, "POST", "/activate")
    event = find_event(receiver, "advert_activated_success")
    assert list_keys(event) == list_keys(read_contract("olx/notification_advert_activated_success.json"))
    assert olx_api.meta(uuid)["state"]["code"] == "active"


@pytest.mark.parametrize("name", ["deactivate_success", "activate_success", "activate_error"])
def test_table_names_are_used_on_request(olx_api: Olx, receiver: Receiver, name: str) -> None:
    olx_api.rule(names="table")
    uuid = olx_api.create()
    olx_api.operate(uuid, "POST", "/deactivate")
    olx_api.operate(uuid, "POST", "/activate")
    olx_api.operate(uuid, "POST", "/activate")
    expected = read_contract(f"olx/notification_advert_{name}.alias.json")
    assert list_keys(find_event(receiver, expected["event_type"])) == list_keys(expected)


@pytest.mark.parametrize(("place", "shape"), [(0, "flat"), (1, "nested"), (2, "wrapped")])
def test_state_changes_cycle_through_the_three_shapes(olx_api: Olx, receiver: Receiver, place: int, shape: str) -> None:
    uuid = olx_api.create()
    for code in ("blocked", "moderated"):
        olx_api.http.post(f"/_sim/adverts/{uuid}/state", json={"code": code})
    receiver.await_told(4)
    bodies = [one["body"] for one in receiver.told if unwrap(one["body"])["flow"] == "advert_lifecycle"]
    expected = read_contract(f"olx/notification_lifecycle_moderated.{shape}.json")
    assert (set(bodies[place]), "data" in bodies[place]["data"]) == (set(expected), "data" in expected["data"])


@pytest.mark.parametrize(
    "code",
    [
        "active",
        "new",
        "blocked",
        "moderated",
        "removed_by_moderator",
        "outdated",
        "removed_by_user",
        "removed_by_parent_ad",
        "unpaid",
    ],
)
def test_state_set_by_a_person_is_told(olx_api: Olx, receiver: Receiver, code: str) -> None:
    olx_api.rule(lifecycle="flat")
    uuid = olx_api.create()
    moderation = {"reason": "Repeated listing", "description": "Twice"}
    olx_api.http.post(f"/_sim/adverts/{uuid}/state", json={"code": code, "moderation": moderation, "url": None})
    event = find_event(receiver, "advert_state_changed", 1)
    expected = read_contract(f"olx/notification_lifecycle_{code}.flat.json")
    assert set(event) == set(expected) and set(expected["data"]) <= set(event["data"])
    assert (event["data"]["code"], event["data"]["moderation"], event["data"]["url"]) == (code, moderation, None)


def test_refused_title_ends_in_a_posting_error_with_validation(olx_api: Olx, receiver: Receiver) -> None:
    uuid = olx_api.create(title="Casa [refuse] em Braga")
    event, expected = (
        find_event(receiver, "advert_posted_error"),
        read_contract("olx/notification_advert_posted_error.json"),
    )
    assert list_keys(event) == list_keys(expected)
    assert event["data"] == expected["data"]
    assert olx_api.meta(uuid)["state"] is None


def test_title_longer_than_the_sites_is_refused_later(olx_api: Olx, receiver: Receiver) -> None:
    olx_api.create(title="A" * 51)
    assert find_event(receiver, "advert_posted_error")["data"]["validation"][0]["field"] == "title"


def test_refused_update_leaves_the_advert_as_it_was(olx_api: Olx, receiver: Receiver) -> None:
    uuid = olx_api.create()
    olx_api.operate(uuid, "PUT", json=advert(title="Casa [refuse] em Braga"))
    assert find_event(receiver, "advert_put_error")["data"]["title"] == "AdvertsPostingException"
    assert olx_api.meta(uuid)["state"]["code"] == "active"
    assert olx_api.http.get("/_sim/adverts").json()["items"][0]["payload"]["title"] == advert()["title"]


def test_update_of_a_refused_creation_is_not_found(olx_api: Olx, receiver: Receiver) -> None:
    olx_api.operate(olx_api.create(title="Casa [refuse] em Braga"), "PUT", json=advert())
    event, expected = find_event(receiver, "advert_put_error"), read_contract("olx/notification_advert_put_error.json")
    assert list_keys(event) == list_keys(expected)
    assert event["data"]["title"] == expected["data"]["title"]


def test_tiny_image_is_told_before_the_success(olx_api: Olx, receiver: Receiver) -> None:
    uuid = olx_api.create()
    transaction_id = olx_api.operate(uuid, "PUT", json=read_contract("olx/request_advert_put.json")["body"])
    receiver.await_told(5)
    assert list_types(receiver)[2:] == ["advert_image_error", "advert_put_success", "advert_state_changed"]
    event, expected = (
        find_event(receiver, "advert_image_error"),
        read_contract("olx/notification_advert_image_error.json"),
    )
    assert list_keys(event) == list_keys(expected)
    assert (event["transaction_id"], event["data"]) == (transaction_id, expected["data"])


@pytest.mark.parametrize(
    ("first", "second", "example"),
    [
        (("DELETE", ""), ("DELETE", ""), "notification_advert_deleted_error"),
        (("POST", "/deactivate"), ("POST", "/deactivate"), "notification_advert_deactivated_error"),
        (("PUT", ""), ("POST", "/activate"), "notification_advert_activated_error"),
    ],
)
def test_goal_already_reached_is_an_error_with_the_state(
    olx_api: Olx, receiver: Receiver, first: tuple[str, str], second: tuple[str, str], example: str
) -> None:
    uuid = olx_api.create()
    for method, tail in (first, second):
        olx_api.operate(uuid, method, tail, advert() if method == "PUT" else None)
    expected = read_contract(f"olx/{example}.json")
    event = find_event(receiver, expected["event_type"])
    assert list_keys(event) == list_keys(expected)
    assert [event["data"][name] for name in ("code", "title", "detail")] == [
        expected["data"][name] for name in ("code", "title", "detail")
    ]


def test_post_soon_after_a_delete_is_unpaid(olx_api: Olx, receiver: Receiver) -> None:
    uuid = olx_api.create()
    olx_api.operate(uuid, "DELETE")
    assert olx_api.create() == uuid
    event, expected = (
        find_event(receiver, "advert_posted_error"),
        read_contract("olx/notification_advert_posted_error.unpaid.json"),
    )
    assert list_keys(event) == list_keys(expected)
    assert (event["data"], olx_api.meta(uuid)["state"]["code"]) == (expected["data"], "unpaid")


def test_post_after_the_window_is_live_again(olx_api: Olx) -> None:
    uuid = olx_api.create()
    olx_api.operate(uuid, "DELETE")
    olx_api.rule(repost_ms=0)
    assert olx_api.meta(olx_api.create())["state"]["code"] == "active"
    assert olx_api.meta(uuid)["state"]["code"] == "active"


def test_moderated_advert_takes_only_an_update_and_is_then_in_review(olx_api: Olx, receiver: Receiver) -> None:
    uuid = olx_api.create()
    olx_api.http.post(f"/_sim/adverts/{uuid}/state", json={"code": "moderated"})
    olx_api.operate(uuid, "DELETE")
    assert find_event(receiver, "advert_deleted_error")["data"]["code"] == "moderated"
    olx_api.operate(uuid, "PUT", json=advert())
    assert olx_api.meta(uuid)["state"]["code"] == "blocked"


def test_pause_by_the_user_cannot_be_undone_on_imovirtual(olx_api: Olx, receiver: Receiver) -> None:
    uuid = olx_api.create()
    olx_api.http.post(f"/_sim/adverts/{uuid}/state", json={"code": "removed_by_user"})
    olx_api.operate(uuid, "POST", "/activate")
    assert find_event(receiver, "advert_activated_error")["data"]["code"] == "removed_by_user"


def test_ordered_refusals_are_spent(olx_api: Olx, receiver: Receiver) -> None:
    uuid = olx_api.create()
    olx_api.rule(refuse={"DELETE": 1})
    olx_api.operate(uuid, "DELETE")
    assert find_event(receiver, "advert_deleted_error")["data"]["code"] == "active"
    olx_api.operate(uuid, "DELETE")
    assert find_event(receiver, "advert_deleted_success")["data"]["code"] == "removed_by_user"


def test_expired_package_takes_all_adverts_down_and_its_renewal_brings_them_back(olx_api: Olx) -> None:
    uuids = [olx_api.create(custom_fields={"id": name}) for name in ("a", "b")]
    assert olx_api.http.post("/_sim/accounts/1/expire-package").json()["adverts"] == uuids
    assert {olx_api.meta(uuid)["state"]["code"] for uuid in uuids} == {"outdated"}
    assert olx_api.meta(olx_api.create())["state"]["code"] == "unpaid"
    olx_api.http.post("/_sim/accounts/1/restore-package")
    assert {olx_api.meta(uuid)["state"]["code"] for uuid in uuids} == {"active"}


def test_signature_agrees_with_the_vectors() -> None:
    vectors = read_contract("olx/signature_vectors.json")
    for vector in vectors["vectors"]:
        assert sign(vectors["secret"], *vector["message"].split(",")) == vector["x-signature"]


@pytest.mark.parametrize("shape", ["flat", "nested", "wrapped"])
def test_every_notification_is_signed(olx_api: Olx, receiver: Receiver, shape: str) -> None:
    olx_api.rule(lifecycle=shape)
    olx_api.create()
    for told in receiver.await_told(2):
        event = unwrap(told["body"])
        message = f"{event['object_id']},{event['transaction_id']}".encode()
        assert told["headers"]["x-signature"] == hmac.new(SECRET.encode(), message, hashlib.sha1).hexdigest()


def test_unsigned_notifications_on_request(olx_api: Olx, receiver: Receiver) -> None:
    olx_api.callbacks(unsigned=True)
    olx_api.create()
    assert "x-signature" not in receiver.await_told(1)[0]["headers"]


def test_callback_address_and_secret_can_be_moved(olx_api: Olx, receiver: Receiver) -> None:
    olx_api.http.put("/_sim/callback", json={"url": f"{receiver.url}/moved", "secret": "other"})
    olx_api.create()
    told = receiver.await_told(1)[0]
    assert told["path"].endswith("/moved")
    assert told["headers"]["x-signature"] == sign("other", told["body"]["object_id"], told["body"]["transaction_id"])


# --- what is not about an advert's state -----------------------------------------------------------------------------


def switch(olx_api: Olx, path: str, order: Any = None) -> str:
    answer = olx_api.http.post(f"/_sim/adverts/{path}", json=order)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["object_id"])


def test_a_message_has_an_object_of_its_own_and_leaves_the_advert_alone(olx_api: Olx, receiver: Receiver) -> None:
    uuid = olx_api.create()
    before = olx_api.meta(uuid)
    message = switch(olx_api, f"{uuid}/message", {"text": "Ainda está disponível?"})
    event = find_event(receiver, "incoming_message_success")
    example = read_contract("olx/notification_incoming_message_success.json")
    assert list_keys(event) == list_keys(example)
    assert {name: type(value) for name, value in event["data"].items()} == {
        name: type(value) for name, value in example["data"].items()
    }
    assert (event["flow"], event["object_id"], event["data"]["uuid"]) == ("incoming_message", message, message)
    assert event["data"]["message"] == "Ainda está disponível?"
    assert message != uuid
    assert olx_api.meta(uuid) == before


PROMOTIONS = {
    "advert_vas_applied_success": "applied",
    "advert_vas_applied_error": "error",
    "advert_vas_expired": "expired",
    "advert_vas_removed": "removed",
}


def test_a_promotion_has_an_object_of_its_own_and_names_its_advert(olx_api: Olx, receiver: Receiver) -> None:
    uuid = olx_api.create()
    before = olx_api.meta(uuid)
    promotion = switch(olx_api, f"{uuid}/promotion")
    for event_type in PROMOTIONS:
        assert switch(olx_api, f"{uuid}/promotion", {"event_type": event_type, "object_id": promotion}) == promotion
    for event_type, status in PROMOTIONS.items():
        event = find_event(receiver, event_type)
        assert (event["flow"], event["object_id"], event["data"]["advert_uuid"]) == ("vas_lifecycle", promotion, uuid)
        assert event["data"]["status"] == status
        assert event["data"]["created_at"].endswith("Z")
        assert ("error_message" in event) is (status == "error")
    assert promotion != uuid
    assert olx_api.meta(uuid) == before


@pytest.mark.parametrize(
    ("path", "order", "status"),
    [
        ("{}/promotion", {"event_type": "advert_posted_success"}, 400),
        ("{}/promotion", [], 400),
        ("{}/message", {"text": 7}, 400),
        ("nobody/message", None, 404),
        ("nobody/promotion", None, 404),
        ("nobody/state", {"code": "active"}, 404),
    ],
)
def test_a_wrong_order_is_refused(olx_api: Olx, path: str, order: Any, status: int) -> None:
    uuid = olx_api.create()
    assert olx_api.http.post(f"/_sim/adverts/{path.format(uuid)}", json=order).status_code == status
