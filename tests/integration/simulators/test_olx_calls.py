"""OLX: what its calls answer."""

from typing import Any

import pytest

from tests.integration.simulators.callers import Olx, advert, await_value, read_contract


def shape(value: Any) -> Any:
    """The keys of a body, values left out."""
    if isinstance(value, dict):
        return {name: shape(member) for name, member in value.items()}
    return [shape(value[0])] if isinstance(value, list) and value else None


def test_token_answer_has_the_contracts_members(olx_api: Olx) -> None:
    answer = olx_api.refresh("demo-refresh-token-2")
    assert answer.status_code == 200
    assert shape(answer.json()) == shape(read_contract("olx/response_token_200.json")["body"])


def test_refresh_token_works_once(olx_api: Olx) -> None:
    rotated = olx_api.refresh("demo-refresh-token-3").json()["refresh_token"]
    assert olx_api.refresh("demo-refresh-token-3").status_code == 400
    assert olx_api.refresh(rotated).status_code == 200
    assert olx_api.refresh(rotated).status_code == 400


def test_code_is_exchanged_once_for_the_same_account(olx_api: Olx) -> None:
    request = read_contract("olx/request_token_authorization_code.json")
    uuid = olx_api.create()
    token = olx_api.http.post("/oauth/v1/token", json=request["body"], headers=request["headers"])
    mine = olx_api.http.get(
        f"/advert/v1/{uuid}/meta", headers={"authorization": f"Bearer {token.json()['access_token']}"}
    )
    again = olx_api.http.post("/oauth/v1/token", json=request["body"], headers=request["headers"])
    assert mine.status_code == 200
    assert again.json()["message"] == read_contract("olx/response_error_400_authorization_code.json")["body"]["message"]


@pytest.mark.parametrize(
    ("headers", "example"),
    [
        ({"x-api-key": "wrong"}, "olx/response_error_403_invalid_api_key.json"),
        ({"authorization": "Basic d3Jvbmc="}, "olx/response_error_403_client_credentials.json"),
    ],
)
def test_wrong_app_credentials_are_forbidden(olx_api: Olx, headers: dict[str, str], example: str) -> None:
    answer, expected = olx_api.refresh("demo-refresh-token-4", **headers), read_contract(example)
    assert (answer.status_code, answer.json()["message"]) == (expected["status"], expected["body"]["message"])


def test_expired_token_is_forbidden_until_refreshed(olx_api: Olx) -> None:
    rotated = olx_api.refresh("demo-refresh-token-5").json()
    olx_api.http.post("/_sim/tokens/expire")
    refused = olx_api.http.get("/advert/v1/meta")
    expected = read_contract("olx/response_error_403_expired_token.json")
    assert (refused.status_code, refused.json()["message"]) == (403, expected["body"]["message"])
    assert olx_api.refresh(rotated["refresh_token"]).status_code == 200


def test_the_tokens_of_one_account_expire_alone(olx_api: Olx) -> None:
    olx_api.refresh("demo-refresh-token-5")
    ended, kept = (olx_api.refresh(f"demo-refresh-token-{n}").json()["access_token"] for n in (7, 8))
    olx_api.http.post("/_sim/accounts/7/expire-tokens")
    answers = [
        olx_api.http.get("/advert/v1/meta", headers={"authorization": f"Bearer {token}"}) for token in (ended, kept)
    ]
    assert [answer.status_code for answer in answers] == [403, 200]


def test_revoked_consent_refuses_every_refresh(olx_api: Olx) -> None:
    rotated = olx_api.refresh("demo-refresh-token-6").json()["refresh_token"]
    olx_api.http.post("/_sim/accounts/6/revoke")
    assert olx_api.refresh(rotated).status_code == 400


@pytest.mark.parametrize("operation", ["post", "put", "delete", "deactivate", "activate"])
def test_write_is_accepted_with_the_contracts_body(olx_api: Olx, operation: str) -> None:
    request, expected = (
        read_contract(f"olx/{name}_advert_{operation}{end}.json")
        for name, end in (("request", ""), ("response", "_202"))
    )
    uuid = "" if operation == "post" else "/" + olx_api.create()
    tail = f"/{operation}" if operation.endswith("activate") else ""
    answer = olx_api.http.request(request["method"], f"/advert/v1{uuid}{tail}", json=request["body"])
    assert answer.status_code == expected["status"]
    assert shape(answer.json()) == shape(expected["body"])
    assert answer.json()["data"]["last_action_status"] == expected["body"]["data"]["last_action_status"]


