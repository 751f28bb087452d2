"""The stories of the lifecycle's section 9: what the CRM is told, revision in brackets."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from placard.domain.classified import Kind
from placard.domain.events import AdvertState as S
from placard.domain.events import Operation as Op
from placard.domain.events import Source
from placard.domain.instants import DAY, HOUR, MINUTE
from placard.domain.lifecycle import Outcome, Word
from placard.domain.look import open_publication, see
from placard.domain.problems import Problem
from placard.portals.registry import load_policy
from placard.portals.spotahome.states import MANUAL_CONTENT, interpret_row
from placard.ports import Row
from tests.unit.domain.hub import HINTS, Hub, event

IMO = "IMOVIRTUAL"


@pytest.fixture
def olx() -> Hub:
    return Hub()


@pytest.fixture
def aviv() -> Hub:
    return Hub(policy=HINTS, channel="aviv")


def _published(hub: Hub, *portals: str) -> Hub:
    """Publish and let the portal confirm it."""
    hub.post(*(portals or (IMO,)))
    assert hub.begun() is Op.POST
    hub.accept("advert-1")
    hub.now += 1000
    if hub.policy.callbacks_are_facts:
        hub.say(ends=Op.POST, state=S.LIVE, code="active", url="https://portal.test/1")
    else:
        hub.say(revision=1, state=S.LIVE, code="CREATED", source=Source.POLL, removal=False)
    hub.now += MINUTE
    return hub


def test_first_publish_on_olx(olx: Hub) -> None:
    _published(olx)
    assert olx.told() == ["RECEIVED(1)", "CREATING(1)", "CREATED(1)"]
    assert olx.last.advert is not None
    assert olx.last.advert.url == "https://portal.test/1"
    assert olx.last.to_json()["advert"]["live"] is True


def test_first_publish_on_aviv(aviv: Hub) -> None:
    _published(aviv, "SL")
    assert aviv.told() == ["RECEIVED(1)", "CREATING(1)", "CREATED(1)"]


def test_edit_while_creating(olx: Hub) -> None:
    olx.post(IMO)
    olx.look()
    olx.accept("advert-1")
    olx.put(IMO, text="edited")
    assert olx.begun() is None
    olx.say(ends=Op.POST, state=S.LIVE)
    assert olx.known.look
    assert olx.begun() is Op.PUT
    olx.accept()
    olx.say(ends=Op.PUT, state=S.LIVE)
    assert olx.told() == ["RECEIVED(1)", "CREATING(1)", "RECEIVED(2)", "CREATED(1)", "UPDATING(2)", "UPDATED(2)"]


def _sees(hub: Hub, state: str) -> Outcome:
    return hub.fold(interpret_row(Row(1, state, property_id=hub.known.remote_id), None, hub.now))


@pytest.mark.parametrize("wish", [Kind.PUT, Kind.DEACTIVATE])
@pytest.mark.parametrize("edited_first", [True, False])
def test_an_edit_behind_a_creation_that_waits_for_people_says_so(wish: Kind, edited_first: bool) -> None:
    """Its own `RECEIVED` is the latest the CRM reads, and may be for days."""
    hub = Hub(policy=load_policy("spotahome"), channel="spotahome")
    hub.post("SPOTAHOME")
    hub.look()
    hub.accept("property-1")

    def edit() -> None:
        hub.now += 1000
        if wish is Kind.PUT:
            hub.put("SPOTAHOME", text="another")
        else:
            hub.ask(wish, "SPOTAHOME")
        hub.look()

    if edited_first:
        edit()
        assert hub.last.problems == ()
    _sees(hub, "waitingContent")
    if not edited_first:
        edit()
    assert hub.known.look is edited_first
    hub.look()
    assert (hub.last.status, hub.last.revision, hub.last.problems) == (Word.RECEIVED, 2, (MANUAL_CONTENT,))
    assert hub.last.message.endswith(MANUAL_CONTENT.detail)
    assert not hub.known.look
    assert hub.look().entries == ()


def test_an_edit_behind_a_late_end_says_so(olx: Hub) -> None:
    olx.post(IMO)
    olx.look()
    olx.accept("advert-1")
    olx.put(IMO, text="another")
    olx.look()
    olx.say(picture="https://crm.test/1.jpg")
    assert not olx.known.look, "a refused picture keeps nothing waiting"
    olx.now = olx.known.running.due if olx.known.running else 0
    olx.look()
    olx.overdue()
    olx.look()
    assert olx.told() == ["RECEIVED(1)", "CREATING(1)", "RECEIVED(2)", "CREATING(1)", "CREATING(1)", "RECEIVED(2)"]
    assert [problem.code for problem in olx.last.problems] == ["overdue"]


def test_a_portal_that_does_not_answer_is_told_of_each_revision_that_meets_it(olx: Hub) -> None:
    olx.post(IMO)
    olx.look()
    olx.fail(taken=False)
    olx.now += HOUR
    olx.look()
    olx.fail(taken=False)
    olx.put(IMO, text="another")
    olx.now += MINUTE
    olx.look()
    olx.fail(taken=False)
    olx.now += MINUTE
    olx.look()
    olx.fail(taken=False)
    told = [
        (entry.revision, [problem.code for problem in entry.problems])
        for entry in olx.timeline
        if entry.outcome is Outcome.APPLIED
    ]
    assert told == [(1, []), (1, ["portal_unavailable"]), (2, []), (2, ["portal_unavailable"])]


def test_three_edits_while_creating_send_only_the_last(olx: Hub) -> None:
    olx.post(IMO)
    olx.look()
    olx.accept("advert-1")
    for text in ("one", "two", "three"):
        olx.put(IMO, text=text)
        olx.look()
    olx.say(ends=Op.POST, state=S.LIVE)
    olx.look()
    olx.accept()
    olx.say(ends=Op.PUT, state=S.LIVE)
    assert [start.kind for start in olx.calls] == [Op.POST, Op.PUT]
    superseded = [entry.revision for entry in olx.timeline if entry.outcome is Outcome.SUPERSEDED]
    assert superseded == [2, 3]
    assert olx.told()[-2:] == ["UPDATING(4)", "UPDATED(4)"]


def test_edits_that_no_look_saw_leave_a_word_in_the_message(olx: Hub) -> None:
    _published(olx)
    for text in ("one", "two", "three"):
        olx.put(IMO, text=text)
    olx.look()
    received = [entry for entry in olx.timeline if entry.revision == 4]
    assert received[0].message.endswith("replaces revisions 2, 3")
    assert not [entry for entry in olx.timeline if entry.outcome is Outcome.SUPERSEDED]


def test_a_revision_of_another_portal_is_not_replaced(aviv: Hub) -> None:
    _published(aviv, "SL", "BD")
    aviv.ask(Kind.DEACTIVATE, "BD")
    aviv.put("SL", "BD", text="changed")
    aviv.look()
    received = {entry.portals: entry.message for entry in aviv.timeline if entry.revision == 3}
    assert received["SL",] == "Received by the hub"
    assert received["BD",].endswith("replaces revision 2")


def test_creation_fails_during_an_edit(olx: Hub) -> None:
    olx.post(IMO)
    olx.look()
    olx.accept("advert-1")
    olx.put(IMO, text="mended")
    olx.look()
    olx.say(ends=Op.POST, failed=True, state=S.ABSENT, problems=(Problem("invalid_field", "area"),))
    assert olx.begun() is Op.POST
    olx.accept("advert-1")
    olx.say(ends=Op.POST, state=S.LIVE)
    assert olx.told() == [
        "RECEIVED(1)",
        "CREATING(1)",
        "RECEIVED(2)",
        "CREATING_FAILED(1)",
        "CREATING(2)",
        "CREATED(2)",
    ]


def test_image_error_before_the_success(olx: Hub) -> None:
    olx.post(IMO)
    olx.look()
    olx.accept("advert-1")
    olx.say(picture="https://img.test/1.jpg")
    assert olx.last.to_json()["mediaStatuses"] == [{"url": "https://img.test/1.jpg", "status": "CREATING_FAILED"}]
    olx.say(ends=Op.POST, state=S.LIVE)
    assert olx.told() == ["RECEIVED(1)", "CREATING(1)", "CREATING(1)", "CREATED_WITH_MEDIA_ERROR(1)"]
    assert olx.last.problems[0].code == "media_refused"


def test_image_error_after_the_success(olx: Hub) -> None:
    _published(olx)
    olx.say(picture="https://img.test/1.jpg")
    assert olx.told()[-2:] == ["CREATED(1)", "CREATED_WITH_MEDIA_ERROR(1)"]


def test_moderated_then_edited(olx: Hub) -> None:
    _published(olx)
    olx.say(state=S.REJECTED, code="moderated")
    assert olx.last.message.startswith("Not live: ")
    assert olx.last.problems[0].code == "moderated"
    assert olx.begun() is None
    olx.put(IMO, text="mended")
    assert olx.begun() is Op.PUT
    olx.accept()
    olx.now += 1
    olx.say(ends=Op.PUT, state=S.BLOCKED, code="blocked")
    assert olx.last.problems[0].code == "not_live_yet"
    olx.now += 1
    olx.say(state=S.LIVE, code="active")
    assert olx.told()[2:] == ["CREATED(1)", "CREATED(1)", "RECEIVED(2)", "UPDATING(2)", "UPDATED(2)", "UPDATED(2)"]


def test_a_moderated_advert_gets_one_put_per_revision(olx: Hub) -> None:
    _published(olx)
    olx.say(state=S.REJECTED, code="moderated")
    olx.put(IMO, text="mended")
    olx.look()
    olx.refuse(Problem("moderated", "not yet"))
    assert olx.last.next_operations == ()
    assert olx.begun() is None


def test_expired_then_activated(olx: Hub) -> None:
    _published(olx)
    olx.say(state=S.EXPIRED, code="outdated")
    assert olx.last.message.startswith("Not live: ")
    olx.ask(Kind.ACTIVATE, IMO)
    assert olx.begun() is Op.ACTIVATE
    olx.accept()
    olx.now += 1
    olx.say(ends=Op.ACTIVATE, state=S.LIVE, code="active")
    assert olx.told()[3:] == ["CREATED(1)", "RECEIVED(2)", "UPDATING(2)", "UPDATED(2)"]


def test_expired_and_changed_is_activated_then_updated(olx: Hub) -> None:
    _published(olx)
    olx.say(state=S.EXPIRED, code="outdated")
    olx.put(IMO, text="changed")
    assert olx.begun() is Op.ACTIVATE
    olx.accept()
    olx.now += 1
    olx.say(ends=Op.ACTIVATE, state=S.LIVE, code="active")
    assert olx.begun() is Op.PUT
    olx.accept()
    olx.now += 1
    olx.say(ends=Op.PUT, state=S.LIVE, code="active")
    assert olx.told()[4:] == ["RECEIVED(2)", "UPDATING(2)", "UPDATING(2)", "UPDATED(2)"]


def test_package_expires_and_returns_without_a_call(olx: Hub) -> None:
    _published(olx)
    olx.say(state=S.EXPIRED, code="outdated_by_package", problems=())
    olx.look()
    olx.now += 1
    olx.say(state=S.LIVE, code="active")
    olx.look()
    assert len(olx.calls) == 1
    assert olx.told()[3:] == ["CREATED(1)", "CREATED(1)"]


def test_delete_and_repost_within_24_hours(olx: Hub) -> None:
    _published(olx)
    olx.delete()
    assert olx.begun() is Op.DELETE
    olx.accept()
    olx.now += 1
    olx.say(ends=Op.DELETE, state=S.WITHDRAWN)
    assert olx.told()[3:] == ["RECEIVED(2)", "DELETING(2)", "DELETED(2)"]
    olx.post(IMO)
    assert olx.begun() is None
    assert olx.last.problems[0].code == "repost_wait"
    assert olx.known.due == (olx.known.deleted_at or 0) + DAY
    olx.look()
    assert olx.told()[6:] == ["RECEIVED(3)", "RECEIVED(3)"]
    olx.now += DAY
    assert olx.begun() is Op.POST
    olx.accept("advert-1")
    olx.say(ends=Op.POST, state=S.LIVE)
    assert olx.told()[8:] == ["CREATING(3)", "CREATED(3)"]


def test_a_repost_taken_back_before_any_look_saw_it_ends_all_the_same(olx: Hub) -> None:
    """Its CRM waits for the revision that it was given."""
    olx.post(IMO)
    olx.delete()
    olx.look()
    olx.post(IMO)
    olx.delete()
    olx.look()
    assert olx.told() == ["RECEIVED(2)", "DELETED(2)", "RECEIVED(4)", "DELETED(4)"]
    assert next(entry.message for entry in olx.timeline if entry.revision == 4).endswith("replaces revision 3")
    olx.delete()
    assert olx.look().entries == ()
    assert olx.last.revision == 4, "the same deletion once more concerns nobody"


def test_a_portal_put_back_and_taken_off_before_any_look_saw_it_ends_all_the_same(aviv: Hub) -> None:
    _published(aviv, "SL", "BD")
    aviv.put("SL")
    assert aviv.begun() is Op.PUT
    aviv.accept()
    aviv.say(ends=Op.PUT, state=S.WITHDRAWN, portals=("BD",))
    aviv.put("SL", "BD")
    aviv.put("SL", text="another")
    aviv.look()
    assert "RECEIVED(4)" in aviv.told(portal="BD")
    aviv.put("SL", text="a third")
    aviv.look()
    assert "RECEIVED(5)" not in aviv.told(portal="BD")


def _hold_a_repost(olx: Hub) -> None:
    _published(olx)
    olx.delete()
    olx.look()
    olx.accept()
    olx.say(ends=Op.DELETE, state=S.WITHDRAWN)
    olx.post(IMO)
    olx.look()


def test_retry_sends_a_held_repost_at_once(olx: Hub) -> None:
    _hold_a_repost(olx)
    olx.ask(Kind.RETRY, IMO)
    assert olx.begun() is Op.POST


def test_a_held_repost_that_is_edited_says_still_why_it_waits(olx: Hub) -> None:
    _hold_a_repost(olx)
    olx.put(IMO, text="another")
    olx.look()
    assert olx.look().entries == ()
    assert olx.told()[6:] == ["RECEIVED(3)", "RECEIVED(3)", "RECEIVED(4)", "RECEIVED(4)"]
    assert olx.last.problems[0].code == "repost_wait"


def test_a_creation_that_may_have_been_taken_is_looked_for_before_it_is_given_up(olx: Hub) -> None:
    olx.post(IMO)
    assert olx.begun() is Op.POST
    olx.fail(taken=False)
    olx.now += DAY
    assert olx.begun() is Op.POST
    olx.fail(taken=True)
    olx.now += MINUTE
    assert olx.look().decision.search
    olx.now += HOUR
    olx.fail(taken=True)
    assert olx.told()[-1] == "CREATING_FAILED(1)"


def test_a_creation_is_not_given_up_while_the_hub_itself_holds_the_look_for_it_back(olx: Hub) -> None:
    """Its advert may be there: it would be nobody's."""
    olx.post(IMO)
    assert olx.begun() is Op.POST
    olx.fail(taken=True)
    olx.now += DAY
    assert olx.look().decision.search
    olx.hold(taken=True)
    assert olx.told()[-1] == "RECEIVED(1)"
    olx.now += MINUTE
    assert olx.look().decision.search
    olx.fail(taken=True)
    assert olx.told()[-1] == "CREATING_FAILED(1)"


