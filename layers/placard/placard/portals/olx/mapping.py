"""From a classified to an OLX advert (contracts/olx.md §3 and §3a)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from placard.domain.causes import Cause
from placard.domain.classified import Classified
from placard.domain.hashes import content_hash
from placard.domain.policy import Rendering
from placard.portals.olx.draft import Draft
from placard.portals.olx.sites import (
    AREA,
    CATEGORIES,
    MANDATORY,
    MARKET,
    NEW_BUILD,
    OVERRIDE_ONLY,
    PORTAL_OF,
    RENT_PRICE,
    ROOMS,
    SALE_PRICE,
    point,
)
from placard.portals.olx.texts import cut_at_word, find_forbidden, normalise_text
from placard.portals.reading import as_list, as_number, as_object, as_text, look_up

AREAS = ("/data/spaces/residential/livingSpace", "/data/spaces/usableFloorSpace", "/data/spaces/overallSpace")
PRICE_MEMBERS = {"rentPrice": "rent_price", "depositPrice": "deposit_price"}
CONTACT_MEMBERS = ("name", "email", "phone", "photo")
PLACE_MEMBERS = {"cityId": "city_id", "districtId": "district_id", "streetName": "street_name"}


def render(classified: Classified, channel: str) -> Rendering:
    """Return the advert for one site. Never raises: what cannot be sent becomes a problem with the CRM's pointer."""
    portal = PORTAL_OF[channel]
    draft = Draft(classified.body, portal)
    own_id = name_advert(classified)
    payload: dict[str, Any] = {
        "site_urn": draft.site.urn,
        "category_urn": _category(draft),
        "title": _text(draft, "title", "/data/texts/headline"),
        "description": _text(draft, "description", "/data/texts/description"),
        "contact": _contact(draft),
        "price": _price(draft),
        **{name: _extra_price(draft, member) for member, name in PRICE_MEMBERS.items()},
        "market": as_text(draft.override("market")),
        "parent_uuid": as_text(draft.override("parentUuid")),
        "location": _location(draft),
        "images": _images(draft),
        "movie_url": next(iter(draft.media("VIDEO")), None),
        "attributes": _attributes(draft),
        "auto_extend": draft.override("autoExtend") if isinstance(draft.override("autoExtend"), bool) else None,
        "custom_fields": {"id": own_id, "reference_id": classified.offerer_estate_id or None},
    }
    payload = {name: value for name, value in payload.items() if value is not None}
    _check_mandatory(draft, payload)
    category = payload.get("category_urn")
    return Rendering(
        payload=payload,
        hashes={portal: content_hash(payload)},
        problems={portal: tuple(draft.problems)} if draft.problems else {},
        normalised=tuple(draft.normalised),
        key=None if category is None else f"{own_id}|{category}",
    )


def name_advert(classified: Classified) -> str:
    """Return our own id of the advert: a property for sale and to let is two adverts (contracts/olx.md §3)."""
    return f"{classified.classified_id}-{'rent' if is_rent(classified.body) else 'sale'}"


def is_rent(body: Mapping[str, Any]) -> bool:
    """Whether the classified is to let."""
    return bool(look_up(body, "/data/distributionType") == "RENT")


def _category(draft: Draft) -> str | None:
    chosen = as_text(draft.override("categoryUrn"))
    if chosen is None and draft.portal not in OVERRIDE_ONLY:
        kind = (draft.text("/data/estateType") or "", draft.text("/data/distributionType") or "")
        chosen = CATEGORIES.get(kind)
    if chosen is None:
        draft.refuse(Cause.CATEGORY, "/data/estateType", portal=draft.portal)
    return chosen


def _text(draft: Draft, name: str, pointer: str) -> str | None:
    written, source = as_text(draft.override(name)), draft.locate(name)
    if written is None:
        written, source = draft.translation(pointer)
    if written is None:
        draft.refuse(Cause.MISSING, pointer, portal=draft.portal, what=f"a {name}")
        return None
    least, most = draft.site.title if name == "title" else draft.site.description
    fitting = normalise_text(written)
    if name == "title":
        fitting = cut_at_word(fitting, most)
    draft.note(source, written.strip(), fitting)
    forbidden = find_forbidden(fitting)
    if forbidden is not None:
        draft.refuse(Cause.TEXT_HOLDS, source, name=name, what=forbidden)
    if not least <= len(fitting) <= most:
        draft.refuse(Cause.TEXT_LENGTH, source, name=name, least=least, most=most, length=len(fitting))
    return fitting


