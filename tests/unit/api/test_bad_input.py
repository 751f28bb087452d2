"""What is wrong with a request is its sender's fault: 4xx with the place named, never a 5xx (contracts/hub.md §2)."""

from __future__ import annotations

import base64
import json
import logging
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from placard.domain.errors import StoreUnavailableError
from tests.unit.api.crm import Crm, change, make_body, remove

BODY = make_body()
DEEP = 100_000
OLX = "/specific/olx/IMOVIRTUAL"

# Case → pointer, value put there, pointer at fault.
WRONG = {
    "data is a list": ("/data", [], "/data"),
    "data is null": ("/data", None, "/data"),
    "location is text": ("/data/location", "Lyon", "/data/location"),
    "prices is null": ("/data/prices", None, "/data/prices"),
    "metaData is a number": ("/data/metaData", 1, "/data/metaData"),
    "source is a list": ("/data/metaData/source", [], "/data/metaData/source"),
    "portals is text": ("/portals", "SL", "/portals"),
    "portals is null": ("/portals", None, "/portals"),
    "portals is an object": ("/portals", {"SL": True}, "/portals"),
    "no portal": ("/portals", [], "/portals"),
    "unknown portal": ("/portals", ["SL", "LEBONCOIN"], "/portals/1"),
    "portal in lower case": ("/portals", ["sl"], "/portals/0"),
    "portal is a number": ("/portals", [1], "/portals/0"),
    "portal is a list": ("/portals", [["SL"]], "/portals/0"),
    "portal is null": ("/portals", [None], "/portals/0"),
    "repeated portal": ("/portals", ["SL", "BD", "SL"], "/portals/2"),
    "unknown estate type": ("/data/estateType", "CASTLE", "/data/estateType"),
    "empty estate type": ("/data/estateType", "", "/data/estateType"),
    "estate type is a list": ("/data/estateType", ["HOUSE"], "/data/estateType"),
    "unknown distribution": ("/data/distributionType", "SELL", "/data/distributionType"),
    "estateSubType is text": ("/data/estateSubType", "LOFT", "/data/estateSubType"),
    "estateSubType of numbers": ("/data/estateSubType", {"apartment": 1}, "/data/estateSubType/apartment"),
    "empty key": ("/data/metaData/source/offererEstateId", "", "/data/metaData/source/offererEstateId"),
    "endless key": ("/data/metaData/source/offererEstateId", "x" * 513, "/data/metaData/source/offererEstateId"),
    "key is a number": ("/data/metaData/source/offererEstateId", 7, "/data/metaData/source/offererEstateId"),
    "key is null": ("/data/metaData/source/offererEstateId", None, "/data/metaData/source/offererEstateId"),
    "negative price": ("/data/prices/buy/price/amount", -1, "/data/prices/buy/price/amount"),
    "slightly negative price": ("/data/prices/buy/price/amount", -0.01, "/data/prices/buy/price/amount"),
    "negative rent": ("/data/prices/rent/baseRent/amount", -700, "/data/prices/rent/baseRent/amount"),
    "negative charges": ("/data/prices/rent/operatingCosts/amount", -1, "/data/prices/rent/operatingCosts/amount"),
    "negative lease right": (
        "/data/prices/rent/countrySpecific/fr/leaseRight/amount",
        -1,
        "/data/prices/rent/countrySpecific/fr/leaseRight/amount",
    ),
    "negative fee": ("/data/prices/brokerageFee/amount", -1, "/data/prices/brokerageFee/amount"),
    "price is text": ("/data/prices/buy/price/amount", "412000", "/data/prices/buy/price/amount"),
    "price is true": ("/data/prices/buy/price/amount", True, "/data/prices/buy/price/amount"),
    "price object is a number": ("/data/prices/buy/price", 412_000, "/data/prices/buy/price"),
    "buy is null": ("/data/prices/buy", None, "/data/prices/buy"),
    "currency is a number": ("/data/prices/currency", 978, "/data/prices/currency"),
    "postal code is a number": ("/data/location/postalcode", 69003, "/data/location/postalcode"),
    "floor is half": ("/data/location/floorNumber", 1.5, "/data/location/floorNumber"),
    "geometry is a list": ("/data/location/geometry", [4.8, 45.7], "/data/location/geometry"),
    "point of text": (
        "/data/location/geometry",
        {"type": "Point", "coordinates": ["4.8", "45.7"]},
        "/data/location/geometry",
    ),
    "point of nothing": ("/data/location/geometry", {"type": "Point", "coordinates": []}, "/data/location/geometry"),
    "space is text": ("/data/spaces/overallSpace", "84 m²", "/data/spaces/overallSpace"),
    "rooms are a list": ("/data/structure/rooms", [], "/data/structure/rooms"),
    "headline is text": ("/data/texts/headline", "Duplex", "/data/texts/headline"),
    "headline of numbers": ("/data/texts/headline", {"fr": 1}, "/data/texts/headline/fr"),
    "odd language": ("/data/texts/headline", {"f/r~": 1}, "/data/texts/headline/f~1r~0"),
    "media is an object": ("/media", {}, "/media"),
    "medium is text": ("/media", ["https://media.test/1.jpg"], "/media/0"),
    "url is a number": ("/media", [{"url": "https://media.test/1.jpg"}, {"url": 1}], "/media/1/url"),
    "tags are text": ("/media", [{"tags": "KITCHEN"}], "/media/0/tags"),
    "tag is null": ("/media", [{"tags": [None]}], "/media/0/tags/0"),
    "units are an object": ("/data/buildingProperty/units", {}, "/data/buildingProperty/units"),
    "specific is a list": ("/specific", [], "/specific"),
    "olx is text": ("/specific/olx", "x", "/specific/olx"),
    "olx site is a list": (OLX, [], OLX),
    "olx title is a number": (f"{OLX}/title", 1, f"{OLX}/title"),
    "olx price is text": (f"{OLX}/price", "1", f"{OLX}/price"),
    "olx price is negative": (f"{OLX}/price", -1, f"{OLX}/price"),
    "olx price value is negative": (f"{OLX}/price", {"value": -1, "currency": "EUR"}, f"{OLX}/price"),
    "olx attribute is text": (f"{OLX}/attributes", ["x"], f"{OLX}/attributes/0"),
    "olx attribute urn is null": (f"{OLX}/attributes", [{"urn": None, "value": "1"}], f"{OLX}/attributes/0/urn"),
    "olx contact is text": (f"{OLX}/contact", "x", f"{OLX}/contact"),
    "olx latitude is text": (f"{OLX}/location/lat", "x", f"{OLX}/location/lat"),
    "olx autoExtend is text": ("/specific/olx/default/autoExtend", "yes", "/specific/olx/default/autoExtend"),
    "spotahome units are text": ("/specific/spotahome/totalUnits", "1", "/specific/spotahome/totalUnits"),
}
REQUIRED = [
    "/portals",
    "/data/estateType",
    "/data/distributionType",
    "/data/location",
    "/data/prices",
    "/data/metaData/source/offererEstateId",
]


