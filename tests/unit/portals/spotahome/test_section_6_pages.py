"""Contract §6: the traps of the pages."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from placard.portals.spotahome.hal import HalPage, is_last, read_page
from tests.fakes import FakeClock
from tests.unit.portals.scene import CUSTOMER, Portal, read_contract
from tests.unit.portals.spotahome.stage import make_poller, page_of, process

RELATION = "sah:listing-processes"


def sheet_of(said: Any) -> Any:
    return make_poller(Portal(httpx.Response(200, json=said)), FakeClock()).page(CUSTOMER, 1)


@pytest.mark.parametrize("number", [1, 2])
def test_the_pages_of_the_contract_are_read(number: int) -> None:
    said = read_contract(f"spotahome/listing_processes_page{number}.json")
    sheet = sheet_of(said)
    assert [row.process_id for row in sheet.rows] == [item["id"] for item in said["_embedded"][RELATION]]
    assert sheet.last == 2


def test_links_are_never_followed_because_they_lose_the_filters() -> None:
    said = read_contract("spotahome/listing_processes_page1.json")
    portal = Portal(httpx.Response(200, json=said))
    for page in (1, 2):
        make_poller(portal, FakeClock()).page(CUSTOMER, page, "waitingContent")
    assert [dict(request.url.params) for request in portal.requests] == [
        {"state": "waitingContent", "page": str(page), "itemsPerPage": "100"} for page in (1, 2)
    ]


@pytest.mark.parametrize(
    ("page", "number", "last"),
    [
        (HalPage(({},), 2), 1, False),
        (HalPage(({},), 2), 2, True),
        (HalPage((), 2), 1, True),
        (HalPage(({},), None), 9, False),
        (HalPage((), None), 9, True),
    ],
)
def test_a_list_ends_with_the_page_in_last_or_an_empty_one(page: HalPage, number: int, last: bool) -> None:
    assert is_last(page, number) is last


def test_next_and_previous_end_nothing() -> None:
    said = read_contract("spotahome/listing_processes_page1.json")
    for links in ({"next": {"href": "/listing-processes?page=1"}}, {"previous": {"href": "/listing-processes?page=2"}}):
        changed = {**said, "_links": {**said["_links"], **links}}
        page = read_page(changed, RELATION)
        assert not is_last(page, 1)
    without = {**said, "_links": {name: link for name, link in said["_links"].items() if name != "next"}}
    assert not is_last(read_page(without, RELATION), 1)


def test_counts_that_disagree_are_logged_and_never_fail(caplog: pytest.LogCaptureFixture) -> None:
    said = {**read_contract("spotahome/listing_processes_by_id.json"), "count": 2, "total": 2}
    assert len(sheet_of(said).rows) == 1
    assert [record.levelname for record in caplog.records if "counts otherwise" in record.message] == ["WARNING"]


@pytest.mark.parametrize("said", [{}, {"_embedded": {}}, {"_embedded": None}, {"_embedded": {RELATION: None}}])
def test_embedded_may_be_missing(said: Any) -> None:
    sheet = sheet_of({"count": 0, "total": 0, **said})
    assert (sheet.rows, sheet.last) == ((), None)


@pytest.mark.parametrize("href", [None, 7, "/x", "/x?page=", "/x?page=two", "/x?page=-1", "//[", "/x?page=99999999999"])
def test_a_last_that_cannot_be_read_is_none(href: Any) -> None:
    assert read_page({"_links": {"last": {"href": href}}}, RELATION).last is None


def test_a_short_list_is_read_over_its_pages() -> None:
    """The search and the process of a property: page 1 says that there are two."""
    portal = Portal(page_of(process("cancelled", 1), last=2), page_of(process("waitingContent", 2), last=2))
    poller = make_poller(portal, FakeClock())
    found = [row for page in (1, 2) for row in poller.page(CUSTOMER, page).rows]
    assert [row.process_id for row in found] == [1, 2]
