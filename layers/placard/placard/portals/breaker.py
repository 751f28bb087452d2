"""The circuit breaker around every portal call: an account whose portal is down is left alone (design §5)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from placard.domain.breaker import FIRST_OPENING, Circuit, answer, fail, is_outage, send_canary
from placard.domain.errors import (
    CircuitOpenError,
    PortalUnavailableError,
    StoreUnavailableError,
    TransitionConflictError,
)
from placard.domain.instants import MINUTE, SECOND
from placard.ports import CircuitStore, Clock

logger = logging.getLogger(__name__)

# How long an instance may not have heard that a circuit opened; its first failing call tells it.
VIEW = MINUTE
# After an outage everybody is back within this part of its length, and an opening's.
SPREAD = 8
_MOST_RACES = 4


@dataclass(slots=True)
class Breaker:
    """The circuits of one provider's accounts, as one instance sees them. `scale` shortens openings in the sandbox.

    While all is well a call costs no DynamoDB call: an account is read once a minute by each instance, and written only when
    failures begin, go on or end. So an instance may call once more what another has opened, never twice. Where the table does
    not answer, calls are made: the breaker spares a portal, nothing depends on it.
    """

    store: CircuitStore
    clock: Clock
    provider: str
    scale: float = 1.0
    _seen: dict[str, tuple[int, Circuit]] = field(default_factory=dict)

    def refuse(self, account: str) -> None:
        """Raise CircuitOpenError while nobody may call; its wait ends when a canary may."""
        now = self.clock.now()
        wait = self._view(account, now).wait(now)
        if wait > 0:
            raise CircuitOpenError(wait + int(self.clock.draw() * self._spread(account, now)))

    @contextmanager
    def guard(self, account: str) -> Iterator[None]:
        """Let one call through and note what became of it; CircuitOpenError where it must not be made."""
        self._admit(account)
        try:
            yield
        except PortalUnavailableError as error:
            self._note(account, outage=is_outage(error.status_code))
            raise
        self._note(account, outage=False)

    def _admit(self, account: str) -> None:
        """Pass where the circuit is closed, or as its one canary."""
        for _ in range(_MOST_RACES):
            self.refuse(account)
            now = self.clock.now()
            circuit = self._view(account, now)
            if circuit.closed or self._save(account, send_canary(circuit, now)):
                return
        raise CircuitOpenError(int(SECOND * self.scale))

    def _note(self, account: str, *, outage: bool) -> None:
        now = self.clock.now()
        draw = self.clock.draw() if outage else 0.0

        def turn(circuit: Circuit) -> Circuit:
            return fail(circuit, now, draw, self.scale) if outage else answer(circuit)

        for _ in range(_MOST_RACES):
            before = self._view(account, now)
            if not outage and before.untroubled:
                return
            after = turn(before)
            if after == before or self._save(account, after):
                self._log(account, before, after, now)
                return

    def _spread(self, account: str, now: int) -> float:
        """Return within which time those who wait come back one after the other: who has waited long waits a little longer.

        Each of them looks again and again while the portal is down, and on a bad morning they are tens of thousands.
        """
        return max(FIRST_OPENING * self.scale, (now - self._view(account, now).opened_at) / SPREAD)

    def _save(self, account: str, circuit: Circuit) -> bool:
        """Store a circuit; False where another instance was first, whose circuit is the one seen from now on."""
        now = self.clock.now()

        def store() -> Circuit:
            return self.store.save(self.provider, account, circuit)

        try:
            self._seen[account] = now, self._ask(store, circuit)
        except TransitionConflictError:
            self._seen[account] = now, self._ask(lambda: self.store.load(self.provider, account), Circuit())
            return False
        return True

    def _view(self, account: str, now: int) -> Circuit:
        seen_at, circuit = self._seen.get(account, (0, Circuit()))
        if now - seen_at >= VIEW and circuit.wait(now) == 0:
            circuit = self._ask(lambda: self.store.load(self.provider, account), Circuit())
            self._seen[account] = now, circuit
        return circuit

    def _ask(self, ask: Callable[[], Circuit], otherwise: Circuit) -> Circuit:
        try:
            return ask()
        except StoreUnavailableError as error:
            logger.warning("the circuit breaker's table does not answer", extra={"reason": str(error)})
            return otherwise

    def _log(self, account: str, before: Circuit, after: Circuit, now: int) -> None:
        """Tell the operator of each outage once, when it begins: an alarm counts these lines. The fault is not the hub's."""
        named = {"provider": self.provider, "account": account}
        if before.closed and not after.closed:
            logger.warning("a portal does not answer; the account's calls are held", extra=named)
        elif after.closed and not before.closed:
            logger.info("the portal answers again", extra={**named, "heldForMs": now - before.opened_at})


def connect_breaker(circuits: CircuitStore | None, clock: Clock, provider: str, scale: float) -> Breaker | None:
    """Return a provider's breaker over the circuits that all instances share, None where they share none."""
    return None if circuits is None else Breaker(circuits, clock, provider, scale)
