"""From a classified to an OLX advert: what is sent, what is changed to fit, what cannot be sent."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placard.domain.hashes import canonical_json
from placard.domain.policy import Rendering
from placard.portals.olx import sites
from placard.portals.olx.mapping import render
from placard.portals.olx.sites import PORTAL_OF, point
from tests.unit.portals.contract import could_exist
from tests.unit.portals.olx.stage import make_body
from tests.unit.portals.scene import make_classified, read_contract

CONTACT = {"name": "Marta Exemplo", "email": "marta@agency.example.com", "phone": "912000111"}


def render_for(channel: str, body: dict[str, Any]) -> Rendering:
    return render(make_classified(body, PORTAL_OF[channel]), channel)


def with_overrides(site: str = "IMOVIRTUAL", **members: Any) -> dict[str, Any]:
    return {**make_body(site), "specific": {"olx": {site: members}}}


def codes(rendering: Rendering) -> list[tuple[str, str | None]]:
    return [(problem.code, problem.field) for problems in rendering.problems.values() for problem in problems]


def test_a_classified_becomes_the_sites_own_advert() -> None:
    rendering = render_for("imovirtual", make_body())

    assert rendering.problems == {}
    assert rendering.normalised == ()
    assert rendering.key == "c-1-sale|urn:concept:apartments-for-sale"
    assert rendering.payload["site_urn"] == "urn:site:imovirtualcom"
    assert rendering.payload["title"] == "Apartamento T2 em Braga"
    assert rendering.payload["price"] == {"value": 187500, "currency": "EUR"}
    assert rendering.payload["location"] == {"lat": 41.5454, "lon": -8.4265}
    assert rendering.payload["images"] == [{"url": "https://img.example.com/l/10021/1.jpg"}]
    assert rendering.payload["custom_fields"] == {"id": "c-1-sale", "reference_id": "e-1"}


@pytest.mark.parametrize(
    ("sample", "channel"),
    [
        ("request_advert_post.json", "imovirtual"),
        ("request_advert_put.json", "imovirtual"),
        ("request_advert_post_otodom.json", "otodom"),
    ],
)
def test_the_contracts_adverts_can_be_written_as_a_classified(sample: str, channel: str) -> None:
    """Everything the samples hold has a place in the classified or its overrides."""
    wanted = read_contract(f"olx/{sample}")["body"]
    site, language = PORTAL_OF[channel], "pt" if channel == "imovirtual" else "pl"
    place = dict(wanted["location"])
    own = place.pop("custom_fields", {})
    body = make_body(site)
    body["data"]["texts"] = {"headline": {language: wanted["title"]}, "description": {language: wanted["description"]}}
    body["data"]["prices"] = {"currency": wanted["price"]["currency"]}
    rent = wanted["custom_fields"]["id"].endswith("-rent")
    amount = {"amount": wanted["price"]["value"]}
    body["data"]["prices"] |= {"rent": {"baseRent": amount}} if rent else {"buy": {"price": amount}}
    body["data"]["distributionType"] = "RENT" if rent else "BUY"
    body["media"] = [{"url": image["url"], "mediaType": "PICTURE"} for image in wanted["images"]]
    if "movie_url" in wanted:
        body["media"].append({"url": wanted["movie_url"], "mediaType": "VIDEO"})
    overrides = {
        "contact": wanted["contact"],
        "location": place | {"cityId": own.get("city_id"), "streetName": own.get("street_name")},
        "attributes": [item for item in wanted["attributes"] if item["urn"] == "urn:concept:extras"],
        "depositPrice": wanted.get("deposit_price"),
    }
    body["specific"] = {"olx": {site: overrides}}

    rendering = render_for(channel, body)

    wanted["custom_fields"] = {"id": f"c-1-{'rent' if rent else 'sale'}", "reference_id": "e-1"}
    assert rendering.problems == {}
    assert rendering.payload == wanted


def test_a_letting_is_another_advert_than_a_sale() -> None:
    prices = {"currency": "EUR", "rent": {"baseRent": {"amount": 900}}}
    rendering = render_for("imovirtual", make_body(distributionType="RENT", prices=prices))
    assert rendering.key == "c-1-rent|urn:concept:apartments-for-rent"
    assert rendering.payload["price"]["value"] == 900


@pytest.mark.parametrize("hidden", [{"showPrice": False}, {"buy": {"price": {"priceInformation": "PRICE_ON_DEMAND"}}}])
def test_a_hidden_price_is_sent_as_zero(hidden: dict[str, Any]) -> None:
    prices = {"currency": "EUR", "buy": {"price": {"amount": 187500}}} | hidden
    assert render_for("imovirtual", make_body(prices=prices)).payload["price"]["value"] == 0


def test_imovirtual_takes_a_postal_code_for_coordinates_and_the_others_do_not() -> None:
    body = make_body(location={"postalcode": "4700-001"})
    assert render_for("imovirtual", body).payload["location"] == {"postal_code": "4700-001"}
    assert ("missing_field", "/data/location/geometry/coordinates") in codes(render_for("otodom", body))


@pytest.mark.parametrize(
    ("change", "code", "pointer"),
    [
        ({"data": {"texts": {}}}, "missing_field", "/data/texts/headline"),
        ({"data": {"prices": {}}}, "missing_field", "/data/prices/buy/price/amount"),
        ({"data": {"estateType": "HOUSE"}}, "unmapped_category", "/data/estateType"),
        ({"data": {"distributionType": "BUY_AUCTION"}}, "unmapped_category", "/data/estateType"),
        ({"media": []}, "missing_field", "/media"),
        (
            {"data": {"prices": {"currency": "PLN", "buy": {"price": {"amount": 1}}}}},
            "invalid_field",
            "/data/prices/currency",
        ),
    ],
)
def test_what_is_missing_is_named_where_the_crm_writes_it(change: dict[str, Any], code: str, pointer: str) -> None:
    body = make_body()
    body = {**body, **change, "data": {**body["data"], **change.get("data", {})}}
    assert (code, pointer) in codes(render_for("imovirtual", body))


@pytest.mark.parametrize(
    ("member", "text", "pointer"),
    [
        ("headline", "T2", "/data/texts/headline/pt"),
        ("description", "Muito curto.", "/data/texts/description/pt"),
        ("description", "x" * 70_000, "/data/texts/description/pt"),
        (
            "description",
            "Escreva para marta@agency.example.com e marque já a sua visita ao apartamento.",
            "/data/texts/description/pt",
        ),
        (
            "description",
            "Mais fotografias em www.agency.example.com, onde encontra todos os imóveis.",
            "/data/texts/description/pt",
        ),
        (
            "description",
            "Ligue já para +351 912 000 111 e marque a sua visita a este apartamento.",
            "/data/texts/description/pt",
        ),
    ],
)
def test_a_text_only_its_author_can_mend_is_refused(member: str, text: str, pointer: str) -> None:
    body = make_body()
    body["data"]["texts"] = body["data"]["texts"] | {member: {"pt": text}}
    assert ("invalid_field", pointer) in codes(render_for("imovirtual", body))


def test_what_was_changed_to_fit_is_shown() -> None:
    body = make_body(prices={"buy": {"price": {"amount": 187500.5}}})
    body["data"]["texts"]["headline"] = {"pt": "APARTAMENTO T2!!! 🏡 com vista para o rio e uma varanda muito espaçosa"}

    rendering = render_for("imovirtual", body)

    assert rendering.payload["title"] == "Apartamento T2! com vista para o rio e uma varanda"
    assert len(rendering.payload["title"]) <= 50
    assert {change["field"]: change["to"] for change in rendering.normalised} == {
        "/data/texts/headline/pt": rendering.payload["title"],
        "/data/prices/buy/price/amount": 187501,
    }


@pytest.mark.parametrize(
    ("texts", "title"),
    [
        ({"pt": "Apartamento em Braga", "en": "Flat in Braga"}, "Apartamento em Braga"),
        ({"fr": "Appartement à Braga", "en": "Flat in Braga"}, "Flat in Braga"),
        ({"fr": "Appartement à Braga"}, "Appartement à Braga"),
    ],
)
def test_the_sites_language_comes_first_then_english_then_the_only_one(texts: dict[str, str], title: str) -> None:
    body = make_body()
    body["data"]["texts"]["headline"] = texts
    assert render_for("imovirtual", body).payload["title"] == title


def test_the_sites_overrides_win_over_the_default_member_by_member() -> None:
    overrides = {
        "default": {"title": "Um título para todos", "market": "primary", "location": {"exact": True}},
        "IMOVIRTUAL": {"title": "Um título só para este", "location": {"lat": 1.5, "lon": 2.5}},
    }
    payload = render_for("imovirtual", {**make_body(), "specific": {"olx": overrides}}).payload
    assert payload["title"] == "Um título só para este"
    assert payload["market"] == "primary"
    assert payload["location"] == {"lat": 1.5, "lon": 2.5, "exact": True}


def test_attributes_merge_by_urn() -> None:
    rooms, extras = "urn:concept:number-of-rooms", "urn:concept:extras"
    overrides = {
        "default": {"attributes": [{"urn": rooms, "value": "urn:concept:9"}, {"urn": extras, "value": "default"}]},
        "IMOVIRTUAL": {"attributes": [{"urn": extras, "value": "one"}, {"urn": extras, "value": "two"}]},
    }
    payload = render_for("imovirtual", {**make_body(), "specific": {"olx": overrides}}).payload
    values = [(item["urn"], item["value"]) for item in payload["attributes"]]
    assert (rooms, "urn:concept:9") in values
    assert [value for urn, value in values if urn == extras] == ["one", "two"]
    assert len([urn for urn, _ in values if urn == rooms]) == 1, "the same attribute twice is a 400"


def test_storia_demands_rooms_area_and_market_of_apartments_for_sale() -> None:
    body = make_body("STORIA", structure={}, spaces={})
    assert codes(render_for("storia", body)) == [
        ("missing_field", "/data/structure/rooms/numberOfRooms"),
        ("missing_field", "/data/spaces/residential/livingSpace"),
    ]


def test_olx_romania_lives_of_overrides_and_demands_a_contact() -> None:
    body = make_body("OLXRO")
    assert {code for code, _ in codes(render_for("olxro", body))} >= {"unmapped_category", "missing_field"}

    text = {"title": "Apartament de vânzare", "description": "Descriere destul de lungă. " * 4}
    given_all = {**body, "specific": {"olx": {"OLXRO": {"categoryUrn": "urn:concept:x", "contact": CONTACT, **text}}}}
    rendering = render_for("olxro", given_all)
    assert rendering.problems == {}
    assert "attributes" not in rendering.payload


@pytest.mark.parametrize(("contact", "field"), [({"name": "Marta"}, "email"), ({**CONTACT, "phone": "123"}, "phone")])
def test_a_contact_that_the_site_refuses_is_a_problem(contact: dict[str, str], field: str) -> None:
    found = codes(render_for("imovirtual", with_overrides(contact=contact)))
    assert [pointer for _, pointer in found] == [f"/specific/olx/IMOVIRTUAL/contact/{field}"]


def test_another_category_is_another_advert() -> None:
    changed = render_for("imovirtual", with_overrides(categoryUrn="urn:concept:houses-for-sale"))
    assert changed.key != render_for("imovirtual", make_body()).key


def test_equal_payloads_have_equal_hashes_and_others_do_not() -> None:
    first, again = (render_for("imovirtual", make_body()).hashes for _ in range(2))
    dearer = render_for("imovirtual", make_body(prices={"currency": "EUR", "buy": {"price": {"amount": 1}}})).hashes
    assert first == again
    assert first["IMOVIRTUAL"] != dearer["IMOVIRTUAL"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
POINTERS = (
    "data", "data/texts", "data/texts/headline", "data/prices", "data/prices/buy", "data/prices/buy/price",
    "data/prices/buy/price/amount", "data/location/geometry/coordinates", "data/structure/rooms", "media", "specific",
    "specific/olx", "specific/olx/default", "specific/olx/OTODOM", "data/spaces", "data/estateType", "data/conditions",
)  # fmt: skip
OVERRIDES = ("account", "categoryUrn", "title", "price", "rentPrice", "attributes", "contact", "location", "autoExtend")


def put(body: dict[str, Any], pointer: str, value: Any) -> None:
    *path, last = pointer.split("/")
    for name in path:
        body = body.setdefault(name, {}) if isinstance(body.get(name, {}), dict) else {}
    body[last] = value


@given(
    st.lists(st.tuples(st.sampled_from(POINTERS), JSON), max_size=3),
    st.dictionaries(st.sampled_from(OVERRIDES), JSON),
    st.sampled_from(sorted(PORTAL_OF)),
)
def test_no_json_breaks_the_rendering(changes: list[tuple[str, Any]], overrides: dict[str, Any], channel: str) -> None:
    body = with_overrides(PORTAL_OF[channel], **overrides)
    for pointer, value in changes:
        put(body, pointer, value)
    rendering = render_for(channel, body)
    assert canonical_json(rendering.payload)
    assert set(rendering.hashes) == {PORTAL_OF[channel]}


def test_a_deleted_classified_can_still_be_rendered() -> None:
    assert render_for("imovirtual", {}).hashes


@pytest.mark.parametrize("name", [*sites.POINTERS, *sites.OVERRIDES, "images[0].url", "contact.phone"])
def test_every_field_the_portal_names_is_shown_where_the_crm_writes_it(name: str) -> None:
    pointer = point(name, "STORIA")
    assert pointer is not None
    assert could_exist(pointer)
