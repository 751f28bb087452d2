"""A table of moto's that holds a hundred thousand classifieds and answers as if it held one."""

from __future__ import annotations

from contextvars import ContextVar
from copy import copy, deepcopy
from typing import Any

from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table

# The partitions that the call at hand writes or queries; none where it may read any.
NAMED: ContextVar[frozenset[str]] = ContextVar("NAMED", default=frozenset())


class FullTable(Table):
    """A table of a hundred thousand classifieds. moto sorts a whole table to find a partition, and copies it before each
    step of a transaction, in case it is taken back; of so many that takes seconds. What a call does not name is left alone.
    """

    def all_items(self) -> list[Item]:
        if not NAMED.get():
            return super().all_items()
        return [item for pk in self._named() for item in self.items[pk].values()]

    def __deepcopy__(self, memo: dict[int, Any]) -> FullTable:
        copied = copy(self)
        copied.items = self.items.copy()
        copied.items.update({pk: deepcopy(self.items[pk], memo) for pk in self._named()})
        return copied

    def _named(self) -> list[DynamoType]:
        return [key for pk in NAMED.get() if (key := DynamoType({"S": pk})) in self.items]