def test_a_refused_pause_is_not_asked_for_again(olx: Hub) -> None:
    _published(olx)
    olx.ask(Kind.DEACTIVATE, IMO)
    assert olx.begun() is Op.DEACTIVATE
    olx.accept()
    olx.say(ends=Op.DEACTIVATE, failed=True, state=S.LIVE, code="active")
    assert olx.begun() is None
    assert olx.known.due is None
    assert olx.told()[-1] == "UPDATING_FAILED(2)"
    olx.ask(Kind.RETRY, IMO)
    assert olx.begun() is Op.DEACTIVATE


def test_a_pause_that_is_refused_while_another_waits_is_asked_for_once_more(olx: Hub) -> None:
    _published(olx)
    olx.ask(Kind.DEACTIVATE, IMO)
    assert olx.begun() is Op.DEACTIVATE
    olx.accept()
    olx.ask(Kind.RETRY, IMO)
    olx.look()
    olx.say(ends=Op.DEACTIVATE, failed=True, state=S.LIVE, code="active")
    assert olx.begun() is Op.DEACTIVATE


@pytest.mark.parametrize(("text", "names_the_time"), [("a flat", True), ("another", True), ("another", False)])
def test_an_activation_that_failed_is_not_made_good_by_a_person_at_the_portal(
    olx: Hub, text: str, names_the_time: bool
) -> None:
    _published(olx)
    olx.ask(Kind.DEACTIVATE, IMO)
    olx.look()
    olx.accept()
    olx.say(ends=Op.DEACTIVATE, state=S.PAUSED)
    olx.put(IMO, text=text)
    olx.look()
    olx.ask(Kind.ACTIVATE, IMO)
    olx.now += MINUTE
    assert olx.begun() is Op.ACTIVATE
    olx.accept()
    olx.now += MINUTE
    olx.say(ends=Op.ACTIVATE, failed=True, state=S.PAUSED)
    failed_at = olx.now
    olx.now += MINUTE
    read = event(olx.known.remote_id, olx.now, ends=Op.ACTIVATE, failed=True, state=S.LIVE, source=Source.POLL)
    assert read.end is not None
    olx.fold(replace(read, end=replace(read.end, at=failed_at)) if names_the_time else read)
    standing = olx.known.standings[IMO]
    assert (standing.word, standing.advert.state) == ("UPDATING_FAILED", S.LIVE)


