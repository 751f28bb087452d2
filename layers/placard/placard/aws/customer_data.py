"""Everything kept of one customer, to be handed over or erased. For an operator: it reads both tables whole.

No index leads to what was deleted, so every item is looked at. A portal's messages may not say whose they are: the LINK of
their advert does, and goes after them, so that whoever was interrupted begins anew and finds the rest.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from typing import Any

from placard.aws.items import read_publication
from placard.aws.members import Item
from placard.aws.messages import MESSAGES
from placard.aws.table import Table
from placard.domain.publication import Publication

# Kinds of secrets that belong to a customer, `<whose>/<kind>/<customer>`, and may go on with channel and account.
_PARTED = ("accounts", "token")
_TABLE, _VAULT = "table", "vault"


class CustomerData:
    """One customer's items. May raise StoreUnavailableError."""

    def __init__(self, table: Table, vault: Table, customer: str) -> None:
        self._tables = {_TABLE: table, _VAULT: vault}
        self._customer = customer

    def read(self) -> Iterator[tuple[str, Item]]:
        """Return every item as (table, item); of secrets only their names. Credentials come first: nothing new follows them."""
        yield from ((_VAULT, key) for key in self._secrets())
        seen: set[tuple[str, str]] = set()
        for row in self._rows():
            adverts = self._messages(row["pk"]) if row.get("kind") == "LINK" else ()
            for item in (*adverts, row):
                key = (item["pk"], item["sk"])
                if key not in seen:
                    seen.add(key)
                    yield _TABLE, item

    def publications(self) -> Iterator[Publication]:
        """Return the customer's publications."""
        return (read_publication(row) for row in self._rows() if row.get("kind") == "PUBLICATION")

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

    def _rows(self) -> Iterator[Item]:
        values = {":customer": self._customer, ":own": f"CUSTOMER#{self._customer}"}
        return self._tables[_TABLE].scan("customer = :customer OR pk = :own", values)

    def _messages(self, pk: str) -> Iterator[Item]:
        return self._tables[_TABLE].query(
            "pk = :pk AND begins_with(sk, :messages)", {":pk": pk, ":messages": MESSAGES}, consistent_read=True
        )


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
