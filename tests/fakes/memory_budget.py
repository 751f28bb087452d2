"""The budget of calls in memory."""

from __future__ import annotations

import threading

from placard.domain.budget import Rate, book, pay, wait


class MemoryBudget:
    """Implements `placard.ports.Budget`; several threads may share one."""

    def __init__(self) -> None:
        self._marks: dict[str, tuple[int, int]] = {}
        self._lock = threading.Lock()

    def take(self, name: str, rate: Rate, now: int, *, owed: bool = False) -> int:
        """Pay for one call and return 0, or return the milliseconds to wait where the budget is spent."""
        with self._lock:
            paid, booked = self._marks.get(name, (0, 0))
            after = pay(rate, now, owed=owed).after(paid)
            if after is not None:
                self._marks[name] = after, booked
                return 0
            place = book(rate, now, paid).after(booked)
            self._marks[name] = paid, booked if place is None else place
            return wait(place, now)
