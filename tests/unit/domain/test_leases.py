"""Calls whose caller died or was overtaken: nothing is doubled at the portal, and what is one too many is taken off."""

from __future__ import annotations

from placard.domain import answers
from placard.domain.answers import Answer, Result
from placard.domain.classified import Kind
from placard.domain.events import AdvertState as S
from placard.domain.events import Operation as Op
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
    folded = answers.accept(hub.known, "operation-1", late, FACTS, hub.now)
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
    folded = answers.accept(hub.known, "operation-1", late, FACTS, hub.now)
    assert folded.entries == ()
    assert folded.publication.remote_id == "advert-1"
    assert hub.told() == told


def test_an_answer_to_a_deletion_does_not_undo_the_creation_behind_it() -> None:
    hub = _live()
    hub.key = "rent"
    hub.put(IMO, text="to let")
    assert hub.begun() is Op.DELETE
    hub.say(ends=Op.DELETE, state=S.WITHDRAWN, transaction="t-2")
    assert hub.begun() is Op.POST
    hub.accept("advert-2")
    late = Answer(Result.ACCEPTED, "advert-1", "t-2")
    folded = answers.accept(hub.known, "operation-2", late, FACTS, hub.now)
    assert folded.publication.remote_id == "advert-2"
    assert folded.publication.former_transactions[-1] == "t-2"


def test_a_lost_put_is_sent_again() -> None:
    hub = _lost_put()
    hub.now += 2_000
    looked = hub.look()
    assert looked.decision.search
    hub.publication = answers.forget(hub.known, hub.operation_id, hub.now).publication
    assert hub.begun() is Op.PUT


def test_the_end_of_a_lost_put_is_not_that_of_the_next_one() -> None:
    hub = _lost_put()
    ended_at = hub.now
    hub.now += 2_000
    hub.look()
    hub.put(IMO, text="changed again")
    hub.publication = answers.forget(hub.known, hub.operation_id, hub.now).publication
    assert hub.begun() is Op.PUT
    hub.now += 1_000
    assert hub.say(ends=Op.PUT, state=S.LIVE, at=ended_at, transaction="t-lost") == "stale"
    assert hub.known.running is not None
    assert hub.known.reread, "how it stands is asked when the call is over"
    hub.refuse()
    assert hub.say(ends=Op.PUT, state=S.LIVE, at=ended_at, transaction="t-lost too") == "stale"
    assert hub.told()[-1] == "UPDATING_FAILED(3)", "nor is it news of it"


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


def test_a_pause_whose_answer_was_lost_is_nobody_elses_removal() -> None:
    hub = Hub(policy=HINTS, channel="aviv")
    hub.post("SL")
    hub.look()
    hub.accept("advert-1")
    hub.say(revision=1, state=S.LIVE)
    hub.ask(Kind.DEACTIVATE, "SL")
    assert hub.begun() is Op.DELETE
    hub.fail(taken=True)
    hub.publication = answers.forget(hub.known, hub.operation_id, hub.now).publication
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
