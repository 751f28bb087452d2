"""The secrets that callbacks are signed with: made here, kept in the vault, the former one valid beside the new for a day."""

from __future__ import annotations

import base64
from typing import Any

from placard.domain.errors import TransitionConflictError
from placard.domain.instants import DAY
from placard.ports import Clock, Credentials

_ROTATES_FOR = DAY
_MOST_RACES = 5


def read_secrets(credentials: Credentials, customer: str, now: int) -> tuple[str, ...]:
    """Return the valid secrets, the newest first; empty for a customer that never subscribed."""
    stored = credentials.read(_name(customer), fresh=True)
    if stored is None:
        return ()
    overlaps = now < stored.value.get("former_until", 0)
    return tuple(str(stored.value[name]) for name in (("current", "former") if overlaps else ("current",)))


def make_secret(credentials: Credentials, customer: str, clock: Clock) -> str:
    """Return a new secret that is the only valid one: a new subscription owes nothing to a former one."""
    return _write(credentials, customer, clock, None)


def rotate_secret(credentials: Credentials, customer: str, clock: Clock) -> str:
    """Return a new secret; the one before signs beside it for 24 hours (contracts/hub.md §2)."""
    return _write(credentials, customer, clock, clock.now() + _ROTATES_FOR)


def _write(credentials: Credentials, customer: str, clock: Clock, former_until: int | None) -> str:
    made = f"whsec_{base64.b64encode(clock.new_secret()).decode()}"
    for _ in range(_MOST_RACES):
        stored = credentials.read(_name(customer), fresh=True)
        value: dict[str, Any] = {"current": made}
        if stored is not None and former_until is not None:
            value |= {"former": stored.value["current"], "former_until": former_until}
        if credentials.write(_name(customer), value, 0 if stored is None else stored.version):
            return made
    raise TransitionConflictError("the callback secret never stood still")


def _name(customer: str) -> str:
    return f"crm/webhook/{customer}"
