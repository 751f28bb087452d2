"""AVIV: what its calls answer."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.integration.simulators.callers import (
    AGENT,
    PLAIN,
    RESALE,
    Aviv,
    Receiver,
    await_value,
    read_contract,
    resale,
)

CLASSIFIEDS = ["sl_resale", "sl_rental", "bd_luxury", "sln_new_homes", "slc_construction"]


def check_problem(answer: httpx.Response, name: str) -> None:
    """The answer is the contract's problem but for its texts and ids."""
    expected = read_contract(f"aviv/error_{name}.json")
    body = answer.json()
    assert answer.status_code == expected["status"]
    assert set(body) == set(expected)
    assert [body[member] for member in ("type", "title")] == [expected[member] for member in ("type", "title")]


def test_token_has_the_contracts_members_and_is_counted_per_intermediary(aviv_url: str) -> None:
    first, other = Aviv(aviv_url), Aviv(aviv_url, "RC-000777")
    Aviv(aviv_url)
    assert set(first.token) == set(read_contract("aviv/token_response.json"))
    assert first.token["access_token"].count(".") == 2
    assert other.sim.get("/tokens").json() == {"RC-000123": 2, "RC-000777": 1}


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"client_secret": ""}, 400),
        ({"intermediary_id": None}, 400),
        ({"grant_type": "password"}, 400),
        ({"client_id": "someone"}, 401),
        ({"audience": "https://elsewhere.example"}, 403),
    ],
)
def test_token_request_is_checked(aviv_url: str, change: dict[str, Any], status: int) -> None:
    answer = httpx.post(f"{aviv_url}/oauth/token", json={**read_contract("aviv/token_request.json"), **change}, **PLAIN)
    assert (answer.status_code, "access_token" in answer.json()) == (status, False)


def test_call_without_agent_loses_its_connection(aviv_api: Aviv) -> None:
    del aviv_api.http.headers["user-agent"]
    with pytest.raises(httpx.TransportError):
        aviv_api.http.get("/classifieds")


@pytest.mark.parametrize("agent", ["python-httpx/0.28.1", "A/1 B/2", "A/1  B/2 C/3", "A/1 B/2 C/3/4"])
def test_malformed_agent_meets_the_firewalls_page(aviv_api: Aviv, agent: str) -> None:
    answer = aviv_api.http.get("/classifieds", headers={"user-agent": agent})
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (403, "text/html")


def test_wrong_token_is_unauthorized(aviv_api: Aviv) -> None:
    answer = aviv_api.http.get("/classifieds", headers={"authorization": "Bearer wrong"})
    check_problem(answer, "401")
    assert answer.headers["content-type"] == "application/json"


def test_expired_token_is_unauthorized(aviv_api: Aviv) -> None:
    aviv_api.sim.post("/tokens/expire")
    assert aviv_api.http.get("/classifieds").status_code == 401


@pytest.mark.parametrize("name", CLASSIFIEDS)
def test_contracts_classified_is_accepted(aviv_api: Aviv, name: str) -> None:
    answer = aviv_api.http.post("/classifieds", json=read_contract(f"aviv/classified_{name}.json"))
    assert answer.status_code == 202
    ack = answer.json()
    assert set(ack) == set(read_contract("aviv/response_202.json"))
    assert ack["links"] == [{"statuses": f"/classifieds/{ack['classifiedId']}/statuses"}]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        (lambda body: body.pop("portals"), "/portals"),
        (lambda body: body.update(portals=[]), "/portals"),
        (lambda body: body.update(portals=["SL", "IMOVIRTUAL"]), "/portals"),
        (lambda body: body.update(portals=["SL", "SL"]), "/portals"),
        (lambda body: body.pop("data"), "/data"),
        (lambda body: body["data"].pop("estateType"), "/data/estateType"),
        (lambda body: body["data"].pop("prices"), "/data/prices"),
        (lambda body: body["data"].update(estateType="CASTLE"), "/data/estateType"),
        (lambda body: body["data"].update(estateSubType={"house": "VILLA"}), "/data/estateSubType"),
        (lambda body: body["data"].update(estateSubType={"apartment": "VILLA"}), "/data/estateSubType/apartment"),
        (lambda body: body["data"].update(distributionType="SWAP"), "/data/distributionType"),
        (lambda body: body["data"]["location"].pop("street"), "/data/location/street"),
        (lambda body: body["data"]["location"].update(city=5), "/data/location/city"),
        (lambda body: body["data"]["location"].update(postalcode="1" * 33), "/data/location/postalcode"),
        (lambda body: body["data"]["metaData"]["source"].pop("sourceSystem"), "/data/metaData/source/sourceSystem"),
        (lambda body: body["data"]["prices"]["buy"]["price"].update(amount=-1), "/data/prices/buy/price/amount"),
        (lambda body: body["data"]["prices"]["buy"]["price"].update(amount="1"), "/data/prices/buy/price/amount"),
        (lambda body: body.update(specific={"olx": {}}), "/specific"),
        (lambda body: body["media"][0].update(displayOrder=1), "/media/0"),
        (lambda body: body["media"][0].update(mediaType="SOUND"), "/media/0/mediaType"),
        (lambda body: body["media"][0].update(category="ATTIC"), "/media/0"),
        (lambda body: body["media"][0].update(title=" "), "/media/0/title"),
        (lambda body: body["media"][0].pop("url"), "/media/0/url"),
    ],
)
def test_broken_body_is_refused_with_its_pointer(aviv_api: Aviv, change: Callable[[Any], Any], pointer: str) -> None:
    answer = aviv_api.http.post("/classifieds", json=resale(change))
    check_problem(answer, "400_validation")
    assert [error["name"] for error in answer.json()["errors"]] == [pointer]


