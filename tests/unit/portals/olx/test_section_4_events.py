"""Every row of contracts/olx.md §4, the events. The test's id names the row."""

from __future__ import annotations

import pytest

from placard.domain.events import End, Operation, Verdict
from placard.domain.instants import HOUR
from placard.domain.lifecycle import Outcome
from placard.portals.olx.manifest import POLICY
from tests.unit.portals.olx.door import Door, verify
from tests.unit.portals.olx.told import SAMPLE, UUID, OlxHub, interpret, publish, read, row, tell

EVENTS = {
    "POST": (Operation.POST, ["advert_posted_success"], ["advert_posted_error"]),
    "PUT": (Operation.PUT, ["advert_put_success"], ["advert_put_error"]),
    "DELETE": (Operation.DELETE, ["advert_deleted_success"], ["advert_deleted_error"]),
    "DEACTIVATE": (
        Operation.DEACTIVATE,
        ["advert_deactivated_success", "advert_deactivate_success"],
        ["advert_deactivated_error", "advert_deactivate_error"],
    ),
    "ACTIVATE": (
        Operation.ACTIVATE,
        ["advert_activated_success", "advert_activate_success"],
        ["advert_activated_error", "advert_activate_error"],
    ),
}


@pytest.mark.parametrize("request_name", [pytest.param(name, id=f"§4 {name}") for name in EVENTS])
def test_an_event_in_either_spelling_ends_its_request(request_name: str) -> None:
    operation, successes, errors = EVENTS[request_name]
    assert [read(tell(name)).end for name in successes] == [End(Verdict.SUCCEEDED, operation)] * len(successes)
    assert [read(tell(name)).end for name in errors] == [End(Verdict.FAILED, operation)] * len(errors)


@row("§4 image in POST/PUT/ACTIVATE")
def test_image_errors_are_gathered_one_by_one_and_fail_nothing() -> None:
    hub = OlxHub(policy=POLICY)
    hub.post("IMOVIRTUAL")
    hub.look()
    hub.accept(UUID)
    for number in (1, 2):
        hub.hear(
            "advert_image_error", title=f"Dimensions not appropriate for image https://img.example.com/{number}.jpg"
        )
    assert hub.last.status == "CREATING"
    hub.hear("advert_posted_success", code="active")
    assert (hub.last.status, hub.problem) == ("CREATED_WITH_MEDIA_ERROR", "media_refused")
    assert [picture.url for picture in hub.last.pictures] == [f"https://img.example.com/{n}.jpg" for n in (1, 2)]
    assert hub.advert["live"]


@row("§4 location (Otodom)")
def test_a_location_error_neither_fails_the_operation_nor_the_advert() -> None:
    """It may still publish: the word is kept in the timeline, the result tells what became of it."""
    hub = OlxHub(policy=POLICY)
    hub.post("IMOVIRTUAL")
    hub.look()
    hub.accept(UUID)
    assert hub.hear("advert_location_error", title="LocationException", detail="city not found") is Outcome.UNCHANGED
    assert (hub.last.status, hub.last.sub_status_details) == ("CREATING", "advert_location_error")
    assert hub.last.message == (
        "advert_location_error: the portal could not place the location (LocationException: city not found); "
        "the advert may still be published"
    )
    hub.hear("advert_posted_success", code="active")
    assert (hub.last.status, hub.problem) == ("CREATED", None)


@row("§4 location (Otodom)")
@pytest.mark.parametrize("data", [{}, {"title": None, "detail": 7}])
def test_a_location_error_without_a_word_is_named_all_the_same(data: dict[str, object]) -> None:
    hub = publish()
    assert hub.hear("advert_location_error", **data) is Outcome.UNCHANGED
    assert hub.last.message == (
        "advert_location_error: the portal could not place the location; the advert may still be published"
    )
    assert hub.advert["live"]


@row("§4 advert_lifecycle advert_state_changed")
def test_a_write_of_ours_that_both_flows_tell_is_told_once() -> None:
    hub = publish()
    told = hub.told()
    assert hub.hear(code="active", visible_in_profile=True) is Outcome.UNCHANGED
    assert hub.told() == told


@pytest.mark.parametrize(
    ("flow", "event_type"),
    [
        pytest.param("incoming_message", "incoming_message_success", id="§4 incoming_message_success"),
        pytest.param("vas_lifecycle", "advert_vas_applied_success", id="§4 advert_vas_applied_success"),
        pytest.param("vas_lifecycle", "advert_vas_applied_error", id="§4 advert_vas_applied_error"),
        pytest.param("vas_lifecycle", "advert_vas_expired", id="§4 advert_vas_expired"),
        pytest.param("vas_lifecycle", "advert_vas_removed", id="§4 advert_vas_removed"),
    ],
)
def test_messages_and_promotions_say_nothing_of_an_adverts_state(door: Door, flow: str, event_type: str) -> None:
    body = tell(event_type, code="outdated", advert_uuid=UUID) | {"flow": flow, "object_id": "another-kind-of-object"}
    assert interpret(body) is None
    assert door.knock(body) == 200
    assert door.store.past_due(door.clock.now() + 24 * HOUR, 10) == ()


@row("§4 Duplicate key")
def test_the_whole_event_but_its_destination_is_the_duplicate_key() -> None:
    assert verify(SAMPLE).digest == verify(dict(reversed(SAMPLE.items())), at=99).digest
    for name in ("timestamp", "event_timestamp", "event_type", "flow"):
        assert verify({**SAMPLE, name: "other"}).digest != verify(SAMPLE).digest, name
    assert verify({**SAMPLE, "data": {**SAMPLE["data"], "code": "new"}}).digest != verify(SAMPLE).digest


@row("§4 Duplicate key")
def test_on_a_tie_the_event_of_the_running_operation_wins() -> None:
    hub = OlxHub(policy=POLICY)
    hub.post("IMOVIRTUAL")
    hub.look()
    hub.accept(UUID)
    hub.hear(code="new")
    hub.hear("advert_posted_success", later=0, code="active")
    assert (hub.last.status, hub.advert["state"]) == ("CREATED", "live")
