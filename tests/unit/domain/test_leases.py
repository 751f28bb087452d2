"""Calls whose caller died or was overtaken: nothing is doubled at the portal, and what is one too many is taken off."""

from __future__ import annotations

from dataclasses import replace

import pytest

from placard.domain import answers
from placard.domain.answers import Answer, Result
from placard.domain.classified import Kind
from placard.domain.events import AdvertState as S
from placard.domain.events import Operation as Op
from placard.domain.events import Source
from placard.domain.instants import DAY, MINUTE
from placard.domain.problems import Problem
from placard.domain.publication import Phase
from tests.unit.domain.hub import FACTS, HINTS, LEASE, Hub, event

IMO = "IMOVIRTUAL"


def _lost_post() -> Hub:
    """A POST whose caller died under its lease."""
    hub = Hub()
    hub.post(IMO)
    assert hub.begun() is Op.POST
    return hub


def _live() -> Hub:
    """An advert that is live."""
    hub = Hub()
    hub.post(IMO)
    hub.look()
    hub.accept("advert-1")
    hub.say(ends=Op.POST, state=S.LIVE)
    return hub


def _lost_put() -> Hub:
    """A change of a live advert whose answer was lost."""
    hub = _live()
    hub.put(IMO, text="changed")
    assert hub.begun() is Op.PUT
    hub.fail(taken=True)
    return hub


def _put_sent_again() -> Hub:
    """A change that is on its way to the portal for the second time, since the answer to the first was lost."""
    hub = _lost_put()
    hub.now += 2_000
    hub.look()
    hub.forget()
    assert hub.begun() is Op.PUT
    return hub


def _change_again(hub: Hub) -> None:
    """Begin the next revision's change, though the answer to the one before was lost."""
    hub.now += 2_000
    hub.look()
    hub.put(IMO, text="changed again")
    hub.forget()
    assert hub.begun() is Op.PUT


def _taken_off_to_be_created_anew() -> Hub:
    """A live advert whose change needs another key: its removal is begun, a creation is to follow."""
    hub = _live()
    hub.key = "rent"
    hub.put(IMO, text="to let")
    assert hub.begun() is Op.DELETE
    return hub


def test_nobody_calls_under_anothers_lease() -> None:
    hub = _lost_post()
    hub.now += LEASE - 1
    looked = hub.look()
    assert looked.decision.start is None
    assert looked.decision.wake_at == hub.known.lease_until


def test_a_lapsed_lease_is_an_unknown_outcome_and_a_post_is_looked_for() -> None:
    hub = _lost_post()
    hub.now += LEASE
    looked = hub.look()
    assert looked.decision.search
    assert hub.known.running is not None
    assert hub.known.running.phase is Phase.UNKNOWN


def test_a_second_advert_of_a_late_answer_is_deleted_at_the_portal() -> None:
    hub = _lost_post()
    hub.now += LEASE
    hub.look()
    hub.publication = answers.forget(hub.known, "operation-1", hub.now).publication
    assert hub.begun() is Op.POST
    hub.accept("advert-2")
    late = Answer(Result.ACCEPTED, "advert-1", "t-late")
    folded = answers.accept(hub.known, hub.operations[0], late, FACTS, hub.now)
    hub.publication = folded.publication
    assert (folded.entries, hub.known.surplus) == ((), ("advert-1",))
    hub.say(ends=Op.POST, state=S.LIVE, transaction="t-2")
    told = hub.told()
    assert hub.begun() is Op.DELETE
    start = hub.calls[-1]
    assert (start.surplus, start.portals) == ("advert-1", ())
    hub.accept()
    assert hub.known.surplus == ()
    assert hub.known.running is None
    assert hub.told() == told, "the end of a surplus advert is no entry"
    assert hub.known.remote_id == "advert-2"


def test_an_answer_after_the_end_keeps_its_id_and_says_nothing() -> None:
    hub = Hub()
    hub.post(IMO)
    hub.look()
    hub.accept("advert-1")
    hub.say(ends=Op.POST, state=S.LIVE, transaction="t-1")
    told = hub.told()
    late = Answer(Result.ACCEPTED, "advert-1", "t-1")
    folded = answers.accept(hub.known, hub.operations[0], late, FACTS, hub.now)
    assert folded.entries == ()
    assert folded.publication.remote_id == "advert-1"
    assert hub.told() == told


