"""What DynamoDB charges, by the developer guide's own examples: the bench's write units rest on it."""

from __future__ import annotations

from typing import Any

import pytest

from bench.units import Index, index_units, read_units, size_of_item, write_units

DUE = Index(key=("due_shard", "due_at"), carried=("kind",))


def item(size: int = 100, **members: Any) -> dict[str, Any]:
    keys = {"pk": {"S": "a"}, "sk": {"S": "b"}}
    return keys | members | {"x": {"S": "x" * (size - size_of_item(keys | members) - 1)}}


def test_a_size_is_of_names_and_values() -> None:
    assert size_of_item({"name": {"S": "né"}}) == 4 + 3
    assert size_of_item({"n": {"N": "12345"}}) == 1 + 4
    assert size_of_item({"b": {"B": "AAEC"}, "t": {"BOOL": True}, "z": {"NULL": True}}) == 1 + 3 + 2 + 2
    assert size_of_item({"l": {"L": [{"S": "ab"}]}, "m": {"M": {"k": {"S": "v"}}}}) == 1 + 3 + 3 + 1 + 3 + 3
    assert size_of_item(item(700)) == 700


@pytest.mark.parametrize(
    ("before", "after", "units"), [(None, 1024, 1), (None, 1025, 2), (3000, 100, 3), (100, None, 1)]
)
def test_a_write_is_a_unit_for_each_kilobyte_of_the_larger_image(
    before: int | None, after: int | None, units: int
) -> None:
    assert write_units(before and item(before), after and item(after)) == units


def test_an_index_is_written_where_its_entry_changes() -> None:
    due, later = ({"due_shard": {"S": "1"}, "due_at": {"N": at}} for at in ("5", "9"))
    assert index_units(None, item(), [DUE]) == 0, "not in it"
    assert index_units(None, item(**due), [DUE]) == 1
    assert index_units(item(**due), item(300, **due), [DUE]) == 0, "what it does not carry"
    assert index_units(item(**due), item(**due, kind={"S": "EVENT"}), [DUE]) == 1
    assert index_units(item(**due), item(**later), [DUE]) == 2, "an entry that moves is removed and put"
    assert index_units(item(**due), None, [DUE]) == 1


def test_a_reading_is_a_unit_for_four_kilobytes() -> None:
    assert read_units([], consistent=True) == 1
    assert read_units([item(4000), item(4000)], consistent=True) == 2
    assert read_units([item(100)], consistent=False) == 0.5