def test_a_refused_pause_by_deletion_is_not_asked_for_again(aviv: Hub) -> None:
    _published(aviv, "SL")
    aviv.ask(Kind.DEACTIVATE, "SL")
    assert aviv.begun() is Op.DELETE
    aviv.accept()
    aviv.say(revision=2, removal=True, failed=True, source=Source.POLL)
    assert aviv.begun() is None
    assert aviv.known.due is None


def test_a_refused_update_stays_refused_though_the_portal_still_shows_the_one_before(aviv: Hub) -> None:
    _published(aviv, "SL")
    confirmed = aviv.now - MINUTE
    aviv.put("SL", text="another")
    assert aviv.begun() is Op.PUT
    aviv.refuse()
    aviv.now += MINUTE
    shown = {"revision": 1, "state": S.LIVE, "code": "CREATED", "removal": False, "source": Source.POLL}
    assert aviv.say(at=confirmed, **shown) is Outcome.UNCHANGED
    assert aviv.told()[-1] == "UPDATING_FAILED(2)"


def test_the_end_of_a_request_whose_answer_was_lost_ends_no_other_one(olx: Hub) -> None:
    _published(olx)
    for text in ("lost", "newest"):
        olx.put(IMO, text=text)
        assert olx.begun() is Op.PUT
        if text == "lost":
            olx.fail(taken=True)
            olx.now += MINUTE
            olx.look()
            olx.forget()
    olx.accept(transaction="t-newest")
    olx.say(ends=Op.PUT, transaction="t-lost", state=S.LIVE, code="active")
    assert olx.known.running is not None
    assert olx.look().decision.read
    olx.say(ends=Op.PUT, failed=True, transaction="t-newest")
    assert olx.told()[-1] == "UPDATING_FAILED(3)"


