"""How a classified stands at AVIV: every status of the contract, and the one look at what is shown."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from placard.domain.apply import apply
from placard.domain.decide import Decision, decide
from placard.domain.events import Advert, AdvertState, End, Operation, PortalEvent, Verdict
from placard.domain.instants import MINUTE, from_text
from placard.domain.lifecycle import Family, Word
from placard.domain.policy import Rendering
from placard.domain.publication import Standing
from placard.portals.aviv.manifest import POLICY
from placard.portals.aviv.statuses import read_statuses
from placard.portals.aviv.words import WORDS, read_status
from placard.ports import Question
from tests.fakes import FakeClock
from tests.unit.portals.aviv.stage import RESALE, make_publisher, problem
from tests.unit.portals.scene import (
    Portal,
    list_contracts,
    make_classified,
    make_publication,
    make_running,
    read_contract,
)

NOW = 1_900_000_000_000
SUCCEEDED, FAILED = Verdict.SUCCEEDED, Verdict.FAILED
# word: verdict, removal, state, problem.
MEANINGS: dict[str, tuple[Any, Any, Any, Any]] = {
    "receiving_failed": (FAILED, None, None, "portal_unavailable"),
    "receiving_failed_put": (FAILED, None, None, "portal_unavailable"),
    "receiving_failed_delete": (FAILED, True, None, "portal_unavailable"),
    "created": (SUCCEEDED, False, AdvertState.LIVE, None),
    "created_with_media_error": (SUCCEEDED, False, AdvertState.LIVE, None),
    "creating_failed": (FAILED, False, AdvertState.ABSENT, "rejected_by_portal"),
    "updated": (SUCCEEDED, False, AdvertState.LIVE, None),
    "updated_with_media_error": (SUCCEEDED, False, AdvertState.LIVE, None),
    "updating_failed": (FAILED, False, None, "rejected_by_portal"),
    "deleted": (SUCCEEDED, True, AdvertState.WITHDRAWN, None),
    "deleting_failed": (FAILED, True, None, "rejected_by_portal"),
}
INTAKE = ["receiving", "receiving_put", "receiving_delete", "received", "received_put", "received_delete"]
RUNNING = ["creating", "updating", "deleting"]


def status(name: str, **changes: Any) -> PortalEvent:
    return read_status({**read_sample(name), "revision": 3, **changes}, "r-1", NOW)


def read_sample(name: str) -> dict[str, Any]:
    """Return the callback of a status. The contract shows the second media error in its list of statuses alone."""
    if name == "updated_with_media_error":
        return dict(read_contract("aviv/statuses_latest.json")["items"][0])
    return dict(read_contract(f"aviv/callback_{name}.json"))


@pytest.mark.parametrize("name", MEANINGS, ids=lambda name: f"4.1 {name}")
def test_an_end_word_ends_an_operation(name: str) -> None:
    event = status(name)
    verdict, removal, state, code = MEANINGS[name]
    media_error = name.endswith("media_error")
    assert event.end == End(verdict, remote_revision=3, removal=removal, media_error=media_error)
    assert (None if event.advert is None else event.advert.state) is state
    assert [found.code for found in event.problems] == ([code] if code else [])
    assert event.at == from_text(read_sample(name)["statusDate"])


@pytest.mark.parametrize("name", [*INTAKE, *RUNNING], ids=lambda name: f"4.1 {name}")
def test_words_of_its_own_intake_and_running_words_change_nothing(name: str) -> None:
    event = status(name)
    assert event.known
    assert (event.end, event.advert, event.problems) == (None, None, ())


def test_every_sample_is_in_one_of_the_tables() -> None:
    samples = {name.removeprefix("callback_").removesuffix(".json") for name in list_contracts("aviv", "callback_")}
    assert {*samples, "updated_with_media_error"} == {*MEANINGS, *INTAKE, *RUNNING}
    told = {read_sample(name)["status"] for name in (*MEANINGS, *INTAKE, *RUNNING)}
    assert told == WORDS.keys()
    assert len(WORDS) == 14


# --- media (§4.2) ----------------------------------------------------------------------------------------------------


def fold(*events: PortalEvent, word: Word = Word.CREATING, family: Family = Family.CREATE) -> Standing:
    """Return SL's standing after these events, a creation in flight."""
    running = make_running(Operation.POST, "SL", hashes={"SL": "h"})
    publication = make_publication("aviv", "SL", running=running, word=word, family=family)
    for event in events:
        publication = apply(publication, event, POLICY, NOW).publication
    return publication.standings["SL"]


