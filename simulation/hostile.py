"""Ports as hostile as AWS and HTTP are: before and after every call somebody else may go on, the process may end, the answer
may be lost, the index may be old.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from placard.domain.errors import StoreUnavailableError, TransitionConflictError
from placard.domain.instants import SECOND
from placard.domain.subscription import Walk
from placard.domain.told import Place
from placard.ports import Due, View
from simulation.faults import Climate, Fate
from simulation.scheduler import Scheduler
from tests.fakes import MemoryProcesses, MemoryStore

# How a call answers when another transaction holds the item: what the real stores make of that (aws/publications,
# aws/subscriptions, aws/processes). Calls not named here do not know the case.
REFUSALS: dict[str, Any] = {
    "save": TransitionConflictError,
    "save_subscription": TransitionConflictError,
    "save_sweep": TransitionConflictError,
    "cancel": TransitionConflictError,
    "keep": TransitionConflictError,
    "take": None,
    "knock": False,
    "release": False,
    "rest": None,
}
INDEX_LAG = 20 * SECOND
CALL_TAKES = 3


class HostilePort:
    """Stands in front of a port; every call of it is drawn a fate."""

    def __init__(self, name: str, port: Any, scheduler: Scheduler, climate: Climate) -> None:
        self._name, self._port, self._scheduler, self._climate = name, port, scheduler, climate

    def __getattr__(self, method: str) -> Any:
        call = self._guard(method, getattr(self._port, method))
        setattr(self, method, call)
        return call

    def _guard(self, method: str, target: Callable[..., Any]) -> Callable[..., Any]:
        scheduler, climate, name = self._scheduler, self._climate, f"{self._name}.{method}"
        refusal, can_refuse = REFUSALS.get(method), method in REFUSALS

        def call(*arguments: Any, **named: Any) -> Any:
            fate = climate.store()
            scheduler.now += CALL_TAKES
            if fate is Fate.PLAIN:
                return target(*arguments, **named)
            scheduler.note(name, ":", fate.name.lower())
            if fate is Fate.PAUSE_BEFORE:
                scheduler.pause(climate.pause())
            elif fate is Fate.DIE_BEFORE:
                scheduler.kill()
            elif fate is Fate.FAIL_BEFORE:
                raise StoreUnavailableError(f"{name} is not reached")
            elif fate is Fate.REFUSE and can_refuse:
                if refusal is TransitionConflictError:
                    raise TransitionConflictError("another writer was first")
                return refusal
            answer = target(*arguments, **named)
            if fate is Fate.PAUSE_AFTER:
                scheduler.pause(climate.pause())
            elif fate is Fate.DIE_AFTER:
                scheduler.kill()
            elif fate is Fate.FAIL_AFTER:
                raise StoreUnavailableError(f"{name} does not answer")
            return answer

        return call


class StaleStore:
    """The table with indexes that lag behind it: the due index and the index of entries."""

    def __init__(self, store: MemoryStore, scheduler: Scheduler, climate: Climate) -> None:
        self._store, self._scheduler, self._climate = store, scheduler, climate
        self._seen: tuple[Due, ...] = ()

    def __getattr__(self, method: str) -> Any:
        return getattr(self._store, method)

    def past_due(self, now: int, limit: int) -> tuple[Due, ...]:
        """Return what is past its due time, or what was so when somebody last asked."""
        former, self._seen = self._seen, self._store.past_due(now, limit)
        return former if self._climate.happens(self._climate.stale) else self._seen

    def places_of(self, customer: str, sweep: Walk, limit: int) -> tuple[frozenset[Place], Walk | None]:
        """Return publications with entries since then; those of the last seconds may be missing."""
        places, further = self._store.places_of(customer, sweep, limit)
        if not self._climate.happens(self._climate.stale):
            return places, further
        horizon = self._scheduler.now - INDEX_LAG
        older = {place for place in places if self._is_shown(place, sweep.since, horizon)}
        return frozenset(older), further

    def _is_shown(self, place: Place, since: int, horizon: int) -> bool:
        first = self._store.entries_after(place, since - 1, 1)
        return bool(first) and first[0].creation_date <= horizon


class RecordingStore(HostilePort):
    """The hostile table, which remembers which subscription a telling belongs to."""

    def view(self, place: Place, customer: str) -> View:
        """Return what telling a publication needs."""
        view: View = self.__getattr__("_view")(place, customer)
        process = self._scheduler.process
        if process is not None and view.subscription is not None:
            process.notes["since"] = view.subscription.since
        return view

    def __getattr__(self, method: str) -> Any:
        if method == "_view":
            call = self._guard("view", self._port.view)
            self.__dict__[method] = call
            return call
        return super().__getattr__(method)


class StaleProcesses:
    """The copies of listing processes, with an index of LINKs that lags behind."""

    def __init__(self, processes: MemoryProcesses, climate: Climate) -> None:
        self._processes, self._climate = processes, climate

    def __getattr__(self, method: str) -> Any:
        return getattr(self._processes, method)

    def linked(self, provider: str, remote_ids: Sequence[str]) -> frozenset[str]:
        """Return those of these remote adverts that are the hub's; what was just linked may be missing."""
        found = self._processes.linked(provider, remote_ids)
        return frozenset() if self._climate.happens(self._climate.stale / 2) else found
