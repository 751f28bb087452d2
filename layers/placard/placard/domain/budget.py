"""How often a portal may be called: a token bucket that all instances share, as two marks on the line of time. Pure.

`paid` is the instant up to which calls are paid for: each call moves it on by its share of a second, and it never lags more
than a burst behind. `booked` is the last instant that somebody who has to wait was told: the next one is told a later one, so
that those who wait come back one by one and not all at once.
"""

from __future__ import annotations

from typing import NamedTuple

from placard.domain.instants import DAY, MINUTE, SECOND

# Nobody is sent away for longer: by then others may have given up their places.
LONGEST_WAIT = 5 * MINUTE


class Rate(NamedTuple):
    """Calls in a second on average, and how many at once after a pause."""

    calls: int
    burst: int

    @property
    def share(self) -> int:
        """What one call takes of the budget, in milliseconds."""
        return SECOND // self.calls


class Move(NamedTuple):
    """How a mark may be moved on: by `step` from where it stands, at least from `floor`, if it stands at most at `limit`."""

    step: int
    floor: int
    limit: int

    def after(self, mark: int) -> int | None:
        """Return where the mark then stands, None where it must stay."""
        return None if mark > self.limit else max(mark, self.floor) + self.step


def pay(rate: Rate, now: int, *, owed: bool = False) -> Move:
    """Return the move of `paid` for one call. One that is owed is made whatever was called before."""
    return Move(rate.share, now - rate.burst * rate.share, now + DAY if owed else now - rate.share)


def book(rate: Rate, now: int, paid: int) -> Move:
    """Return the move of `booked` for one who has to wait: behind what is paid and behind all who wait already."""
    return Move(rate.share, max(paid, now), now + LONGEST_WAIT - rate.share)


def wait(booked: int | None, now: int) -> int:
    """Return the milliseconds to wait for a place, the longest where there was none left."""
    return LONGEST_WAIT if booked is None else booked - now
