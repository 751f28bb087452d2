"""Simulated time: things to do, in the order of their time.

An invocation runs whole where it begins; while it runs, `now` goes on by what its calls take, and returns when the next thing
is taken up. So many go on at once, though none sees another half done: races are the hostile simulation's matter.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count

from tests.fakes import FakeClock


class Agenda(FakeClock):
    """The clock of everybody in it: what is taken up sets it, what runs moves it on (ms)."""

    def __init__(self, now: int, seed: int) -> None:
        super().__init__(now, seed)
        self.began = now
        self._things: list[tuple[int, int, Callable[[], object]]] = []
        self._numbers = count()
        self.done = 0

    def at(self, instant: int, thing: Callable[[], object]) -> None:
        """Put something on the agenda."""
        heapq.heappush(self._things, (instant, next(self._numbers), thing))

    def spend(self, span: int) -> None:
        """Let what runs take its time (ms)."""
        self.instant += span

    def go_on(self) -> bool:
        """Do the next thing; False where there is none."""
        if not self._things:
            return False
        self.instant, _, thing = heapq.heappop(self._things)
        self.done += 1
        thing()
        return True
