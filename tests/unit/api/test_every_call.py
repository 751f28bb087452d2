"""What the contract says of every call, asked of each (contracts/hub.md §2, the paragraphs above the table)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from functions.publish_classified import app as publish_classified
from functions.query_status import app as query_status
from placard.domain.errors import StoreUnavailableError
from tests.unit.api.crm import ROOT, TRUSTED, Answer, Crm, make_body, read_event

FOLDERS = {"publish_classified": publish_classified, "query_status": query_status}
SAMPLES = sorted(
    str(path.relative_to(ROOT / "events")) for folder in FOLDERS for path in (ROOT / "events" / folder).glob("*.json")
)
EVERY = pytest.mark.parametrize("sample", SAMPLES)
WITHOUT_TABLE = ("post_invalid.json", "preflight.json")
READERS = {"GET", "POST /classifieds/preflight"}
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b9c7c989f97918e1-01"
NUMBERS = pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])


def call(crm: Crm, sample: str, claims: dict[str, str] | None = None, **headers: str | None) -> Answer:
    event = crm.event(sample, None, headers)
    event["requestContext"]["authorizer"]["jwt"]["claims"] |= claims or {}
    return crm.send(event)


def test_every_route_has_a_sample() -> None:
    routes = {route for app in FOLDERS.values() for route in app.ROUTES}
    assert {read_event(sample)["routeKey"] for sample in SAMPLES} == routes


@EVERY
def test_the_sample_names_the_scope_of_its_route(sample: str) -> None:
    event = read_event(sample)
    route, scopes = event["routeKey"], event["requestContext"]["authorizer"]["jwt"]["scopes"]
    reads = route.split()[0] in READERS or route in READERS
    assert scopes == ["placard/read" if reads else "placard/write"]


@EVERY
@pytest.mark.parametrize("agent", [None, "curl/8.5.0", "a/1 b/2 c/3 d/4"])
def test_the_caller_must_name_itself(sample: str, agent: str | None) -> None:
    answer = call(Crm(), sample, user_agent=agent)
    assert (answer.status, answer.faults, answer.problem["errorSource"]) == (400, {"User-Agent"}, "header")


@EVERY
def test_nobody_acts_for_another_customer(sample: str) -> None:
    answer = call(Crm(), sample, {"client_id": "not-" + TRUSTED, "customer_id": "agency-0043"})
    assert (answer.status, answer.problem["title"]) == (403, "Forbidden")


@EVERY
def test_the_trace_comes_back(sample: str) -> None:
    assert call(Crm(), sample, traceparent=TRACE).headers["traceparent"] == TRACE
    assert "traceparent" not in call(Crm(), sample, traceparent="00-nonsense").headers


@pytest.mark.parametrize("sample", [one for one in SAMPLES if not one.endswith(WITHOUT_TABLE)])
def test_storage_that_is_down_asks_to_come_back(sample: str) -> None:
    crm = Crm()

    def fail(*_arguments: Any, **_options: Any) -> Any:
        raise StoreUnavailableError("the table's own words")

    for name in (
        "write",
        "load",
        "load_classifieds",
        "list_classifieds",
        "list_publications",
        "list_entries",
        "walk_entries",
    ):
        setattr(crm.store, name, fail)
    answer = call(crm, sample)
    assert (answer.status, answer.headers["retry-after"]) == (503, "2")
    assert "own words" not in json.dumps(answer.problem)


def test_a_vault_that_is_down_asks_to_come_back_too() -> None:
    crm = Crm()

    def fail(*_arguments: Any, **_options: Any) -> Any:
        raise StoreUnavailableError("down")

    crm.vault.read = fail
    assert crm.preflight(make_body()).status == 503


@NUMBERS
@pytest.mark.parametrize("sample", ["post", "put", "batch", "preflight", "retry"])
def test_a_number_that_is_none_is_refused(sample: str, number: str) -> None:
    crm = Crm()
    event = crm.event(f"publish_classified/{sample}.json", f'{{"portals": ["SL"], "items": [{number}]}}', {})
    event["headers"]["content-type"] = "application/json"
    answer = crm.send(event)
    assert (answer.status, answer.problem["errorSource"]) == (400, "body")


@pytest.mark.parametrize("agent", [None, "Mozilla/5.0 (X11; Linux x86_64) Browser/1.0"])
def test_a_page_in_a_browser_names_itself_beside_the_browser(agent: str | None) -> None:
    crm = Crm()
    named = {"user_agent": agent, "x_user_agent": "placard-console/1.0 browser/1 web/1"}
    assert call(crm, "query_status/list.json", **named).status == 200
    refused = call(crm, "query_status/list.json", **(named | {"x_user_agent": "console"}))
    assert (refused.status, refused.faults) == (400, {"User-Agent"})