def test_an_answer_to_a_deletion_does_not_undo_the_creation_behind_it() -> None:
    hub = _taken_off_to_be_created_anew()
    hub.say(ends=Op.DELETE, state=S.WITHDRAWN, transaction="t-2")
    hub.now += LEASE
    assert hub.begun() is Op.POST
    hub.accept("advert-2")
    late = Answer(Result.ACCEPTED, "advert-1", "t-2")
    folded = answers.accept(hub.known, hub.operations[1], late, FACTS, hub.now)
    assert folded.publication.remote_id == "advert-2"
    assert folded.publication.former_transactions[-1] == "t-2"


@pytest.mark.parametrize("outcome", ["accept", "refuse", "done", "miss", "fail"])
def test_the_next_call_waits_until_the_one_before_is_heard_of(outcome: str) -> None:
    """Its end may be that of an earlier try, and itself not be at the portal yet: it would meet the next one there."""
    hub = _taken_off_to_be_created_anew()
    hub.say(ends=Op.DELETE, state=S.WITHDRAWN, transaction="t-of an earlier try")
    looked = hub.look()
    assert looked.decision.start is None
    assert looked.decision.wake_at == hub.operations[-1].began_at + LEASE
    answer = {"accept": hub.accept, "refuse": hub.refuse, "done": hub.done, "miss": hub.miss}
    answer.get(outcome, lambda: hub.fail(taken=True))()
    assert hub.known.look
    assert hub.begun() is Op.POST


def test_an_answer_to_a_deletion_that_comes_after_the_creation_behind_it_names_no_second_advert() -> None:
    hub = _taken_off_to_be_created_anew()
    hub.say(ends=Op.DELETE, state=S.WITHDRAWN, transaction="t-2")
    hub.now += LEASE
    assert hub.begun() is Op.POST
    hub.accept("advert-2")
    hub.say(ends=Op.POST, state=S.LIVE, transaction="t-3")
    late = Answer(Result.ACCEPTED, "advert-1", "t-2")
    folded = answers.accept(replace(hub.known, last=hub.operations[2]), hub.operations[1], late, FACTS, hub.now)
    assert folded.publication.surplus == ()
    assert folded.publication.former_transactions[-1] == "t-2"


def test_a_lost_put_is_sent_again() -> None:
    hub = _lost_put()
    hub.now += 2_000
    looked = hub.look()
    assert looked.decision.search
    hub.forget()
    assert hub.begun() is Op.PUT


def test_the_end_of_a_lost_put_is_not_that_of_the_next_one() -> None:
    hub = _lost_put()
    ended_at = hub.now
    _change_again(hub)
    hub.now += 1_000
    assert hub.say(ends=Op.PUT, state=S.LIVE, at=ended_at, transaction="t-lost") == "stale"
    assert hub.known.running is not None
    assert hub.known.reread, "how it stands is asked when the call is over"
    hub.refuse()
    assert hub.say(ends=Op.PUT, state=S.LIVE, at=ended_at, transaction="t-lost too") == "stale"
    assert hub.told()[-1] == "UPDATING_FAILED(3)", "nor is it news of it"


def test_the_end_of_a_lost_put_is_not_that_of_the_next_one_whose_answer_is_lost_too() -> None:
    hub = _lost_put()
    _change_again(hub)
    hub.fail(taken=True)
    hub.now += 1_000
    assert hub.say(ends=Op.PUT, state=S.LIVE, transaction="t-lost") == "stale"
    assert hub.say(ends=Op.PUT, state=S.LIVE, source=Source.POLL) == "stale", "a reading cannot tell them apart either"
    hub.publication = replace(hub.known, reread=False)
    hub.now += 2_000
    assert hub.look().decision.search
    hub.forget()
    assert hub.begun() is Op.PUT, "it is sent until the portal names it"
    hub.accept(transaction="t-3")
    hub.say(ends=Op.PUT, state=S.LIVE, transaction="t-3")
    assert hub.told()[-1] == "UPDATED(3)"


def test_the_end_of_a_lost_put_is_no_news_of_a_later_one_that_was_refused() -> None:
    hub = _lost_put()
    _change_again(hub)
    hub.refuse()
    hub.now += 1_000
    hub.say(ends=Op.PUT, state=S.LIVE, transaction="t-lost")
    hub.now += 1_000
    hub.say(ends=Op.PUT, state=S.LIVE, source=Source.POLL)
    assert hub.known.standings[IMO].word == "UPDATING_FAILED", "the portal shows the text before it"


