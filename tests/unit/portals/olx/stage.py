"""An OLX publisher with an account, and the classified its tests publish."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

from placard.domain.events import Operation
from placard.portals.olx.publisher import OlxPublisher
from placard.portals.olx.receiver import OlxReceiver
from placard.ports import Callback
from tests.fakes import FakeClock, MemoryVault
from tests.unit.portals.contract import Calls, Stage
from tests.unit.portals.scene import CUSTOMER, Portal, answer_of, list_contracts, read_bytes

HOUR = 3_600_000
TOKEN = f"olx/token/{CUSTOMER}/imovirtual/main"
APP = {
    "client_id": "hub-demo-client",
    "client_secret": "hub-demo-secret",
    "api_key": "hub-demo-api-key",
    "notification_secret": "demo-notification-secret",
}


def make_vault(clock: FakeClock, **changes: Any) -> MemoryVault:
    """Return a vault with one account on Imovirtual; `changes` are members of its token pair."""
    pair = {"access_token": "hub-demo-access-token", "refresh_token": "demo-refresh-token-1"}
    secrets: dict[str, dict[str, Any]] = {
        "olx/app": APP,
        f"olx/accounts/{CUSTOMER}/imovirtual": {"main": {}},
        TOKEN: {**pair, "expires_at": clock.now() + HOUR, **changes},
    }
    return MemoryVault(clock, secrets)


def make_publisher(portal: Portal, clock: FakeClock, vault: MemoryVault | None = None) -> OlxPublisher:
    """Return a publisher that calls this portal."""
    return OlxPublisher("https://api.olxgroup.com", vault or make_vault(clock), clock, client=portal.client)


def make_body(*portals: str, **data: Any) -> dict[str, Any]:
    """Return a classified that every real-estate site takes; `data` replaces members of its `data`."""
    text = "Apartamento de dois quartos com cozinha equipada, varanda e lugar de garagem."
    return {
        "portals": list(portals or ("IMOVIRTUAL",)),
        "data": {
            "estateType": "APARTMENT",
            "distributionType": "BUY",
            "location": {"postalcode": "4700-001", "geometry": {"type": "Point", "coordinates": [-8.4265, 41.5454]}},
            "prices": {"currency": "EUR", "buy": {"price": {"amount": 187500}}},
            "texts": {"headline": {"pt": "Apartamento T2 em Braga"}, "description": {"pt": text}},
            "structure": {"rooms": {"numberOfRooms": 3}},
            "spaces": {"residential": {"livingSpace": 84}},
            "metaData": {"source": {"offererEstateId": "e-1"}},
            **data,
        },
        "media": [
            {"url": "https://img.example.com/l/10021/1.jpg", "mediaType": "PICTURE"},
            {"url": "https://video.example.com/watch?v=10021", "mediaType": "VIDEO"},
        ],
    }


# --- the contract suite ----------------------------------------------------------------------------------------------


def _sign(body: bytes, secret: str) -> Callback:
    """Return the notification with the signature over its ids; one that has none is signed over nothing."""
    try:
        told = json.loads(body)
        told = told if "object_id" in told else told["data"]
        signed = f"{told['object_id']},{told['transaction_id']}"
        key = hmac.new(secret.encode(), signed.encode(), hashlib.sha1)
    except (ValueError, KeyError, TypeError):
        key = hmac.new(secret.encode(), b"", hashlib.sha1)
    return Callback(body, {"x-signature": key.hexdigest()})


def _make_receiver(current: str, previous: str | None) -> OlxReceiver:
    keys = {"notification_secret": current, "previous_notification_secret": previous}
    return OlxReceiver(MemoryVault(FakeClock(), {"olx/app": keys}))


def _overridden() -> dict[str, Any]:
    """Return a classified with everything that only `specific.olx` can say."""
    site = {
        "account": "main",
        "categoryUrn": "urn:concept:houses-for-sale",
        "title": "MORADIA em banda 🏡 com jardim e vista, muito perto do centro!!!!",
        "price": {"value": 250000.4, "currency": "EUR"},
        "rentPrice": 40,
        "depositPrice": {"value": 800},
        "market": "primary",
        "attributes": [{"urn": "urn:concept:number-of-rooms", "value": "urn:concept:4"}],
        "contact": {"name": "ANA EXEMPLO", "email": "ana@example.com", "phone": "+351 912 345 678"},
        "location": {"lat": 41.5, "lon": -8.4, "exact": False, "cityId": 7, "streetName": "Rua Um"},
        "autoExtend": True,
    }
    return {**make_body(), "specific": {"olx": {"default": site, "OTODOM": {"price": 0}, "OLXRO": {"title": "x"}}}}


STAGE = Stage(
    channels=("imovirtual", "otodom", "storia", "olxro"),
    bodies=(
        make_body(),
        make_body(distributionType="RENT", prices={"rent": {"baseRent": {"amount": 9.5}}}),
        _overridden(),
    ),
    operations=frozenset(Operation),
    publisher=make_publisher,
    taken=lambda operation: answer_of(f"olx/response_advert_{operation.value.lower()}_202.json"),
    secrets=(APP["client_secret"], APP["api_key"], "hub-demo-access-token", "demo-refresh-token-1"),
    calls=Calls(
        # The other shapes of a lifecycle event say the same.
        events=tuple(
            read_bytes(f"olx/{name}")
            for name in list_contracts("olx", "notification_")
            if not name.endswith((".wrapped.json", ".nested.json"))
        ),
        sign=_sign,
        receiver=_make_receiver,
    ),
)
