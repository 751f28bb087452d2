"""The shape of a classified's body (contracts/hub.md §2, The classified), each fault with its pointer."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from placard.domain.channels import PORTALS
from placard.domain.members import CHOICES, MEMBERS, PRICE_MEMBERS, REQUIRED, Shape
from placard.domain.refusals import ErrorSource, Fault, InvalidRequestError, UnknownClassifiedError

LONGEST_KEY = 512
_NO_PORTAL = "must name at least one portal; DELETE takes a classified off all of them"
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def read_id(text: str) -> str:
    """Return a classified's id as it is stored. What is no UUID names nothing: UnknownClassifiedError."""
    spelt = text.lower()
    if not _UUID.fullmatch(spelt):
        raise UnknownClassifiedError
    return spelt


def read_body(value: Any) -> dict[str, Any]:
    """Return a classified's body, in the contract's spelling; `value` is any JSON value.

    Members the contract does not name stay as they are. Raises InvalidRequestError with all faults found.
    """
    if not isinstance(value, dict):
        raise InvalidRequestError(ErrorSource.BODY, [Fault("", "must be an object")])
    body = _spell(value)
    faults = [*_find_missing(body), *_check_portals(body, _NO_PORTAL), *_check_key(body), *_check_object("", body)]
    if faults:
        raise InvalidRequestError(ErrorSource.BODY, dict.fromkeys(faults))
    return body


def read_portals(value: Any) -> tuple[str, ...] | None:
    """Return the portals that a call names, None where it names none and so means all; `value` is any JSON value.

    Raises InvalidRequestError; a member of another name too, since a misspelt `portals` must not mean all of them.
    """
    if not isinstance(value, dict):
        raise InvalidRequestError(ErrorSource.BODY, [Fault("", "must be an object")])
    faults = [Fault(point("", name), "is not known here") for name in value if name != "portals"]
    faults += _check_portals(value, "must name at least one portal; leave it out to mean all")
    if faults:
        raise InvalidRequestError(ErrorSource.BODY, faults)
    return tuple(value["portals"]) if "portals" in value else None


def offerer_estate_id(body: Mapping[str, Any]) -> str:
    """Return the CRM's own key of a body that has been read."""
    key: str = body["data"]["metaData"]["source"]["offererEstateId"]
    return key


def point(parent: str, token: str | int) -> str:
    """Return the JSON pointer of a member (RFC 6901)."""
    return f"{parent}/{str(token).replace('~', '~0').replace('/', '~1')}"


def _spell(body: dict[str, Any]) -> dict[str, Any]:
    """Write `postalcode` for seed 003's `postalCode`; where both stand, the schema's own spelling counts."""
    data = body.get("data")
    location = data.get("location") if isinstance(data, dict) else None
    if not isinstance(data, dict) or not isinstance(location, dict) or "postalCode" not in location:
        return body
    spelt = {name: member for name, member in location.items() if name != "postalCode"}
    spelt.setdefault("postalcode", location["postalCode"])
    return body | {"data": data | {"location": spelt}}


def _find_missing(body: dict[str, Any]) -> Iterator[Fault]:
    for pointer in REQUIRED:
        value: Any = body
        for name in pointer.split("/")[1:]:
            if not isinstance(value, dict):
                break  # its type is a fault of its own
            if name not in value:
                yield Fault(pointer, "must be present")
                break
            value = value[name]


def _check_portals(body: dict[str, Any], if_empty: str) -> Iterator[Fault]:
    if "portals" not in body:
        return
    portals = body["portals"]
    if not isinstance(portals, list):
        yield Fault("/portals", "must be a list")
        return
    if not portals:
        yield Fault("/portals", if_empty)
    named = set()
    for place, portal in enumerate(portals):
        if not isinstance(portal, str) or portal not in PORTALS:
            yield Fault(point("/portals", place), f"must be one of {', '.join(PORTALS)}")
        elif portal in named:
            yield Fault(point("/portals", place), f"{portal} is there already")
        else:
            named.add(portal)