def test_the_end_of_a_lost_put_counts_for_the_same_text_sent_again() -> None:
    hub = _put_sent_again()
    hub.fail(taken=True)
    hub.now += 1_000
    assert hub.say(ends=Op.PUT, state=S.LIVE, transaction="t-lost") == "applied"
    assert hub.told()[-1] == "UPDATED(2)"


def _put_whose_earlier_try_failed() -> Hub:
    """A change that is on its way for the second time, while the portal says that the first time failed."""
    hub = _put_sent_again()
    hub.now += 1_000
    assert hub.say(ends=Op.PUT, failed=True, at=hub.now, transaction="t-lost") == "applied"
    assert hub.told()[-1] == "UPDATING_FAILED(2)"
    return hub


def test_a_change_whose_earlier_try_failed_is_under_way_once_the_portal_takes_it() -> None:
    hub = _put_whose_earlier_try_failed()
    hub.put(IMO, text="changed again")
    assert hub.begun() is None
    hub.accept(transaction="t-taken")
    assert hub.known.running is not None
    assert hub.begun() is None, "the portal would be busy"
    hub.say(ends=Op.PUT, state=S.LIVE, transaction="t-taken")
    assert hub.begun() is Op.PUT


@pytest.mark.parametrize("failed", [False, True])
def test_the_end_of_a_change_that_was_taken_after_an_earlier_try_failed_is_told(failed: bool) -> None:
    hub = _put_whose_earlier_try_failed()
    hub.accept(transaction="t-taken")
    hub.now += 1_000
    hub.say(ends=Op.PUT, failed=failed, transaction="t-taken", problems=(Problem("invalid_field", "too short"),))
    assert hub.told()[-1] == ("UPDATING_FAILED(2)" if failed else "UPDATED(2)")
    assert hub.known.running is None


def test_an_end_that_comes_before_the_answer_that_names_it_is_waited_for_no_more() -> None:
    hub = _put_whose_earlier_try_failed()
    hub.now += 1_000
    hub.say(ends=Op.PUT, state=S.LIVE, transaction="t-taken")
    assert hub.told()[-1] == "UPDATED(2)"
    hub.accept(transaction="t-taken")
    assert hub.known.running is None


def test_a_text_put_back_is_sent_where_a_change_of_it_was_lost() -> None:
    hub = _lost_put()
    hub.now += 2_000
    hub.look()
    hub.put(IMO)
    hub.forget()
    assert hub.begun() is Op.PUT, "the portal may show the other text since"


@pytest.mark.parametrize("source", [Source.POLL, Source.CALLBACK])
def test_the_end_before_a_refused_change_is_no_news_of_it(source: Source) -> None:
    hub = _live()
    ended_at = hub.now
    hub.now += 1_000
    hub.say(state=S.REJECTED)
    hub.put(IMO, text="changed")
    hub.now += 1_000
    assert hub.begun() is Op.PUT
    hub.refuse()
    hub.now += 1_000
    live_again = event(hub.known.remote_id, hub.now, ends=Op.PUT, state=S.LIVE, source=source)
    assert live_again.end is not None
    hub.fold(replace(live_again, end=replace(live_again.end, at=ended_at)))
    standing = hub.known.standings[IMO]
    assert (standing.word, standing.advert.state) == ("UPDATING_FAILED", S.LIVE)


def test_what_a_portal_shows_of_a_former_change_is_no_news_of_a_refused_one() -> None:
    hub = Hub(policy=HINTS, channel="aviv")
    hub.post("SL")
    hub.look()
    hub.accept("advert-1")
    hub.say(revision=1, state=S.LIVE)
    hub.put("SL", "BD")
    assert hub.begun() is Op.PUT
    hub.accept("advert-1")
    hub.now += 1_000
    shown = {"revision": 2, "state": S.LIVE, "at": hub.now, "portals": ("SL",)}
    hub.say(revision=2, state=S.LIVE, portals=("BD",))
    hub.now += 1_000
    hub.put("SL", "BD", text="changed")
    assert hub.begun() is Op.PUT
    hub.refuse()
    hub.now += 1_000
    hub.say(**shown, source=Source.POLL)
    assert hub.known.standings["SL"].word == "UPDATING_FAILED"


def test_a_failure_is_counted_from_the_call_that_failed_and_not_from_one_that_was_given_up() -> None:
    hub = _lost_post()
    hub.fail(taken=False)
    hub.delete()
    hub.now += MINUTE
    assert hub.begun() is None
    assert hub.told()[-1] == "DELETED(2)"
    hub.now += 2 * DAY
    hub.post(IMO)
    assert hub.begun() is Op.POST
    hub.fail(taken=False)
    assert hub.told()[-1] == "RECEIVED(3)"
    assert hub.last.problems == (), "nothing was tried for two days"


