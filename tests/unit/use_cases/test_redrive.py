"""Dead letters over ports in memory: nothing is lost by looking, and only what is meant goes back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from placard.domain.errors import PortalRejectedError, StoreUnavailableError
from placard.domain.lifecycle import Outcome
from placard.domain.problems import Problem
from placard.ports import Call, DeadLetter
from placard.use_cases.redrive import Redrive, Wanted
from tests.fakes.memory_dead_letters import MemoryDeadLetters
from tests.unit.use_cases.world import CUSTOMER, World

OLX, NOTIFY, RETRY, STREAM = "DeliverOlxDlq", "NotifyDlq", "EventRetryDlq", "StreamFailureQueue"
QUEUES = {OLX: True, NOTIFY: True, RETRY: True, STREAM: False}


def letter(queue: str, body: Any, sent_at: int = 1000, *reasons: str) -> DeadLetter:
    text = body if isinstance(body, str) else json.dumps(body)
    return DeadLetter(queue, f"{queue}-{sent_at}", text, sent_at, 10, "handle", reasons=reasons)


@pytest.fixture
def world() -> World:
    """A classified that its portal refused."""

    def refuse(_: Call) -> Any:
        raise PortalRejectedError("no", (Problem.quote("moderated", "no"),))

    world = World()
    world.portal.script = refuse
    world.publish()
    world.settle()
    return world


@pytest.fixture
def letters(world: World) -> MemoryDeadLetters:
    look = {"provider": "olx", "customer": CUSTOMER, "classified_id": world.id, "channel": "imovirtual"}
    found = [
        letter(OLX, look, 1000),
        letter(NOTIFY, {"customer": CUSTOMER, "place": [world.id, "imovirtual"]}, 2000),
        letter(NOTIFY, {"customer": "other", "place": None}, 3000, "ValueError"),
        letter(RETRY, {"provider": "olx", "remote_id": "stranger", "digest": "d"}, 4000),
        letter(STREAM, {"DDBStreamBatchInfo": {}}, 5000),
        letter(OLX, "not JSON", 6000),
    ]
    return MemoryDeadLetters(QUEUES, found)


@pytest.fixture
def redrive(world: World, letters: MemoryDeadLetters) -> Redrive:
    return Redrive(letters, world.store, world.clock)


@pytest.mark.parametrize(
    ("wanted", "times"),
    [
        (Wanted(), [1000, 2000, 3000, 4000, 5000, 6000]),
        (Wanted(queue=NOTIFY), [2000, 3000]),
        (Wanted(provider="olx"), [1000, 2000, 4000]),
        (Wanted(customer=CUSTOMER), [1000, 2000]),
        (Wanted(code="moderated"), [1000, 2000]),
        (Wanted(code="ValueError"), [3000]),
        (Wanted(since=2000, until=3000), [2000, 3000]),
        (Wanted(queue=NOTIFY, customer="other"), [3000]),
        (Wanted(customer="nobody"), []),
    ],
)
def test_what_is_meant_is_found_and_stays(
    redrive: Redrive, letters: MemoryDeadLetters, wanted: Wanted, times: list[int]
) -> None:
    before = list(letters.kept)
    assert [one.letter.sent_at for one in redrive.find(wanted)] == times
    assert (letters.kept, letters.hidden, letters.sent) == (before, set(), [])


def test_what_is_meant_goes_back_and_the_reason_stands_in_the_timeline(
    world: World, redrive: Redrive, letters: MemoryDeadLetters
) -> None:
    before = world.told()
    redrive.redrive(Wanted(code="moderated"), "the rule was wrong")
    assert [one.sent_at for one in letters.sent] == [1000, 2000] or [one.sent_at for one in letters.sent] == [
        2000,
        1000,
    ]
    assert {one.sent_at for one in letters.kept} == {3000, 4000, 5000, 6000}
    assert letters.hidden <= {one.message_id for one in letters.sent}
    newest = world.store.list_entries(world.id, 1, None).rows[0]
    assert (newest.message, newest.outcome) == ("Tried again by the operator: the rule was wrong", Outcome.UNCHANGED)
    assert world.told() == before


def test_records_of_stream_batches_stay(redrive: Redrive, letters: MemoryDeadLetters) -> None:
    redrive.redrive(Wanted(), "mended")
    assert [one.queue for one in letters.kept] == [STREAM]
    assert f"{STREAM}-5000" not in letters.hidden


def test_a_queue_that_takes_nothing_loses_nothing(world: World, redrive: Redrive, letters: MemoryDeadLetters) -> None:
    before, letters.refuses = list(letters.kept), 1
    with pytest.raises(StoreUnavailableError):
        redrive.redrive(Wanted(), "mended")
    assert (letters.kept, letters.hidden) == (before, set())