def with_media(name: str, *words: str) -> PortalEvent:
    media = [{"url": f"https://m.test/{n}.jpg", "status": word} for n, word in enumerate(words)]
    return status(name, portals=["SL"], mediaStatuses=media)


@pytest.mark.parametrize(
    "word",
    ["ACCEPTED", "DOWNLOADING", "DOWNLOADED", "CREATED", "UPDATED", "A_NEW_WORD"],
    ids=lambda word: f"4.2 {word}",
)
def test_a_medium_on_its_way_asks_for_nothing(word: str) -> None:
    standing = fold(with_media("created", word))
    assert (standing.word, standing.problems) == (Word.CREATED, ())


@pytest.mark.parametrize(
    ("word", "step"),
    [
        pytest.param("DOWNLOADING_FAILED", "make the URL public", id="4.2 DOWNLOADING_FAILED"),
        pytest.param("CREATING_FAILED", "replace the file", id="4.2 CREATING_FAILED"),
    ],
)
def test_a_failed_medium_is_named_with_the_step_that_mends_it(word: str, step: str) -> None:
    standing = fold(with_media("created_with_media_error", "CREATED", word))
    (problem_found,) = standing.problems
    assert (standing.word, problem_found.code) == (Word.CREATED_WITH_MEDIA_ERROR, "media_refused")
    assert "https://m.test/1.jpg" in problem_found.detail
    assert "https://m.test/0.jpg" not in problem_found.detail
    assert step in problem_found.detail
    assert "new `timestamp`" in problem_found.detail
    assert standing.payload_hash is None, "the same body may be sent again"


def test_many_failed_media_are_not_all_named_in_a_sentence() -> None:
    (problem_found,) = fold(with_media("created_with_media_error", *["DOWNLOADING_FAILED"] * 9)).problems
    assert problem_found.detail.startswith("The portal refused 9 of the media: https://m.test/0.jpg,")
    assert "https://m.test/3.jpg" not in problem_found.detail


@pytest.mark.parametrize("media", [None, [], [{"url": "https://m.test/1.jpg", "status": "CREATED"}]], ids=str)
def test_a_media_error_that_names_no_medium_keeps_its_word(media: Any) -> None:
    standing = fold(status("created_with_media_error", portals=["SL"], mediaStatuses=media))
    assert (standing.word, standing.problems[0].code) == (Word.CREATED_WITH_MEDIA_ERROR, "media_refused")
    assert "does not say which" in standing.problems[0].detail


def test_a_media_error_read_after_the_success_is_news() -> None:
    """§6: it may be pushed under `CREATED`, so the word is read again."""
    later = status("created_with_media_error", portals=["SL"], mediaStatuses=None, statusDate="2026-09-14T09:00:00Z")
    standing = fold(status("created", portals=["SL"]), later)
    assert (standing.word, standing.problems[0].code) == (Word.CREATED_WITH_MEDIA_ERROR, "media_refused")
    assert standing.payload_hash is None


def test_the_contracts_media_error_names_its_picture() -> None:
    failed = [picture.url for picture in status("created_with_media_error").pictures if picture.failed]
    assert failed == ["https://media.hub-example.test/ag12-000331/02.jpg?timestamp=2026-09-14T08:15:00"]


# --- words -----------------------------------------------------------------------------------------------------------


