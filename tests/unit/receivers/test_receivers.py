"""The receivers' handlers: what a portal's HTTP request is answered (contracts/hub.md, section 4)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from functions.receive_aviv import app as receive_aviv
from functions.receive_olx import app as receive_olx
from placard import bootstrap
from placard.aws import receiver_api
from placard.domain.errors import StoreUnavailableError
from placard.portals.registry import load_receiver
from tests.fakes.clock import FakeClock
from tests.fakes.memory_store import MemoryStore
from tests.fakes.memory_vault import MemoryVault

ROOT = Path(__file__).parents[3]
CONTRACTS = ROOT / "tests" / "contracts"
SECRETS = {
    "olx/app": {"notification_secret": "new-secret", "previous_notification_secret": "old-secret"},
    "aviv/app": {"path_key": "path-key"},
}
TOKEN_OF_ACME = (
    "YWNtZQ." + base64.urlsafe_b64encode(hmac.new(b"path-key", b"acme", hashlib.sha256).digest()).decode()[:32]
)


class SlowStore(MemoryStore):
    """A store that answers when it is let go."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock)
        self.let_go = threading.Event()

    def put_message(self, message: Any, due: int | None) -> bool:
        self.let_go.wait(10)
        return super().put_message(message, due)


class DownStore(MemoryStore):
    def put_message(self, message: Any, due: int | None) -> bool:
        raise StoreUnavailableError("down")


@pytest.fixture
def store() -> Iterator[MemoryStore]:
    store = MemoryStore(FakeClock())
    use(store)
    yield store
    bootstrap.use()


def use(store: MemoryStore) -> None:
    clock = FakeClock()
    vault = MemoryVault(clock, SECRETS)
    receivers = {f"receiver {name}": load_receiver(name, vault) for name in ("olx", "aviv")}
    bootstrap.use(message_store=store, clock=clock, **receivers)


def request(
    method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None, **event: Any
) -> dict[str, Any]:
    return {
        "version": "2.0",
        "rawPath": path,
        "headers": headers or {},
        "requestContext": {"http": {"method": method}},
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
        **event,
    }


def notification() -> dict[str, Any]:
    body: dict[str, Any] = json.loads((CONTRACTS / "olx" / "notification_advert_posted_success.json").read_text())
    return body


def signed(body: dict[str, Any], secret: str = "new-secret", path: str = "/") -> dict[str, Any]:
    ids = f"{body['object_id']},{body['transaction_id']}".encode()
    signature = hmac.new(secret.encode(), ids, hashlib.sha1).hexdigest()
    return request("POST", path, json.dumps(body).encode(), {"X-Signature": signature})


def stored(store: MemoryStore) -> int:
    return len(store.records)


# --- OLX -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("secret", ["new-secret", "old-secret"])
@pytest.mark.parametrize("path", ["/", "/portals/olx/notifications"])
def test_a_signed_notification_is_stored_once(store: MemoryStore, secret: str, path: str) -> None:
    handler = receive_olx.handler
    assert handler(signed(notification(), secret, path), None)["statusCode"] == 200
    assert handler(signed(notification(), secret, path), None)["statusCode"] == 200
    assert stored(store) == 1


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_probe_is_answered(store: MemoryStore, method: str) -> None:
    assert receive_olx.handler(request(method, "/"), None)["statusCode"] == 200