def test_otodom_advert_is_accepted(olx_api: Olx) -> None:
    body = read_contract("olx/request_advert_post_otodom.json")["body"]
    assert "otodom.pl" in olx_api.meta(olx_api.create(**body))["state"]["url"]


def test_second_write_in_flight_is_an_illegal_status_change(olx_api: Olx) -> None:
    olx_api.rule(delay_ms=60_000)
    uuid = olx_api.post().json()["data"]["uuid"]
    answer = olx_api.http.put(f"/advert/v1/{uuid}", json=advert())
    expected = read_contract("olx/response_error_409_illegal_status_change.json")
    assert (answer.status_code, answer.json()["message"]) == (409, expected["body"]["message"])


def test_same_id_and_category_reuse_the_record(olx_api: Olx) -> None:
    uuid = olx_api.create()
    assert olx_api.post(title="Outro titulo").json()["data"]["uuid"] == uuid
    other = olx_api.post(category_urn="urn:concept:apartments-for-rent")
    assert other.json()["data"]["uuid"] != uuid


def test_duplicate_conflict_names_both_values_and_no_uuid(olx_api: Olx) -> None:
    olx_api.rule(duplicates="conflict")
    uuid = olx_api.create()
    answer = olx_api.post()
    assert answer.status_code == 409
    assert "hub-acme-10021-sale" in answer.text and "apartments-for-sale" in answer.text
    assert uuid not in answer.text


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"site_urn": None}, "site_urn"),
        ({"category_urn": ""}, "category_urn"),
        ({"title": 5}, "title"),
        ({"description": None}, "description"),
        ({"price": {"value": 1, "currency": "PLN"}}, "price.currency"),
        ({"price": {"currency": "EUR"}}, "price.value"),
        ({"location": {"lat": 41.5}}, "location.lon"),
        ({"images": []}, "images"),
        ({"images": [{"url": "file:///x"}]}, "images.0.url"),
        ({"contact": {"name": "Marta"}}, "contact.email"),
        ({"custom_fields": {}}, "custom_fields.id"),
        ({"attributes": [{"urn": "urn:concept:number-of-rooms", "value": "1"}] * 2}, "urn:concept:number-of-rooms"),
    ],
)
def test_broken_body_is_refused_with_its_field(olx_api: Olx, changes: dict[str, Any], field: str) -> None:
    answer = olx_api.post(**changes)
    assert answer.status_code == 400
    assert shape(answer.json()) == shape(read_contract("olx/response_error_400_validation.json")["body"])
    assert answer.json()["errors"][0]["field"] == field


def test_repeated_attribute_is_refused_in_the_contracts_words(olx_api: Olx) -> None:
    attributes = [{"urn": "urn:concept:number-of-rooms", "value": f"urn:concept:{rooms}"} for rooms in (2, 3)]
    expected = read_contract("olx/response_error_400_duplicate_attribute.json")["body"]
    assert olx_api.post(attributes=attributes).json()["errors"] == expected["errors"]


def test_text_that_is_no_json_is_refused(olx_api: Olx) -> None:
    assert olx_api.http.post("/advert/v1", content="{").status_code == 400


def test_postal_code_replaces_coordinates_on_imovirtual(olx_api: Olx) -> None:
    assert olx_api.post(location={"postal_code": "4700-001"}).status_code == 202


def test_advert_of_another_account_is_not_found(olx_api: Olx) -> None:
    uuid = olx_api.create()
    token = olx_api.refresh("demo-refresh-token-7").json()["access_token"]
    answer = olx_api.http.get(f"/advert/v1/{uuid}/meta", headers={"authorization": f"Bearer {token}"})
    expected = read_contract("olx/response_error_404_not_found.json")
    assert (answer.status_code, answer.json()["message"]) == (404, expected["body"]["message"])


