"""The portals' messages in DynamoDB (design §3, lifecycle §7). Receivers import it, so it imports next to nothing."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from placard.aws.members import Item, due_members, expiry, is_expired
from placard.aws.table import ConditionRefusedError, Table
from placard.domain.messages import Message

if TYPE_CHECKING:
    from placard.ports import Clock

NEW = "attribute_not_exists(pk)"
UNMARKED = "attribute_exists(pk) AND attribute_not_exists(outcome)"
MESSAGES = "EVENT#"


class DynamoMessageStore:
    """Implements `placard.ports.MessageStore`. Messages are kept `retention_days`."""

    def __init__(self, table: Table, clock: Clock, retention_days: int) -> None:
        self._table = table
        self._clock = clock
        self._retention_days = retention_days

    def put_message(self, message: Message, due: int | None) -> bool:
        """Store a message, once. False: it was there already."""
        try:
            self._table.put(message_item(message, due, self._retention_days), NEW)
        except ConditionRefusedError:
            return False
        return True

    def messages_of(self, provider: str, remote_id: str) -> tuple[Message, ...]:
        """Return the messages about a remote advert that are not folded yet, read consistently, oldest first."""
        now = self._clock.now()
        rows = self._table.query(
            "pk = :pk AND begins_with(sk, :messages)",
            {":pk": _partition(provider, remote_id), ":messages": MESSAGES},
            filter_expression="attribute_not_exists(outcome)",
            consistent_read=True,
        )
        waiting = [read_message(row) for row in rows if not is_expired(row, now)]
        return tuple(sorted(waiting, key=lambda message: (message.received_at, message.digest)))

    def message_of(self, provider: str, remote_id: str, digest: str) -> Message | None:
        """Return one message, read consistently."""
        item = self._table.get(message_key(provider, remote_id, digest))
        return None if item is None or is_expired(item, self._clock.now()) else read_message(item)

    def mark_message(self, message: Message, outcome: str | None, due: int | None) -> None:
        """Note what became of a message; one that is marked already keeps its mark."""
        key = message_key(message.provider, message.remote_id, message.digest)
        update, values = mark(key, outcome, due, message.aside_at)
        try:
            self._table.update(key, update, UNMARKED, values)
        except ConditionRefusedError:
            return


def message_key(provider: str, remote_id: str, digest: str) -> Item:
    """Return the key of a portal's message."""
    return {"pk": _partition(provider, remote_id), "sk": f"{MESSAGES}{digest}"}


def message_item(message: Message, due: int | None, retention_days: int) -> Item:
    """Return the item of a portal's message, raw as it came."""
    key = message_key(message.provider, message.remote_id, message.digest)
    item = {
        **key,
        "kind": "EVENT",
        "provider": message.provider,
        "raw": zlib.compress(message.raw.encode("utf-8", "surrogatepass")),
        "received_at": message.received_at,
        "parks": message.parks,
        "expires_at": expiry(message.received_at, retention_days),
        **due_members(key, due),
    }
    optional = {"customer": message.customer, "outcome": message.outcome}
    return item | {name: value for name, value in optional.items() if value is not None}


def read_message(item: Item) -> Message:
    """Return the message an item holds."""
    _, provider, remote_id = item["pk"].split("#", 2)
    return Message(
        provider=provider,
        remote_id=remote_id,
        digest=item["sk"].removeprefix(MESSAGES),
        raw=zlib.decompress(item["raw"]).decode("utf-8", "surrogatepass"),
        received_at=item["received_at"],
        customer=item.get("customer"),
        parks=item["parks"],
        outcome=item.get("outcome"),
        aside_at=item.get("aside_at"),
    )


def mark(key: Item, outcome: str | None, due: int | None, aside_at: int | None = None) -> tuple[str, Item]:
    """Return the update that notes what became of a message, or when it is looked at again, and its values."""
    members = due_members(key, due) | ({} if outcome is None else {"outcome": str(outcome)})
    members |= {} if aside_at is None else {"aside_at": aside_at}
    gone = (["due_at", "due_shard"] if due is None else []) + (["aside_at"] if aside_at is None else [])
    parts = [("SET ", [f"{name} = :{name}" for name in members]), ("REMOVE ", gone)]
    update = " ".join(verb + ", ".join(names) for verb, names in parts if names)
    return update, {f":{name}": value for name, value in members.items()}


def _partition(provider: str, remote_id: str) -> str:
    return f"REMOTE#{provider}#{remote_id}"
