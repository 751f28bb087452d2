"""A Casita publisher with an account, the classified its tests publish, and the news it sends."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import httpx

from placard.domain.events import Operation
from placard.ports import Callback
from tests.fakes import FakeClock, MemoryVault
from tests.portals.casita.publisher import CasitaPublisher
from tests.portals.casita.receiver import CasitaReceiver
from tests.portals.casita.words import NEWS
from tests.unit.portals.contract import Calls, Stage
from tests.unit.portals.scene import CUSTOMER, Portal

KEY, SECRET = "the-agencys-key", "the-news-secret"
TAKEN = httpx.Response(202, json={"home": "h-1", "ticket": "t-1"})


def make_vault(clock: FakeClock, customer: str = CUSTOMER) -> MemoryVault:
    """Return a vault with one account and the secret of the news."""
    accounts = {f"casita/accounts/{customer}": {"main": {"key": KEY}}}
    return MemoryVault(clock, {"casita/app": {"news_secret": SECRET}, **accounts})


def make_publisher(portal: Portal, clock: FakeClock) -> CasitaPublisher:
    """Return a publisher that calls this portal."""
    return CasitaPublisher("https://api.casita.test", make_vault(clock), clock, client=portal.client)


def make_body(**data: Any) -> dict[str, Any]:
    """Return a classified that Casita takes; `data` replaces members of its `data`."""
    return {
        "portals": ["CASITA"],
        "data": {
            "estateType": "APARTMENT",
            "distributionType": "BUY",
            "location": {"city": "Cádiz", "postalcode": "11001"},
            "prices": {"currency": "EUR", "buy": {"price": {"amount": 187500}}},
            "texts": {"headline": {"es": "Piso con vistas al mar"}, "description": {"es": "Dos dormitorios."}},
            "metaData": {"source": {"offererEstateId": "e-1"}},
            **data,
        },
        "media": [{"url": "https://img.example.com/l/10021/1.jpg", "mediaType": "PICTURE"}],
    }


def sign(body: bytes, secret: str = SECRET) -> Callback:
    """Return the request that carries news."""
    return Callback(body, {"casita-signature": hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()})


def write_news(word: str, home: str = "h-1", **more: Any) -> bytes:
    """Return the body of news."""
    return json.dumps({"home": home, "news": word, "at": "2026-03-02T09:15:30Z", **more}).encode()


def _make_receiver(current: str, previous: str | None) -> CasitaReceiver:
    keys = {"news_secret": current, "previous_news_secret": previous}
    return CasitaReceiver(MemoryVault(FakeClock(), {"casita/app": keys}))


STAGE = Stage(
    channels=("casita",),
    bodies=(make_body(), make_body(distributionType="RENT", prices={"rent": {"baseRent": {"amount": 950}}})),
    operations=frozenset({Operation.POST, Operation.PUT, Operation.DELETE}),
    publisher=make_publisher,
    taken=lambda operation: TAKEN,
    secrets=(KEY, SECRET),
    calls=Calls(
        events=tuple(write_news(word, home) for word in NEWS for home in ("h-1", "h-2")),
        sign=sign,
        receiver=_make_receiver,
    ),
)
