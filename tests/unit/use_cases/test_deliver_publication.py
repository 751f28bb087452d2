"""Looks, leases, calls and recordings over in-memory ports (lifecycle, section 7)."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import replace

import pytest

from placard.domain import answers
from placard.domain.answers import Answer, Result
from placard.domain.classified import Classified, Kind
from placard.domain.errors import (
    BudgetSpentError,
    CircuitOpenError,
    CredentialsError,
    PortalRejectedError,
    PortalUnavailableError,
    StoreUnavailableError,
    TransitionConflictError,
)
from placard.domain.events import AdvertState as S
from placard.domain.events import Operation as Op
from placard.domain.events import PortalEvent, Source, Verdict
from placard.domain.instants import DAY, HOUR, MINUTE, SECOND
from placard.domain.lifecycle import Word
from placard.domain.problems import Problem
from placard.domain.publication import Phase
from placard.ports import Call, Change, Link, Message, Question, Revision
from placard.use_cases.apply_events import PARKED
from tests.fakes import MemoryStore
from tests.unit.domain.hub import FACTS, HINTS, event
from tests.unit.use_cases.world import CUSTOMER, World


@pytest.fixture
def world() -> World:
    return World()


def _live(world: World) -> World:
    world.publish()
    world.settle()
    world.clock.advance(1000)
    world.say(event("advert-1", world.clock.now(), ends=Op.POST, state=S.LIVE, code="active", transaction="t-1"))
    world.settle()
    world.clock.advance(MINUTE)
    return world


def test_a_classified_goes_live(world: World) -> None:
    _live(world)
    assert world.told() == ["RECEIVED(1)", "CREATING(1)", "CREATED(1)"]
    assert [call.operation for call in world.portal.calls] == [Op.POST]
    assert world.publication.due is None


def test_wake_ups_too_many_send_nothing_more(world: World) -> None:
    _live(world)
    for _ in range(3):
        world.look()
    assert len(world.portal.calls) == 1


def test_an_edit_is_one_call_and_an_unchanged_one_none(world: World) -> None:
    _live(world)
    for text in ("one", "two", "three"):
        world.publish(text, Kind.PUT)
    world.settle()
    assert [call.operation for call in world.portal.calls] == [Op.POST, Op.PUT]
    assert world.portal.calls[-1].classified.body["text"] == "three"


def test_a_callback_that_beats_the_answer_waits_for_its_link(world: World) -> None:
    world.publish()

    def answer_late(call: Call) -> Answer:
        world.say(event("advert-1", world.clock.now(), ends=Op.POST, state=S.LIVE, transaction="t-1"))
        world.relay()
        return Answer(Result.ACCEPTED, "advert-1", "t-1")

    world.portal.script = answer_late
    world.settle()
    assert world.told() == ["RECEIVED(1)", "CREATING(1)", "CREATED(1)"]


@pytest.mark.parametrize("taken", [False, True])
def test_an_outage_is_waited_out(world: World, taken: bool) -> None:
    world.publish()
    failures = iter([True, True, False])

    def fail_twice(call: Call) -> Answer:
        if next(failures):
            raise PortalUnavailableError("HTTP 503", taken=taken)
        return Answer(Result.ACCEPTED, "advert-1", "t-1")

    world.portal.script = fail_twice
    if taken:
        for _ in range(80):
            world.settle()
            due = world.publication.due
            if world.publication.running is not None and world.publication.running.phase is Phase.ACCEPTED:
                break
            assert due is not None, "a wait without a due time"
            world.clock.advance(max(due - world.clock.now(), 1))
            world.reconcile()
    else:
        world.settle()
    assert world.told()[:2] == ["RECEIVED(1)", "CREATING(1)"] or "CREATING(1)" in world.told()
    assert len(world.portal.calls) == 3


def test_a_post_of_unknown_outcome_is_adopted_when_found(world: World) -> None:
    world.publish()

    def lose(call: Call) -> Answer:
        world.portal.found = ("advert-9",)
        raise PortalUnavailableError("no answer", taken=True)

    world.portal.script = lose
    world.portal.reading = (
        event("advert-9", world.clock.now(), ends=Op.POST, state=S.LIVE, source=Source.POLL, at=world.clock.now()),
    )
    world.settle()
    assert len(world.portal.calls) == 1
    assert world.told() == ["RECEIVED(1)", "CREATING(1)", "CREATED(1)"]
    link = world.store.link_of("olx", "advert-9")
    assert link is not None
    assert link.customer == CUSTOMER


def test_an_advert_that_a_search_found_is_taken_before_it_is_asked_after(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A search may use all the calls there are for now; a question behind it would have it begin anew, again and again."""
    world.publish()

    def lose(call: Call) -> Answer:
        raise PortalUnavailableError("no answer", taken=True)

    def hold_back(question: Question) -> tuple[PortalEvent, ...]:
        raise BudgetSpentError(SECOND)

    world.portal.script, world.portal.found = lose, ("advert-9",)
    monkeypatch.setattr(world.portal, "read", hold_back)
    world.look()
    assert world.publication.due is not None
    world.clock.wait_until(world.publication.due)
    world.look()
    assert world.publication.remote_id == "advert-9"
    assert world.told() == ["RECEIVED(1)", "CREATING(1)"]


