"""OLX's notifications: what each of them says, in every shape."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placard.domain.events import AdvertState, End, Operation, PortalEvent, Verdict
from placard.domain.instants import from_text
from placard.portals.olx.receiver import OlxReceiver
from placard.ports import Message
from tests.fakes import FakeClock, MemoryVault
from tests.unit.portals.scene import list_contracts, read_contract

NOW = 1_800_000_000_000
UUID = "0a8c58ee-6717-4e89-b52b-8ec82ece9987"


def interpret(body: dict[str, Any]) -> PortalEvent | None:
    message = Message("olx", body.get("object_id", UUID), "d", json.dumps(body), NOW)
    return OlxReceiver(MemoryVault(FakeClock())).interpret(message, "imovirtual")


def interpret_file(name: str) -> PortalEvent:
    event = interpret(read_contract(f"olx/notification_{name}.json"))
    assert event is not None
    return event


SUCCEEDED, FAILED = Verdict.SUCCEEDED, Verdict.FAILED
ENDS = {
    "advert_posted_success": (Operation.POST, SUCCEEDED, AdvertState.LIVE, None),
    "advert_posted_success.rich": (Operation.POST, SUCCEEDED, AdvertState.LIVE, None),
    "advert_posted_error": (Operation.POST, FAILED, AdvertState.ABSENT, "invalid_field"),
    "advert_posted_error.unpaid": (Operation.POST, FAILED, AdvertState.UNPAID, "payment_required"),
    "advert_put_success": (Operation.PUT, SUCCEEDED, AdvertState.LIVE, None),
    "advert_put_error": (Operation.PUT, FAILED, AdvertState.ABSENT, "removed_on_portal"),
    "advert_deleted_success": (Operation.DELETE, SUCCEEDED, AdvertState.WITHDRAWN, None),
    "advert_deleted_error": (Operation.DELETE, FAILED, AdvertState.WITHDRAWN, "not_permitted"),
    "advert_deactivated_success": (Operation.DEACTIVATE, SUCCEEDED, AdvertState.PAUSED, None),
    "advert_deactivate_success.alias": (Operation.DEACTIVATE, SUCCEEDED, AdvertState.PAUSED, None),
    "advert_deactivated_error": (Operation.DEACTIVATE, FAILED, AdvertState.PAUSED, "not_permitted"),
    "advert_activated_success": (Operation.ACTIVATE, SUCCEEDED, AdvertState.LIVE, None),
    "advert_activate_success.alias": (Operation.ACTIVATE, SUCCEEDED, AdvertState.LIVE, None),
    "advert_activated_error": (Operation.ACTIVATE, FAILED, AdvertState.LIVE, "not_permitted"),
    "advert_activate_error.alias": (Operation.ACTIVATE, FAILED, AdvertState.LIVE, "not_permitted"),
}


@pytest.mark.parametrize("name", ENDS)
def test_an_event_of_a_request_ends_its_operation(name: str) -> None:
    event = interpret_file(name)

    operation, verdict, state, problem = ENDS[name]
    assert event.end == End(verdict, operation)
    assert event.advert is not None
    assert event.advert.state is state
    assert [found.code for found in event.problems] == ([problem] if problem else [])
    assert event.transaction == read_contract(f"olx/notification_{name}.json")["transaction_id"]


def test_every_sample_of_a_request_is_in_the_table() -> None:
    samples = {
        name.removeprefix("notification_").removesuffix(".json") for name in list_contracts("olx", "notification_")
    }
    others = {name for name in samples if name.startswith(("lifecycle_", "incoming_"))} | {"advert_image_error"}
    assert samples - others == set(ENDS)


def test_every_contract_file_is_in_the_catalogue() -> None:
    listed = {entry["file"] for entry in read_contract("olx/_index.json")["files"]}
    assert listed == set(list_contracts("olx", "")) - {"_index.json"}


STATES = {
    "new": AdvertState.PENDING,
    "active": AdvertState.LIVE,
    "blocked": AdvertState.BLOCKED,
    "unpaid": AdvertState.UNPAID,
    "moderated": AdvertState.REJECTED,
    "removed_by_moderator": AdvertState.REJECTED,
    "outdated": AdvertState.EXPIRED,
    "removed_by_user": AdvertState.PAUSED,
    "removed_by_parent_ad": AdvertState.WITHDRAWN,
}


@pytest.mark.parametrize("name", list_contracts("olx", "notification_lifecycle_"))
def test_a_lifecycle_event_says_the_same_in_every_shape(name: str) -> None:
    event = interpret_file(name.removeprefix("notification_").removesuffix(".json"))

    code = name.removeprefix("notification_lifecycle_").partition(".")[0]
    assert event.known
    assert event.end is None
    assert event.transaction is None, "a lifecycle event's id belongs to no request"
    assert event.advert is not None
    assert (event.advert.code, event.advert.state) == (code, STATES[code])


def test_a_moderation_keeps_its_reason_for_people() -> None:
    advert = interpret_file("lifecycle_moderated.flat").advert
    assert advert is not None
    assert advert.moderation_reason == "Repeated listing"
    assert advert.moderation_description is not None


def test_a_removed_advert_outside_the_profile_is_withdrawn() -> None:
    body = read_contract("olx/notification_lifecycle_removed_by_user.flat.json")
    event = interpret({**body, "data": {**body["data"], "visible_in_profile": "false"}})
    assert event is not None
    assert event.advert is not None
    assert (event.advert.state, event.advert.visible) == (AdvertState.WITHDRAWN, False)


def test_the_other_name_of_a_moderators_removal_is_the_same_code() -> None:
    body = read_contract("olx/notification_lifecycle_active.flat.json")
    event = interpret({**body, "data": {**body["data"], "code": "removed_by_moderated"}})
    assert event is not None
    assert event.advert is not None
    assert event.advert.code == "removed_by_moderator"


def test_a_code_nobody_knows_is_kept_as_an_unknown_state() -> None:
    body = read_contract("olx/notification_lifecycle_active.flat.json")
    event = interpret({**body, "data": {**body["data"], "code": "sleeping"}})
    assert event is not None
    assert event.advert is not None
    assert (event.advert.state, event.advert.code) == (AdvertState.UNKNOWN, "sleeping")


def test_a_url_and_an_expiry_belong_to_a_live_advert() -> None:
    live, expired = interpret_file("advert_posted_success").advert, interpret_file("lifecycle_outdated.flat").advert
    assert live is not None
    assert expired is not None
    assert live.url == "https://www.imovirtual.com/anuncio/qatest-mercury-apartamento-t2-exemplo-ID1xYz9.html"
    assert live.expires_at == from_text("2026-04-01T08:15:30Z")
    assert expired.expires_at is None, "after an expiry ttl is the time it happened"


def test_both_editions_of_an_event_describe_the_same_advert() -> None:
    """The newer one adds `visible_in_profile`; that alone must not look like a change."""
    assert interpret_file("advert_posted_success").advert == interpret_file("advert_posted_success.rich").advert


def test_the_meta_and_the_events_tell_the_same_expiry() -> None:
    body = read_contract("olx/notification_advert_posted_success.json")
    event = interpret({**body, "data": {**body["data"], "ttl": "2026-04-01T08:15:30.412+0000"}})
    assert event is not None
    assert event.advert == interpret_file("advert_posted_success").advert


def test_an_image_error_names_its_picture() -> None:
    event = interpret_file("advert_image_error")
    assert event.end is None
    assert event.advert is None
    assert [(picture.url, picture.status) for picture in event.pictures] == [
        ("https://img.example.com/l/10021/3-tiny.jpg", "CREATING_FAILED")
    ]


def test_an_image_error_without_a_url_keeps_its_whole_title() -> None:
    body = read_contract("olx/notification_advert_image_error.json")
    event = interpret({**body, "data": {"title": "Photo 3 is too small"}})
    assert event is not None
    assert event.pictures[0].url == "Photo 3 is too small"


def test_a_field_the_site_refuses_is_shown_where_the_crm_wrote_it() -> None:
    problem = interpret_file("advert_posted_error").problems[0]
    assert problem.field == "/data/spaces/residential/livingSpace"
    assert "Area has an invalid value" in problem.detail


def test_an_error_speaks_of_the_advert_as_it_was_before() -> None:
    event = interpret_file("advert_deactivated_error")
    assert event.advert_at == from_text("2026-03-04T08:30:14.027Z")
    assert event.at is not None
    assert event.advert_at < event.at


def test_a_test_event_counts_in_seconds() -> None:
    body = read_contract("olx/notification_advert_posted_success.json")
    event = interpret({**body, "timestamp": 1772442931})
    assert event is not None
    assert event.at == 1772442931000


def test_a_message_that_is_not_about_an_advert_is_none() -> None:
    assert interpret(read_contract("olx/notification_incoming_message_success.json")) is None


@pytest.mark.parametrize(
    "change", [{"flow": "new_flow"}, {"event_type": "advert_promoted"}, {"data": None}, {"flow": None}]
)
def test_a_word_nobody_knows_is_kept_as_unknown(change: dict[str, Any]) -> None:
    event = interpret(read_contract("olx/notification_advert_posted_success.json") | change)
    assert event is not None
    assert not event.known


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
MEMBERS = [
    "code",
    "url",
    "ttl",
    "visible_in_profile",
    "moderation",
    "validation",
    "title",
    "detail",
    "recorded_at",
    "data",
]


@given(
    st.sampled_from(
        [
            *sorted(
                {"advert_state_changed", "advert_image_error", "advert_location_error"}
                | {read_contract(f"olx/notification_{name}.json")["event_type"] for name in ENDS}
            )
        ]
    ),
    st.dictionaries(st.sampled_from(MEMBERS), JSON | st.just("removed_by_user")),
    JSON,
)
def test_no_body_of_a_known_event_breaks_the_reading(event_type: str, data: dict[str, Any], timestamp: Any) -> None:
    body = {"flow": "publish_advert", "event_type": event_type, "data": data, "timestamp": timestamp}
    event = interpret({**body, "object_id": UUID, "transaction_id": timestamp})
    assert event is not None
    assert event.remote_id == UUID
