"""Deactivate, activate and retry as the contract words them (contracts/hub.md §2; lifecycle §1)."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from placard.domain.classified import Kind
from placard.domain.events import Advert, AdvertState, Operation
from placard.domain.lifecycle import Word
from placard.domain.publication import Running
from placard.ports import Change, Revision
from tests.fakes.clock import NOON
from tests.unit.api.crm import Crm, change, make_body

VERBS = ["deactivate", "activate", "retry"]
KINDS = {"deactivate": Kind.DEACTIVATE, "activate": Kind.ACTIVATE, "retry": Kind.RETRY}
NOBODY = "00000000-0000-4000-8000-000000000000"
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b9c7c989f97918e1-01"
BODY = make_body(portals=["SL", "BD", "IMOVIRTUAL"])
LIVE, PAUSED = AdvertState.LIVE, AdvertState.PAUSED


def publish(crm: Crm) -> str:
    """POST the sample to three portals on two channels, look once, and return its id."""
    classified_id: str = crm.post(BODY).json["classifiedId"]
    crm.look(classified_id)
    return classified_id


def settle(crm: Crm, classified_id: str, state: AdvertState, *portals: str, running: bool = False) -> None:
    """End what is open on every channel, with the advert in this state; `portals` are those of an operation in flight."""
    crm.look(classified_id)
    _, publications = crm.store.load(classified_id)
    for publication in publications:
        ended = [
            replace(standing, word=Word.UPDATED, acted=standing.seen, ended=standing.seen, advert=Advert(state))
            for standing in publication.standings.values()
        ]
        flying = tuple(portal for portal in portals if portal in publication.standings)
        operation = Running("op", Operation.PUT, flying, NOON, NOON + 1) if running and flying else None
        crm.store.save(Change(replace(publication.with_standings(ended), running=operation)))


def received(crm: Crm, classified_id: str, revision: int) -> dict[str, str]:
    """Return the `RECEIVED` entries of a revision: portal → subStatus."""
    items = crm.statuses(classified_id).json["items"]
    mine = [entry for entry in items if entry["revision"] == revision and entry["status"] == "RECEIVED"]
    return {portal: entry["subStatus"] for entry in mine for portal in entry["portals"]}


@pytest.mark.parametrize("verb", VERBS)
def test_asking_is_acknowledged_with_the_next_revision(verb: str) -> None:
    crm = Crm()
    classified_id = publish(crm)
    answer = crm.ask(verb, classified_id)
    links = [{"statuses": f"/classifieds/{classified_id}/statuses"}]
    assert answer.status == 202
    assert answer.json == {"classifiedId": classified_id, "links": links, "revision": 2}
    assert crm.get(classified_id).headers["etag"] == '"2"'


@pytest.mark.parametrize("verb", VERBS)
def test_the_named_portals_alone_show_received_at_once(verb: str) -> None:
    crm = Crm()
    classified_id = publish(crm)
    crm.clock.advance(1000)
    crm.ask(verb, classified_id, {"portals": ["IMOVIRTUAL", "BD"]})
    assert received(crm, classified_id, 2) == {"BD": "RECEIVED_PUT", "IMOVIRTUAL": "RECEIVED_PUT"}
    assert received(crm, classified_id, 1).keys() == {"SL", "BD", "IMOVIRTUAL"}
    shown = crm.statuses(classified_id).json["items"][:2]
    crm.look(classified_id)
    stored = crm.statuses(classified_id).json["items"]
    assert [entry["statusId"] for entry in shown] == [entry["statusId"] for entry in stored[:2]]
    assert received(crm, classified_id, 2).keys() == {"BD", "IMOVIRTUAL"}
    assert {entry["statusDate"] for entry in stored[:2]} == {shown[0]["statusDate"]}
    classified, _ = crm.store.load(classified_id)
    assert classified.asked == {"BD": 2, "IMOVIRTUAL": 2}
    assert set(classified.asked_kind.values()) == {KINDS[verb]}


NO_BODY: dict[str, tuple[str | None, str | None]] = {
    "no body, no type": (None, None),
    "empty": ("", None),
    "empty, as JSON": ("", "application/json"),
    "empty, as a form": ("", "application/x-www-form-urlencoded"),
    "empty, as text": ("", "text/plain"),
    "blank": (" \r\n", "text/plain"),
    "empty object": ("{}", "application/json"),
    "empty object, no type": ("{}", None),
    "every portal": ('{"portals": ["BD", "IMOVIRTUAL", "SL"]}', "application/json; charset=utf-8"),
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(("text", "content_type"), NO_BODY.values(), ids=NO_BODY.keys())
def test_no_body_means_every_listed_portal(verb: str, text: str | None, content_type: str | None) -> None:
    crm = Crm()
    classified_id = publish(crm)
    event = crm.event(f"publish_classified/{verb}.json", text, {"content_type": content_type})
    if text is None:
        event.pop("body", None)
    answer = crm.send(event | {"pathParameters": {"classifiedId": classified_id}})
    assert answer.status == 202
    assert received(crm, classified_id, 2).keys() == {"SL", "BD", "IMOVIRTUAL"}


@pytest.mark.parametrize("text", ["", '{"portals": ["SL"]}'])
def test_a_body_in_base64_is_read(text: str) -> None:
    crm = Crm()
    classified_id = publish(crm)
    event = crm.event("publish_classified/deactivate.json", base64.b64encode(text.encode()).decode(), {})
    event |= {"pathParameters": {"classifiedId": classified_id}, "isBase64Encoded": True}
    assert crm.send(event).status == 202
    assert len(received(crm, classified_id, 2)) == (1 if text else 3)


def test_portals_taken_off_are_not_meant() -> None:
    crm = Crm()
    classified_id = publish(crm)
    crm.put(classified_id, make_body(portals=["SL"]))
    crm.look(classified_id)
    crm.ask("retry", classified_id)
    assert received(crm, classified_id, 3).keys() == {"SL"}


WRONG: dict[str, tuple[Any, set[str]]] = {
    "list": ([], {""}),
    "null": ("null", {""}),
    "text": ('"SL"', {""}),
    "number": ("1", {""}),
    "no portal": ({"portals": []}, {"/portals"}),
    "portals is null": ({"portals": None}, {"/portals"}),
    "portals is text": ({"portals": "SL"}, {"/portals"}),
    "unknown portal": ({"portals": ["SL", "LEBONCOIN"]}, {"/portals/1"}),
    "portal is a list": ({"portals": [["SL"]]}, {"/portals/0"}),
    "portal in lower case": ({"portals": ["sl"]}, {"/portals/0"}),
    "repeated portal": ({"portals": ["SL", "BD", "SL"]}, {"/portals/2"}),
    "portal not listed": ({"portals": ["SL", "OTODOM", "BD", "STORIA"]}, {"/portals/1", "/portals/3"}),
    "misspelt": ({"portal": ["SL"]}, {"/portal"}),
    "misspelt and wrong": ({"port/als": ["SL"], "portals": [1]}, {"/port~1als", "/portals/0"}),
    "no JSON": ("portals=SL", {""}),
    "cut": ('{"portals": ["SL"', {""}),
    "a member twice": ('{"portals": ["SL"], "portals": ["BD"]}', {""}),
    "deep": ("[" * 100_000, {""}),
    "half a surrogate": ('{"portals": ["\\ud800"]}', {""}),
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(("body", "faults"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_body_is_named_and_changes_nothing(verb: str, body: Any, faults: set[str]) -> None:
    crm = Crm()
    classified_id = publish(crm)
    answer = crm.ask(verb, classified_id, body, content_type="application/json")
    assert (answer.status, answer.problem["errorSource"], answer.faults) == (400, "body", faults)
    assert crm.get(classified_id).json["revision"] == 1


@pytest.mark.parametrize("verb", VERBS)
def test_only_json_is_taken_where_there_is_a_body(verb: str) -> None:
    crm = Crm()
    classified_id = publish(crm)
    answer = crm.ask(verb, classified_id, {"portals": ["SL"]}, content_type="text/plain")
    assert (answer.status, answer.problem["errorSource"]) == (400, "contentType")


@pytest.mark.parametrize("text", [" " * 300_000, '{"portals": ["SL"]}' + " " * 300_000])
def test_a_body_over_256_kib_is_too_large(text: str) -> None:
    crm = Crm()
    assert crm.ask("retry", publish(crm), text).status == 413


@pytest.mark.parametrize("verb", VERBS)
def test_three_pairs_must_name_the_caller(verb: str) -> None:
    crm = Crm()
    answer = crm.ask(verb, publish(crm), user_agent="curl/8.5.0")
    assert (answer.status, answer.problem["errorSource"], answer.faults) == (400, "header", {"User-Agent"})


@pytest.mark.parametrize("verb", VERBS)
def test_what_was_never_there_and_what_is_anothers_look_the_same(verb: str) -> None:
    crm = Crm()
    classified_id = publish(crm)
    crm.customer = "agency-0043"
    answers = [crm.ask(verb, named) for named in (classified_id, NOBODY, "x", "", "\ud800")]
    assert {answer.status for answer in answers} == {404}
    assert len({str(answer.problem) for answer in answers}) == 1
    crm.customer = "agency-0042"
    assert crm.get(classified_id).json["revision"] == 1


@pytest.mark.parametrize("verb", VERBS)
def test_a_deleted_classified_is_a_conflict(verb: str) -> None:
    crm = Crm()
    classified_id = publish(crm)
    crm.delete(classified_id)
    answer = crm.ask(verb, classified_id, {"portals": ["OTODOM"]})
    assert (answer.status, answer.problem["title"]) == (409, "Conflict")
    assert answer.problem["type"].endswith("Errors/Deleted-Classified-Error")
    crm.customer = "agency-0043"
    assert crm.ask(verb, classified_id).status == 404
    crm.customer = "agency-0042"
    assert crm.ask(verb, classified_id, []).status == 400
    assert crm.post(BODY).json["revision"] == 3
    assert crm.ask(verb, classified_id).json["revision"] == 4


def test_a_put_keeps_a_pause_and_an_identical_one_is_no_revision() -> None:
    crm = Crm()
    classified_id = publish(crm)
    paused = crm.ask("deactivate", classified_id, {"portals": ["SL"]}).json
    assert crm.put(classified_id, BODY).json == paused
    crm.put(classified_id, change(BODY, "/data/prices/buy/price/amount", 1))
    assert crm.store.load(classified_id)[0].paused == {"SL"}
    without = [portal for portal in BODY["portals"] if portal != "SL"]
    crm.put(classified_id, BODY | {"portals": without})
    crm.put(classified_id, BODY)
    assert crm.store.load(classified_id)[0].paused == frozenset()


# Verb, what was asked before, the advert at rest → whether that already is so.
AT_REST = [
    ("deactivate", "deactivate", PAUSED, True),
    ("deactivate", "deactivate", AdvertState.WITHDRAWN, True),
    ("deactivate", "deactivate", AdvertState.EXPIRED, True),
    ("deactivate", "deactivate", LIVE, False),
    ("deactivate", "activate", PAUSED, False),
    ("deactivate", None, AdvertState.ABSENT, False),
    ("activate", "activate", LIVE, True),
    ("activate", None, LIVE, True),
    ("activate", None, AdvertState.EXPIRED, False),
    ("activate", None, PAUSED, False),
    ("activate", "deactivate", LIVE, False),
    ("activate", "deactivate", PAUSED, False),
    ("retry", None, LIVE, False),
    ("retry", "retry", LIVE, False),
    ("retry", "deactivate", PAUSED, False),
]


@pytest.mark.parametrize(("verb", "before", "state", "is_so"), AT_REST)
def test_what_already_is_so_makes_no_revision(verb: str, before: str | None, state: AdvertState, is_so: bool) -> None:
    crm = Crm()
    classified_id = publish(crm)
    if before is not None:
        crm.ask(before, classified_id)
    settle(crm, classified_id, state)
    revision = crm.get(classified_id).json["revision"]
    entries = len(crm.statuses(classified_id).json["items"])
    answer = crm.ask(verb, classified_id)
    assert (answer.status, answer.json["revision"]) == (202, revision if is_so else revision + 1)
    assert (len(crm.statuses(classified_id).json["items"]) == entries) is is_so


@pytest.mark.parametrize(("verb", "state"), [("deactivate", PAUSED), ("activate", LIVE)])
def test_one_portal_that_is_not_so_makes_a_revision_for_all_that_are_named(verb: str, state: AdvertState) -> None:
    crm = Crm()
    classified_id = publish(crm)
    other = {"deactivate": "activate", "activate": "deactivate"}[verb]
    crm.ask(verb, classified_id)
    crm.ask(other, classified_id, {"portals": ["IMOVIRTUAL"]})
    settle(crm, classified_id, state)
    assert crm.ask(verb, classified_id, {"portals": ["SL", "BD"]}).json["revision"] == 3
    assert crm.ask(verb, classified_id).json["revision"] == 4
    assert received(crm, classified_id, 4).keys() == set(BODY["portals"])


@pytest.mark.parametrize("verb", ["deactivate", "activate"])
def test_a_revision_nobody_has_looked_at_is_under_way(verb: str) -> None:
    """The very same call twice before any delivery: the first is not done, so the second is a wish of its own."""
    crm = Crm()
    classified_id = publish(crm)
    settle(crm, classified_id, LIVE)
    crm.ask("deactivate", classified_id)
    first = crm.ask(verb, classified_id).json["revision"]
    assert crm.ask(verb, classified_id).json["revision"] == first + 1


def test_a_classified_nobody_has_looked_at_is_under_way() -> None:
    crm = Crm()
    classified_id = crm.post(BODY).json["classifiedId"]
    assert crm.ask("activate", classified_id).json["revision"] == 2


@pytest.mark.parametrize(("verb", "state"), [("deactivate", PAUSED), ("activate", LIVE)])
def test_a_revision_without_its_end_is_under_way(verb: str, state: AdvertState) -> None:
    crm = Crm()
    classified_id = publish(crm)
    crm.ask(verb, classified_id)
    settle(crm, classified_id, state)
    before = crm.get(classified_id).json["revision"]
    crm.put(classified_id, change(BODY, "/data/prices/buy/price/amount", 1))
    crm.look(classified_id)
    assert crm.ask(verb, classified_id).json["revision"] == before + 2


@pytest.mark.parametrize(("verb", "state"), [("deactivate", PAUSED), ("activate", LIVE)])
def test_an_operation_in_flight_is_under_way_for_its_own_portals(verb: str, state: AdvertState) -> None:
    crm = Crm()
    classified_id = publish(crm)
    crm.ask(verb, classified_id)
    settle(crm, classified_id, state, "BD", running=True)
    before = crm.get(classified_id).json["revision"]
    assert crm.ask(verb, classified_id, {"portals": ["SL", "IMOVIRTUAL"]}).json["revision"] == before
    assert crm.ask(verb, classified_id, {"portals": ["SL", "BD"]}).json["revision"] == before + 1


class Faster:
    """Somebody who changes the classified just before each of our first `times` writes."""

    def __init__(self, crm: Crm, revision: Revision, times: int) -> None:
        self.crm, self.revision, self.left = crm, revision, times
        self.crm.store.interrupt = self.interrupt

    def interrupt(self, _keys: object) -> None:
        if self.left:
            self.left -= 1
            left, self.left = self.left, 0
            assert self.crm.store.write(replace(self.revision, body_hash=f"other {left}")).accepted
            self.left = left


def rival(classified_id: str, kind: Kind, *portals: str) -> Revision:
    body = BODY | {"portals": list(portals)} if kind is Kind.PUT else {}
    key = BODY["data"]["metaData"]["source"]["offererEstateId"]
    return Revision(classified_id, "agency-0042", kind, NOON, key, body, "", portals)


def test_a_lost_race_is_run_again_on_what_the_winner_left() -> None:
    crm = Crm()
    classified_id = publish(crm)
    Faster(crm, rival(classified_id, Kind.PUT, "SL", "OTODOM"), 4)
    assert crm.ask("deactivate", classified_id).json["revision"] == 6
    assert crm.store.load(classified_id)[0].paused == {"SL", "OTODOM"}


def test_who_loses_every_race_is_asked_to_come_back() -> None:
    crm = Crm()
    classified_id = publish(crm)
    Faster(crm, rival(classified_id, Kind.RETRY, "SL"), 99)
    answer = crm.ask("deactivate", classified_id)
    assert answer.status == 503
    assert "retry-after" in answer.headers
    assert crm.store.load(classified_id)[0].paused == frozenset()


def test_a_portal_taken_off_meanwhile_is_refused() -> None:
    crm = Crm()
    classified_id = publish(crm)
    Faster(crm, rival(classified_id, Kind.PUT, "SL"), 1)
    answer = crm.ask("deactivate", classified_id, {"portals": ["SL", "BD"]})
    assert (answer.status, answer.faults) == (400, {"/portals/1"})
    assert crm.store.load(classified_id)[0].paused == frozenset()


def test_a_classified_deleted_meanwhile_is_a_conflict() -> None:
    crm = Crm()
    classified_id = publish(crm)
    Faster(crm, rival(classified_id, Kind.DELETE), 1)
    assert crm.ask("retry", classified_id).status == 409


def test_an_activation_beside_ours_is_no_agreement_yet() -> None:
    """It named the same portal and nobody has looked: what was read before it proves nothing."""
    crm = Crm()
    classified_id = publish(crm)
    crm.ask("deactivate", classified_id)
    settle(crm, classified_id, LIVE)
    Faster(crm, rival(classified_id, Kind.ACTIVATE, "SL", "BD", "IMOVIRTUAL"), 1)
    assert crm.ask("activate", classified_id).json["revision"] == 4


@pytest.mark.parametrize("verb", VERBS)
def test_the_trace_goes_with_the_revision(verb: str) -> None:
    crm = Crm()
    classified_id = publish(crm)
    answer = crm.ask(verb, classified_id.upper(), traceparent=TRACEPARENT)
    assert answer.headers["traceparent"] == TRACEPARENT
    assert crm.store.load(classified_id)[0].traceparent == TRACEPARENT


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.just("portals") | st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.sampled_from(VERBS), JSON.map(json.dumps) | st.text(max_size=80))
@settings(max_examples=200, deadline=None)
def test_no_body_breaks_the_api(verb: str, text: str) -> None:
    crm = Crm()
    assert crm.ask(verb, publish(crm), text).status in {202, 400}
