"""Everything kept of one customer, to be handed over or erased. For an operator: it reads the whole vault.

Erasing begins where something new could come from, credentials, and ends each classified with the item that finds the rest,
so that whoever was interrupted begins anew.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from typing import Any

from placard.aws.items import SHARDS, Item, read_entry, read_publication
from placard.aws.table import Table
from placard.domain.channels import PROVIDER_OF
from placard.domain.publication import Publication

# Kinds of secrets that belong to a customer, `<whose>/<kind>/<customer>`, and may go on with channel and account.
_PARTED = ("accounts", "token")
_TABLE, _VAULT = "table", "vault"

Place = tuple[str, Item]


class CustomerData:
    """One customer's items. May raise StoreUnavailableError."""

    def __init__(self, table: Table, vault: Table, customer: str) -> None:
        self._tables = {_TABLE: table, _VAULT: vault}
        self._customer = customer

    def read(self) -> Iterator[tuple[str, Item]]:
        """Return every item as (table, item), in the order of erasure; of secrets only their names."""
        yield from ((_VAULT, key) for key in self._secrets())
        for classified_id in self._classifieds():
            rows = list(self._partition(f"CLASSIFIED#{classified_id}"))
            yield from ((_TABLE, row) for pk in sorted(self._remotes(rows)) for row in self._adverts(pk, classified_id))
            # CLASSIFIED itself comes last: it finds the others.
            yield from ((_TABLE, row) for row in sorted(rows, key=lambda row: row["sk"] == "CLASSIFIED"))
        yield from ((_TABLE, row) for row in self._partition(f"CUSTOMER#{self._customer}"))

    def publications(self) -> Iterator[Publication]:
        """Return the customer's publications."""
        for classified_id in self._classifieds():
            for row in self._partition(f"CLASSIFIED#{classified_id}"):
                if row.get("kind") == "PUBLICATION":
                    yield read_publication(row)

    def erase(self, place: str, item: Item) -> None:
        """Remove one of the items that `read` returned; it may be gone already."""
        self._tables[place].delete({"pk": item["pk"], "sk": item["sk"]})

    def _secrets(self) -> Iterator[Item]:
        for row in self._tables[_VAULT].scan("contains(pk, :name)", {":name": f"/{self._customer}"}, "pk, sk"):
            if self._owns(*[*row["pk"].split("/", 2), "", ""][1:3]):
                yield row

    def _owns(self, kind: str, rest: str) -> bool:
        """Whether a secret is the customer's. Who has connected accounts has no slash in its name (ops/connect.py)."""
        return (
            rest == self._customer
            if kind == "webhook"
            else kind in _PARTED and f"{rest}/".startswith(f"{self._customer}/")
        )

    def _classifieds(self) -> Iterator[str]:
        found = {
            row["pk"].removeprefix("CLASSIFIED#")
            for shard in range(SHARDS)
            for row in self._tables[_TABLE].query(
                "change_shard = :shard", {":shard": f"{self._customer}#{shard}"}, index_name="changes"
            )
        }
        yield from sorted(found)

    def _partition(self, pk: str) -> Iterator[Item]:
        return self._tables[_TABLE].query("pk = :pk", {":pk": pk}, consistent_read=True)

    def _remotes(self, rows: list[Item]) -> set[str]:
        """Return the partitions of all adverts that a classified has had, by its publications and its timeline."""
        found = set()
        for row in rows:
            if row.get("kind") == "PUBLICATION":
                publication = read_publication(row)
                ids = {publication.remote_id, *publication.surplus}
            elif row.get("kind") == "STATUS":
                ids = {read_entry(row).advert_id}
            else:
                continue
            found |= {f"REMOTE#{PROVIDER_OF[row['channel']]}#{remote_id}" for remote_id in ids if remote_id}
        return found

    def _adverts(self, pk: str, classified_id: str) -> list[Item]:
        """Return an advert's LINK and messages, LINK last; nothing where it is another classified's by now."""
        rows = list(self._partition(pk))
        owners = {row["classified_id"] for row in rows if row["sk"] == "LINK"}
        return sorted(rows, key=lambda row: row["sk"] == "LINK") if owners <= {classified_id} else []


def to_json(item: Item) -> dict[str, Any]:
    """Return an item as JSON, what is compressed or packed in it unfolded."""
    return {name: _unfold(value) for name, value in item.items()}


def _unfold(value: Any) -> Any:
    if isinstance(value, bytes | bytearray):
        return _parse(zlib.decompress(value).decode("utf-8", "replace"))
    if isinstance(value, str) and value[:1] in ("{", "["):
        return _parse(value)
    return sorted(value) if isinstance(value, set | frozenset) else value


def _parse(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
