"""Reading classifieds and their timelines (contracts/hub.md §2)."""

from __future__ import annotations

from typing import Any

import pytest

from placard.domain.instants import to_text
from placard.domain.look import see
from placard.ports import Change
from tests.unit.api.crm import Crm, change, make_body, read_event

THREE = ["SL", "BD", "IMOVIRTUAL"]


def pages(crm: Crm, read: Any, query: str) -> list[dict[str, Any]]:
    """Follow the tokens to the end."""
    found, token = [], ""
    for _ in range(500):
        answer = read(f"{query}{token}")
        assert answer.status == 200
        found += answer.json["items"]
        if "nextToken" not in answer.json:
            return found
        token = f"&nextToken={answer.json['nextToken']}"
    raise AssertionError("the pages never end")


def edited(crm: Crm, classified_id: str, times: int, *, looked: bool = True) -> None:
    """Change a price again and again, a second apart; each revision is looked at."""
    for number in range(times):
        crm.clock.advance(1000)
        assert crm.put(classified_id, change(make_body(portals=THREE), "/data/prices/buy/price/amount", number)).json
        if looked:
            crm.look(classified_id)


def test_a_classified_is_its_body_with_its_id_revision_and_latest_entries() -> None:
    crm = Crm()
    classified_id = crm.post(make_body()).json["classifiedId"]
    answer = crm.get(classified_id)
    assert (answer.status, answer.headers["etag"]) == (200, '"1"')
    latest = answer.json.pop("latest")
    assert answer.json == make_body() | {"classifiedId": classified_id, "revision": 1}
    assert [(entry["status"], entry["portals"]) for entry in latest] == [("RECEIVED", ["SL"])]


@pytest.mark.parametrize("query", ["", "filter=latest"])
def test_a_revision_shows_as_received_before_anybody_looked(query: str) -> None:
    crm = Crm()
    classified_id = crm.post(make_body(portals=THREE)).json["classifiedId"]
    accepted = to_text(crm.clock.now())
    crm.clock.advance(5000)
    items = crm.statuses(classified_id, query).json["items"]
    assert sorted(entry["channel"] for entry in items) == ["aviv", "imovirtual"]
    assert {entry["creationDate"] for entry in items} == {accepted}
    assert {(entry["status"], entry["subStatus"], entry["revision"]) for entry in items} == {
        ("RECEIVED", "RECEIVED_POST", 1)
    }


def test_the_received_entry_keeps_its_id_once_it_is_stored() -> None:
    crm = Crm()
    classified_id = crm.post(make_body(portals=THREE)).json["classifiedId"]
    before = {entry["statusId"] for entry in crm.statuses(classified_id).json["items"]}
    crm.look(classified_id)
    assert {entry["statusId"] for entry in crm.statuses(classified_id).json["items"]} == before


def test_portals_taken_off_show_as_received_too() -> None:
    crm = Crm()
    classified_id = crm.post(make_body(portals=THREE)).json["classifiedId"]
    crm.look(classified_id)
    crm.put(classified_id, make_body(portals=["SL"]))
    newest = [entry for entry in crm.statuses(classified_id).json["items"] if entry["revision"] == 2]
    assert sorted(portal for entry in newest for portal in entry["portals"]) == sorted(THREE)
    assert {entry["subStatus"] for entry in newest} == {"RECEIVED_PUT"}


@pytest.mark.parametrize("looked", [True, False])
def test_a_deletion_shows_as_received_for_every_portal(*, looked: bool) -> None:
    crm = Crm()
    classified_id = crm.post(make_body(portals=THREE)).json["classifiedId"]
    if looked:
        crm.look(classified_id)
    crm.delete(classified_id)
    latest = crm.statuses(classified_id, "filter=latest").json["items"]
    assert sorted(portal for entry in latest for portal in entry["portals"]) == sorted(THREE)
    assert {(entry["subStatus"], entry["revision"]) for entry in latest} == {("RECEIVED_DELETE", 2)}


