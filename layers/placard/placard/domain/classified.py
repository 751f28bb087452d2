"""A classified: what the CRM wishes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from placard.domain.channels import CHANNEL_OF, channels_of


class Wish(StrEnum):
    """What the CRM wants of one portal."""

    PRESENT = "present"
    PAUSED = "paused"
    ABSENT = "absent"


class Kind(StrEnum):
    """What made a revision."""

    POST = "POST"
    PUT = "PUT"
    DELETE = "DELETE"
    DEACTIVATE = "DEACTIVATE"
    ACTIVATE = "ACTIVATE"
    RETRY = "RETRY"
    CANCEL = "CANCEL"


@dataclass(frozen=True, slots=True)
class Classified:
    """One classified at its newest revision.

    `portals` are those of the newest body, a deleted one's too; `former_portals` those that were listed before the newest
    PUT or first DELETE, none after a POST; `ever` all that any body has named.
    `body_revision` is the revision of the newest POST, PUT or DELETE, which concerns every portal; `asked` and `asked_kind`
    hold, per portal, the newest revision that named this portal alone (deactivate, activate, retry, cancel).
    `accepted_at` is in milliseconds and belongs to `revision`.
    """

    classified_id: str
    customer: str
    offerer_estate_id: str
    revision: int
    kind: Kind
    accepted_at: int
    body: Mapping[str, Any]
    body_hash: str
    portals: tuple[str, ...]
    body_revision: int
    former_portals: tuple[str, ...] = ()
    ever: frozenset[str] = frozenset()
    paused: frozenset[str] = frozenset()
    deleted: bool = False
    asked: Mapping[str, int] = field(default_factory=dict)
    asked_kind: Mapping[str, Kind] = field(default_factory=dict)
    traceparent: str | None = None
    idempotency_key: str | None = None
    post_hash: str | None = None
    post_revision: int = 0

    def wish(self, portal: str) -> Wish:
        """Return what the CRM wants of this portal now."""
        if self.deleted or portal not in self.portals:
            return Wish.ABSENT
        return Wish.PAUSED if portal in self.paused else Wish.PRESENT

    def revision_of(self, portal: str) -> int:
        """Return the newest revision that concerns this portal."""
        return max(self.body_revision, self.asked.get(portal, 0))

    def kind_of(self, portal: str) -> Kind:
        """Return what made the newest revision that concerns this portal."""
        if self.asked.get(portal, 0) > self.body_revision:
            return self.asked_kind[portal]
        if self.deleted:
            return Kind.DELETE
        return Kind.POST if self.body_revision == self.post_revision else Kind.PUT

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels any body of this classified has named."""
        return channels_of(self.ever | set(self.portals))

    def portals_on(self, channel: str) -> tuple[str, ...]:
        """Return the portals of one channel that any body has named, in the order of the table."""
        named = self.ever | set(self.portals)
        return tuple(portal for portal, home in CHANNEL_OF.items() if home == channel and portal in named)