def test_a_classified_that_is_missing_leaves_what_was_off_before_as_it_was_told() -> None:
    hub = Hub(policy=HINTS, channel="aviv")
    hub.post("SL", "BD")
    hub.look()
    hub.accept("advert-1")
    hub.say(revision=1, state=S.LIVE)
    hub.now += 1_000
    hub.say(state=S.WITHDRAWN, portals=("SL",))
    assert hub.known.standings["SL"].advert.state is S.WITHDRAWN
    hub.put("BD", text="changed")
    assert hub.begun() is Op.PUT
    hub.miss()
    assert {portal: one.advert.state for portal, one in hub.known.standings.items()} == {
        "SL": S.WITHDRAWN,
        "BD": S.ABSENT,
    }


def _live_at_aviv() -> Hub:
    hub = Hub(policy=HINTS, channel="aviv")
    hub.post("SL")
    hub.look()
    hub.accept("advert-1")
    hub.say(revision=1, state=S.LIVE, source=Source.POLL)
    return hub


def _missed_behind_a_removal_without_an_answer() -> Hub:
    """Delete and lose the answer, publish again, and hear that there is nothing to change."""
    hub = _live_at_aviv()
    hub.delete()
    assert hub.begun() is Op.DELETE
    hub.fail(taken=True)
    hub.post("SL", text="changed")
    hub.now += MINUTE
    assert hub.look().decision.search
    hub.forget()
    hub.publication = replace(hub.known, reread=False)
    assert hub.begun() is Op.PUT
    hub.miss()
    return hub


def test_what_is_missing_behind_a_removal_without_an_answer_is_asked_after_until_that_is_over() -> None:
    hub = _missed_behind_a_removal_without_an_answer()
    assert hub.known.remote_id == "advert-1", "the removal may be refused yet"
    assert hub.begun() is None
    hub.now = hub.known.due or 0
    assert hub.look().decision.read
    hub.publication = replace(hub.known, reread=False)
    hub.say(revision=2, removal=True, state=S.WITHDRAWN, code="DELETED", source=Source.POLL)
    assert hub.begun() is Op.POST
    hub.accept("advert-2")
    assert hub.told()[-1] == "UPDATING(3)"


def test_what_is_missing_behind_a_removal_that_is_refused_after_all_is_changed() -> None:
    hub = _missed_behind_a_removal_without_an_answer()
    hub.now = hub.known.due or 0
    hub.publication = replace(hub.known, reread=False)
    hub.say(revision=2, removal=True, failed=True, code="DELETING_FAILED", source=Source.POLL)
    assert hub.begun() is Op.PUT
    hub.accept()
    assert hub.told()[-1] == "UPDATING(3)"


def test_what_is_missing_long_after_a_removal_without_an_answer_is_created() -> None:
    hub = _missed_behind_a_removal_without_an_answer()
    hub.now += HINTS.settle
    hub.publication = replace(hub.known, reread=False)
    assert hub.begun() is Op.PUT
    hub.miss()
    assert hub.known.remote_id is None
    assert hub.begun() is Op.POST


@pytest.mark.parametrize("settle", [15 * MINUTE, DAY])
def test_a_creation_whose_answer_is_always_lost_is_given_up_after_a_day_and_its_search(settle: int) -> None:
    hub = Hub(policy=replace(HINTS, settle=settle), channel="aviv")
    hub.post("SL")
    began = hub.now
    while hub.begun() is Op.POST:
        hub.fail(taken=True)
        hub.now = hub.known.running.began_at + settle  # type: ignore[union-attr] # it has just begun
        assert hub.look().decision.search
        hub._take(answers.never_created(hub.known, hub.operation_id, hub.policy, hub.now))
        assert hub.now - began <= DAY + settle, "it is tried for ever"
    assert len(hub.calls) > 1, "one lost answer is not the end"
    assert hub.told()[-1] == "CREATING_FAILED(1)"
    assert hub.now - began >= DAY
    assert hub.last.problems[0].code == "portal_unavailable"


def test_a_creation_that_took_a_day_to_search_has_an_hours_tries_behind_it() -> None:
    hub = Hub(policy=replace(HINTS, settle=DAY), channel="aviv")
    hub.post("SL")
    hub.look()
    hub.fail(taken=True)
    hub.now += DAY
    hub.look()
    hub._take(answers.never_created(hub.known, hub.operation_id, hub.policy, hub.now))
    assert hub.begun() is Op.POST
    hub.fail(taken=False)
    hub.now += hub.policy.again - 1
    assert hub.begun() is Op.POST
    hub.fail(taken=False)
    hub.now += 2_000
    assert hub.begun() is Op.POST
    hub.fail(taken=False)
    assert hub.told()[-1] == "CREATING_FAILED(1)"