def test_a_refusal_shows_the_portals_own_words() -> None:
    event = status("creating_failed")
    assert event.details == "price under the minimum of the portal"
    assert event.problems[0].detail == "Creation refused: price under the minimum of the portal"


def test_an_unlisted_word_is_kept_as_unknown() -> None:
    event = status("created", status="COMPARING_FAILED")
    assert (event.known, event.word, event.end, event.advert) == (False, "COMPARING_FAILED", None, None)


def test_an_unlisted_word_is_shown_once_and_changes_nothing() -> None:
    """§4.1: the sandbox says it of the agency's former feed, with `errorList` and `warnList`."""
    event = status("created", status="COMPARING_FAILED", portals=["SL"], errorList=["x"], warnList=[])
    before = make_publication("aviv", "SL", word=Word.CREATED, ended=1)
    first = apply(before, event, POLICY, NOW)
    assert [(entry.outcome.value, entry.status, entry.sub_status_details) for entry in first.entries] == [
        ("unknown", Word.CREATED, "COMPARING_FAILED")
    ]
    assert first.publication.standings == before.standings
    again = apply(first.publication, event, POLICY, NOW)
    assert (again.entries, again.publication) == ((), first.publication)
    later = apply(first.publication, replace(event, at=(event.at or 0) + 1), POLICY, NOW)
    assert len(later.entries) == 1


MEMBERS = ("status", "statusDate", "portals", "revision", "mediaStatuses", "message", "subStatus", "subStatusDetails")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["url", "status"]), inner, max_size=2),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(MEMBERS), JSON | st.sampled_from(sorted(WORDS))))
def test_no_status_breaks_the_reading(item: dict[str, Any]) -> None:
    assert read_status(item, "r-1", NOW).remote_id == "r-1"


# --- the reading -----------------------------------------------------------------------------------------------------


def read(*answers: httpx.Response, overdue: bool = False, **publication: Any) -> tuple[Portal, tuple[PortalEvent, ...]]:
    portal = Portal(*answers)
    publisher, classified = make_publisher(portal, FakeClock(NOW)), make_classified(RESALE)
    shown = make_publication("aviv", "SL", **publication)
    question = Question(shown, classified, publisher.render(classified, "aviv"), overdue)
    return portal, publisher.read(question)


def page(*items: dict[str, Any], **more: Any) -> httpx.Response:
    return httpx.Response(200, json={"items": list(items), **more})


def test_the_latest_statuses_are_read() -> None:
    portal, events = read(httpx.Response(200, json=read_contract("aviv/statuses_latest.json")))
    assert [(event.word, event.portals) for event in events] == [("UPDATED_WITH_MEDIA_ERROR", ("SL",))]
    assert portal.requests[0].url.query == b"filter=latest"


def test_statuses_are_told_oldest_first_whatever_their_order() -> None:
    items = read_contract("aviv/statuses_list.json")["items"]
    _, events = read(page(*items[4:]), page(*items[:4]))
    assert [event.word for event in read(page(*items))[1]][-2:] == ["UPDATING", "UPDATED_WITH_MEDIA_ERROR"]
    assert [event.at for event in events] == sorted(event.at or 0 for event in events)


def test_words_of_one_instant_are_told_in_the_order_of_their_phases() -> None:
    same = {"portals": ["SL"], "statusDate": "2026-09-14T08:17:44.870Z", "revision": 1}
    words = ("COMPARING_FAILED", "CREATED", "RECEIVING", "CREATING", "RECEIVED")
    events = read_statuses([{**same, "status": word} for word in words], "r-1", NOW)
    assert [event.word for event in events] == ["RECEIVING", "RECEIVED", "CREATING", "CREATED", "COMPARING_FAILED"]


def test_further_pages_are_read() -> None:
    items = read_contract("aviv/statuses_list.json")["items"]
    portal, events = read(page(items[0], nextToken="more"), page(items[1]))
    assert len(events) == 2
    assert portal.requests[1].url.params["nextToken"] == "more"


