"""The simulated Spotahome over real HTTP: its calls and its faults (contracts/spotahome.md §3, §5, §6, §7, §8)."""

import time
from typing import Any

import httpx
import pytest

from sandbox.simulators import spotahome
from sandbox.simulators.serve import serve_in_thread
from tests.integration.simulators.callers import PLAIN, Spotahome, await_value, read_contract

PROPERTY = read_contract("spotahome/create_property_request.json")
STATES = ["waitingProperty", "waitingContent", "propertyVerified", "propertyUnverified", "cancelled"]


def refusal(answer: httpx.Response, status: int) -> Any:
    """The problem of a refusal, in the shape of §7."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/json"), answer.text
    problem = answer.json()
    sample = read_contract(f"spotahome/error_{status}.json")
    assert problem.keys() == sample.keys()
    assert problem["status"] == status
    assert problem["title"] == sample["title"]
    return problem


# --- logins (§2) ---


def test_a_login_gives_a_raw_three_part_token_as_the_contract_shows(spotahome_api: Spotahome) -> None:
    sample = read_contract("spotahome/authentication_assumed.json")
    answer = spotahome_api.http.post(sample["request"]["path"], json=sample["request"]["body"])
    assert answer.status_code == sample["response"]["status"]
    assert answer.json().keys() == sample["response"]["body"].keys()
    assert answer.json()["token"].count(".") == 2
    assert spotahome_api.http.get("/me").json()["email"] == sample["request"]["body"]["email"]


def test_bearer_is_refused(spotahome_api: Spotahome) -> None:
    token = spotahome_api.http.headers["authorization"]
    assert refusal(spotahome_api.http.get("/me", headers={"authorization": f"Bearer {token}"}), 401)


def test_a_wrong_password_gives_no_token(spotahome_api: Spotahome) -> None:
    refusal(spotahome_api.http.post("/authentications", json={"email": "a@b.example", "password": "guess"}), 401)


def test_a_refresh_ends_the_old_token(spotahome_api: Spotahome) -> None:
    fresh = spotahome_api.http.post("/authentications/me/refresh").json()["token"]
    refusal(spotahome_api.http.get("/me"), 401)
    assert spotahome_api.http.get("/me", headers={"authorization": fresh}).status_code == 200


def test_a_token_ends_in_its_time() -> None:
    with serve_in_thread(spotahome.build_app(token_seconds=0.05)) as url:
        caller = Spotahome(url)
        refused = await_value(lambda: answer if (answer := caller.http.get("/me")).is_error else None)
        refusal(refused, 401)


def test_no_password_is_kept_in_the_records(spotahome_api: Spotahome) -> None:
    calls = spotahome_api.sim.get("/calls", params={"path": "authentications"}).json()["items"]
    assert [call["body"]["password"] for call in calls] == ["***"]


# --- creation (§5) ---


def test_a_property_is_created_as_the_contract_shows_and_opens_a_process(spotahome_api: Spotahome) -> None:
    sample = read_contract("spotahome/create_property_response.json")
    answer = spotahome_api.http.post("/api/public/listings/properties", json=PROPERTY)
    assert (answer.status_code, answer.content) == (sample["status"], b"")
    start = sample["headers"]["Location"].rpartition("/")[0]
    assert answer.headers["location"].startswith(start)
    process = spotahome_api.list(propertyId=answer.headers["location"].rpartition("/")[2])[0]
    wanted = read_contract("spotahome/listing_processes_by_id.json")["_embedded"]["sah:listing-processes"][0]
    assert process.keys() == wanted.keys()
    assert process["state"] == {"state": "waitingContent"}
    letters, _, tail = process["locator"].partition("-")
    assert (letters[:3].isalpha(), letters[3:].isdigit(), len(tail)) == (True, True, 2)


@pytest.mark.parametrize(
    "change",
    [
        {"type": "castle"},
        {"type": None},
        {"ownerId": "somebody-else"},
        {"totalUnits": 0},
        {"rentableUnits": 4},
        {"location": {}},
        {"location": {**PROPERTY["location"], "cityId": "malaga"}},
        {"location": {**PROPERTY["location"], "latitude": 91}},
    ],
)
def test_what_section_5_does_not_take_is_a_400(spotahome_api: Spotahome, change: dict[str, Any]) -> None:
    refusal(spotahome_api.http.post("/api/public/listings/properties", json={**PROPERTY, **change}), 400)


def test_a_property_is_found_by_its_address_and_owner(spotahome_api: Spotahome) -> None:
    created = spotahome_api.create()
    found = spotahome_api.http.get(
        "/properties", params={"ownerId": PROPERTY["ownerId"], "address": "de la Luna"}
    ).json()
    assert [item["id"] for item in found["_embedded"]["sah:properties"]] == [created]
    sample = read_contract("spotahome/properties_published_assumed.json")["_embedded"]["sah:properties"][0]
    assert sample.keys() <= found["_embedded"]["sah:properties"][0].keys()
    nothing = spotahome_api.http.get("/properties", params={"address": "de la Luna$"}).json()
    assert nothing["count"] == 0
    refusal(spotahome_api.http.get("/properties", params={"address": "("}), 400)


def test_published_is_a_filter_too(spotahome_api: Spotahome) -> None:
    created = spotahome_api.create()
    for shown in (False, True):
        spotahome_api.move(created, published=shown)
        for wanted in ("true", "false"):
            found = spotahome_api.http.get("/properties", params={"ids": created, "published": wanted}).json()
            assert found["total"] == int(shown is (wanted == "true"))


# --- listing processes (§3, §6) ---


@pytest.mark.parametrize("state", STATES)
def test_the_list_filters_by_state(spotahome_api: Spotahome, state: str) -> None:
    spotahome_api.seed(10, states=STATES)
    found = spotahome_api.list(state=state)
    assert [item["state"]["state"] for item in found] == [state] * 2


def test_the_list_filters_by_every_other_member(spotahome_api: Spotahome) -> None:
    spotahome_api.seed(3)
    one = spotahome_api.list()[1]
    agent = read_contract("spotahome/assignation_request.json")
    assert spotahome_api.http.put(f"/listing-processes/{one['id']}/assignation", json=agent).status_code == 204
    one["agentId"] = agent["agentId"]
    for name in ("id", "propertyId", "agentId"):
        assert spotahome_api.list(**{name: one[name]}) == [one]
    assert len(spotahome_api.list(accountId=one["accountId"])) == 3
    assert len(spotahome_api.list(agentId="unassigned")) == 2


def test_a_page_has_the_traps_of_the_samples(spotahome_api: Spotahome) -> None:
    spotahome_api.seed(5)
    first = spotahome_api.http.get("/listing-processes", params={"itemsPerPage": 3, "state": "waitingContent"}).json()
    assert (first["count"], first["total"]) == (3, 5)
    assert first["_links"]["last"] == {"href": "/listing-processes?page=2"}, "relative, and the filters are lost"
    assert first["_links"]["previous"] == {"href": "/listing-processes?page=1"}, "previous on page 1"
    last = spotahome_api.http.get("/listing-processes", params={"itemsPerPage": 3, "page": 2}).json()
    assert last["_links"]["next"] == {"href": "/listing-processes?page=1"}, "next leads back"
    assert (last["count"], last["total"]) == (2, 5)


def test_the_states_are_paged_as_the_sample(spotahome_api: Spotahome) -> None:
    sample = read_contract("spotahome/states_page1_of_5.json")
    page = spotahome_api.http.get("/listing-processes/states", params={"page": 1, "itemsPerPage": 1}).json()
    assert (page["count"], page["total"], page["_embedded"]) == (sample["count"], sample["total"], sample["_embedded"])
    whole = spotahome_api.http.get("/listing-processes/states").json()
    assert whole["_embedded"] == read_contract("spotahome/states_all.json")["_embedded"]


@pytest.mark.parametrize("query", [{"page": "0"}, {"itemsPerPage": "x"}, {"id": "x"}, {"state": "sold"}])
def test_a_bad_query_is_a_400(spotahome_api: Spotahome, query: dict[str, str]) -> None:
    refusal(spotahome_api.http.get("/listing-processes", params=query), 400)


@pytest.mark.parametrize(
    ("state", "status"), [(state, 204 if state.startswith("waiting") else 409) for state in STATES]
)
def test_a_cancellation_depends_on_the_state(spotahome_api: Spotahome, state: str, status: int) -> None:
    number = spotahome_api.seed(1, states=[state])
    answer = spotahome_api.http.delete(f"/listing-processes/{number}")
    if status == 409:
        refusal(answer, 409)
    else:
        assert (answer.status_code, answer.content) == (204, b"")
        assert spotahome_api.list(id=number)[0]["state"] == {"state": "cancelled"}


def test_an_assignation_is_put_and_taken_away(spotahome_api: Spotahome) -> None:
    number = spotahome_api.seed(1)
    path, agent = f"/listing-processes/{number}/assignation", read_contract("spotahome/assignation_request.json")
    assert spotahome_api.http.put(path, json=agent).status_code == 204
    assert spotahome_api.list(id=number)[0]["agentId"] == agent["agentId"]
    assert spotahome_api.http.delete(path).status_code == 204
    assert spotahome_api.list(id=number)[0]["agentId"] is None
    problem = refusal(spotahome_api.http.put(path, json={"agentId": "short"}), 422)
    assert problem["validationMessages"] == read_contract("spotahome/error_422.json")["validationMessages"]


@pytest.mark.parametrize("method", ["DELETE", "PUT"])
def test_another_landlords_process_is_unknown(spotahome_api: Spotahome, method: str) -> None:
    number = spotahome_api.seed(1, email="other@agency.example")
    path = f"/listing-processes/{number}" + ("/assignation" if method == "PUT" else "")
    refusal(spotahome_api.http.request(method, path, json={}), 404)
    assert spotahome_api.list() == []


# --- faults to switch on (§8) ---


def test_a_token_expires_mid_sweep(spotahome_api: Spotahome) -> None:
    spotahome_api.seed(3)
    spotahome_api.rule(token_calls=2)
    assert [spotahome_api.page(1).status_code for _ in range(3)] == [200, 200, 401]


def test_all_tokens_can_be_ended(spotahome_api: Spotahome) -> None:
    spotahome_api.sim.post("/tokens/expire")
    refusal(spotahome_api.page(1), 401)


def test_each_nth_list_fails(spotahome_api: Spotahome) -> None:
    spotahome_api.rule(fail_every=3)
    answers = [spotahome_api.page(1) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200, 200, 500, 200, 200, 500]
    refusal(answers[2], 500)


def test_a_burst_of_500_comes_and_goes(spotahome_api: Spotahome) -> None:
    order = {"match": {"path": "listing-processes"}, "times": 2, "kind": "status", "status": 500}
    spotahome_api.sim.post("/faults", json=order)
    assert [spotahome_api.page(1).status_code for _ in range(3)] == [500, 500, 200]


def test_an_empty_list_has_no_embedded(spotahome_api: Spotahome) -> None:
    assert "_embedded" not in spotahome_api.page(1).json()
    spotahome_api.rule(empty_embedded=True)
    assert spotahome_api.page(1).json()["_embedded"] == {"sah:listing-processes": []}


def test_the_counts_may_be_wrong(spotahome_api: Spotahome) -> None:
    spotahome_api.seed(1)
    spotahome_api.rule(miscount=1)
    page = spotahome_api.page(1).json()
    assert (page["count"], page["total"], len(page["_embedded"]["sah:listing-processes"])) == (2, 2, 1)


def test_rows_shift_between_pages_so_that_one_sweep_misses_some_and_two_see_all(spotahome_api: Spotahome) -> None:
    spotahome_api.seed(250)
    spotahome_api.rule(shift=7)

    def sweep() -> set[int]:
        pages = [spotahome_api.page(number).json() for number in (1, 2, 3)]
        return {item["id"] for page in pages for item in page.get("_embedded", {}).get("sah:listing-processes", ())}

    first, second = sweep(), sweep()
    assert len(first) < 250
    assert len(first | second) == 250


def test_a_list_can_be_slow(spotahome_api: Spotahome) -> None:
    spotahome_api.rule(delay_ms=120)
    start = time.monotonic()
    spotahome_api.page(1)
    assert time.monotonic() - start >= 0.12


def test_a_verified_property_may_become_unverified_be_unpublished_and_vanish(spotahome_api: Spotahome) -> None:
    created = spotahome_api.create()
    for move in (
        {"state": "propertyVerified", "published": True},
        {"state": "propertyUnverified"},
        {"published": False},
    ):
        assert spotahome_api.move(created, **move).status_code == 200
    process = spotahome_api.list(propertyId=created)[0]
    shown = spotahome_api.sim.get(f"/processes/{process['id']}").json()
    assert (shown["state"], shown["published"]) == ({"state": "propertyUnverified"}, False)
    spotahome_api.move(created, hidden=True)
    assert spotahome_api.list(propertyId=created) == []


def test_five_thousand_processes_are_seeded_quickly(spotahome_api: Spotahome) -> None:
    start = time.monotonic()
    spotahome_api.seed(5000, states=STATES)
    assert time.monotonic() - start < 10, "a tenth of a second on an idle machine"
    assert spotahome_api.page(50).json()["total"] == 5000


@pytest.mark.parametrize("order", [{"count": 0}, {"count": 1, "states": ["sold"]}, {}, {"count": 1, "more": 1}])
def test_a_wrong_order_is_refused(spotahome_api: Spotahome, order: dict[str, Any]) -> None:
    assert spotahome_api.sim.post("/processes", json=order).status_code == 400


def test_a_reset_forgets_all_but_the_logins(spotahome_api: Spotahome) -> None:
    spotahome_api.seed(2)
    spotahome_api.rule(shift=1)
    spotahome_api.sim.post("/reset", json={})
    assert spotahome_api.list() == []
    assert spotahome_api.sim.get("/rules").json() == spotahome.RULES


def test_an_unknown_process_cannot_be_moved(spotahome_api: Spotahome) -> None:
    assert spotahome_api.sim.post("/processes/7", json={"state": "cancelled"}).status_code == 404
    assert spotahome_api.sim.get("/processes/7").status_code == 404
    assert httpx.get(f"{spotahome_api.url}/_sim/health", **PLAIN).json() == {"status": "ok"}
