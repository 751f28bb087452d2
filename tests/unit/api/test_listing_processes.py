"""The API of seed 004, exact to its shapes: every answer is validated by the schemas that the seed publishes."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft4Validator

from functions.listing_processes import app as listing_processes
from placard import bootstrap
from placard.domain.classified import Kind, Wish
from placard.domain.errors import StoreUnavailableError
from placard.domain.events import Advert, AdvertState
from placard.domain.listing_process import OPEN, Facts, ListingProcess, State, Wanted
from placard.domain.publication import Publication, Standing
from placard.ports import Change, Link
from tests.fakes import FakeClock, MemoryProcesses, MemoryStore
from tests.unit.api.crm import TRUSTED, Crm, make_body, read_event
from tests.unit.api.test_openapi import schema as described

SCHEMAS = Path(__file__).parents[2] / "contracts/spotahome/schemas"
CUSTOMER = "agency-0042"
AGENT = "08699e5b-45dd-479e-8a7f-5a7563a843cb"
OTHER_AGENT = "b1c7e4aa-52d3-4d8e-9c67-0d4f8e21a733"
TYPE = "http://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"


def validator(name: str) -> Draft4Validator:
    return Draft4Validator(json.loads((SCHEMAS / f"{name}.json").read_text()))


# sample event: the schema of its success and the statuses the call may answer (hub.md §2); 500 is what nobody foresaw.
CALLS = {
    "list": ("listing_processes", {200, 400, 401, 403, 503}),
    "states": ("states", {200, 401, 403, 503}),
    "cancel": (None, {204, 401, 403, 404, 409, 503}),
    "assign": (None, {204, 401, 403, 404, 422, 503}),
    "unassign": (None, {204, 401, 403, 404, 503}),
}


# The seed's schema → its name in openapi.yaml.
OURS = {"listing_processes": "ListingProcessPage", "states": "ListingProcessStatePage"}


class Answer:
    """What came back, checked against seed 004's shapes and our own description."""

    def __init__(self, call: str, answer: dict[str, Any]) -> None:
        schema, statuses = CALLS[call]
        self.status: int = answer["statusCode"]
        self.headers: dict[str, str] = answer["headers"]
        assert self.status in statuses
        if self.status == 204:
            assert "body" not in answer
            assert "content-type" not in self.headers
            self.json: Any = None
            return
        assert self.headers["content-type"] == "application/json"
        self.json = json.loads(answer["body"])
        if self.status == 200:
            validator(str(schema)).validate(self.json)
            described(OURS[str(schema)]).validate(self.json)
        else:
            validator("error_422" if self.status == 422 else "error").validate(self.json)
            described("ListingProcessProblem").validate(self.json)
            assert (self.json["status"], self.json["type"]) == (self.status, TYPE)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The processes or states on a page, however many it says it has."""
        (rows,) = self.json["_embedded"].values()
        assert self.json["count"] == len(rows)
        found: list[dict[str, Any]] = rows
        return found

    @property
    def ids(self) -> list[int]:
        return [one["id"] for one in self.rows]

    def link(self, name: str) -> dict[str, str] | None:
        """The parameters of a link, None where there is none."""
        link = self.json["_links"].get(name)
        return None if link is None else dict(parse_qsl(urlsplit(link["href"]).query))


class Hub:
    """The API over a table in memory."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.store = MemoryStore(self.clock)
        self.processes = MemoryProcesses(self.store)
        self.crm = Crm(self.clock, store=self.store)
        bootstrap.use(
            classified_store=self.store,
            publication_store=self.store,
            process_store=self.processes,
            clock=self.clock,
            settings=SimpleNamespace(trusted_clients=frozenset({TRUSTED})),
        )

    def call(self, name: str, query: str | None = None, **changes: Any) -> Answer:
        """Send a sample event, another query or path id in it; `body` is JSON, or text as it is."""
        event = read_event(f"listing_processes/{name}.json")
        if query is not None:
            event["rawQueryString"] = query
        if "id" in changes:
            event["pathParameters"] = {"id": str(changes["id"])}
        if "body" in changes:
            body = changes["body"]
            event["body"] = body if isinstance(body, str) else json.dumps(body)
        for header, value in changes.get("headers", {}).items():
            event["headers"].pop(header, None)
            if value is not None:
                event["headers"][header] = value
        return Answer(name, listing_processes.handler(event, None))

    def add(self, process_id: int, state: str = "waitingContent", **members: Any) -> ListingProcess:
        facts = Facts(state, f"KLM{process_id}-01", "account", f"property-{process_id}", None)
        known = {name: members.pop(name) for name in list(members) if name in Facts.__slots__}
        process = ListingProcess(members.pop("customer", CUSTOMER), process_id, replace(facts, **known))
        return self.processes.save(replace(process, **members))

    def known(self, process_id: int = 48212) -> ListingProcess:
        found = self.processes.load(CUSTOMER, process_id)
        assert found is not None
        return found


