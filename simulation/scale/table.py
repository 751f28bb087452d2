"""The table in memory that takes time and counts: what `aws/` would write, to which keys, and how much of it."""

from __future__ import annotations

import heapq
import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any

from placard.aws.items import circuit_key, entry_item, publication_item
from placard.aws.members import Item, due_members, shard_name
from placard.aws.messages import message_item
from placard.aws.revisions import write_revision
from placard.aws.table import ConditionRefusedError
from placard.domain.breaker import Circuit
from placard.domain.classified import Classified, Kind
from placard.domain.hashes import content_hash
from placard.domain.publication import Entry, Publication
from placard.ports import Due, Message, Revision
from simulation.scale.agenda import Agenda
from simulation.scale.costs import takes
from simulation.scale.meter import TABLE, Meter, size_of, units_of
from tests.fakes import MemoryCircuits, MemoryStore, Record
from tests.fakes.memory_store import KINDS, Key, Stored, _Slot
from tests.template import ROOT

# A body as CRMs send it: this simulation's own are a line long.
BODY = json.loads((ROOT / "tests/contracts/aviv/classified_sl_resale.json").read_text())
RETENTION_DAYS = 400
_ITEMS: dict[str, Callable[[Any], Item]] = {
    "PUBLICATION": publication_item,
    "STATUS": lambda entry: entry_item(entry, RETENTION_DAYS),
    "EVENT": lambda message: message_item(message, None, RETENTION_DAYS),
}
# Every so many writes of a kind one item is made as the table has it, and measured.
_MEASURED = 200
_OWN_READS = ("load", "load_publication", "view", "entries_after", "link_of", "message_of", "messages_of")
_READS = (*_OWN_READS, "past_due", "load_subscription", "places_of")


class Sizes:
    """What one write of a kind of item takes, and how large its items are: means over items really made."""

    def __init__(self) -> None:
        self._units: Counter[str] = Counter()
        self._bytes: Counter[str] = Counter()
        self._measured: Counter[str] = Counter()
        self._written: Counter[str] = Counter()
        # The item of a classified is never made whole in one place: it is what its first revision sets.
        revision = Revision(
            "0" * 36, "customer", Kind.POST, 10**12, "key", BODY, content_hash(BODY), tuple(BODY["portals"])
        )
        self._note("CLASSIFIED", write_revision(revision)[2])

    def note(self, kind: str, stored: Stored) -> None:
        """Measure an item now and then."""
        if kind in _ITEMS:
            self._written[kind] += 1
            if self._written[kind] % _MEASURED == 1:
                self._note(kind, _ITEMS[kind](stored))

    def units(self, kind: str) -> float:
        """Return the units of one write; small items of one sort take one."""
        return self._units[kind] / self._measured[kind] if self._measured[kind] else 1.0

    def bytes(self, kind: str) -> float:
        """Return how large an item of a kind is."""
        return self._bytes[kind] / self._measured[kind] if self._measured[kind] else 250.0

    def _note(self, kind: str, item: Item) -> None:
        self._units[kind] += units_of(item)
        self._bytes[kind] += size_of(item)
        self._measured[kind] += 1


