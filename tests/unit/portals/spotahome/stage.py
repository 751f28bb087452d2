"""A Spotahome publisher and poller with an account and a token, and the calls its tests make."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

import httpx

from placard.domain.events import Operation
from placard.portals.spotahome.poller import SpotahomePoller
from placard.portals.spotahome.publisher import SpotahomePublisher
from placard.ports import Budget, Row
from tests.fakes import FakeClock, MemoryVault
from tests.unit.portals.contract import Polls, Stage
from tests.unit.portals.olx.stage import make_body as make_any_body
from tests.unit.portals.scene import CUSTOMER, Portal, read_contract

BASE = "https://listings.spotahome.com"
CREATE = "https://monolith.spotahome.com/api"
OWNER = "7d0f3c52-1b64-4e0a-9a35-5f1c2ab80e11"
PROPERTY = "2f6a9d10-77c4-4b0e-8f0d-3a9b51d6c201"
TOKEN = f"spotahome/token/{CUSTOMER}/main"
ACCOUNTS = f"spotahome/accounts/{CUSTOMER}"
LOGIN = {"email": "feeds@agency.example", "password": "not-a-real-password"}
HOUR = 3_600_000
CREATED = httpx.Response(201, headers=read_contract("spotahome/create_property_response.json")["headers"])


def make_token(name: str, ends: int) -> str:
    """Return a JWT that ends then (ms); its middle part alone is read."""
    claims = base64.urlsafe_b64encode(json.dumps({"sub": name, "exp": ends // 1000}).encode()).decode().rstrip("=")
    return f"aa.{claims}.{name}"


def make_vault(clock: FakeClock, *, token: bool = True, **account: Any) -> MemoryVault:
    """Return a vault with one account; its token lasts for an hour. `account` replaces members of the account."""
    secrets: dict[str, dict[str, Any]] = {ACCOUNTS: {"main": {**LOGIN, "owner_id": OWNER, **account}}}
    if token:
        ends = clock.now() + HOUR
        kept = {"token": make_token("present-token", ends), "expires_at": ends}
        secrets[TOKEN] = {**kept, "email": LOGIN["email"], "base_url": BASE}
    return MemoryVault(clock, secrets)


def make_publisher(
    portal: Portal, clock: FakeClock, vault: MemoryVault | None = None, budget: Budget | None = None
) -> SpotahomePublisher:
    """Return a publisher that calls this portal."""
    return SpotahomePublisher(BASE, CREATE, vault or make_vault(clock), clock, client=portal.client, budget=budget)


def make_poller(
    portal: Portal, clock: FakeClock, vault: MemoryVault | None = None, budget: Budget | None = None
) -> SpotahomePoller:
    """Return a poller of this portal."""
    return SpotahomePoller(BASE, CREATE, vault or make_vault(clock), clock, client=portal.client, budget=budget)


def make_body(
    *, overrides: Mapping[str, Any] | None = None, place: Mapping[str, Any] | None = None, **data: Any
) -> Any:
    """Return a classified that becomes the contract's property; `place` replaces members of its location."""
    location = {
        "street": "Calle de la Luna",
        "houseNumber": "14",
        "unit": "3.º B",
        "city": "Madrid",
        "postalcode": "28004",
        "country": "ESP",
        "geometry": {"type": "Point", "coordinates": [-3.7062, 40.4221]},
        **(place or {}),
    }
    prices = {"currency": "EUR", "rent": {"baseRent": {"amount": 1150}}}
    body = make_any_body("SPOTAHOME", distributionType="RENT", location=location, prices=prices, **data)
    return {**body, "specific": {"spotahome": {"totalUnits": 3, "rentableUnits": 2, **(overrides or {})}}}


def error(status: int) -> httpx.Response:
    """Return a contract's problem as Spotahome sends it."""
    return httpx.Response(status, json=read_contract(f"spotahome/error_{status}.json"))


def process(state: str, number: int = 48212, property_id: str | None = PROPERTY) -> dict[str, Any]:
    """Return a listing process as Spotahome lists it."""
    item = read_contract("spotahome/listing_processes_by_id.json")["_embedded"]["sah:listing-processes"][0]
    return {**item, "id": number, "propertyId": property_id, "state": {"state": state}}


def page_of(*items: Mapping[str, Any], relation: str = "sah:listing-processes", last: int = 1) -> httpx.Response:
    """Return a page of a list."""
    link = {"href": "/somewhere?page=1"}
    links = {"self": link, "first": link, "last": {"href": f"/somewhere?page={last}"}}
    said = {"count": len(items), "total": len(items), "_links": links, "_embedded": {relation: list(items)}}
    return httpx.Response(200, json=said)


def properties(**published: Any) -> httpx.Response:
    """Return the list of properties, `property_<id>` → whether the public sees it; without names the contract's own."""
    items = [
        {"id": name, "ownerId": OWNER, "type": "apartment", "published": value} for name, value in published.items()
    ]
    return page_of(*items, relation="sah:properties")


# --- the contract suite ----------------------------------------------------------------------------------------------

_PAGES = tuple(read_contract(f"spotahome/listing_processes_page{number}.json") for number in (1, 2))
_NOTHING = page_of()
_TAKEN = {Operation.POST: CREATED, Operation.DELETE: _NOTHING}

STAGE = Stage(
    channels=("spotahome",),
    bodies=(make_body(), make_any_body("SPOTAHOME", distributionType="RENT"), make_any_body("SPOTAHOME")),
    operations=frozenset(_TAKEN),
    publisher=make_publisher,
    taken=lambda operation: _TAKEN[operation],
    done=frozenset({Operation.DELETE}),
    secrets=("not-a-real-password", "present-token"),
    polls=Polls(
        poller=make_poller,
        pages=_PAGES,
        rows=tuple(
            Row(1, state, property_id="r-1", published=published)
            for state in ("waitingProperty", "waitingContent", "propertyVerified", "propertyUnverified", "cancelled")
            for published in (None, True, False)
        ),
    ),
)
