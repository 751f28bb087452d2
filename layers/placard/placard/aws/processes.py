"""The copies of listing processes in DynamoDB, and how far their sweeps are (design §3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from placard.aws.engine import ItemBusyError
from placard.aws.items import (
    PROCESSES,
    classified_key,
    link_key,
    process_item,
    process_key,
    read_process,
    read_sweep,
    sweep_item,
    sweep_key,
)
from placard.aws.members import Item
from placard.aws.revisions import write_revision
from placard.aws.table import ConditionRefusedError, Table
from placard.domain.errors import TransitionConflictError
from placard.domain.listing_process import ListingProcess
from placard.domain.sweep import Sweep
from placard.ports import Revision


class DynamoProcessStore:
    """Implements `placard.ports.ProcessStore`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def load(self, customer: str, process_id: int) -> ListingProcess | None:
        """Return one process, read consistently."""
        item = self._table.get(process_key(customer, process_id))
        return None if item is None else read_process(item)

    def load_all(self, customer: str) -> tuple[ListingProcess, ...]:
        """Return every process of a customer in the order of their ids, read consistently."""
        values = {":pk": sweep_key(customer)["pk"], ":processes": PROCESSES}
        rows = self._table.query("pk = :pk AND begins_with(sk, :processes)", values, consistent_read=True)
        return tuple(read_process(row) for row in rows)

    def save(self, process: ListingProcess) -> ListingProcess:
        """Store a process; TransitionConflictError if another was first."""
        self._put(process_item(replace(process, version=process.version + 1)), process.version)
        return replace(process, version=process.version + 1)

    def cancel(self, process: ListingProcess, revision: Revision) -> ListingProcess:
        """Store a process together with the revision of its classified, both or none; TransitionConflictError."""
        stored = replace(process, version=process.version + 1)
        condition, known = _at_version(process.version)
        update, unchanged, values = write_revision(revision)
        put: Item = {"type": "put", "item": process_item(stored), "condition_expression": condition}
        change: Item = {
            "type": "update",
            "key": classified_key(revision.classified_id),
            "update_expression": update,
            "condition_expression": unchanged,
            "expression_attribute_values": values,
        }
        self._table.transact({"process": put | _given(known), "classified": change})
        return stored

    def linked(self, provider: str, remote_ids: Sequence[str]) -> frozenset[str]:
        """Return those of these remote adverts, at most 100, that are the hub's. What was just linked may be missing."""
        items = self._table.batch_get([link_key(provider, remote_id) for remote_id in dict.fromkeys(remote_ids)])
        return frozenset(item["pk"].split("#", 2)[2] for item in items)

    def load_sweep(self, customer: str) -> Sweep | None:
        """Return where the sweeps of an account stand, read consistently."""
        item = self._table.get(sweep_key(customer))
        return None if item is None else read_sweep(item)

    def save_sweep(self, sweep: Sweep) -> Sweep:
        """Store that; TransitionConflictError if another was first."""
        stored = replace(sweep, version=sweep.version + 1)
        self._put(sweep_item(stored), sweep.version)
        return stored

    def _put(self, item: Item, known: int) -> None:
        condition, values = _at_version(known)
        try:
            self._table.put(item, condition, values or None)
        except (ConditionRefusedError, ItemBusyError) as error:
            raise TransitionConflictError("another writer was first") from error


def _at_version(known: int) -> tuple[str, Item]:
    return ("version = :known", {":known": known}) if known else ("attribute_not_exists(pk)", {})


def _given(values: Item) -> Item:
    return {"expression_attribute_values": values} if values else {}
