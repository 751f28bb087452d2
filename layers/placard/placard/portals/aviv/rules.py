"""What AVIV's portals demand, as data (contracts/aviv.md §3.5). A deployer changes it by `AVIV_RULES`, without code."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from placard.domain.errors import PlacardError
from placard.portals.reading import as_number, as_text, parse_object

SETTING = "AVIV_RULES"

# The built-in table. `AVIV_RULES` is a JSON object with any of these members: objects are merged, all else is replaced.
BUILT_IN: dict[str, Any] = {
    # Members demanded beside those common to all; `*` stands for every item of a list, of which there must be one.
    # Seed 003 for BUCOM; §3.5's proposals for SLN and SLC, whose page is not public.
    "demanded": {
        "BUCOM": ["/data/prices/rent/countrySpecific/fr/leaseRight/amount"],
        "SLN": [
            "/data/prices/buy/minBuy/amount",
            "/data/spaces/spaceMin",
            "/data/spaces/spaceMax",
            "/data/management/projectStatus",
            "/data/metaData/projectId",
            "/data/buildingProperty/units/*/propertyType",
            "/data/buildingProperty/units/*/number",
            "/data/buildingProperty/units/*/unitDescription/spaceMin",
            "/data/buildingProperty/units/*/unitDescription/spaceMax",
            "/data/buildingProperty/units/*/unitDescription/unitPriceMin",
            "/data/buildingProperty/units/*/unitDescription/unitPriceMax",
            "/data/buildingProperty/units/*/unitDescription/numberOfRoomsMin",
            "/data/buildingProperty/units/*/unitDescription/numberOfRoomsMax",
        ],
        "SLC": [
            "/data/prices/buy/price/amount",
            "/data/prices/buy/housePrice/amount",
            "/data/prices/buy/plotPrice/amount",
            "/data/spaces/plotSpace",
            "/data/spaces/residential/livingSpace",
            "/data/conditions/buildState",
        ],
    },
    # BD. The thresholds are not published: these are ours to correct. The longest prefix of the postal code decides;
    # euros, and euros a month for RENT.
    "leastPrice": {"BUY": {"": 1_000_000}, "RENT": {"": 3_000}},
    # BD: houses of any price (seed 003).
    "anyPrice": ["CASTLE", "MANOR_HOUSE", "MANSION"],
    # BD: types and subtypes it never takes; seed 003 leaves the list to the vendor's customer care.
    "forbidden": [],
    # BD: square metres of any surface given, characters of the French description (seed 003).
    "leastSurface": 20,
    "leastDescription": 160,
    # estateSubType by estateType: null demands none, a word is sent where the CRM gives none. Any other type demands it
    # (seed 003), though the schema has no word for a plain flat (§7, 9).
    "subTypes": {"MISCELLANEOUS": None},
}


class RulesError(PlacardError):
    """The setting cannot be read; the message names it and the place in it."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The table in force; the members are those of `BUILT_IN`."""

    demanded: Mapping[str, tuple[str, ...]]
    least_price: Mapping[str, Mapping[str, int | float]]
    any_price: frozenset[str]
    forbidden: frozenset[str]
    least_surface: int | float
    least_description: int | float
    sub_types: Mapping[str, str | None]


@cache
def read_rules(text: str = "{}") -> Rules:
    """Return the built-in table with a setting's JSON text merged over it. Raises RulesError, one sentence long."""
    try:
        given = parse_object(text)
    except ValueError as error:
        raise RulesError(f"{SETTING} is no JSON object: {error}") from error
    table = _merge("", BUILT_IN, given)
    for name, shape in SHAPES.items():
        _check_shape(name, shape, table[name])
    return Rules(
        demanded={portal: tuple(pointers) for portal, pointers in table["demanded"].items()},
        least_price=table["leastPrice"],
        any_price=frozenset(table["anyPrice"]),
        forbidden=frozenset(table["forbidden"]),
        least_surface=table["leastSurface"],
        least_description=table["leastDescription"],
        sub_types=table["subTypes"],
    )


def _is_words(value: Any) -> bool:
    return isinstance(value, list) and all(as_text(word) is not None for word in value)


def _is_pointers(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) and one.startswith("/") for one in value)


def _is_amount(value: Any) -> bool:
    number = as_number(value)
    return number is not None and number >= 0


def _is_word_or_null(value: Any) -> bool:
    return value is None or as_text(value) is not None


@dataclass(frozen=True, slots=True)
class _Shape:
    """What a value must be, `depth` objects down; `keys` are those allowed at the top, any where there are none."""

    test: Callable[[Any], bool]
    words: str
    depth: int = 0
    keys: tuple[str, ...] = ()


SHAPES = {
    "demanded": _Shape(_is_pointers, "a list of JSON pointers", 1, ("SL", "BUCOM", "BD", "SLC", "SLN")),
    "leastPrice": _Shape(_is_amount, "an amount", 2, ("BUY", "RENT")),
    "anyPrice": _Shape(_is_words, "a list of words"),
    "forbidden": _Shape(_is_words, "a list of words"),
    "leastSurface": _Shape(_is_amount, "an amount"),
    "leastDescription": _Shape(_is_amount, "an amount"),
    "subTypes": _Shape(_is_word_or_null, "a word or null", 1),
}


def _merge(place: str, default: Any, given: Any) -> Any:
    if not isinstance(default, dict):
        return given
    if not isinstance(given, dict):
        raise RulesError(f"{SETTING}: {place} must be an object, not {json.dumps(given)[:100]}.")
    if not place and (unknown := given.keys() - default.keys()):
        raise RulesError(f"{SETTING} has no {', '.join(sorted(unknown))}; its members are {', '.join(default)}.")
    return default | {
        name: _merge(f"{place}/{name}", default[name], value) if name in default else value
        for name, value in given.items()
    }


def _check_shape(place: str, shape: _Shape, value: Any, depth: int = 0) -> None:
    if depth == shape.depth:
        if not shape.test(value):
            raise RulesError(f"{SETTING}: /{place} must be {shape.words}, not {json.dumps(value)[:100]}.")
        return
    if not isinstance(value, dict):
        raise RulesError(f"{SETTING}: /{place} must be an object, not {json.dumps(value)[:100]}.")
    for name, member in value.items():
        if not depth and shape.keys and name not in shape.keys:
            raise RulesError(f"{SETTING}: /{place} has no {name}; its members are {', '.join(shape.keys)}.")
        _check_shape(f"{place}/{name}", shape, member, depth + 1)
