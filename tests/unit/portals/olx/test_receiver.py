"""OLX's notifications: the signature, the ids it covers, and the duplicate key."""

from __future__ import annotations

import json

import pytest

from placard.domain.errors import MalformedMessageError, StoreUnavailableError, WebhookRejectedError
from placard.portals.olx.receiver import OlxReceiver
from placard.ports import Callback
from tests.fakes import FakeClock, MemoryVault
from tests.unit.portals.olx.stage import APP
from tests.unit.portals.scene import list_contracts, read_bytes, read_contract

NOW = 1_800_000_000_000
VECTORS = read_contract("olx/signature_vectors.json")["vectors"]
SIGNATURES = {vector["file"]: vector["x-signature"] for vector in VECTORS}
UUID = "0a8c58ee-6717-4e89-b52b-8ec82ece9987"


def make_receiver(**secrets: str) -> OlxReceiver:
    return OlxReceiver(MemoryVault(FakeClock(), {"olx/app": {**APP, **secrets}}))


def callback_of(body: bytes, signature: str) -> Callback:
    return Callback(body, {"x-signature": signature})


@pytest.mark.parametrize("name", list_contracts("olx", "notification_"))
def test_every_signed_sample_is_accepted_with_the_ids_its_signature_covers(name: str) -> None:
    message = make_receiver().verify(callback_of(read_bytes(f"olx/{name}"), SIGNATURES[name]), NOW)

    covered = next(vector["message"] for vector in VECTORS if vector["file"] == name)
    assert message.remote_id == covered.partition(",")[0]
    assert message.raw.encode() == read_bytes(f"olx/{name}")
    assert message.parks is ("incoming_message" not in name)


def test_the_previous_secret_still_proves_a_message() -> None:
    name = VECTORS[0]["file"]
    receiver = make_receiver(notification_secret="new", previous_notification_secret="demo-notification-secret")

    assert receiver.verify(callback_of(read_bytes(f"olx/{name}"), SIGNATURES[name]), NOW).remote_id == UUID


def test_a_secret_rotated_a_moment_ago_is_read_anew() -> None:
    vault, name = MemoryVault(FakeClock(), {"olx/app": {**APP, "notification_secret": "old"}}), VECTORS[0]["file"]
    assert vault.read("olx/app") is not None
    stale = vault._cache["olx/app"]
    vault.write("olx/app", APP, 1)
    vault._cache["olx/app"] = stale

    assert OlxReceiver(vault).verify(callback_of(read_bytes(f"olx/{name}"), SIGNATURES[name]), NOW).remote_id == UUID


@pytest.mark.parametrize("signature", ["", "078df857", "é" * 40, SIGNATURES["notification_advert_put_success.json"]])
def test_another_signature_is_refused(signature: str) -> None:
    with pytest.raises(WebhookRejectedError):
        make_receiver().verify(callback_of(read_bytes("olx/notification_advert_posted_success.json"), signature), NOW)


def test_without_a_secret_in_the_vault_the_portal_is_asked_to_come_again() -> None:
    receiver = OlxReceiver(MemoryVault(FakeClock()))
    with pytest.raises(StoreUnavailableError):
        receiver.verify(callback_of(read_bytes("olx/notification_advert_posted_success.json"), "x"), NOW)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        b"{}",
        b'{"object_id": 1, "transaction_id": "t"}',
        b'{"object_id": "o", "transaction_id": ""}',
        b'{"object_id": "o", "transaction_id": "t", "data": NaN}',
        b'{"object_id": "\\ud800", "transaction_id": "t"}',
        b'{"object_id": "' + b"o" * 300 + b'", "transaction_id": "t"}',
        b'{"a":' * 100_000,
    ],
)
def test_what_is_no_notification_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedMessageError):
        make_receiver().verify(callback_of(body, "x"), NOW)


def test_a_masked_destination_and_another_shape_are_the_same_message() -> None:
    flat, wrapped = "notification_lifecycle_new.flat.json", "notification_lifecycle_new.wrapped.json"
    masked = json.dumps(read_contract(f"olx/{flat}") | {"destination": "http://https://***"}).encode()
    receiver, signature = make_receiver(), SIGNATURES[flat]
    messages = [
        receiver.verify(callback_of(body, signature), NOW)
        for body in (read_bytes(f"olx/{flat}"), masked, read_bytes(f"olx/{wrapped}"))
    ]

    assert len({message.digest for message in messages}) == 1


def test_two_events_of_one_request_are_two_messages() -> None:
    """A duplicate key of transaction ids would swallow the result after an image error."""
    names = ("notification_advert_image_error.json", "notification_advert_put_success.json")
    receiver = make_receiver()
    messages = [receiver.verify(callback_of(read_bytes(f"olx/{name}"), SIGNATURES[name]), NOW) for name in names]

    assert messages[0].digest != messages[1].digest
