"""Time and chance as they are. Receivers ask for the time alone: what chance needs is imported when it is asked for."""

from __future__ import annotations

import os
import time


class SystemClock:
    """Implements `placard.ports.Clock`."""

    def now(self) -> int:
        """Return the time in milliseconds since the epoch."""
        return time.time_ns() // 1_000_000

    def draw(self) -> float:
        """Return a number in [0, 1)."""
        import random  # noqa: PLC0415

        return random.random()  # noqa: S311 - spreads retries, guards nothing

    def new_id(self) -> str:
        """Return a random UUID."""
        from uuid import uuid4  # noqa: PLC0415

        return str(uuid4())

    def new_secret(self) -> bytes:
        """Return 32 bytes nobody can guess."""
        return os.urandom(32)

    def wait_until(self, instant: int) -> None:
        """Let time pass until then (ms)."""
        time.sleep(max(0, instant - self.now()) / 1000)
