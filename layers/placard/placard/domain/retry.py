"""The one retry table (design §5): how long to wait before a portal is called again. Milliseconds throughout."""

from __future__ import annotations

from placard.domain.instants import HOUR, MINUTE, SECOND

FIRST_WAIT = 2 * SECOND
LONGEST_WAIT = HOUR
# Above this a wake-up is not hidden in a queue; the due time in the table finds it (lifecycle §7, step 8).
LONGEST_HIDDEN = 5 * MINUTE


def next_wait(tries: int, draw: float, asked: int | None = None) -> int:
    """Return the wait after this many failed tries: exponential with full jitter, never less than the portal asked for.

    `draw` is a number in [0, 1), so that chance stays outside.
    """
    ceiling = min(FIRST_WAIT * 2 ** min(tries, 20), LONGEST_WAIT)
    wait = int(ceiling * (0.5 + draw / 2))
    return max(wait, asked or 0)
