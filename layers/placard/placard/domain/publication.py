"""A publication: one classified on one channel, and what each of its portals has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from placard.domain.classified import Kind, Wish
from placard.domain.events import Advert, Operation, Picture, Source
from placard.domain.instants import to_text
from placard.domain.lifecycle import Family, Outcome, Word
from placard.domain.problems import DEFAULT_LANGUAGE, Problem

# Where something stands in an order of time: the instant (ms), then a name of its own.
Rank = tuple[int, str]


class Phase(StrEnum):
    """How far the call of an operation has come."""

    CALLING = "calling"  # under a lease; after the lease, its outcome is unknown
    ACCEPTED = "accepted"  # the portal took it and owes an end
    UNKNOWN = "unknown"  # the portal may or may not have taken it


@dataclass(frozen=True, slots=True)
class Running:
    """An operation from its call until its end is known.

    `portals` still await their end; `removing` are those of them that the call takes off; `listed` are all portals that the
    advert keeps. `then`: another operation follows in the same revision. `hashes` are the payload's, per portal.
    `overdue`: the CRM has been told that its end is late; `alarmed`: the operator too. `yields`: it need not end before a
    newer revision is acted on (`Policy.yields`). `doubtful`: a search found its advert, which may be older than its call.
    `replaces` is the portal's count of writes that the call was made upon, 0 where the end of one before it may be its own.
    """

    id: str
    kind: Operation
    portals: tuple[str, ...]
    began_at: int
    due: int
    phase: Phase = Phase.CALLING
    removing: tuple[str, ...] = ()
    listed: tuple[str, ...] = ()
    then: bool = False
    hashes: Mapping[str, str] = field(default_factory=dict)
    key: str | None = None
    remote_id: str | None = None
    transaction: str | None = None
    replaces: int = 0
    overdue: bool = False
    alarmed: bool = False
    yields: bool = False
    doubtful: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """How one portal of the channel stands.

    `seen`, `acted`, `ended` are revisions: the newest whose `RECEIVED` is stored, that was acted on, that has its end word.
    `advert_at` and `end_at` are the watermarks of two facts; each picture carries its own. `remote_revision` is the portal's
    count with which its last operation ended. `refusals` counts DELETEs and pauses refused in a row. `shown_live` is `live`
    of the last applied entry. `off_as_wished`: the hub took the advert off for the CRM, and none has stood there since.
    `payload_hash` is that of the payload the portal confirmed. `latest` is the newest applied entry of the highest revision.
    """

    portal: str
    wish: Wish = Wish.PRESENT
    kind: Kind = Kind.POST
    seen: int = 0
    acted: int = 0
    ended: int = 0
    family: Family | None = None
    word: Word = Word.RECEIVED
    advert: Advert = field(default_factory=Advert)
    next_operations: tuple[Operation, ...] = ()
    advert_at: int = 0
    end_at: int = 0
    remote_revision: int = 0
    paused_by_us: bool = False
    off_as_wished: bool = False
    payload_hash: str | None = None
    pictures: tuple[Picture, ...] = ()
    problems: tuple[Problem, ...] = ()
    refusals: int = 0
    shown_live: bool = False
    latest: Entry | None = None

    @property
    def revision(self) -> int:
        """The revision that the present word belongs to."""
        return self.acted or self.seen

    @property
    def open(self) -> bool:
        """Whether the newest revision seen still waits for its end word."""
        return self.ended < self.seen

    @property
    def acted_on(self) -> bool:
        """Whether the newest revision seen has been acted on."""
        return self.acted == self.seen

    def says(self, problem: Problem) -> bool:
        """Whether the CRM reads of the newest revision that it waits for this."""
        latest = self.latest
        return latest is not None and latest.revision == self.seen and problem in latest.problems


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timeline (StatusEntry of contracts/hub.md §2). Instants are milliseconds.

    `live_changed`: buyers see the advert since this entry, or no longer see it. `traceparent` is that of the CRM's request
    which led to it, None where that had none.
    """

    status_id: str
    classified_id: str
    customer: str
    channel: str
    creation_date: int
    revision: int
    portals: tuple[str, ...]
    status: Word
    message: str
    status_date: int
    outcome: Outcome
    source: Source
    sub_status: str | None = None
    sub_status_details: str | None = None
    pictures: tuple[Picture, ...] = ()
    advert_id: str | None = None
    advert: Advert | None = None
    next_operations: tuple[Operation, ...] = ()
    problems: tuple[Problem, ...] = ()
    normalised: tuple[Mapping[str, Any], ...] = ()
    evidence: str | None = None
    live_changed: bool = False
    traceparent: str | None = None

    @property
    def rank(self) -> Rank:
        """Where it stands among all entries of its customer."""
        return self.creation_date, f"{self.classified_id}#{self.channel}#{self.status_id}"

    def to_json(self, language: str = DEFAULT_LANGUAGE) -> dict[str, Any]:
        """Return the StatusEntry as the CRM reads it, hints in one of LANGUAGES; its last three members stay inside."""
        shown: dict[str, Any] = {
            "statusId": self.status_id,
            "classifiedId": self.classified_id,
            "customerId": self.customer,
            "creationDate": to_text(self.creation_date),
            "revision": self.revision,
            "portals": list(self.portals),
            "channel": self.channel,
            "status": self.status.value,
            "message": self.message,
            "statusDate": to_text(self.status_date),
            "outcome": self.outcome.value,
            "source": self.source.value,
        }
        optional: dict[str, Any] = {
            "subStatus": self.sub_status,
            "subStatusDetails": self.sub_status_details,
            "mediaStatuses": [{"url": picture.url, "status": picture.status} for picture in self.pictures],
            "advert": self._advert_json(),
            "problem": self.problems[0].to_json(language) if self.problems else None,
            "problems": [problem.to_json(language) for problem in self.problems] if len(self.problems) > 1 else None,
            "normalised": list(self.normalised),
        }
        return shown | {name: value for name, value in optional.items() if value}

    def _advert_json(self) -> dict[str, Any] | None:
        if self.advert is None:
            return None
        advert = self.advert
        shown: dict[str, Any] = {
            "id": self.advert_id,
            "state": advert.state.value,
            "code": advert.code,
            "url": advert.url,
            "expiresAt": None if advert.expires_at is None or not advert.live else to_text(advert.expires_at),
        }
        shown = {name: value for name, value in shown.items() if value is not None}
        shown["live"] = advert.live
        shown["nextOperations"] = [operation.value for operation in self.next_operations]
        if advert.moderation_reason is not None or advert.moderation_description is not None:
            shown["moderation"] = {"reason": advert.moderation_reason, "description": advert.moderation_description}
        return shown


