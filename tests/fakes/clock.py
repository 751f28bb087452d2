"""A clock that moves when it is told to."""

from __future__ import annotations

import random
from uuid import UUID

# 1 January 2026, noon UTC.
NOON = 1_767_268_800_000


class FakeClock:
    """Implements `placard.ports.Clock`. The same seed gives the same draws and ids."""

    def __init__(self, now: int = NOON, seed: int = 0) -> None:
        self.instant = now
        self._random = random.Random(seed)  # noqa: S311 - the same seed, the same story

    def now(self) -> int:
        """Return the time in milliseconds since the epoch."""
        return self.instant

    def advance(self, milliseconds: int) -> int:
        """Move on, and return the new time."""
        self.instant += milliseconds
        return self.instant

    def draw(self) -> float:
        """Return a number in [0, 1)."""
        return self._random.random()

    def new_id(self) -> str:
        """Return an id nobody has drawn before."""
        return str(UUID(int=self._random.getrandbits(128), version=4))

    def new_secret(self) -> bytes:
        """Return 32 bytes, the same after the same seed."""
        return self._random.randbytes(32)

    def wait_until(self, instant: int) -> None:
        """Let time pass until then (ms)."""
        self.instant = max(self.instant, instant)
