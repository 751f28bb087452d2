"""What the portals list of a customer's adverts, page by page."""

from __future__ import annotations

import httpx
import pytest

from placard.domain.errors import PortalRejectedError
from placard.domain.events import AdvertState
from placard.domain.listing_process import Facts, ListingProcess
from placard.ports import ListedAdvert, ListedPage, Lister
from placard.use_cases.compare_portals import CopyLister
from tests.fakes import FakeClock, MemoryProcesses, MemoryStore
from tests.unit.portals.aviv import stage as aviv
from tests.unit.portals.olx import stage as olx
from tests.unit.portals.scene import CUSTOMER, Portal, answer_of, read_contract

META = read_contract("olx/response_meta_200.json")["body"]["data"]


def read_all(lister: Lister, channel: str) -> list[ListedAdvert]:
    found: list[ListedAdvert] = []
    page = lister.list_adverts(CUSTOMER, channel, None)
    while True:
        found += page.adverts
        if page.after is None:
            return found
        page = lister.list_adverts(CUSTOMER, channel, page.after)


def metas(first: int, count: int) -> httpx.Response:
    return httpx.Response(200, json={"data": [{**META, "uuid": f"uuid-{first + n:03d}"} for n in range(count)]})


def test_olx_lists_every_advert_with_its_state() -> None:
    portal = Portal(answer_of("olx/response_meta_list_200.json"))
    found = read_all(olx.make_publisher(portal, FakeClock()), "imovirtual")
    listed = read_contract("olx/response_meta_list_200.json")["body"]["data"]
    assert [one.remote_id for one in found] == [item["uuid"] for item in listed]
    assert {one.advert.state for one in found if one.advert} <= set(AdvertState)


@pytest.mark.parametrize("last", [metas(100, 7), metas(0, 0), metas(0, 100)], ids=["short", "empty", "the same again"])
def test_a_list_of_olx_ends_at_what_is_short_empty_or_known(last: httpx.Response) -> None:
    portal = Portal(metas(0, 100), last)
    found = read_all(olx.make_publisher(portal, FakeClock()), "imovirtual")
    assert len({one.remote_id for one in found}) in (100, 107)
    assert [request.url.params["page"] for request in portal.requests] == ["1", "2"]


def test_olx_lists_one_account_after_the_other() -> None:
    clock = FakeClock()
    vault = olx.make_vault(clock)
    vault.write(f"olx/accounts/{CUSTOMER}/imovirtual", {"second": {}, "main": {}}, 1)
    pair = {"access_token": "second", "expires_at": clock.now() + 3_600_000}
    vault.write(f"olx/token/{CUSTOMER}/imovirtual/second", pair, 0)
    portal = Portal(metas(0, 2), metas(50, 1))
    found = read_all(olx.make_publisher(portal, clock, vault), "imovirtual")
    assert [one.remote_id for one in found] == ["uuid-000", "uuid-001", "uuid-050"]
    tokens = [request.headers["Authorization"] for request in portal.requests]
    assert tokens == ["Bearer hub-demo-access-token", "Bearer second"]


def test_aviv_lists_that_classifieds_are_there() -> None:
    pages = [
        httpx.Response(200, json={"items": [{"classifiedId": "one"}, {"odd": 1}], "nextToken": "more"}),
        httpx.Response(200, json={"items": [{"classifiedId": "two"}]}),
    ]
    portal = Portal(*pages)
    found = read_all(aviv.make_publisher(portal, FakeClock()), "aviv")
    assert found == [ListedAdvert("one"), ListedAdvert("two")]
    assert [request.url.params.get("nextToken") for request in portal.requests] == [None, "more"]


def test_a_list_that_is_refused_is_no_empty_list() -> None:
    with pytest.raises(PortalRejectedError):
        read_all(aviv.make_publisher(Portal(aviv.problem("404")), FakeClock()), "aviv")


def test_a_copy_lists_the_newest_process_of_each_property() -> None:
    store = MemoryStore(FakeClock())
    processes = MemoryProcesses(store)
    for number, property_id, state, published in (
        (1, "p-1", "propertyVerified", True),
        (2, "p-2", "cancelled", None),
        (3, "p-3", "waitingContent", None),
        (4, "p-4", "propertyVerified", True),
        (5, "p-4", "cancelled", None),
        (6, "p-6", "propertyVerified", False),
    ):
        facts = Facts(state, None, None, property_id, None, published)
        processes.save(ListingProcess(CUSTOMER, number, facts))
    page: ListedPage = CopyLister(processes).list_adverts(CUSTOMER, "spotahome", None)
    states = [(one.remote_id, one.advert and one.advert.state) for one in page.adverts]
    assert states == [("p-1", AdvertState.LIVE), ("p-3", None), ("p-6", AdvertState.UNKNOWN)]
