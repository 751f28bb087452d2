"""The four sites, literally (contracts/olx.md §1 and §3a)."""

from __future__ import annotations

from typing import NamedTuple


class Site(NamedTuple):
    """One site: urn, language of its texts, zone of its zone-less dates, currencies, lengths (least, most)."""

    urn: str
    language: str
    zone: str
    currencies: tuple[str, ...]
    title: tuple[int, int]
    description: tuple[int, int]


SITES = {
    "IMOVIRTUAL": Site("urn:site:imovirtualcom", "pt", "Europe/Lisbon", ("EUR",), (5, 50), (50, 65535)),
    "OTODOM": Site("urn:site:otodompl", "pl", "Europe/Warsaw", ("PLN", "EUR", "GBP"), (5, 50), (50, 65535)),
    "STORIA": Site("urn:site:storiaro", "ro", "Europe/Bucharest", ("EUR", "RON"), (5, 70), (50, 65535)),
    # OLX Romania takes the car-parts profile.
    "OLXRO": Site("urn:site:olxro", "ro", "Europe/Bucharest", ("EUR", "RON"), (16, 70), (80, 9000)),
}
PORTAL_OF = {"imovirtual": "IMOVIRTUAL", "otodom": "OTODOM", "storia": "STORIA", "olxro": "OLXRO"}

APARTMENTS_FOR_SALE = "urn:concept:apartments-for-sale"
APARTMENTS_FOR_RENT = "urn:concept:apartments-for-rent"
# (estateType, distributionType): category. Everything else needs an override, and so does all of OLXRO.
CATEGORIES = {
    ("APARTMENT", "BUY"): APARTMENTS_FOR_SALE,
    ("APARTMENT", "RENT"): APARTMENTS_FOR_RENT,
}
OVERRIDE_ONLY = frozenset({"OLXRO"})

ROOMS = "urn:concept:number-of-rooms"
AREA = "urn:concept:net-area-m2"
MARKET = "urn:concept:market"
MANDATORY = {("STORIA", APARTMENTS_FOR_SALE): (ROOMS, AREA, MARKET)}
NEW_BUILD = frozenset({"FIRST_TIME_USE", "PROJECTED"})

SALE_PRICE = "/data/prices/buy/price/amount"
RENT_PRICE = "/data/prices/rent/baseRent/amount"

# The portal's name of a field: the CRM's own JSON pointer to what it was made of.
POINTERS = {
    "title": "/data/texts/headline",
    "description": "/data/texts/description",
    "category_urn": "/data/estateType",
    "price": "/data/prices",
    "price.value": "/data/prices",
    "price.currency": "/data/prices/currency",
    "location": "/data/location",
    "location.lat": "/data/location/geometry/coordinates",
    "location.lon": "/data/location/geometry/coordinates",
    "images": "/media",
    "movie_url": "/media",
    "custom_fields.reference_id": "/data/metaData/source/offererEstateId",
    ROOMS: "/data/structure/rooms/numberOfRooms",
    AREA: "/data/spaces/residential/livingSpace",
    MARKET: "/data/conditions/buildState",
}
# What only an override can give: the members of `specific.olx.<site>`.
OVERRIDES = {
    "contact": "contact",
    "rent_price": "rentPrice",
    "deposit_price": "depositPrice",
    "market": "market",
    "parent_uuid": "parentUuid",
    "auto_extend": "autoExtend",
    "attributes": "attributes",
}


def point(field: str, portal: str | None = None) -> str | None:
    """Return the CRM's JSON pointer for a field the portal names, None where it is not known."""
    if field.startswith("images"):
        return POINTERS["images"]
    if field in POINTERS:
        return POINTERS[field]
    head, _, rest = field.partition(".")
    if head in OVERRIDES and portal is not None:
        return "/".join(["/specific/olx", portal, OVERRIDES[head], *rest.split(".")]).rstrip("/")
    return None
