"""Publications and the portals' messages in DynamoDB (design §3, lifecycle §7)."""

from __future__ import annotations

from dataclasses import replace

from placard.aws.engine import ItemBusyError
from placard.aws.items import (
    entry_item,
    link_key,
    publication_item,
    publication_key,
    read_link,
    read_publication,
    told_key,
)
from placard.aws.members import Item, due_members, set_missing
from placard.aws.messages import NEW, UNMARKED, DynamoMessageStore, mark, message_key
from placard.aws.reads import load_classified
from placard.aws.table import ConditionRefusedError
from placard.domain.classified import Classified
from placard.domain.errors import TransitionConflictError
from placard.domain.lifecycle import Outcome
from placard.domain.publication import Entry, Publication
from placard.domain.told import FOUND_AGAIN, Place
from placard.ports import Change, Link


class DynamoPublicationStore(DynamoMessageStore):
    """Implements `placard.ports.PublicationStore`. Entries and messages are kept `retention_days`."""

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
        condition, values = (NEW, None) if known == 0 else ("version = :known", {":known": known})
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

    def link_of(self, provider: str, remote_id: str) -> Link | None:
        """Return the LINK of a remote advert, read consistently."""
        item = self._table.get(link_key(provider, remote_id))
        return None if item is None else read_link(item)

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
            update, values = mark(key, change.outcome or Outcome.APPLIED, None)
            marking = {"key": key, "update_expression": update, "condition_expression": UNMARKED}
            steps["message"] = _step("update", values, **marking)
        return steps

    def _told_step(self, publication: Publication) -> Item:
        """There is something to tell: due soon, and whoever is just telling looks again before it lets go.

        A time that is due already stays: it may be the end of the lease of somebody who died.
        """
        key = told_key(Place(publication.classified_id, publication.channel))
        members = due_members(key, self._clock.now() + FOUND_AGAIN)
        members |= {"kind": "TOLD", "channel": publication.channel, "customer": publication.customer}
        update = f"{set_missing(members)} ADD knocks :one"
        values = {f":{name}": value for name, value in members.items()} | {":one": 1}
        return _step("update", values, key=key, update_expression=update)

    def _entry_step(self, entry: Entry) -> Item:
        return _step("put", None, item=entry_item(entry, self._retention_days), condition_expression=NEW)


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
