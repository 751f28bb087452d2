"""What portals send, and what proves it. Tuples, since a receiver's cold start would pay for `dataclasses` with the rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Callback(NamedTuple):
    """A portal's HTTP request, untouched. Header names are in lower case; `path` is what follows the receiver's own."""

    body: bytes
    headers: Mapping[str, str]
    path: str = "/"


class Message(NamedTuple):
    """A portal's message as it came. `digest` is its duplicate key; `outcome` is None until it is folded.

    `raw` is the body's text. `customer` is whom its proof names, None where the proof names nobody. `aside_at`: its fold breaks
    since then (ms).
    """

    provider: str
    remote_id: str
    digest: str
    raw: str
    received_at: int
    customer: str | None = None
    parks: bool = True
    outcome: str | None = None
    aside_at: int | None = None

    @property
    def key(self) -> str:
        """The key that entries name as their evidence."""
        return f"REMOTE#{self.provider}#{self.remote_id}/EVENT#{self.digest}"

    @staticmethod
    def place_of(key: str) -> tuple[str, str, str] | None:
        """Return provider, remote id and digest of such a key, None for evidence of another sort."""
        remote, found, digest = key.rpartition("/EVENT#")
        if not found or not remote.startswith("REMOTE#"):
            return None
        _, provider, remote_id = remote.split("#", 2)
        return provider, remote_id, digest


class Secret(NamedTuple):
    """A secret's members and its version, which grows by one with each write; 0 before the first."""

    value: Mapping[str, Any]
    version: int
