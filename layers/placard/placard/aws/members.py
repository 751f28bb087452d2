"""What items of several kinds have in common: the shard they are indexed by, when they are due and when they expire."""

from __future__ import annotations

import zlib
from typing import Any

from placard.domain.instants import DAY, SECOND

Item = dict[str, Any]

SHARDS = 8


def shard_of(key: Item) -> int:
    """Return the shard of an item: by its partition, so that nothing else need be known."""
    return zlib.crc32(key["pk"].encode()) % SHARDS


def shard_name(customer: str, key: Item) -> str:
    """Return the shard of an item among its customer's, which the indexes `changes` and `entries` are divided by."""
    return f"{customer}#{shard_of(key)}"


def expiry(instant: int, retention_days: int) -> int:
    """Return when an item of this instant (ms) expires, in seconds as DynamoDB wants it."""
    return (instant + retention_days * DAY) // SECOND


def is_expired(item: Item, now: int) -> bool:
    """Whether an item is past its time: DynamoDB removes it days later."""
    return bool(item.get("expires_at", now) * SECOND < now)


def set_missing(members: Item) -> str:
    """Return the SET that gives an item these members where it has none of the name; a value is `:name`."""
    return "SET " + ", ".join(f"{name} = if_not_exists({name}, :{name})" for name in members)


def due_members(key: Item, due: int | None) -> Item:
    """Return the members that put an item into the index `due`."""
    return {} if due is None else {"due_at": due, "due_shard": str(shard_of(key))}
