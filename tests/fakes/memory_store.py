"""The one table in memory: the same conditions, the same refusals, and a log of what the stream would carry."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Generic, TypeVar
from zlib import crc32

from placard.domain.channels import PROVIDER_OF
from placard.domain.classified import Classified
from placard.domain.errors import TransitionConflictError
from placard.domain.health import Health, PublicationHealth, assess
from placard.domain.instants import DAY, MINUTE, to_text
from placard.domain.lifecycle import Outcome
from placard.domain.listing_process import ListingProcess
from placard.domain.publication import Entry, Publication, Rank
from placard.domain.subscription import Subscription, Walk
from placard.domain.sweep import Sweep
from placard.domain.told import Place, Told
from placard.ports import Change, Clock, Due, Link, Message, Page, Revision, View, Written
from tests.fakes.revising import revise

Key = tuple[str, str]
Stored = Classified | Publication | Entry | Link | Message | Told | Subscription | ListingProcess | Sweep
Row = TypeVar("Row")

KINDS: dict[type, str] = {
    Classified: "CLASSIFIED",
    Publication: "PUBLICATION",
    Entry: "STATUS",
    Link: "LINK",
    Message: "EVENT",
    Told: "TOLD",
    Subscription: "WEBHOOK",
    ListingProcess: "PROCESS",
    Sweep: "SWEEP",
}
# Shards of the index of entries, as the table has them; in memory a shard is a stretch of the sorted list.
_SHARDS = 8


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
    """Implements ClassifiedStore, PublicationStore, ToldStore and DueStore of `placard.ports`; MemoryProcesses is another side.

    `records` is the stream's log from its beginning; whoever reads it keeps its own place. `interrupt` is called before
    each write with the keys about to change: a test can be faster then, or raise in its stead.
    """

    def __init__(self, clock: Clock, retention_days: int = 400) -> None:
        self._clock = clock
        self._kept_for = retention_days * DAY
        self._slots: dict[Key, _Slot[Stored]] = {}
        self._entries: dict[str, list[Entry]] = {}
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

    def load_classifieds(self, classified_ids: Sequence[str]) -> Mapping[str, Classified]:
        """Return classifieds by their ids, those that exist."""
        found = {one: self._find(_classified_key(one), Classified) for one in classified_ids}
        return {one: stored for one, stored in found.items() if stored is not None}

    def list_classifieds(self, customer: str, limit: int, after: str | None) -> Page[Classified]:
        """Return a customer's classifieds that are not deleted, the newest change first."""
        mine = [stored for _, stored in self._all(Classified) if stored.customer == customer and not stored.deleted]
        return _page(mine, lambda found: f"{to_text(found.accepted_at)}#{found.classified_id}", limit, after)

    def list_publications(
        self, customer: str, health: Health | None, limit: int, after: str | None
    ) -> Page[PublicationHealth]:
        """Return how a customer's publications fare, the worst first."""
        found = (assess(stored) for _, stored in self._all(Publication) if stored.customer == customer)
        mine = [one for one in found if one is not None and health in (None, one.health)]
        return _page(mine, lambda one: f"{one.rank[0]:018d}#{one.rank[1]}", limit, after)

    def list_entries(self, classified_id: str, limit: int, after: str | None) -> Page[Entry]:
        """Return the timeline of a classified, the newest entry first."""
        now = self._clock.now()
        mine = [entry for entry in self._entries.get(classified_id, ()) if entry.creation_date + self._kept_for >= now]
        return _page(mine, lambda entry: _entry_key(entry)[1], limit, after)

    def walk_entries(self, customer: str, after: Rank | None, until: int, at_once: int) -> Iterator[Entry]:
        """Return a customer's entries behind a place, in order of their places."""
        oldest = self._clock.now() - self._kept_for
        mine = [stored for _, stored in self._all(Entry) if stored.customer == customer]
        due = [entry for entry in mine if oldest <= entry.creation_date <= until]
        return iter(sorted((e for e in due if after is None or e.rank > after), key=lambda entry: entry.rank))

    # --- publications ---

    def load_publication(self, classified_id: str, channel: str) -> Publication | None:
        """Return one publication."""
        return self._find(_publication_key(classified_id, channel), Publication)

    def save(self, change: Change) -> Publication:
        """Store a change in one transaction."""
        new = replace(change.publication, version=change.publication.version + 1)
        slots: dict[Key, _Slot[Stored]] = {_publication_key(new.classified_id, new.channel): _Slot(new, new.due)}
        slots |= {_entry_key(entry): _Slot(entry) for entry in change.entries}
        if any(entry.outcome is Outcome.APPLIED for entry in change.entries):
            slots[_told_key(_place(new))] = self._knocked(_place(new), new.customer, self._clock.now() + 5 * MINUTE)
        if change.link is not None:
            slots[_link_key(change.link)] = _Slot(self._older(change.link))
        if change.message is not None:
            outcome = str(change.outcome or Outcome.APPLIED)
            slots[_message_key(change.message)] = _Slot(change.message._replace(outcome=outcome))
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
            marked = stored._replace(outcome=None if outcome is None else str(outcome))
            self._commit({key: _Slot(marked._replace(aside_at=message.aside_at), due)})

    # --- what the CRMs are told ---

    def load_subscription(self, customer: str) -> Subscription | None:
        """Return a customer's subscription."""
        return self._find(_webhook_key(customer), Subscription)

    def save_subscription(self, subscription: Subscription) -> Subscription:
        """Store it at the next version."""
        key = _webhook_key(subscription.customer)
        self.interrupt((key,))
        stored = self.load_subscription(subscription.customer)
        if subscription.version != (0 if stored is None else stored.version):
            raise TransitionConflictError("another writer was first: subscription")
        saved = replace(subscription, version=subscription.version + 1)
        self._commit({key: _Slot(saved, saved.due)})
        return saved

    def delete_subscription(self, customer: str) -> None:
        """End a customer's subscription; there may be none."""
        key = _webhook_key(customer)
        self.interrupt((key,))
        self._slots.pop(key, None)

    def view(self, place: Place, customer: str) -> View:
        """Return what telling a publication needs."""
        classified = self._find(_classified_key(place.classified_id), Classified)
        return View(
            self.load_subscription(customer),
            self._find(_told_key(place), Told),
            "" if classified is None else classified.offerer_estate_id,
        )

    def take(self, place: Place, lease: str, until: int, now: int) -> Told | None:
        """Take the lease on telling a publication."""
        key = _told_key(place)
        self.interrupt((key,))
        told = self._find(key, Told)
        if told is None or (told.lease is not None and (told.lease_until or 0) > now):
            return None
        taken = replace(told, lease=lease, lease_until=until, due=until)
        self._commit({key: _Slot(taken, until)})
        return taken

    def knock(self, place: Place, now: int) -> bool:
        """Tell the holder of the lease that there is more to see."""
        key = _told_key(place)
        self.interrupt((key,))
        told = self._find(key, Told)
        if told is None:
            return True
        if told.lease is None or (told.lease_until or 0) <= now:
            return False
        self._commit({key: _Slot(replace(told, knocks=told.knocks + 1), self._slots[key].due)})
        return True

    def keep(self, told: Told) -> Told:
        """Note how far it has come, under the lease."""
        stored = self._leased(told)
        kept = replace(told, knocks=stored.knocks, due=stored.due)
        self._commit({_told_key(told.place): _Slot(kept, self._slots[_told_key(told.place)].due)})
        return told

    def release(self, told: Told) -> bool:
        """Note how far it has come and let the lease go, unless somebody knocked meanwhile."""
        if self._leased(told).knocks != told.knocks:
            return False
        free = replace(told, lease=None, lease_until=None, version=told.version + 1)
        self._commit({_told_key(told.place): _Slot(free, told.due)})
        return True

    def rest(self, told: Told) -> None:
        """Remove the due time of what nobody wants to be told, unless something new came up."""
        key = _told_key(told.place)
        self.interrupt((key,))
        stored = self._find(key, Told)
        if stored is not None and stored.lease is None and stored.knocks == told.knocks:
            self._commit({key: _Slot(replace(stored, due=None))})

    def expect(self, place: Place, due: int) -> None:
        """Make a telling due that is at rest."""
        key = _told_key(place)
        self.interrupt((key,))
        told = self._find(key, Told)
        if told is not None and self.due_of(key) is None:
            self._commit({key: _Slot(replace(told, due=due), due)})

    def entries_after(self, place: Place, instant: int, limit: int) -> tuple[Entry, ...]:
        """Return a publication's entries created after an instant, oldest first."""
        all_of = self._entries.get(place.classified_id, ())
        mine = [entry for entry in all_of if entry.channel == place.channel and entry.creation_date > instant]
        kept = [entry for entry in mine if entry.creation_date + self._kept_for >= self._clock.now()]
        return tuple(sorted(kept, key=lambda entry: entry.creation_date)[:limit])

    def places_of(self, customer: str, walk: Walk, limit: int) -> tuple[frozenset[Place], Walk | None]:
        """Return publications with entries since the walk's beginning, shard by shard."""
        rows = sorted(
            _entry_key(entry)
            for key, entry in self._all(Entry)
            if entry.customer == customer and entry.creation_date >= walk.since and _shard(key) == walk.shard
        )
        rows = [row for row in rows if walk.after is None or "|".join(row) > walk.after]
        places = frozenset(Place(pk.partition("#")[2], sk.split("#")[2]) for pk, sk in rows[:limit])
        if len(rows) > limit:
            return places, replace(walk, after="|".join(rows[limit - 1]))
        return places, None if walk.shard + 1 == _SHARDS else replace(walk, shard=walk.shard + 1, after=None)

    # --- due times ---

    def past_due(self, now: int, limit: int) -> tuple[Due, ...]:
        """Return what is past its due time, oldest first."""
        dues = [
            Due(*key, KINDS[type(slot.stored)], slot.due, getattr(slot.stored, "customer", None) or "")
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

    # --- for those who look from above ---

    def size(self) -> tuple[int, int]:
        """Return what differs after every write: how many records there are, and how many items."""
        return len(self.records), len(self._slots)

    def next_due(self) -> int | None:
        """Return the earliest due time."""
        return min((slot.due for slot in self._slots.values() if slot.due is not None), default=None)

    def due_of(self, key: Key) -> int | None:
        """Return an item's due time."""
        slot = self._slots.get(key)
        return None if slot is None else slot.due

    def find_all(self, kind: type[Row]) -> tuple[Row, ...]:
        """Return every item of a kind."""
        return tuple(stored for _, stored in self._all(kind))

    # --- beneath ---

    def _change_due(self, due: Due, until: int | None) -> bool:
        key = (due.pk, due.sk)
        self.interrupt((key,))
        slot = self._slots.get(key)
        if slot is None or slot.due != due.due:
            return False
        stored = slot.stored
        moved = replace(stored, due=until) if isinstance(stored, Publication | Told | ListingProcess) else stored
        self._commit({key: _Slot(moved, until)})
        return True

    def _knocked(self, place: Place, customer: str, due: int) -> _Slot[Stored]:
        told = self._find(_told_key(place), Told) or Told(*place, customer)
        known = self.due_of(_told_key(place))
        due = due if known is None else known
        return _Slot(replace(told, knocks=told.knocks + 1, due=due), due)

    def _leased(self, told: Told) -> Told:
        key = _told_key(told.place)
        self.interrupt((key,))
        stored = self._find(key, Told)
        if stored is None or stored.lease != told.lease:
            raise TransitionConflictError("the lease on the telling is another's")
        return stored

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
            if old is None and isinstance(slot.stored, Entry):
                self._entries.setdefault(slot.stored.classified_id, []).append(slot.stored)
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


def _place(publication: Publication) -> Place:
    return Place(publication.classified_id, publication.channel)


def _told_key(place: Place) -> Key:
    return f"CLASSIFIED#{place.classified_id}", f"TOLD#{place.channel}"


def _webhook_key(customer: str) -> Key:
    return f"CUSTOMER#{customer}", "WEBHOOK"


def _shard(key: Key) -> int:
    return crc32(key[0].encode()) % _SHARDS


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