def test_a_classified_that_is_not_there_ends_a_deletion() -> None:
    _, gone = read(problem("404"), running=make_running(Operation.DELETE, "SL"))
    _, never = read(problem("404"))
    assert gone[0].end == End(SUCCEEDED, Operation.DELETE, removal=True)
    assert never[0].end is None
    assert never[0].advert is not None
    assert never[0].advert.state is AdvertState.ABSENT


def test_an_unknown_word_does_not_hide_the_end_before_it() -> None:
    """`latest` gives one status per portal, known to us or not: the whole list then tells the rest."""
    items = read_contract("aviv/statuses_list.json")["items"]
    odd = {**items[0], "status": "COMPARING_FAILED", "statusDate": "2026-09-14T20:00:00.000Z"}
    portal, events = read(page(odd), page(odd, *items))
    assert [request.url.query for request in portal.requests] == [b"filter=latest", b""]
    assert [(event.word, event.known) for event in events] == [
        ("UPDATED_WITH_MEDIA_ERROR", True),
        ("COMPARING_FAILED", False),
    ]


def test_of_a_whole_list_each_portal_keeps_its_newest_known_word() -> None:
    both = {"portals": ["SL", "BD"], "statusDate": "2026-09-14T08:00:00Z", "revision": 1, "status": "CREATED"}
    one = {**both, "portals": ["SL"], "statusDate": "2026-09-14T09:00:00Z", "revision": 2, "status": "UPDATED"}
    odd = {**one, "statusDate": "2026-09-14T10:00:00Z", "status": "COMPARING_FAILED"}
    _, events = read(page(odd), page(odd, one, both))
    assert [(event.word, event.portals) for event in events] == [
        ("CREATED", ("BD",)),
        ("UPDATED", ("SL",)),
        ("COMPARING_FAILED", ("SL",)),
    ]


@pytest.mark.parametrize(("before", "state"), [("CREATED", AdvertState.LIVE), ("CREATING_FAILED", AdvertState.ABSENT)])
def test_a_refused_deletion_of_what_the_hub_holds_for_gone_leaves_what_was_there(
    before: str, state: AdvertState
) -> None:
    """A classified that was answered with a 404 may be there again: nothing else would tell the hub."""
    told = {"portals": ["SL"], "statusDate": "2026-09-14T08:00:00Z", "revision": 1, "status": before}
    kept = {**told, "statusDate": "2026-09-14T09:00:00Z", "revision": 2, "status": "DELETING_FAILED"}
    portal, events = read(page(kept), page(kept, told), remote_revision=2)
    assert [request.url.query for request in portal.requests] == [b"filter=latest", b""]
    assert [(event.word, event.advert and event.advert.state) for event in events] == [("DELETING_FAILED", state)]


@pytest.mark.parametrize("known", [AdvertState.WITHDRAWN, AdvertState.PAUSED])
@pytest.mark.parametrize("refused", ["UPDATING_FAILED", "RECEIVING_FAILED"])
def test_a_refused_update_of_what_the_hub_holds_for_gone_leaves_what_was_there(
    known: AdvertState, refused: str
) -> None:
    """A write whose answer was lost may have brought it back before the one that was refused."""
    told = {"portals": ["SL"], "statusDate": "2026-09-14T08:00:00Z", "revision": 3, "status": "CREATED"}
    kept = {**told, "statusDate": "2026-09-14T09:00:00Z", "revision": 4, "status": refused}
    _, events = read(page(kept), page(kept, told), advert=Advert(known), remote_revision=2)
    assert [(event.word, event.advert and event.advert.state) for event in events] == [(refused, AdvertState.LIVE)]


def test_a_refused_update_of_what_is_live_is_read_once() -> None:
    kept = {"portals": ["SL"], "statusDate": "2026-09-14T09:00:00Z", "revision": 4, "status": "UPDATING_FAILED"}
    portal, events = read(page(kept), advert=Advert(AdvertState.LIVE), remote_revision=2)
    assert (len(portal.requests), events[0].advert) == (1, None)


