"""AVIV's callbacks: the token in the path proves the customer, the body proves nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from placard.domain.errors import MalformedMessageError, StoreUnavailableError, WebhookRejectedError
from placard.domain.events import Advert, AdvertState
from placard.portals.aviv.manifest import POLICY
from placard.portals.aviv.paths import make_token
from placard.portals.aviv.receiver import AvivReceiver
from placard.portals.aviv.words import WORDS
from placard.ports import Callback, Message
from tests.fakes import FakeClock, MemoryVault
from tests.unit.portals.aviv.stage import ID, KEY
from tests.unit.portals.scene import CUSTOMER, list_contracts, read_bytes, read_contract

NOW = 1_900_000_000_000
BODY = read_bytes("aviv/callback_created.json")


def verify(body: bytes = BODY, token: str = "", path: str = "/{}/classifieds/{}/statuses", **keys: str) -> Message:
    vault = MemoryVault(FakeClock(), {"aviv/app": {"path_key": KEY, **keys}})
    callback = Callback(body, {}, path.format(token or make_token(CUSTOMER, KEY), ID))
    return AvivReceiver(vault).verify(callback, NOW)


@pytest.mark.parametrize("name", list_contracts("aviv", "callback_"))
def test_every_callback_is_stored_as_it_came(name: str) -> None:
    message = verify(read_bytes(f"aviv/{name}"))
    assert (message.remote_id, message.customer) == (ID, CUSTOMER)
    assert message.raw.encode() == read_bytes(f"aviv/{name}")


@pytest.mark.parametrize("word", [*WORDS, "COMPARING_FAILED", "A_NEW_WORD"], ids=lambda word: f"6 {word}")
def test_a_callback_may_hold_any_word_and_more_members(word: str) -> None:
    """§6: the hub subscribes without `statuses` and takes the 14, those that cannot be subscribed to, and others."""
    body = {**read_contract("aviv/callback_created.json"), "status": word, "statusId": "s", "further": {"member": 1}}
    message = verify(json.dumps(body).encode())
    assert json.loads(message.raw) == body
    event = AvivReceiver(MemoryVault(FakeClock())).interpret(message, "aviv")
    assert event is not None
    assert (event.word, event.known, event.end) == (word, word in WORDS, None)


@pytest.mark.parametrize("customer", ["ag-12", "agência/1", "a.b", "x" * 100])
def test_a_token_names_its_customer(customer: str) -> None:
    assert verify(token=make_token(customer, KEY)).customer == customer


def test_the_previous_key_still_proves_a_callback() -> None:
    assert verify(path_key="new", previous_path_key=KEY).customer == CUSTOMER


@pytest.mark.parametrize(
    "token",
    [
        make_token(CUSTOMER, "another key"),
        make_token("ag-13", KEY).partition(".")[0] + "." + make_token(CUSTOMER, KEY).partition(".")[2],
        make_token(CUSTOMER, KEY)[:-1],
        "YWctMTI",
        "!!.x",
        "/w.é",
    ],
)
def test_another_token_is_refused(token: str) -> None:
    with pytest.raises(WebhookRejectedError):
        verify(token=token)


@pytest.mark.parametrize(
    "path", ["/", "/{}", "/{}/classifieds/{}", "/{}/classifieds//statuses", "//classifieds/{}/statuses"]
)
def test_another_path_is_refused(path: str) -> None:
    with pytest.raises(WebhookRejectedError):
        verify(path=path)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b'{"status": NaN}'])
def test_what_is_no_status_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedMessageError):
        verify(body)


def test_without_a_key_in_the_vault_the_portal_is_asked_to_come_again() -> None:
    callback = Callback(BODY, {}, f"/{make_token(CUSTOMER, KEY)}/classifieds/{ID}/statuses")
    with pytest.raises(StoreUnavailableError):
        AvivReceiver(MemoryVault(FakeClock())).verify(callback, NOW)


def digest_of(**changes: Any) -> str:
    return verify(json.dumps({**read_contract("aviv/callback_created.json"), **changes}).encode()).digest


def test_the_same_word_again_is_the_same_message() -> None:
    """§4.4, duplicates."""
    assert digest_of() == digest_of(message="Said otherwise")
    assert digest_of(portals=["SL", "BD"]) == digest_of(portals=["BD", "SL"])


@pytest.mark.parametrize(
    "change", [{"status": "UPDATED"}, {"statusDate": "2026-09-14T08:17:44.871Z"}, {"portals": ["BD"]}]
)
def test_another_word_is_another_message(change: dict[str, Any]) -> None:
    assert digest_of() != digest_of(**change)


def test_another_customers_word_does_not_take_the_place_of_ours() -> None:
    assert verify(token=make_token("ag-13", KEY)).digest != verify().digest


@pytest.mark.parametrize("raw", [BODY.decode(), '{"status": 7}', "no json"])
def test_a_callback_states_no_fact(raw: str) -> None:
    event = AvivReceiver(MemoryVault(FakeClock())).interpret(Message("aviv", ID, "d", raw, NOW), "aviv")
    assert event is not None
    assert (event.end, event.advert, event.pictures) == (None, None, ())


def test_the_manifest_believes_readings_only() -> None:
    assert not POLICY.callbacks_are_facts
    assert not POLICY.pauses
    assert [operation.value for operation in POLICY.next_operations(Advert(AdvertState.PAUSED))] == [
        "ACTIVATE",
        "DELETE",
    ]
    assert POLICY.next_operations(Advert(AdvertState.UNKNOWN)) == ()
