"""A look that fails as nobody expected: to the DLQ with its reason, `hub_error` in the timeline, an hourly try, no storm."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from placard.aws.queues import MOST_RECEIVES
from placard.domain.answers import Answer, Result
from placard.domain.classified import Classified, Kind
from placard.domain.events import AdvertState as S
from placard.domain.events import Operation as Op
from placard.domain.faults import MOST_FAULTS
from placard.domain.instants import DAY, HOUR, MINUTE, SECOND
from placard.domain.policy import Rendering
from placard.ports import Call, Message, WakeUp
from tests.unit.domain.hub import event
from tests.unit.use_cases.world import World

VISIBILITY = 300 * SECOND


class Queue:
    """The queue in front of the looks, as SQS and the handler play together: each message comes back until it is done with."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.dead: list[WakeUp] = []
        self.looks = 0
        self._waiting: list[tuple[int, int, WakeUp]] = []

    def run(self, span: int) -> None:
        """Let this much time (ms) pass, with `reconcile` each minute."""
        world, end = self.world, self.world.clock.now() + span
        while world.clock.now() < end:
            world.relay()
            now = world.clock.now()
            self._waiting += [
                (now + one.delay * SECOND, 1, one) for one in world.queues.take() if isinstance(one, WakeUp)
            ]
            ready = [one for one in self._waiting if one[0] <= now]
            self._waiting = [one for one in self._waiting if one[0] > now]
            for _, receives, wake_up in ready:
                self._receive(wake_up, receives)
            if not ready:
                world.clock.advance(MINUTE)
                world.reconcile()

    def _receive(self, wake_up: WakeUp, receives: int) -> None:
        self.looks += 1
        try:
            self.world.deliver(wake_up)
        except Exception as error:
            last = receives >= MOST_RECEIVES
            hourly = self.world.deliver.stumble(wake_up, type(error).__name__, last=last)
            if last:
                self.dead.append(wake_up)
            elif not hourly:
                self._waiting.append((self.world.clock.now() + VISIBILITY, receives + 1, wake_up))


def explode(*_: Any) -> Any:
    raise KeyError("a bug")


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def mend(world: World, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Break the rendering of every classified; mended when called."""
    render: Callable[[Classified, str], Rendering] = world.portal.render
    monkeypatch.setattr(world.portal, "render", explode)
    return lambda: monkeypatch.setattr(world.portal, "render", render)


def problems(world: World) -> list[str]:
    return [problem.code for problem in world.publication.standings["IMOVIRTUAL"].problems]


def test_after_the_dlq_the_timeline_says_so_once_and_only_the_hourly_look_goes_on(
    world: World, mend: Callable[[], None]
) -> None:
    world.publish()
    queue = Queue(world)
    queue.run(40 * MINUTE)
    assert world.told() == ["RECEIVED(1)"], "before the last receive nobody is told"
    queue.run(10 * MINUTE)
    assert (world.told(), problems(world)) == (["RECEIVED(1)", "RECEIVED(1)"], ["hub_error"])
    assert len(queue.dead) == 1
    assert world.publication.fault == "KeyError", "whoever redrives it finds the reason"
    before = queue.looks
    queue.run(10 * HOUR)
    assert 8 <= queue.looks - before <= 11
    assert len(queue.dead) == 1
    assert world.told() == ["RECEIVED(1)", "RECEIVED(1)"]


def test_the_hourly_look_goes_on_as_if_nothing_had_been_once_the_hub_is_mended(
    world: World, mend: Callable[[], None]
) -> None:
    world.publish()
    queue = Queue(world)
    queue.run(2 * HOUR)
    mend()
    queue.run(2 * HOUR)
    assert [call.operation for call in world.portal.calls] == [Op.POST]
    assert world.told()[2] == "CREATING(1)"
    assert "hub_error" not in problems(world)
    assert (world.publication.faults, world.publication.fault) == (0, None)


def test_a_new_revision_is_tried_at_once_and_told_of_the_same_trouble(world: World, mend: Callable[[], None]) -> None:
    world.publish()
    queue = Queue(world)
    queue.run(90 * MINUTE)
    world.publish("better", Kind.PUT)
    queue.run(2 * MINUTE)
    assert world.told()[-2:] == ["RECEIVED(2)", "RECEIVED(2)"]
    assert problems(world) == ["hub_error"]
    mend()
    world.publish("best", Kind.PUT)
    queue.run(2 * MINUTE)
    assert world.told()[-1] == "CREATING(3)"


def test_a_bug_behind_the_call_is_no_endless_loop_of_calls(world: World) -> None:
    """Each call comes back under another message: the table counts, not the queue."""
    world.publish()
    queue = Queue(world)
    queue.run(MINUTE)
    world.say(event("advert-1", world.clock.now(), ends=Op.POST, state=S.LIVE, code="active", transaction="t-1"))
    queue.run(MINUTE)

    def answer(call: Call) -> Answer:
        raise KeyError("an answer nobody thought of")

    world.portal.script = answer
    world.publish("better", Kind.PUT)
    queue.run(24 * HOUR)
    calls = len(world.portal.calls) - 1
    assert MOST_FAULTS <= calls <= MOST_FAULTS + 25
    assert problems(world) == ["hub_error"]
    world.portal.script = lambda call: Answer(Result.ACCEPTED, call.remote_id, "t-2")
    queue.run(2 * HOUR)
    assert world.told()[-1] == "UPDATING(2)"
    assert world.publication.faults == 0


def test_a_message_reaches_the_dlq_before_the_table_gives_up() -> None:
    assert MOST_FAULTS > MOST_RECEIVES


def test_a_classified_nobody_knows_leaves_no_note(world: World) -> None:
    assert not world.deliver.stumble(WakeUp("olx", world.id, "imovirtual", "acme"), "KeyError", last=True)


def test_a_message_that_breaks_its_fold_is_tried_hourly() -> None:
    """The usual pace, each five minutes, would fill the DLQ with the same message."""
    world = World()
    message = Message("olx", "advert-1", "digest", "{}", world.clock.now())
    world.store.put_message(message, world.clock.now() + MINUTE)
    now = world.clock.advance(DAY)
    assert not world.apply.set_aside("olx", "advert-1", "digest"), "its wake-up goes on to the dead-letter queue"
    assert world.store.next_due() == now + HOUR
    world.clock.advance(HOUR)
    assert world.apply.set_aside("olx", "advert-1", "digest")
    assert world.store.next_due() == now + 2 * HOUR
    world.store.mark_message(message, "applied", None)
    assert world.apply.set_aside("olx", "advert-1", "digest")
    assert world.store.next_due() is None


def test_a_message_that_was_whole_meanwhile_goes_to_the_dlq_when_it_breaks_again() -> None:
    world = World()
    message = Message("olx", "advert-1", "digest", "{}", world.clock.now())
    world.store.put_message(message, world.clock.now() + MINUTE)
    world.clock.advance(5 * MINUTE)
    assert not world.apply.set_aside("olx", "advert-1", "digest"), "the table did not answer"
    assert world.apply.fold_message("olx", "advert-1", "digest") == ["parked"]
    world.clock.advance(2 * HOUR)
    assert not world.apply.set_aside("olx", "advert-1", "digest"), "and now our own code breaks"
