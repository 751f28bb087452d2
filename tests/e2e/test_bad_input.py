"""Nothing a caller sends makes a 5xx: each gets the contract's answer (hub.md section 2)."""

import json
from typing import Any
from uuid import uuid4

import pytest

from sandbox.crm import Crm
from sandbox.samples import PORTUGUESE_FLAT, load_sample, set_price
from tests.e2e.world import Json, Listing

GOOD = load_sample(PORTUGUESE_FLAT)
JSON_TYPE = {"Content-Type": "application/json"}


def change(pointer: str, value: Any) -> Json:
    """The good classified with one member replaced."""
    body: Json = json.loads(json.dumps(GOOD))
    *path, last = pointer.strip("/").split("/")
    parent = body
    for name in path:
        parent = parent[name]
    parent[last] = value
    return body


def send(crm: Crm, method: str, path: str, body: Any, **headers: str | None) -> Any:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return crm.send(method, path, content=content, headers={**JSON_TYPE, **headers})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[]",
        b"null",
        b'"text"',
        b"\xff\xfe",
        b"[" * 5_000,
        json.dumps(GOOD).replace("187500", "NaN").encode(),
        {},
        change("/portals", []),
        change("/portals", ["IMOVIRTUAL", "IMOVIRTUAL"]),
        change("/portals", ["NOWHERE"]),
        change("/portals", "SL"),
        change("/data", []),
        change("/data/location", None),
        change("/data/prices/buy/price/amount", -1),
        change("/data/prices/buy/price/amount", "cheap"),
        change("/data/metaData/source/offererEstateId", 7),
        change("/data/metaData/source/offererEstateId", ""),
    ],
)
def test_a_body_of_the_wrong_shape_is_a_400(crm: Crm, body: Any) -> None:
    answer = send(crm, "POST", "/classifieds", body)
    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert {"type", "title", "status", "detail", "instance"} <= answer.json().keys()


@pytest.mark.parametrize("agent", [None, "curl/8", "two/1 pairs/2", "a/1 b/2 c/3 d/4"])
def test_a_user_agent_without_three_pairs_is_a_400_about_the_header(crm: Crm, agent: str | None) -> None:
    answer = crm.send("GET", "/classifieds", headers={"User-Agent": agent})
    assert answer.status_code == 400
    assert answer.json()["errorSource"] == "header"


@pytest.mark.parametrize("path", ["/classifieds?limit=0", "/classifieds?limit=many", "/classifieds?nextToken=x"])
def test_a_wrong_parameter_is_a_400(crm: Crm, path: str) -> None:
    assert crm.send("GET", path).status_code == 400


@pytest.mark.parametrize("classified_id", [str(uuid4()), "7", "%00", "é", "x" * 900])
def test_an_unknown_classified_is_a_404(crm: Crm, classified_id: str) -> None:
    path = f"/classifieds/{classified_id}"
    answers = [
        crm.send("GET", path),
        crm.send("GET", f"{path}/statuses"),
        send(crm, "PUT", path, GOOD),
        crm.send("DELETE", path),
    ]
    assert [answer.status_code for answer in answers] == [404] * 4


def test_another_customers_classified_is_as_unknown_as_none(hub: Json, published: Listing) -> None:
    stranger = Crm(hub, customer="another-agency")
    path, unknown = f"/classifieds/{published.id}", f"/classifieds/{uuid4()}"
    for method in ("GET", "PUT", "DELETE"):
        theirs, nobodys = (send(stranger, method, one, published.body) for one in (path, unknown))
        assert theirs.status_code == nobodys.status_code == 404
        assert {**theirs.json(), "instance": ""} == {**nobodys.json(), "instance": ""}
    assert stranger.send("GET", "/classifieds").json()["items"] == []
    stranger.close()


@pytest.mark.parametrize("token", [None, "Bearer nonsense", "Basic dXNlcjpwYXNz"])
def test_without_a_valid_token_nothing_is_answered(crm: Crm, token: str | None) -> None:
    assert crm.send("GET", "/classifieds", headers={"Authorization": token}).status_code == 401


def test_a_token_to_read_may_not_write(crm: Crm) -> None:
    headers = {"Authorization": f"Bearer {crm.fetch_token(['placard/read'])}"}
    assert crm.send("GET", "/classifieds", headers=headers).status_code == 200
    assert crm.send("POST", "/classifieds", json=GOOD, headers=headers).status_code == 403


def test_an_outdated_revision_is_a_412(crm: Crm, published: Listing) -> None:
    answer = send(crm, "PUT", f"/classifieds/{published.id}", published.body, **{"If-Match": '"99"'})
    assert answer.status_code == 412


def test_a_body_over_256_kib_is_a_413(crm: Crm) -> None:
    assert send(crm, "POST", "/classifieds", {**GOOD, "extra": "x" * 256 * 1024}).status_code == 413


def test_an_idempotency_key_with_another_body_is_a_422(crm: Crm) -> None:
    body, key = load_sample(PORTUGUESE_FLAT, portals=["OTODOM"]), {"Idempotency-Key": str(uuid4())}
    first, again = (send(crm, "POST", "/classifieds", body, **key) for _ in range(2))
    assert first.status_code == again.status_code == 202
    assert first.json() == again.json()
    assert send(crm, "POST", "/classifieds", set_price(body, 1), **key).status_code == 422


def test_a_second_classified_under_the_same_key_is_refused_and_named(crm: Crm, published: Listing) -> None:
    answer = send(crm, "POST", "/classifieds", set_price(published.body, 1))
    assert answer.status_code == 400
    assert answer.json()["type"].endswith("Errors/Duplicated-Classifieds-Error")
    assert answer.json()["classifiedId"] == published.id


def test_an_unknown_route_is_a_404(crm: Crm) -> None:
    assert crm.send("GET", "/nowhere").status_code == 404
