"""AVIV: what makes a classified's body a 400 (contract: aviv.md §3.1 to §3.4).

Checked: required members, enumerations, and the objects that are closed and documented in full. The vendor's schema
knows more.
"""

import re
from collections.abc import Iterator
from typing import Any

from sandbox.simulators.aviv_words import (
    DISTRIBUTION_TYPES,
    ESTATES,
    MEDIA_CATEGORIES,
    MEDIA_MEMBERS,
    MEDIA_TYPES,
    PORTALS,
)

# Closed objects by JSON pointer: required members, then optional ones.
CLOSED: dict[str, tuple[str, str]] = {
    "": ("portals data", "specific media"),
    "/data": (
        "estateType distributionType location prices metaData",
        (
            "estateSubType spaces features conditions energy structure texts management countrySpecific contact "
            "buildingProperty"
        ),
    ),
    "/data/location": (
        "postalcode city street houseNumber country",
        "unit staircase entrance floorNumber state geometry locationNote countrySpecific showAddress",
    ),
    "/data/prices": ("", "currency showPrice priceNote buy rent brokerageFee countrySpecific"),
    "/data/metaData": ("source", "projectId nbMedias classifiedId createDate changeDate portalWebKey"),
    "/data/metaData/source": (
        "sourceSystem sourceSystemVersion offererMarketingKey offererEstateId",
        "offererEstateGroupId",
    ),
    "/data/texts": ("", "headline description features area extendedInformation"),
    "/specific": ("", "gsl iwt"),
}
# The longest text of each member, by JSON pointer.
LENGTHS = {
    f"/data/location/{name}": most
    for name, most in (("postalcode", 32), ("city", 128), ("street", 512), ("houseNumber", 64), ("country", 125))
}
LENGTHS |= {
    f"/data/metaData/source/{name}": 512
    for name in ("sourceSystem", "sourceSystemVersion", "offererMarketingKey", "offererEstateId")
}
AMOUNTS = ("/data/prices/buy/price/amount", "/data/prices/rent/baseRent/amount")
ABSENT: Any = object()
Finding = tuple[str, str]


def find_schema_errors(body: Any) -> list[Finding]:
    """(JSON pointer, reason) of each fault, in the vendor's words."""
    return [
        *find_closed_errors(body),
        *find_length_errors(body),
        *find_amount_errors(body),
        *find_portal_errors(read(body, "/portals")),
        *find_estate_errors(body),
        *find_media_errors(read(body, "/media")),
    ]


def find_closed_errors(body: Any) -> Iterator[Finding]:
    for pointer, (required, optional) in CLOSED.items():
        part = read(body, pointer)
        if part is ABSENT:
            continue
        if not isinstance(part, dict):
            yield pointer or "/", "must be object."
            continue
        known = {*required.split(), *optional.split()}
        yield from (
            (pointer or "/", f"must NOT have additional properties: {name}.") for name in part if name not in known
        )
        yield from ((f"{pointer}/{name}", "must be present.") for name in required.split() if name not in part)


def find_length_errors(body: Any) -> Iterator[Finding]:
    for pointer, most in LENGTHS.items():
        value = read(body, pointer)
        if value is not ABSENT and not isinstance(value, str):
            yield pointer, "must be string."
        elif value is not ABSENT and len(value) > most:
            yield pointer, f"must NOT have more than {most} characters."


def find_amount_errors(body: Any) -> Iterator[Finding]:
    for pointer in AMOUNTS:
        value = read(body, pointer)
        if value is not ABSENT and (isinstance(value, bool) or not isinstance(value, int | float)):
            yield pointer, "must be number."
        elif value is not ABSENT and value < 0:
            yield pointer, "must be >= 0."


def find_portal_errors(portals: Any) -> Iterator[Finding]:
    """An empty list passes the vendor's schema, but seed 003 calls it an error."""
    if portals is ABSENT:
        return
    if not isinstance(portals, list):
        yield "/portals", "must be array."
    elif not portals:
        yield "/portals", "must NOT have fewer than 1 items."
    elif any(portal not in PORTALS for portal in portals):
        yield "/portals", f"must be equal to one of the allowed values: {', '.join(PORTALS)}."
    elif len(set(portals)) < len(portals):
        yield "/portals", "must NOT have duplicate items."


def find_estate_errors(body: Any) -> Iterator[Finding]:
    distribution, estate, sub = (
        read(body, f"/data/{name}") for name in ("distributionType", "estateType", "estateSubType")
    )
    if distribution is not ABSENT and distribution not in tuple(DISTRIBUTION_TYPES):
        yield "/data/distributionType", "must be equal to one of the allowed values."
    if estate is not ABSENT and estate not in tuple(ESTATES):
        yield "/data/estateType", "must be equal to one of the allowed values."
    elif estate is not ABSENT and sub is not ABSENT:
        key, values = ESTATES[estate]
        if not isinstance(sub, dict) or list(sub) != [key]:
            yield "/data/estateSubType", f"must have the one property {key}."
        elif sub[key] not in tuple(values):
            yield f"/data/estateSubType/{key}", "must be equal to one of the allowed values."


def find_media_errors(media: Any) -> Iterator[Finding]:
    if media is ABSENT:
        return
    if not isinstance(media, list):
        yield "/media", "must be array."
        return
    for place, item in enumerate(media):
        pointer = f"/media/{place}"
        if not isinstance(item, dict):
            yield pointer, "must be object."
            continue
        yield from (
            (pointer, f"must NOT have additional properties: {name}.") for name in item if name not in MEDIA_MEMBERS
        )
        if not re.match(r"https?://[^\s/]+", str(item.get("url", ""))):
            yield f"{pointer}/url", "must match format uri."
        if item.get("mediaType") not in tuple(MEDIA_TYPES):
            yield f"{pointer}/mediaType", "must be equal to one of the allowed values."
        tags = item.get("tags", [])
        for name in [item.get("category"), *(tags if isinstance(tags, list) else [tags])]:
            if name is not None and name not in tuple(MEDIA_CATEGORIES):
                yield pointer, f"unknown category or tag: {name}."
        if not str(item.get("title", "-")).strip():
            yield f"{pointer}/title", "must NOT be blank."


def has_two_contacts(body: dict[str, Any]) -> bool:
    """Whether contacts are given both ways: ids in data.contact, persons in specific.gsl."""
    ids, gsl = read(body, "/data/contact"), read(body, "/specific/gsl")
    persons = ("mainContactPerson", "additionalContactPerson")
    return (
        isinstance(ids, dict)
        and any(name.endswith("ContactPersonId") for name in ids)
        and isinstance(gsl, dict)
        and any(name.startswith(persons) for name in gsl)
    )


def read(body: Any, pointer: str) -> Any:
    """The value at a JSON pointer of object members, or ABSENT."""
    for name in pointer.split("/")[1:]:
        if not isinstance(body, dict) or name not in body:
            return ABSENT
        body = body[name]
    return body
