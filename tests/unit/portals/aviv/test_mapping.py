"""What AVIV is sent, and what its portals demand before."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placard.domain.ids import canonical_json
from placard.domain.policy import Rendering
from placard.portals.aviv.mapping import fingerprint, render
from tests.unit.portals.scene import list_contracts, make_classified, read_contract

SAMPLES = list_contracts("aviv", "classified_")


def render_body(body: dict[str, Any], *portals: str) -> Rendering:
    return render(make_classified(body, *portals), "aviv")


def changed(sample: str, pointer: str, *value: Any) -> dict[str, Any]:
    """Return a sample with another value at a pointer, or without it."""
    body = copy.deepcopy(read_contract(f"aviv/classified_{sample}.json"))
    *path, last = pointer.split("/")[1:]
    part = body
    for name in path:
        part = part.setdefault(name, {})
    if value:
        part[last] = value[0]
    else:
        del part[last]
    return body


def found(rendering: Rendering, portal: str) -> list[tuple[str, str | None]]:
    return [(problem.code, problem.field) for problem in rendering.problems.get(portal, ())]


@pytest.mark.parametrize("name", SAMPLES)
def test_a_valid_classified_passes_as_it_is(name: str) -> None:
    body = read_contract(f"aviv/{name}")
    rendering = render_body(body)
    assert rendering.problems == {}
    assert {"portals": body["portals"], **rendering.payload} == body


def test_nothing_of_another_channel_is_sent() -> None:
    body = read_contract("aviv/classified_sl_resale.json") | {
        "specific": {"gsl": {"mandateCoOwner1": "x"}, "olx": {"default": {}}, "spotahome": {}, "iwt": {}},
        "extra": 1,
    }
    body["data"]["ours"] = {"kept": True}
    payload = render_body(body).payload
    assert payload["specific"] == {"gsl": {"mandateCoOwner1": "x"}}
    assert payload["data"]["ours"] == {"kept": True}
    assert set(payload) == {"data", "media", "specific"}


def test_seed_003_may_spell_the_postal_code_its_own_way() -> None:
    body = changed("sl_resale", "/data/location", {"postalCode": "69003", "city": "Lyon", "country": "FRA"})
    rendering = render_body(body)
    assert rendering.problems == {}
    assert rendering.payload["data"]["location"] == {
        "postalcode": "69003",
        "city": "Lyon",
        "country": "FRA",
        "street": "",
        "houseNumber": "",
    }
    assert "postalCode" in body["data"]["location"], "the CRM's own body is not touched"


@pytest.mark.parametrize(
    ("sample", "portal", "pointer"),
    [
        ("sl_resale", "SL", "/data/estateSubType"),
        ("sl_resale", "SL", "/data/location/postalcode"),
        ("sl_resale", "SL", "/data/location/city"),
        ("sl_resale", "SL", "/data/location/country"),
        ("sl_resale", "SL", "/data/metaData/source/sourceSystem"),
        ("sl_resale", "SL", "/data/metaData/source/sourceSystemVersion"),
        ("sl_resale", "SL", "/data/metaData/source/offererMarketingKey"),
        ("sl_resale", "SL", "/data/prices/buy/price/amount"),
        ("sl_rental", "SL", "/data/prices/rent/baseRent/amount"),
        ("bd_luxury", "BD", "/data/texts/description/fr"),
        ("bd_luxury", "BD", "/media"),
        ("sln_new_homes", "SLN", "/data/management/projectStatus"),
        ("sln_new_homes", "SLN", "/data/prices/buy/minBuy/amount"),
        ("slc_construction", "SLC", "/data/prices/buy/plotPrice/amount"),
        ("slc_construction", "SLC", "/data/spaces/plotSpace"),
    ],
)
def test_a_member_the_portal_demands_is_missed(sample: str, portal: str, pointer: str) -> None:
    assert found(render_body(changed(sample, pointer)), portal) == [("missing_field", pointer)]


@pytest.mark.parametrize(
    ("sample", "portal", "pointer", "value", "code"),
    [
        ("sl_resale", "SL", "/data/distributionType", "BUY_AUCTION", "unsupported"),
        ("bd_luxury", "BD", "/data/texts/description/fr", "Trop court. " + " " * 200, "invalid_field"),
        ("bd_luxury", "BD", "/data/spaces/residential/livingSpace", 19.9, "invalid_field"),
        ("sln_new_homes", "SLN", "/data/spaces/spaceMin", 97, "invalid_field"),
        ("sln_new_homes", "SLN", "/data/estateType", "HOUSE", "unsupported"),
        ("slc_construction", "SLC", "/data/conditions/buildState", "WELL_KEPT", "invalid_field"),
        ("slc_construction", "SLC", "/data/prices/buy/price/amount", 5, "invalid_field"),
    ],
)
def test_a_value_the_portal_refuses_is_named(sample: str, portal: str, pointer: str, value: Any, code: str) -> None:
    assert (code, pointer) in found(render_body(changed(sample, pointer, value)), portal)


def test_luxury_has_a_least_price_except_for_castles() -> None:
    pointer = "/data/prices/buy/price/amount"
    cheap = changed("bd_luxury", pointer, 900_000)
    assert found(render_body(cheap), "BD") == []
    cheap["data"]["estateSubType"] = {"house": "VILLA"}
    assert found(render_body(cheap), "BD") == [("invalid_field", pointer)]
    assert found(render_body(cheap), "SL") == [], "one portal's rule never blocks another"


def test_offices_and_shops_are_trading_with_a_lease_right() -> None:
    shop = changed("sl_rental", "/data/estateType", "TRADING")
    shop["data"]["estateSubType"] = {"trading": "STORE"}
    pointer = "/data/prices/rent/countrySpecific/fr/leaseRight/amount"
    assert found(render_body(shop, "BUCOM"), "BUCOM") == [("missing_field", pointer)]
    shop["data"]["prices"]["rent"]["countrySpecific"] = {"fr": {"leaseRight": {"amount": 45_000}}}
    assert found(render_body(shop, "BUCOM"), "BUCOM") == []
    flat = read_contract("aviv/classified_sl_rental.json")
    assert found(render_body(flat, "BUCOM"), "BUCOM") == [("unsupported", "/data/estateType")]


def test_the_choice_of_portals_is_no_part_of_the_hash() -> None:
    body = read_contract("aviv/classified_bd_luxury.json")
    assert render_body(body, "SL").hashes == render_body(body, "SL", "BD").hashes
    assert render_body(body).hashes["SL"] != render_body(changed("bd_luxury", "/data/estateType", "PLOT")).hashes["SL"]


def test_what_aviv_shows_is_comparable_with_what_was_sent() -> None:
    """It adds members of its own: the id, and dates in the meta data."""
    shown = read_contract("aviv/classifieds_page.json")["items"][0]
    sent = {name: copy.deepcopy(value) for name, value in shown.items() if name != "classifiedId"}
    shown["data"]["metaData"] |= {"createDate": "2026-09-14T08:16:02Z", "portalWebKey": "x"}
    assert fingerprint(shown) == render_body(sent).hashes["SL"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
POINTERS = [
    "/data",
    "/media",
    "/specific",
    "/data/location",
    "/data/prices",
    "/data/prices/buy",
    "/data/spaces",
    "/data/estateType",
    "/data/estateSubType",
    "/data/texts",
    "/data/metaData",
    "/data/distributionType",
    "/data/buildingProperty",
    "/data/conditions",
    "/data/location/postalcode",
]


@given(st.sampled_from(SAMPLES), st.sampled_from(POINTERS), JSON)
def test_no_json_breaks_the_rendering(sample: str, pointer: str, value: Any) -> None:
    name = sample.removeprefix("classified_").removesuffix(".json")
    rendering = render_body(changed(name, pointer, value), "SL", "BUCOM", "BD", "SLC", "SLN")
    assert canonical_json(rendering.payload)
    assert set(rendering.hashes) == {"SL", "BUCOM", "BD", "SLC", "SLN"}


def test_a_deleted_classified_can_still_be_rendered() -> None:
    assert render_body({}, "SL").payload == {}
