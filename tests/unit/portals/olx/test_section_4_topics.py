"""Every row of contracts/olx.md §4, notifications as such. The test's id names the row."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from placard.aws import receiver_api
from placard.domain.errors import StoreUnavailableError, WebhookRejectedError
from placard.domain.events import AdvertState, End, Operation, Verdict
from placard.domain.instants import HOUR, MINUTE, from_text
from placard.portals.olx.receiver import OlxReceiver
from placard.ports import Callback, Change, Link
from placard.use_cases.apply_events import PARKED
from placard.use_cases.receive_message import receive_message
from tests.fakes import FakeClock, MemoryStore, MemoryVault
from tests.unit.portals.olx.door import Door, sign, verify
from tests.unit.portals.olx.stage import APP
from tests.unit.portals.olx.told import SAMPLE, UUID, interpret, publish, read, row, tell
from tests.unit.portals.scene import make_publication, read_contract

TEST_BUTTON = {
    "destination": "http://https://hub.example.com",
    "timestamp": 1_772_442_931,
    "event_timestamp": 1_772_442_931,
    "transaction_id": "00000000-0000-0000-0000-000000000001",
    "object_id": "00000000-0000-0000-0000-000000000002",
    "flow": "publish_advert",
    "event_type": "advert_posted_success",
    "error_message": "",
    "data": {"code": "active", "url": "https://fake.example/advert", "recorded_at": "2026-03-02T09:15:31Z"},
}


@row("§4 Registration")
def test_one_address_and_one_secret_serve_every_account(door: Door) -> None:
    """Nothing in a message names its customer or site: only the LINK of its uuid does."""
    message = verify(SAMPLE)
    assert message.customer is None
    assert door.knock({**SAMPLE, "object_id": "somebody-elses-advert"}) == 200


@pytest.mark.parametrize(
    ("flow", "about_adverts"),
    [
        pytest.param("publish_advert", True, id="§4 Flows publish_advert"),
        pytest.param("advert_lifecycle", True, id="§4 Flows advert_lifecycle"),
        pytest.param("incoming_message", False, id="§4 Flows incoming_message"),
        pytest.param("vas_lifecycle", False, id="§4 Flows vas_lifecycle"),
    ],
)
def test_flows_about_adverts_are_kept_apart_from_the_others(door: Door, flow: str, about_adverts: bool) -> None:
    body = tell() | {"flow": flow}
    assert (interpret(body) is not None) is about_adverts
    assert verify(body).parks is about_adverts, "what is not about an advert waits for none"
    assert door.knock(body) == 200


@row("§4 Test button")
def test_the_test_button_is_acknowledged_and_parked(door: Door) -> None:
    assert door.knock(TEST_BUTTON) == 200
    assert door.fold(TEST_BUTTON) == [PARKED]
    due = door.store.past_due(door.clock.now() + HOUR, 10)
    assert [(item.kind, item.due) for item in due] == [("EVENT", door.clock.now() + MINUTE)]
    event = read(TEST_BUTTON)
    assert event.at == from_text("2026-03-02T09:15:31Z"), "it counts in seconds"
    assert event.end == End(Verdict.SUCCEEDED, Operation.POST)


@row("§4 GET/HEAD probe")
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_probe_is_answered(door: Door, method: str) -> None:
    assert door.knock(SAMPLE, method) == 200
    assert door.store.records == []


@row("§4 Request")
@pytest.mark.parametrize("agent", ["", "OLX", "curl/8"])
def test_the_senders_user_agent_proves_nothing_and_is_not_asked(agent: str) -> None:
    assert verify(SAMPLE, **{"user-agent": agent}).remote_id == UUID


@row("§4 Signature")
def test_the_signature_is_over_the_two_ids_with_a_comma() -> None:
    for vector in read_contract("olx/signature_vectors.json")["vectors"]:
        object_id, transaction_id = vector["message"].split(",")
        assert sign({"object_id": object_id, "transaction_id": transaction_id}) == vector["x-signature"]
    assert verify(SAMPLE).remote_id == UUID
    with pytest.raises(WebhookRejectedError):
        verify(SAMPLE, sign(SAMPLE, comma=""))


@row("§4 Signature limits")
def test_replayed_ids_with_another_body_are_another_message_and_only_a_known_advert_moves(door: Door) -> None:
    forged = {**SAMPLE, "event_type": "advert_deleted_success"}
    assert verify(forged, sign(SAMPLE)).digest != verify(SAMPLE).digest
    assert door.knock(forged) == 200
    assert door.fold(forged) == [PARKED]


@row("§4 Bad signature")
@pytest.mark.parametrize("signature", ["", "0" * 40, sign(SAMPLE, "another"), sign(SAMPLE).upper()])
def test_a_bad_signature_is_a_401_and_leaves_nothing(door: Door, signature: str) -> None:
    assert door.knock(SAMPLE, **{"X-Signature": signature}) == 401
    assert door.store.records == []


@row("§4 Store or queue down")
def test_storage_that_is_down_is_a_503_so_that_the_portal_comes_again(door: Door) -> None:
    def refuse(keys: object) -> None:
        raise StoreUnavailableError("down")

    door.store.interrupt = refuse
    assert door.knock(SAMPLE) == 503
    door.store.interrupt = lambda keys: None
    assert door.knock(SAMPLE) == 200


@row("§4 Unknown advert, unknown flow")
@pytest.mark.parametrize("flow", ["publish_advert", "advert_promotion", None, 7, ["publish_advert"]])
def test_what_nobody_knows_yet_is_taken_and_waits(door: Door, flow: Any) -> None:
    body = {**SAMPLE, "flow": flow}
    assert door.knock(body) == 200
    assert door.fold(body) == [PARKED]
    assert door.store.past_due(door.clock.now() + HOUR, 10)


@row("§4 Expected answer")
def test_a_stored_notification_is_a_200(door: Door) -> None:
    assert door.knock(SAMPLE) == 200


@row("§4 Retry")
def test_thirty_two_further_attempts_are_one_message(door: Door) -> None:
    for _ in range(33):
        assert door.knock(SAMPLE) == 200
        door.clock.advance(30 * MINUTE)
    assert len(door.store.messages_of("olx", UUID)) == 1


@row("§4 Too slow (> 2 s)")
def test_the_function_gives_up_before_the_portal_does() -> None:
    assert receiver_api.DEADLINE < 1


@row("§4 Delivery")
def test_a_duplicate_is_no_second_message() -> None:
    clock = FakeClock()
    store, receiver = MemoryStore(clock), OlxReceiver(MemoryVault(clock, {"olx/app": APP}))
    callback = Callback(json.dumps(SAMPLE).encode(), {"x-signature": sign(SAMPLE)})
    assert receive_message(callback, receiver, store, clock)
    assert not receive_message(callback, receiver, store, clock)


@row("§4 Order")
@pytest.mark.parametrize("first", [0, 1])
def test_the_messages_own_times_decide_whatever_comes_first(first: int) -> None:
    hub = publish()
    now = hub.now + 60_000
    events = [
        read(tell(at=now - 2000, code="blocked")),
        read(tell(at=now - 1000, code="active", url="https://x.example")),
    ]
    hub.now = now
    hub.fold(events[first])
    hub.fold(events[1 - first])
    assert hub.known.standings["IMOVIRTUAL"].advert.state is AdvertState.LIVE


@row("§4 Order")
def test_a_message_that_beats_the_answer_is_attached_when_its_advert_is_known(door: Door) -> None:
    assert door.knock(SAMPLE) == 200
    assert door.fold(SAMPLE) == [PARKED]
    known = make_publication("imovirtual", "IMOVIRTUAL")
    link = Link("olx", UUID, known.classified_id, known.channel, known.customer, door.clock.now())
    door.store.save(Change(replace(known, remote_id=UUID), link=link))
    assert door.apply.fold_parked(link) != []
    assert door.store.messages_of("olx", UUID) == ()
