"""An OLX publisher with an account, and the classified its tests publish."""

from __future__ import annotations

from typing import Any

from placard.portals.olx.publisher import OlxPublisher
from tests.fakes import FakeClock, MemoryVault
from tests.unit.portals.scene import CUSTOMER, Portal

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