@pytest.fixture
def hub() -> Iterator[Hub]:
    yield Hub()
    bootstrap.use()


# --- the list --------------------------------------------------------------------------------------------------------


def test_a_process_has_the_six_members_of_the_seed(hub: Hub) -> None:
    hub.add(48212, agent_id=AGENT, published=True)
    (row,) = hub.call("list", "").rows
    assert row == {
        "id": 48212,
        "locator": "KLM48212-01",
        "accountId": "account",
        "propertyId": "property-48212",
        "agentId": AGENT,
        "state": {"state": "waitingContent"},
    }


def test_what_spotahome_does_not_say_is_null(hub: Hub) -> None:
    hub.add(1, "waitingProperty", property_id=None, locator=None, account_id=None)
    (row,) = hub.call("list", "").rows
    assert row == dict.fromkeys(("locator", "accountId", "propertyId", "agentId")) | {
        "id": 1,
        "state": {"state": "waitingProperty"},
    }


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("", [1, 2, 3, 4]),
        ("id=2", [2]),
        ("id=0002", [2]),
        ("id=9", []),
        ("id=123456789012345678901234567890", []),
        ("accountId=second", [4]),
        ("propertyId=property-3", [3]),
        (f"agentId={AGENT}", [1]),
        ("agentId=unassigned", [2, 4]),
        ("state=waitingContent", [1, 2]),
        ("state=cancelled&agentId=unassigned", [4]),
        ("id=2&state=cancelled", []),
        ("state=waitingContent&agentId=unassigned&accountId=account&propertyId=property-2&id=2", [2]),
        ("nobody=knows", [1, 2, 3, 4]),
    ],
)
def test_filters_narrow_the_list_together(hub: Hub, query: str, ids: list[int]) -> None:
    hub.add(1, agent_id=AGENT)
    hub.add(2)
    hub.add(3, "propertyVerified", agent_id=OTHER_AGENT)
    hub.add(4, "cancelled", account_id="second")
    hub.add(5, customer="another-agency")
    answer = hub.call("list", query)
    assert answer.ids == ids
    assert answer.json["total"] == len(ids)


@pytest.mark.parametrize(
    "query",
    [
        *("id=abc", "id=-1", "id=1.5", "id=", "id=1&id=2", "state=live", "state=", "state=WAITINGCONTENT"),
        *("page=0", "page=-1", "page=x", "page=", "page=99999999999", "page=1&page=2", "agentId="),
        *("itemsPerPage=0", "itemsPerPage=x", "itemsPerPage=10001", "itemsPerPage=1e2", "id=%D9%A1"),
    ],
)
def test_a_query_that_cannot_be_read_is_400(hub: Hub, query: str) -> None:
    answer = hub.call("list", query)
    assert (answer.status, answer.json["title"]) == (400, "Bad Request")