def _lost_revision() -> Hub:
    """AVIV has a change whose answer was lost as its revision 2."""
    hub = _live_at_aviv()
    hub.put("SL", text="lost")
    assert hub.begun() is Op.PUT
    hub.fail(taken=True)
    hub.now += 2_000
    hub.look()
    return hub


def _take_upon_it(hub: Hub) -> None:
    """AVIV takes the newest change upon the revision that was lost."""
    assert hub.begun() is Op.PUT
    hub.accept(replaces=2)
    hub.now += 1_000


def _revision_behind_a_lost_one(text: str) -> Hub:
    hub = _lost_revision()
    hub.put("SL", text=text)
    hub.forget()
    _take_upon_it(hub)
    return hub


def test_the_end_of_a_lost_revision_is_not_that_of_the_one_made_upon_it() -> None:
    hub = _revision_behind_a_lost_one("changed")
    hub.say(revision=2, state=S.LIVE, source=Source.POLL)
    assert hub.told()[-1] == "UPDATING(3)"
    hub.say(revision=3, state=S.LIVE, failed=True, source=Source.POLL)
    assert hub.told()[-1] == "UPDATING_FAILED(3)"


def test_a_refusal_does_not_make_a_lost_revision_forgotten() -> None:
    """What was lost is sent again and refused; it is under way all the same, and the next revision is made upon it."""
    hub = _lost_revision()
    hub.forget()
    assert hub.begun() is Op.PUT
    hub.refuse()
    hub.put("SL", text="changed")
    _take_upon_it(hub)
    hub.say(revision=2, state=S.LIVE, source=Source.POLL)
    assert hub.told()[-1] == "UPDATING(3)"


def test_the_end_of_a_lost_revision_comes_too_late_for_the_one_that_ended_without_a_word() -> None:
    hub = _revision_behind_a_lost_one("changed")
    hub.say(ends=Op.PUT, failed=True, source=Source.POLL)
    hub.say(revision=2, state=S.LIVE, source=Source.POLL)
    assert hub.told()[-1] == "UPDATING_FAILED(3)"


def test_the_end_of_a_lost_revision_counts_for_the_same_text_sent_again() -> None:
    """AVIV makes nothing of a text that it has."""
    hub = _revision_behind_a_lost_one("lost")
    hub.say(revision=2, state=S.LIVE, source=Source.POLL)
    assert hub.told()[-1] == "UPDATED(3)"


def test_of_two_lost_changes_the_end_of_the_later_is_not_that_of_the_first_sent_again() -> None:
    hub = _lost_put()
    _change_again(hub)
    hub.fail(taken=True)
    hub.now += 2_000
    hub.look()
    hub.put(IMO, text="changed")
    hub.forget()
    assert hub.begun() is Op.PUT
    hub.fail(taken=True)
    hub.now += 1_000
    assert hub.say(ends=Op.PUT, state=S.LIVE, transaction="t-of the second") == "stale"
    assert hub.known.running is not None


def test_a_pause_whose_answer_was_lost_is_nobody_elses_removal() -> None:
    hub = Hub(policy=HINTS, channel="aviv")
    hub.post("SL")
    hub.look()
    hub.accept("advert-1")
    hub.say(revision=1, state=S.LIVE)
    hub.ask(Kind.DEACTIVATE, "SL")
    assert hub.begun() is Op.DELETE
    hub.fail(taken=True)
    hub.forget()
    hub.now += 3_000
    hub.say(revision=2, state=S.WITHDRAWN, removal=True)
    assert hub.begun() is None
    assert hub.told()[-1] == "UPDATED(2)"
    assert (hub.known.standings["SL"].advert.state, hub.known.standings["SL"].problems) == (S.PAUSED, ())
    hub.ask(Kind.ACTIVATE, "SL")
    assert hub.begun() is Op.POST


def test_a_word_about_a_former_advert_is_stale() -> None:
    hub = _live()
    before = hub.known.standings
    assert hub.fold(event("advert-0", hub.now + 1, state=S.REJECTED)) == "stale"
    assert {p: s.advert for p, s in hub.known.standings.items()} == {p: s.advert for p, s in before.items()}
