"""How an advert stands at OLX, from its meta; and finding one by our own id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import httpx
import pytest

from placard.domain.events import AdvertState, End, Operation, Verdict
from placard.domain.instants import from_text
from placard.ports import Question
from tests.fakes import FakeClock
from tests.unit.portals.olx.stage import make_body, make_publisher
from tests.unit.portals.scene import (
    Portal,
    answer_of,
    make_classified,
    make_publication,
    make_running,
    read_contract,
)

UUID = "0a8c58ee-6717-4e89-b52b-8ec82ece9987"
META = read_contract("olx/response_meta_200.json")["body"]["data"]


def error(status: int, body: Any = None, **headers: str) -> httpx.Response:
    return httpx.Response(status, json={} if body is None else body, headers=headers)


def read(answer: httpx.Response, **publication: Any) -> Any:
    shown = make_publication("imovirtual", "IMOVIRTUAL", **publication)
    question = Question(
        shown,
        make_classified(make_body()),
        make_publisher(Portal(answer), FakeClock()).render(make_classified(make_body()), "imovirtual"),
    )
    portal = Portal(answer)
    events = make_publisher(portal, FakeClock(from_text("2026-06-01T00:00:00Z"))).read(question)
    assert portal.paths == ["GET /advert/v1/r-1/meta"]
    return events[0]


def meta(**changes: Any) -> httpx.Response:
    return httpx.Response(200, json={"data": {**META, **changes}})


def test_the_meta_tells_the_end_and_the_advert() -> None:
    event = read(answer_of("olx/response_meta_200.json"))
    assert event.end == End(Verdict.SUCCEEDED, Operation.POST, at=from_text("2026-03-02T09:15:31.204Z"))
    assert (event.advert.state, event.advert.code) == (AdvertState.LIVE, "active")
    assert event.at == from_text("2026-03-02T09:15:31.204Z")


def test_zone_less_dates_of_the_meta_are_the_sites_own() -> None:
    """9:15 on the first of April is summer time in Lisbon; the notifications say 8:15 UTC."""
    assert read(answer_of("olx/response_meta_200.json")).advert.expires_at == from_text("2026-04-01T08:15:30Z")


def test_a_meta_no_newer_than_what_is_known_carries_no_time() -> None:
    """It shows the present all the same, and decides between events that tie."""
    known = from_text("2026-03-09T00:00:00Z")
    event = read(answer_of("olx/response_meta_200.json"), advert_at=known)
    assert event.at is None
    assert event.end is not None
    assert event.end.at == from_text("2026-03-02T09:15:31.204Z"), "which operation ended is another question"


@pytest.mark.parametrize(
    ("action", "state", "advert", "ends"),
    [
        ("TO_POST", None, AdvertState.PENDING, False),
        ("TO_PUT", None, None, False),
        ("TO_DELETE", {"code": "active"}, AdvertState.LIVE, False),
        ("NOT_POSTED", None, AdvertState.ABSENT, True),
        ("DELETED", {"code": "removed_by_user", "visible_in_profile": "false"}, AdvertState.WITHDRAWN, True),
        ("DEACTIVATED", {"code": "removed_by_user", "visible_in_profile": "true"}, AdvertState.PAUSED, True),
        ("PUT", {"code": "blocked"}, AdvertState.BLOCKED, True),
    ],
)
def test_the_last_action_is_an_end_unless_it_is_in_flight(
    action: str, state: Any, advert: AdvertState | None, ends: bool
) -> None:
    event = read(meta(last_action_status=action, state=state))
    assert (event.end is not None) is ends
    assert event.removing is (action == "TO_DELETE")
    assert (None if event.advert is None else event.advert.state) is advert


def test_a_refused_action_tells_its_error() -> None:
    refused = read_contract("olx/response_meta_list_200.json")["body"]["data"][1]
    event = read(httpx.Response(200, json={"data": refused}))
    assert event.end == End(Verdict.FAILED, Operation.POST, at=from_text(refused["last_action_at"]))
    assert [(problem.code, problem.field) for problem in event.problems] == [
        ("invalid_field", "/data/spaces/residential/livingSpace")
    ]


def test_a_meta_that_is_not_there_is_an_absent_advert() -> None:
    event = read(error(404, {"message": "Resource not found"}))
    assert event.advert.state is AdvertState.ABSENT
    assert event.end is None


def test_a_meta_that_is_not_there_ends_a_deletion() -> None:
    event = read(error(404, {"message": "x"}), running=make_running(Operation.DELETE, "IMOVIRTUAL"))
    assert event.end.verdict is Verdict.SUCCEEDED


# --- searching -------------------------------------------------------------------------------------------------------


def search(*pages: list[dict[str, Any]]) -> tuple[str, ...]:
    portal = Portal(*(httpx.Response(200, json={"data": page}) for page in pages))
    return make_publisher(portal, FakeClock()).search(make_classified(make_body()), "imovirtual")


def item(
    uuid: str, own_id: str = "c-1-sale", action: str = "POSTED", state: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    return {"uuid": uuid, "custom_fields": {"id": own_id}, "last_action_status": action, "state": state}


def test_an_advert_is_found_by_our_own_id() -> None:
    assert search([item("a", "other"), item("b")]) == ("b",)


def test_an_advert_on_a_later_page_is_found() -> None:
    assert search([item(f"x{number}", "other") for number in range(100)], [item("b")]) == ("b",)


@pytest.mark.parametrize(("visible", "found"), [("false", ("b",)), ("true", ("a",))])
def test_an_advert_that_could_not_be_deleted_twice_is_gone(visible: str, found: tuple[str, ...]) -> None:
    """Of two with our own id the one that stands is found, though the other was touched later; a pause stands."""
    removed = item("a", action="NOT_DELETED", state={"code": "removed_by_user", "visible_in_profile": visible})
    times = "2026-01-01T12:17:33.000Z", "2026-01-01T12:16:59.000Z"
    pair = [one | {"last_action_at": at} for one, at in zip((removed, item("b")), times, strict=True)]
    assert search(pair) == found


@pytest.mark.parametrize(
    "pages",
    [[[]], [[item("a", "c-1-rent")]], [[item("a", action="DELETED")]], [[item(f"x{n}", "o") for n in range(100)]]],
)
def test_what_is_not_listed_is_not_found(pages: list[list[dict[str, Any]]]) -> None:
    """The last one is a portal that ignores the page asked for: the same page again ends the search."""
    assert search(*pages) == ()


def test_the_list_is_asked_for_as_the_contract_shows_it() -> None:
    wanted, portal = (
        read_contract("olx/request_advert_list_meta.json"),
        Portal(answer_of("olx/response_meta_list_200.json")),
    )
    assert make_publisher(portal, FakeClock()).search(make_classified(make_body()), "imovirtual") == ()
    assert portal.requests[0].method == wanted["method"]
    assert str(portal.requests[0].url).partition("?")[0] == wanted["url"]


def test_the_meta_is_asked_for_as_the_contract_shows_it() -> None:
    wanted, portal = read_contract("olx/request_advert_get_meta.json"), Portal(answer_of("olx/response_meta_200.json"))
    publisher, classified = make_publisher(portal, FakeClock()), make_classified(make_body())
    publication = replace(make_publication("imovirtual", "IMOVIRTUAL"), remote_id=UUID)
    publisher.read(Question(publication, classified, publisher.render(classified, "imovirtual")))
    assert str(portal.requests[0].url) == wanted["url"]