def test_misspelt_postal_code_is_refused_twice_over(aviv_api: Aviv) -> None:
    def misspell(body: dict[str, Any]) -> None:
        body["data"]["location"]["postalCode"] = body["data"]["location"].pop("postalcode")

    answer = aviv_api.http.post("/classifieds", json=resale(misspell))
    assert answer.json()["errors"] == read_contract("aviv/error_400_validation.json")["errors"]
    assert answer.headers["content-type"] == "application/json+problem"


def test_text_that_is_no_json_is_a_parsing_problem(aviv_api: Aviv) -> None:
    check_problem(aviv_api.http.post("/classifieds", content="{"), "400_parsing")


def test_contacts_given_twice_collide(aviv_api: Aviv) -> None:
    answer = aviv_api.http.post(
        "/classifieds",
        json=resale(lambda body: body.update(specific={"gsl": {"mainContactPersonEmail": "a@b.example"}})),
    )
    check_problem(answer, "400_colliding_contacts")
    assert answer.json()["errors"] == read_contract("aviv/error_400_colliding_contacts.json")["errors"]


def test_estate_id_in_use_is_a_duplicate_naming_the_classified(aviv_api: Aviv) -> None:
    classified_id = aviv_api.create(RESALE)
    answer = aviv_api.http.post("/classifieds", json=RESALE)
    check_problem(answer, "400_duplicated_classified")
    assert classified_id in answer.json()["detail"]


def test_estate_id_is_one_agencys_own_and_free_after_a_deletion(aviv_api: Aviv, aviv_url: str) -> None:
    first = aviv_api.create(RESALE)
    Aviv(aviv_url, "RC-000777").create(RESALE)
    aviv_api.http.delete(f"/classifieds/{first}")
    assert aviv_api.create(RESALE) != first


def test_shared_media_are_refused_on_request(aviv_api: Aviv) -> None:
    def rename(body: dict[str, Any]) -> None:
        body["data"]["metaData"]["source"]["offererEstateId"] = "other"

    aviv_api.sim.put("/rules", json={"duplicated_media": True})
    aviv_api.create(RESALE)
    assert aviv_api.http.post("/classifieds", json=resale(rename)).json()["title"] == "Duplicated media"


def test_list_is_filtered_and_paged(aviv_api: Aviv) -> None:
    ids = [aviv_api.create(read_contract(f"aviv/classified_{name}.json")) for name in CLASSIFIEDS[:3]]
    first = aviv_api.http.get("/classifieds", params={"limit": 2}).json()
    assert set(first) == set(read_contract("aviv/classifieds_page.json"))
    rest = aviv_api.http.get("/classifieds", params={"limit": 2, "nextToken": first["nextToken"]}).json()
    assert [one["classifiedId"] for one in first["items"] + rest["items"]] == ids
    assert "nextToken" not in rest
    found = aviv_api.http.get("/classifieds", params={"offererEstateId": "ag12-000331"}).json()["items"]
    assert found == [{**RESALE, "classifiedId": ids[0]}]


@pytest.mark.parametrize("query", [{"limit": "0"}, {"nextToken": "!"}])
def test_bad_parameter_is_refused(aviv_api: Aviv, query: dict[str, str]) -> None:
    answer = aviv_api.http.get("/classifieds", params=query)
    assert (answer.status_code, answer.json()["errorSource"]) == (400, "requestParameter")


