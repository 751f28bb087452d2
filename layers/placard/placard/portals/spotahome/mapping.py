"""From a classified to Spotahome's property, and what its closed lists do not take (lifecycle §6, contracts/spotahome.md §5)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from placard.domain.causes import Cause
from placard.domain.classified import Classified
from placard.domain.hashes import content_hash
from placard.domain.policy import Rendering
from placard.domain.problems import Problem
from placard.portals.reading import as_list, as_number, as_object, as_text, look_up

TYPES = ("apartment", "studio", "roomShared", "residence")
CITY_IDS = (
    "seville", "madrid", "barcelona", "bilbao", "valencia", "granada", "brussels", "dublin", "london", "rome", "milan",
    "paris", "lyon", "dubai", "berlin", "vienna", "istanbul", "turin", "bologna", "florence",
)  # fmt: skip
# (`estateType`, its sub type; None: any other) → `type`.
TYPE_OF: dict[tuple[str, str | None], str] = {
    ("APARTMENT", "STUDIO"): "studio",
    ("APARTMENT", "FLATSHARING_ROOM"): "roomShared",
    ("APARTMENT", None): "apartment",
    ("HOUSE", "RESIDENTIAL_COMPLEX"): "residence",
}
OVERRIDES = "/specific/spotahome"
# Spotahome's member → where the CRM says it, where no override does.
POINTERS = {
    "type": "/data/estateType",
    "location": "/data/location",
    "addressLine1": "/data/location/street",
    "addressLine2": "/data/location/unit",
    "city": "/data/location/city",
    "cityId": "/data/location/city",
    "postalCode": "/data/location/postalcode",
    "latitude": "/data/location/geometry",
    "longitude": "/data/location/geometry",
    "ownerId": f"{OVERRIDES}/ownerId",
    "totalUnits": f"{OVERRIDES}/totalUnits",
    "rentableUnits": f"{OVERRIDES}/rentableUnits",
}
# §5, what `location` requires, and how far a coordinate goes.
TEXTS = ("addressLine1", "city", "postalCode")
LIMITS = {"latitude": 90, "longitude": 180}
LOCATION_TEXTS = ("addressLine1", "addressLine2", "city", "cityId", "postalCode")

Body = Mapping[str, Any]


def render(classified: Classified, channel: str) -> Rendering:
    """Return what Spotahome is sent; `ownerId` only where the listing names it, else the account does when it is sent."""
    portals = classified.portals_on(channel)
    payload = build_payload(classified.body)
    problems = check(classified.body, payload)
    return Rendering(
        payload=payload,
        hashes=dict.fromkeys(portals, content_hash(payload)),
        problems=dict.fromkeys(portals, problems) if problems else {},
    )


def build_payload(body: Body) -> dict[str, Any]:
    """Return the property as §5 wants it, without the members that the classified does not tell."""
    said = as_object(look_up(body, OVERRIDES))
    units = {name: 1 if said.get(name) is None else said[name] for name in ("totalUnits", "rentableUnits")}
    members = {
        "type": as_text(said.get("type")) or _type_of(body),
        "location": _build_location(body, said),
        "ownerId": as_text(said.get("ownerId")),
        **units,
    }
    return {name: value for name, value in members.items() if value is not None}


def _type_of(body: Body) -> str | None:
    kind = as_text(look_up(body, "/data/estateType"))
    if kind is None:
        return None
    sub = as_text(look_up(body, f"/data/estateSubType/{kind.lower()}"))
    return TYPE_OF.get((kind, sub)) or TYPE_OF.get((kind, None))


def _build_location(body: Body, said: Body) -> dict[str, Any]:
    place = as_object(look_up(body, "/data/location"))
    city = as_text(place.get("city"))
    longitude, latitude = _read_point(place)
    derived = {
        "addressLine1": _join(place, "street", "houseNumber"),
        "addressLine2": _join(place, "entrance", "staircase", "unit"),
        "city": city,
        "cityId": as_text(said.get("cityId")) or (None if city is None else city.strip().lower()),
        "postalCode": as_text(place.get("postalcode")) or as_text(place.get("postalCode")),
        "latitude": latitude,
        "longitude": longitude,
    }
    own = {name: value for name, value in _read_override(said).items() if value is not None}
    return {name: value for name, value in {**derived, **own}.items() if value is not None}


def _read_override(said: Body) -> dict[str, Any]:
    place = as_object(said.get("location"))
    texts = {name: as_text(place.get(name)) for name in LOCATION_TEXTS}
    return {**texts, **{name: as_number(place.get(name)) for name in LIMITS}}


def _join(place: Body, *names: str) -> str | None:
    """Return the parts of an address that are there, None where its first is missing from a street."""
    parts = [text.strip() for name in names if (text := as_text(place.get(name))) is not None]
    if names[0] == "street" and as_text(place.get("street")) is None:
        return None
    return ", ".join(parts) or None


def _read_point(place: Body) -> tuple[int | float | None, int | float | None]:
    """Return longitude and latitude: GeoJSON has the longitude first."""
    geometry = as_object(place.get("geometry"))
    if geometry.get("type") != "Point":
        return None, None
    first, second = (*as_list(geometry.get("coordinates"))[:2], None, None)[:2]
    return as_number(first), as_number(second)


# --- what Spotahome does not take ------------------------------------------------------------------------------------


def check(body: Body, payload: Mapping[str, Any]) -> tuple[Problem, ...]:
    """Return what breaks the rules of §5, each with the CRM's own pointer; one kind of offer is refused alone."""
    if look_up(body, "/data/distributionType") != "RENT":
        return (Problem.of(Cause.DISTRIBUTION_TYPE, "/data/distributionType", portal="Spotahome", only="RENT"),)
    return tuple(problem for one in CHECKS for problem in one(body, payload))


