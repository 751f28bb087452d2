"""What AVIV is sent."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placard.domain.hashes import canonical_json
from placard.domain.policy import Rendering
from placard.portals.aviv.mapping import fingerprint, render
from tests.unit.portals.aviv.bodies import changed
from tests.unit.portals.scene import list_contracts, make_classified, read_contract

SAMPLES = list_contracts("aviv", "classified_")


def render_body(body: dict[str, Any], *portals: str) -> Rendering:
    return render(make_classified(body, *portals), "aviv")


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


# --- media (§3.4) ----------------------------------------------------------------------------------------------------

URL = "https://media.hub-example.test/1.jpg?timestamp=2026-09-14T08:15:00"


def with_media(*urls: str) -> Rendering:
    return render_body(changed("sl_resale", "/media", [{"url": url, "mediaType": "PICTURE"} for url in urls]), "SL")


def test_media_keep_their_order_and_their_urls() -> None:
    """§3.4, order: that of the list is the one displayed. §7, 12: a URL stays while its bytes do."""
    urls = ["https://m.test/b.jpg?x=%20+&timestamp=2", "https://m.test/a.jpg", "HTTPS://M.test/c.jpg"]
    sent = with_media(*urls)
    assert [item["url"] for item in sent.payload["media"]] == urls
    assert sent.hashes != with_media(*reversed(urls)).hashes
    assert sent.hashes == with_media(*urls).hashes


def test_a_changed_picture_is_another_classified_by_its_timestamp() -> None:
    """§3.4, timestamp."""
    assert with_media(URL).hashes != with_media(URL.replace("08:15", "09:15")).hashes


def test_a_url_is_sent_once_in_a_listing() -> None:
    """§3.4, uniqueness: AVIV refuses the whole classified; the same picture twice shows nothing more."""
    rendering = with_media(URL, "https://m.test/2.jpg", URL, URL)
    assert [item["url"] for item in rendering.payload["media"]] == [URL, "https://m.test/2.jpg"]
    assert rendering.normalised == tuple({"field": f"/media/{n}", "from": URL, "to": None} for n in (2, 3))


def test_without_media_none_are_sent() -> None:
    """§3.4, omitting `media`: a full replacement."""
    assert with_media().payload["media"] == []
    assert "media" not in render_body(changed("sl_resale", "/media")).payload


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