def test_a_deletion_that_came_while_another_failed_has_its_part_afterwards(olx: Hub) -> None:
    _published(olx)
    olx.put("OTODOM")
    assert olx.begun() is Op.DELETE
    olx.accept()
    olx.delete()
    olx.look()
    olx.say(ends=Op.DELETE, failed=True, state=S.REJECTED, code="moderated")
    assert olx.known.look
    olx.look()
    assert olx.told()[-2:] == ["RECEIVED(3)", "DELETED(3)"]


def test_an_advert_that_waits_is_asked_after_though_an_edit_of_it_was_not_sent(olx: Hub) -> None:
    olx.post(IMO)
    olx.look()
    olx.accept()
    olx.say(ends=Op.POST, state=S.PENDING, code="new")
    olx.broken = {IMO: (Problem("missing_field", "no price"),)}
    olx.put(IMO, text="without a price")
    olx.look()
    assert olx.told()[-1] == "UPDATING_FAILED(2)"
    assert olx.known.due is not None


def test_a_deletion_that_nobody_wished_is_explained(aviv: Hub) -> None:
    _published(aviv, "SL", "BD")
    aviv.say(portals=("SL",), revision=1, removal=True, state=S.WITHDRAWN, code="DELETED", source=Source.POLL)
    assert aviv.told(portal="SL")[-1] == "DELETED(1)"
    assert [problem.code for problem in aviv.last.problems] == ["removed_on_portal"]
    assert aviv.calls[1:] == []


