"""The shape of a classified's body (contracts/hub.md §2, The classified), each fault with its pointer."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

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


class _Rule(NamedTuple):
    """What a member must be. `inside` looks into one that is; None where it holds nothing else."""

    is_right: Callable[[Any], bool]
    reason: str
    inside: Callable[[str, Any, str], Iterator[Fault]] | None = None


def _check_object(pattern: str, value: dict[str, Any], pointer: str = "") -> Iterator[Fault]:
    named = _NAMED.get(pattern, {})
    for name, member in value.items():
        rule = named.get(name)
        # Most members are right and hold nothing else: no pointer is made for those.
        if rule is not None and (rule.inside is not None or not rule.is_right(member)):
            yield from _check(rule, f"{pattern}/{name}", member, point(pointer, name))


def _check(rule: _Rule, pattern: str, value: Any, pointer: str) -> Iterator[Fault]:
    if not rule.is_right(value):
        yield Fault(pointer, rule.reason)
    elif rule.inside is not None:
        yield from rule.inside(pattern, value, pointer)


def _check_choice(pattern: str, value: str, pointer: str) -> Iterator[Fault]:
    if value not in CHOICES[pattern]:
        yield Fault(pointer, f"must be one of {', '.join(CHOICES[pattern])}")


def _check_price(_: str, value: dict[str, Any], pointer: str) -> Iterator[Fault]:
    yield from _check_object("price", value, pointer)


def _check_objects(pattern: str, value: list[Any], pointer: str) -> Iterator[Fault]:
    for place, item in enumerate(value):
        yield from _check(_RULES[Shape.OBJECT], f"{pattern}/*", item, point(pointer, place))


def _check_strings(_: str, value: list[Any], pointer: str) -> Iterator[Fault]:
    for place, item in enumerate(value):
        yield from _check(_RULES[Shape.STRING], "", item, point(pointer, place))


def _check_texts(_: str, value: dict[str, Any], pointer: str) -> Iterator[Fault]:
    for name, item in value.items():
        yield from _check(_RULES[Shape.STRING], "", item, point(pointer, name))


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


_RULES = {
    Shape.STRING: _Rule(lambda value: isinstance(value, str), "must be a string"),
    Shape.NUMBER: _Rule(_is_number, "must be a number"),
    Shape.AMOUNT: _Rule(_is_amount, "must be a number that is not negative"),
    Shape.INTEGER: _Rule(lambda value: _is_number(value) and value == int(value), "must be a whole number"),
    Shape.BOOLEAN: _Rule(lambda value: isinstance(value, bool), "must be true or false"),
    Shape.CHOICE: _Rule(lambda value: isinstance(value, str | bool), "must be YES, NO or NOT_APPLICABLE"),
    Shape.OBJECT: _Rule(lambda value: isinstance(value, dict), "must be an object", _check_object),
    Shape.TEXTS: _Rule(lambda value: isinstance(value, dict), "must be an object of strings", _check_texts),
    Shape.STRINGS: _Rule(lambda value: isinstance(value, list), "must be a list of strings", _check_strings),
    Shape.OBJECTS: _Rule(lambda value: isinstance(value, list), "must be a list of objects", _check_objects),
    Shape.PRICE: _Rule(
        lambda value: isinstance(value, dict), 'must be a price object such as {"amount": 412000}', _check_price
    ),
    Shape.MONEY: _Rule(_is_money, "must be a number that is not negative, or {value, currency} of one"),
    Shape.GEOMETRY: _Rule(_is_geometry, "must be a GeoJSON geometry, longitude first"),
}


def _rule_of(shape: Shape, pattern: str) -> _Rule:
    return _RULES[shape]._replace(inside=_check_choice) if pattern in CHOICES else _RULES[shape]


_NAMED = {
    pattern: {name: _rule_of(shape, f"{pattern}/{name}") for shape, names in members.items() for name in names.split()}
    for pattern, members in (MEMBERS | {"price": PRICE_MEMBERS}).items()
}
