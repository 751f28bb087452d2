"""Time and chance as they are."""

from __future__ import annotations

import random
import secrets
import time
from uuid import uuid4


class SystemClock:
    """Implements `placard.ports.Clock`."""

    def now(self) -> int:
        """Return the time in milliseconds since the epoch."""
        return time.time_ns() // 1_000_000

    def draw(self) -> float:
        """Return a number in [0, 1)."""
        return random.random()  # noqa: S311 - spreads retries, guards nothing

    def new_id(self) -> str:
        """Return a random UUID."""
        return str(uuid4())

    def new_secret(self) -> bytes:
        """Return 32 bytes nobody can guess."""
        return secrets.token_bytes(32)

    def wait_until(self, instant: int) -> None:
        """Let time pass until then (ms)."""
        time.sleep(max(0, instant - self.now()) / 1000)
