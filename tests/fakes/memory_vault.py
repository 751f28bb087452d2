"""The vault in memory."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from placard.domain.instants import MINUTE
from placard.ports import Clock, Secret


class MemoryVault:
    """Implements `placard.ports.Credentials`, with the same short cache as the real one."""

    def __init__(self, clock: Clock, secrets: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        self._clock = clock
        self._secrets: dict[str, Secret] = {name: Secret(value, 1) for name, value in (secrets or {}).items()}
        self._leases: dict[str, int] = {}
        self._cache: dict[str, tuple[int, Secret]] = {}

    def read(self, name: str, *, fresh: bool = False) -> Secret | None:
        """Return a secret, from a cache of one minute unless `fresh`."""
        read_at, known = self._cache.get(name, (0, None))
        if known is not None and not fresh and self._clock.now() - read_at < MINUTE:
            return known
        stored = self._secrets.get(name)
        if stored is not None:
            self._cache[name] = (self._clock.now(), stored)
        return stored

    def write(self, name: str, value: Mapping[str, Any], version: int) -> bool:
        """Store a secret if it still has this version, and end its lease; False if somebody was first."""
        self._cache.pop(name, None)
        stored = self._secrets.get(name)
        if version != (stored.version if stored is not None else 0):
            return False
        self._secrets[name] = Secret(json.loads(json.dumps(dict(value))), version + 1)
        self._leases.pop(name, None)
        return True

    def lease(self, name: str, until: int, now: int) -> bool:
        """Take the one lease on a name until then (ms); False while somebody else holds it."""
        if self._leases.get(name, now) > now:
            return False
        self._leases[name] = until
        return True

    def list_names(self, prefix: str) -> tuple[str, ...]:
        """Return the names of all secrets that begin so, sorted."""
        return tuple(sorted(name for name in self._secrets if name.startswith(prefix)))
