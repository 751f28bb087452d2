"""How often a portal may be called: a token bucket that all instances share, as marks on the line of time. Pure.

`paid` is the instant up to which calls are paid for: each call moves it on by its share of a second, and it never lags more
than a burst behind. Whoever has to wait is told a place of its own, so that those who wait come back one by one and not all
at once. A lane's mark is its last place told.

Customers share a budget fairly. Each has three of the lanes, by its name, and takes its places on the emptiest; a lane's
places lie as many shares apart as lanes have somebody waiting, so that ten thousand listings of one customer push nobody
else's place away. Three lanes and not one, because who shares one with a busy customer hardly ever shares all: one in 17,296
does. The marks of all lanes are less than a KB, which is what one write takes. And while
others wait, whoever comes with a few calls may make one beyond the burst: those who wait come back at whole seconds, a
burst at a time, and would leave none.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import NamedTuple

from placard.domain.instants import DAY, MINUTE, SECOND

# Nobody is sent away for longer: by then others may have given up their places.
LONGEST_WAIT = 5 * MINUTE
PAID = "paid"
_LANE = "booked"
LANES = 48
_OWN = 3
# Calls beyond the burst for a customer who has not to wait while others have.
SPARE = 1

# Where the marks of a budget stand: `paid` and those of the lanes in use, by name. What is missing never moved.
Marks = Mapping[str, int]


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


def pay(rate: Rate, now: int, marks: Marks, customer: str = "", *, owed: bool = False) -> Move:
    """Return the move of `paid` for one call. One that is owed is made whatever was called before."""
    spare = SPARE * rate.share if _comes_first(marks, now, customer) else 0
    return Move(rate.share, now - rate.burst * rate.share, now + DAY if owed else now - rate.share + spare)


def _comes_first(marks: Marks, now: int, customer: str) -> bool:
    """Whether others have to wait, and this customer has not."""
    own, busy = lanes_of(customer), _busy(marks, now)
    return customer != "" and not busy.issuperset(own) and not busy.issubset(own)


def _busy(marks: Marks, now: int) -> frozenset[str]:
    """Return the lanes on which somebody waits."""
    return frozenset(lane for lane, mark in marks.items() if lane != PAID and mark > now)


def choose_lane(marks: Marks, customer: str = "") -> str:
    """Return the lane for the next place of a customer."""
    return min(lanes_of(customer), key=lambda lane: marks.get(lane, 0))


def book(rate: Rate, now: int, marks: Marks, lane: str) -> Move:
    """Return the move of a lane's mark for one who has to wait: behind what is paid and behind all on the lane."""
    step = len(_busy(marks, now) | {lane}) * rate.share
    return Move(step, max(marks.get(PAID, now), now), now + LONGEST_WAIT - step)


def wait(booked: int | None, now: int) -> int:
    """Return the milliseconds to wait for a place, the longest where there was none left."""
    return LONGEST_WAIT if booked is None else booked - now


def lanes_of(customer: str) -> tuple[str, ...]:
    """Return a customer's lanes; without a name, that of a budget nobody shares."""
    if not customer:
        return (_LANE,)
    number = zlib.crc32(customer.encode())
    chosen: list[int] = []
    for left in range(LANES, LANES - _OWN, -1):
        number, lane = divmod(number, left)
        for taken in sorted(chosen):
            lane += lane >= taken
        chosen.append(lane)
    return tuple(f"{_LANE}_{lane}" for lane in chosen)
