"""An AVIV publisher with an account that is subscribed already, and the calls its tests make."""

from __future__ import annotations

from typing import Any

import httpx

from placard.domain.events import Operation
from placard.portals.aviv.mapping import render
from placard.portals.aviv.paths import make_token
from placard.portals.aviv.publisher import AvivPublisher
from placard.portals.aviv.receiver import AvivReceiver
from placard.ports import Call, Callback
from tests.fakes import FakeClock, MemoryVault
from tests.unit.portals.contract import Calls, Stage
from tests.unit.portals.scene import (
    CUSTOMER,
    Portal,
    list_contracts,
    make_call,
    make_classified,
    read_bytes,
    read_contract,
)

BASE = "https://api.aviv-group.com/sandbox/caas/v4"
TOKEN_URL = "https://auth.api.aviv-group.com/oauth/token"
RECEIVER = "https://hub-example.test/portals/aviv/"
KEY = "demo-path-key"
ID = "7f0c2d4e-61b9-4c1b-9f5e-2a8d30b7c614"
HOUR = 3_600_000
CONTEXT = {"audience": BASE, "intermediary_id": "RC-000123"}
TOKEN = f"aviv/token/{CUSTOMER}/main"
RESALE = read_contract("aviv/classified_sl_resale.json")
ACKNOWLEDGED = httpx.Response(202, json=read_contract("aviv/response_202.json"))
GRANTED = httpx.Response(200, json=read_contract("aviv/token_response.json"))


def make_vault(clock: FakeClock, *, subscribed: bool = True, token: bool = True) -> MemoryVault:
    """Return a vault with one account; its token was given an hour ago."""
    secrets: dict[str, dict[str, Any]] = {
        "aviv/app": {"client_id": "hub-client-id", "client_secret": "<secret>", "path_key": KEY},
        f"aviv/accounts/{CUSTOMER}": {"main": {"intermediary_id": "RC-000123"}},
    }
    if token:
        now = clock.now()
        times = {"issued_at": now - HOUR, "expires_at": now + 23 * HOUR}
        secrets[TOKEN] = {"access_token": "present-token", **CONTEXT, **times}
    if subscribed:
        secrets[f"aviv/webhook/{CUSTOMER}"] = {"url": RECEIVER + make_token(CUSTOMER, KEY), **CONTEXT}
    return MemoryVault(clock, secrets)


def make_publisher(portal: Portal, clock: FakeClock, vault: MemoryVault | None = None) -> AvivPublisher:
    """Return a publisher that calls this portal."""
    return AvivPublisher(BASE, TOKEN_URL, RECEIVER, vault or make_vault(clock), clock, client=portal.client)


def call_for(operation: Operation, body: dict[str, Any] = RESALE, **more: Any) -> Call:
    """Return a call with the rendering of a body."""
    payload = render(make_classified(body), "aviv").payload
    return make_call(operation, "aviv", body, payload, remote_id=ID, **more)


def problem(name: str) -> httpx.Response:
    """Return a contract's problem body as AVIV sends it."""
    body = read_contract(f"aviv/error_{name}.json")
    return httpx.Response(body["status"], json=body, headers={"Content-Type": "application/json+problem"})


# --- the contract suite ----------------------------------------------------------------------------------------------


def _sign(body: bytes, secret: str) -> Callback:
    return Callback(body, {}, f"/{make_token(CUSTOMER, secret)}/classifieds/{ID}/statuses")


def _make_receiver(current: str, previous: str | None) -> AvivReceiver:
    keys = {"path_key": current, "previous_path_key": previous}
    return AvivReceiver(MemoryVault(FakeClock(), {"aviv/app": keys}))


STAGE = Stage(
    channels=("aviv",),
    bodies=tuple(read_contract(f"aviv/{name}") for name in list_contracts("aviv", "classified_")),
    operations=frozenset({Operation.POST, Operation.PUT, Operation.DELETE}),
    publisher=make_publisher,
    taken=lambda operation: ACKNOWLEDGED,
    secrets=("<secret>", "present-token", KEY),
    calls=Calls(
        events=tuple(read_bytes(f"aviv/{name}") for name in list_contracts("aviv", "callback_")),
        sign=_sign,
        receiver=_make_receiver,
    ),
)
