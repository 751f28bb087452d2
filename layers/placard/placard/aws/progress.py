"""How far the nightly comparison is, in DynamoDB: one item."""

from __future__ import annotations

from contextlib import suppress

from placard.aws.members import Item
from placard.aws.table import ConditionRefusedError, Table
from placard.ports import Progress

_KEY: Item = {"pk": "RECONCILE", "sk": "COMPARISON"}


class DynamoProgressStore:
    """Implements `placard.ports.ProgressStore`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def load_progress(self) -> Progress | None:
        """Return how far the last one came, read consistently."""
        item = self._table.get(_KEY)
        return None if item is None else Progress(item["night"], item["taken_up"], item["done"])

    def save_progress(self, progress: Progress) -> None:
        """Note how far it is; a night never gives way to the one before."""
        update = "SET kind = :kind, night = :night, taken_up = :after, done = :done"
        values = {":kind": "COMPARISON", ":night": progress.night, ":after": progress.after, ":done": progress.done}
        with suppress(ConditionRefusedError):
            self._table.update(_KEY, update, "attribute_not_exists(night) OR night <= :night", values)
