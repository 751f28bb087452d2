"""What is written where: units per key and second, of the table and of each index."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from placard.domain.instants import MINUTE, SECOND
from simulation.scale.costs import UNIT

TABLE = "table"
# How far two invocations' times may lie apart: seconds older than this are complete.
_SKEW = 2 * MINUTE


class Peak(NamedTuple):
    """The most that was written to one key in one second."""

    units: float
    key: str
    second: int


@dataclass
class Meter:
    """Counts write units. `totals` by table or index and kind of item; `busiest` the peaks of its `most` busiest keys."""

    most: int = 5
    totals: Counter[tuple[str, str]] = field(default_factory=Counter)
    _seconds: dict[int, dict[tuple[str, str], float]] = field(default_factory=lambda: defaultdict(dict))
    _peaks: dict[str, dict[str, Peak]] = field(default_factory=lambda: defaultdict(dict))

    def add(self, where: str, kind: str, key: str, units: float, now: int) -> None:
        """Count a write."""
        self.totals[where, kind] += units  # type: ignore[assignment] - units are means of what items are rounded up to
        second = self._seconds[now // SECOND]
        second[where, key] = second.get((where, key), 0.0) + units

    def settle(self, now: int | None = None) -> None:
        """Keep the peaks alone of the seconds that are over; of all of them without a time."""
        over = [second for second in self._seconds if now is None or second * SECOND < now - _SKEW]
        for second in over:
            for (where, key), units in self._seconds.pop(second).items():
                peaks = self._peaks[where]
                known = peaks.get(key)
                if known is None or known.units < units:
                    peaks[key] = Peak(units, key, second * SECOND)
        for where, peaks in self._peaks.items():
            if len(peaks) > 100 * self.most:
                self._peaks[where] = {peak.key: peak for peak in heapq.nlargest(50 * self.most, peaks.values())}

    def forget(self) -> None:
        """Begin to count anew."""
        self.totals.clear()
        self._seconds.clear()
        self._peaks.clear()

    def busiest(self) -> dict[str, list[Peak]]:
        """Return the busiest keys of the table and of each index."""
        self.settle()
        return {where: heapq.nlargest(self.most, peaks.values()) for where, peaks in sorted(self._peaks.items())}


def size_of(item: Any) -> int:
    """Return the bytes of an item or of a value (DynamoDB developer guide, "Item sizes and formats")."""
    if isinstance(item, dict):
        return 3 + sum(len(name) + 1 + size_of(value) for name, value in item.items())
    if isinstance(item, list | tuple | set | frozenset):
        return 3 + sum(1 + size_of(value) for value in item)
    if isinstance(item, str):
        return len(item.encode())
    if isinstance(item, bytes):
        return len(item)
    if isinstance(item, bool) or item is None:
        return 1
    return len(str(item)) // 2 + 2


def units_of(item: Any) -> int:
    """Return the units that one write of an item takes."""
    return max(1, -(-size_of(item) // UNIT))