def test_an_advert_found_after_its_operation_had_ended_is_asked_for_by_a_due_time() -> None:
    world = World(replace(FACTS, looks_first=True))
    world.publish()

    def find_late(classified: Classified, channel: str) -> tuple[str, ...]:
        known = world.publication
        assert known.running is not None
        ended = answers.end(known, known.running.id, Verdict.FAILED, FACTS, world.clock.now())
        world.store.save(Change(ended.publication, ended.entries))
        return ("advert-9",)

    world.portal.search = find_late  # type: ignore[method-assign]
    world.look()
    assert (world.publication.remote_id, world.publication.reread) == ("advert-9", True)
    assert world.publication.due is not None


@pytest.mark.parametrize("reused", [True, False])
def test_the_record_of_a_creation_that_failed_is_taken_for_the_next_one_only_when_it_moved(
    world: World, reused: bool
) -> None:
    world.publish()
    world.settle()
    world.say(event("advert-1", world.clock.now(), ends=Op.POST, failed=True, state=S.ABSENT, transaction="t-1"))
    world.settle()
    world.clock.advance(MINUTE)
    failed = event(
        "advert-1", world.clock.now(), ends=Op.POST, failed=True, state=S.ABSENT, source=Source.POLL, at=None
    )

    def lose(call: Call) -> Answer:
        world.portal.found, world.portal.reading = ("advert-1",), (failed,)
        raise PortalUnavailableError("no answer", taken=True)

    world.portal.script = lose
    world.publish("of another category", Kind.PUT)
    world.settle()
    assert world.told()[-1] == "RECEIVED(2)"
    known = "advert-1" if reused else "advert-2"
    assert world.publication.due is not None
    world.clock.wait_until(world.publication.due)
    created = event(known, world.clock.now(), ends=Op.POST, state=S.LIVE, code="active", source=Source.POLL)
    world.portal.found, world.portal.reading = (known,), (created,)
    world.reconcile()
    world.settle()
    assert world.told()[-1] == "CREATED(2)"
    assert world.publication.remote_id == known
    assert len(world.portal.calls) == 2


def test_a_post_nobody_finds_is_sent_again_only_after_the_settle_time(world: World) -> None:
    world.publish()
    began = world.clock.now()
    sent: list[int] = []

    def lose_once(call: Call) -> Answer:
        sent.append(world.clock.now())
        if len(sent) == 1:
            raise PortalUnavailableError("no answer", taken=True)
        return Answer(Result.ACCEPTED, "advert-1", "t-1")

    world.portal.script = lose_once
    for _ in range(200):
        world.settle()
        if len(sent) == 2:
            break
        due = world.publication.due
        assert due is not None
        world.clock.advance(max(due - world.clock.now(), 1))
        world.reconcile()
    assert len(sent) == 2
    assert 30 * MINUTE <= sent[1] - began <= 31 * MINUTE


def test_a_creation_lost_for_a_day_has_more_than_one_try_when_it_is_sent_again() -> None:
    """Spotahome's settle time is a day, as long as a call may fail: the first hitch of the second call ended the revision."""
    world = World(replace(FACTS, settle=DAY))
    world.publish()
    sent = []

    def lose_then_stumble(call: Call) -> Answer:
        sent.append(world.clock.now())
        if len(sent) < 3:
            raise PortalUnavailableError("no answer", taken=len(sent) == 1)
        return Answer(Result.ACCEPTED, "advert-1", "t-1")

    world.portal.script = lose_then_stumble
    for _ in range(500):
        world.settle()
        if len(sent) == 3 or "CREATING_FAILED(1)" in world.told():
            break
        world.clock.advance(max((world.publication.due or 0) - world.clock.now(), 1))
        world.reconcile()
    assert len(sent) == 3
    assert sent[1] - sent[0] >= DAY
    assert world.told()[-1] == "CREATING(1)"


def _give_up(world: World) -> None:
    """A creation is lost, and for a day no search is answered."""
    world.publish()

    def lose(call: Call) -> Answer:
        raise PortalUnavailableError("no answer", taken=True)

    def fail(classified: Classified, channel: str) -> tuple[str, ...]:
        raise PortalUnavailableError("HTTP 503", taken=False)

    world.portal.script = lose
    answer, world.portal.search = world.portal.search, fail  # type: ignore[method-assign]
    _settle_past_dues(world, lambda: world.told()[-1] == "CREATING_FAILED(1)")
    world.portal.search = answer  # type: ignore[method-assign]
    world.portal.script = lambda call: Answer(Result.ACCEPTED, call.remote_id or "advert-9", "t-2")
    world.portal.reading = (
        event("advert-9", world.clock.now(), ends=Op.POST, state=S.LIVE, code="active", source=Source.POLL),
    )


