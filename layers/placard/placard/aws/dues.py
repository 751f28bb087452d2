"""The due index in DynamoDB: every wait of the protocol is a due time in the table."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from placard.aws.members import SHARDS, Item
from placard.aws.table import ConditionRefusedError, Table
from placard.ports import Due

_UNMOVED = "due_at = :due"


class DynamoDueStore:
    """Implements `placard.ports.DueStore`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def past_due(self, now: int, limit: int) -> tuple[Due, ...]:
        """Return what is past its due time, oldest first. The index may be stale."""
        found = [row for shard in range(SHARDS) for row in self._shard(shard, now, limit)]
        dues = [Due(row["pk"], row["sk"], row["kind"], row["due_at"], row.get("customer", "")) for row in found]
        return tuple(sorted(dues, key=lambda due: (due.due, due.pk, due.sk))[:limit])

    def move(self, due: Due, until: int) -> bool:
        """Move a due time on, unless somebody has moved it already; False then."""
        return self._change(due, "SET due_at = :until", {":until": until})

    def clear(self, due: Due) -> None:
        """Remove a due time, unless somebody has moved it."""
        self._change(due, "REMOVE due_at, due_shard", {})

    def _shard(self, shard: int, now: int, limit: int) -> Iterator[Item]:
        values = {":shard": str(shard), ":now": now}
        condition = "due_shard = :shard AND due_at <= :now"
        return islice(self._table.query(condition, values, index_name="due", limit=limit), limit)

    def _change(self, due: Due, update: str, values: Item) -> bool:
        try:
            self._table.update({"pk": due.pk, "sk": due.sk}, update, _UNMOVED, values | {":due": due.due})
        except ConditionRefusedError:
            return False
        return True
