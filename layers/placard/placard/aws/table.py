"""One DynamoDB table: the calls that the stores need, each with its errors translated."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from placard.aws.engine import PATIENT, Limits, connect, load_engine, translating
from placard.domain.errors import PlacardError, StoreUnavailableError, TransitionConflictError

Item = dict[str, Any]

_THROTTLED = {"None", "ThrottlingError", "ProvisionedThroughputExceeded", "RequestLimitExceeded"}
_RACES = {"ConditionalCheckFailed", "TransactionConflict"}


class ConditionRefusedError(PlacardError):
    """The condition does not hold; `item` is what is stored, None where nothing is."""

    def __init__(self, item: Item | None) -> None:
        super().__init__("the condition does not hold")
        self.item = item


class Table:
    """A table by name. The client is made on first use; every method may raise StoreUnavailableError."""

    def __init__(self, name: str, limits: Limits = PATIENT) -> None:
        self.name = name
        self._limits = limits

    @cached_property
    def _client(self) -> Any:
        return connect(self._limits)

    def get(self, key: Item) -> Item | None:
        """Return one item, read consistently."""
        item: Item | None = self._call("get_item", self.name, key, consistent_read=True)[0]
        return item

    def put(self, item: Item, condition: str, values: Item | None = None) -> None:
        """Put an item whole; ConditionRefusedError if the condition does not hold."""
        self._call(
            "put_item",
            self.name,
            item,
            condition_expression=condition,
            expression_attribute_values=values,
            return_values_on_condition_check_failure=True,
        )

    def update(self, key: Item, update: str, condition: str, values: Item) -> Item:
        """Change an item and return it as it is then; ConditionRefusedError if the condition does not hold."""
        item: Item = self._call(
            "update_item",
            self.name,
            key,
            update_expression=update,
            condition_expression=condition,
            expression_attribute_values=values or None,
            return_values="ALL_NEW",
            return_values_on_condition_check_failure=True,
        )[0]
        return item

    def delete(self, key: Item) -> None:
        """Remove an item; there may be none."""
        self._call("delete_item", self.name, key)

    def query(self, condition: str, values: Item, start: Item | None = None, **options: Any) -> Iterator[Item]:
        """Return what a Query finds behind the key `start`, page after page as somebody asks for more.

        Options are those of the client; its `limit` is that of a page.
        """
        options["expression_attribute_values"] = values
        while True:
            rows, start, _ = self._call("query_page", self.name, condition, exclusive_start_key=start, **options)
            yield from rows
            if start is None:
                return

    def scan(self, condition: str, values: Item, members: str | None = None) -> Iterator[Item]:
        """Return all items that pass the condition, or these members of them. Reads the whole table, consistently."""
        start = None
        while True:
            rows, start = self._call(
                "scan_page",
                self.name,
                filter_expression=condition,
                projection_expression=members,
                expression_attribute_values=values,
                exclusive_start_key=start,
                consistent_read=True,
            )[:2]
            yield from rows
            if start is None:
                return

    def batch_get(self, keys: Sequence[Item], *, consistent: bool = False) -> list[Item]:
        """Return the items that exist, in any order."""
        items: list[Item] = self._call("batch_get", self.name, list(keys), consistent) if keys else []
        return items

    def transact(self, steps: Mapping[str, Item]) -> None:
        """Do all steps or none. TransitionConflictError names the steps that another writer was faster at.

        A step is `{"type": "put" | "update", …}`; its name is for people.
        """
        engine = load_engine()
        try:
            self._call("transact_write", [{"table": self.name, **step} for step in steps.values()])
        except engine.TransactionCanceledException as error:
            meaning = _cancelled(list(steps), str(error))
            if meaning is None:
                raise
            raise meaning from error

    def _call(self, operation: str, *arguments: Any, **options: Any) -> Any:
        """Call the client. A connection found broken at once is opened again: it may have died while Lambda slept."""
        call = getattr(self._client, f"sync_{operation}")
        engine = load_engine()
        began = time.monotonic()
        with translating():
            try:
                try:
                    return call(*arguments, **options)
                except engine.ConnectionException:
                    if time.monotonic() - began > self._limits.connect:
                        raise
                return call(*arguments, **options)
            except engine.ConditionalCheckFailedException as error:
                raise ConditionRefusedError(getattr(error, "item", None)) from error


def _cancelled(names: Sequence[str], message: str) -> PlacardError | None:
    """Return the error for a cancelled transaction. Its message alone has the reasons, one for each step."""
    listed = re.search(r"\[([^\]]*)\]", message)
    reasons = [reason.strip() for reason in listed.group(1).split(",")] if listed else []
    lost = [name for name, reason in zip(names, reasons, strict=False) if reason in _RACES]
    if lost:
        return TransitionConflictError(f"another writer was first: {', '.join(lost)}")
    if reasons and set(reasons) <= _THROTTLED:
        return StoreUnavailableError(message)
    return None