def locate(body: Body, member: str) -> str:
    """Return where the CRM says a member of Spotahome's: its override where there is one."""
    said = as_object(look_up(body, OVERRIDES))
    if as_object(said.get("location")).get(member) is not None:
        return f"{OVERRIDES}/location"
    if said.get(member) is not None:
        return f"{OVERRIDES}/{member}"
    place = as_object(look_up(body, "/data/location"))
    if member == "postalCode" and "postalCode" in place and "postalcode" not in place:
        return "/data/location/postalCode"  # seed 003's spelling
    return POINTERS[member]


def _check_type(body: Body, payload: Mapping[str, Any]) -> list[Problem]:
    kind = payload.get("type")
    if kind in TYPES:
        return []
    if kind is None:
        return [Problem.of(Cause.CATEGORY, POINTERS["type"], portal="Spotahome")]
    only = ", ".join(TYPES)
    return [Problem.of(Cause.OTHER_CATEGORY, locate(body, "type"), portal="Spotahome", only=only, value=kind)]


def _check_texts(body: Body, payload: Mapping[str, Any]) -> list[Problem]:
    missing = [name for name in TEXTS if name not in payload["location"]]
    return [Problem.of(Cause.MISSING, locate(body, name), portal="Spotahome", what=name) for name in missing]


def _check_city(body: Body, payload: Mapping[str, Any]) -> list[Problem]:
    city_id = payload["location"].get("cityId")
    if city_id is None or city_id in CITY_IDS:
        return []  # without a city that is missing already
    only = ", ".join(CITY_IDS)
    return [Problem.of(Cause.CITY, locate(body, "cityId"), portal="Spotahome", city=city_id, only=only)]


def _check_coordinates(body: Body, payload: Mapping[str, Any]) -> list[Problem]:
    problems = []
    for name, limit in LIMITS.items():
        value = payload["location"].get(name)
        if value is None:
            problems.append(Problem.of(Cause.MISSING, locate(body, name), portal="Spotahome", what=name))
        elif abs(value) > limit:
            pointer = locate(body, name)
            problems.append(
                Problem.of(Cause.NUMBER_OUTSIDE, pointer, portal="Spotahome", name=name, least=-limit, most=limit)
            )
    return problems


def _check_units(body: Body, payload: Mapping[str, Any]) -> list[Problem]:
    counts = {name: payload[name] for name in ("totalUnits", "rentableUnits")}
    problems = [
        Problem.of(Cause.NUMBER_TOO_LOW, POINTERS[name], portal="Spotahome", name=name, least=1)
        for name, count in counts.items()
        if count < 1
    ]
    if not problems and counts["rentableUnits"] > counts["totalUnits"]:
        problems.append(Problem.of(Cause.UNITS_REVERSED, POINTERS["rentableUnits"], portal="Spotahome"))
    return problems


CHECKS: tuple[Callable[[Body, Mapping[str, Any]], list[Problem]], ...] = (
    _check_type,
    _check_texts,
    _check_city,
    _check_coordinates,
    _check_units,
)