def test_removed_on_the_portal_by_a_person(olx: Hub) -> None:
    _published(olx)
    olx.say(state=S.WITHDRAWN, code="removed_by_user")
    assert olx.last.message.startswith("Not live: ")
    assert olx.last.problems[0].code == "removed_on_portal"
    assert olx.begun() is None
    olx.ask(Kind.RETRY, IMO)
    assert olx.begun() is Op.POST
    olx.accept("advert-2")
    olx.say(ends=Op.POST, state=S.LIVE)
    assert olx.told()[3:] == ["CREATED(1)", "RECEIVED(2)", "CREATING(2)", "CREATED(2)"]


def _taken_off(hub: Hub) -> None:
    """Delete what is live, with the portal's own word of it."""
    hub.delete()
    assert hub.begun() is Op.DELETE
    hub.accept()
    hub.now += 1000
    if hub.policy.callbacks_are_facts:
        hub.say(ends=Op.DELETE, state=S.WITHDRAWN, code="removed_by_user")
    else:
        hub.say(revision=2, removal=True, state=S.WITHDRAWN, code="DELETED", source=Source.POLL)
    assert hub.told()[-1] == "DELETED(2)"
    hub.now += MINUTE


def _begun_anew(olx: Hub) -> None:
    """Begin to publish again what the CRM had taken off a day before."""
    _published(olx)
    _taken_off(olx)
    olx.now += DAY
    olx.post(IMO)
    assert olx.begun() is Op.POST


def _unheard_removal(olx: Hub) -> None:
    """Delete what is live, and lose the answer."""
    _published(olx)
    olx.delete()
    assert olx.begun() is Op.DELETE
    olx.fail(taken=True)


def _given_up_and_asked(olx: Hub) -> None:
    """Give up the call that was lost a minute ago, and ask the portal; the test says what it answers."""
    olx.now += MINUTE
    assert olx.look().decision.search
    olx.forget()
    olx.publication = replace(olx.known, reread=False)


@pytest.mark.parametrize(("provider", "portal"), [("olx", IMO), ("aviv", "SL")])
def test_what_the_crm_had_taken_off_before_it_was_paused_was_removed_by_nobody_else(
    provider: str, portal: str, request: pytest.FixtureRequest
) -> None:
    hub: Hub = request.getfixturevalue(provider)
    _published(hub, portal)
    _taken_off(hub)
    hub.post(portal)
    hub.ask(Kind.DEACTIVATE, portal)
    assert hub.begun() is None
    assert hub.told()[-2:] == ["RECEIVED(4)", "UPDATED(4)"]
    assert (hub.last.problems, hub.last.message) == ((), "nothing changed for this portal")
    hub.put(portal, text="edited while it is paused")
    assert hub.begun() is None
    assert (hub.told()[-1], hub.last.problems) == ("UPDATED(5)", ())
    hub.now += DAY
    hub.ask(Kind.ACTIVATE, portal)
    assert hub.begun() is Op.POST
    hub.accept("advert-2")
    assert hub.told()[-1] == "CREATING(6)"


def test_a_pause_after_a_refused_creation_where_the_crm_had_taken_the_advert_off_before(olx: Hub) -> None:
    _begun_anew(olx)
    olx.refuse()
    olx.ask(Kind.DEACTIVATE, IMO)
    assert olx.begun() is None
    assert (olx.told()[-1], olx.last.problems) == ("UPDATED(4)", ())


def test_a_refused_creation_keeps_its_reason_though_the_portal_tells_again_of_the_removal_before_it(olx: Hub) -> None:
    _begun_anew(olx)
    olx.refuse()
    olx.now += MINUTE
    assert olx.say(state=S.WITHDRAWN, code="cancelled", source=Source.POLL) is Outcome.UNCHANGED
    assert (olx.told()[-1], olx.last.problems[0].code) == ("CREATING_FAILED(3)", "invalid_field")


def test_after_a_removal_without_an_answer_that_is_not_wished_any_more_the_portal_is_asked_first(olx: Hub) -> None:
    _unheard_removal(olx)
    olx.post(IMO, text="anew")
    olx.now += MINUTE
    assert olx.look().decision.search
    olx.forget()
    assert olx.look().decision.read
    olx.publication = replace(olx.known, reread=False)
    olx.say(state=S.LIVE, code="active", source=Source.POLL)
    assert olx.begun() is Op.PUT


def test_a_new_wish_behind_a_removal_without_an_answer_that_is_about_to_be_sent_again_asks_the_portal_first(
    olx: Hub,
) -> None:
    _unheard_removal(olx)
    olx.now += MINUTE
    assert olx.look().decision.search
    olx.forget()
    olx.post(IMO, text="anew")
    assert olx.look().decision.read


def test_a_call_that_is_lost_behind_a_removal_without_an_answer_is_asked_after_before_it_is_sent_again(
    olx: Hub,
) -> None:
    _unheard_removal(olx)
    olx.post(IMO, text="anew")
    _given_up_and_asked(olx)
    assert olx.begun() is Op.PUT
    olx.fail(taken=True)
    olx.now += MINUTE
    assert olx.look().decision.search
    olx.forget()
    assert olx.look().decision.read


