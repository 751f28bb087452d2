"""A hundred wishes in one call, each judged as its single call (contracts/hub.md §2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from placard.domain import ids
from placard.domain.errors import StoreUnavailableError
from placard.domain.instants import SECOND
from tests.fakes import FakeClock, MemoryStore
from tests.unit.api.crm import Answer, Crm, change, make_body, read_event, remove

KEY = "/data/metaData/source/offererEstateId"


def put(key: str, price: int | None = None, **more: Any) -> dict[str, Any]:
    body = make_body(key=key)
    return {
        "op": "put",
        "classified": body if price is None else change(body, "/data/prices/buy/price/amount", price),
        **more,
    }


def delete(key: str) -> dict[str, Any]:
    return {"op": "delete", "offererEstateId": key}


def told(answer: Answer) -> list[tuple[int, int | None]]:
    """Status and revision of each verdict."""
    assert answer.status == 200
    return [(item["status"], item.get("ack", {}).get("revision")) for item in answer.json["items"]]


def test_what_is_unknown_is_made_and_what_is_known_is_replaced() -> None:
    crm = Crm()
    first = crm.post(make_body(key="a")).json
    answer = crm.batch(put("a", 1), put("b"), put("a", 1), delete("a"), delete("never"), put("a", 2))
    assert told(answer) == [(202, 2), (202, 1), (202, 2), (202, 3), (404, None), (202, 4)]
    replaced, made, *_ = (item["ack"] for item in answer.json["items"] if "ack" in item)
    assert replaced == first | {"revision": 2}
    assert crm.get(made["classifiedId"]).status == 200


def test_a_repeated_batch_changes_nothing() -> None:
    crm = Crm()
    crm.batch(put("a"), put("b"), put("c", 7), delete("a"))
    before = list(crm.store.records)
    assert told(crm.batch(delete("a"), put("b"), put("c", 7))) == [(202, 2), (202, 1), (202, 1)]
    assert crm.store.records == before


ITEMS = st.lists(
    st.one_of(
        st.builds(put, st.sampled_from("ab"), st.sampled_from([1, 2])),
        st.builds(delete, st.sampled_from("ab")),
        st.just({"op": "put", "classified": remove(make_body(), "/data")}),
    ),
    min_size=1,
    max_size=8,
)


def singly(crm: Crm, item: dict[str, Any]) -> Answer:
    """Do one item by single calls, as a CRM would that knows the ids of its classifieds."""
    key = item.get("offererEstateId") or item["classified"].get("data", {}).get("metaData", {}).get("source", {}).get(
        "offererEstateId"
    )
    classified_id = ids.classified_id(str(crm.customer), str(key))
    if item["op"] == "delete":
        return crm.delete(classified_id)
    replaced = crm.put(classified_id, item["classified"])
    return crm.post(item["classified"]) if replaced.status == 404 else replaced


@given(ITEMS)
@settings(max_examples=60)
def test_a_batch_is_its_single_calls_in_order(items: list[dict[str, Any]]) -> None:
    one, many = Crm(), Crm()
    one.connect()
    expected = []
    for item in items:
        answer = singly(one, item)
        expected.append((answer.status, answer.json.get("revision"), answer.json.get("errors")))
    many.connect()
    answer = many.batch(*items)
    found = [
        (item["status"], item.get("ack", {}).get("revision"), item.get("problem", {}).get("errors"))
        for item in answer.json["items"]
    ]
    assert found == expected


def test_a_problem_is_that_of_the_single_call() -> None:
    crm = Crm()
    wrong = change(make_body(key="a"), "/data/prices/buy/price/amount", -1)
    single = crm.post(wrong)
    (item,) = crm.batch({"op": "put", "classified": wrong}).json["items"]
    assert item == {"status": 400, "problem": single.problem}


@pytest.mark.parametrize(
    ("item", "fault"),
    [
        (None, ""),
        ([], ""),
        ({}, "/op"),
        ({"op": "PUT"}, "/op"),
        ({"op": ["put"]}, "/op"),
        ({"op": "put"}, "/classified"),
        ({"op": "put", "classified": None}, ""),
        (put("a", offererEstateId="b"), "/offererEstateId"),
        ({"op": "delete"}, "/offererEstateId"),
        ({"op": "delete", "offererEstateId": ""}, "/offererEstateId"),
        ({"op": "delete", "offererEstateId": "x" * 513}, "/offererEstateId"),
        ({"op": "delete", "offererEstateId": 7}, "/offererEstateId"),
        ({"op": "delete", "offererEstateId": "b", "classified": make_body(key="a")}, "/offererEstateId"),
    ],
)
def test_a_wrong_item_is_refused_and_holds_nobody_up(item: Any, fault: str) -> None:
    refused, taken = Crm().batch(item, put("other")).json["items"]
    assert (refused["status"], [one["name"] for one in refused["problem"]["errors"]]) == (400, [fault])
    assert taken["status"] == 202


def test_a_deletion_may_name_the_key_by_the_classified() -> None:
    crm = Crm()
    crm.batch(put("a"))
    assert told(crm.batch({"op": "delete", "classified": make_body(key="a")})) == [(202, 2)]


@pytest.mark.parametrize("body", [[], {}, {"items": {}}, {"items": []}, {"items": [{}] * 101}, {"items": None}])
def test_a_batch_of_the_wrong_shape_is_refused_whole(body: Any) -> None:
    crm = Crm()
    answer = crm.send(crm.event("publish_classified/batch.json", body, {}))
    assert (answer.status, len(answer.faults)) == (400, 1)


def test_a_batch_may_have_two_mebibytes() -> None:
    crm = Crm()
    filler = "x" * 250 * 1024
    large = [put(str(number)) for number in range(8)]
    for item in large:
        item["classified"]["own"] = filler
    assert told(crm.batch(*large)) == [(202, 1)] * 8
    large[0]["classified"]["own"] += "x" * 100 * 1024
    assert crm.batch(*large).status == 413
    assert told(crm.batch(*large[:2])) == [(413, None), (202, 1)]


def fail_after(crm: Crm, writes: int) -> None:
    """Let storage fail at the write after so many."""
    left = [writes]

    def interrupt(_keys: Any) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise StoreUnavailableError("down")

    crm.store.interrupt = interrupt


def test_what_is_done_stays_done_when_storage_fails(caplog: pytest.LogCaptureFixture) -> None:
    crm = Crm()
    crm.batch(put("known"))
    fail_after(crm, 2)
    items = [put("a"), put("known"), put("b"), put("c"), {"op": "put"}, put("known"), put("d")]
    answer = crm.batch(*items)
    assert [item["status"] for item in answer.json["items"]] == [202, 202, 202, 503, 400, 503, 503]
    (logged,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert (logged.__dict__["done"], logged.__dict__["left"]) == (3, 3)
    fail_after(crm, 100)
    assert told(crm.batch(*items)) == [(202, 1), (202, 1), (202, 1), (202, 1), (400, None), (202, 1), (202, 1)]


@pytest.mark.parametrize("items", [[put("a")], [{"op": "put"}, put("a"), put("b")]])
def test_a_batch_of_which_nothing_can_be_done_is_a_503(items: list[Any]) -> None:
    crm = Crm()
    fail_after(crm, 0)
    answer = crm.batch(*items)
    assert (answer.status, "retry-after" in answer.headers) == (503, True)


def test_a_slow_storage_leaves_the_rest_for_another_time() -> None:
    class Slow(MemoryStore):
        def write(self, revision: Any) -> Any:
            clock.advance(3 * SECOND)
            return super().write(revision)

    clock = FakeClock()
    crm = Crm(clock, store=Slow(clock))
    statuses = [item["status"] for item in crm.batch(*(put(str(number)) for number in range(9))).json["items"]]
    assert statuses == [202] * 4 + [503] * 5


def test_a_classified_made_meanwhile_is_replaced() -> None:
    crm = Crm()
    lose_to(crm, lambda: crm.post(make_body(key="a")))
    assert told(crm.batch(put("a", 1))) == [(202, 2)]


def lose_to(crm: Crm, another: Callable[[], Any]) -> None:
    """Let another writer be faster: just after the batched read."""
    load = crm.store.load_classifieds

    def load_then_lose(keys: Any) -> Any:
        found = load(keys)
        another()
        return found

    crm.store.load_classifieds = load_then_lose


def test_a_classified_deleted_meanwhile_is_made_again() -> None:
    crm = Crm()
    classified_id = crm.post(make_body(key="a")).json["classifiedId"]
    lose_to(crm, lambda: crm.delete(classified_id))
    assert told(crm.batch(put("a", 1))) == [(202, 3)]


def test_customers_do_not_meet() -> None:
    crm = Crm()
    crm.batch(put("a"))
    crm.customer = "agency-0043"
    assert told(crm.batch(delete("a"), put("a", 1))) == [(404, None), (202, 1)]


def test_the_trace_goes_with_every_revision() -> None:
    crm = Crm()
    trace = "00-0af7651916cd43dd8448eb211c80319c-b9c7c989f97918e1-01"
    acks = [item["ack"] for item in crm.batch(put("a"), put("b")).json["items"]]
    assert {crm.store.load(ack["classifiedId"])[0].traceparent for ack in acks} == {trace}


def test_the_sample_event_is_answered() -> None:
    answer = Crm().send(read_event("publish_classified/batch.json"))
    assert told(answer) == [(202, 1), (404, None)]