@pytest.mark.parametrize(
    ("event", "status"),
    [
        pytest.param(signed(notification(), "wrong-secret"), 401, id="wrong secret"),
        pytest.param(request("POST", "/", json.dumps(notification()).encode()), 401, id="no signature"),
        pytest.param(request("POST", "/", b"not json", {"x-signature": "0"}), 400, id="not JSON"),
        pytest.param(request("POST", "/", b"[]", {"x-signature": "0"}), 400, id="not an object"),
        pytest.param(request("POST", "/", b'{"data": {}}', {"x-signature": "0"}), 400, id="no ids"),
        pytest.param(request("POST", "/", b"\xff\xfe", {"x-signature": "0"}), 400, id="not UTF-8"),
        pytest.param(request("POST", "/", b"[" * 100_000, {"x-signature": "0"}), 400, id="nested without end"),
        pytest.param(request("POST", "/", b"{}" + b" " * 300_000, {"x-signature": "0"}), 400, id="too large"),
        pytest.param(request("POST", "/") | {"body": "%%%"}, 400, id="broken base64"),
        pytest.param(request("POST", "/") | {"body": None}, 400, id="no body"),
        pytest.param(request("DELETE", "/"), 405, id="no such method"),
        pytest.param(
            signed(notification() | {"transaction_id": "other"}) | {"headers": {"x-signature": "é" * 40}},
            401,
            id="not ASCII",
        ),
    ],
)
def test_what_proves_nothing_is_refused_and_not_kept(store: MemoryStore, event: dict[str, Any], status: int) -> None:
    assert receive_olx.handler(event, None)["statusCode"] == status
    assert stored(store) == 0


def test_storage_that_is_down_is_a_503_at_once() -> None:
    use(DownStore(FakeClock()))
    answer = receive_olx.handler(signed(notification()), None)
    assert (answer["statusCode"], answer["headers"]) == (503, {"retry-after": "1"})


def test_storage_that_is_slow_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiver_api, "DEADLINE", 0.05)
    slow = SlowStore(FakeClock())
    use(slow)
    before = time.monotonic()
    assert receive_olx.handler(signed(notification()), None)["statusCode"] == 503
    assert time.monotonic() - before < 5
    slow.let_go.set()


def test_a_callback_that_was_given_up_holds_up_no_other(monkeypatch: pytest.MonkeyPatch, store: MemoryStore) -> None:
    slow = SlowStore(FakeClock())
    use(slow)
    with monkeypatch.context() as hurried:
        hurried.setattr(receiver_api, "DEADLINE", 0.05)
        assert receive_olx.handler(signed(notification()), None)["statusCode"] == 503
    use(store)
    assert receive_olx.handler(signed(notification()), None)["statusCode"] == 200
    assert (stored(store), slow.let_go.is_set()) == (1, False)
    slow.let_go.set()


# --- AVIV ------------------------------------------------------------------------------------------------------------

CALLBACK = (CONTRACTS / "aviv" / "callback_created.json").read_bytes()


@pytest.mark.parametrize("prefix", ["", "/portals/aviv"])
def test_a_callback_with_the_customers_token_is_stored(store: MemoryStore, prefix: str) -> None:
    event = request("POST", f"{prefix}/{TOKEN_OF_ACME}/classifieds/7f0c2d4e/statuses", CALLBACK)
    assert receive_aviv.handler(event, None)["statusCode"] == 201
    message = store.messages_of("aviv", "7f0c2d4e")[0]
    assert message.customer == "acme"


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/nobody/classifieds/7f0c2d4e/statuses", CALLBACK, 404),
        (f"/{TOKEN_OF_ACME[:-1]}x/classifieds/7f0c2d4e/statuses", CALLBACK, 404),
        (f"/{TOKEN_OF_ACME.replace('YWNtZQ', 'YWNtZTI')}/classifieds/7f0c2d4e/statuses", CALLBACK, 404),
        (f"/{TOKEN_OF_ACME}/elsewhere", CALLBACK, 404),
        ("/", CALLBACK, 404),
        (f"/{TOKEN_OF_ACME}/classifieds/7f0c2d4e/statuses", b"not json", 400),
        (f"/{TOKEN_OF_ACME}/classifieds/7f0c2d4e/statuses", b"", 400),
    ],
)
def test_what_has_no_token_or_no_body_is_refused(store: MemoryStore, path: str, body: bytes, status: int) -> None:
    assert receive_aviv.handler(request("POST", path, body), None)["statusCode"] == status
    assert stored(store) == 0