def test_what_a_removal_without_an_answer_took_off_is_not_paid_for_twice(olx: Hub) -> None:
    _unheard_removal(olx)
    removed_at = olx.now
    olx.post(IMO, text="anew")
    _given_up_and_asked(olx)
    olx.say(state=S.WITHDRAWN, code="removed_by_user", at=removed_at, source=Source.POLL)
    assert olx.begun() is None
    assert [problem.code for problem in olx.last.problems] == ["repost_wait"]
    olx.now = removed_at + DAY
    assert olx.begun() is Op.POST


def test_what_a_removal_without_an_answer_took_off_was_removed_by_nobody_else(olx: Hub) -> None:
    _unheard_removal(olx)
    olx.post(IMO)
    olx.ask(Kind.DEACTIVATE, IMO)
    _given_up_and_asked(olx)
    olx.say(state=S.WITHDRAWN, code="removed_by_user", source=Source.POLL)
    assert olx.begun() is None
    assert (olx.told()[-1], olx.last.problems) == ("UPDATED(4)", ())


def test_what_a_call_of_ours_left_out_was_removed_by_nobody_else(aviv: Hub) -> None:
    aviv.post("SL")
    assert aviv.begun() is Op.POST
    aviv.accept("advert-1")
    aviv.say(revision=1, failed=True, state=S.ABSENT, code="CREATING_FAILED", source=Source.POLL)
    aviv.broken = {"SL": (Problem("unmapped_category", "no such category"),)}
    aviv.put("SL", "BD")
    assert aviv.begun() is Op.POST
    aviv.accept("advert-1")
    aviv.now += MINUTE
    aviv.say(revision=2, removal=True, portals=("SL",), state=S.WITHDRAWN, code="DELETED", source=Source.POLL)
    aviv.say(revision=2, portals=("BD",), state=S.LIVE, code="CREATED", source=Source.POLL)
    aviv.ask(Kind.DEACTIVATE, "SL")
    assert aviv.begun() is None
    assert (aviv.told(portal="SL")[-1], aviv.known.standings["SL"].problems) == ("UPDATED(3)", ())


def test_what_a_removal_without_an_answer_behind_another_lost_call_took_off_was_removed_by_nobody_else(
    olx: Hub,
) -> None:
    _published(olx)
    olx.put(IMO, text="changed")
    assert olx.begun() is Op.PUT
    olx.fail(taken=True)
    olx.delete()
    olx.now += MINUTE
    assert olx.look().decision.search
    olx.forget()
    assert olx.begun() is Op.DELETE
    olx.fail(taken=True)
    olx.post(IMO)
    olx.ask(Kind.DEACTIVATE, IMO)
    _given_up_and_asked(olx)
    olx.say(state=S.WITHDRAWN, code="removed_by_user")
    assert olx.begun() is None
    assert (olx.told()[-1], olx.last.problems) == ("UPDATED(5)", ())


def test_what_a_deletion_of_ours_took_off_besides_was_removed_by_nobody_else(aviv: Hub) -> None:
    """AVIV tells the end of a DELETE for every portal that was ever listed, also for one that took nothing."""
    aviv.post("BD")
    assert aviv.begun() is Op.POST
    aviv.accept("advert-1")
    aviv.say(revision=1, state=S.LIVE, code="CREATED", source=Source.POLL)
    aviv.put("SL")
    assert aviv.begun() is Op.PUT
    aviv.accept()
    aviv.now += MINUTE
    refusal = {"revision": 2, "failed": True, "source": Source.POLL}
    aviv.say(**refusal, removal=True, portals=("BD",), code="DELETING_FAILED")
    aviv.say(**refusal, portals=("SL",), state=S.ABSENT, code="CREATING_FAILED")
    aviv.now += HOUR
    assert aviv.begun() is Op.DELETE
    aviv.accept()
    aviv.now += MINUTE
    for portal in ("BD", "SL"):
        aviv.say(revision=3, removal=True, portals=(portal,), state=S.WITHDRAWN, code="DELETED", source=Source.POLL)
    aviv.ask(Kind.DEACTIVATE, "SL")
    assert aviv.begun() is None
    assert (aviv.told(portal="SL")[-1], aviv.known.standings["SL"].problems) == ("UPDATED(3)", ())


def test_what_was_seen_before_a_deletion_and_is_told_after_its_answer_brings_nothing_back(olx: Hub) -> None:
    _published(olx)
    seen_at = olx.now
    olx.now += MINUTE
    olx.delete()
    assert olx.begun() is Op.DELETE
    olx.done()
    olx.now += MINUTE
    assert olx.say(state=S.PENDING, code="waitingContent", at=seen_at, source=Source.POLL) is Outcome.STALE
    assert (olx.told()[-1], olx.last.advert) == ("DELETED(2)", olx.known.standings[IMO].advert)
    assert olx.known.standings[IMO].advert.state is S.WITHDRAWN


def test_a_pause_between_the_two_halves_of_a_change_of_category(olx: Hub) -> None:
    _published(olx)
    olx.key = "flat-rent"
    olx.put(IMO, text="to let")
    assert olx.begun() is Op.DELETE
    olx.accept()
    olx.ask(Kind.DEACTIVATE, IMO)
    olx.look()
    olx.say(ends=Op.DELETE, state=S.WITHDRAWN, code="removed_by_user")
    assert olx.begun() is None
    assert (olx.told()[-1], olx.last.problems) == ("UPDATED(3)", ())