@dataclass(frozen=True, slots=True)
class Publication:
    """One classified on one channel. Instants are milliseconds, None where there is none.

    `version` counts stored changes; every write is conditional on it. `due` is when somebody must look again at the latest;
    `look` asks for a look at once. `reread` asks for one reading of the portal; `reading_until` is the lease of such a reading.
    `retry_at`, `tries` and `failing_since` belong to calls that were surely not taken. `deleted_at` and `deleted_key` remember
    our last DELETE, `key` the identity of the advert there now. `surplus` are adverts that are one too many. `unheard` is the
    first operation whose call was not answered, until the portal answers one again: it may be under way there, whatever has
    been begun since; it has no hashes where another was lost behind it that was to bring something else. `adopted`: a search
    found our advert there, though no portal of it is known to show it, so that it is changed and not created. `completed` is
    the kind of the last operation that succeeded. `unknown_at` is the newest instant of a word nobody knows that a reading has
    shown: the timeline has it once. `faults` counts the looks in a row that broke, `fault` is the reason of the last of them.
    """

    classified_id: str
    channel: str
    customer: str
    version: int = 0
    remote_id: str | None = None
    key: str | None = None
    standings: Mapping[str, Standing] = field(default_factory=dict)
    running: Running | None = None
    last: Running | None = None
    completed: Operation | None = None
    former_transactions: tuple[str, ...] = ()
    lease_until: int | None = None
    reread: bool = False
    reading_until: int | None = None
    read_at: int = 0
    tries: int = 0
    retry_at: int | None = None
    failing_since: int | None = None
    deleted_at: int | None = None
    deleted_key: str | None = None
    surplus: tuple[str, ...] = ()
    unheard: Running | None = None
    adopted: bool = False
    unknown_at: int = 0
    faults: int = 0
    fault: str | None = None
    traceparent: str | None = None
    due: int | None = None
    look: bool = False
    last_creation: int = 0

    @property
    def unheard_removal(self) -> Running | None:
        """The DELETE of the advert that was not answered, and that may be under way."""
        lost = self.unheard
        return lost if lost is not None and lost.kind is Operation.DELETE and lost.portals else None

    def lose(self, operation: Running) -> Running:
        """Return what `unheard` is once this operation's call is not answered either: the first, taking off what any does."""
        first = self.unheard
        if first is None:
            return operation
        hashes = first.hashes if first.hashes == operation.hashes else {}
        return replace(first, hashes=hashes, removing=tuple(dict.fromkeys((*first.removing, *operation.removing))))

    def former_revision(self, portal: str) -> int:
        """Return the portal's count of writes that the end of the operation in flight has to be above (lifecycle §4)."""
        replaced = 0 if self.running is None else self.running.replaces
        return max(self.standings[portal].remote_revision, replaced)

    def with_standings(self, changed: Iterable[Standing]) -> Publication:
        """Return the publication with these standings put in the place of the portals' former ones."""
        return replace(self, standings=dict(self.standings) | {standing.portal: standing for standing in changed})