@pytest.mark.parametrize(("pointer", "value", "fault"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_value_is_named(pointer: str, value: Any, fault: str) -> None:
    answer = Crm().post(change(BODY, pointer, value))
    assert answer.status == 400
    assert answer.problem["type"].endswith("Errors/Validation-Error")
    assert answer.problem["errorSource"] == "body"
    assert answer.faults == {fault}


@pytest.mark.parametrize("pointer", REQUIRED)
def test_what_the_shape_requires_is_named_when_missing(pointer: str) -> None:
    assert Crm().post(remove(BODY, pointer)).faults == {pointer}


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(change(BODY, "/data/prices", {}), id="no price"),
        pytest.param(change(BODY, "/data/location", {}), id="no city"),
        pytest.param(remove(BODY, "/data/estateSubType"), id="no sub type"),
        pytest.param(remove(BODY, "/media"), id="no media"),
        pytest.param(change(BODY, "/media", [{}]), id="a medium without url"),
        pytest.param(remove(BODY, "/data/metaData/source/sourceSystem"), id="no source system"),
        pytest.param(change(BODY, "/data/prices/buy/price/amount", 0), id="price 0"),
        pytest.param(change(BODY, "/data/conditions/buildState", "LOVELY"), id="a portal's own enum"),
        pytest.param(change(BODY, f"{OLX}/price", 1000), id="olx price as a number"),
        pytest.param(change(BODY, f"{OLX}/price", {"value": 1000, "currency": "EUR"}), id="olx price with currency"),
        pytest.param(change(BODY, "/data/structure/rooms/numberOfBathRooms", 2.0), id="2.0 rooms"),
        pytest.param(
            change(BODY, "/data/location/geometry", {"type": "Polygon", "coordinates": [[[1, 2]]]}), id="area"
        ),
    ],
)
def test_what_only_a_portal_asks_for_is_not_refused(body: dict[str, Any]) -> None:
    assert Crm().post(body).status == 202


