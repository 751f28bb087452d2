"""Classifieds in DynamoDB: each revision is one conditional UpdateItem (lifecycle §7, step 1)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from heapq import merge
from itertools import islice, takewhile

from placard.aws.changes import walk_entries
from placard.aws.codec import unpacked_size
from placard.aws.items import (
    ENTRIES,
    classified_id_of,
    classified_key,
    publication_key,
    read_classified,
    read_entry,
    read_health,
)
from placard.aws.members import SHARDS, Item, is_expired
from placard.aws.pages import (
    PAGE_BYTES,
    Ends,
    HealthEnds,
    read_classifieds_token,
    read_entries_token,
    read_health_token,
    write_token,
)
from placard.aws.reads import load_classified
from placard.aws.revisions import write_revision
from placard.aws.table import ConditionRefusedError, Table
from placard.domain.classified import Classified, Kind
from placard.domain.health import Health, PublicationHealth, weights
from placard.domain.publication import Entry, Publication, Rank
from placard.ports import Clock, Page, Revision, Written

# BatchGetItem takes 100 keys and answers at most 16 MB; a classified is at most 256 KiB.
_AT_ONCE = 50


class DynamoClassifiedStore:
    """Implements `placard.ports.ClassifiedStore`."""

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    def write(self, revision: Revision) -> Written:
        """Make the next revision, or return what stands against it."""
        update, condition, values = write_revision(revision)
        try:
            item = self._table.update(classified_key(revision.classified_id), update, condition, values)
        except ConditionRefusedError as refused:
            stored = None if refused.item is None else read_classified(refused.item)
            return Written(accepted=_is_own(revision, stored), classified=stored)
        return Written(accepted=True, classified=read_classified(item))

    def load(self, classified_id: str) -> tuple[Classified | None, tuple[Publication, ...]]:
        """Return a classified and its publications, in one consistent read."""
        return load_classified(self._table, classified_id)

    def load_classifieds(self, classified_ids: Sequence[str]) -> Mapping[str, Classified]:
        """Return at most 100 classifieds by their ids, in one consistent read."""
        keys = [classified_key(classified_id) for classified_id in classified_ids]
        items = self._table.batch_get(keys, consistent=True)
        return {classified_id_of(item): read_classified(item) for item in items}

    def list_classifieds(self, customer: str, limit: int, after: str | None) -> Page[Classified]:
        """Return a customer's classifieds, the newest change first. Raises ValueError for a token that is none.

        The index may be stale: a classified changed meanwhile may come twice or not at all, a deleted one never.
        """
        ends: Ends = [None] * SHARDS if after is None else read_classifieds_token(after)
        shards = [self._changes(customer, shard, limit, ends[shard]) for shard in range(SHARDS)]
        newest = merge(*shards, key=lambda row: str(row["changed_at"]), reverse=True)
        found: list[Classified] = []
        size = 0
        for row, item in self._fetch(newest, min(limit + 1, _AT_ONCE)):
            if len(found) == limit or size >= PAGE_BYTES:
                return Page(tuple(found), write_token(ends))
            ends[int(row["change_shard"].rpartition("#")[2])] = (classified_id_of(row), row["changed_at"])
            if item is not None and not item["deleted"]:
                found.append(read_classified(item))
                size += unpacked_size(item["body"])
        return Page(tuple(found))

    def list_publications(
        self, customer: str, health: Health | None, limit: int, after: str | None
    ) -> Page[PublicationHealth]:
        """Return how a customer's publications fare, the worst first. Raises ValueError for a token that is none.

        A page costs one Query for each shard, more only where one shard goes on alone. The index may be stale.
        """
        ends: HealthEnds = [None] * SHARDS if after is None else read_health_token(after)
        shards = [self._healths(customer, shard, health, limit, ends[shard]) for shard in range(SHARDS)]
        worst = merge(*shards, key=lambda row: int(row["health_rank"]), reverse=True)
        found: list[PublicationHealth] = []
        size = 0
        for row in worst:
            if len(found) == limit or size >= PAGE_BYTES // 2:  # hints and titles come on top
                return Page(tuple(found), write_token(ends))
            publication = read_health(row)
            ends[int(row["health_shard"].rpartition("#")[2])] = (
                publication.classified_id,
                publication.channel,
                int(row["health_rank"]),
            )
            found.append(publication)
            size += unpacked_size(row["health"])
        return Page(tuple(found))

    def list_entries(self, classified_id: str, limit: int, after: str | None) -> Page[Entry]:
        """Return the timeline of a classified, the newest entry first. Raises ValueError for a token that is none."""
        pk = classified_key(classified_id)["pk"]
        start = None if after is None else {"pk": pk, "sk": read_entries_token(after)}
        rows = self._table.query(
            "pk = :pk AND begins_with(sk, :entries)",
            {":pk": pk, ":entries": ENTRIES},
            start,
            limit=limit + 1,
            scan_index_forward=False,
            consistent_read=True,
        )
        now = self._clock.now()
        found: list[Entry] = []
        size = 0
        last = ""
        # What follows an expired entry is older still.
        for row in takewhile(lambda row: not is_expired(row, now), rows):
            if len(found) == limit or size >= PAGE_BYTES:
                return Page(tuple(found), write_token(last))
            found.append(read_entry(row))
            size += unpacked_size(row["body"])
            last = row["sk"]
        return Page(tuple(found))

    def walk_entries(self, customer: str, after: Rank | None, until: int, at_once: int) -> Iterator[Entry]:
        """Return a customer's entries behind a place, in order of their places."""
        return walk_entries(self._table, customer, after, until, self._clock.now(), at_once)

    def _changes(self, customer: str, shard: int, limit: int, end: tuple[str, str] | None) -> Iterator[Item]:
        name = f"{customer}#{shard}"
        start = None
        if end is not None:
            start = {**classified_key(end[0]), "change_shard": name, "changed_at": end[1]}
        return self._table.query(
            "change_shard = :shard",
            {":shard": name},
            start,
            index_name="changes",
            limit=limit + 1,
            scan_index_forward=False,
        )

    def _healths(
        self, customer: str, shard: int, health: Health | None, limit: int, end: tuple[str, str, int] | None
    ) -> Iterator[Item]:
        name = f"{customer}#{shard}"
        start = None
        if end is not None:
            start = {**publication_key(end[0], end[1]), "health_shard": name, "health_rank": end[2]}
        lowest, highest = weights(health)
        return self._table.query(
            "health_shard = :shard AND health_rank BETWEEN :lowest AND :highest",
            {":shard": name, ":lowest": lowest, ":highest": highest},
            start,
            index_name="health",
            limit=limit // 4 + 10,
            scan_index_forward=False,
        )

    def _fetch(self, rows: Iterable[Item], at_once: int) -> Iterator[tuple[Item, Item | None]]:
        """Return each row of the index with its item, None where it is gone; read as far as somebody asks."""
        waiting = iter(rows)
        while some := list(islice(waiting, at_once)):
            items = self._table.batch_get([{"pk": row["pk"], "sk": row["sk"]} for row in some])
            found = {item["pk"]: item for item in items}
            yield from ((row, found.get(row["pk"])) for row in some)


def _is_own(revision: Revision, stored: Classified | None) -> bool:
    """Whether what refused a revision is that very revision, sent again by the client after its answer was lost.

    Without this its own number would make its `if_match` stale. A POST and a DELETE answer the same either way.
    """
    if stored is None or revision.kind in (Kind.POST, Kind.DELETE):
        return False
    own = (revision.kind, revision.customer, revision.accepted_at, revision.traceparent)
    if own != (stored.kind, stored.customer, stored.accepted_at, stored.traceparent):
        return False
    if revision.kind is Kind.PUT:
        return revision.body_hash == stored.body_hash
    return set(revision.portals) == {portal for portal, number in stored.asked.items() if number == stored.revision}
