"""Every row of contracts/olx.md §4, the envelope. The test's id names the row."""

from __future__ import annotations

from typing import Any

import pytest

from placard.domain.events import Advert, AdvertState, End, Operation, Verdict
from placard.domain.instants import HOUR
from placard.domain.lifecycle import Outcome
from tests.unit.portals.olx.door import sign, verify
from tests.unit.portals.olx.told import SAMPLE, UUID, interpret, publish, read, row, tell
from tests.unit.portals.scene import read_contract


@row("§4 destination")
@pytest.mark.parametrize("destination", [None, "http://https://***", "", 7])
def test_the_destination_is_neither_checked_nor_part_of_the_message(destination: Any) -> None:
    assert verify({**SAMPLE, "destination": destination}).digest == verify(SAMPLE).digest


@row("§4 timestamp")
@pytest.mark.parametrize(
    ("timestamp", "at"),
    [
        (1_772_442_931_204, 1_772_442_931_204),
        (1_772_442_931, 1_772_442_931_000),
        (10**12, 10**12),
        (10**12 - 1, (10**12 - 1) * 1000),
        (0, None),
        ("soon", None),
        (None, None),
    ],
)
def test_a_timestamp_below_ten_to_the_twelfth_counts_seconds(timestamp: Any, at: int | None) -> None:
    assert read({**SAMPLE, "timestamp": timestamp}).at == at


@row("§4 event_timestamp")
def test_the_gap_between_the_two_times_is_not_judged() -> None:
    months = SAMPLE["timestamp"] + 88 * 24 * HOUR
    assert read({**SAMPLE, "event_timestamp": months}) == read(SAMPLE)


@row("§4 transaction_id")
def test_the_transaction_of_a_request_is_kept_and_that_of_a_lifecycle_event_is_not() -> None:
    assert read(SAMPLE).transaction == SAMPLE["transaction_id"]
    assert read(tell(code="active")).transaction is None


@row("§4 object_id")
@pytest.mark.parametrize("flow", ["incoming_message", "vas_lifecycle"])
def test_the_object_of_another_flow_is_no_advert_even_where_it_names_one(flow: str) -> None:
    body = tell("advert_vas_expired", code="active") | {"flow": flow}
    body["data"]["advert_uuid"] = UUID
    assert interpret(body) is None


@row("§4 flow, event_type")
@pytest.mark.parametrize(
    "change", [{"flow": "advert_promotion"}, {"event_type": "advert_renamed"}, {"event_type": None}]
)
def test_an_unknown_word_is_shown_as_unknown_and_changes_nothing(change: dict[str, Any]) -> None:
    hub = publish()
    before = hub.known.standings
    outcome = hub.fold(read(tell(at=hub.now, code="outdated") | change, received_at=hub.now))
    assert (outcome, hub.last.outcome) == (Outcome.UNKNOWN, Outcome.UNKNOWN)
    assert hub.known.standings == before


@row("§4 error_message")
@pytest.mark.parametrize("message", [None, "", "No available package", 7])
def test_the_error_message_only_repeats_what_the_data_says(message: Any) -> None:
    body = read_contract("olx/notification_advert_posted_error.unpaid.json")
    assert read({**body, "error_message": message}) == read(body)


DATA = SAMPLE["data"]
SHAPES = {
    "flat": SAMPLE,
    "data.data": {**SAMPLE, "data": {"data": DATA}},
    "the whole envelope inside data": {"data": SAMPLE},
    "the whole envelope inside data, nested": {"data": {**SAMPLE, "data": {"data": DATA}}},
}


@row("§4 data")
@pytest.mark.parametrize("shape", SHAPES)
def test_the_shapes_of_a_body_say_the_same(shape: str) -> None:
    assert read(SHAPES[shape]) == read(SAMPLE)
    assert verify(SHAPES[shape], sign(SAMPLE)).remote_id == UUID


@pytest.mark.parametrize("change", [None, "absent"])
@pytest.mark.parametrize(
    "key",
    [
        pytest.param(name, id=f"§4 data.{name}")
        for name in (
            "activated_at",
            "recorded_at",
            "moderation",
            "created_at",
            "modified_at",
            "ttl",
            "url",
            "visible_in_profile",
            "title",
            "detail",
            "validation",
        )
    ],
)
def test_every_member_but_the_code_may_be_missing(key: str, change: str | None) -> None:
    data = {name: value for name, value in DATA.items() if name != key} | ({} if change else {key: None})
    event = read({**SAMPLE, "data": data})
    assert event.end == End(Verdict.SUCCEEDED, Operation.POST)
    assert event.advert is not None
    assert event.advert.live


@row("§4 data.code")
@pytest.mark.parametrize("code", [None, "", 7])
@pytest.mark.parametrize(
    ("event_type", "advert"),
    [
        ("advert_posted_success", Advert(AdvertState.PENDING)),
        ("advert_put_success", None),
        ("advert_deleted_success", Advert(AdvertState.WITHDRAWN)),
        ("advert_deactivated_success", Advert(AdvertState.PAUSED)),
        ("advert_activated_success", Advert(AdvertState.PENDING)),
        ("advert_posted_error", Advert(AdvertState.ABSENT)),
        ("advert_put_error", None),
        ("advert_state_changed", Advert(AdvertState.ABSENT)),
    ],
)
def test_the_empty_code_says_what_its_event_says(event_type: str, advert: Advert | None, code: Any) -> None:
    assert read(tell(event_type, code=code)).advert == advert


@row("§4 previous snapshot")
def test_an_errors_older_snapshot_does_not_undo_what_is_known_since() -> None:
    hub = publish()
    hub.put("IMOVIRTUAL", text="another text")
    assert hub.begun() is Operation.PUT
    hub.accept()
    assert hub.hear(code="outdated", visible_in_profile=True) is Outcome.APPLIED
    hub.hear("advert_put_error", code="active", recorded_at="2026-01-01T00:00:00.000+0000", title="x", detail="no")
    assert (hub.last.status, hub.advert["state"]) == ("UPDATING_FAILED", "expired")