def test_links_keep_filters_and_page_size(hub: Hub) -> None:
    for number in range(1, 8):
        hub.add(number, account_id="a&b c/é")
    answer = hub.call(
        "list", "accountId=a%26b+c%2F%C3%A9&agentId=unassigned&state=waitingContent&itemsPerPage=2&page=2"
    )
    kept = {"accountId": "a&b c/é", "agentId": "unassigned", "state": "waitingContent", "itemsPerPage": "2"}
    pages = {"self": "2", "first": "1", "last": "4", "next": "3", "previous": "1"}
    assert {name: answer.link(name) for name in pages} == {name: kept | {"page": page} for name, page in pages.items()}
    assert answer.json["_links"]["self"]["href"].startswith("/listing-processes?")
    assert (answer.json["count"], answer.json["total"]) == (2, 7)


def test_following_next_shows_every_process_once_in_the_order_of_their_numbers(hub: Hub) -> None:
    for number in random_numbers():
        hub.add(number)
    seen, query = [], "itemsPerPage=7"
    while True:
        answer = hub.call("list", query)
        seen += answer.ids
        following = answer.json["_links"].get("next")
        if following is None:
            break
        query = urlsplit(following["href"]).query
    assert seen == sorted(random_numbers())
    assert answer.link("self") == answer.link("last")


def random_numbers() -> list[int]:
    return [number * 7919 % 100_003 for number in range(1, 51)]


@pytest.mark.parametrize(
    ("query", "count", "previous", "following"),
    [
        ("", 3, None, None),
        ("itemsPerPage=2&page=2", 1, "1", None),
        ("itemsPerPage=2&page=9", 0, "2", None),
        ("itemsPerPage=3", 3, None, None),
        ("page=1&itemsPerPage=2", 2, None, "2"),
    ],
)
def test_next_and_previous_are_there_only_where_they_lead_somewhere(
    hub: Hub, query: str, count: int, previous: str | None, following: str | None
) -> None:
    for number in (1, 2, 3):
        hub.add(number)
    answer = hub.call("list", query)
    assert (answer.json["count"], answer.json["total"]) == (count, 3)
    assert (answer.link("previous") or {}).get("page") == previous
    assert (answer.link("next") or {}).get("page") == following


def test_an_empty_list_is_a_page_too(hub: Hub) -> None:
    answer = hub.call("list", "")
    assert (answer.json["count"], answer.json["total"], answer.rows) == (0, 0, [])
    assert answer.link("last") == {"page": "1"}


def test_what_has_vanished_or_has_a_state_nobody_knows_is_not_there(hub: Hub) -> None:
    hub.add(1, vanished=True)
    hub.add(2, "archived", impossible="archived")
    assert hub.call("list", "").ids == []
    for number in (1, 2):
        assert hub.call("cancel", id=number).status == 404


# --- the states ------------------------------------------------------------------------------------------------------


def test_the_five_states_page_by_page_as_in_the_seeds_sample(hub: Hub) -> None:
    answer = hub.call("states", "page=1&itemsPerPage=1")
    assert (answer.json["count"], answer.json["total"], answer.rows) == (1, 5, [{"state": "cancelled"}])
    assert (answer.link("last") or {})["page"] == "5"
    assert [one["state"] for one in hub.call("states", "").rows] == [state.value for state in State]
    assert [hub.call("states", f"page={page}&itemsPerPage=2").json["count"] for page in (1, 2, 3, 4)] == [2, 2, 1, 0]


@pytest.mark.parametrize(
    "query", ["page=x", "page=0&itemsPerPage=2", "itemsPerPage=-1", "page=", "page=1&page=2&page="]
)
def test_the_states_have_no_400(hub: Hub, query: str) -> None:
    assert hub.call("states", query).json["count"] == 5


# --- the cancel ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", State)
def test_only_an_open_process_can_be_cancelled(hub: Hub, state: State) -> None:
    hub.add(48212, state.value)
    answer = hub.call("cancel")
    assert answer.status == (204 if state in OPEN else 409)
    assert hub.known().wanted == Wanted(cancels=state in OPEN)