def test_meta_has_the_contracts_members_and_quirks(olx_api: Olx) -> None:
    answer = olx_api.http.get(f"/advert/v1/{olx_api.create()}/meta").json()
    assert shape(answer) == shape(read_contract("olx/response_meta_200.json")["body"])
    assert answer["data"]["state"]["visible_in_profile"] == "true"
    assert "T" not in answer["data"]["state"]["ttl"]


def test_meta_of_a_refused_creation_has_an_error_and_no_state(olx_api: Olx) -> None:
    expected = read_contract("olx/response_meta_list_200.json")["body"]["data"][1]
    meta = olx_api.meta(olx_api.create(title="Casa [refuse] em Braga"))
    assert shape(meta) == shape(expected)
    assert (meta["last_action_status"], meta["state"]) == ("NOT_POSTED", None)


def test_meta_list_is_paged(olx_api: Olx) -> None:
    uuids = [olx_api.create(custom_fields={"id": f"id-{number}"}) for number in range(3)]
    pages = [olx_api.http.get("/advert/v1/meta", params={"page": page, "limit": 2}) for page in (1, 2, 3)]
    assert [[one["uuid"] for one in page.json()["data"]] for page in pages] == [uuids[:2], uuids[2:], []]
    assert pages[0].headers["x-total-count"] == "3"


@pytest.mark.parametrize("query", [{"page": 0}, {"limit": "many"}])
def test_bad_page_is_refused(olx_api: Olx, query: dict[str, Any]) -> None:
    assert olx_api.http.get("/advert/v1/meta", params=query).status_code == 400


def test_calls_are_recorded_without_secrets(olx_api: Olx) -> None:
    olx_api.create()
    calls = olx_api.http.get("/_sim/calls", params={"path": "token"})
    assert calls.json()["items"][0]["body"] == {"grant_type": "refresh_token", "refresh_token": "***"}
    written = olx_api.http.get("/_sim/calls", params={"path": "^/advert/v1$"}).json()["items"]
    assert [(one["method"], one["status"], one["body"]) for one in written] == [("POST", 202, advert())]
    assert "Bearer" not in olx_api.http.get("/_sim/calls").text


def test_counts_follow_calls_writes_and_callbacks(olx_api: Olx) -> None:
    olx_api.create()
    counts = await_value(lambda: (counts := olx_api.http.get("/_sim/counts").json())["callbacks"] == 2 and counts)
    assert (counts["writes"], counts["tokens"]) == (1, 1)
    assert counts["calls"] >= 3


def test_reset_forgets_adverts_but_keeps_the_connection(olx_api: Olx) -> None:
    uuid = olx_api.create()
    olx_api.rule(duplicates="conflict")
    olx_api.http.post("/_sim/reset")
    assert olx_api.http.get(f"/advert/v1/{uuid}/meta").status_code == 404
    assert olx_api.http.get("/_sim/rules").json()["duplicates"] == "reuse"
    olx_api.http.post("/_sim/reset", json={"connections": True})
    assert olx_api.http.get("/advert/v1/meta").status_code == 403


@pytest.mark.parametrize(
    ("method", "path", "order"),
    [
        ("POST", "faults", {"kind": "earthquake"}),
        ("POST", "faults", {"kind": "delay", "ms": "long"}),
        ("POST", "faults", {"kind": "delay", "match": {"path": "("}}),
        ("POST", "faults", {"kind": "html", "share": 1.5}),
        ("POST", "faults", {"kind": "html", "share": True}),
        ("POST", "faults", {"kind": "html", "seed": "one"}),
        ("PUT", "callbacks", {"mode": "sideways"}),
        ("PUT", "callbacks", {"mode": "mixed", "shares": {"mixed": 0.5}}),
        ("PUT", "callbacks", {"mode": "mixed", "shares": {"twice": 0.6, "none": 0.6}}),
        ("PUT", "callbacks", {"mode": "mixed", "shares": {"twice": "often"}}),
        ("PUT", "callbacks", {"mode": "mixed", "seed": -1}),
        ("PUT", "rules", {"unheard": 1}),
        ("PUT", "rules", {"delay_ms": "long"}),
        ("PUT", "callback", {}),
    ],
)
def test_order_that_cannot_be_understood_is_said(olx_api: Olx, method: str, path: str, order: Any) -> None:
    answer = olx_api.http.request(method, f"/_sim/{path}", json=order)
    assert answer.status_code == 400
    assert answer.json()["error"]
