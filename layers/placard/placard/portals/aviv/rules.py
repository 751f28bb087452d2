"""What each AVIV portal demands of a classified (contracts/aviv.md §3.5): its schema checks none of this."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from placard.domain.problems import Problem
from placard.portals.reading import as_list, as_number, as_object, as_text, look_up

# Seed 003: common to all rows. `street` and `houseNumber` are the schema's, and may be empty.
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
# The vendor has no subtypes for these (§3.3).
WITHOUT_SUBTYPE = frozenset({"MISCELLANEOUS"})
# Seed 003, resale and rental: where the price stands, by `distributionType`. Other types are no offer of these portals.
PRICES = {"BUY": "/data/prices/buy/price/amount", "RENT": "/data/prices/rent/baseRent/amount"}
PRICED = frozenset({"SL", "BUCOM"})
# Extra members: seed 003 for BUCOM; §3.5's proposals for SLN and SLC, whose page is not public.
EXTRA: dict[str, tuple[str, ...]] = {
    "BUCOM": ("/data/prices/rent/countrySpecific/fr/leaseRight/amount",),
    "SLN": (
        "/data/prices/buy/minBuy/amount",
        "/data/spaces/spaceMin",
        "/data/spaces/spaceMax",
        "/data/management/projectStatus",
        "/data/metaData/projectId",
        "/data/buildingProperty/units/0",
    ),
    "SLC": (
        "/data/prices/buy/price/amount",
        "/data/prices/buy/housePrice/amount",
        "/data/prices/buy/plotPrice/amount",
        "/data/spaces/plotSpace",
        "/data/spaces/residential/livingSpace",
        "/data/conditions/buildState",
    ),
}
ESTATE_TYPES = {"BUCOM": "TRADING", "SLN": "PROJECT", "SLC": "HOUSE"}
PICTURED = frozenset({"BD", "SLN", "SLC"})

# Belles Demeures: the thresholds are not published, so this table is ours to correct. The longest prefix of the postal
# code decides; euros, and euros a month for RENT.
LUXURY_THRESHOLDS: dict[str, dict[str, int]] = {
    "BUY": {"": 1_000_000},
    "RENT": {"": 3_000},
}
WITHOUT_THRESHOLD = frozenset({"CASTLE", "MANOR_HOUSE", "MANSION"})
SURFACES = ("/data/spaces/overallSpace", "/data/spaces/usableFloorSpace", "/data/spaces/residential/livingSpace")
LEAST_SURFACE = 20
LEAST_DESCRIPTION = 160
DESCRIPTION = "/data/texts/description/fr"


def check(portal: str, body: Mapping[str, Any]) -> tuple[Problem, ...]:
    """Return what breaks a portal's rules, each with the CRM's own JSON pointer."""
    wanted = ESTATE_TYPES.get(portal)
    if wanted is not None and look_up(body, "/data/estateType") not in (wanted, None):
        return (Problem("unsupported", f"{portal} takes estates of type {wanted} only.", "/data/estateType"),)
    problems = [_missing(pointer) for pointer in (*COMMON, *EXTRA.get(portal, ())) if not _is_given(body, pointer)]
    if portal in PRICED:
        problems += _check_price(portal, body)
    if portal in PICTURED and not _has_picture(body):
        problems.append(Problem("missing_field", f"{portal} demands a picture.", "/media"))
    extra = CHECKS.get(portal)
    return (*problems, *(extra(body) if extra is not None else ()))


def _missing(pointer: str) -> Problem:
    return Problem("missing_field", f"{pointer.rpartition('/')[2]} is missing.", pointer)


def _is_given(body: Mapping[str, Any], pointer: str) -> bool:
    value = look_up(body, pointer)
    if pointer == "/data/estateSubType":
        bare = look_up(body, "/data/estateType")
        return bool(value) or (isinstance(bare, str) and bare in WITHOUT_SUBTYPE)
    return as_text(value) is not None or as_number(value) is not None or bool(as_object(value))


def _price_of(body: Mapping[str, Any]) -> str | None:
    kind = as_text(look_up(body, "/data/distributionType"))
    return None if kind is None else PRICES.get(kind)


def _check_price(portal: str, body: Mapping[str, Any]) -> list[Problem]:
    pointer = _price_of(body)
    if pointer is None:
        return [Problem("unsupported", f"{portal} takes sales and lettings only.", "/data/distributionType")]
    return [] if as_number(look_up(body, pointer)) is not None else [_missing(pointer)]


def _has_picture(body: Mapping[str, Any]) -> bool:
    return any(as_object(item).get("mediaType") == "PICTURE" for item in as_list(body.get("media")))


def _check_luxury(body: Mapping[str, Any]) -> list[Problem]:
    problems = _check_threshold(body)
    for pointer in SURFACES:
        surface = as_number(look_up(body, pointer))
        if surface is not None and surface < LEAST_SURFACE:
            problems.append(Problem("invalid_field", f"A surface has at least {LEAST_SURFACE} m².", pointer))
    described = as_text(look_up(body, DESCRIPTION))
    if described is None:
        problems.append(_missing(DESCRIPTION))
    elif len(described.strip()) < LEAST_DESCRIPTION:
        detail = f"The description has at least {LEAST_DESCRIPTION} characters; it has {len(described.strip())}."
        problems.append(Problem("invalid_field", detail, DESCRIPTION))
    return problems


def _check_threshold(body: Mapping[str, Any]) -> list[Problem]:
    house = as_text(look_up(body, "/data/estateSubType/house"))
    if look_up(body, "/data/estateType") == "HOUSE" and house in WITHOUT_THRESHOLD:
        return []
    broken = _check_price("BD", body)
    if broken:
        return broken
    kind, pointer = str(look_up(body, "/data/distributionType")), _price_of(body) or ""
    place = as_text(look_up(body, "/data/location/postalcode")) or ""
    prefixes = LUXURY_THRESHOLDS[kind]
    least = prefixes[max((prefix for prefix in prefixes if place.startswith(prefix)), key=len)]
    if (as_number(look_up(body, pointer)) or 0) >= least:
        return []
    return [Problem("invalid_field", f"The price is under the portal's minimum of {least}.", pointer)]


def _check_new_homes(body: Mapping[str, Any]) -> list[Problem]:
    least, most = (as_number(look_up(body, f"/data/spaces/{name}")) for name in ("spaceMin", "spaceMax"))
    if least is None or most is None or least <= most:
        return []
    return [Problem("invalid_field", "spaceMin is above spaceMax.", "/data/spaces/spaceMin")]


def _check_construction(body: Mapping[str, Any]) -> list[Problem]:
    problems = []
    if look_up(body, "/data/conditions/buildState") not in ("PROJECTED", None):
        problems.append(Problem("invalid_field", "buildState is PROJECTED for SLC.", "/data/conditions/buildState"))
    house, plot, whole = (
        as_number(look_up(body, f"/data/prices/buy/{name}/amount")) for name in ("housePrice", "plotPrice", "price")
    )
    if house is not None and plot is not None and whole is not None and abs(house + plot - whole) >= 1:
        detail = "The price is the sum of housePrice and plotPrice."
        problems.append(Problem("invalid_field", detail, "/data/prices/buy/price/amount"))
    return problems


CHECKS: dict[str, Callable[[Mapping[str, Any]], list[Problem]]] = {
    "BD": _check_luxury,
    "SLN": _check_new_homes,
    "SLC": _check_construction,
}