def test_a_cancel_counts_at_once_and_waits_for_its_push(hub: Hub) -> None:
    hub.add(48212)
    assert hub.call("cancel").status == 204
    assert hub.call("list", "state=cancelled").ids == [48212]
    assert hub.call("list", "state=waitingContent").ids == []
    process = hub.known()
    assert (process.look, process.facts.state) == (True, "waitingContent")
    assert process.due is not None
    assert process.traceparent is not None
    assert hub.call("cancel").status == 409, "it is cancelled now"


@pytest.mark.parametrize("process_id", ["9", "abc", "-1", "1.5", "0x1f", "9" * 40, "48212 ", "%34"])
def test_an_unknown_process_is_404(hub: Hub, process_id: str) -> None:
    hub.add(48212)
    for call in ("cancel", "assign", "unassign"):
        answer = hub.call(call, id=process_id)
        assert (answer.status, answer.json["title"]) == (404, "Not Found")


def test_another_customers_process_is_404(hub: Hub) -> None:
    hub.add(48212, customer="another-agency")
    for call in ("cancel", "assign", "unassign"):
        assert hub.call(call).status == 404


def publish(hub: Hub, *portals: str) -> str:
    """Publish a classified whose advert on Spotahome is the process's property."""
    classified_id: str = hub.crm.post(make_body(portals=list(portals))).json["classifiedId"]
    hub.crm.look(classified_id)
    hub.store.write_link(Link("spotahome", "property-48212", classified_id, "spotahome", CUSTOMER, 0))
    return classified_id


def test_a_cancel_is_the_next_revision_of_its_classified(hub: Hub) -> None:
    hub.add(48212)
    classified_id = publish(hub, "SL", "SPOTAHOME")
    assert hub.call("cancel").status == 204
    classified, _ = hub.store.load(classified_id)
    assert classified is not None
    assert (classified.revision, classified.kind) == (2, Kind.CANCEL)
    assert (classified.wish("SPOTAHOME"), classified.wish("SL")) == (Wish.ABSENT, Wish.PRESENT)
    assert classified.traceparent is not None, "the cancel's own trace goes on with it"


def test_the_statuses_show_the_cancel_like_a_put_at_once(hub: Hub) -> None:
    hub.add(48212)
    classified_id = publish(hub, "SL", "SPOTAHOME")
    hub.clock.advance(1000)
    hub.call("cancel")
    (first, *_) = hub.crm.statuses(classified_id).json["items"]
    assert (first["status"], first["subStatus"], first["revision"]) == ("RECEIVED", "RECEIVED_PUT", 2)
    assert first["portals"] == ["SPOTAHOME"]
    latest = hub.crm.statuses(classified_id, "filter=latest").json["items"]
    assert {(tuple(one["portals"]), one["revision"]) for one in latest} == {(("SPOTAHOME",), 2), (("SL",), 1)}


def test_a_put_of_the_same_body_wishes_for_the_portal_again(hub: Hub) -> None:
    hub.add(48212)
    classified_id = publish(hub, "SL", "SPOTAHOME")
    hub.call("cancel")
    hub.clock.advance(1000)
    again = hub.crm.put(classified_id, make_body(portals=["SL", "SPOTAHOME"]))
    assert (again.status, again.json["revision"]) == (202, 3)
    classified, _ = hub.store.load(classified_id)
    assert classified is not None
    assert classified.wish("SPOTAHOME") is Wish.PRESENT


@pytest.mark.parametrize("gone", ["deleted", "taken off", "another customer's"])
def test_a_cancel_leaves_a_classified_alone_that_wishes_nothing_of_spotahome(hub: Hub, gone: str) -> None:
    hub.add(48212)
    classified_id = publish(hub, "SL", "SPOTAHOME")
    if gone == "deleted":
        hub.crm.delete(classified_id)
    elif gone == "taken off":
        hub.crm.put(classified_id, make_body(portals=["SL"]))
    else:
        hub.add(48213, property_id="stolen")
        hub.store.write_link(Link("spotahome", "stolen", classified_id, "spotahome", "another-agency", 0))
    before, _ = hub.store.load(classified_id)
    assert hub.call("cancel", id=48213 if gone == "another customer's" else 48212).status == 204
    assert hub.store.load(classified_id)[0] == before