TEXT = json.dumps(BODY)
UNREADABLE = {
    "absent": "",
    "blank": "  \n",
    "no JSON": "portals=SL",
    "cut": TEXT[:-1],
    "two values": TEXT + TEXT,
    "byte order mark": "\ufeff" + TEXT,
    "NaN": TEXT.replace("412000", "NaN"),
    "Infinity": TEXT.replace("412000", "Infinity"),
    "minus Infinity": TEXT.replace("412000", "-Infinity"),
    "1e400": TEXT.replace("412000", "1e400"),
    "a float of 400 digits": TEXT.replace("412000", "1" * 400 + ".0"),
    "an integer of 400 digits": TEXT.replace("412000", "1" * 400),
    "an integer of 10000 digits": TEXT.replace("412000", "1" * 10_000),
    "deep lists": "[" * DEEP + "]" * DEEP,
    "deep objects": '{"a":' * 20_000 + "1" + "}" * 20_000,
    "deep in a member": TEXT[:-1] + ', "own": ' + "[" * 500 + "]" * 500 + "}",
    "a little too deep": TEXT[:-1] + ', "own": ' + "[" * 64 + "]" * 64 + "}",
    "half a surrogate": TEXT.replace("Lyon", "\\ud800"),
    "half a surrogate in a name": TEXT[:-1] + ', "\\udfff": 1}',
    "half a surrogate in the key": TEXT.replace("ag12-000331", "\\ud83d"),
    "half a surrogate, unescaped": TEXT.replace("Lyon", "\ud800"),
    "member twice": TEXT[:-1] + ', "portals": ["BD"]}',
}


@pytest.mark.parametrize("text", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_an_unreadable_body_is_refused(text: str) -> None:
    answer = Crm().post(text)
    assert answer.status == 400
    assert answer.problem["errorSource"] == "body"
    assert len(answer.problem["detail"]) < 200


@pytest.mark.parametrize("value", [[], "text", 1, 1.5, True, None, [BODY]], ids=repr)
def test_a_body_that_is_no_object_is_refused(value: Any) -> None:
    answer = Crm().post(json.dumps(value))
    assert (answer.status, answer.faults) == (400, {""})


def test_a_deep_but_sane_member_is_taken() -> None:
    own: Any = 1
    for _ in range(60):
        own = [own]
    assert Crm().post(BODY | {"own": own}).status == 202


def test_a_body_over_256_kib_is_too_large() -> None:
    own = "x" * (256 * 1024 - len(json.dumps(BODY | {"own": ""})))
    assert Crm().post(BODY | {"own": own}).status == 202
    assert Crm().post(BODY | {"own": own + "x"}).problem["title"] == "Content Too Large"


def encode(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        pytest.param(encode(TEXT.encode()), 202, id="JSON"),
        pytest.param(encode(json.dumps(BODY, ensure_ascii=False).encode("latin-1")), 400, id="latin-1"),
        pytest.param(encode(b"\xff\xfe"), 400, id="bytes"),
        pytest.param("***", 400, id="no base64"),
        pytest.param("é", 400, id="no ascii"),
        pytest.param("", 400, id="nothing"),
        pytest.param(encode(b" " * 300_000), 413, id="too large"),
    ],
)
def test_a_body_in_base64_is_read(raw: str, status: int) -> None:
    crm = Crm()
    event = crm.event("publish_classified/post.json", raw, {}) | {"isBase64Encoded": True}
    assert crm.send(event).status == status


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        (None, 202),
        ("", 202),
        ("application/json", 202),
        ("application/json; charset=utf-8", 202),
        ("Application/JSON;charset=UTF-8", 202),
        ("application/vnd.aviv+json", 202),
        ("text/plain", 400),
        ("application/xml", 400),
        ("application/x-www-form-urlencoded", 400),
        ("application/jsonp", 400),
        ("json", 400),
    ],
)
def test_only_json_is_taken(content_type: str | None, status: int) -> None:
    answer = Crm().post(BODY, content_type=content_type)
    assert answer.status == status
    assert status == 202 or answer.problem["errorSource"] == "contentType"


