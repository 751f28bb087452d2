"""The circuit breakers of the portals' accounts, an item each (design §3, `BREAKER#…`)."""

from __future__ import annotations

from dataclasses import asdict, fields, replace

from placard.aws.items import circuit_key
from placard.aws.members import expiry
from placard.aws.table import ConditionRefusedError, Table
from placard.domain.breaker import Circuit
from placard.domain.errors import TransitionConflictError
from placard.ports import Clock

# An account that nobody calls any more leaves nothing behind.
_KEPT_DAYS = 2
_MEMBERS = tuple(member.name for member in fields(Circuit))


class DynamoCircuitStore:
    """Implements `placard.ports.CircuitStore`. May raise StoreUnavailableError."""

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    def load(self, provider: str, account: str) -> Circuit:
        """Return an account's circuit, read consistently."""
        item = self._table.get(circuit_key(provider, account)) or {}
        return Circuit(**{name: int(item[name]) for name in _MEMBERS if name in item})

    def save(self, provider: str, account: str, circuit: Circuit) -> Circuit:
        """Store a circuit, in one conditional write."""
        stored = replace(circuit, version=circuit.version + 1)
        # One that expired meanwhile, or was never there, is version 0 to whoever reads it.
        fresh = circuit.version == 0
        condition = "attribute_not_exists(pk)" if fresh else "version = :known"
        values = None if fresh else {":known": circuit.version}
        item = circuit_key(provider, account) | asdict(stored)
        item["expires_at"] = expiry(self._clock.now(), _KEPT_DAYS)
        try:
            self._table.put(item, condition, values)
        except ConditionRefusedError as error:
            raise TransitionConflictError("another call was noted first") from error
        return stored