def _contact(draft: Draft) -> dict[str, str] | None:
    given = as_object(draft.override("contact"))
    contact = {name: text for name in CONTACT_MEMBERS if (text := as_text(given.get(name))) is not None}
    demanded: tuple[str, ...] = ("name", "email", "phone") if draft.portal == "OLXRO" else ("name", "email")
    source = draft.locate("contact")
    if not given and draft.portal != "OLXRO":
        return None
    if not given:
        draft.refuse(Cause.MISSING, source, portal=draft.portal, what="a contact")
        return None
    for name in demanded:
        if name not in contact:
            draft.refuse(Cause.MISSING, f"{source}/{name}", portal=draft.portal, what=f"the contact's {name}")
    if "phone" in contact and not 7 <= sum(sign.isdigit() for sign in contact["phone"]) <= 14:
        draft.refuse(Cause.PHONE, f"{source}/phone", least=7, most=14)
    if "name" in contact:
        fitting = " ".join(word.capitalize() if word.isupper() else word for word in contact["name"].split())
        draft.note(f"{source}/name", contact["name"], fitting)
        contact["name"] = fitting
    return contact


def _price(draft: Draft) -> dict[str, Any] | None:
    """Return the price; 0 hides it. An override is a number, or an object of the portal's own shape."""
    pointer = RENT_PRICE if is_rent(draft.body) else SALE_PRICE
    given = draft.override("price")
    if given is not None:
        return draft.money(given, draft.locate("price"))
    price = as_object(draft.look_up(pointer.removesuffix("/amount")))
    hidden = draft.look_up("/data/prices/showPrice") is False or price.get("priceInformation") == "PRICE_ON_DEMAND"
    return draft.money(0 if hidden else price.get("amount"), pointer)


def _extra_price(draft: Draft, member: str) -> dict[str, Any] | None:
    given = draft.override(member)
    return None if given is None else draft.money(given, draft.locate(member))


def _location(draft: Draft) -> dict[str, Any] | None:
    chosen = as_object(draft.override("location"))
    # GeoJSON: longitude first.
    lon, lat, *_ = (*as_list(draft.look_up("/data/location/geometry/coordinates")), None, None)
    place_point = {"lat": as_number(chosen.get("lat", lat)), "lon": as_number(chosen.get("lon", lon))}
    location: dict[str, Any] = {name: value for name, value in place_point.items() if value is not None}
    if len(location) < 2:
        location = {}
        postcode = draft.text("/data/location/postalcode") or draft.text("/data/location/postalCode")
        if draft.portal == "IMOVIRTUAL" and postcode is not None:
            location = {"postal_code": postcode}
        else:
            pointer = "/data/location/geometry/coordinates"
            draft.refuse(Cause.MISSING, pointer, portal=draft.portal, what="coordinates")
    if isinstance(chosen.get("exact"), bool):
        location["exact"] = chosen["exact"]
    place = {name: chosen.get(member) for member, name in PLACE_MEMBERS.items()}
    own = {name: value for name, value in place.items() if as_text(value) or as_number(value) is not None}
    # Otodom alone takes its own place ids, and a street only with its city (contracts/olx.md §3).
    if draft.portal == "OTODOM" and "city_id" in own:
        location["custom_fields"] = own
    return location or None


def _images(draft: Draft) -> list[dict[str, str]] | None:
    urls = draft.media("PICTURE")
    if not urls:
        draft.refuse(Cause.MISSING, "/media", portal=draft.portal, what="at least one picture")
        return None
    return [{"url": url} for url in urls]


def _attributes(draft: Draft) -> list[dict[str, str]] | None:
    """Return the attributes: derived ones, each replaced by what the overrides say of the same urn."""
    derived: dict[str, list[str]] = {} if draft.portal == "OLXRO" else _derive_attributes(draft)
    derived |= draft.attributes()
    listed = [{"urn": urn, "value": value} for urn, values in derived.items() for value in values]
    return listed or None


def _derive_attributes(draft: Draft) -> dict[str, list[str]]:
    derived: dict[str, list[str]] = {}
    rooms = as_number(draft.look_up("/data/structure/rooms/numberOfRooms"))
    if rooms is not None and rooms >= 1:
        derived[ROOMS] = [f"urn:concept:{int(rooms)}"]
    spaces = [as_number(draft.look_up(pointer)) for pointer in AREAS]
    area = next((space for space in spaces if space is not None and space > 0), None)
    if area is not None:
        derived[AREA] = [str(int(area)) if area == int(area) else repr(area)]
    market = as_text(draft.override("market"))
    if market is None:
        built = draft.text("/data/conditions/buildState")
        market = "primary" if built in NEW_BUILD else "secondary"
    derived[MARKET] = [f"urn:concept:{market}"]
    return derived


def _check_mandatory(draft: Draft, payload: Mapping[str, Any]) -> None:
    present = {attribute["urn"] for attribute in payload.get("attributes", ())}
    for urn in MANDATORY.get((draft.portal, payload.get("category_urn", "")), ()):
        if urn not in present:
            draft.refuse(Cause.MISSING, point(urn), portal=draft.portal, what=urn)