def test_what_was_made_of_a_creation_given_up_is_found_and_told(world: World) -> None:
    _give_up(world)
    assert world.told() == ["RECEIVED(1)", "RECEIVED(1)", "CREATING_FAILED(1)"]
    world.portal.found = ("advert-9",)
    _settle_past_dues(world, lambda: world.told()[-1] == "CREATED(1)")
    assert [call.operation for call in world.portal.calls] == [Op.POST]


def test_what_was_made_of_a_creation_given_up_is_taken_off(world: World) -> None:
    """The advert stood, and the CRM was told of its deletion without a call."""
    _give_up(world)
    world.portal.found = ("advert-9",)
    world.delete()
    _settle_past_dues(world, lambda: len(world.portal.calls) > 1)
    assert [(call.operation, call.remote_id) for call in world.portal.calls] == [
        (Op.POST, None),
        (Op.DELETE, "advert-9"),
    ]


def test_a_creation_given_up_that_nothing_was_made_of_is_over(world: World) -> None:
    _give_up(world)
    _settle_past_dues(world, lambda: world.publication.running is None)
    publication = world.publication
    assert (publication.running, publication.unheard, publication.failing_since, publication.due) == (None,) * 4
    assert world.told()[-1] == "CREATING_FAILED(1)"
    world.publish(kind=Kind.RETRY)
    world.settle()
    assert world.told()[-2:] == ["RECEIVED(2)", "CREATING(2)"]
    assert [call.operation for call in world.portal.calls] == [Op.POST, Op.POST]


def test_an_outage_is_told_after_15_minutes_and_given_up_after_24_hours(world: World) -> None:
    world.publish()

    def fail(call: Call) -> Answer:
        raise PortalUnavailableError("HTTP 503", taken=False)

    world.portal.script = fail
    start = world.clock.now()
    for _ in range(2000):
        world.settle()
        if world.told()[-1] == "CREATING_FAILED(1)":
            break
        world.clock.advance(max((world.publication.due or 0) - world.clock.now(), 1000))
        world.reconcile()
    assert world.told() == ["RECEIVED(1)", "RECEIVED(1)", "CREATING_FAILED(1)"]
    assert DAY <= world.clock.now() - start <= DAY + 2 * HOUR
    latest = world.publication.standings["IMOVIRTUAL"].latest
    assert latest is not None
    assert latest.problems[0].code == "portal_unavailable"
    assert latest.to_json()["problem"]["retriable"] is True


def test_a_429_burns_no_try_and_keeps_the_wait_asked_for(world: World) -> None:
    world.publish()

    def throttle(call: Call) -> Answer:
        raise PortalUnavailableError("slow down", taken=False, throttled=True, wait=HOUR)

    world.portal.script = throttle
    world.settle()
    assert world.publication.tries == 0
    assert (world.publication.retry_at or 0) >= world.clock.now() + HOUR - 1000


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (
            PortalRejectedError("no", (Problem("invalid_field", "too short", "/data/texts/headline/pt"),)),
            "invalid_field",
        ),
        (CredentialsError(Problem("consent_revoked", "The portal refuses the refresh token.")), "consent_revoked"),
        (CredentialsError(Problem("not_connected", "No account.")), "not_connected"),
    ],
)
def test_a_refusal_ends_with_its_problem(world: World, error: Exception, code: str) -> None:
    world.publish()

    def refuse(call: Call) -> Answer:
        raise error

    world.portal.script = refuse
    world.settle()
    latest = world.publication.standings["IMOVIRTUAL"].latest
    assert latest is not None
    assert (latest.status, latest.problems[0].code) == ("CREATING_FAILED", code)
    assert len(world.portal.calls) == 1


def test_an_advert_that_exists_is_adopted_and_changed(world: World) -> None:
    world.publish()
    answers = iter([Answer(Result.EXISTS), Answer(Result.ACCEPTED, None, "t-2")])
    world.portal.script = lambda call: next(answers)
    world.portal.found = ("advert-7",)
    world.portal.reading = (event("advert-7", world.clock.now(), state=S.LIVE, code="active", source=Source.POLL),)
    world.settle()
    assert [(call.operation, call.remote_id) for call in world.portal.calls] == [(Op.POST, None), (Op.PUT, "advert-7")]


def test_an_advert_that_exists_is_changed_though_nobody_heard_that_it_does(world: World) -> None:
    """The portal said so to a function that ended there. What it shows is older than the call, and of another text."""
    world.publish()
    older = world.clock.now() - HOUR
    world.portal.found = ("advert-7",)
    world.portal.reading = (
        event("advert-7", world.clock.now(), ends=Op.POST, state=S.LIVE, code="active", source=Source.POLL, at=older),
    )

    def end(call: Call) -> Answer:
        world.portal.script = lambda call: Answer(Result.ACCEPTED, None, "t-2")
        raise RuntimeError("the process died")

    world.portal.script = end
    with pytest.raises(RuntimeError):
        world.settle()
    world.clock.advance((world.publication.due or 0) - world.clock.now())
    world.reconcile()
    world.settle()
    assert [(call.operation, call.remote_id) for call in world.portal.calls] == [(Op.POST, None), (Op.PUT, "advert-7")]