def test_a_cancel_that_loses_a_race_judges_again(hub: Hub) -> None:
    hub.add(48212)
    classified_id = publish(hub, "SL", "SPOTAHOME")
    raced: list[object] = []

    def race(keys: tuple[tuple[str, str], ...]) -> None:
        if len(keys) == 2 and not raced:
            raced.append(keys)
            hub.crm.put(classified_id, make_body(portals=["SL", "SPOTAHOME"], key="seed-0003"))
            hub.crm.delete(classified_id)

    hub.store.interrupt = race
    assert hub.call("cancel").status == 204
    classified, _ = hub.store.load(classified_id)
    assert raced
    assert classified is not None
    assert classified.kind is Kind.DELETE
    assert hub.known().wanted.cancels


def test_a_process_that_closes_meanwhile_is_409(hub: Hub) -> None:
    hub.add(48212)

    def close(keys: tuple[tuple[str, str], ...]) -> None:
        hub.store.interrupt = lambda keys: None
        hub.processes.save(replace(hub.known(), facts=Facts("propertyVerified")))

    hub.store.interrupt = close
    assert hub.call("cancel").status == 409


# --- the agent -------------------------------------------------------------------------------------------------------


def test_an_agent_is_assigned_and_taken_off_at_once(hub: Hub) -> None:
    hub.add(48212)
    assert hub.call("assign", body={"agentId": AGENT}).status == 204
    assert hub.call("list", f"agentId={AGENT}").ids == [48212]
    assert hub.known().wanted == Wanted(assigns=True, agent_id=AGENT)
    assert hub.call("unassign").status == 204
    assert hub.call("list", "agentId=unassigned").ids == [48212]
    assert hub.known().wanted == Wanted(assigns=True, agent_id=None), "the first wish may be on its way"


def test_an_agent_that_is_there_already_writes_nothing(hub: Hub) -> None:
    process = hub.add(48212, agent_id=AGENT)
    assert hub.call("assign", body={"agentId": AGENT}).status == 204
    assert hub.known() == process
    other = hub.add(7)
    assert hub.call("unassign", id=7).status == 204
    assert hub.known(7) == other


def test_a_cancel_that_waits_survives_an_assignation(hub: Hub) -> None:
    hub.add(48212)
    hub.call("cancel")
    hub.call("assign", body={"agentId": AGENT})
    assert hub.known().wanted == Wanted(cancels=True, assigns=True, agent_id=AGENT)


@pytest.mark.parametrize(
    ("body", "field", "rule"),
    [
        ({}, "agentId", "isEmpty"),
        ([], "agentId", "isEmpty"),
        ("null", "agentId", "isEmpty"),
        ({"agentId": None}, "agentId", "invalidType"),
        ({"agentId": 7}, "agentId", "invalidType"),
        ({"agentId": [AGENT]}, "agentId", "invalidType"),
        ({"agentId": ""}, "agentId", "stringLength"),
        ({"agentId": "unassigned"}, "agentId", "stringLength"),
        ({"agentId": AGENT + "0"}, "agentId", "stringLength"),
        ({"agentId": "x" * 36}, "agentId", "uuid"),
        ("{", "body", "invalid"),
        ("", "body", "invalid"),
        ('{"agentId": NaN}', "body", "invalid"),
        (json.dumps({"agentId": AGENT, "more": "x" * 300_000}), "body", "invalid"),
    ],
)
def test_a_body_that_breaks_a_rule_is_422_with_its_field(hub: Hub, body: Any, field: str, rule: str) -> None:
    process = hub.add(48212)
    answer = hub.call("assign", body=body)
    assert (answer.status, answer.json["title"]) == (422, "Unprocessable Entity")
    assert list(answer.json["validationMessages"]) == [field]
    assert list(answer.json["validationMessages"][field]) == [rule]
    assert hub.known() == process


