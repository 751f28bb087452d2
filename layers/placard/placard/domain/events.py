"""What a portal says, in our words. Every callback, answer and reading becomes one of these before it is judged."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from placard.domain.problems import Problem


class Operation(StrEnum):
    """A call that changes something at a portal."""

    POST = "POST"
    PUT = "PUT"
    DELETE = "DELETE"
    DEACTIVATE = "DEACTIVATE"
    ACTIVATE = "ACTIVATE"


class AdvertState(StrEnum):
    """The ten states of an advert (lifecycle §2)."""

    ABSENT = "absent"
    PENDING = "pending"
    LIVE = "live"
    BLOCKED = "blocked"
    UNPAID = "unpaid"
    REJECTED = "rejected"
    EXPIRED = "expired"
    PAUSED = "paused"
    WITHDRAWN = "withdrawn"
    UNKNOWN = "unknown"


class Source(StrEnum):
    """How the hub learned it (contracts/hub.md, StatusEntry)."""

    CALLBACK = "callback"
    POLL = "poll"
    ANSWER = "answer"
    HUB = "hub"


class Verdict(StrEnum):
    """How an operation ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Advert:
    """The advert as the portal describes it. Instants are milliseconds; `visible` is None where the portal is silent."""

    state: AdvertState = AdvertState.ABSENT
    code: str | None = None
    url: str | None = None
    expires_at: int | None = None
    visible: bool | None = None
    moderation_reason: str | None = None
    moderation_description: str | None = None

    @property
    def live(self) -> bool:
        """Whether buyers can see it."""
        return self.state is AdvertState.LIVE


@dataclass(frozen=True, slots=True)
class End:
    """The end of an operation, as far as the portal tells which one.

    `removal` says that the end takes the advert off the portal; None where the word does not tell.
    `remote_revision` is the portal's own count of accepted writes (AVIV). `media_error`: a success, but for some media,
    whether the portal names them or not. `if_asked`: an observation that is the end of what was asked for, and no word of
    the portal's own where nothing was. `at` is its own time where the event that tells it is of a later one.
    """

    verdict: Verdict
    operation: Operation | None = None
    remote_revision: int | None = None
    removal: bool | None = None
    media_error: bool = False
    if_asked: bool = False
    at: int | None = None

    @property
    def takes_off(self) -> bool | None:
        """Whether this end takes the advert off, by its own word or by the operation it names; None where neither tells."""
        if self.removal is not None or self.operation is None:
            return self.removal
        return self.operation is Operation.DELETE


@dataclass(frozen=True, slots=True)
class Picture:
    """What became of one picture; `at` is the portal's own time."""

    url: str
    status: str
    at: int = 0

    @property
    def failed(self) -> bool:
        """Whether somebody must mend it."""
        return self.status.endswith("_FAILED")


@dataclass(frozen=True, slots=True)
class PortalEvent:
    """One message about one remote advert.

    `portals` is None where it speaks of all portals of the channel. `at` is the source's own time, None where it gives none;
    `advert_at` that of the advert's description where it is older (an error may carry the state before it).
    `word` is the portal's own word and `details` its own code or error title, both kept for people. `known` is False for a
    word that no table of ours has. `note` is a sentence for people where the word itself is the news, though it changes nothing
    of what the hub knows. `transaction` is the portal's id of the request it speaks of. `removing`: a removal is under way there.
    `evidence` is the key of what it came from.
    """

    source: Source
    remote_id: str | None
    received_at: int
    word: str
    at: int | None = None
    advert_at: int | None = None
    portals: tuple[str, ...] | None = None
    transaction: str | None = None
    end: End | None = None
    advert: Advert | None = None
    pictures: tuple[Picture, ...] = ()
    problems: tuple[Problem, ...] = ()
    details: str | None = None
    note: str | None = None
    removing: bool = False
    known: bool = True
    evidence: str | None = None

    @property
    def order(self) -> int:
        """The instant it is ranked by: no time of the future can outlive itself (lifecycle §4)."""
        return self.received_at if self.at is None else min(self.at, self.received_at)

    @property
    def advert_order(self) -> int:
        """The instant its description of the advert is ranked by."""
        return self.order if self.advert_at is None else min(self.advert_at, self.order)
