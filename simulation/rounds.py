"""What runs on a schedule, and when next: rounds that could find nothing new are left out, so that idle days cost nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable

from placard.domain.instants import DAY, HOUR, MINUTE
from placard.domain.listing_process import ListingProcess
from placard.domain.sweep import INTERVAL, NIGHT, Sweep
from placard.ports import Link, Progress
from simulation.breach import BreachError
from simulation.portals import SpotahomePortal
from tests.fakes import MemoryProcesses, MemoryStore, Record

# `rate(…)` of the template.
EACH_ROUND, EACH_SWEEP, EACH_COMPARISON = MINUTE, 5 * MINUTE, 10 * MINUTE
# `cron(0/10 1-5 …)`: between these hours of each night.
COMPARED_FROM, COMPARED_UNTIL = HOUR, 6 * HOUR
# So many whole sweeps after the last change have told all there is: what is missing in two of them has vanished.
ENOUGH = 3
NEVER = 10**15


def next_tick(due: int, now: int, each: int) -> int:
    """Return the first round of a schedule at which something due is found."""
    return -(-max(due, now + 1) // each) * each


class Sweeps:
    """When Spotahome is swept next."""

    def __init__(self, portal: SpotahomePortal, copies: MemoryProcesses, now: Callable[[], int]) -> None:
        self._portal, self._copies, self._now = portal, copies, now
        self._changed_at = 0
        self._concluded: dict[str, dict[int, Sweep]] = {}
        self._ended_at: dict[tuple[str, int], int] = {}
        # What each page of the whole list showed when it was read last: a sweep reads again what it has not kept.
        self._shown: dict[str, dict[int, frozenset[int]]] = defaultdict(dict)
        self._pass_began: dict[str, int] = {}

    def show(self, customer: str, page: int, process_ids: Iterable[int]) -> None:
        """Note what a page of an account's whole list shows; what was read behind it is read again."""
        if page == 1:
            self._pass_began[customer] = self._now()
        kept = {number: shown for number, shown in self._shown[customer].items() if number < page}
        self._shown[customer] = {**kept, page: frozenset(process_ids)}

    def follow(self, records: Iterable[Record]) -> None:
        """Note what was written: another sweep may tell more after it, or a sweep is over."""
        for record in records:
            new = record.new
            if isinstance(new, ListingProcess | Link):
                self._changed_at = self._now()
            elif isinstance(new, Sweep) and new.scope is None and new.number:
                self._concluded.setdefault(new.customer, {}).setdefault(new.number, new)
                self._ended_at.setdefault((new.customer, new.number), self._now())
                self._check_missed(new)

    def next_at(self, customers: Iterable[str]) -> int:
        """Return when the next sweep of any of these accounts has something to do; far away where none has."""
        return next_tick(min(map(self._due, customers)), self._now(), EACH_SWEEP)

    def whole_since(self, customer: str, instant: int) -> int:
        """Return how many whole sweeps of an account began after an instant and are over."""
        return sum(one.began_at > instant and one.full_at == one.began_at for one in self._over(customer))

    def has_missed(self, process: ListingProcess) -> bool:
        """Whether neither the sweep under way nor the whole one before it has shown a process."""
        customer, key = process.customer, str(process.process_id)
        began_at = self._pass_began[customer]
        whole = [one for one in self._over(customer) if one.full_at == one.began_at]
        before = [one for one in whole if self._ended_at[customer, one.number] < began_at]
        return bool(before) and key in before[-1].missed and not self._was_shown(customer, process.process_id)

    def _check_missed(self, sweep: Sweep) -> None:
        shown = [number for number in sweep.missed if self._was_shown(sweep.customer, int(number))]
        if shown and sweep.full_at == sweep.began_at:
            raise BreachError(f"processes {shown} count as missed by a sweep that has shown them")

    def _was_shown(self, customer: str, process_id: int) -> bool:
        return any(process_id in shown for shown in self._shown[customer].values())

    def _over(self, customer: str) -> list[Sweep]:
        return list(self._concluded.get(customer, {}).values())

    def _due(self, customer: str) -> int:
        sweep = self._copies.load_sweep(customer) or Sweep(customer)
        now = self._now()
        if sweep.lease_until is not None and now < sweep.lease_until:
            return sweep.lease_until
        if sweep.scope is not None or sweep.wants_full or not sweep.number:
            return now
        night = (max(sweep.full_at, sweep.began_at) - NIGHT) // DAY * DAY + DAY + NIGHT
        changed_at = max(self._changed_at, self._portal.changed_at)
        since = [one for one in self._over(customer) if one.began_at > changed_at]
        if not since:
            return min(sweep.began_at + INTERVAL, night)
        return night if self.whole_since(customer, changed_at) < ENOUGH else NEVER


class Nights:
    """When the portals' lists are compared next. Implements `placard.ports.ProgressStore`."""

    def __init__(self, store: MemoryStore, now: Callable[[], int]) -> None:
        self._store, self._now = store, now
        self._progress: Progress | None = None
        # How much was written when each night's comparison was done.
        self._written: list[int] = []

    def load_progress(self) -> Progress | None:
        """Return how far the last one came."""
        return self._progress

    def save_progress(self, progress: Progress) -> None:
        """Note how far it is; a night that is over is never gone back to."""
        if self._progress is not None and progress.night < self._progress.night:
            return
        self._progress = progress
        if progress.done:
            self._written.append(len(self._store.records))

    def next_at(self) -> int:
        """Return when the next round has something to do; a second night without any news is left out, and all behind it."""
        now = self._now()
        tonight, progress = now // DAY, self._progress
        done = progress is not None and progress.night == tonight and progress.done
        if self._written[-2:] == [len(self._store.records)] * 2:
            return NEVER
        tick = next_tick(max(now, tonight * DAY + COMPARED_FROM), now, EACH_COMPARISON)
        return (tonight + 1) * DAY + COMPARED_FROM if done or tick >= tonight * DAY + COMPARED_UNTIL else tick
