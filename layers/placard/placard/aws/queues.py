"""The queues: wake-up calls and keys of messages, never what to do. Only sending needs boto3."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import islice
from typing import Any

from placard.aws.settings import Settings
from placard.domain.errors import StoreUnavailableError
from placard.domain.instants import SECOND
from placard.domain.retry import LONGEST_HIDDEN
from placard.domain.told import Place
from placard.ports import ProcessWakeUp, Telling, WakeUp

# SendMessageBatch takes no more (Amazon SQS API Reference), and no message is hidden longer (lifecycle §7, step 8).
_AT_ONCE = 10
_LONGEST_DELAY = LONGEST_HIDDEN // SECOND

# `maxReceiveCount` of the template: a message received so often and not handled goes to the DLQ.
MOST_RECEIVES = 10

# What a MessageGroupId may be (Amazon SQS API Reference, SendMessage).
_GROUP_ID = re.compile(r"[!-~]{1,128}")


class SqsWakeUps:
    """Implements `placard.ports.WakeUps`. May raise StoreUnavailableError."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @cached_property
    def _client(self) -> Any:
        import boto3  # noqa: PLC0415 - 0.2 s that only senders pay, and only once there is something to send
        from botocore.config import Config  # noqa: PLC0415

        limits = Config(connect_timeout=1, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 2})
        return boto3.client("sqs", config=limits)

    def send(self, wake_ups: Sequence[WakeUp | ProcessWakeUp]) -> None:
        """Send wake-ups, each to its provider's queue; raises when any was not taken. `delay` is in seconds."""
        by_provider: dict[str, list[dict[str, Any]]] = {}
        for wake_up in wake_ups:
            by_provider.setdefault(wake_up.provider, []).append(_wake_up_entry(wake_up))
        for provider, entries in by_provider.items():
            self._send(self._settings.deliver_queue_url(provider), entries)

    def tell(self, tellings: Sequence[Telling]) -> None:
        """Send tellings, a customer's as one group; raises when any was not taken."""
        self._send(self._settings.notify_queue_url, [_telling_entry(telling) for telling in tellings])

    def retry_messages(self, messages: Iterable[tuple[str, str, str]]) -> None:
        """Send keys of messages (provider, remote id, digest) to be folded again."""
        self._send(self._settings.event_retry_queue_url, [{"MessageBody": _message_body(*key)} for key in messages])

    def count_waiting(self, provider: str) -> int:
        """Return about how many wake-ups wait in a provider's queue, without those hidden or in flight."""
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

        name = "ApproximateNumberOfMessages"
        url = self._settings.deliver_queue_url(provider)
        try:
            answer = self._client.get_queue_attributes(QueueUrl=url, AttributeNames=[name])
        except (BotoCoreError, ClientError) as error:
            raise StoreUnavailableError(f"the queue does not answer: {error}") from error
        return int(answer["Attributes"][name])

    def _send(self, url: str, entries: Iterable[dict[str, Any]]) -> None:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

        waiting = iter(entries)
        while batch := [entry | {"Id": str(index)} for index, entry in enumerate(islice(waiting, _AT_ONCE))]:
            try:
                answer = self._client.send_message_batch(QueueUrl=url, Entries=batch)
            except (BotoCoreError, ClientError) as error:
                raise StoreUnavailableError(f"the queue took nothing: {error}") from error
            failed = answer.get("Failed", ())
            if failed:
                why = failed[0].get("Code")
                raise StoreUnavailableError(f"the queue did not take {len(failed)} of {len(batch)} messages: {why}")


def read_wake_up(body: str) -> WakeUp | ProcessWakeUp:
    """Return the wake-up a queue message carries."""
    members = json.loads(body)
    return ProcessWakeUp(**members) if "process_id" in members else WakeUp(**members)


def is_last_receive(record: Mapping[str, Any]) -> bool:
    """Whether a message that is not handled now goes to the DLQ."""
    return int(record["attributes"]["ApproximateReceiveCount"]) >= MOST_RECEIVES


def read_telling(body: str) -> Telling:
    """Return the telling a queue message carries."""
    told = json.loads(body)
    return Telling(told["customer"], Place(*told["place"]) if told["place"] else None)


def read_message_key(body: str) -> tuple[str, str, str]:
    """Return provider, remote id and digest that a message of the retry queue carries."""
    key = json.loads(body)
    return key["provider"], key["remote_id"], key["digest"]


def _wake_up_entry(wake_up: WakeUp | ProcessWakeUp) -> dict[str, Any]:
    body: dict[str, Any] = {"provider": wake_up.provider, "customer": wake_up.customer}
    if isinstance(wake_up, ProcessWakeUp):
        body |= {"process_id": wake_up.process_id}
    else:
        body |= {"classified_id": wake_up.classified_id, "channel": wake_up.channel}
    return _entry(body, wake_up.customer, wake_up.delay)


def _telling_entry(telling: Telling) -> dict[str, Any]:
    return _entry({"customer": telling.customer, "place": telling.place}, telling.customer, telling.delay)


def _entry(body: dict[str, Any], customer: str, delay: int) -> dict[str, Any]:
    # Customers share a queue fairly: on a standard queue the group is a hint, not an order.
    entry = {"MessageBody": json.dumps(body), "MessageGroupId": _group_id(customer)}
    return entry | ({"DelaySeconds": min(delay, _LONGEST_DELAY)} if delay > 0 else {})


def _message_body(provider: str, remote_id: str, digest: str) -> str:
    return json.dumps({"provider": provider, "remote_id": remote_id, "digest": digest})


def _group_id(customer: str) -> str:
    return customer if _GROUP_ID.fullmatch(customer) else hashlib.sha256(customer.encode()).hexdigest()
