"""The listing processes' side of the table in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from placard.domain.classified import Classified
from placard.domain.errors import TransitionConflictError
from placard.domain.instants import MINUTE
from placard.domain.listing_process import ListingProcess
from placard.domain.sweep import Sweep
from placard.ports import Revision
from tests.fakes.memory_store import Key, MemoryStore, _classified_key, _Slot
from tests.fakes.revising import revise

Versioned = TypeVar("Versioned", ListingProcess, Sweep)


class MemoryProcesses:
    """Implements `placard.ports.ProcessStore` over the slots of a MemoryStore."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    def load(self, customer: str, process_id: int) -> ListingProcess | None:
        """Return one process."""
        return self._store._find(_process_key(customer, process_id), ListingProcess)

    def load_all(self, customer: str) -> tuple[ListingProcess, ...]:
        """Return every process of a customer in the order of their ids."""
        mine = [stored for _, stored in self._store._all(ListingProcess) if stored.customer == customer]
        return tuple(sorted(mine, key=lambda process: process.process_id))

    def save(self, process: ListingProcess) -> ListingProcess:
        """Store a process; TransitionConflictError if another was first."""
        return self._save(_process_key(process.customer, process.process_id), process, process.due)

    def cancel(self, process: ListingProcess, revision: Revision) -> ListingProcess:
        """Store a process together with the revision of its classified, both or none."""
        keys = _process_key(process.customer, process.process_id), _classified_key(revision.classified_id)
        self._store.interrupt(keys)
        revised = revise(revision, self._store._find(keys[1], Classified))
        if revised is None:
            raise TransitionConflictError("another writer was first: classified")
        stored = self._next(keys[0], process)
        slots = {keys[0]: _Slot(stored, stored.due), keys[1]: _Slot(revised, revision.accepted_at + 5 * MINUTE)}
        self._store._commit(slots)
        return stored

    def linked(self, provider: str, remote_ids: Sequence[str]) -> frozenset[str]:
        """Return those of these remote adverts that are the hub's."""
        return frozenset(one for one in remote_ids if self._store.link_of(provider, one) is not None)

    def load_sweep(self, customer: str) -> Sweep | None:
        """Return where the sweeps of an account stand."""
        return self._store._find(_sweep_key(customer), Sweep)

    def save_sweep(self, sweep: Sweep) -> Sweep:
        """Store that; TransitionConflictError if another was first."""
        return self._save(_sweep_key(sweep.customer), sweep, None)

    def _save(self, key: Key, versioned: Versioned, due: int | None) -> Versioned:
        self._store.interrupt((key,))
        stored = self._next(key, versioned)
        self._store._commit({key: _Slot(stored, due)})
        return stored

    def _next(self, key: Key, versioned: Versioned) -> Versioned:
        known = self._store._find(key, type(versioned))
        if versioned.version != (0 if known is None else known.version):
            raise TransitionConflictError("another writer was first")
        return replace(versioned, version=versioned.version + 1)


def _process_key(customer: str, process_id: int) -> Key:
    return f"CUSTOMER#{customer}", f"PROCESS#{process_id:012d}"


def _sweep_key(customer: str) -> Key:
    return f"CUSTOMER#{customer}", "SWEEP"