def _check_key(body: dict[str, Any]) -> Iterator[Fault]:
    value: Any = body
    for name in ("data", "metaData", "source", "offererEstateId"):
        value = value.get(name) if isinstance(value, dict) else None
    if isinstance(value, str) and not 0 < len(value) <= LONGEST_KEY:
        yield Fault("/data/metaData/source/offererEstateId", f"must have 1 to {LONGEST_KEY} characters")


def _check_object(pattern: str, value: dict[str, Any], pointer: str = "") -> Iterator[Fault]:
    named = _SHAPES.get(pattern, {})
    for name, member in value.items():
        shape = named.get(name)
        if shape is not None:
            yield from _check(shape, f"{pattern}/{name}", member, point(pointer, name))


def _check(shape: Shape, pattern: str, value: Any, pointer: str) -> Iterator[Fault]:
    is_right, reason = _RULES[shape]
    if not is_right(value):
        yield Fault(pointer, reason)
    elif pattern in CHOICES and value not in CHOICES[pattern]:
        yield Fault(pointer, f"must be one of {', '.join(CHOICES[pattern])}")
    elif shape is Shape.OBJECT:
        yield from _check_object(pattern, value, pointer)
    elif shape is Shape.OBJECTS:
        for place, item in enumerate(value):
            yield from _check(Shape.OBJECT, f"{pattern}/*", item, point(pointer, place))
    elif shape is Shape.STRINGS:
        for place, item in enumerate(value):
            yield from _check(Shape.STRING, "", item, point(pointer, place))
    elif shape is Shape.TEXTS:
        for name, item in value.items():
            yield from _check(Shape.STRING, "", item, point(pointer, name))
    elif shape is Shape.PRICE:
        yield from _check_object("price", value, pointer)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_amount(value: Any) -> bool:
    return _is_number(value) and value >= 0


def _is_money(value: Any) -> bool:
    if not isinstance(value, dict):
        return _is_amount(value)
    return _is_amount(value.get("value")) and isinstance(value.get("currency", ""), str)


def _is_geometry(value: Any) -> bool:
    if not isinstance(value, dict) or not isinstance(value.get("type", ""), str):
        return False
    places = value.get("coordinates", [])
    if not isinstance(places, list):
        return False
    return value.get("type") != "Point" or (len(places) >= 2 and all(_is_number(number) for number in places))


_RULES: dict[Shape, tuple[Callable[[Any], bool], str]] = {
    Shape.STRING: (lambda value: isinstance(value, str), "must be a string"),
    Shape.NUMBER: (_is_number, "must be a number"),
    Shape.AMOUNT: (_is_amount, "must be a number that is not negative"),
    Shape.INTEGER: (lambda value: _is_number(value) and value == int(value), "must be a whole number"),
    Shape.BOOLEAN: (lambda value: isinstance(value, bool), "must be true or false"),
    Shape.CHOICE: (lambda value: isinstance(value, str | bool), "must be YES, NO or NOT_APPLICABLE"),
    Shape.OBJECT: (lambda value: isinstance(value, dict), "must be an object"),
    Shape.TEXTS: (lambda value: isinstance(value, dict), "must be an object of strings"),
    Shape.STRINGS: (lambda value: isinstance(value, list), "must be a list of strings"),
    Shape.OBJECTS: (lambda value: isinstance(value, list), "must be a list of objects"),
    Shape.PRICE: (lambda value: isinstance(value, dict), 'must be a price object such as {"amount": 412000}'),
    Shape.MONEY: (_is_money, "must be a number that is not negative, or {value, currency} of one"),
    Shape.GEOMETRY: (_is_geometry, "must be a GeoJSON geometry, longitude first"),
}
_SHAPES: dict[str, dict[str, Shape]] = {
    pattern: {name: shape for shape, names in members.items() for name in names.split()}
    for pattern, members in (MEMBERS | {"price": PRICE_MEMBERS}).items()
}