def test_a_pause_of_what_somebody_removed_since_the_crm_published_it_anew_is_explained(olx: Hub) -> None:
    _begun_anew(olx)
    olx.accept("advert-2")
    olx.say(ends=Op.POST, state=S.LIVE, code="active")
    olx.now += MINUTE
    olx.say(state=S.WITHDRAWN, code="removed_by_user")
    olx.ask(Kind.DEACTIVATE, IMO)
    assert olx.begun() is None
    assert [problem.code for problem in olx.last.problems] == ["removed_on_portal"]


def test_put_takes_one_portal_off(aviv: Hub) -> None:
    _published(aviv, "SL", "BD")
    aviv.put("SL")
    aviv.look()
    start = aviv.calls[-1]
    assert (start.kind, start.listed, start.removing) == (Op.PUT, ("SL",), ("BD",))
    aviv.accept()
    aviv.now += 1
    aviv.say(portals=("SL",), revision=2, removal=False, state=S.LIVE, code="UPDATED", source=Source.POLL)
    aviv.say(portals=("BD",), revision=2, removal=True, state=S.WITHDRAWN, code="DELETED", source=Source.POLL)
    assert aviv.told(portal="BD")[3:] == ["RECEIVED(2)", "DELETING(2)", "DELETED(2)"]
    assert aviv.told(portal="SL")[3:] == ["RECEIVED(2)", "UPDATED(2)"]
    assert aviv.known.running is None


def test_a_portal_that_refuses_to_be_taken_off_by_a_put_is_asked_three_times(aviv: Hub) -> None:
    """Lifecycle §1: an hour apart, as with a DELETE. The refusal before says nothing of the try in flight (§4)."""
    _published(aviv, "SL", "BD")
    aviv.put("SL")
    refusal: dict[str, Any] = {"portals": ("BD",), "failed": True, "removal": True, "source": Source.POLL}
    for tries in (1, 2, 3):
        aviv.look()
        assert [start.kind for start in aviv.calls] == [Op.POST, *[Op.PUT] * tries]
        aviv.accept()
        aviv.now += 1
        if tries > 1:
            aviv.say(**refusal, revision=tries)
            assert aviv.known.running is not None
        aviv.say(**refusal, revision=tries + 1)
        assert aviv.known.running is None
        aviv.look()
        assert len(aviv.calls) == 1 + tries, "not at once"
        aviv.now += HOUR
    aviv.look()
    assert len(aviv.calls) == 4
    assert aviv.told(portal="BD")[3:] == ["RECEIVED(2)", "DELETING(2)", "DELETING_FAILED(2)"]


def test_the_last_portal_taken_off_is_a_delete(aviv: Hub) -> None:
    _published(aviv, "SL")
    aviv.delete()
    assert aviv.begun() is Op.DELETE
    aviv.accept()
    aviv.now += 1
    aviv.say(revision=1, removal=True, state=S.WITHDRAWN, code="DELETED", source=Source.POLL)
    assert aviv.told()[3:] == ["RECEIVED(2)", "DELETING(2)", "DELETED(2)"]


def test_a_portal_added_by_a_put_is_created(aviv: Hub) -> None:
    _published(aviv, "SL")
    aviv.put("SL", "BD", text="wider")
    aviv.look()
    assert aviv.calls[-1].kind is Op.PUT
    aviv.accept()
    aviv.now += 1
    aviv.say(portals=("SL", "BD"), revision=2, removal=False, state=S.LIVE, code="UPDATED", source=Source.POLL)
    assert aviv.told(portal="BD") == ["RECEIVED(2)", "CREATING(2)", "CREATED(2)"]
    assert aviv.told(portal="SL")[3:] == ["RECEIVED(2)", "UPDATING(2)", "UPDATED(2)"]


def test_pause_and_activation_where_the_portal_cannot_pause(aviv: Hub) -> None:
    _published(aviv, "SL")
    aviv.ask(Kind.DEACTIVATE, "SL")
    assert aviv.begun() is Op.DELETE
    aviv.accept()
    aviv.now += 1
    aviv.say(revision=1, removal=True, state=S.WITHDRAWN, code="DELETED", source=Source.POLL)
    assert aviv.told()[3:] == ["RECEIVED(2)", "UPDATING(2)", "UPDATED(2)"]
    assert aviv.last.advert is not None
    assert aviv.last.advert.state is S.PAUSED
    assert not aviv.last.problems
    aviv.ask(Kind.ACTIVATE, "SL")
    assert aviv.begun() is Op.POST
    aviv.accept("advert-2")
    aviv.say(revision=1, removal=False, state=S.LIVE, code="CREATED", source=Source.POLL)
    assert aviv.told()[6:] == ["RECEIVED(3)", "UPDATING(3)", "UPDATED(3)"]


def test_pause_and_activation_where_the_portal_can(olx: Hub) -> None:
    _published(olx)
    olx.ask(Kind.DEACTIVATE, IMO)
    assert olx.begun() is Op.DEACTIVATE
    olx.accept()
    olx.now += 1
    olx.say(ends=Op.DEACTIVATE, state=S.PAUSED, code="removed_by_user")
    assert olx.told()[3:] == ["RECEIVED(2)", "UPDATING(2)", "UPDATED(2)"]
    olx.put(IMO, text="while paused")
    assert olx.begun() is None
    assert olx.last.message == "kept until activation"
    olx.ask(Kind.ACTIVATE, IMO)
    assert olx.begun() is Op.ACTIVATE
    olx.accept()
    olx.now += 1
    olx.say(ends=Op.ACTIVATE, state=S.LIVE)
    assert olx.begun() is Op.PUT


