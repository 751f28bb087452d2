"""The vault (design §3): a table of secrets, each sealed with the stack's own KMS key."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from placard.aws.engine import QUICK, Limits, open_encryptor, translating
from placard.aws.table import ConditionRefusedError, Item, Table
from placard.domain.instants import MINUTE
from placard.domain.messages import Secret

if TYPE_CHECKING:
    from placard.ports import Clock

# How long a rotated secret may stay unnoticed; the former one is still valid that long.
CACHED_FOR = MINUTE


class Vault:
    """Implements `placard.ports.Credentials`. May raise StoreUnavailableError; quick, since receivers wait for it."""

    def __init__(self, table_name: str, key_id: str, clock: Clock, limits: Limits = QUICK) -> None:
        self._table = Table(table_name, limits)
        self._key_id = key_id
        self._clock = clock
        self._limits = limits
        self._cache: dict[str, tuple[int, Secret]] = {}

    @cached_property
    def _encryptor(self) -> Any:
        return open_encryptor(self._key_id, self._limits)

    def read(self, name: str, *, fresh: bool = False) -> Secret | None:
        """Return a secret, from a cache of one minute unless `fresh`."""
        read_at, known = self._cache.get(name, (0, None))
        if known is not None and not fresh and self._clock.now() - read_at < CACHED_FOR:
            return known
        item = self._table.get(_key(name))
        if item is None or "sealed" not in item:
            self._cache.pop(name, None)
            return None
        if known is None or known.version != item["version"]:
            known = Secret(self._open(item["sealed"]), item["version"])
        self._cache[name] = (self._clock.now(), known)
        return known

    def write(self, name: str, value: Mapping[str, Any], version: int) -> bool:
        """Store a secret if it still has this version, and end its lease; False if somebody was first."""
        with translating():
            sealed = self._encryptor.sync_encrypt(json.dumps(dict(value)))
        condition = "attribute_not_exists(version)" if version == 0 else "version = :known"
        values = {":sealed": sealed, ":next": version + 1} | ({} if version == 0 else {":known": version})
        update = "SET sealed = :sealed, version = :next REMOVE lease_until"
        self._cache.pop(name, None)
        return self._change(name, update, condition, values)

    def lease(self, name: str, until: int, now: int) -> bool:
        """Take the one lease on a name until then (ms); False while somebody else holds it."""
        condition = "attribute_not_exists(lease_until) OR lease_until <= :now"
        return self._change(name, "SET lease_until = :until", condition, {":until": until, ":now": now})

    def list_names(self, prefix: str) -> tuple[str, ...]:
        """Return the names of all secrets that begin so, sorted."""
        rows = self._table.scan("begins_with(pk, :prefix) AND attribute_exists(sealed)", {":prefix": prefix}, "pk")
        return tuple(sorted(row["pk"] for row in rows))

    def _open(self, sealed: str) -> Mapping[str, Any]:
        with translating():
            value: Mapping[str, Any] = json.loads(self._encryptor.sync_decrypt(sealed))
        return value

    def _change(self, name: str, update: str, condition: str, values: Item) -> bool:
        try:
            self._table.update(_key(name), update, condition, values)
        except ConditionRefusedError:
            return False
        return True


def _key(name: str) -> Item:
    return {"pk": name, "sk": "SECRET"}