def test_etag_is_the_revision_and_a_stale_one_is_refused(aviv_api: Aviv) -> None:
    path = f"/classifieds/{aviv_api.create(RESALE)}"
    assert aviv_api.http.get(path).headers["etag"] == '"1"'
    changed = resale(lambda body: body["data"]["prices"]["buy"]["price"].update(amount=400000))
    assert aviv_api.http.put(path, json=changed, headers={"if-match": '"1"'}).status_code == 202
    assert aviv_api.http.get(path).headers["etag"] == '"2"'
    stale = aviv_api.http.put(path, json=RESALE, headers={"if-match": '"1"'})
    assert (stale.status_code, stale.json()["title"]) == (412, "Precondition Failed")
    assert aviv_api.http.put(path, json=RESALE, headers={"if-match": '"1", "2"'}).status_code == 202


def test_unknown_and_foreign_classifieds_look_the_same(aviv_api: Aviv, aviv_url: str) -> None:
    classified_id = aviv_api.create(RESALE)
    other = Aviv(aviv_url, "RC-000777")
    for path in (f"/classifieds/{classified_id}", f"/classifieds/{classified_id}/statuses", "/classifieds/none"):
        check_problem(other.http.get(path), "404")
    check_problem(other.http.put(f"/classifieds/{classified_id}", json=RESALE), "404")
    check_problem(other.http.delete(f"/classifieds/{classified_id}"), "404")


def test_deleted_classified_is_gone_but_its_statuses_stay(aviv_api: Aviv) -> None:
    classified_id = aviv_api.create(RESALE)
    assert aviv_api.http.delete(f"/classifieds/{classified_id}").status_code == 202
    aviv_api.await_status(classified_id, "DELETED")
    assert aviv_api.http.get(f"/classifieds/{classified_id}").status_code == 404
    assert aviv_api.http.delete(f"/classifieds/{classified_id}").status_code == 404


# §2: row → the statuses of its errors.
ROWS = {
    "POST /classifieds": (400, 401, 403, 404, 500),
    "GET /classifieds": (401, 403, 500),
    "GET /classifieds/{id}": (401, 403, 404, 500),
    "PUT /classifieds/{id}": (400, 401, 403, 404, 412, 500),
    "DELETE /classifieds/{id}": (400, 401, 403, 404, 500),
    "GET /classifieds/{id}/statuses": (400, 401, 403, 404, 500),
    "PUT /webhooks": (400, 401, 403, 404, 500),
    "DELETE /webhooks": (400, 401, 404, 500),
}
WEBHOOK = read_contract("aviv/webhook_put_request.json")


def call_row(api: Aviv, row: str, *, known: bool = True, **headers: str) -> httpx.Response:
    """Make a row's call, valid but for what the test has done; the classified is known, or not."""
    method, path = row.split(" ")
    if "{id}" in path:
        path = path.replace("{id}", api.create(RESALE) if known else "7f0c2d4e-61b9-4c1b-9f5e-2a8d30b7c614")
    elif row == "DELETE /webhooks" and known:
        api.http.put("/webhooks", json=WEBHOOK)
    body = WEBHOOK if "webhooks" in path else resale(lambda body: body["data"]["texts"].update(features={"fr": "x"}))
    return api.http.request(method, path, json=body if method in ("POST", "PUT") else None, headers=headers)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"2 {row}: success")
def test_each_call_answers_its_success(aviv_api: Aviv, row: str) -> None:
    answer = call_row(aviv_api, row)
    read = row.startswith("GET") or "webhooks" in row
    assert answer.status_code == (200 if read else 202)
    assert "traceparent" in answer.headers


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"2 {row}: 401")
def test_each_call_needs_its_token(aviv_api: Aviv, row: str) -> None:
    answer = call_row(aviv_api, row, authorization="Bearer wrong")
    check_problem(answer, "401")
    assert "traceparent" not in answer.headers


@pytest.mark.parametrize(
    "row", [row for row, statuses in ROWS.items() if 404 in statuses], ids=lambda row: f"2 {row}: 404"
)
def test_each_call_about_what_is_not_there_is_a_404(aviv_api: Aviv, row: str) -> None:
    if row in ("POST /classifieds", "PUT /webhooks"):
        order_problem(aviv_api, row, "404")
    answer = call_row(aviv_api, row, known=False)
    check_problem(answer, "404")
    assert "traceparent" not in answer.headers


def order_problem(api: Aviv, row: str, name: str) -> None:
    """Order what nothing that a caller does brings about."""
    method, path = row.split(" ")
    pattern = f"^/caas/v4{path.replace('{id}', '[^/]+')}$"
    order = {
        "match": {"method": method, "path": pattern},
        "kind": "status",
        "status": int(name),
        "body": read_contract(f"aviv/error_{name}.json"),
        "headers": {"content-type": "application/json+problem"},
    }
    assert api.sim.post("/faults", json=order).status_code == 201


