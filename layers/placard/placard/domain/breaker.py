"""The circuit breaker of one portal account (design §5): closed, open, or half-open with one canary. Pure.

It counts what the portal is unavailable for: 5xx and calls without an answer, in a row. A 4xx is an answer, and a 429 is the
budget's matter. Instants and spans are milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from placard.domain.instants import MINUTE, SECOND

# In a row; a listing that fails alone comes so far within about a minute.
MOST_FAILURES = 5
FIRST_OPENING = 10 * SECOND
LONGEST_OPENING = 5 * MINUTE
# Longer than the canary's call can take: one that never comes back holds up the next no longer.
CANARY_LEASE = 30 * SECOND


@dataclass(frozen=True, slots=True)
class Circuit:
    """How an account's calls have fared. Whatever is zero has not happened.

    `failures`: calls in a row for which the portal was unavailable. `openings`: how often in a row it was opened; `opened_at`
    is the first of them. Until `open_until` nobody calls; after it one canary does, whose lease ends at `canary_until`.
    `version` counts stored changes; every write is conditional on it.
    """

    failures: int = 0
    openings: int = 0
    opened_at: int = 0
    open_until: int = 0
    canary_until: int = 0
    version: int = 0

    @property
    def closed(self) -> bool:
        """Whether every call may be made."""
        return self.openings == 0

    @property
    def untroubled(self) -> bool:
        """Whether the last call that is known of was answered."""
        return self.failures == 0

    def wait(self, now: int) -> int:
        """Return how long nobody may call; 0 where the circuit is closed, or it is time for a canary."""
        return 0 if self.closed else max(self.open_until - now, self.canary_until - now, 0)


def is_outage(status: int | None) -> bool:
    """Whether a call that ended so, None without an answer, shows that the portal is unavailable."""
    return status is None or status >= 500


def send_canary(circuit: Circuit, now: int) -> Circuit:
    """Lease the one call that finds out whether the portal is back."""
    return replace(circuit, canary_until=now + CANARY_LEASE)


def fail(circuit: Circuit, now: int, draw: float, scale: float = 1.0) -> Circuit:
    """Note an outage; it may open the circuit, or open it again for twice as long. `draw` is in [0, 1).

    A call that began before the circuit opened and fails after it says nothing new.
    """
    if circuit.closed and circuit.failures + 1 < MOST_FAILURES:
        return replace(circuit, failures=circuit.failures + 1)
    if now < circuit.open_until:
        return circuit
    longest = min(FIRST_OPENING * 2 ** min(circuit.openings, 20), LONGEST_OPENING)
    opening = max(int(longest * (0.5 + draw / 2) * scale), 1)
    return replace(
        circuit,
        failures=circuit.failures + 1,
        openings=circuit.openings + 1,
        opened_at=circuit.opened_at or now,
        open_until=now + opening,
        canary_until=0,
    )


def answer(circuit: Circuit) -> Circuit:
    """Note an answer, whatever it says: the portal is there. Closes the circuit, also when it comes from a late call."""
    return Circuit(version=circuit.version)
