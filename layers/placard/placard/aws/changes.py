"""All entries of a customer in order: the eight shards of the index `entries` merged, the items by BatchGetItem (design §3)."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import merge
from itertools import dropwhile, groupby, islice

from placard.aws.items import ENTRIES, classified_id_of, read_entry
from placard.aws.members import SHARDS, Item, is_expired
from placard.aws.table import Table
from placard.domain.instants import from_text, to_text
from placard.domain.publication import Entry, Rank

# BatchGetItem takes 100 keys and answers at most 16 MB.
_AT_ONCE = 50


def walk_entries(
    table: Table, customer: str, after: Rank | None, until: int, now: int, at_once: int
) -> Iterator[Entry]:
    """Return the entries behind a place and created until then, in order of their places, expired ones left out.

    A page costs one Query for each shard, one after the other (some 30 ms), more only where one shard goes on alone, and
    one BatchGetItem for every 50 entries. The index keeps no order among entries of one millisecond: each shard is read
    from the beginning of the last place's millisecond, and sorted within each.
    """
    begin, end = to_text(0 if after is None else after[0]), to_text(until)
    if begin > end:
        return
    shards = [_walk_shard(table, f"{customer}#{shard}", begin, end, at_once) for shard in range(SHARDS)]
    rows = merge(*shards, key=_rank_of)
    fresh = dropwhile(lambda row: after is not None and _rank_of(row) <= after, rows)
    while some := list(islice(fresh, min(at_once, _AT_ONCE))):
        items = table.batch_get([{"pk": row["pk"], "sk": row["sk"]} for row in some])
        found = {(item["pk"], item["sk"]): item for item in items}
        for row in some:
            item = found.get((row["pk"], row["sk"]))
            if item is not None and not is_expired(item, now):
                yield read_entry(item)


def _walk_shard(table: Table, shard: str, begin: str, end: str, at_once: int) -> Iterator[Item]:
    rows = table.query(
        "entry_shard = :shard AND creation_date BETWEEN :begin AND :end",
        {":shard": shard, ":begin": begin, ":end": end},
        index_name="entries",
        limit=at_once // 4 + 10,
    )
    for _, tied in groupby(rows, key=lambda row: str(row["creation_date"])):
        yield from sorted(tied, key=_rank_of)


def _rank_of(row: Item) -> Rank:
    _, name = row["sk"].removeprefix(ENTRIES).split("#", 1)
    return from_text(row["creation_date"]), f"{classified_id_of(row)}#{name}"