@pytest.mark.parametrize(
    ("row", "name"),
    [(row, name) for row, statuses in ROWS.items() for name in ("403", "500") if int(name) in statuses],
    ids=lambda value: f"2 {value}",
)
def test_other_problems_are_ordered_as_faults(aviv_api: Aviv, row: str, name: str) -> None:
    order_problem(aviv_api, row, name)
    answer = call_row(aviv_api, row)
    assert (answer.status_code, answer.json()) == (int(name), read_contract(f"aviv/error_{name}.json"))
    assert answer.headers["content-type"] == "application/json+problem"


@pytest.mark.parametrize(
    ("row", "change"),
    [
        pytest.param("POST /classifieds", {"json": {}}, id="2 POST /classifieds: 400"),
        pytest.param("PUT /classifieds/{id}", {"json": {}}, id="2 PUT /classifieds/{id}: 400"),
        pytest.param(
            *("GET /classifieds/{id}/statuses", {"params": {"filter": "oldest"}}),
            id="2 GET /classifieds/{id}/statuses: 400",
        ),
        pytest.param("PUT /webhooks", {"json": {}}, id="2 PUT /webhooks: 400"),
    ],
)
def test_each_call_that_breaks_the_schema_is_a_400(aviv_api: Aviv, row: str, change: dict[str, Any]) -> None:
    method, path = row.split(" ")
    path = path.replace("{id}", aviv_api.create(RESALE)) if "{id}" in path else path
    answer = aviv_api.http.request(method, path, **change)
    check_problem(answer, "400_validation")
    assert answer.headers["traceparent"] == answer.json()["instance"]


def test_a_stale_condition_is_a_412(aviv_api: Aviv) -> None:
    """§2, `PUT /classifieds/{id}`: 412."""
    answer = call_row(aviv_api, "PUT /classifieds/{id}", **{"if-match": '"7"'})
    assert (answer.status_code, answer.json()["title"]) == (412, "Precondition Failed")
    assert answer.headers["traceparent"] == answer.json()["instance"]


def test_a_subscription_is_replaced_by_the_next_and_ended_by_its_deletion(
    aviv_api: Aviv, aviv_url: str, receiver: Receiver
) -> None:
    """§2, `PUT /webhooks` and `DELETE /webhooks`: one per token context."""
    other = Aviv(aviv_url, "RC-000777")
    for api, name in ((aviv_api, "former"), (aviv_api, "present"), (other, "other")):
        api.http.put("/webhooks", json={"url": f"{receiver.url}/{name}", "statuses": ["RECEIVED"]})
    first = aviv_api.create(RESALE)
    assert f"/present/classifieds/{first}" in receiver.await_told(1)[0]["path"]
    assert other.http.delete("/webhooks").status_code == 200
    unheard = other.create(RESALE)
    other.await_status(unheard, "CREATED")
    aviv_api.http.delete(f"/classifieds/{first}")
    assert [f"/present/classifieds/{first}" in told["path"] for told in receiver.await_told(2)] == [True, True]


def test_traceparent_comes_back(aviv_api: Aviv) -> None:
    trace = read_contract("aviv/error_500.json")["instance"]
    good = aviv_api.http.get("/classifieds", headers={"traceparent": trace})
    bad = aviv_api.http.post("/classifieds", json={}, headers={"traceparent": trace})
    assert good.headers["traceparent"] == bad.headers["traceparent"] == bad.json()["instance"] == trace
    assert aviv_api.http.get("/classifieds", headers={"traceparent": "odd"}).headers["traceparent"] != "odd"


def test_webhook_is_put_and_deleted(aviv_api: Aviv) -> None:
    answer = aviv_api.http.put("/webhooks", json=read_contract("aviv/webhook_put_request.json"))
    assert (answer.status_code, type(answer.json())) == (200, str)
    assert isinstance(aviv_api.http.delete("/webhooks").json(), str)
    assert aviv_api.http.delete("/webhooks").status_code == 404


@pytest.mark.parametrize(
    "body", [{}, {"url": "nowhere"}, {"url": "https://a.example", "statuses": ["CREATED_WITH_MEDIA_ERROR"]}, []]
)
def test_bad_webhook_is_refused(aviv_api: Aviv, body: Any) -> None:
    check_problem(aviv_api.http.put("/webhooks", json=body), "400_validation")


def test_calls_hide_the_secret_and_the_webhooks_path(aviv_api: Aviv, receiver: Receiver) -> None:
    aviv_api.http.put("/webhooks", json={"url": f"{receiver.url}/secret-token"})
    text = aviv_api.sim.get("/calls").text
    assert "secret-token" not in text and "<secret>" not in text and AGENT not in text
    assert (
        await_value(lambda: aviv_api.sim.get("/calls", params={"path": "webhooks"}).json()["items"])[0]["status"] == 200
    )
