"""All of a customer's entries in order, for a CRM that would rather poll (contracts/hub.md §2, `GET /statuses`)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from placard.domain import ids
from placard.domain.events import Source
from placard.domain.instants import DAY, SECOND, to_text
from placard.domain.lifecycle import Outcome, Word
from placard.domain.publication import Entry, Publication
from placard.ports import Change
from placard.use_cases.list_changes import list_changes
from tests.fakes import FakeClock, MemoryStore
from tests.unit.api.crm import Crm, make_body, read_event

THREE = ["SL", "BD", "IMOVIRTUAL"]


def published(crm: Crm, count: int) -> None:
    for number in range(count):
        crm.look(crm.post(make_body(key=f"estate-{number}", portals=THREE)).json["classifiedId"])
        crm.clock.advance(SECOND)


def follow(crm: Crm, query: str) -> list[dict[str, Any]]:
    """Ask until a page is empty."""
    found: list[dict[str, Any]] = []
    since = ""
    for _ in range(200):
        answer = crm.changes(query + since)
        assert answer.status == 200
        assert answer.json.keys() == {"items", "cursor"}
        if not answer.json["items"]:
            return found
        found += answer.json["items"]
        since = f"&since={answer.json['cursor']}"
    raise AssertionError("the pages never end")


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 250])
def test_pages_lose_and_repeat_nothing_and_are_in_order(limit: int) -> None:
    crm = Crm()
    published(crm, 6)
    crm.clock.advance(30 * SECOND)
    found = follow(crm, f"limit={limit}")
    assert len({entry["statusId"] for entry in found}) == len(found) == 12
    assert [entry["creationDate"] for entry in found] == sorted(entry["creationDate"] for entry in found)
    assert found == follow(crm, "limit=250")


def test_only_what_is_older_than_thirty_seconds_is_told() -> None:
    crm = Crm()
    published(crm, 1)
    crm.clock.advance(30 * SECOND - SECOND - 1)
    empty = crm.changes().json
    assert empty["items"] == []
    crm.clock.advance(1)
    assert len(crm.changes(f"since={empty['cursor']}").json["items"]) == 2


def test_an_empty_page_keeps_the_place() -> None:
    crm = Crm()
    first = crm.changes().json
    assert first == crm.changes(f"since={first['cursor']}").json
    published(crm, 1)
    crm.clock.advance(31 * SECOND)
    told = crm.changes(f"since={first['cursor']}").json
    again = crm.changes(f"since={told['cursor']}").json
    assert again == {"items": [], "cursor": told["cursor"]}


def test_a_page_ends_at_four_megabytes() -> None:
    crm = Crm()
    for number in range(20):
        keep(crm.store, entry(f"estate-{number}", crm.clock.now() - DAY + number, message="x" * 300_000))
    first = crm.changes().json
    assert 10 < len(first["items"]) < 20
    assert len(follow(crm, "limit=250")) == 20


def test_expired_entries_are_left_out() -> None:
    crm = Crm()
    published(crm, 2)
    crm.clock.advance(400 * DAY - SECOND)
    assert len(follow(crm, "limit=1")) == 2
    crm.clock.advance(10 * DAY)
    assert follow(crm, "limit=1") == []


def test_customers_do_not_meet() -> None:
    crm = Crm()
    published(crm, 1)
    crm.clock.advance(31 * SECOND)
    cursor = crm.changes().json["cursor"]
    crm.customer = "agency-0043"
    assert crm.changes().json["items"] == []
    assert crm.changes(f"since={cursor}").faults == {"since"}


@pytest.mark.parametrize("since", ["", "x", "e30", "%00", "W10", "x" * 5000, "AAAA%FF"])
def test_a_malformed_cursor_is_named(since: str) -> None:
    assert Crm().changes(f"since={since}").faults == {"since"}


def test_a_page_token_of_another_list_is_no_cursor() -> None:
    crm = Crm()
    published(crm, 2)
    token = crm.list("limit=1").json["nextToken"]
    assert crm.changes(f"since={token}").faults == {"since"}


@pytest.mark.parametrize("query", ["limit=0", "limit=251", "limit=x", "limit=1&limit=2"])
def test_a_malformed_limit_is_named(query: str) -> None:
    assert Crm().changes(query).faults == {"limit"}


def test_the_sample_event_is_answered() -> None:
    assert Crm().send(read_event("query_status/changes.json")).json["items"] == []


def entry(estate: str, creation: int, message: str = "Created on the portal") -> Entry:
    classified_id = ids.classified_id("agency-0042", estate)
    return Entry(
        status_id=ids.status_id(classified_id, "aviv", to_text(creation)),
        classified_id=classified_id,
        customer="agency-0042",
        channel="aviv",
        creation_date=creation,
        revision=1,
        portals=("SL",),
        status=Word.CREATED,
        message=message,
        status_date=creation,
        outcome=Outcome.APPLIED,
        source=Source.ANSWER,
    )


def keep(store: MemoryStore, *entries: Entry) -> None:
    for one in entries:
        known = store.load_publication(one.classified_id, one.channel)
        store.save(Change(known or Publication(one.classified_id, one.channel, one.customer), (one,)))


# What happens between two readings: entries of some classifieds, each created up to 29.999 s before the index shows it,
# many of them within the same millisecond; then time passes.
STEPS = st.lists(
    st.tuples(
        st.lists(st.tuples(st.integers(0, 5), st.sampled_from([0, 0, 1, 2, 29_999])), max_size=6),
        st.sampled_from([0, 1, 2, 500, 29_999, 30_000, 60_000]),
        st.integers(1, 4),
    ),
    max_size=25,
)


@given(STEPS)
@settings(max_examples=300)
def test_a_reader_misses_nothing_and_meets_nothing_twice(
    steps: list[tuple[list[tuple[int, int]], int, int]],
) -> None:
    clock = FakeClock()
    store = MemoryStore(clock)
    stored: set[str] = set()
    told: list[str] = []
    cursor = None
    for late, passed, limit in steps:
        for estate, lag in late:
            new = entry(f"estate-{estate}", clock.now() - lag)
            if new.status_id not in stored:
                stored.add(new.status_id)
                keep(store, new)
        clock.advance(passed)
        page = list_changes(store, clock, "agency-0042", limit, cursor)
        assert len(page.items) <= limit
        told += [item["statusId"] for item in page.items]
        cursor = page.cursor
    clock.advance(60 * SECOND)
    while page := list_changes(store, clock, "agency-0042", 3, cursor):
        if not page.items:
            break
        told += [item["statusId"] for item in page.items]
        cursor = page.cursor
    assert len(told) == len(stored)
    assert set(told) == stored
