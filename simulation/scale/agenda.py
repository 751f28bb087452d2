"""Simulated time: things to do, in the order of their time.

An invocation runs whole where it begins; while it runs, `now` goes on by what its calls take, and returns when the next thing
is taken up. So many go on at once, though none sees another half done: races are the hostile simulation's matter.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count
from random import Random
from uuid import UUID


class Agenda:
    """Implements `placard.ports.Clock` as well. `now` is in milliseconds."""

    def __init__(self, now: int, seed: int) -> None:
        self.instant = self.began = now
        self._things: list[tuple[int, int, Callable[[], object]]] = []
        self._numbers = count()
        self._random = Random(seed)  # noqa: S311 - the same seed, the same morning
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

    # --- the clock ---

    def now(self) -> int:
        """Return the time in milliseconds since the epoch."""
        return self.instant

    def draw(self) -> float:
        """Return a number in [0, 1)."""
        return self._random.random()

    def new_id(self) -> str:
        """Return an id nobody has drawn before."""
        return str(UUID(int=self._random.getrandbits(128), version=4))

    def new_secret(self) -> bytes:
        """Return 32 bytes."""
        return self._random.randbytes(32)

    def wait_until(self, instant: int) -> None:
        """Let time pass until then (ms)."""
        self.instant = max(self.instant, instant)