@pytest.mark.parametrize(
    "user_agent",
    [
        None,
        "",
        "curl/8.5.0",
        "a/1 b/2",
        "a/1  b/2 c/3",
        "a/1 b/2 c/3 d/4",
        "a/1 b/2 c/",
        "a/1/2 b/2 c/3",
        "a/1 b/2 c/3\n",
    ],
)
def test_three_pairs_must_name_the_caller(user_agent: str | None) -> None:
    answer = Crm().post(BODY, user_agent=user_agent)
    assert answer.status == 400
    assert answer.problem["errorSource"] == "header"
    assert answer.faults == {"User-Agent"}


@pytest.mark.parametrize("key", ["", "   ", "x" * 513, "a\x00b", "\ud800"], ids=ascii)
def test_an_unusable_idempotency_key_is_refused(key: str) -> None:
    answer = Crm().post(BODY, idempotency_key=key)
    assert (answer.status, answer.faults) == (400, {"Idempotency-Key"})


# Claims, Customer-Id → status, customer.
CALLERS = {
    "trusted client names a customer": ({"client_id": "crm-client"}, "agency-7", 202, "agency-7"),
    "trusted client acts as itself": ({"client_id": "crm-client"}, None, 202, "crm-client"),
    "trusted client names nobody": ({"client_id": "crm-client"}, "", 400, None),
    "trusted client names an endless name": ({"client_id": "crm-client"}, "x" * 513, 400, None),
    "trusted client names half a surrogate": ({"client_id": "crm-client"}, "\ud800", 400, None),
    "token of a customer": ({"client_id": "other", "customer_id": "agency-9"}, None, 202, "agency-9"),
    "token of a customer, named": ({"client_id": "other", "customer_id": "agency-9"}, "agency-9", 202, "agency-9"),
    "token of another customer": ({"client_id": "other", "customer_id": "agency-9"}, "agency-8", 403, None),
    "token names its client": ({"client_id": "other", "customer_id": "agency-9"}, "other", 403, None),
    "token without a customer": ({"client_id": "other"}, None, 202, "other"),
    "token without a customer names one": ({"client_id": "other"}, "agency-9", 403, None),
    "token without a client": ({"customer_id": "agency-9"}, None, 202, "agency-9"),
    "token of nobody": ({}, None, 401, None),
    "token of nobody names one": ({}, "agency-9", 401, None),
}


@pytest.mark.parametrize(("claims", "named", "status", "customer"), CALLERS.values(), ids=CALLERS.keys())
def test_whom_a_caller_acts_for(claims: dict[str, str], named: str | None, status: int, customer: str | None) -> None:
    crm = Crm(customer=named)
    event = crm.event("publish_classified/post.json", BODY, {})
    event["requestContext"]["authorizer"]["jwt"]["claims"] = claims
    answer = crm.send(event)
    assert answer.status == status
    if customer is not None:
        found, _ = crm.store.load(answer.json["classifiedId"])
        assert found.customer == customer


def test_a_foreign_customer_is_forbidden_on_reading_too() -> None:
    crm = Crm()
    for name in ("list", "get", "statuses"):
        event = crm.event(f"query_status/{name}.json", None, {})
        event["requestContext"]["authorizer"]["jwt"]["claims"] = {"client_id": "other"}
        assert crm.send(event).status == 403


PARAMETERS = {
    "limit=0": "limit",
    "limit=251": "limit",
    "limit=-1": "limit",
    "limit=1.5": "limit",
    "limit=ten": "limit",
    "limit=": "limit",
    "limit=1&limit=2": "limit",
    "limit=%D9%A1": "limit",
    "limit=" + "9" * 5000: "limit",
    "limit=%2B5": "limit",
    "limit=" + "0" * 5000 + "5": "limit",
    "nextToken=": "nextToken",
    "nextToken=x": "nextToken",
    "nextToken=%FF%FE": "nextToken",
    "nextToken=W10": "nextToken",
    "nextToken=" + base64.urlsafe_b64encode(b"[" * 3000).decode(): "nextToken",
    "nextToken=" + base64.urlsafe_b64encode(b'["statuses/x",null,1,"x"]').decode(): "nextToken",
}
STATUS_PARAMETERS = {
    "filter=newest": "filter",
    "filter=": "filter",
    "filter=latest&filter=latest": "filter",
    "status=DONE": "status",
    "status=created": "status",
    "status=CREATED&status=": "status",
    "portal=XX": "portal",
    "portal=sl": "portal",
}


