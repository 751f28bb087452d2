"""Publications and the portals' messages in DynamoDB (design §3, lifecycle §7)."""

from __future__ import annotations

from dataclasses import replace

from placard.aws.engine import ItemBusyError
from placard.aws.items import (
    MESSAGES,
    Item,
    due_members,
    entry_item,
    is_expired,
    link_key,
    message_item,
    message_key,
    publication_item,
    publication_key,
    read_link,
    read_message,
    read_publication,
    told_key,
)
from placard.aws.reads import load_classified
from placard.aws.table import ConditionRefusedError, Table
from placard.domain.classified import Classified
from placard.domain.errors import TransitionConflictError
from placard.domain.instants import MINUTE
from placard.domain.lifecycle import Outcome
from placard.domain.publication import Entry, Publication
from placard.domain.told import Place
from placard.ports import Change, Clock, Link, Message

_NEW = "attribute_not_exists(pk)"
# A telling whose wake-up the stream or the queue loses is found again this much later.
TOLD_SAFETY = 5 * MINUTE
_UNMARKED = "attribute_exists(pk) AND attribute_not_exists(outcome)"


class DynamoPublicationStore:
    """Implements `placard.ports.PublicationStore`. Entries and messages are kept `retention_days`."""

    def __init__(self, table: Table, clock: Clock, retention_days: int) -> None:
        self._table = table
        self._clock = clock
        self._retention_days = retention_days

    def load(self, classified_id: str) -> tuple[Classified | None, tuple[Publication, ...]]:
        """Return a classified and its publications, in one consistent read."""
        return load_classified(self._table, classified_id)

    def load_publication(self, classified_id: str, channel: str) -> Publication | None:
        """Return one publication, read consistently."""
        item = self._table.get(publication_key(classified_id, channel))
        return None if item is None else read_publication(item)

    def save(self, change: Change) -> Publication:
        """Store a change: a PutItem when it is the publication alone, else one transaction.

        Raises TransitionConflictError when the publication has another version, the message is folded already, the LINK
        leads elsewhere, or another transaction holds one of them.
        """
        known = change.publication.version
        publication = replace(change.publication, version=known + 1)
        condition, values = (_NEW, None) if known == 0 else ("version = :known", {":known": known})
        others = self._steps_beside(change)
        try:
            if others:
                first = {"item": publication_item(publication), "condition_expression": condition}
                steps = {"publication": _step("put", values, **first)}
                self._table.transact(steps | others)
            else:
                self._table.put(publication_item(publication), condition, values)
        except (ConditionRefusedError, ItemBusyError) as error:
            raise TransitionConflictError("another writer was first: publication") from error
        return publication

    def write_link(self, link: Link) -> None:
        """Store a LINK alone; TransitionConflictError where it leads elsewhere already."""
        update, condition, values = _link_write(link)
        try:
            self._table.update(link_key(link.provider, link.remote_id), update, condition, values)
        except ConditionRefusedError as error:
            raise TransitionConflictError("the remote advert belongs to another classified") from error

    def put_message(self, message: Message, due: int | None) -> bool:
        """Store a message, once. False: it was there already."""
        try:
            self._table.put(message_item(message, due, self._retention_days), _NEW)
        except ConditionRefusedError:
            return False
        return True

    def link_of(self, provider: str, remote_id: str) -> Link | None:
        """Return the LINK of a remote advert, read consistently."""
        item = self._table.get(link_key(provider, remote_id))
        return None if item is None else read_link(item)

    def messages_of(self, provider: str, remote_id: str) -> tuple[Message, ...]:
        """Return the messages about a remote advert that are not folded yet, read consistently, oldest first."""
        now = self._clock.now()
        rows = self._table.query(
            "pk = :pk AND begins_with(sk, :messages)",
            {":pk": link_key(provider, remote_id)["pk"], ":messages": MESSAGES},
            filter_expression="attribute_not_exists(outcome)",
            consistent_read=True,
        )
        waiting = [read_message(row) for row in rows if not is_expired(row, now)]
        return tuple(sorted(waiting, key=lambda message: (message.received_at, message.digest)))

    def message_of(self, provider: str, remote_id: str, digest: str) -> Message | None:
        """Return one message, read consistently."""
        item = self._table.get(message_key(provider, remote_id, digest))
        return None if item is None or is_expired(item, self._clock.now()) else read_message(item)

    def mark_message(self, message: Message, outcome: str | None, due: int | None) -> None:
        """Note what became of a message; one that is marked already keeps its mark."""
        key = message_key(message.provider, message.remote_id, message.digest)
        update, values = _mark(key, outcome, due)
        try:
            self._table.update(key, update, _UNMARKED, values)
        except ConditionRefusedError:
            return

    def _steps_beside(self, change: Change) -> dict[str, Item]:
        steps = {f"entry {entry.status_id}": self._entry_step(entry) for entry in change.entries}
        if any(entry.outcome is Outcome.APPLIED for entry in change.entries):
            steps["told"] = self._told_step(change.publication)
        if change.link is not None:
            update, condition, values = _link_write(change.link)
            key = link_key(change.link.provider, change.link.remote_id)
            steps["link"] = _step("update", values, key=key, update_expression=update, condition_expression=condition)
        if change.message is not None:
            key = message_key(change.message.provider, change.message.remote_id, change.message.digest)
            update, values = _mark(key, change.outcome or Outcome.APPLIED, None)
            marking = {"key": key, "update_expression": update, "condition_expression": _UNMARKED}
            steps["message"] = _step("update", values, **marking)
        return steps

    def _told_step(self, publication: Publication) -> Item:
        """There is something to tell: due soon, and whoever is just telling looks again before it lets go."""
        key = told_key(Place(publication.classified_id, publication.channel))
        members = due_members(key, self._clock.now() + TOLD_SAFETY)
        members |= {"kind": "TOLD", "channel": publication.channel, "customer": publication.customer}
        update = "SET " + ", ".join(f"{name} = :{name}" for name in members) + " ADD knocks :one"
        values = {f":{name}": value for name, value in members.items()} | {":one": 1}
        return _step("update", values, key=key, update_expression=update)

    def _entry_step(self, entry: Entry) -> Item:
        return _step("put", None, item=entry_item(entry, self._retention_days), condition_expression=_NEW)


def _step(kind: str, values: Item | None, **members: object) -> Item:
    step: Item = {"type": kind, **members}
    return step | ({"expression_attribute_values": values} if values else {})


def _link_write(link: Link) -> tuple[str, str, Item]:
    """The same LINK again changes nothing, not even its age, and so makes no stream record."""
    update = "SET kind = :kind, classified_id = :id, channel = :channel, customer = :customer"
    update += ", provider = :provider, since = if_not_exists(since, :since)"
    values: Item = {":kind": "LINK", ":id": link.classified_id, ":channel": link.channel, ":customer": link.customer}
    values |= {":provider": link.provider, ":since": link.since}
    return update, "attribute_not_exists(pk) OR classified_id = :id", values


def _mark(key: Item, outcome: str | None, due: int | None) -> tuple[str, Item]:
    members = due_members(key, due) | ({} if outcome is None else {"outcome": str(outcome)})
    update = "SET " + ", ".join(f"{name} = :{name}" for name in members) if members else ""
    if due is None:
        update += " REMOVE due_at, due_shard"
    return update.strip(), {f":{name}": value for name, value in members.items()}