def test_an_advert_that_is_gone_is_created_anew(world: World) -> None:
    _live(world)
    answers = iter([Answer(Result.MISSING), Answer(Result.ACCEPTED, "advert-2", "t-3")])
    world.portal.script = lambda call: next(answers)
    world.publish("changed", Kind.PUT)
    world.settle()
    assert [call.operation for call in world.portal.calls] == [Op.POST, Op.PUT, Op.POST]
    world.say(event("advert-2", world.clock.now(), ends=Op.POST, state=S.LIVE, transaction="t-3"))
    world.settle()
    assert world.told()[-1] == "UPDATED(2)"


def test_a_delete_of_what_is_gone_is_done(world: World) -> None:
    _live(world)
    world.portal.script = lambda call: Answer(Result.DONE)
    world.delete()
    world.settle()
    assert world.told()[-2:] == ["RECEIVED(2)", "DELETED(2)"]


def test_a_crash_under_the_lease_is_an_unknown_outcome(world: World) -> None:
    world.publish()

    def crash(call: Call) -> Answer:
        raise RuntimeError("the process died")

    world.portal.script = crash
    with pytest.raises(RuntimeError):
        world.settle()
    assert world.publication.running is not None
    world.look()
    assert len(world.portal.calls) == 1, "nobody calls under another's lease"
    world.portal.found = ("advert-3",)
    world.clock.advance((world.publication.due or 0) - world.clock.now())
    world.reconcile()
    world.settle()
    assert len(world.portal.calls) == 1
    assert "CREATING(1)" in world.told()


def test_an_operation_without_an_end_is_asked_after_and_told_overdue(world: World) -> None:
    world.publish()
    world.settle()
    world.clock.advance(10 * MINUTE)
    world.reconcile()
    world.settle()
    assert world.portal.reads == 1
    latest = world.publication.standings["IMOVIRTUAL"].latest
    assert latest is not None
    assert latest.problems[0].code == "overdue"
    for _ in range(30):
        world.clock.advance((world.publication.due or 0) - world.clock.now())
        world.reconcile()
        world.settle()
        if world.publication.running is None:
            break
    assert world.told() == ["RECEIVED(1)", "CREATING(1)", "CREATING(1)", "CREATING_FAILED(1)"]


def test_a_vault_that_is_down_is_no_unknown_outcome(world: World) -> None:
    """The portal was not called: nothing is to be looked for, and nothing waits for a settle time."""
    world.publish()
    began, sent = world.clock.now(), []

    def send(call: Call) -> Answer:
        sent.append(world.clock.now())
        if len(sent) == 1:
            raise StoreUnavailableError("throttled")
        return Answer(Result.ACCEPTED, "advert-1", "t-1")

    world.portal.script = send
    world.settle()
    assert world.told() == ["RECEIVED(1)", "CREATING(1)"]
    assert len(sent) == 2
    assert sent[1] - began < MINUTE


def _log_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


@pytest.mark.parametrize("readable", [True, False])
def test_the_operator_is_alarmed_once_after_half_an_hour_without_an_end(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, readable: bool
) -> None:
    """contracts/olx.md §6, last row."""
    world = World(replace(FACTS, silence=30 * MINUTE))
    if not readable:

        def refuse(question: Question) -> tuple[PortalEvent, ...]:
            raise PortalUnavailableError("HTTP 503", taken=True)

        monkeypatch.setattr(world.portal, "read", refuse)
    world.publish()
    world.settle()
    began, alarmed_at = world.clock.now(), None
    for _ in range(400):
        world.clock.advance(max((world.publication.due or 0) - world.clock.now(), 1000))
        world.reconcile()
        world.settle()
        if alarmed_at is None and _log_of(caplog):
            alarmed_at = world.clock.now()
        if world.publication.running is None:
            break
    assert _log_of(caplog) == ["an operation is overdue"]
    assert alarmed_at is not None
    assert 30 * MINUTE <= alarmed_at - began <= (31 * MINUTE if readable else 95 * MINUTE)
    assert world.told() == ["RECEIVED(1)", "CREATING(1)", "CREATING(1)", "CREATING_FAILED(1)"]


def test_an_end_that_comes_before_half_an_hour_alarms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    world = World(replace(FACTS, silence=30 * MINUTE))
    world.publish()
    world.settle()
    world.clock.advance(10 * MINUTE)
    world.reconcile()
    world.settle()
    world.clock.advance(20 * MINUTE - 1)
    world.say(event("advert-1", world.clock.now(), ends=Op.POST, state=S.LIVE, code="active", transaction="t-1"))
    world.settle()
    for _ in range(5):
        world.clock.advance(HOUR)
        world.reconcile()
        world.settle()
    assert _log_of(caplog) == []