class MeteredStore(MemoryStore):
    """The table. Every write is counted; `carry` is told of each record of the stream."""

    def __init__(self, agenda: Agenda, meter: Meter) -> None:
        super().__init__(agenda)
        self._agenda, self._meter, self.sizes = agenda, meter, Sizes()
        self.interrupt = self._attempt
        self.carry: Callable[[Record], None] = lambda record: None
        self.dues: dict[Key, int] = {}
        self._agenda_of_dues: list[tuple[int, Key]] = []
        self._messages: dict[str, list[Key]] = defaultdict(list)

    # --- for many items ---

    def past_due(self, now: int, limit: int) -> tuple[Due, ...]:
        """Return what is past its due time, oldest first."""
        found: dict[Key, int] = {}
        while self._agenda_of_dues and self._agenda_of_dues[0][0] <= now and len(found) < limit:
            due, key = heapq.heappop(self._agenda_of_dues)
            if self.dues.get(key) == due:
                found[key] = due
        for key, due in found.items():
            heapq.heappush(self._agenda_of_dues, (due, key))
        return tuple(self._describe(key, due) for key, due in found.items())

    def messages_of(self, provider: str, remote_id: str) -> tuple[Message, ...]:
        """Return the messages about a remote advert that are not folded yet, oldest first."""
        keys = self._messages.get(f"REMOTE#{provider}#{remote_id}", ())
        stored = [self._slots[key].stored for key in keys]
        return tuple(one for one in stored if isinstance(one, Message) and one.outcome is None)

    def adopt(self, slots: dict[Key, _Slot[Stored]]) -> None:
        """Take items that were there before the morning began."""
        self._slots |= slots

    def slots_of(self, keep: Callable[[Key], bool]) -> dict[Key, _Slot[Stored]]:
        """Return the items whose keys are asked for."""
        return {key: slot for key, slot in self._slots.items() if keep(key)}

    def count_items(self) -> Counter[str]:
        """Return how many items there are of each kind."""
        return Counter(KINDS[type(slot.stored)] for slot in self._slots.values())

    def _describe(self, key: Key, due: int) -> Due:
        stored = self._slots[key].stored
        return Due(*key, KINDS[type(stored)], due, getattr(stored, "customer", None) or "")

    # --- writes ---

    def _attempt(self, keys: tuple[Key, ...]) -> None:
        """Count what a write takes, refused or not, and let it take its time."""
        self._agenda.spend(takes("write" if len(keys) == 1 else "transaction"))
        factor = min(len(keys), 2)
        for key in keys:
            kind = _kind_of(key)
            self._meter.add(TABLE, kind, key[0], factor * self.sizes.units(kind), self._agenda.now())

    def _commit(self, slots: dict[Key, _Slot[Stored]]) -> None:
        for key, slot in slots.items():
            old = self._slots.get(key)
            if old == slot:
                continue
            if old is None:
                self._file(key, slot.stored)
            kind = KINDS[type(slot.stored)]
            self.sizes.note(kind, slot.stored)
            self._index(key, kind, old, slot)
            self._slots[key] = slot
            self.carry(Record(key, None if old is None else old.stored, slot.stored))

    def _file(self, key: Key, stored: Stored) -> None:
        if isinstance(stored, Entry):
            self._entries.setdefault(stored.classified_id, []).append(stored)
        elif isinstance(stored, Message):
            self._messages[key[0]].append(key)

    def _index(self, key: Key, kind: str, old: _Slot[Stored] | None, new: _Slot[Stored]) -> None:
        """Count what the indexes write of a change."""
        due = None if old is None else old.due
        if new.due != due:
            self._move_due(key, kind, due, new.due)
        if isinstance(new.stored, Entry) and old is None:
            self._add("entries", kind, shard_name(new.stored.customer, {"pk": key[0]}), 1)
        if isinstance(new.stored, Classified):
            before = old.stored if old is not None and isinstance(old.stored, Classified) else None
            if before is None or before.revision != new.stored.revision:
                self._add("changes", kind, shard_name(new.stored.customer, {"pk": key[0]}), 1 if before is None else 2)

    def _move_due(self, key: Key, kind: str, old: int | None, new: int | None) -> None:
        shard = due_members({"pk": key[0]}, 0)["due_shard"]
        self._add("due", kind, shard, (old is not None) + (new is not None))
        if new is None:
            self.dues.pop(key, None)
        else:
            self.dues[key] = new
            heapq.heappush(self._agenda_of_dues, (new, key))

    def _add(self, index: str, kind: str, key: str, units: float) -> None:
        self._meter.add(index, kind, key, units, self._agenda.now())


def _kind_of(key: Key) -> str:
    return key[1].partition("#")[0]


class TimedReads:
    """The table as a function has it: each read takes its time and is counted."""

    def __init__(self, store: MeteredStore, agenda: Agenda) -> None:
        self._store, self._agenda = store, agenda
        self.reads: Counter[str] = Counter()

    def __getattr__(self, method: str) -> Any:
        target = getattr(self._store, method)
        if method not in _READS:
            setattr(self, method, target)
            return target

        def read(*arguments: Any) -> Any:
            self.reads[method] += 1
            self._agenda.spend(takes("read"))
            return target(*arguments)

        setattr(self, method, read)
        return read


class Marks:
    """One table of nothing but budgets, as `aws.budget` knows it: the two updates it makes, and their conditions."""

    def __init__(self, agenda: Agenda, meter: Meter) -> None:
        self._agenda, self._meter = agenda, meter
        self._items: dict[str, Item] = defaultdict(dict)

    def update(self, key: Item, update: str, condition: str, values: Item) -> Item:
        """Move a mark on."""
        self._agenda.spend(takes("write"))
        self._meter.add(TABLE, "RATE", key["pk"], 1, self._agenda.now())
        item = self._items[key["pk"]]
        named = re.match(r"SET (\w+) = ", update)
        if named is None:
            raise ValueError(f"not an update of a budget: {update}")
        mark = named[1]
        seen = item.get(mark)
        if ":step" in values:
            fits = seen is not None and values[":floor"] <= seen <= values[":limit"]
            moved = None if seen is None else seen + values[":step"]
        else:
            fits = seen is None or seen < values[":floor"]
            moved = values[":next"]
        if not fits:
            raise ConditionRefusedError({**key, **item})
        item[mark] = moved
        return {**key, **item}


class MeteredCircuits(MemoryCircuits):
    """The circuit breakers' items, each call counted."""

    def __init__(self, agenda: Agenda, meter: Meter) -> None:
        super().__init__()
        self._agenda, self._meter = agenda, meter

    def load(self, provider: str, account: str) -> Circuit:
        """Return an account's circuit."""
        self._agenda.spend(takes("read"))
        return super().load(provider, account)

    def save(self, provider: str, account: str, circuit: Circuit) -> Circuit:
        """Store a circuit."""
        self._agenda.spend(takes("write"))
        self._meter.add(TABLE, "BREAKER", circuit_key(provider, account)["pk"], 1, self._agenda.now())
        return super().save(provider, account, circuit)


__all__ = ["Marks", "MeteredCircuits", "MeteredStore", "Publication", "TimedReads"]