@pytest.mark.parametrize(("query", "fault"), PARAMETERS.items(), ids=lambda value: value[:40])
def test_a_malformed_parameter_of_the_list_is_named(query: str, fault: str) -> None:
    answer = Crm().list(query)
    assert (answer.status, answer.problem["errorSource"], answer.faults) == (400, "requestParameter", {fault})


@pytest.mark.parametrize(("query", "fault"), (PARAMETERS | STATUS_PARAMETERS).items(), ids=lambda value: value[:40])
def test_a_malformed_parameter_of_the_timeline_is_named(query: str, fault: str) -> None:
    crm = Crm()
    answer = crm.statuses(crm.post(BODY).json["classifiedId"], query)
    assert (answer.status, answer.problem["errorSource"], answer.faults) == (400, "requestParameter", {fault})


@pytest.mark.parametrize("query", ["offererEstateId=", "offererEstateId=a&offererEstateId=b"])
def test_a_key_is_looked_for_once(query: str) -> None:
    assert Crm().list(query).faults == {"offererEstateId"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(), max_size=8), inner, max_size=4)
    ),
    max_leaves=20,
)
POINTERS = st.sampled_from([pointer for pointer, _, _ in WRONG.values()])


@given(JSON)
@settings(max_examples=200, deadline=None)
def test_no_json_value_breaks_the_api(value: Any) -> None:
    assert Crm().post(json.dumps(value)).status in {202, 400}


@given(POINTERS, JSON)
@settings(max_examples=300, deadline=None)
def test_no_json_value_in_any_named_member_breaks_the_api(pointer: str, value: Any) -> None:
    crm = Crm()
    answer = crm.post(json.dumps(change(BODY, pointer, value)))
    assert answer.status in {202, 400}
    if answer.status == 202:
        assert crm.get(answer.json["classifiedId"]).status == 200
        assert crm.statuses(answer.json["classifiedId"]).status == 200


@given(st.text(max_size=200))
@settings(max_examples=200, deadline=None)
def test_no_text_breaks_the_api(text: str) -> None:
    assert Crm().post(text).status == 400


@given(st.text(max_size=60), st.text(max_size=60))
@settings(max_examples=200, deadline=None)
def test_no_header_or_query_breaks_the_api(header: str, query: str) -> None:
    crm = Crm(customer="agency-0042")
    classified_id = crm.post(BODY).json["classifiedId"]
    odd = {"idempotency_key": header, "if_match": header, "traceparent": header, "content_type": header}
    assert crm.put(classified_id, BODY, **odd).status in {202, 400, 412}
    assert crm.statuses(classified_id, query).status in {200, 400}
    assert crm.list("nextToken=" + query).status in {200, 400}


class _DownStore:
    def __getattr__(self, name: str) -> Any:
        def fail(*_: object, **__: object) -> None:
            raise StoreUnavailableError("table placard-main: connection refused")

        return fail


class _BrokenStore:
    def __getattr__(self, name: str) -> Any:
        def fail(*_: object, **__: object) -> None:
            raise LookupError("secret of the inside")

        return fail


def test_storage_that_is_down_asks_to_come_back() -> None:
    crm = Crm(store=_DownStore())
    for answer in (crm.post(BODY), crm.list()):
        assert answer.status == 503
        assert int(answer.headers["retry-after"]) > 0
        assert "table" not in str(answer.problem)


def test_what_nobody_foresaw_is_a_problem_without_its_inside() -> None:
    crm = Crm(store=_BrokenStore())
    answer = crm.post(BODY)
    assert answer.status == 500
    assert "secret" not in str(answer.problem)


def test_an_unknown_route_is_not_found() -> None:
    crm = Crm()
    event = crm.event("publish_classified/post.json", BODY, {}) | {"routeKey": "POST /elsewhere"}
    assert crm.send(event).status == 404


def test_a_refusal_is_logged_with_what_its_caller_was_told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "placard")
    crm = Crm()
    assert crm.post(BODY).status == 202
    assert caplog.records == []
    refused = crm.post([])
    (record,) = caplog.records
    assert (vars(record)["instance"], vars(record)["status"]) == (refused.problem["instance"], 400)