def test_a_call_the_hub_holds_back_burns_no_try_and_blames_nobody(world: World) -> None:
    """The hub's own budget is spent for two days: nothing of it looks like a portal that fails."""
    world.publish()

    def hold_back(call: Call) -> Answer:
        raise BudgetSpentError(HOUR)

    world.portal.script = hold_back
    for _ in range(48):
        world.settle()
        publication = world.publication
        assert (publication.tries, publication.failing_since, publication.running) == (0, None, None)
        assert publication.retry_at == world.clock.now() + HOUR
        world.clock.advance(HOUR)
        world.reconcile()
    assert world.told() == ["RECEIVED(1)"]
    world.portal.script = lambda call: Answer(Result.ACCEPTED, "advert-1", "t-1")
    world.clock.advance(HOUR)
    world.reconcile()
    world.settle()
    assert world.told() == ["RECEIVED(1)", "CREATING(1)"]


def test_a_search_the_hub_holds_back_burns_no_try_and_blames_nobody(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The portal has an advert with our key, and the hub's own budget keeps it from asking which for two hours."""
    world.publish()

    def hold_back(classified: Classified, channel: str) -> tuple[str, ...]:
        raise BudgetSpentError(HOUR)

    world.portal.script = lambda call: Answer(Result.EXISTS)
    monkeypatch.setattr(world.portal, "search", hold_back)
    for _ in range(2):
        world.settle()
        publication = world.publication
        assert (publication.tries, publication.failing_since, publication.running) == (0, None, None)
        assert publication.retry_at == world.clock.now() + HOUR
        world.clock.advance(HOUR)
        world.reconcile()
    assert world.told() == ["RECEIVED(1)"]


def test_a_portal_nobody_calls_burns_no_try_and_is_blamed_in_its_time(world: World) -> None:
    """The breaker is open: nothing is sent, yet the CRM learns of the outage after 15 minutes and of its end after a day."""
    world.publish()
    began, told_at = world.clock.now(), 0

    def hold(call: Call) -> Answer:
        raise CircuitOpenError(5 * MINUTE + SECOND)

    world.portal.script = hold
    while world.told()[-1:] != ["CREATING_FAILED(1)"]:
        world.settle()
        publication = world.publication
        told_at = told_at or (world.clock.now() if publication.standings["IMOVIRTUAL"].problems else 0)
        assert publication.tries == 0
        assert world.clock.now() - began < 2 * DAY
        if publication.due is not None:
            world.clock.advance(max(publication.due - world.clock.now(), 1))
            world.reconcile()
    assert 15 * MINUTE <= told_at - began <= 25 * MINUTE
    assert DAY <= world.clock.now() - began <= DAY + 10 * MINUTE
    assert [problem.code for problem in world.publication.standings["IMOVIRTUAL"].problems] == ["portal_unavailable"]
    assert len(world.portal.calls) <= DAY // (5 * MINUTE) + 10


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(BudgetSpentError(HOUR), id="by the hub's own budget"),
        pytest.param(CircuitOpenError(HOUR), id="by an open breaker"),
        pytest.param(
            PortalUnavailableError("slow down", taken=False, throttled=True, wait=HOUR), id="by the portal's 429"
        ),
    ],
)
def test_a_reading_held_back_burns_no_try(
    world: World, monkeypatch: pytest.MonkeyPatch, error: PortalUnavailableError
) -> None:
    world.publish()
    world.settle()

    def hold_back(question: Question) -> tuple[PortalEvent, ...]:
        raise error

    monkeypatch.setattr(world.portal, "read", hold_back)
    world.clock.advance(10 * MINUTE)
    for _ in range(5):
        world.reconcile()
        world.settle()
        assert (world.publication.tries, world.publication.retry_at) == (0, world.clock.now() + HOUR)
        world.clock.advance(HOUR)


