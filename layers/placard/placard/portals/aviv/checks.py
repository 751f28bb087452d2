"""What breaks an AVIV portal's rules (contracts/aviv.md §3.5): the vendor's schema checks none of this."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from placard.domain.causes import Cause
from placard.domain.problems import Problem
from placard.portals.aviv.rules import Rules
from placard.portals.reading import as_list, as_number, as_object, as_text, look_up

# Seed 003: common to all types. `street` and `houseNumber` are the schema's, and may be empty.
COMMON = (
    "/data/estateType",
    "/data/estateSubType",
    "/data/distributionType",
    "/data/location/postalcode",
    "/data/location/city",
    "/data/location/country",
    "/data/metaData/source/sourceSystem",
    "/data/metaData/source/sourceSystemVersion",
    "/data/metaData/source/offererMarketingKey",
    "/data/metaData/source/offererEstateId",
)
# Seed 003, resale and rental: where the price stands, by `distributionType`. Other types are no offer of these portals.
PRICES = {"BUY": "/data/prices/buy/price/amount", "RENT": "/data/prices/rent/baseRent/amount"}
SURFACES = ("/data/spaces/overallSpace", "/data/spaces/usableFloorSpace", "/data/spaces/residential/livingSpace")
DESCRIPTION = "/data/texts/description/fr"
OFFERS = "/data/countrySpecific/fr/commercial/offer"

Body = Mapping[str, Any]
Check = Callable[[str, Body, Rules], list[Problem]]


def check(portal: str, body: Body, listed: tuple[str, ...], rules: Rules) -> tuple[Problem, ...]:
    """Return what breaks a portal's rules, each with a JSON pointer into the body; `listed` are all portals wished for."""
    kind = TYPES[portal]
    if kind.estate is not None and look_up(body, "/data/estateType") not in (kind.estate, None):
        return (Problem.of(Cause.ESTATE_TYPE, "/data/estateType", portal=portal, only=kind.estate),)
    demanded = (*COMMON, *rules.demanded.get(portal, ()))
    problems = [_missing(portal, one) for pointer in demanded for one in _find_missing(body, pointer, rules)]
    if kind.picture and not _has_picture(body):
        problems.append(Problem.of(Cause.MISSING, "/media", portal=portal, what="at least one picture"))
    for further in kind.checks:
        problems += further(portal, body, rules)
    if "PC" in as_list(look_up(body, OFFERS)) and "SL" not in listed:
        problems.append(Problem.of(Cause.OFFER_WITHOUT_PORTAL, OFFERS, offer="PC", portal="SL"))
    return tuple(problems)


def _missing(portal: str, pointer: str) -> Problem:
    return Problem.of(Cause.MISSING, pointer, portal=portal, what=pointer.removeprefix("/").replace("/", "."))


def _find_missing(body: Body, pointer: str, rules: Rules) -> Iterator[str]:
    """Yield what a pointer misses; behind a `*` every item of the list is looked at, and an empty list is missed itself."""
    before, starred, after = pointer.partition("/*")
    if not starred:
        if not _is_given(body, pointer, rules):
            yield pointer
        return
    items = as_list(look_up(body, before))
    if not items:
        yield before
    for place in range(len(items)):
        yield from _find_missing(body, f"{before}/{place}{after}", rules)


def _is_given(body: Body, pointer: str, rules: Rules) -> bool:
    value = look_up(body, pointer)
    if pointer == "/data/estateSubType":
        kind = as_text(look_up(body, "/data/estateType"))
        return bool(as_object(value)) or (kind is not None and kind in rules.sub_types)
    return as_text(value) is not None or as_number(value) is not None or bool(as_object(value) or as_list(value))


def _has_picture(body: Body) -> bool:
    return any(as_object(item).get("mediaType") == "PICTURE" for item in as_list(body.get("media")))


def _check_price(portal: str, body: Body, rules: Rules) -> list[Problem]:
    kind = as_text(look_up(body, "/data/distributionType"))
    if kind is None:
        return []
    pointer = PRICES.get(kind)
    if pointer is None:
        return [Problem.of(Cause.DISTRIBUTION_TYPE, "/data/distributionType", portal=portal, only="BUY and RENT")]
    return [] if as_number(look_up(body, pointer)) is not None else [_missing(portal, pointer)]