def test_a_refused_deletion_that_is_news_does_not_hide_that_the_portal_was_left_before() -> None:
    left = {"portals": ["SL"], "statusDate": "2026-09-14T08:00:00Z", "revision": 2, "status": "DELETED"}
    kept = {**left, "statusDate": "2026-09-14T09:00:00Z", "revision": 3, "status": "DELETING_FAILED"}
    _, events = read(page(kept), page(kept, left), advert=Advert(AdvertState.LIVE), remote_revision=1)
    assert [event.advert and event.advert.state for event in events] == [AdvertState.WITHDRAWN]


def test_a_refused_deletion_that_names_no_portal_is_kept() -> None:
    kept = {"statusDate": "2026-09-14T09:00:00Z", "revision": 3, "status": "DELETING_FAILED"}
    _, events = read(page(kept), page(kept), remote_revision=1)
    assert [(event.word, event.portals) for event in events] == [("DELETING_FAILED", None)]


def test_a_refused_deletion_of_what_is_known_is_read_once() -> None:
    kept = {"portals": ["SL"], "statusDate": "2026-09-14T09:00:00Z", "revision": 2, "status": "DELETING_FAILED"}
    portal, _ = read(page(kept), advert=Advert(AdvertState.LIVE), remote_revision=2)
    assert len(portal.requests) == 1


def test_what_aviv_could_not_take_in_is_alarmed_with_the_trace(caplog: pytest.LogCaptureFixture) -> None:
    """§5, RECEIVING_FAILED: its support asks for it."""
    failed = {**read_contract("aviv/callback_receiving_failed.json"), "revision": 1}
    read(page(failed), running=make_running(Operation.POST, "SL"))
    assert [record.levelname for record in caplog.records if "could not take" in record.message] == ["ERROR"]


# --- overdue ---------------------------------------------------------------------------------------------------------

OLD = read_contract("aviv/statuses_list.json")["items"][4]


def read_overdue(shown: httpx.Response, **more: Any) -> tuple[Portal, tuple[PortalEvent, ...]]:
    hashes = make_publisher(Portal(shown), FakeClock()).render(make_classified(RESALE), "aviv").hashes
    running = make_running(Operation.PUT, "SL", listed=("SL",), hashes={"SL": hashes["SL"]})
    return read(page(OLD), shown, overdue=True, running=running, remote_revision=1, **more)


def shown(body: dict[str, Any], **headers: str) -> httpx.Response:
    return httpx.Response(200, json={**body, "classifiedId": "r-1"}, headers=headers)


def test_an_overdue_update_that_is_shown_as_sent_succeeded() -> None:
    """AVIV tells nothing of a PUT that changes nothing there."""
    portal, events = read_overdue(shown(RESALE, ETag='"2"'))
    assert portal.paths[-1] == "GET /sandbox/caas/v4/classifieds/r-1"
    assert events[-1].end == End(SUCCEEDED, remote_revision=2, removal=False)
    assert events[-1].portals == ("SL",)


@pytest.mark.parametrize("body", [{**RESALE, "portals": ["SL", "BD"]}, {**RESALE, "media": []}])
def test_an_overdue_update_that_is_shown_otherwise_stays_open(body: dict[str, Any]) -> None:
    _, events = read_overdue(shown(body, ETag='"2"'))
    assert [event.word for event in events] == ["CREATED"]


@pytest.mark.parametrize("headers", [{}, {"ETag": '"1"'}, {"ETag": "x"}])
def test_an_update_that_made_no_new_revision_ends_all_the_same(headers: dict[str, str]) -> None:
    """A PUT identical to what is stored causes no update; its end is matched by its kind."""
    _, events = read_overdue(shown(RESALE, **headers))
    assert events[-1].end == End(SUCCEEDED, Operation.PUT, None, False)

    running = make_running(Operation.PUT, "SL", listed=("SL",))
    waiting = make_publication(
        "aviv", "SL", running=running, remote_revision=1, word=Word.UPDATING, family=Family.UPDATE
    )
    folded = apply(waiting, events[-1], POLICY, NOW)
    assert folded.publication.running is None
    assert folded.publication.standings["SL"].word is Word.UPDATED