def test_latest_is_one_entry_per_portal_cut_to_those_it_is_newest_for() -> None:
    crm = Crm()
    classified_id = crm.post(make_body(portals=["SL", "BD"])).json["classifiedId"]
    crm.look(classified_id)
    crm.put(classified_id, make_body(portals=THREE))
    crm.look(classified_id)
    latest = crm.statuses(classified_id, "filter=latest").json["items"]
    portals = [portal for entry in latest for portal in entry["portals"]]
    assert sorted(portals) == sorted(THREE)
    assert crm.get(classified_id).json["latest"] == latest


def test_the_timeline_is_newest_first() -> None:
    crm = Crm()
    classified_id = crm.post(make_body(portals=THREE)).json["classifiedId"]
    crm.look(classified_id)
    edited(crm, classified_id, 5)
    crm.put(classified_id, make_body(portals=THREE))
    dates = [entry["creationDate"] for entry in crm.statuses(classified_id).json["items"]]
    assert dates == sorted(dates, reverse=True)
    assert len(dates) > 12


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 250])
@pytest.mark.parametrize("wanted", ["", "&portal=IMOVIRTUAL", "&status=RECEIVED&portal=SL&portal=BD", "&filter=latest"])
@pytest.mark.parametrize("looked", [True, False])
def test_pages_lose_and_repeat_nothing(limit: int, wanted: str, *, looked: bool) -> None:
    crm = Crm()
    classified_id = crm.post(make_body(portals=THREE)).json["classifiedId"]
    crm.look(classified_id)
    edited(crm, classified_id, 4)
    edited(crm, classified_id, 1, looked=looked)

    def read(query: str) -> Any:
        answer = crm.statuses(classified_id, query)
        assert len(answer.json["items"]) <= limit
        return answer

    whole = crm.statuses(classified_id, wanted[1:]).json["items"]
    assert pages(crm, read, f"limit={limit}{wanted}") == whole
    assert len({entry["statusId"] for entry in whole}) == len(whole) > 0


def test_a_page_goes_on_where_it_ended_though_the_timeline_grew() -> None:
    crm = Crm()
    classified_id = crm.post(make_body(portals=THREE)).json["classifiedId"]
    crm.look(classified_id)
    edited(crm, classified_id, 3)
    whole = crm.statuses(classified_id).json["items"]
    first = crm.statuses(classified_id, "limit=3").json
    edited(crm, classified_id, 2)
    rest = crm.statuses(classified_id, f"limit=250&nextToken={first['nextToken']}").json["items"]
    assert first["items"] + rest == whole


def test_filters_leave_out_the_rest() -> None:
    crm = Crm()
    classified_id = crm.post(make_body(portals=THREE)).json["classifiedId"]
    assert [e["channel"] for e in crm.statuses(classified_id, "portal=BD").json["items"]] == ["aviv"]
    assert crm.statuses(classified_id, "status=CREATED&status=DELETED").json == {"items": []}
    assert crm.statuses(classified_id, "portal=OTODOM").json == {"items": []}
    assert len(crm.statuses(classified_id, "portal=BD&portal=IMOVIRTUAL").json["items"]) == 2


def test_a_token_belongs_to_one_timeline() -> None:
    crm = Crm()
    one = crm.post(make_body(portals=THREE)).json["classifiedId"]
    other = crm.post(make_body(portals=THREE, key="other")).json["classifiedId"]
    token = crm.statuses(one, "limit=1").json["nextToken"]
    assert crm.statuses(other, f"nextToken={token}").faults == {"nextToken"}
    assert crm.list(f"nextToken={token}").faults == {"nextToken"}


def test_the_list_is_newest_change_first_and_pages_to_its_end() -> None:
    crm = Crm()
    ids = []
    for number in range(7):
        crm.clock.advance(1000)
        ids.append(crm.post(make_body(key=f"estate-{number}")).json["classifiedId"])
    crm.clock.advance(1000)
    crm.put(ids[2], change(make_body(key="estate-2"), "/data/prices/buy/price/amount", 1))
    crm.delete(ids[5])
    expected = [ids[number] for number in (2, 6, 4, 3, 1, 0)]
    assert [item["classifiedId"] for item in crm.list().json["items"]] == expected
    for limit in (1, 2, 3, 6, 7):
        assert [item["classifiedId"] for item in pages(crm, crm.list, f"limit={limit}")] == expected


