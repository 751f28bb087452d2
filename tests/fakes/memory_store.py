"""The one table in memory: the same conditions, the same refusals, and a log of what the stream would carry."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Generic, TypeVar

from placard.domain.channels import PROVIDER_OF
from placard.domain.classified import Classified
from placard.domain.errors import TransitionConflictError
from placard.domain.instants import DAY, MINUTE, to_text
from placard.domain.lifecycle import Outcome
from placard.domain.listing_process import ListingProcess
from placard.domain.publication import Entry, Publication
from placard.domain.sweep import Sweep
from placard.ports import Change, Clock, Due, Link, Message, Page, Revision, Written
from tests.fakes.revising import revise

Key = tuple[str, str]
Stored = Classified | Publication | Entry | Link | Message | ListingProcess | Sweep
Row = TypeVar("Row")

KINDS: dict[type, str] = {
    Classified: "CLASSIFIED",
    Publication: "PUBLICATION",
    Entry: "STATUS",
    Link: "LINK",
    Message: "EVENT",
    ListingProcess: "PROCESS",
    Sweep: "SWEEP",
}


@dataclass(frozen=True, slots=True)
class Record:
    """One record of the stream: an item before and after a write, None where there was none."""

    key: Key
    old: Stored | None
    new: Stored | None


@dataclass(frozen=True, slots=True)
class _Slot(Generic[Row]):
    stored: Row
    due: int | None = None


class MemoryStore:
    """Implements ClassifiedStore, PublicationStore and DueStore of `placard.ports`; MemoryProcesses is another side of it.

    `records` is the stream's log from its beginning; whoever reads it keeps its own place. `interrupt` is called before
    each write with the keys about to change: a test can be faster then, or raise in its stead.
    """

    def __init__(self, clock: Clock, retention_days: int = 400) -> None:
        self._clock = clock
        self._kept_for = retention_days * DAY
        self._slots: dict[Key, _Slot[Stored]] = {}
        self.records: list[Record] = []
        self.interrupt: Callable[[tuple[Key, ...]], None] = lambda keys: None

    # --- classifieds ---

    def write(self, revision: Revision) -> Written:
        """Make the next revision, or return what stands against it."""
        key = _classified_key(revision.classified_id)
        self.interrupt((key,))
        old = self._find(key, Classified)
        new = revise(revision, old)
        if new is None:
            return Written(accepted=False, classified=old)
        self._commit({key: _Slot(new, revision.accepted_at + 5 * MINUTE)})
        return Written(accepted=True, classified=new)

    def load(self, classified_id: str) -> tuple[Classified | None, tuple[Publication, ...]]:
        """Return a classified and its publications."""
        found = (self.load_publication(classified_id, channel) for channel in sorted(PROVIDER_OF))
        publications = tuple(publication for publication in found if publication is not None)
        return self._find(_classified_key(classified_id), Classified), publications

    def list_classifieds(self, customer: str, limit: int, after: str | None) -> Page[Classified]:
        """Return a customer's classifieds that are not deleted, the newest change first."""
        mine = [stored for _, stored in self._all(Classified) if stored.customer == customer and not stored.deleted]
        return _page(mine, lambda found: f"{to_text(found.accepted_at)}#{found.classified_id}", limit, after)

    def list_entries(self, classified_id: str, limit: int, after: str | None) -> Page[Entry]:
        """Return the timeline of a classified, the newest entry first."""
        now = self._clock.now()
        mine = [stored for _, stored in self._all(Entry) if stored.classified_id == classified_id]
        mine = [entry for entry in mine if entry.creation_date + self._kept_for >= now]
        return _page(mine, lambda entry: _entry_key(entry)[1], limit, after)

    # --- publications ---

    def load_publication(self, classified_id: str, channel: str) -> Publication | None:
        """Return one publication."""
        return self._find(_publication_key(classified_id, channel), Publication)

    def save(self, change: Change) -> Publication:
        """Store a change in one transaction."""
        new = replace(change.publication, version=change.publication.version + 1)
        slots: dict[Key, _Slot[Stored]] = {_publication_key(new.classified_id, new.channel): _Slot(new, new.due)}
        slots |= {_entry_key(entry): _Slot(entry) for entry in change.entries}
        if change.link is not None:
            slots[_link_key(change.link)] = _Slot(self._older(change.link))
        if change.message is not None:
            outcome = str(change.outcome or Outcome.APPLIED)
            slots[_message_key(change.message)] = _Slot(replace(change.message, outcome=outcome))
        self.interrupt(tuple(slots))
        self._check_publication(change.publication)
        self._check_beside(change)
        self._commit(slots)
        return new

    def write_link(self, link: Link) -> None:
        """Store a LINK alone; the same LINK again changes nothing."""
        self.interrupt((_link_key(link),))
        self._check_link(link)
        self._commit({_link_key(link): _Slot(self._older(link))})

    def put_message(self, message: Message, due: int | None) -> bool:
        """Store a message, once. False: it was there already."""
        key = _message_key(message)
        self.interrupt((key,))
        if key in self._slots:
            return False
        self._commit({key: _Slot(message, due)})
        return True

    def link_of(self, provider: str, remote_id: str) -> Link | None:
        """Return the LINK of a remote advert."""
        return self._find((f"REMOTE#{provider}#{remote_id}", "LINK"), Link)

    def messages_of(self, provider: str, remote_id: str) -> tuple[Message, ...]:
        """Return the messages about a remote advert that are not folded yet, oldest first."""
        remote = f"REMOTE#{provider}#{remote_id}"
        about = [stored for key, stored in self._all(Message) if key[0] == remote]
        waiting = [message for message in about if message.outcome is None and not self._is_expired(message)]
        return tuple(sorted(waiting, key=lambda message: (message.received_at, message.digest)))

    def message_of(self, provider: str, remote_id: str, digest: str) -> Message | None:
        """Return one message."""
        message = self._find((f"REMOTE#{provider}#{remote_id}", f"EVENT#{digest}"), Message)
        return None if message is None or self._is_expired(message) else message

    def mark_message(self, message: Message, outcome: str | None, due: int | None) -> None:
        """Note what became of a message; one that is marked already keeps its mark."""
        key = _message_key(message)
        self.interrupt((key,))
        stored = self._find(key, Message)
        if stored is not None and stored.outcome is None:
            self._commit({key: _Slot(replace(stored, outcome=None if outcome is None else str(outcome)), due)})

    # --- due times ---

    def past_due(self, now: int, limit: int) -> tuple[Due, ...]:
        """Return what is past its due time, oldest first."""
        dues = [
            Due(*key, KINDS[type(slot.stored)], slot.due)
            for key, slot in self._slots.items()
            if slot.due is not None and slot.due <= now
        ]
        return tuple(sorted(dues, key=lambda due: (due.due, due.pk, due.sk))[:limit])

    def move(self, due: Due, until: int) -> bool:
        """Move a due time on, unless somebody has moved it already; False then."""
        return self._change_due(due, until)

    def clear(self, due: Due) -> None:
        """Remove a due time, unless somebody has moved it."""
        self._change_due(due, None)

    # --- beneath ---

    def _change_due(self, due: Due, until: int | None) -> bool:
        key = (due.pk, due.sk)
        self.interrupt((key,))
        slot = self._slots.get(key)
        if slot is None or slot.due != due.due:
            return False
        stored = slot.stored
        moved = replace(stored, due=until) if isinstance(stored, Publication | ListingProcess) else stored
        self._commit({key: _Slot(moved, until)})
        return True

    def _check_publication(self, publication: Publication) -> None:
        stored = self.load_publication(publication.classified_id, publication.channel)
        if publication.version != (0 if stored is None else stored.version):
            raise TransitionConflictError("another writer was first: publication")

    def _check_beside(self, change: Change) -> None:
        if any(_entry_key(entry) in self._slots for entry in change.entries):
            raise TransitionConflictError("another writer was first: entry")
        if change.link is not None:
            self._check_link(change.link)
        if change.message is not None:
            stored = self._find(_message_key(change.message), Message)
            if stored is None or stored.outcome is not None:
                raise TransitionConflictError("another writer was first: message")

    def _check_link(self, link: Link) -> None:
        known = self.link_of(link.provider, link.remote_id)
        if known is not None and known.classified_id != link.classified_id:
            raise TransitionConflictError("the remote advert belongs to another classified")

    def _older(self, link: Link) -> Link:
        known = self.link_of(link.provider, link.remote_id)
        return link if known is None else replace(link, since=known.since)

    def _is_expired(self, message: Message) -> bool:
        return message.received_at + self._kept_for < self._clock.now()

    def _find(self, key: Key, kind: type[Row]) -> Row | None:
        slot = self._slots.get(key)
        return slot.stored if slot is not None and isinstance(slot.stored, kind) else None

    def _all(self, kind: type[Row]) -> Iterator[tuple[Key, Row]]:
        return ((key, slot.stored) for key, slot in self._slots.items() if isinstance(slot.stored, kind))

    def _commit(self, slots: dict[Key, _Slot[Stored]]) -> None:
        """Write, and log what the stream carries: a write that changes nothing makes no record."""
        for key, slot in slots.items():
            old = self._slots.get(key)
            if old != slot:
                self.records.append(Record(key, None if old is None else old.stored, slot.stored))
        self._slots |= slots


