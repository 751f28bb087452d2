"""Whatever comes to a receiver is stored or refused, never an error: requests of any shape, and proven messages of any content.

Below the handlers' threads and their second of patience, so that only the parsers decide. `make hunt` looks further.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placard.aws.receiver_api import read_callback
from placard.domain.channels import PROVIDER_OF
from placard.domain.errors import MalformedMessageError, WebhookRejectedError
from placard.portals.aviv.paths import make_token
from placard.portals.registry import load_receiver
from placard.ports import Message
from tests.fakes.clock import NOON, FakeClock
from tests.fakes.memory_vault import MemoryVault
from tests.unit.portals.scene import CONTRACTS

SECRETS = {
    "olx/app": {"notification_secret": "new-secret", "previous_notification_secret": "old-secret"},
    "aviv/app": {"path_key": "path-key"},
}
PREFIXES = {"olx": "/portals/olx/notifications", "aviv": "/portals/aviv"}
RECEIVERS = {name: load_receiver(name, MemoryVault(FakeClock(), SECRETS)) for name in PREFIXES}
OLX = [json.loads(path.read_text()) for path in sorted((CONTRACTS / "olx").glob("notification_*.json"))]

TEXTS = st.text(st.characters(codec=None), max_size=40)
NUMBERS = st.integers() | st.floats(allow_nan=True, allow_infinity=True)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
EVENTS = st.fixed_dictionaries(
    {},
    optional={
        "body": st.none() | TEXTS | st.binary(max_size=80).map(lambda raw: base64.b64encode(raw).decode()),
        "isBase64Encoded": st.booleans(),
        "headers": st.none() | st.dictionaries(st.sampled_from(["X-Signature", "x-signature", "Host"]), TEXTS),
        "rawPath": TEXTS.map(lambda text: f"/{text}") | st.none(),
    },
)


def receive(provider: str, event: dict[str, Any]) -> Message | None:
    """Return the message to store, None where it is refused as the contract says."""
    receiver = RECEIVERS[provider]
    assert receiver is not None
    try:
        message = receiver.verify(read_callback(event, PREFIXES[provider]), NOON)
    except (MalformedMessageError, WebhookRejectedError):
        return None
    # Kept as it came, and made sense of without an error, whichever channel its advert turns out to be on.
    message.raw.encode("utf-8", "surrogatepass")
    for channel in (name for name, owner in PROVIDER_OF.items() if owner == provider):
        receiver.interpret(message, channel)
    return message


def list_places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The ways to every value inside a value."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(place for key, member in inside for place in list_places(member, (*at, key)))]


@st.composite
def mangled(draw: st.DrawFn, samples: list[Any]) -> Any:
    """A portal's real message with up to three values replaced, anywhere in it."""
    body = deepcopy(draw(st.sampled_from(samples)))
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.sampled_from(list_places(body)))
        if not place:
            return draw(VALUES)
        target = body
        for key in place[:-1]:
            target = target[key]
        target[place[-1]] = draw(VALUES)
    return body


def sign(body: Any) -> str:
    inner = body if isinstance(body, dict) else {}
    ids = f"{inner.get('object_id')},{inner.get('transaction_id')}".encode("utf-8", "surrogatepass")
    return hmac.new(b"new-secret", ids, hashlib.sha1).hexdigest()


@pytest.mark.parametrize("provider", PREFIXES)
@given(event=EVENTS)
def test_a_request_of_any_shape_is_refused(provider: str, event: dict[str, Any]) -> None:
    assert receive(provider, event) is None


@given(body=mangled(OLX))
def test_a_signed_notification_of_any_content_is_stored_or_refused(body: Any) -> None:
    text = json.dumps(body)
    receive("olx", {"rawPath": "/", "headers": {"X-Signature": sign(body)}, "body": text})


@pytest.mark.parametrize("body", OLX, ids=lambda body: str(body.get("event_type", "wrapped")))
def test_what_is_mangled_there_is_taken_whole(body: dict[str, Any]) -> None:
    """Otherwise the test above would only ever see refusals."""
    inner = body.get("data") if "object_id" not in body else body
    event = {"rawPath": "/", "headers": {"X-Signature": sign(inner)}, "body": json.dumps(body)}
    assert receive("olx", event) is not None


@given(customer=TEXTS, classified_id=TEXTS, body=VALUES)
def test_a_callback_under_a_good_path_is_a_hint_or_refused(customer: str, classified_id: str, body: Any) -> None:
    token = make_token(customer.encode("utf-8", "replace").decode(), "path-key")
    path = f"/{token}/classifieds/{classified_id}/statuses"
    receive("aviv", {"rawPath": path, "headers": {}, "body": json.dumps(body)})


def test_a_plain_callback_under_a_good_path_is_a_hint() -> None:
    path = f"/{make_token('acme', 'path-key')}/classifieds/7f0c2d4e-61b9-4c1b-9f5e-2a8d30b7c614/statuses"
    body = json.dumps({"portals": ["SL"], "status": "CREATED"})
    assert receive("aviv", {"rawPath": path, "headers": {}, "body": body}) is not None
