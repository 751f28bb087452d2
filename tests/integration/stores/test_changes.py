"""What every store promises of a customer's entries in order (contracts/hub.md §2, `GET /statuses`)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from placard.aws.classifieds import DynamoClassifiedStore
from placard.aws.dues import DynamoDueStore
from placard.aws.publications import DynamoPublicationStore
from placard.aws.subscriptions import DynamoSubscriptionStore
from placard.aws.table import Table
from placard.domain import ids
from placard.domain.instants import DAY
from placard.domain.publication import Entry, Rank
from placard.ports import Change
from tests.fakes.clock import NOON, FakeClock
from tests.integration.stores.conftest import RETENTION_DAYS, Stores
from tests.integration.stores.samples import CUSTOMER, entry, publication

UNTIL = NOON + DAY


def keep(stores: Stores, number: int, *created: int, customer: str = CUSTOMER) -> list[Entry]:
    """Store entries of one classified: each classified has its own shard."""
    classified_id = ids.classified_id(customer, f"estate-{number}")
    entries = [
        entry(
            at, classified_id=classified_id, customer=customer, status_id=ids.status_id(classified_id, "aviv", str(at))
        )
        for at in created
    ]
    stored = publication(classified_id=classified_id, customer=customer, version=0)
    stores.publications.save(Change(stored, tuple(entries)))
    return entries


def read(stores: Stores, after: Rank | None = None, until: int = UNTIL, at_once: int = 250) -> list[Entry]:
    return list(stores.classifieds.walk_entries(CUSTOMER, after, until, at_once))


def test_entries_of_all_classifieds_come_in_one_order(stores: Stores) -> None:
    """Ties included: every classified has an entry in the same millisecond."""
    made = [one for number in range(40) for one in keep(stores, number, number % 7, 7, 8 + number // 2)]
    keep(stores, 1, 3, customer="other")
    found = read(stores)
    assert found == sorted(made, key=lambda one: one.rank)
    assert len({one.rank for one in found}) == 120


def test_a_reader_goes_on_behind_any_place(stores: Stores) -> None:
    for number in range(30):
        keep(stores, number, 5, 6 + number // 10)
    whole = read(stores)
    assert len(whole) == 60
    for at_once in (1, 7, 250):
        found: list[Entry] = []
        while page := list(islice(stores.classifieds.walk_entries(CUSTOMER, rank(found), UNTIL, at_once), 7)):
            found += page
        assert found == whole


def rank(found: list[Entry]) -> Rank | None:
    return found[-1].rank if found else None


def test_a_long_shard_is_read_to_its_end(stores: Stores) -> None:
    made = keep(stores, 1, *range(60))
    keep(stores, 2, 70)
    assert read(stores, at_once=4)[:60] == made


def test_nothing_younger_is_shown(stores: Stores) -> None:
    made = keep(stores, 1, 0, 10, 20)
    assert read(stores, until=NOON + 10) == made[:2]
    assert read(stores, made[2].rank, until=NOON + 10) == []
    assert read(stores, until=0) == []


def test_a_place_nobody_was_at_is_as_good(stores: Stores) -> None:
    made = keep(stores, 1, 0, 10, 20)
    assert read(stores, (NOON + 5, "")) == made[1:]
    assert read(stores, (-1, "x")) == made
    assert read(stores, (10**30, "")) == []


def test_expired_entries_are_left_out(stores: Stores) -> None:
    made = keep(stores, 1, 0, 2 * DAY)
    stores.clock.advance(RETENTION_DAYS * DAY + DAY)
    assert read(stores, until=stores.clock.now()) == made[1:]


class Disorderly(Table):
    """A table whose index gives entries of one millisecond in another order than their keys', as DynamoDB may."""

    def query(self, *arguments: Any, **options: Any) -> Iterator[dict[str, Any]]:
        rows = list(super().query(*arguments, **options))
        rows.reverse()
        rows.sort(key=lambda row: str(row["creation_date"]))
        return iter(rows)


def test_the_order_within_a_millisecond_is_ours(table: Table) -> None:
    clock = FakeClock()
    publications = DynamoPublicationStore(table, clock, RETENTION_DAYS)
    classifieds = DynamoClassifiedStore(Disorderly(table.name), clock)
    stores = Stores(classifieds, publications, DynamoDueStore(table), DynamoSubscriptionStore(table, clock), clock)
    made = [one for number in range(30) for one in keep(stores, number, 5)]
    found = read(stores)
    assert found == sorted(made, key=lambda one: one.rank)
    assert read(stores, found[11].rank) == found[12:]