def test_an_operation_nobody_can_ask_about_is_overdue_all_the_same(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.publish()
    world.settle()

    def refuse(question: Question) -> tuple[PortalEvent, ...]:
        raise CredentialsError(Problem("consent_revoked", "The portal refuses the refresh token."))

    monkeypatch.setattr(world.portal, "read", refuse)
    for _ in range(400):
        world.clock.advance(max((world.publication.due or 0) - world.clock.now(), 1000))
        world.reconcile()
        world.settle()
        if world.publication.running is None:
            break
    assert world.told() == ["RECEIVED(1)", "CREATING(1)", "CREATING(1)", "CREATING_FAILED(1)"]


def test_an_advert_the_portal_no_longer_knows_is_explained(world: World) -> None:
    _live(world)
    world.say(event("advert-1", world.clock.now(), state=S.ABSENT))
    world.settle()
    latest = world.publication.standings["IMOVIRTUAL"].latest
    assert latest is not None
    assert (latest.problems[0].code, latest.message[:10]) == ("removed_on_portal", "Not live: ")


def test_several_hints_lead_to_one_reading() -> None:
    world = World(HINTS, ("SL",))
    world.publish()
    world.settle()
    for number in range(5):
        world.say(event("advert-1", world.clock.now(), known=True), f"hint {number}", CUSTOMER)
    world.portal.reading = (
        event(
            "advert-1", world.clock.now(), revision=1, removal=False, state=S.LIVE, code="CREATED", source=Source.POLL
        ),
    )
    world.settle()
    assert world.portal.reads == 1
    assert world.told() == ["RECEIVED(1)", "CREATING(1)", "CREATED(1)"]


def test_a_forged_hint_changes_nothing_and_tells_nothing() -> None:
    world = World(HINTS, ("SL",))
    world.publish()
    world.settle()
    before = world.publication
    message = world.say(event("advert-1", world.clock.now(), state=S.LIVE), "forged", "another-customer")
    world.settle()
    assert world.publication == before
    stored = world.store.message_of("aviv", "advert-1", message.digest)
    assert stored is not None
    assert stored.outcome == "refused"


def test_every_redelivery_is_harmless(world: World) -> None:
    _live(world)
    entries = len(world.store.list_entries(world.id, 250, None).rows)
    for record in list(world.store.records):
        if isinstance(record.new, Message):
            world.apply.fold(record.new)
            world.apply.fold_message(record.new.provider, record.new.remote_id, record.new.digest)
        elif isinstance(record.new, Link):
            world.apply.fold_parked(record.new)
    assert len(world.store.list_entries(world.id, 250, None).rows) == entries


def test_a_link_is_read_once_for_all_messages_of_its_advert(monkeypatch: pytest.MonkeyPatch) -> None:
    world = _live(World())
    world.apply.links.clear()
    reads, link_of = [], world.store.link_of
    monkeypatch.setattr(world.store, "link_of", lambda *key: reads.append(key) or link_of(*key))
    for number in range(3):
        world.say(event("advert-1", world.clock.now(), state=S.LIVE, code="active"), f"message {number}")
    world.settle()
    assert reads == [("olx", "advert-1")]


def test_a_message_that_its_link_brought_along_is_not_folded_again(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    message = world.say(
        event("advert-1", world.clock.now(), ends=Op.POST, state=S.LIVE, code="active", transaction="t-1")
    )
    world.publish()
    world.settle()
    assert world.told()[-1] == "CREATED(1)"
    monkeypatch.setattr(world.store, "save", None)
    monkeypatch.setattr(world.store, "mark_message", None)
    assert world.apply.fold(message) == []


def test_a_link_that_is_deleted_with_its_publication_is_read_again(world: World) -> None:
    _live(world)
    message = world.say(event("advert-1", world.clock.now(), state=S.LIVE, code="active"), "after the end")
    without = replace(world.apply, store=MemoryStore(world.clock))
    with pytest.raises(TransitionConflictError):
        without.fold(message)
    assert without.fold(message) == [PARKED]


def test_lost_wake_ups_are_found_by_their_due_times(world: World) -> None:
    world.publish()
    world.relay()
    world.queues.take()
    world.clock.advance(5 * MINUTE)
    assert world.reconcile() == 1
    world.settle()
    assert world.told() == ["RECEIVED(1)", "CREATING(1)"]


def test_a_portal_still_at_work_is_asked_and_then_called_again(world: World) -> None:
    _live(world)
    said = iter([Answer(Result.BUSY), Answer(Result.BUSY), Answer(Result.ACCEPTED, None, "t-2")])
    world.portal.script = lambda call: next(said)
    world.publish("changed", Kind.PUT)
    world.settle()
    assert [call.operation for call in world.portal.calls] == [Op.POST, Op.PUT, Op.PUT, Op.PUT]
    assert world.portal.reads == 2
    assert world.told()[-1] == "UPDATING(2)"


def _unheard_removal(world: World) -> None:
    """Delete what is live, lose the answer, and publish it anew."""
    _live(world)

    def lose(call: Call) -> Answer:
        raise PortalUnavailableError("no answer", taken=True)

    world.portal.script = lose
    world.delete()
    world.relay()
    world.look()
    world.publish("changed")
    world.portal.script = lambda call: Answer(Result.ACCEPTED, "advert-1", "t-2")


def _settle_past_dues(world: World, until: Callable[[], bool]) -> None:
    for _ in range(200):
        world.settle()
        if until():
            return
        assert world.publication.due is not None, "a wait without a due time"
        world.clock.wait_until(world.publication.due)
        world.reconcile()
    raise AssertionError("it never came to that")


def _under_way(world: World) -> tuple[PortalEvent, ...]:
    return (event("advert-1", world.clock.now(), state=S.LIVE, source=Source.POLL, at=None, removing=True),)


def test_nothing_is_sent_behind_a_removal_that_the_portal_says_is_under_way(world: World) -> None:
    _unheard_removal(world)
    asked = 0

    def read(question: Question) -> tuple[PortalEvent, ...]:
        nonlocal asked
        asked += 1
        if asked < 3:
            return _under_way(world)
        return (event("advert-1", world.clock.now(), state=S.WITHDRAWN, source=Source.POLL, removal=True),)

    world.portal.read = read  # type: ignore[method-assign]
    _settle_past_dues(world, lambda: asked == 3)
    assert [call.operation for call in world.portal.calls] == [Op.POST, Op.DELETE]
    latest = world.publication.standings["IMOVIRTUAL"].latest
    assert latest is not None
    assert [problem.code for problem in latest.problems] == ["repost_wait"]


def test_a_removal_that_never_comes_to_its_end_is_not_waited_for(world: World) -> None:
    _unheard_removal(world)
    world.portal.read = lambda question: _under_way(world)  # type: ignore[method-assign]
    began = world.clock.now()
    _settle_past_dues(world, lambda: len(world.portal.calls) > 2)
    assert [call.operation for call in world.portal.calls] == [Op.POST, Op.DELETE, Op.PUT]
    assert world.clock.now() >= began + FACTS.settle - MINUTE


def test_a_portal_still_at_work_on_what_has_ended_meanwhile_asks_for_nothing(world: World) -> None:
    _live(world)

    def end_first(call: Call) -> Answer:
        world.say(event("advert-1", world.clock.now(), ends=Op.PUT, state=S.LIVE, code="active", transaction="t-2"))
        world.relay()
        return Answer(Result.BUSY)

    world.portal.script = end_first
    world.publish("changed", Kind.PUT)
    world.settle()
    assert world.told()[-1] == "UPDATED(2)"
    assert (world.publication.reread, world.publication.due) == (False, None)


def _refuse_leases(world: World, times: float) -> None:
    left = times

    def refuse(keys: tuple[tuple[str, str], ...]) -> None:
        nonlocal left
        if left and any(sk.startswith("PUBLICATION#") for _, sk in keys):
            left -= 1
            raise TransitionConflictError("another transaction holds the publication")

    world.store.interrupt = refuse


def test_a_look_that_loses_a_race_looks_again(world: World) -> None:
    """The winner may be the fold of a portal's word, which knows nothing of the revision and wakes nobody."""
    _live(world)
    world.publish("changed", Kind.PUT)
    _refuse_leases(world, 1)
    world.settle()
    assert [call.operation for call in world.portal.calls] == [Op.POST, Op.PUT]


def test_a_look_that_loses_every_race_is_found_by_a_due_time(world: World) -> None:
    """The other writers may lose as well: a transaction that is cancelled has refused its neighbours all the same."""
    world.publish()
    _refuse_leases(world, math.inf)
    world.settle()
    assert world.portal.calls == []
    _refuse_leases(world, 0)
    world.clock.advance(10 * MINUTE)
    world.reconcile()
    world.settle()
    assert [call.operation for call in world.portal.calls] == [Op.POST]


def test_an_answer_that_loses_every_race_leaves_the_link_and_is_found_when_the_lease_ends(world: World) -> None:
    def answer(call: Call) -> Answer:
        _refuse_leases(world, math.inf)
        return Answer(Result.ACCEPTED, "advert-1", "t-1")

    world.portal.script = answer
    world.publish()
    world.settle()
    link = world.store.link_of("olx", "advert-1")
    assert (link and link.classified_id, world.publication.remote_id) == (world.id, None)
    _refuse_leases(world, 0)
    world.portal.found = ("advert-1",)
    world.portal.reading = (event("advert-1", world.clock.now() + SECOND, ends=Op.POST, state=S.LIVE, code="active"),)
    world.clock.advance((world.publication.due or 0) - world.clock.now())
    world.reconcile()
    world.settle()
    assert world.told() == ["RECEIVED(1)", "CREATING(1)", "CREATED(1)"]
    assert [call.operation for call in world.portal.calls] == [Op.POST]


def _writes(world: World) -> list[set[str]]:
    """Return the kinds of items of every write of a publication, with what was written beside it."""
    found: list[set[str]] = []
    for record in world.store.records:
        kind = record.key[1].partition("#")[0]
        if kind == "PUBLICATION":
            found.append(set())
        if found:
            found[-1].add(kind)
    return found


def test_what_a_look_saw_is_stored_with_the_lease_and_the_answer_with_what_it_says(world: World) -> None:
    world.publish()
    world.settle()
    first, *others = _writes(world)
    assert first == {"PUBLICATION", "STATUS", "TOLD"}
    assert others == [{"PUBLICATION", "STATUS", "TOLD", "LINK"}]


def test_a_reading_is_two_writes_however_much_it_finds() -> None:
    world = World(HINTS, ("SL",))
    world.publish()
    world.settle()
    before = len(_writes(world))
    world.say(event("advert-1", world.clock.now()))
    live = event("advert-1", world.clock.now(), revision=1, removal=False, state=S.LIVE, source=Source.POLL)
    again = event("advert-1", world.clock.now(), state=S.LIVE, source=Source.POLL)
    world.portal.reading = (live, again)
    world.settle()
    assert world.portal.reads == 1
    hinted, asking, read = _writes(world)[before:]
    assert hinted - {"EVENT"} == asking == {"PUBLICATION"}
    assert read == {"PUBLICATION", "STATUS", "TOLD"}
    assert world.told()[-1] == "CREATED(1)"


def test_a_hint_outlives_the_look_that_died_while_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(HINTS, ("SL",))
    world.publish()
    world.settle()

    def die(_: Question) -> tuple[PortalEvent, ...]:
        raise KeyboardInterrupt

    world.say(event("advert-1", world.clock.now()))
    with monkeypatch.context() as patched:
        patched.setattr(world.portal, "read", die)
        with pytest.raises(KeyboardInterrupt):
            world.settle()
    assert world.portal.reads == 0
    world.clock.advance(3 * MINUTE)
    world.reconcile()
    world.settle()
    assert world.portal.reads == 1


def test_an_entry_keeps_the_exchange_it_came_from() -> None:
    world = World()
    world.portal.script = lambda call: Answer(Result.ACCEPTED, "advert-1", "t-1", exchange="POST /advert → HTTP 202")
    world.publish()
    world.settle()
    entries = world.store.list_entries(world.id, 10, None).rows
    assert [entry.evidence for entry in entries if entry.status is Word.CREATING] == ["POST /advert → HTTP 202"]


def test_an_entry_keeps_the_exchange_that_refused() -> None:
    def refuse(call: Call) -> Answer:
        error = PortalRejectedError("no", ())
        error.exchange = "POST /advert → HTTP 400; no"
        raise error

    world = World()
    world.portal.script = refuse
    world.publish()
    world.settle()
    newest = world.store.list_entries(world.id, 10, None).rows[0]
    assert (newest.status, newest.evidence) == (Word.CREATING_FAILED, "POST /advert → HTTP 400; no")


def test_a_pause_waits_for_a_review_even_when_its_outcome_is_lost(world: World) -> None:
    """The portal's word that the advert went live never came: the wish to pause it is not forgotten for that."""
    world.publish()
    world.settle()
    world.say(event("advert-1", world.clock.now(), ends=Op.POST, state=S.PENDING, code="new", transaction="t-1"))
    world.settle()
    written = world.store.write(
        Revision(world.id, CUSTOMER, Kind.DEACTIVATE, world.clock.now(), portals=("IMOVIRTUAL",))
    )
    assert written.accepted
    world.settle()
    assert [call.operation for call in world.portal.calls] == [Op.POST], "in review nothing can be paused"
    reading = event("advert-1", world.clock.now(), state=S.LIVE, code="active", at=None, source=Source.POLL)
    world.portal.reading = (reading,)
    for _ in range(3):
        world.clock.advance(HOUR)
        world.reconcile()
        world.settle()
    assert [call.operation for call in world.portal.calls] == [Op.POST, Op.DEACTIVATE]


@pytest.mark.parametrize("late", [True, False])
def test_an_advert_that_somebody_put_back_and_the_portal_keeps_by_callback_is_explained(
    world: World, late: bool
) -> None:
    _live(world)
    written = world.store.write(
        Revision(world.id, CUSTOMER, Kind.DEACTIVATE, world.clock.now(), portals=("IMOVIRTUAL",))
    )
    assert written.accepted
    world.settle()
    world.say(event("advert-1", world.clock.now(), ends=Op.DEACTIVATE, state=S.PAUSED, transaction="t-1"))
    world.settle()
    world.clock.advance(HOUR)
    world.say(event("advert-1", world.clock.now(), state=S.LIVE, code="active"))
    world.settle()
    assert world.publication.running is not None
    now = world.clock.advance(MINUTE)
    refusal = event("advert-1", now, ends=Op.DEACTIVATE, failed=True, state=S.LIVE, code="active", transaction="t-1")
    shown = event("advert-1", now + 1, state=S.LIVE, code="active")
    for said in (shown, refusal) if late else (refusal, shown):
        world.say(said)
        world.settle()
    assert [problem.code for problem in world.publication.standings["IMOVIRTUAL"].problems] == ["rejected_by_portal"]


@pytest.mark.parametrize("off", [Kind.DEACTIVATE, Kind.DELETE])
def test_an_advert_that_somebody_put_back_and_the_portal_keeps_is_explained(world: World, off: Kind) -> None:
    _live(world)
    portals = ("IMOVIRTUAL",) if off is Kind.DEACTIVATE else ()
    assert world.store.write(Revision(world.id, CUSTOMER, off, world.clock.now(), portals=portals)).accepted
    world.settle()
    operation, state = (Op.DEACTIVATE, S.PAUSED) if off is Kind.DEACTIVATE else (Op.DELETE, S.WITHDRAWN)
    world.say(event("advert-1", world.clock.now(), ends=operation, state=state, transaction="t-1"))
    world.settle()
    ended = world.told()[-1]

    def refuse(call: Call) -> Answer:
        raise PortalRejectedError("no", (Problem.quote("invalid_field", "no"),))

    world.portal.script = refuse
    world.clock.advance(HOUR)
    world.say(event("advert-1", world.clock.now(), state=S.LIVE, code="active"))
    world.settle()
    assert world.portal.calls[-1].operation is operation
    assert world.told()[-1] == ended, "its revision ended as it was wished"
    assert [problem.code for problem in world.publication.standings["IMOVIRTUAL"].problems] == ["invalid_field"]
