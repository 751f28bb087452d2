"""What DynamoDB charges for a call: request units of items as they stand on the wire.

Sizes by AWS's own rules (DynamoDB developer guide, "DynamoDB item sizes and formats" and "Capacity unit consumption"):
a write unit is 1 KB of the larger of the item before and after, at least one, refused conditions included, twice in a
transaction; each index whose entry changes is written afterwards, once, or twice where the entry moves. A read unit is 4 KB.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

Item = Mapping[str, Mapping[str, Any]]
KB = 1024


@dataclass(frozen=True)
class Index:
    """A secondary index: the attributes of its key, and those it carries beside all keys."""

    key: tuple[str, ...]
    carried: tuple[str, ...]


def size_of_item(item: Item) -> int:
    """Return the bytes of an item: names and values."""
    return sum(len(name.encode()) + _size_of_value(value) for name, value in item.items())


def _size_of_value(value: Mapping[str, Any]) -> int:
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "N":
            return ceil(len(content.lstrip("-").replace(".", "")) / 2) + 1 + content.startswith("-")
        case "B":
            return len(content if isinstance(content, bytes) else b64decode(content))  # base64 where it comes as JSON
        case "BOOL" | "NULL":
            return 1
        case "L":
            return 3 + sum(1 + _size_of_value(one) for one in content)
        case "M":
            return 3 + sum(1 + len(name.encode()) + _size_of_value(one) for name, one in content.items())
        case "SS" | "NS" | "BS":
            return sum(_size_of_value({kind[0]: one}) for one in content)
    raise ValueError(f"no type of DynamoDB: {kind}")


def write_units(before: Item | None, after: Item | None) -> int:
    """Return the units of one write of an item into its table; equal before and after where a condition refused it."""
    largest = max(size_of_item(before or {}), size_of_item(after or {}))
    return max(1, ceil(largest / KB))


def index_units(before: Item | None, after: Item | None, indexes: Sequence[Index]) -> int:
    """Return the units that the write costs in the indexes."""
    units = 0
    for index in indexes:
        old, new = _entry(before, index), _entry(after, index)
        if old == new:
            continue
        if old is not None and new is not None and all(old[name] == new[name] for name in index.key):
            units += write_units(old, new)
        else:
            units += sum(write_units(None, entry) for entry in (old, new) if entry is not None)
    return units


def read_units(items: Sequence[Item], *, consistent: bool) -> float:
    """Return the units of reading these items in one request of one partition."""
    pages = max(1, ceil(sum(size_of_item(item) for item in items) / (4 * KB)))
    return pages if consistent else pages / 2


def _entry(item: Item | None, index: Index) -> dict[str, Mapping[str, Any]] | None:
    if item is None or any(name not in item for name in index.key):
        return None
    return {name: item[name] for name in ("pk", "sk", *index.key, *index.carried) if name in item}