def test_another_content_type_is_422(hub: Hub) -> None:
    hub.add(48212)
    assert hub.call("assign", headers={"content-type": "text/plain"}).status == 422


def test_the_sample_body_is_what_the_seeds_schema_takes() -> None:
    validator("assignation").validate(json.loads(read_event("listing_processes/assign.json")["body"]))


# --- every call ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", CALLS)
def test_no_user_agent_is_wanted(hub: Hub, call: str) -> None:
    hub.add(48212)
    assert hub.call(call, headers={"user-agent": None}).status in (200, 204)


@pytest.mark.parametrize("call", CALLS)
def test_a_token_without_a_client_is_401(hub: Hub, call: str) -> None:
    event = read_event(f"listing_processes/{call}.json")
    event["requestContext"]["authorizer"]["jwt"]["claims"] = {}
    answer = Answer(call, listing_processes.handler(event, None))
    assert (answer.status, answer.json["title"]) == (401, "Unauthorized")


@pytest.mark.parametrize("call", CALLS)
def test_a_customer_nobody_can_read_is_401_and_anothers_403(hub: Hub, call: str) -> None:
    assert hub.call(call, headers={"customer-id": "x" * 600}).status == 401
    event = read_event(f"listing_processes/{call}.json")
    event["requestContext"]["authorizer"]["jwt"]["claims"] = {"client_id": "untrusted"}
    assert Answer(call, listing_processes.handler(copy.deepcopy(event), None)).status == 403


@pytest.mark.parametrize("call", ["list", "cancel", "assign", "unassign"])
def test_storage_that_is_down_is_503_in_the_same_shape(hub: Hub, call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(*_: object) -> None:
        raise StoreUnavailableError("secret host name")

    monkeypatch.setattr(hub.processes, "load", down)
    monkeypatch.setattr(hub.processes, "load_all", down)
    answer = hub.call(call)
    assert (answer.status, answer.headers["retry-after"]) == (503, "2")
    assert "secret" not in json.dumps(answer.json)


def test_what_nobody_foresaw_is_a_500_in_the_same_shape(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise KeyError("secret")

    monkeypatch.setattr(hub.processes, "load", fail)
    answer = listing_processes.handler(read_event("listing_processes/cancel.json"), None)
    body = json.loads(answer["body"])
    assert (answer["statusCode"], answer["headers"]["content-type"]) == (500, "application/json")
    validator("error").validate(body)
    assert "secret" not in answer["body"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(
    call=st.sampled_from(list(CALLS)),
    query=st.text(max_size=40) | st.sampled_from(["page=2", "itemsPerPage=3", "id=%00"]),
    process_id=st.text(max_size=30),
    body=st.text(max_size=60) | st.binary(max_size=20).map(lambda raw: raw.decode("latin-1")),
)
def test_nothing_a_caller_sends_leads_outside_the_contract(
    hub: Hub, call: str, query: str, process_id: str, body: str
) -> None:
    hub.call(call, query, id=process_id, body=body)


def test_a_cancel_reaches_the_look_that_deletes(hub: Hub) -> None:
    """The revision of a cancel makes the publication's wish absent, so that its next look decides for a DELETE."""
    hub.add(48212)
    classified_id = publish(hub, "SPOTAHOME")
    _, (publication,) = hub.store.load(classified_id)
    standing = replace(publication.standings["SPOTAHOME"], advert=Advert(AdvertState.PENDING), acted=1)
    hub.store.save(Change(with_standing(publication, standing)))
    hub.call("cancel")
    hub.crm.look(classified_id)
    _, (publication,) = hub.store.load(classified_id)
    seen = publication.standings["SPOTAHOME"]
    assert (seen.wish, seen.seen, seen.kind) == (Wish.ABSENT, 2, Kind.CANCEL)


def with_standing(publication: Publication, standing: Standing) -> Publication:
    return replace(publication.with_standings([standing]), remote_id="property-48212")