def read_again(
    said: dict[str, Any], removing: tuple[str, ...] = (), etag: str = '"2"'
) -> tuple[Portal, tuple[PortalEvent, ...]]:
    """Read an overdue PUT that made no new revision, after AVIV said this of the one before."""
    told = {**OLD, "revision": 2, "portals": ["SL"], **said}
    hashes = make_publisher(Portal(problem("404")), FakeClock()).render(make_classified(RESALE), "aviv").hashes
    listed = () if removing else ("SL",)
    body = {**RESALE, "portals": list(listed)}
    running = make_running(Operation.PUT, "SL", listed=listed, removing=removing, hashes={"SL": hashes["SL"]})
    return read(page(told), shown(body, ETag=etag), overdue=True, running=running, remote_revision=2)


@pytest.mark.parametrize(
    ("word", "removing"),
    [("CREATING_FAILED", ()), ("UPDATING_FAILED", ()), ("DELETING_FAILED", ("SL",)), ("RECEIVING_FAILED", ())],
)
def test_a_refusal_of_the_same_body_stands(word: str, removing: tuple[str, ...]) -> None:
    """§5: the same body again is ignored, so that it is shown as sent proves nothing."""
    _, events = read_again({"status": word, "message": "no"}, removing)
    end = events[-1].end
    assert end is not None
    assert (end.verdict, end.operation, end.remote_revision) == (FAILED, Operation.PUT, None)
    assert events[-1].problems[0].detail == "no"
    assert events[-1].portals == ("SL",)


def test_a_portal_that_has_taken_it_down_does_not_show_it_though_it_is_listed() -> None:
    """§4.1: AVIV makes nothing of an equal PUT, so that the classified shown as sent proves nothing of this portal."""
    _, events = read_again({"status": "DELETED"})
    end = events[-1].end
    assert end is not None
    assert (end.verdict, end.operation) == (FAILED, Operation.PUT)
    assert [problem.code for problem in events[-1].problems] == ["removed_on_portal"]


def test_a_refusal_of_an_older_revision_is_over() -> None:
    _, events = read_again({"status": "UPDATING_FAILED", "revision": 1})
    assert events[-1].end is not None
    assert events[-1].end.verdict is SUCCEEDED


def test_a_media_error_of_the_same_body_stands_even_if_it_names_no_medium() -> None:
    _, events = read_again({"status": "UPDATED_WITH_MEDIA_ERROR", "mediaStatuses": None})
    assert events[-1].end == End(SUCCEEDED, Operation.PUT, None, False, media_error=True)


def test_without_a_callback_the_statuses_are_read_after_15_minutes() -> None:
    """§6: whatever is never pushed is found all the same."""
    due = POLICY.operation_due
    running = replace(make_running(Operation.PUT, "SL"), due=due)
    waiting = make_publication("aviv", "SL", running=running, word=Word.UPDATING, family=Family.UPDATE)
    rendering = Rendering({}, {"SL": "h"})
    assert due == 15 * MINUTE
    assert decide(waiting, rendering, POLICY, due - 1) == Decision(wake_at=due)
    assert decide(waiting, rendering, POLICY, due) == Decision(read=True)
    hinted = replace(waiting, reread=True)
    assert decide(hinted, rendering, POLICY, 0) == Decision(read=True), "a callback only makes it earlier"


def test_an_end_that_is_told_needs_no_second_look() -> None:
    newer = read_contract("aviv/statuses_list.json")["items"][0]
    running = make_running(Operation.PUT, "SL", listed=("SL",))
    portal, _ = read(page(newer), overdue=True, running=running, remote_revision=1)
    assert len(portal.requests) == 1
