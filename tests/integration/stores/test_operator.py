"""What the operator's tools rest on: dead-letter queues that lose nothing, and how far the night has come."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3
import pytest

from placard.aws.dead_letters import DeadLetterQueue, SqsDeadLetters
from placard.aws.progress import DynamoProgressStore
from placard.aws.table import Table
from placard.domain.errors import StoreUnavailableError
from placard.ports import DeadLetter, DeadLetters, Progress
from tests.fakes.memory_dead_letters import MemoryDeadLetters
from tests.integration.stores import aws

DLQ, STREAM = "DeliverOlxDlq", "StreamFailureQueue"
Count = Callable[[str], int]


@pytest.fixture(params=["memory", "sqs"])
def letters(request: pytest.FixtureRequest) -> DeadLetters:
    """23 dead messages of a delivery and one record of a stream batch."""
    if request.param == "memory":
        kept = [DeadLetter(DLQ, f"m-{number}", f"{number}", 1, 1, "h", "acme") for number in range(23)]
        return MemoryDeadLetters({DLQ: True, STREAM: False}, [*kept, DeadLetter(STREAM, "m-s", "batch", 1, 1, "h")])
    url = request.getfixturevalue("aws_environment")
    client, known = boto3.client("sqs"), {}
    known[DLQ] = DeadLetterQueue(aws.create_queue(url, DLQ), aws.create_queue(url, "DeliverOlxQueue"))
    known[STREAM] = DeadLetterQueue(aws.create_queue(url, STREAM), None)
    for number in range(23):
        client.send_message(QueueUrl=known[DLQ].url, MessageBody=f"{number}", MessageGroupId="acme")
    client.send_message(QueueUrl=known[STREAM].url, MessageBody="batch")
    found = SqsDeadLetters(known)
    found.source = known[DLQ].source  # type: ignore[attr-defined] - for looking at what came back
    return found


def returned(letters: DeadLetters) -> list[str]:
    if isinstance(letters, MemoryDeadLetters):
        return [one.body for one in letters.sent]
    client, found = boto3.client("sqs"), []
    while some := client.receive_message(QueueUrl=letters.source, MaxNumberOfMessages=10).get("Messages"):  # type: ignore[attr-defined]
        found += [one["Body"] for one in some]
    return found


def test_all_are_taken_and_those_put_back_are_there_again(letters: DeadLetters) -> None:
    for _ in range(2):
        taken = [one for queue in letters.queues() for one in letters.take(queue)]
        assert sorted(one.body for one in taken if one.queue == DLQ) == sorted(map(str, range(23)))
        assert [one.body for one in taken if one.queue == STREAM] == ["batch"]
        letters.put_back(taken)


def test_what_is_taken_is_hidden_from_others(letters: DeadLetters) -> None:
    assert len(list(letters.take(DLQ))) == 23
    assert list(letters.take(DLQ)) == []


def test_what_is_sent_back_is_gone_here_and_there_again(letters: DeadLetters) -> None:
    taken = list(letters.take(DLQ))
    letters.send_back(taken[:10])
    letters.put_back(taken[10:])
    assert sorted(returned(letters)) == sorted(one.body for one in taken[:10])
    assert sorted(one.body for one in letters.take(DLQ)) == sorted(one.body for one in taken[10:])


def test_only_what_came_from_a_queue_returns(letters: DeadLetters) -> None:
    assert [letters.returns(queue) for queue in letters.queues()] == [True, False]


def test_a_queue_that_is_gone_deletes_nothing(aws_environment: str) -> None:
    url = aws.create_queue(aws_environment, DLQ)
    boto3.client("sqs").send_message(QueueUrl=url, MessageBody="one")
    letters = SqsDeadLetters({DLQ: DeadLetterQueue(url, url + "-gone")})
    taken = list(letters.take(DLQ))
    with pytest.raises(StoreUnavailableError):
        letters.send_back(taken)
    letters.put_back(taken)
    assert [one.body for one in letters.take(DLQ)] == ["one"]


def test_a_night_goes_on_where_it_was_and_never_back(table: Table) -> None:
    store: Any = DynamoProgressStore(table)
    assert store.load_progress() is None
    store.save_progress(Progress(20_000, "olx/acme/imovirtual"))
    assert store.load_progress() == Progress(20_000, "olx/acme/imovirtual")
    store.save_progress(Progress(20_000, done=True))
    assert store.load_progress() == Progress(20_000, "", done=True)
    store.save_progress(Progress(19_999, "aviv/acme/aviv"))
    assert store.load_progress() == Progress(20_000, "", done=True)