def test_the_list_ends_exactly_with_its_last_row() -> None:
    crm = Crm()
    for number in range(4):
        crm.post(make_body(key=f"estate-{number}"))
    assert "nextToken" not in crm.list("limit=4").json
    assert "nextToken" in crm.list("limit=3").json


def test_the_list_holds_only_the_customers_own() -> None:
    crm = Crm()
    crm.post(make_body())
    crm.customer = "agency-0043"
    assert crm.list().json == {"items": []}
    assert crm.list("offererEstateId=ag12-000331").json == {"items": []}


def test_a_classified_is_found_by_the_crms_own_key() -> None:
    crm = Crm()
    crm.post(make_body(key="other"))
    classified_id = crm.post(make_body(key="ü&%/1")).json["classifiedId"]
    items = crm.list("offererEstateId=%C3%BC%26%25%2F1").json["items"]
    assert items == [make_body(key="ü&%/1") | {"classifiedId": classified_id, "revision": 1}]
    assert crm.list("offererEstateId=unknown").json == {"items": []}
    crm.delete(classified_id)
    assert crm.list("offererEstateId=%C3%BC%26%25%2F1").json == {"items": []}


def test_a_page_ends_at_four_megabytes() -> None:
    crm = Crm()
    filler = "x" * 200_000
    for number in range(40):
        crm.clock.advance(1)
        assert crm.post(make_body(key=f"estate-{number}") | {"own": filler}).status == 202
    first = crm.list("limit=40").json
    assert 10 < len(first["items"]) < 40
    assert sum(len(str(item).encode()) for item in first["items"]) < 4_100_000
    assert len(pages(crm, crm.list, "limit=40")) == 40


def test_a_superseded_revision_is_not_shown_before_it_is_stored() -> None:
    """Its entry's id depends on the moment of the look, so it could not be shown twice alike."""
    crm = Crm()
    classified_id = crm.post(make_body()).json["classifiedId"]
    crm.look(classified_id)
    crm.put(classified_id, make_body(portals=["SL", "BD"]))
    assert {entry["outcome"] for entry in crm.statuses(classified_id).json["items"]} == {"applied"}


def test_a_look_between_the_two_reads_shows_an_entry_once() -> None:
    crm = Crm()
    classified_id = crm.post(make_body()).json["classifiedId"]
    crm.clock.advance(1000)
    read_timeline = crm.store.list_entries

    def look_first(*arguments: Any) -> Any:
        classified, publications = stored
        seen, entries = see(publications[0], classified, crm.clock.now())
        crm.store.save(Change(seen, entries))
        return read_timeline(*arguments)

    crm.look(classified_id)
    crm.put(classified_id, make_body(portals=["SL", "BD"]))
    stored = crm.store.load(classified_id)
    crm.store.list_entries = look_first
    items = crm.statuses(classified_id).json["items"]
    ids = [entry["statusId"] for entry in items]
    assert len(set(ids)) == len(ids)
    assert items[0]["revision"] == 2


@pytest.mark.parametrize("name", ["list", "list_by_key", "get", "statuses", "statuses_latest"])
def test_the_sample_events_are_answered(name: str) -> None:
    crm = Crm()
    crm.post(make_body())
    assert crm.send(read_event(f"query_status/{name}.json")).status == (200 if name.startswith("list") else 404)


@pytest.mark.parametrize(("name", "status"), [("post", 202), ("post_invalid", 400), ("put", 404), ("delete", 404)])
def test_the_sample_events_of_writing_are_answered(name: str, status: int) -> None:
    assert Crm().send(read_event(f"publish_classified/{name}.json")).status == status
