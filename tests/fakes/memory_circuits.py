"""Circuit breakers in memory."""

from __future__ import annotations

import threading
from dataclasses import replace

from placard.domain.breaker import Circuit
from placard.domain.errors import TransitionConflictError


class MemoryCircuits:
    """Implements `placard.ports.CircuitStore`; several threads may share one. `loads` and `saves` count what is asked."""

    def __init__(self) -> None:
        self._circuits: dict[tuple[str, str], Circuit] = {}
        self._lock = threading.Lock()
        self.loads = self.saves = 0

    def load(self, provider: str, account: str) -> Circuit:
        """Return an account's circuit."""
        with self._lock:
            self.loads += 1
            return self._circuits.get((provider, account), Circuit())

    def save(self, provider: str, account: str, circuit: Circuit) -> Circuit:
        """Store a circuit and return it at its new version."""
        with self._lock:
            self.saves += 1
            if self._circuits.get((provider, account), Circuit()).version != circuit.version:
                raise TransitionConflictError("another call was noted first")
            stored = self._circuits[provider, account] = replace(circuit, version=circuit.version + 1)
            return stored
