"""Callbacks that arrive: in order, at least once, whatever the endpoint does (contracts/hub.md §3, lifecycle §7 step 6)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from placard.domain.classified import Kind
from placard.domain.instants import DAY, HOUR, MINUTE, SECOND
from placard.domain.lifecycle import Outcome, Word
from placard.domain.subscription import State
from placard.domain.told import Place
from placard.ports import Delivery, Reply, Revision, Telling
from placard.use_cases.notify_crm import Ending
from placard.use_cases.subscribe_webhook import unsubscribe
from placard.use_cases.webhook_secrets import read_secrets, rotate_secret
from tests.unit.use_cases.telling import CUSTOMER, DOWN, LOST, OK, TRACE, Desk


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.subscribe()
    return desk


def script(*replies: Reply) -> Callable[[Delivery], Reply]:
    """Answer with these, one after the other, and then accept."""
    left = list(replies)
    return lambda _: left.pop(0) if left else OK


# --- what is sent ----------------------------------------------------------------------------------------------------


def test_an_entry_is_told_whole_with_the_crms_own_key(desk: Desk) -> None:
    (entry,) = desk.enter("a-1")
    desk.store.write(Revision(entry.classified_id, CUSTOMER, Kind.POST, desk.clock.now(), "a-1", {}, "hash", ("SL",)))
    desk.settle()
    (delivery,) = desk.crm.accepted
    assert delivery.url == f"https://crm.example/{CUSTOMER}/classifieds/{entry.classified_id}/statuses"
    assert (delivery.webhook_id, delivery.traceparent) == (entry.status_id, TRACE)
    assert desk.bodies() == [entry.to_json() | {"offererEstateId": "a-1"}]
    assert delivery.secrets == read_secrets(desk.vault, CUSTOMER, desk.clock.now())
    assert len(delivery.secrets) == 1


def test_both_secrets_sign_for_a_day_after_a_rotation(desk: Desk) -> None:
    (old,) = read_secrets(desk.vault, CUSTOMER, desk.clock.now())
    new = rotate_secret(desk.vault, CUSTOMER, desk.clock)
    desk.enter("a-1")
    desk.settle()
    desk.pass_time(desk.clock.now() + DAY)
    desk.enter("a-2")
    desk.settle()
    assert [delivery.secrets for delivery in desk.crm.accepted] == [(new, old), (new,)]


def test_a_look_reads_the_secrets_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    reads, read = [], desk.vault.read
    monkeypatch.setattr(desk.vault, "read", lambda name, *, fresh=False: reads.append(name) or read(name, fresh=fresh))
    desk.enter("a-1", Word.RECEIVED, Word.CREATING, Word.CREATED)
    desk.settle()
    assert (len(desk.told()), len(reads)) == (3, 1)


def test_a_wake_up_whose_entry_is_told_already_writes_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    (entry, *_) = desk.enter("a-1", Word.RECEIVED, Word.CREATING)
    desk.settle()
    monkeypatch.setattr(desk.store, "take", None)
    telling = Telling(CUSTOMER, Place(entry.classified_id, entry.channel))
    assert desk.notify(telling).ending is Ending.IDLE
    monkeypatch.undo()
    desk.enter("a-1", Word.CREATED)
    assert desk.notify(telling).accepted == 1


def test_what_came_up_while_nobody_listened_is_told_by_replay() -> None:
    desk = Desk()
    desk.subscribe()
    began = desk.clock.now()
    desk.clock.advance(SECOND)
    desk.enter("a-1", Word.CREATING)
    desk.settle()
    unsubscribe(desk.store, CUSTOMER)
    desk.enter("a-1", Word.CREATED)
    desk.settle()
    desk.clock.advance(SECOND)
    desk.subscribe()
    desk.settle()
    assert desk.told() == ["a-1-aviv-1"]
    desk.replay(began)
    desk.settle()
    assert desk.told() == ["a-1-aviv-1", "a-1-aviv-2"]


def test_a_wake_up_of_a_replay_that_the_queue_loses_is_found_again(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk()
    began = desk.clock.now()
    desk.clock.advance(SECOND)
    desk.enter("a-1")
    desk.settle()
    desk.subscribe()
    desk.replay(began)
    tell = desk.queue.tell
    monkeypatch.setattr(desk.queue, "tell", lambda tellings: tell([one for one in tellings if one.place is None]))
    desk.settle()
    desk.pass_time(desk.clock.now() + MINUTE)
    assert desk.told() == []
    monkeypatch.undo()
    desk.pass_time(desk.clock.now() + 5 * MINUTE)
    assert desk.told() == ["a-1-aviv-1"]


def test_progress_is_noted_between_two_callbacks_and_at_the_end(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    for name in ("keep", "release"):
        call = getattr(desk.store, name)
        monkeypatch.setattr(desk.store, name, lambda told, name=name, call=call: steps.append(name) or call(told))
    desk.crm.answer = lambda _: steps.append("told") or OK
    desk.enter("a-1", Word.RECEIVED, Word.CREATING)
    desk.enter("a-1", outcome=Outcome.UNCHANGED)
    desk.settle()
    assert steps == ["told", "keep", "told", "release"]


def test_entries_of_one_publication_come_in_order_and_once(desk: Desk) -> None:
    entries = desk.enter("a-1", Word.RECEIVED, Word.CREATING, Word.CREATED)
    desk.settle()
    entries += desk.enter("a-1", Word.UPDATED)
    desk.settle()
    assert desk.told() == [entry.status_id for entry in entries]


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_accepts(desk: Desk, status: int) -> None:
    desk.crm.answer = lambda _: Reply(status)
    desk.enter("a-1", Word.CREATING, Word.CREATED)
    desk.settle()
    assert len(desk.told()) == 2


def test_only_what_was_applied_is_told(desk: Desk) -> None:
    desk.enter("a-1", outcome=Outcome.STALE)
    desk.enter("a-1", Word.CREATED)
    desk.settle()
    assert [body["outcome"] for body in desk.bodies()] == ["applied"]


def test_what_was_not_subscribed_to_is_passed_over_for_good(desk: Desk) -> None:
    desk.subscribe(statuses=["DELETED"])
    desk.enter("a-1", Word.RECEIVED, Word.CREATING)
    desk.enter("a-1", Word.CREATED, live=True)
    desk.enter("a-1", Word.UPDATED)
    desk.enter("a-1", Word.DELETED, live=False)
    desk.settle()
    assert [body["status"] for body in desk.bodies()] == ["CREATED", "DELETED"]
    desk.subscribe(statuses=["CREATED", "UPDATED"], liveChanges=False)
    desk.enter("a-1", Word.CREATED)
    desk.settle()
    assert [body["status"] for body in desk.bodies()] == ["CREATED", "DELETED", "CREATED"]


def test_many_unwanted_entries_do_not_hide_a_wanted_one(desk: Desk) -> None:
    desk.subscribe(statuses=["DELETED"])
    desk.enter("a-1", *[Word.UPDATED] * 120, Word.DELETED)
    desk.settle()
    assert [body["status"] for body in desk.bodies()] == ["DELETED"]


def test_a_new_subscription_tells_what_is_created_after_it_and_replay_what_was_before() -> None:
    desk = Desk()
    began = desk.clock.now()
    desk.enter("a-1", Word.CREATING, Word.CREATED)
    desk.settle()
    desk.clock.advance(MINUTE)
    desk.subscribe()
    desk.settle()
    assert desk.told() == []
    desk.clock.advance(MINUTE)
    desk.enter("a-1", Word.UPDATED)
    desk.settle()
    assert desk.told() == ["a-1-aviv-3"]
    desk.replay(began)
    desk.settle()
    assert desk.told() == ["a-1-aviv-3", "a-1-aviv-1", "a-1-aviv-2"]
    desk.replay(began)
    desk.settle()
    assert len(desk.told()) == 3


def test_nobody_subscribed_leaves_nothing_waiting() -> None:
    desk = Desk()
    desk.enter("a-1")
    desk.settle()
    assert desk.store.past_due(desk.clock.now() + 1000 * DAY, 10) == ()


# --- the endpoint fails ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reply", [DOWN, LOST, Reply(500), Reply(429), Reply(302)])
def test_a_first_failure_is_tried_again_within_ten_seconds(desk: Desk, reply: Reply) -> None:
    desk.crm.answer = script(reply)
    desk.enter("a-1")
    desk.pass_time(desk.clock.now() + 10 * SECOND)
    assert [delivery.webhook_id for _, delivery in desk.crm.tried] == ["a-1-aviv-1"] * 2
    assert desk.told() == ["a-1-aviv-1"]
    assert desk.subscription().state is State.ACTIVE


def test_one_clock_and_one_canary_for_all_of_a_customers_publications(desk: Desk) -> None:
    desk.crm.answer = lambda _: DOWN
    for number in range(20):
        desk.enter(f"a-{number}")
        desk.settle()
    began = desk.clock.now()
    assert len(desk.crm.tried) == 1
    desk.pass_time(began + HOUR)
    # 5 s, 5 min, 30 min after one another: one try each, though twenty publications wait.
    assert len(desk.crm.tried) == 4
    assert len({delivery.webhook_id for _, delivery in desk.crm.tried}) == 1


def test_a_failing_endpoint_delays_nobody_elses(desk: Desk) -> None:
    desk.subscribe("agency-8")
    desk.crm.answer = lambda delivery: DOWN if CUSTOMER in delivery.url else OK
    desk.enter("a-1")
    desk.enter("b-1", customer="agency-8")
    desk.settle()
    assert desk.told("agency-8") == ["b-1-aviv-1"]
    assert desk.told() == []


def test_seventy_hours_down_and_everything_arrives_in_order_and_once(desk: Desk) -> None:
    began = desk.clock.now()
    desk.crm.answer = lambda _: DOWN
    expected: dict[str, list[str]] = {}
    for hour in range(70):
        for number in range(3):
            key = f"a-{(hour + number) % 30}"
            expected.setdefault(key, []).extend(entry.status_id for entry in desk.enter(key, Word.UPDATED))
        desk.pass_time(began + hour * HOUR)
    assert desk.told() == []
    assert len(desk.crm.tried) <= 11
    desk.crm.answer = lambda _: OK
    desk.pass_time(began + 100 * HOUR)
    told = desk.told()
    assert sorted(told) == sorted(each for ids in expected.values() for each in ids)
    for key, ids in expected.items():
        assert [each for each in told if each.startswith(f"{key}-")] == ids
    assert desk.subscription().state is State.ACTIVE
    assert desk.store.past_due(desk.clock.now() + 1000 * DAY, 10) == ()


def test_retry_after_is_honoured(desk: Desk) -> None:
    desk.crm.answer = script(Reply(429, retry_after=20 * MINUTE))
    desk.enter("a-1")
    began = desk.clock.now()
    desk.pass_time(began + 20 * MINUTE - 1)
    assert desk.told() == []
    desk.pass_time(began + 21 * MINUTE)
    assert desk.told() == ["a-1-aviv-1"]


def test_paused_after_five_days_and_nothing_is_passed_over(desk: Desk) -> None:
    began = desk.clock.now()
    desk.crm.answer = lambda _: LOST
    desk.enter("a-1", Word.CREATING)
    desk.enter("a-2", Word.CREATING)
    desk.pass_time(began + 5 * DAY + HOUR, DAY)
    assert desk.subscription().state is State.PAUSED
    tries = len(desk.crm.tried)
    assert [look.ending for look in desk.looks].count(Ending.PAUSED) == 1
    assert any(look.warning for look in desk.looks)
    desk.crm.answer = lambda _: OK
    desk.enter("a-1", Word.CREATED)
    desk.pass_time(began + 20 * DAY, DAY)
    assert len(desk.crm.tried) == tries
    desk.subscribe()
    desk.settle()
    assert sorted(desk.told()) == ["a-1-aviv-1", "a-1-aviv-2", "a-2-aviv-1"]
    assert desk.told().index("a-1-aviv-1") < desk.told().index("a-1-aviv-2")


def test_replay_goes_on_from_where_it_is_told_to(desk: Desk) -> None:
    began = desk.clock.now()
    desk.crm.answer = lambda _: LOST
    desk.enter("a-1", Word.CREATING)
    desk.pass_time(began + 5 * DAY + HOUR, DAY)
    desk.enter("a-1", Word.CREATED)
    desk.crm.answer = lambda _: OK
    desk.replay(began + DAY)
    desk.settle()
    assert desk.told() == ["a-1-aviv-2"]
    desk.replay(began)
    desk.settle()
    assert desk.told() == ["a-1-aviv-2", "a-1-aviv-1"]
    assert desk.subscription().state is State.ACTIVE


def test_a_replay_that_comes_while_a_failing_endpoint_accepts_again_is_told_all_the_same() -> None:
    desk = Desk()
    began = desk.clock.now() - 1
    desk.enter("a-1", Word.CREATING)
    desk.clock.advance(MINUTE)
    desk.subscribe()
    desk.crm.answer = lambda _: DOWN
    desk.enter("a-1", Word.CREATED)
    desk.settle()

    def accept(_: Delivery) -> Reply:
        desk.crm.answer = lambda _: OK
        desk.replay(began)
        return OK

    desk.crm.answer = accept
    desk.pass_time(desk.clock.now() + 10 * MINUTE, MINUTE)
    assert desk.told() == ["a-1-aviv-2", "a-1-aviv-1"]


def test_an_entry_made_while_its_customers_endpoint_recovers_is_not_forgotten(desk: Desk) -> None:
    """The index shows it too late for the first walk: the second one finds it."""
    desk.crm.answer = lambda _: DOWN
    desk.enter("a-1")
    desk.settle()
    place = Place(desk.enter("a-2")[0].classified_id, "aviv")
    desk.settle()
    desk.crm.answer = lambda _: OK
    shown = desk.store.places_of
    late = desk.clock.now() + 10 * SECOND

    def lagging(*arguments: object) -> object:
        places, further = shown(*arguments)  # type: ignore[arg-type]
        return (places - {place} if desk.clock.now() < late else places), further

    desk.store.places_of = lagging  # type: ignore[assignment,method-assign]
    desk.pass_time(desk.clock.now() + 2 * MINUTE, 10 * SECOND)
    assert sorted(desk.told()) == ["a-1-aviv-1", "a-2-aviv-1"]


def test_a_canary_that_died_with_its_lease_is_replaced(desk: Desk) -> None:
    desk.crm.answer = lambda _: DOWN
    desk.enter("a-1")
    desk.enter("a-2")
    desk.settle()

    def die(_: Delivery) -> Reply:
        raise KeyboardInterrupt

    desk.crm.answer = die
    desk.clock.advance(10 * SECOND)
    with pytest.raises(KeyboardInterrupt):
        desk.settle()
    desk.crm.answer = lambda _: OK
    desk.pass_time(desk.clock.now() + 10 * MINUTE, MINUTE)
    assert sorted(desk.told()) == ["a-1-aviv-1", "a-2-aviv-1"]


def test_a_canary_whose_entries_are_gone_hands_on(desk: Desk) -> None:
    desk.crm.answer = lambda _: DOWN
    desk.enter("a-1")
    desk.settle()
    desk.enter("a-2")
    desk.settle()
    mine = desk.subscription().canary
    assert mine is not None
    after = desk.store.entries_after
    desk.store.entries_after = lambda place, *rest: () if place == mine else after(place, *rest)  # type: ignore[method-assign]
    desk.crm.answer = lambda _: OK
    desk.pass_time(desk.clock.now() + 3 * MINUTE, 10 * SECOND)
    assert desk.told() == ["a-2-aviv-1"]
    assert desk.subscription().state is State.ACTIVE


def test_a_failure_nobody_waits_for_any_more_is_history(desk: Desk) -> None:
    desk.crm.answer = lambda _: DOWN
    desk.enter("a-1")
    desk.settle()
    desk.store.entries_after = lambda *_: ()  # type: ignore[method-assign]
    desk.pass_time(desk.clock.now() + 5 * MINUTE, 10 * SECOND)
    assert desk.subscription().state is State.ACTIVE
    assert desk.subscription().due is None


# --- the CRM refuses one publication ---------------------------------------------------------------------------------


def test_a_4xx_holds_only_that_publication_and_nothing_overtakes_it(desk: Desk) -> None:
    desk.crm.answer = lambda delivery: Reply(422) if delivery.webhook_id == "a-1-aviv-1" else OK
    desk.enter("a-1", Word.CREATING, Word.CREATED)
    desk.enter("a-2")
    began = desk.clock.now()
    desk.pass_time(began + HOUR)
    assert desk.told() == ["a-2-aviv-1"]
    assert desk.subscription().state is State.ACTIVE
    tries = [now - began for now, delivery in desk.crm.tried if delivery.webhook_id == "a-1-aviv-1"]
    assert len(tries) == 4  # at once, and 5 s, 5 min, 30 min later
    assert tries[1] <= 10 * SECOND
    desk.crm.answer = lambda _: OK
    desk.pass_time(began + 3 * HOUR)
    assert desk.told() == ["a-2-aviv-1", "a-1-aviv-1", "a-1-aviv-2"]


def test_a_new_entry_does_not_hurry_a_held_publication(desk: Desk) -> None:
    desk.crm.answer = lambda _: Reply(400)
    desk.enter("a-1")
    desk.pass_time(desk.clock.now() + MINUTE)
    tries = len(desk.crm.tried)
    desk.enter("a-1", Word.UPDATED)
    desk.settle()
    assert len(desk.crm.tried) == tries


@pytest.mark.parametrize("how", ["subscribe", "replay"])
def test_going_on_tries_a_held_publication_at_once(desk: Desk, how: str) -> None:
    began = desk.clock.now()
    desk.crm.answer = lambda _: Reply(404)
    desk.enter("a-1")
    desk.pass_time(began + DAY)
    desk.crm.answer = lambda _: OK
    if how == "subscribe":
        desk.subscribe()
    else:
        desk.replay(began)
    desk.settle()
    assert desk.told() == ["a-1-aviv-1"]


def test_410_ends_the_subscription(desk: Desk) -> None:
    desk.crm.answer = lambda _: Reply(410)
    desk.enter("a-1", Word.CREATING, Word.CREATED)
    desk.settle()
    assert len(desk.crm.tried) == 1
    assert desk.store.load_subscription(CUSTOMER) is None
    assert desk.looks[-1].ending in (Ending.GONE, Ending.IDLE)
    assert desk.store.past_due(desk.clock.now() + DAY, 10) == ()


def test_a_look_that_died_before_the_subscription_ended_leaves_nothing_due_for_good(desk: Desk) -> None:
    def die(_: Delivery) -> Reply:
        raise KeyboardInterrupt

    desk.enter("a-1")
    desk.crm.answer = die
    with pytest.raises(KeyboardInterrupt):
        desk.settle()
    unsubscribe(desk.store, CUSTOMER)
    desk.pass_time(desk.clock.now() + HOUR)
    assert desk.store.past_due(desk.clock.now() + DAY, 10) == ()


def test_what_is_entered_while_the_subscription_is_being_made_is_told() -> None:
    desk = Desk()

    def enter_first(keys: tuple[tuple[str, str], ...]) -> None:
        if ("CUSTOMER#" + CUSTOMER, "WEBHOOK") in keys:
            desk.store.interrupt = lambda _: None
            desk.clock.advance(5)
            desk.enter("a-1")
            desk.settle()

    desk.store.interrupt = enter_first
    desk.subscribe()
    desk.settle()
    assert desk.told() == ["a-1-aviv-1"]


# --- races and crashes -----------------------------------------------------------------------------------------------


def test_a_look_that_finds_the_lease_taken_is_not_lost(desk: Desk) -> None:
    (entry,) = desk.enter("a-1")
    place = Place(entry.classified_id, "aviv")
    second: list[str] = []

    def interfere(_: Delivery) -> Reply:
        if not second:
            second.extend(e.status_id for e in desk.enter("a-1", Word.UPDATED))
            assert desk.notify(Telling(CUSTOMER, place)).ending is Ending.WAITING
        return OK

    desk.crm.answer = interfere
    desk.notify(Telling(CUSTOMER, place))
    assert desk.told() == [entry.status_id, *second]


def test_a_crash_before_the_cursor_moved_tells_again_with_the_same_id(desk: Desk) -> None:
    desk.enter("a-1")

    def crash(keys: tuple[tuple[str, str], ...]) -> None:
        if desk.crm.accepted and keys[0][1].startswith("TOLD#"):
            desk.store.interrupt = lambda _: None
            raise KeyboardInterrupt

    desk.store.interrupt = crash
    with pytest.raises(KeyboardInterrupt):
        desk.settle()
    desk.pass_time(desk.clock.now() + 10 * MINUTE, MINUTE)
    assert desk.told() == ["a-1-aviv-1", "a-1-aviv-1"]


def test_a_lost_wake_up_is_found_by_its_due_time(desk: Desk) -> None:
    desk.enter("a-1")
    desk.relay()
    desk._waiting.clear()
    desk.pass_time(desk.clock.now() + 6 * MINUTE, MINUTE)
    assert desk.told() == ["a-1-aviv-1"]


def test_a_long_telling_makes_way_and_goes_on(desk: Desk) -> None:
    def slow(_: Delivery) -> Reply:
        desk.clock.advance(9 * SECOND)
        return OK

    desk.crm.answer = slow
    entries = desk.enter("a-1", *[Word.UPDATED] * 12)
    desk.settle()
    assert desk.told() == [entry.status_id for entry in entries]
    assert Ending.MORE in [look.ending for look in desk.looks]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.sampled_from(["enter 1", "enter 2", "wait 1", "wait 60", "wait 3600", "wait 90000", "put", "replay"]),
        max_size=25,
    ),
    st.lists(st.sampled_from([OK, OK, DOWN, LOST, Reply(400), Reply(429, 60_000)]), max_size=40),
)
def test_nothing_is_lost_or_out_of_order_whatever_happens(acts: list[str], replies: list[Reply]) -> None:
    desk = Desk()
    desk.subscribe()
    began = desk.clock.now()
    left = list(replies)
    desk.crm.answer = lambda _: left.pop(0) if left else OK
    expected: list[str] = []
    for act in acts:
        verb, _, number = act.partition(" ")
        if verb == "enter":
            expected += [entry.status_id for entry in desk.enter(f"a-{number}", Word.UPDATED, Word.UPDATED)]
            desk.settle()
        elif verb == "wait":
            desk.pass_time(desk.clock.now() + int(number) * SECOND, DAY)
        elif verb == "put":
            desk.subscribe()
        else:
            desk.replay(began)
    desk.pass_time(desk.clock.now() + 2 * DAY, DAY)
    desk.subscribe()
    desk.pass_time(desk.clock.now() + DAY, DAY)
    told = list(dict.fromkeys(desk.told()))
    assert sorted(told) == sorted(expected)
    assert len(told) == len(desk.told())
    for key in ("a-1-", "a-2-"):
        assert [each for each in told if each.startswith(key)] == [each for each in expected if each.startswith(key)]
    assert desk.store.past_due(desk.clock.now() + 1000 * DAY, 10) == ()


# --- what breaks -----------------------------------------------------------------------------------------------------


def test_a_telling_that_breaks_is_tried_hourly_and_is_no_canary(desk: Desk) -> None:
    (broken,), (other,) = desk.enter("a-1"), desk.enter("a-2")
    telling = Telling(CUSTOMER, Place(broken.classified_id, broken.channel))
    desk.crm.answer = lambda _: DOWN
    desk.notify(telling)
    assert desk.subscription().canary == telling.place

    def answer(delivery: Delivery) -> Reply:
        if delivery.webhook_id == broken.status_id:
            raise RuntimeError("a fault of our own")
        return OK

    desk.crm.answer = answer
    desk.clock.advance(HOUR)
    with pytest.raises(RuntimeError):
        desk.notify(telling)
    assert desk.subscription().canary is None
    tried = len(desk.crm.tried)
    assert desk.notify(telling).ending is Ending.WAITING
    assert len(desk.crm.tried) == tried
    desk.notify(Telling(CUSTOMER, Place(other.classified_id, other.channel)))
    assert [one.webhook_id for one in desk.crm.accepted] == [other.status_id]
    desk.crm.answer = lambda _: OK
    desk.pass_time(desk.clock.now() + 2 * HOUR)
    assert [one.webhook_id for one in desk.crm.accepted] == [other.status_id, broken.status_id]
