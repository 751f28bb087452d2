"""The budget of calls in memory."""

from __future__ import annotations

import threading

from placard.domain.budget import PAID, Rate, book, choose_lane, pay, wait


class MemoryBudget:
    """Implements `placard.ports.Budget`; several threads may share one."""

    def __init__(self) -> None:
        self._marks: dict[str, dict[str, int]] = {}
        self._lock = threading.Lock()

    def take(self, name: str, rate: Rate, now: int, *, customer: str = "", owed: bool = False) -> int:
        """Pay for one call and return 0, or return the milliseconds to wait where the budget is spent."""
        with self._lock:
            marks = self._marks.setdefault(name, {})
            after = pay(rate, now, marks, customer, owed=owed).after(marks.get(PAID, 0))
            if after is not None:
                marks[PAID] = after
                return 0
            lane = choose_lane(marks, customer)
            place = book(rate, now, marks, lane).after(marks.get(lane, 0))
            if place is not None:
                marks[lane] = place
            return wait(place, now)