def _check_least_price(portal: str, body: Body, rules: Rules) -> list[Problem]:
    house = as_text(look_up(body, "/data/estateSubType/house"))
    if look_up(body, "/data/estateType") == "HOUSE" and house in rules.any_price:
        return []
    if broken := _check_price(portal, body, rules):
        return broken
    kind = as_text(look_up(body, "/data/distributionType")) or ""
    place = as_text(look_up(body, "/data/location/postalcode")) or ""
    prefixes = {prefix: least for prefix, least in rules.least_price.get(kind, {}).items() if place.startswith(prefix)}
    if not prefixes:
        return []
    pointer, least = PRICES[kind], prefixes[max(prefixes, key=len)]
    if (as_number(look_up(body, pointer)) or 0) >= least:
        return []
    return [Problem.of(Cause.PRICE_TOO_LOW, pointer, portal=portal, least=least)]


def _check_surfaces(portal: str, body: Body, rules: Rules) -> list[Problem]:
    given = {pointer: as_number(look_up(body, pointer)) for pointer in SURFACES}
    return [
        Problem.of(Cause.SURFACE_TOO_SMALL, pointer, portal=portal, least=rules.least_surface)
        for pointer, surface in given.items()
        if surface is not None and surface < rules.least_surface
    ]


def _check_description(portal: str, body: Body, rules: Rules) -> list[Problem]:
    described = as_text(look_up(body, DESCRIPTION))
    if described is None:
        return [_missing(portal, DESCRIPTION)]
    length = len(described.strip())
    if length >= rules.least_description:
        return []
    least = rules.least_description
    return [Problem.of(Cause.TEXT_TOO_SHORT, DESCRIPTION, name="description", least=least, length=length)]


def _check_forbidden(portal: str, body: Body, rules: Rules) -> list[Problem]:
    words = {"/data/estateType": [look_up(body, "/data/estateType")]}
    words["/data/estateSubType"] = list(as_object(look_up(body, "/data/estateSubType")).values())
    return [
        Problem.of(Cause.FORBIDDEN, pointer, portal=portal, word=word)
        for pointer, found in words.items()
        for word in found
        if isinstance(word, str) and word in rules.forbidden
    ]


def _check_spaces(portal: str, body: Body, rules: Rules) -> list[Problem]:
    least, most = (as_number(look_up(body, f"/data/spaces/{name}")) for name in ("spaceMin", "spaceMax"))
    if least is None or most is None or least <= most:
        return []
    return [Problem.of(Cause.SPACES_REVERSED, "/data/spaces/spaceMin", portal=portal)]


def _check_build_state(portal: str, body: Body, rules: Rules) -> list[Problem]:
    if look_up(body, "/data/conditions/buildState") in ("PROJECTED", None):
        return []
    return [Problem.of(Cause.BUILD_STATE, "/data/conditions/buildState", portal=portal, only="PROJECTED")]


def _check_sum(portal: str, body: Body, rules: Rules) -> list[Problem]:
    house, plot, whole = (
        as_number(look_up(body, f"/data/prices/buy/{name}/amount")) for name in ("housePrice", "plotPrice", "price")
    )
    if house is None or plot is None or whole is None or abs(house + plot - whole) < 1:
        return []
    return [Problem.of(Cause.PRICE_NOT_THE_SUM, "/data/prices/buy/price/amount", portal=portal)]


class Type(NamedTuple):
    """A row of §3.5 beside its demanded members: the one estate type, a picture or none, further checks."""

    estate: str | None = None
    picture: bool = False
    checks: tuple[Check, ...] = ()


# §3.5, row by row: resale and rental; luxury; offices and shops; new homes; construction.
TYPES = {
    "SL": Type(checks=(_check_price,)),
    "BD": Type(None, True, (_check_least_price, _check_surfaces, _check_description, _check_forbidden)),
    "BUCOM": Type("TRADING", checks=(_check_price,)),
    "SLN": Type("PROJECT", True, (_check_spaces,)),
    "SLC": Type("HOUSE", True, (_check_build_state, _check_sum)),
}