# --- keys and pages --------------------------------------------------------------------------------------------------


def _classified_key(classified_id: str) -> Key:
    return f"CLASSIFIED#{classified_id}", "CLASSIFIED"


def _publication_key(classified_id: str, channel: str) -> Key:
    return f"CLASSIFIED#{classified_id}", f"PUBLICATION#{channel}"


def _entry_key(entry: Entry) -> Key:
    created = to_text(entry.creation_date)
    return f"CLASSIFIED#{entry.classified_id}", f"STATUS#{created}#{entry.channel}#{entry.status_id}"


def _link_key(link: Link) -> Key:
    return f"REMOTE#{link.provider}#{link.remote_id}", "LINK"


def _message_key(message: Message) -> Key:
    return f"REMOTE#{message.provider}#{message.remote_id}", f"EVENT#{message.digest}"


def _page(rows: Iterable[Row], key: Callable[[Row], str], limit: int, after: str | None) -> Page[Row]:
    if after is not None and not after.startswith("after:"):
        raise ValueError("not a token of this list")
    newest = sorted(rows, key=key, reverse=True)
    if after is not None:
        passed = sum(1 for _ in takewhile(lambda row: key(row) >= after.removeprefix("after:"), newest))
        newest = newest[passed:]
    more = len(newest) > limit
    return Page(tuple(newest[:limit]), f"after:{key(newest[limit - 1])}" if more else None)
