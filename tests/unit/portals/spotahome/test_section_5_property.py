"""Contract §5 and lifecycle §6: how a classified becomes a property, and which never can."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx
import pytest

from placard.domain.errors import CredentialsError, PortalUnavailableError
from placard.domain.events import Operation
from placard.portals.spotahome.mapping import CITY_IDS, TYPES, render
from placard.portals.spotahome.publisher import escape
from tests.fakes import FakeClock
from tests.unit.portals.scene import Portal, make_call, make_classified, read_contract
from tests.unit.portals.spotahome.stage import (
    CREATE,
    CREATED,
    OWNER,
    PROPERTY,
    make_body,
    make_publisher,
    make_vault,
    page_of,
    process,
)

WANTED = read_contract("spotahome/create_property_request.json")


def payload_of(body: Any) -> Any:
    rendering = render(make_classified(body), "spotahome")
    assert rendering.problems == {}, rendering.problems
    return rendering.payload


def problems_of(body: Any) -> list[tuple[str, str | None]]:
    found = render(make_classified(body), "spotahome").problems.get("SPOTAHOME", ())
    return [(problem.code, problem.field) for problem in found]


def create(portal: Portal, body: Any = None, **account: Any) -> Any:
    clock, body = FakeClock(), body or make_body()
    call = make_call(Operation.POST, "spotahome", body, render(make_classified(body), "spotahome").payload)
    return make_publisher(portal, clock, make_vault(clock, **account)).send(call)


# --- the documented call ---------------------------------------------------------------------------------------------


def test_a_property_is_created_as_the_contract_shows_it() -> None:
    portal = Portal(CREATED)
    answer = create(portal)
    assert answer.remote_id == PROPERTY
    assert portal.sent() == WANTED
    assert str(portal.requests[0].url) == f"{CREATE}/public/listings/properties"


@pytest.mark.parametrize(
    "location", ["https://monolith.spotahome.com/listings/properties/p-1", "/listings/properties/p-1/"]
)
def test_the_location_may_be_absolute(location: str) -> None:
    assert create(Portal(httpx.Response(201, headers={"Location": location}))).remote_id == "p-1"


@pytest.mark.parametrize("headers", [{}, {"Location": "/listings/properties/"}, {"Location": "/somewhere"}])
def test_a_creation_without_its_id_is_looked_for(headers: dict[str, str]) -> None:
    with pytest.raises(PortalUnavailableError) as caught:
        create(Portal(httpx.Response(201, headers=headers)))
    assert caught.value.taken


def test_the_owner_is_whom_the_listing_names_else_the_account() -> None:
    portal = Portal(CREATED)
    create(portal, make_body(overrides={"ownerId": "somebody"}), owner_id=None)
    assert portal.sent()["ownerId"] == "somebody"
    with pytest.raises(CredentialsError) as caught:
        create(portal, owner_id=None)
    assert (caught.value.problem.code, caught.value.problem.field) == (
        "credentials_invalid",
        "/specific/spotahome/ownerId",
    )


# --- `type` ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("estate", "sub", "wanted"),
    [
        ("APARTMENT", {"apartment": "STUDIO"}, "studio"),
        ("APARTMENT", {"apartment": "FLATSHARING_ROOM"}, "roomShared"),
        ("APARTMENT", {"apartment": "PENTHOUSE"}, "apartment"),
        ("APARTMENT", {}, "apartment"),
        ("HOUSE", {"house": "RESIDENTIAL_COMPLEX"}, "residence"),
    ],
)
def test_the_type_follows_from_the_estate(estate: str, sub: dict[str, str], wanted: str) -> None:
    assert payload_of(make_body(estateType=estate, estateSubType=sub))["type"] == wanted


@pytest.mark.parametrize(
    ("estate", "sub"), [("HOUSE", {"house": "CHALET"}), ("HOUSE", {}), ("OFFICE", {}), ("PARKING", {})]
)
def test_another_estate_has_no_type(estate: str, sub: dict[str, str]) -> None:
    assert problems_of(make_body(estateType=estate, estateSubType=sub)) == [("unmapped_category", "/data/estateType")]


@pytest.mark.parametrize("kind", TYPES)
def test_the_override_of_the_type_wins(kind: str) -> None:
    assert payload_of(make_body(overrides={"type": kind}, estateType="OFFICE"))["type"] == kind


def test_an_override_outside_the_closed_list_is_refused() -> None:
    assert problems_of(make_body(overrides={"type": "castle"})) == [("invalid_field", "/specific/spotahome/type")]


# --- `location` ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("city_id", CITY_IDS)
def test_each_city_of_the_closed_list_is_taken(city_id: str) -> None:
    assert payload_of(make_body(place={"city": city_id.upper()}))["location"]["cityId"] == city_id


def test_the_list_has_the_twenty_cities_of_the_page() -> None:
    assert len(CITY_IDS) == 20


def test_another_city_fails_before_it_is_sent() -> None:
    assert problems_of(make_body(place={"city": "Málaga"})) == [("unsupported", "/data/location/city")]
    assert problems_of(make_body(overrides={"cityId": "malaga"})) == [("unsupported", "/specific/spotahome/cityId")]


def test_the_override_of_the_city_wins() -> None:
    location = payload_of(make_body(place={"city": "Sevilla"}, overrides={"cityId": "seville"}))["location"]
    assert (location["city"], location["cityId"]) == ("Sevilla", "seville")


@pytest.mark.parametrize(
    ("place", "field"),
    [
        ({"street": None}, "/data/location/street"),
        ({"city": ""}, "/data/location/city"),
        ({"postalcode": None}, "/data/location/postalcode"),
    ],
)
def test_what_location_requires_is_demanded(place: dict[str, Any], field: str) -> None:
    assert problems_of(make_body(place=place)) == [("missing_field", field)]


@pytest.mark.parametrize(
    "geometry", [None, {}, {"type": "Polygon", "coordinates": [[]]}, {"type": "Point", "coordinates": []}]
)
def test_coordinates_are_demanded(geometry: Any) -> None:
    assert problems_of(make_body(place={"geometry": geometry})) == [("missing_field", "/data/location/geometry")] * 2


@pytest.mark.parametrize(("longitude", "latitude"), [(-180.1, 0), (180.1, 0), (0, 90.1), (0, -90.1)])
def test_coordinates_have_limits(longitude: float, latitude: float) -> None:
    geometry = {"type": "Point", "coordinates": [longitude, latitude]}
    assert problems_of(make_body(place={"geometry": geometry})) == [("invalid_field", "/data/location/geometry")]


def test_geojson_has_the_longitude_first() -> None:
    location = payload_of(make_body())["location"]
    assert (location["latitude"], location["longitude"]) == (40.4221, -3.7062)


def test_a_street_without_a_number_is_the_whole_line() -> None:
    location = payload_of(make_body(place={"houseNumber": None, "unit": None}))["location"]
    assert location["addressLine1"] == "Calle de la Luna"
    assert "addressLine2" not in location


def test_the_seeds_spelling_of_the_postal_code_is_taken() -> None:
    assert payload_of(make_body(place={"postalcode": None, "postalCode": "28005"}))["location"]["postalCode"] == "28005"
    assert problems_of(make_body(place={"postalcode": None, "postalCode": ""})) == [
        ("missing_field", "/data/location/postalcode")
    ]


def test_the_override_of_the_location_wins_member_by_member() -> None:
    location = payload_of(
        make_body(overrides={"location": {"addressLine1": "Gran Vía, 1", "latitude": 40.5, "city": 7}})
    )
    assert location["location"] == {**WANTED["location"], "addressLine1": "Gran Vía, 1", "latitude": 40.5}


# --- what it is, and how many units ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["BUY", "COMPULSORY_AUCTION", "BUY_AUCTION"])
def test_only_what_is_to_let_is_taken(kind: str) -> None:
    body = make_body()
    body["data"]["distributionType"] = kind
    assert problems_of(body) == [("unsupported", "/data/distributionType")]


def test_units_are_one_and_one_unless_the_listing_says_more() -> None:
    body = make_body(overrides={"totalUnits": None, "rentableUnits": None})
    assert [payload_of(body)[name] for name in ("totalUnits", "rentableUnits")] == [1, 1]
    assert [payload_of(make_body())[name] for name in ("totalUnits", "rentableUnits")] == [3, 2]


@pytest.mark.parametrize(
    ("units", "field"),
    [
        ({"totalUnits": 0}, "totalUnits"),
        ({"rentableUnits": -1}, "rentableUnits"),
        ({"rentableUnits": 4}, "rentableUnits"),
    ],
)
def test_units_that_cannot_be_are_refused(units: dict[str, int], field: str) -> None:
    assert problems_of(make_body(overrides=units)) == [("invalid_field", f"/specific/spotahome/{field}")]


def test_texts_and_prices_make_no_other_property() -> None:
    """They live apart (the copy context), and no call to write them is documented: nothing of them is sent."""
    changed = make_body(texts={"headline": {"es": "Otro"}})
    assert (
        render(make_classified(changed), "spotahome").hashes == render(make_classified(make_body()), "spotahome").hashes
    )


# --- the look first --------------------------------------------------------------------------------------------------


def search(*answers: httpx.Response, body: Any = None) -> tuple[tuple[str, ...], Portal]:
    portal, clock = Portal(*answers), FakeClock()
    return make_publisher(portal, clock).search(make_classified(body or make_body()), "spotahome"), portal


def listed(*items: dict[str, Any]) -> httpx.Response:
    return page_of(*items, relation="sah:properties")


def shown(name: str, **changes: Any) -> dict[str, Any]:
    return {"id": name, **WANTED, **changes}


def test_the_address_is_asked_for_as_an_escaped_expression() -> None:
    found, portal = search(listed(), body=make_body(place={"street": "Calle (Vieja) 1.5*", "houseNumber": "14"}))
    query = dict(portal.requests[0].url.params)
    assert query == {"ownerId": OWNER, "address": r"Calle \(Vieja\) 1\.5\*, 14", "page": "1", "itemsPerPage": "100"}
    assert found == ()


@pytest.mark.parametrize("character", list("\\.^$*+?{}[]|()"))
def test_every_sign_of_an_expression_is_escaped(character: str) -> None:
    assert escape(f"a{character}b") == f"a\\{character}b"


def test_the_owners_property_at_the_address_is_found() -> None:
    assert search(listed(shown("p-1")), page_of(process("waitingContent", 1, "p-1")))[0] == ("p-1",)
    assert search(listed({"id": "p-1"}), page_of())[0] == ("p-1",), "members beside the id are assumed (sample)"


@pytest.mark.parametrize(
    "changes",
    [
        {"ownerId": "another"},
        {"type": "studio"},
        {"location": {**WANTED["location"], "addressLine2": "4.º A"}},
        {"location": {**WANTED["location"], "cityId": "seville"}},
        {"location": {**WANTED["location"], "addressLine1": WANTED["location"]["addressLine1"] + "8"}},
        {"location": {**WANTED["location"], "addressLine1": "Nueva " + WANTED["location"]["addressLine1"]}},
    ],
)
def test_what_is_shown_otherwise_is_another_home(changes: dict[str, Any]) -> None:
    assert search(listed(shown("p-1", **changes)))[0] == ()


def test_an_address_in_the_portals_own_writing_is_the_same() -> None:
    line = WANTED["location"]["addressLine1"].upper().replace(",", " ")
    item = shown("p-1", location={**WANTED["location"], "addressLine1": line})
    assert search(listed(item), page_of(process("waitingContent", 1, "p-1")))[0] == ("p-1",)


def test_a_property_whose_processes_were_cancelled_is_over() -> None:
    assert search(listed(shown("p-1")), page_of(process("cancelled", 1, "p-1")))[0] == ()
    rows = page_of(process("cancelled", 1, "p-1"), process("propertyVerified", 2, "p-1"))
    assert search(listed(shown("p-1")), rows)[0] == ("p-1",)


def test_the_named_account_is_used() -> None:
    body = make_body(overrides={"account": "nobody"})
    with pytest.raises(CredentialsError) as caught:
        search(listed(), body=body)
    assert (caught.value.problem.code, caught.value.problem.field) == ("not_connected", "/specific/spotahome/account")


def test_a_call_names_the_account_of_the_listing() -> None:
    clock = FakeClock()
    vault = make_vault(clock)
    known = vault.read(f"spotahome/accounts/{make_classified({}).customer}")
    assert known is not None
    vault.write(f"spotahome/accounts/{make_classified({}).customer}", {**known.value, "second": known.value["main"]}, 1)
    call = make_call(Operation.POST, "spotahome", make_body(), {})
    with pytest.raises(CredentialsError) as caught:
        make_publisher(Portal(CREATED), clock, vault).send(call)
    assert caught.value.problem.code == "account_ambiguous"
    named = replace(call, classified=make_classified(make_body(overrides={"account": "main"})))
    assert make_publisher(Portal(CREATED), clock, vault).send(named).remote_id == PROPERTY
