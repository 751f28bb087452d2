"""What each portal demands: every row of contracts/aviv.md §3.5, and how a deployer changes it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from placard.domain.classified import Classified, Kind
from placard.domain.policy import Rendering
from placard.domain.problems import CATALOGUE
from placard.portals.aviv.mapping import name_key, render
from placard.portals.aviv.publisher import AvivPublisher
from placard.portals.aviv.rules import BUILT_IN, RulesError, read_rules
from sandbox.simulators.aviv_words import ESTATES
from tests.fakes import FakeClock
from tests.unit.portals.aviv.bodies import changed
from tests.unit.portals.aviv.stage import BASE, RECEIVER, TOKEN_URL, make_vault
from tests.unit.portals.scene import make_classified

Found = list[tuple[str, str | None]]
# Each type of §3.5 by a body that keeps its rules, and its portal. There is no sample for offices and shops.
RESALE, RENTAL, LUXURY = ("sl_resale", "SL"), ("sl_rental", "SL"), ("bd_luxury", "BD")
NEW_HOMES, CONSTRUCTION = ("sln_new_homes", "SLN"), ("slc_construction", "SLC")
LEASE_RIGHT = "/data/prices/rent/countrySpecific/fr/leaseRight/amount"
PRICE, RENT, HOUSE = "/data/prices/buy/price/amount", "/data/prices/rent/baseRent/amount", "/data/estateSubType/house"
DESCRIPTION, UNIT = "/data/texts/description/fr", "/data/buildingProperty/units"


def shop(sample: str = "sl_rental") -> dict[str, Any]:
    """Return a shop to let, or for sale."""
    body = changed(sample, "/data/estateType", "TRADING")
    body["data"]["estateSubType"] = {"trading": "STORE"}
    body["data"]["prices"].setdefault("rent", {})["countrySpecific"] = {"fr": {"leaseRight": {"amount": 45_000}}}
    return body


def render_body(body: dict[str, Any], *portals: str, rules: Any = None) -> Rendering:
    return render(make_classified(body, *portals), "aviv", read_rules(json.dumps(rules or {})))


def find(body: dict[str, Any], portal: str, rules: Any = None) -> Found:
    rendering = render_body(body, portal, rules=rules)
    return [(problem.code, problem.field) for problem in rendering.problems.get(portal, ())]


# --- common to all rows ----------------------------------------------------------------------------------------------

COMMON = [
    *("/data/estateType", "/data/estateSubType", "/data/distributionType"),
    *("/data/location/postalcode", "/data/location/city", "/data/location/country"),
    *(
        f"/data/metaData/source/{name}"
        for name in ("sourceSystem", "sourceSystemVersion", "offererMarketingKey", "offererEstateId")
    ),
]


@pytest.mark.parametrize("kind", [RESALE, RENTAL, LUXURY, NEW_HOMES, CONSTRUCTION], ids=lambda kind: f"3.5 {kind[0]}")
@pytest.mark.parametrize("pointer", COMMON)
def test_what_is_common_to_all_types_is_missed(kind: tuple[str, str], pointer: str) -> None:
    sample, portal = kind
    assert ("missing_field", pointer) in find(changed(sample, pointer), portal)


@pytest.mark.parametrize("pointer", COMMON)
def test_what_is_common_to_all_types_is_missed_in_shops_too(pointer: str) -> None:
    body = shop()
    *path, last = pointer.split("/")[1:]
    part = body
    for name in path:
        part = part[name]
    del part[last]
    assert ("missing_field", pointer) in find(body, "BUCOM")


@pytest.mark.parametrize("pointer", ["/data/location/street", "/data/location/houseNumber"])
def test_street_and_house_number_may_be_empty(pointer: str) -> None:
    rendering = render_body(changed("sl_resale", pointer), "SL")
    assert rendering.problems == {}
    assert rendering.payload["data"]["location"][pointer.rpartition("/")[2]] == ""


# --- what a row adds -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "pointer"),
    [
        pytest.param(RESALE, PRICE, id="3.5 resale: the price"),
        pytest.param(RENTAL, RENT, id="3.5 rental: the rent"),
        pytest.param(LUXURY, DESCRIPTION, id="3.5 luxury: a description"),
        pytest.param(LUXURY, "/media", id="3.5 luxury: a picture"),
        *(
            pytest.param(kind, pointer, id=f"3.5 {kind[0]}: {pointer}")
            for kind in (NEW_HOMES, CONSTRUCTION)
            for pointer in (*BUILT_IN["demanded"][kind[1]], "/media")
            if "*" not in pointer
        ),
        *(
            pytest.param(NEW_HOMES, pointer.replace("*", "1"), id=f"3.5 sln_new_homes: {pointer}")
            for pointer in BUILT_IN["demanded"]["SLN"]
            if "*" in pointer
        ),
    ],
)
def test_a_member_the_type_demands_is_missed(kind: tuple[str, str], pointer: str) -> None:
    sample, portal = kind
    assert find(changed(sample, pointer), portal) == [("missing_field", pointer)]


@pytest.mark.parametrize(
    ("kind", "pointer", "value", "code"),
    [
        pytest.param(RESALE, "/data/distributionType", "BUY_AUCTION", "unsupported", id="3.5 resale: BUY"),
        pytest.param(RENTAL, "/data/distributionType", "COMPULSORY_AUCTION", "unsupported", id="3.5 rental: RENT"),
        pytest.param(LUXURY, DESCRIPTION, "Court. " + " " * 200, "invalid_field", id="3.5 luxury: 160 characters"),
        *(
            pytest.param(
                LUXURY, f"/data/spaces/{name}", 19.9, "invalid_field", id=f"3.5 luxury: 20 square metres of {name}"
            )
            for name in ("overallSpace", "usableFloorSpace", "residential/livingSpace")
        ),
        pytest.param(NEW_HOMES, "/data/estateType", "HOUSE", "unsupported", id="3.5 new homes: PROJECT"),
        pytest.param(
            NEW_HOMES, "/data/spaces/spaceMin", 97, "invalid_field", id="3.5 new homes: spaceMin up to spaceMax"
        ),
        pytest.param(NEW_HOMES, UNIT, [], "missing_field", id="3.5 new homes: a unit"),
        pytest.param(CONSTRUCTION, "/data/estateType", "APARTMENT", "unsupported", id="3.5 construction: HOUSE"),
        pytest.param(
            *(CONSTRUCTION, "/data/conditions/buildState", "WELL_KEPT", "invalid_field"),
            id="3.5 construction: PROJECTED",
        ),
        pytest.param(CONSTRUCTION, PRICE, 5, "invalid_field", id="3.5 construction: the price is the sum"),
    ],
)
def test_a_value_the_type_refuses_is_named(kind: tuple[str, str], pointer: str, value: Any, code: str) -> None:
    sample, portal = kind
    assert (code, pointer) in find(changed(sample, pointer, value), portal)


@pytest.mark.parametrize("name", ["overallSpace", "usableFloorSpace", "residential/livingSpace"])
def test_a_surface_that_is_not_given_is_not_demanded_of_luxury(name: str) -> None:
    assert find(changed("bd_luxury", f"/data/spaces/{name}"), "BD") == []


@pytest.mark.parametrize(
    ("sample", "price"),
    [
        pytest.param("sl_rental", RENT, id="3.5 offices and shops: the lease right and the rent"),
        pytest.param("sl_resale", PRICE, id="3.5 offices and shops: the lease right and the price"),
    ],
)
def test_offices_and_shops_have_a_lease_right_and_a_price(sample: str, price: str) -> None:
    """The lease right is demanded of both."""
    assert find(shop(sample), "BUCOM") == []
    body = shop(sample)
    del body["data"]["prices"]["rent"]["countrySpecific"]
    assert find(body, "BUCOM") == [("missing_field", LEASE_RIGHT)]
    body = shop(sample)
    body["data"]["prices"] = {"rent": {"countrySpecific": {"fr": {"leaseRight": {"amount": 1}}}}}
    assert find(body, "BUCOM") == [("missing_field", price)]


@pytest.mark.parametrize("given", [45_000, {}, {"vatValue": 1}])
def test_a_lease_right_is_a_price(given: Any) -> None:
    """§3.5, BUCOM: a price object, its `.amount` required."""
    body = shop()
    body["data"]["prices"]["rent"]["countrySpecific"]["fr"]["leaseRight"] = given
    assert find(body, "BUCOM") == [("missing_field", LEASE_RIGHT)]


@pytest.mark.parametrize(
    "kind", [kind for kind in ESTATES if kind != "TRADING"], ids=lambda kind: f"3.5 offices and shops: no {kind}"
)
def test_offices_and_shops_are_trading_alone(kind: str) -> None:
    body = shop()
    body["data"]["estateType"] = kind
    assert find(body, "BUCOM") == [("unsupported", "/data/estateType")]


@pytest.mark.parametrize(
    "house", ["CASTLE", "MANOR_HOUSE", "MANSION"], ids=lambda house: f"3.5 luxury: {house} at any price"
)
def test_some_houses_are_luxury_at_any_price(house: str) -> None:
    body = changed("bd_luxury", PRICE, 1)
    body["data"]["estateSubType"] = {"house": house}
    assert find(body, "BD") == []


@pytest.mark.parametrize(
    ("pointer", "least", "kind"),
    [
        pytest.param(PRICE, 1_000_000, "BUY", id="3.5 luxury: the least price of a sale"),
        pytest.param(RENT, 3_000, "RENT", id="3.5 luxury: the least rent"),
    ],
)
def test_luxury_has_a_least_price(pointer: str, least: int, kind: str) -> None:
    for amount, found in ((least, []), (least - 1, [("invalid_field", pointer)])):
        body = changed("bd_luxury", HOUSE, "VILLA")
        place, part = ("buy", "price") if kind == "BUY" else ("rent", "baseRent")
        body["data"] |= {"distributionType": kind, "prices": {place: {part: {"amount": amount}}}}
        assert find(body, "BD") == found
        assert find(body, "SL") == [], "one portal's rule never blocks another"


def test_a_resellers_pack_needs_seloger() -> None:
    """§3.5: `offer` = `PC`."""
    body = changed("bd_luxury", "/data/countrySpecific", {"fr": {"commercial": {"offer": ["PC"]}}})
    assert render_body(body, "SL", "BD").problems == {}
    assert find(body, "BD") == [("invalid_field", "/data/countrySpecific/fr/commercial/offer")]


def test_a_resellers_pack_needs_seloger_still_listed() -> None:
    body = changed("bd_luxury", "/data/countrySpecific", {"fr": {"commercial": {"offer": ["PC"]}}})
    classified = Classified("c-1", "ag", "e", 2, Kind.PUT, 0, body, "", ("BD",), 2, ever=frozenset({"SL", "BD"}))
    assert "BD" in render(classified, "aviv").problems


@pytest.mark.parametrize("portal", ["SL", "BUCOM", "BD", "SLC", "SLN"])
def test_a_break_names_the_portal_the_pointer_and_who_mends_it(portal: str) -> None:
    problems = render_body({"data": {"location": {}}}, portal).problems[portal]
    for problem in problems:
        shown = problem.to_json()
        assert portal in shown["detail"]
        assert shown["field"].startswith("/data/") or shown["field"] == "/media"
        assert (shown["actor"], bool(shown["hint"])) == (CATALOGUE[problem.code].actor, True)


def test_a_postal_code_of_seed_003_is_named_in_its_spelling() -> None:
    body = changed("sl_resale", "/data/location", {"postalCode": " ", "city": "Lyon", "country": "FRA"})
    assert find(body, "SL") == [("missing_field", "/data/location/postalCode")]


# --- the subtype (§7, 9) ---------------------------------------------------------------------------------------------


def plain_flat() -> dict[str, Any]:
    return changed("sl_resale", "/data/estateSubType")


def test_a_plain_flat_lacks_its_subtype_unless_a_default_is_configured() -> None:
    assert find(plain_flat(), "SL") == [("missing_field", "/data/estateSubType")]
    rendering = render_body(plain_flat(), "SL", rules={"subTypes": {"APARTMENT": "MULTI_STOREY"}})
    given = {"apartment": "MULTI_STOREY"}
    assert rendering.problems == {}
    assert rendering.payload["data"]["estateSubType"] == given
    assert rendering.normalised == ({"field": "/data/estateSubType", "from": None, "to": given},)


def test_a_type_may_be_freed_of_its_subtype() -> None:
    rendering = render_body(plain_flat(), "SL", rules={"subTypes": {"APARTMENT": None}})
    assert (rendering.problems, rendering.normalised) == ({}, ())
    assert "estateSubType" not in rendering.payload["data"]


def test_a_subtype_of_the_crm_is_never_replaced() -> None:
    body = changed("sl_resale", "/data/estateSubType", {"apartment": "LOFT"})
    rendering = render_body(body, "SL", rules={"subTypes": {"APARTMENT": "MULTI_STOREY"}})
    assert rendering.payload["data"]["estateSubType"] == {"apartment": "LOFT"}


def test_the_vendor_has_no_subtypes_for_the_rest() -> None:
    body = plain_flat()
    body["data"]["estateType"] = "MISCELLANEOUS"
    assert find(body, "SL") == []


@pytest.mark.parametrize("kind", [kind for kind, (key, _) in ESTATES.items() if key])
def test_the_member_of_a_subtype_follows_from_the_type(kind: str) -> None:
    """§3.3."""
    assert name_key(kind) == ESTATES[kind][0]


# --- configuration ---------------------------------------------------------------------------------------------------


def test_without_a_setting_the_built_in_table_is_in_force() -> None:
    rules = read_rules("{}")
    assert rules.least_price == BUILT_IN["leastPrice"]
    assert rules.any_price == {"CASTLE", "MANOR_HOUSE", "MANSION"}
    assert (rules.least_surface, rules.least_description) == (20, 160)
    assert rules == read_rules()


@pytest.mark.parametrize(
    ("place", "found"),
    [("75008", [("invalid_field", PRICE)]), ("75016", []), ("64200", [])],
    ids=lambda value: f"3.5 luxury: the price by place, {value}" if isinstance(value, str) else "",
)
def test_the_longest_prefix_of_the_postal_code_decides(place: str, found: Found) -> None:
    rules = {"leastPrice": {"BUY": {"75": 9_000_000, "75016": 2_000_000}}}
    body = changed("bd_luxury", HOUSE, "VILLA")
    body["data"]["location"]["postalcode"] = place
    assert find(body, "BD", rules) == found


def test_a_setting_is_merged_and_the_rest_stays() -> None:
    rules = read_rules('{"leastPrice": {"RENT": {"": 2000}}, "anyPrice": ["CASTLE"], "demanded": {"SLN": []}}')
    assert rules.least_price == {"BUY": {"": 1_000_000}, "RENT": {"": 2000}}
    assert rules.any_price == {"CASTLE"}
    assert rules.demanded["SLN"] == ()
    assert rules.demanded["BUCOM"] == (LEASE_RIGHT,)
    assert BUILT_IN["leastPrice"]["RENT"] == {"": 3_000}, "the built-in table is not touched"


@pytest.mark.parametrize(
    ("rules", "body", "found"),
    [
        (
            {"leastSurface": 500},
            changed("bd_luxury", "/data/spaces", {"overallSpace": 418}),
            "/data/spaces/overallSpace",
        ),
        ({"leastDescription": 5000}, changed("bd_luxury", HOUSE, "VILLA"), DESCRIPTION),
        ({"forbidden": ["VILLA"]}, changed("bd_luxury", HOUSE, "VILLA"), "/data/estateSubType"),
        ({"forbidden": ["HOUSE"]}, changed("bd_luxury", HOUSE, "VILLA"), "/data/estateType"),
        ({"demanded": {"BD": ["/data/energy"]}}, changed("bd_luxury", HOUSE, "VILLA"), "/data/energy"),
    ],
    ids=["surface", "description", "forbidden subtype", "forbidden type", "demanded"],
)
def test_every_rule_can_be_set(rules: Any, body: dict[str, Any], found: str) -> None:
    assert find(body, "BD") == []
    assert [field for _, field in find(body, "BD", rules)] == [found]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is no JSON object"),
        ("[]", "is no JSON object"),
        ("{", "is no JSON object"),
        ('{"thresholds": 1}', "has no thresholds; its members are demanded, leastPrice"),
        ('{"leastPrice": 5}', "/leastPrice must be an object, not 5"),
        ('{"leastPrice": {"BUY": 5}}', "/leastPrice/BUY must be an object, not 5"),
        ('{"leastPrice": {"SALE": {"": 5}}}', "/leastPrice has no SALE; its members are BUY, RENT"),
        ('{"leastPrice": {"BUY": {"75": "1000"}}}', '/leastPrice/BUY/75 must be an amount, not "1000"'),
        ('{"leastPrice": {"BUY": {"75": -1}}}', "/leastPrice/BUY/75 must be an amount, not -1"),
        ('{"leastSurface": true}', "/leastSurface must be an amount, not true"),
        ('{"anyPrice": "CASTLE"}', '/anyPrice must be a list of words, not "CASTLE"'),
        ('{"forbidden": [1]}', "/forbidden must be a list of words, not [1]"),
        ('{"subTypes": {"APARTMENT": {"apartment": "LOFT"}}}', "/subTypes/APARTMENT must be a word or null"),
        ('{"demanded": {"SLN": ["data.x"]}}', "/demanded/SLN must be a list of JSON pointers"),
        ('{"demanded": {"OLX": []}}', "/demanded has no OLX; its members are SL, BUCOM, BD, SLC, SLN"),
    ],
)
def test_a_broken_setting_is_refused_in_one_sentence_that_names_it(text: str, said: str) -> None:
    with pytest.raises(RulesError) as caught:
        read_rules(text)
    assert str(caught.value).startswith("AVIV_RULES")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_broken_setting_stops_the_first_rendering() -> None:
    """Loudly: a listing published by a table nobody meant would be worse than one that waits."""
    clock = FakeClock()
    publisher = AvivPublisher(BASE, TOKEN_URL, RECEIVER, make_vault(clock), clock, rules="nonsense")
    with pytest.raises(RulesError, match="AVIV_RULES"):
        publisher.render(make_classified({}), "aviv")
