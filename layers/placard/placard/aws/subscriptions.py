"""Subscriptions, and how far their customers have been told, in DynamoDB (design §3, lifecycle §7 step 6)."""

from __future__ import annotations

from dataclasses import replace

from placard.aws.engine import ItemBusyError
from placard.aws.items import (
    ENTRIES,
    classified_key,
    read_entry,
    read_told,
    read_webhook,
    told_key,
    webhook_item,
    webhook_key,
)
from placard.aws.members import SHARDS, Item, due_members, is_expired, set_missing
from placard.aws.table import ConditionRefusedError, Table
from placard.domain.errors import TransitionConflictError
from placard.domain.instants import to_text
from placard.domain.publication import Entry
from placard.domain.retry import LONGEST_HIDDEN
from placard.domain.subscription import Subscription, Walk
from placard.domain.told import Place, Told
from placard.ports import Clock, View

_MINE = "lease = :lease"


class DynamoSubscriptionStore:
    """Implements `placard.ports.ToldStore`, and so `SubscriptionStore`."""

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    # --- subscriptions ---

    def load_subscription(self, customer: str) -> Subscription | None:
        """Return a customer's subscription, read consistently."""
        item = self._table.get(webhook_key(customer))
        return None if item is None else read_webhook(item)

    def save_subscription(self, subscription: Subscription) -> Subscription:
        """Store it at the next version; TransitionConflictError if another was first."""
        known = subscription.version
        saved = replace(subscription, version=known + 1)
        condition, values = (
            ("attribute_not_exists(pk)", None) if known == 0 else ("version = :known", {":known": known})
        )
        try:
            self._table.put(webhook_item(saved), condition, values)
        except (ConditionRefusedError, ItemBusyError) as error:
            raise TransitionConflictError("another writer was first: subscription") from error
        return saved

    def delete_subscription(self, customer: str) -> None:
        """End a customer's subscription, whatever its version; there may be none."""
        self._table.delete(webhook_key(customer))

    # --- how far they have been told ---

    def view(self, place: Place, customer: str) -> View:
        """Return what telling a publication needs: one consistent BatchGetItem."""
        keys = (told_key(place), webhook_key(customer), classified_key(place.classified_id))
        found = {(item["pk"], item["sk"]): item for item in self._table.batch_get(keys, consistent=True)}
        items = [found.get((key["pk"], key["sk"])) for key in keys]
        return View(
            subscription=None if items[1] is None else read_webhook(items[1]),
            told=None if items[0] is None else read_told(items[0]),
            offerer_estate_id="" if items[2] is None else items[2]["offerer_estate_id"],
        )

    def take(self, place: Place, lease: str, until: int, now: int) -> Told | None:
        """Take the lease on telling a publication; None while somebody else holds it, or where nothing ever was to tell."""
        key = told_key(place)
        values = {":lease": lease, ":until": until, ":now": now, ":shard": due_members(key, until)["due_shard"]}
        update = "SET lease = :lease, lease_until = :until, due_at = :until, due_shard = :shard REMOVE look, wake_at"
        condition = "attribute_exists(pk) AND (attribute_not_exists(lease) OR lease_until <= :now)"
        try:
            return read_told(self._table.update(key, update, condition, values))
        except (ConditionRefusedError, ItemBusyError):
            return None

    def knock(self, place: Place, now: int) -> bool:
        """Tell the holder of the lease that there is more to see; False where nobody holds it any more."""
        try:
            self._table.update(
                told_key(place),
                "ADD knocks :one",
                "attribute_exists(lease) AND lease_until > :now",
                {":one": 1, ":now": now},
            )
        except ItemBusyError:
            return False
        except ConditionRefusedError as refused:
            return refused.item is None  # nothing was ever to tell here: there is nobody to wait for
        return True

    def keep(self, told: Told) -> Told:
        """Note how far it has come, under the lease; TransitionConflictError where the lease is another's."""
        update, values = _progress(told)
        try:
            self._table.update(told_key(told.place), update, _MINE, values)
        except (ConditionRefusedError, ItemBusyError) as error:
            raise TransitionConflictError("the lease on the telling is another's") from error
        return told

    def release(self, told: Told) -> bool:
        """Note how far it has come and let the lease go; False, with the lease kept, where somebody knocked meanwhile."""
        update, values = _progress(told, version=told.version + 1)
        removed = ["lease", "lease_until"]
        if told.due is None:
            removed += ["due_at", "due_shard"]
        else:
            update += ", due_at = :due, due_shard = :shard"
            values |= {":due": told.due, ":shard": due_members(told_key(told.place), told.due)["due_shard"]}
            if told.due <= self._clock.now() + LONGEST_HIDDEN:
                update += ", look = :look, wake_at = :due"
                values[":look"] = True
        update = f"{update} REMOVE {', '.join(removed)}"
        try:
            self._table.update(
                told_key(told.place), update, f"{_MINE} AND knocks = :knocks", values | {":knocks": told.knocks}
            )
        except ItemBusyError:
            return False
        except ConditionRefusedError as refused:
            if refused.item is not None and refused.item.get("lease") == told.lease:
                return False
            raise TransitionConflictError("the lease on the telling is another's") from refused
        return True

    def rest(self, told: Told) -> None:
        """Remove the due time of what nobody wants to be told, unless something new came up."""
        condition = "attribute_not_exists(lease) AND knocks = :knocks"
        try:
            self._table.update(
                told_key(told.place), "REMOVE due_at, due_shard, look, wake_at", condition, {":knocks": told.knocks}
            )
        except (ConditionRefusedError, ItemBusyError):
            return

    def expect(self, place: Place, due: int) -> None:
        """Make a telling due that is at rest; one that is due already stays so, and what never had anything to tell is none."""
        key = told_key(place)
        members = due_members(key, due)
        values = {f":{name}": value for name, value in members.items()}
        try:
            self._table.update(key, set_missing(members), "attribute_exists(pk)", values)
        except (ConditionRefusedError, ItemBusyError):
            return  # a transaction under way enters something to tell, and makes it due itself

    def entries_after(self, place: Place, instant: int, limit: int) -> tuple[Entry, ...]:
        """Return a publication's entries created after an instant (ms), oldest first, read consistently."""
        rows = self._table.query(
            "pk = :pk AND sk BETWEEN :from AND :last",
            {
                ":pk": told_key(place)["pk"],
                ":from": f"{ENTRIES}{to_text(instant + 1)}",
                ":last": f"{ENTRIES}~",
                ":channel": place.channel,
            },
            filter_expression="channel = :channel",
            consistent_read=True,
        )
        now = self._clock.now()
        found: list[Entry] = []
        for row in rows:
            if len(found) == limit:
                break
            if not is_expired(row, now):
                found.append(read_entry(row))
        return tuple(found)

    def places_of(self, customer: str, walk: Walk, limit: int) -> tuple[frozenset[Place], Walk | None]:
        """Return publications with entries since the walk's beginning, shard by shard; None after the last of them."""
        shard = f"{customer}#{walk.shard}"
        start = None
        if walk.after is not None:
            pk, sk, created = walk.after.split("|")
            start = {"pk": pk, "sk": sk, "entry_shard": shard, "creation_date": created}
        rows = self._table.query(
            "entry_shard = :shard AND creation_date >= :since",
            {":shard": shard, ":since": to_text(walk.since)},
            start,
            index_name="entries",
            limit=limit + 1,
        )
        places: set[Place] = set()
        last: Item | None = None
        for count, row in enumerate(rows):
            if count == limit and last is not None:
                after = f"{last['pk']}|{last['sk']}|{last['creation_date']}"
                return frozenset(places), replace(walk, after=after)
            places.add(_place_of(row))
            last = row
        following = None if walk.shard + 1 == SHARDS else replace(walk, shard=walk.shard + 1, after=None)
        return frozenset(places), following


def _progress(told: Told, version: int | None = None) -> tuple[str, Item]:
    """Return the SET and its values; `lease` is what every write of its holder is conditional on."""
    members: Item = {
        "spans": [list(span) for span in told.spans],
        "tries": told.tries,
        "held_at": told.held_at,
        "retry_at": told.retry_at,
        "seen": told.seen,
    }
    if version is not None:
        members["version"] = version
    update = "SET " + ", ".join(f"{name} = :{name}" for name in members)
    return update, {f":{name}": value for name, value in members.items()} | {":lease": told.lease}


def _place_of(row: Item) -> Place:
    """Return the publication of an entry's key: `STATUS#<creation>#<channel>#<statusId>`."""
    _, _, channel, _ = row["sk"].split("#")
    return Place(row["pk"].removeprefix("CLASSIFIED#"), channel)