def test_an_unchanged_update_is_no_call(olx: Hub) -> None:
    _published(olx)
    olx.ask(Kind.RETRY, IMO)
    assert olx.begun() is None
    assert olx.told()[3:] == ["RECEIVED(2)", "UPDATED(2)"]
    assert (olx.last.source, olx.last.message) == (Source.HUB, "nothing changed for this portal")


def test_another_category_is_delete_then_post(olx: Hub) -> None:
    _published(olx)
    olx.put(IMO, text="now to let")
    olx.key = "flat-rent"
    assert olx.begun() is Op.DELETE
    olx.accept()
    olx.now += 1
    olx.say(ends=Op.DELETE, state=S.WITHDRAWN)
    assert olx.begun() is Op.POST
    olx.accept("advert-2")
    olx.now += 1
    olx.say(ends=Op.POST, state=S.LIVE)
    assert olx.told()[3:] == ["RECEIVED(2)", "UPDATING(2)", "UPDATING(2)", "UPDATED(2)"]


def test_a_pending_advert_is_asked_after_at_once_where_a_day_has_passed_before_a_broken_revision(olx: Hub) -> None:
    """What ends without a call leaves the question behind it due, not forgotten."""
    olx.post(IMO)
    olx.look()
    olx.accept("advert-1")
    olx.say(ends=Op.POST, state=S.PENDING, code="new")
    olx.look()
    olx.now += DAY
    olx.broken = {IMO: (Problem("missing_field", "no price"),)}
    olx.put(IMO, text="another")
    assert olx.look().decision.finishes
    assert olx.known.due == olx.now
    assert olx.look().decision.read


def test_one_portals_broken_rule_never_stops_another(aviv: Hub) -> None:
    aviv.broken = {"BD": (Problem("missing_field", "a picture", "/media"),)}
    aviv.post("SL", "BD")
    aviv.look()
    assert aviv.calls[-1].listed == ("SL",)
    assert aviv.told(portal="BD") == ["RECEIVED(1)", "CREATING_FAILED(1)"]
    failed = next(entry for entry in aviv.timeline if entry.portals == ("BD",))
    assert failed.to_json()["problem"]["field"] == "/media"


def test_a_refused_delete_is_tried_three_times_an_hour_apart(olx: Hub) -> None:
    _published(olx)
    olx.delete()
    for _ in range(3):
        assert olx.begun() is Op.DELETE
        olx.refuse(Problem("rejected_by_portal", "no"))
        assert olx.begun() is None
        olx.now += HOUR
    assert olx.begun() is None
    assert olx.told()[3:] == ["RECEIVED(2)", "DELETING_FAILED(2)"]


def _back_after_its_deletion(olx: Hub) -> None:
    _published(olx)
    olx.delete()
    olx.look()
    olx.accept()
    olx.say(ends=Op.DELETE, state=S.WITHDRAWN)
    olx.now += 1
    olx.say(state=S.LIVE, code="active")


def test_what_came_back_after_its_deletion_and_is_not_taken_off_again_says_who_must_act(olx: Hub) -> None:
    """The word stays DELETED: nothing was asked for since. That the advert is live against the wish is a problem."""
    _back_after_its_deletion(olx)
    for _ in range(3):
        assert olx.begun() is Op.DELETE
        olx.refuse(Problem("manual_step", "take it off by hand"))
        assert olx.last.problems == (Problem("manual_step", "take it off by hand"),)
        olx.now += HOUR
    assert olx.begun() is None
    olx.say(state=S.WITHDRAWN, code="removed_by_user")
    assert (olx.last.status, olx.last.problems) == ("DELETED", ())


def test_a_further_try_may_still_delete(olx: Hub) -> None:
    _published(olx)
    olx.delete()
    olx.look()
    olx.refuse(Problem("rejected_by_portal", "no"))
    olx.look()
    olx.now += HOUR
    assert olx.begun() is Op.DELETE
    olx.accept()
    olx.say(ends=Op.DELETE, state=S.WITHDRAWN)
    assert olx.told()[-1] == "DELETED(2)"


def test_what_comes_back_to_life_after_a_delete_is_deleted_again(olx: Hub) -> None:
    _back_after_its_deletion(olx)
    assert olx.known.look
    assert olx.begun() is Op.DELETE


def test_the_id_of_a_received_entry_does_not_depend_on_other_revisions(aviv: Hub) -> None:
    """What `query_status` shows before the look is what the look stores, though another portal was asked meanwhile."""
    aviv.post("SL", "BD")
    assert aviv.classified is not None
    before, shown = see(open_publication(aviv.classified, "aviv"), aviv.classified, aviv.now)
    assert before.version == 0
    aviv.ask(Kind.DEACTIVATE, "SL")
    aviv.look()
    of_bd = next(entry for entry in aviv.timeline if entry.portals == ("BD",) and entry.revision == 1)
    assert of_bd.status_id == shown[0].status_id
