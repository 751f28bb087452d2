"""POST, PUT and DELETE as the contract words them (contracts/hub.md §2, Identity)."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from placard.domain.lifecycle import Word
from placard.ports import Change
from tests.unit.api.crm import ROOT, Crm, change, make_body

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b9c7c989f97918e1-01"
CHEAPER = change(make_body(), "/data/prices/buy/price/amount", 405_000)
NOBODY = "00000000-0000-4000-8000-000000000000"


def test_a_post_is_acknowledged_with_its_id_its_link_and_its_revision() -> None:
    answer = Crm().post(make_body())
    classified_id = answer.json["classifiedId"]
    assert answer.status == 202
    assert answer.json == {
        "classifiedId": classified_id,
        "links": [{"statuses": f"/classifieds/{classified_id}/statuses"}],
        "revision": 1,
    }


@pytest.mark.parametrize("sample", ["sl_rental", "bd_luxury", "slc_construction", "sln_new_homes"])
def test_every_sample_of_avivs_is_taken_and_given_back_whole(sample: str) -> None:
    crm = Crm()
    text = (ROOT / f"tests/contracts/aviv/classified_{sample}.json").read_text()
    answer = crm.post(text)
    assert answer.status == 202
    shown = crm.get(answer.json["classifiedId"]).json
    assert json.loads(text).items() <= shown.items()


def test_the_same_body_again_is_the_same_ack() -> None:
    crm = Crm()
    assert crm.post(make_body()).json == crm.post(make_body()).json


def test_another_spelling_of_the_same_json_is_the_same_body() -> None:
    """RFC 8785: order of members and spelling of numbers do not count."""
    crm = Crm()
    first = crm.post(make_body())
    turned = dict(reversed(make_body().items()))
    assert crm.post(change(turned, "/data/prices/buy/price/amount", 412_000.0)).json == first.json


def test_another_body_of_a_known_key_is_a_duplicate_that_names_the_classified() -> None:
    crm = Crm()
    first = crm.post(make_body())
    answer = crm.post(CHEAPER)
    assert answer.status == 400
    assert answer.problem["type"].endswith("Errors/Duplicated-Classifieds-Error")
    assert answer.problem["classifiedId"] == first.json["classifiedId"]


def test_the_same_key_of_two_customers_is_two_classifieds() -> None:
    crm = Crm()
    first = crm.post(make_body())
    crm.customer = "agency-0043"
    other = crm.post(CHEAPER)
    assert other.json["revision"] == 1
    assert other.json["classifiedId"] != first.json["classifiedId"]


def test_a_repeated_idempotency_key_answers_the_old_ack_though_the_body_changed_since() -> None:
    crm = Crm()
    first = crm.post(make_body(), idempotency_key="k1")
    crm.put(first.json["classifiedId"], CHEAPER)
    assert crm.post(make_body(), idempotency_key="k1").json == first.json


def test_a_repeated_idempotency_key_with_another_body_is_refused() -> None:
    crm = Crm()
    crm.post(make_body(), idempotency_key="k1")
    answer = crm.post(CHEAPER, idempotency_key="k1")
    assert answer.status == 422
    assert "classifiedId" not in answer.problem


def test_a_repeated_idempotency_key_publishes_nothing_after_a_delete() -> None:
    crm = Crm()
    first = crm.post(make_body(), idempotency_key="k1")
    crm.delete(first.json["classifiedId"])
    assert crm.post(make_body(), idempotency_key="k1").json == first.json
    assert crm.get(first.json["classifiedId"]).status == 404


def test_an_idempotency_key_counts_within_one_offerer_estate_id() -> None:
    crm = Crm()
    crm.post(make_body(), idempotency_key="k1")
    assert crm.post(make_body(key="another"), idempotency_key="k1").status == 202


def test_a_key_may_be_posted_again_after_a_delete_as_the_next_revision() -> None:
    crm = Crm()
    first = crm.post(make_body(), idempotency_key="k1")
    crm.delete(first.json["classifiedId"])
    again = crm.post(make_body(), idempotency_key="k2")
    assert again.json == first.json | {"revision": 3}


def test_a_put_makes_the_next_revision() -> None:
    crm = Crm()
    classified_id = crm.post(make_body()).json["classifiedId"]
    assert crm.put(classified_id, CHEAPER).json["revision"] == 2
    assert crm.get(classified_id).json["data"] == CHEAPER["data"]


def test_an_identical_put_makes_no_revision_and_no_entry() -> None:
    crm = Crm()
    first = crm.post(make_body())
    classified_id = first.json["classifiedId"]
    assert crm.put(classified_id, make_body()).json == first.json
    assert [entry["subStatus"] for entry in crm.statuses(classified_id).json["items"]] == ["RECEIVED_POST"]


def test_a_put_may_not_change_the_key() -> None:
    crm = Crm()
    classified_id = crm.post(make_body()).json["classifiedId"]
    answer = crm.put(classified_id, make_body(key="another"))
    assert answer.status == 400
    assert answer.faults == {"/data/metaData/source/offererEstateId"}


@pytest.mark.parametrize(
    ("if_match", "status"),
    [
        ('"2"', 202),
        ('"1", "2"', 202),
        ("*", 202),
        ('W/"1", "2"', 202),
        ('"1"', 412),
        ('W/"2"', 412),
        ("2", 412),
        ('"2', 412),
        ("", 412),
        ('"02"', 412),
        ('"' + "9" * 5000 + '"', 412),
        ('"-2"', 412),
        ("\N{SNOWMAN}", 412),
        (", ".join(f'"{number}"' for number in range(3, 500)), 412),
    ],
)
@pytest.mark.parametrize("changed", [True, False], ids=["changed", "identical"])
def test_if_match_is_judged_before_identical(if_match: str, status: int, *, changed: bool) -> None:
    crm = Crm()
    classified_id = crm.post(make_body()).json["classifiedId"]
    crm.put(classified_id, CHEAPER)
    body = make_body() if changed else CHEAPER
    assert crm.put(classified_id, body, if_match=if_match).status == status


def test_refusals_come_in_the_contracts_order() -> None:
    """Customer, headers, shape, existence, If-Match: each mended shows the next."""
    crm = Crm()
    classified_id = crm.post(make_body()).json["classifiedId"]
    wrong = make_body(portals=[])
    event = crm.event("publish_classified/put.json", wrong, {"user_agent": None, "if_match": '"7"'})
    event["pathParameters"] = {"classifiedId": NOBODY}
    event["requestContext"]["authorizer"]["jwt"]["claims"]["client_id"] = "somebody"
    answers = [crm.send(event).status]
    event["headers"]["customer-id"] = "somebody"
    answers.append(crm.send(event).problem["errorSource"])
    event["headers"]["user-agent"] = "Soft/1 curl/8 debian/12"
    answers.append(crm.send(event).problem["errorSource"])
    crm.customer = "somebody"
    answers.append(crm.put(NOBODY, make_body(), if_match='"7"').status)
    crm.customer = "agency-0042"
    answers.append(crm.put(classified_id, make_body(), if_match='"7"').status)
    assert answers == [403, "header", "body", 404, 412]


@pytest.mark.parametrize(
    "classified_id", ["", "x", NOBODY, NOBODY + "0", "%00", "\ud800", "9" * 9000, "{" + NOBODY + "}"]
)
def test_an_unknown_id_is_not_found(classified_id: str) -> None:
    crm = Crm()
    crm.post(make_body())
    calls = [crm.put(classified_id, make_body()), crm.delete(classified_id), crm.get(classified_id)]
    calls += [crm.statuses(classified_id), crm.statuses(classified_id, "filter=latest")]
    assert {call.status for call in calls} == {404}
    assert len({str(call.problem) for call in calls}) == 1


def test_an_id_in_capitals_is_the_same_id() -> None:
    crm = Crm()
    first = crm.post(make_body())
    assert crm.put(first.json["classifiedId"].upper(), CHEAPER).json["classifiedId"] == first.json["classifiedId"]


def test_somebody_elses_classified_looks_unknown() -> None:
    crm = Crm()
    classified_id = crm.post(make_body()).json["classifiedId"]
    crm.customer = "agency-0043"
    theirs = [crm.get(classified_id), crm.put(classified_id, CHEAPER), crm.delete(classified_id)]
    theirs += [crm.statuses(classified_id)]
    unknown = crm.get(NOBODY)
    assert {answer.status for answer in theirs} == {404}
    assert {str(answer.problem) for answer in theirs} == {str(unknown.problem)}
    crm.customer = "agency-0042"
    assert crm.get(classified_id).json["revision"] == 1


def test_a_delete_repeated_is_acknowledged_without_a_new_revision() -> None:
    crm = Crm()
    classified_id = crm.post(make_body()).json["classifiedId"]
    first = crm.delete(classified_id)
    assert (first.status, first.json["revision"]) == (202, 2)
    assert crm.delete(classified_id).json == first.json
    crm.look(classified_id)
    assert crm.delete(classified_id).json == first.json


def test_a_deletion_that_a_portal_failed_is_asked_for_again_once() -> None:
    crm = Crm()
    classified_id = crm.post(make_body()).json["classifiedId"]
    crm.look(classified_id)
    crm.delete(classified_id)
    crm.look(classified_id)
    publication = crm.store.load_publication(classified_id, "aviv")
    failed = [
        replace(standing, word=Word.DELETING_FAILED, acted=standing.seen, ended=standing.seen)
        for standing in publication.standings.values()
    ]
    crm.store.save(Change(publication.with_standings(failed)))
    assert crm.delete(classified_id).json["revision"] == 3
    assert crm.delete(classified_id).json["revision"] == 3
    assert crm.statuses(classified_id).json["items"][0]["subStatus"] == "RECEIVED_DELETE"


def test_after_a_delete_only_the_statuses_stay_readable() -> None:
    crm = Crm()
    classified_id = crm.post(make_body()).json["classifiedId"]
    crm.delete(classified_id)
    assert crm.get(classified_id).status == 404
    assert crm.put(classified_id, CHEAPER).status == 404
    assert crm.list().json == {"items": []}
    assert crm.statuses(classified_id).status == 200


def test_seed_003s_spelling_of_the_postal_code_is_taken() -> None:
    crm = Crm()
    loose = change(change(make_body(), "/data/location", {"city": "Lyon"}), "/data/location/postalCode", "69003")
    classified_id = crm.post(loose).json["classifiedId"]
    assert crm.get(classified_id).json["data"]["location"] == {"city": "Lyon", "postalcode": "69003"}


def test_unknown_members_are_kept() -> None:
    crm = Crm()
    body = change(make_body(), "/data/prices/buy/price/fromTomorrow", [{"deep": None}]) | {"own": {"x": [1, "ü\0"]}}
    classified_id = crm.post(body).json["classifiedId"]
    assert body.items() <= crm.get(classified_id).json.items()


def test_the_trace_is_echoed_and_names_an_error() -> None:
    crm = Crm()
    assert crm.post(make_body(), traceparent=TRACEPARENT).headers["traceparent"] == TRACEPARENT
    assert crm.post([], traceparent=TRACEPARENT).problem["instance"] == TRACEPARENT


@pytest.mark.parametrize(
    "traceparent",
    [
        None,
        "",
        "x",
        TRACEPARENT.upper(),
        TRACEPARENT + "0",
        "ff" + TRACEPARENT[2:],
        "00-" + "0" * 32 + TRACEPARENT[35:],
    ],
)
def test_a_malformed_trace_is_ignored(traceparent: str | None) -> None:
    crm = Crm()
    answer = crm.post(make_body(), traceparent=traceparent)
    assert answer.status == 202
    assert "traceparent" not in answer.headers
    assert crm.post([], traceparent=traceparent).problem["instance"] == "KzYx1jQbDoEEJtw="
