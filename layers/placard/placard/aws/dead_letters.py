"""The dead-letter queues in SQS, each with the queue that its messages came from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any, NamedTuple

from placard.domain.errors import StoreUnavailableError
from placard.ports import DeadLetter

# How long a message stays hidden from others once taken; whoever takes many needs time to show and to send them.
HIDDEN_SECONDS = 600
# A long poll asks all servers of a queue; one may still be late (Amazon SQS Developer Guide, short and long polling).
_WAIT_SECONDS = 1
_EMPTY_ANSWERS = 2
_AT_ONCE = 10


class DeadLetterQueue(NamedTuple):
    """Its URL, and that of the queue its messages came from; None where they came from no queue."""

    url: str
    source: str | None


class SqsDeadLetters:
    """Implements `placard.ports.DeadLetters`. May raise StoreUnavailableError."""

    def __init__(self, known: Mapping[str, DeadLetterQueue]) -> None:
        self._known = dict(known)

    @cached_property
    def _client(self) -> Any:
        import boto3  # noqa: PLC0415 - 0.2 s that only this tool pays

        return boto3.client("sqs")

    def queues(self) -> tuple[str, ...]:
        """Return their logical names."""
        return tuple(sorted(self._known))

    def returns(self, queue: str) -> bool:
        """Whether its messages have a queue they came from."""
        return self._known[queue].source is not None

    def take(self, queue: str) -> Iterator[DeadLetter]:
        """Return all its messages, hidden from others for ten minutes."""
        url, seen, empty = self._known[queue].url, set[str](), 0
        while empty < _EMPTY_ANSWERS:
            with _translating():
                answer = self._client.receive_message(
                    QueueUrl=url,
                    MaxNumberOfMessages=_AT_ONCE,
                    WaitTimeSeconds=_WAIT_SECONDS,
                    VisibilityTimeout=HIDDEN_SECONDS,
                    AttributeNames=["All"],
                    MessageAttributeNames=["All"],
                )
            # A standard queue may hand out a message twice.
            fresh = [one for one in answer.get("Messages", ()) if one["MessageId"] not in seen]
            seen |= {one["MessageId"] for one in fresh}
            empty = 0 if fresh else empty + 1
            yield from (_read(queue, one) for one in fresh)

    def send_back(self, letters: Sequence[DeadLetter]) -> None:
        """Send messages of one queue to where they came from, and only then delete them."""
        if not letters:
            return
        known = self._known[letters[0].queue]
        if known.source is None:
            raise ValueError(f"messages of {letters[0].queue} came from no queue")
        entries = [
            {"Id": str(index), "MessageBody": letter.body}
            | ({} if letter.group is None else {"MessageGroupId": letter.group})
            for index, letter in enumerate(letters)
        ]
        with _translating():
            sent = self._client.send_message_batch(QueueUrl=known.source, Entries=entries)
            done = [letters[int(one["Id"])] for one in sent.get("Successful", ())]
            if done:
                self._client.delete_message_batch(QueueUrl=known.url, Entries=_handles(done))
        if len(done) < len(letters):
            raise StoreUnavailableError(f"the queue did not take {len(letters) - len(done)} of {len(letters)} messages")

    def put_back(self, letters: Sequence[DeadLetter]) -> None:
        """Let others see messages again at once."""
        by_queue: dict[str, list[DeadLetter]] = {}
        for letter in letters:
            by_queue.setdefault(letter.queue, []).append(letter)
        for queue, some in by_queue.items():
            for start in range(0, len(some), _AT_ONCE):
                entries = [one | {"VisibilityTimeout": 0} for one in _handles(some[start : start + _AT_ONCE])]
                with _translating():
                    self._client.change_message_visibility_batch(QueueUrl=self._known[queue].url, Entries=entries)


def _read(queue: str, message: Mapping[str, Any]) -> DeadLetter:
    known = message.get("Attributes", {})
    noted = message.get("MessageAttributes", {}).values()
    return DeadLetter(
        queue,
        message["MessageId"],
        message["Body"],
        int(known.get("SentTimestamp", 0)),
        int(known.get("ApproximateReceiveCount", 0)),
        message["ReceiptHandle"],
        known.get("MessageGroupId"),
        tuple(str(one["StringValue"]) for one in noted if one.get("StringValue")),
    )


def _handles(letters: Sequence[DeadLetter]) -> list[dict[str, Any]]:
    return [{"Id": str(index), "ReceiptHandle": letter.handle} for index, letter in enumerate(letters)]


@contextmanager
def _translating() -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise StoreUnavailableError(f"the queue does not answer: {error}") from error
