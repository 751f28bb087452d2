"""What became of all classifieds of a customer since it asked last, for a CRM that would rather poll (contracts/hub.md §2)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from placard.domain.instants import SECOND
from placard.ports import ClassifiedStore, Clock
from placard.use_cases.paging import LARGEST_PAGE, read_token, write_token

# The index shows an entry some seconds after its creation. Younger ones wait, so that none appears behind a cursor.
SETTLED = 30 * SECOND
# In the sandbox, where waits are shortened: what a write takes there at the very most.
LEAST_SETTLED = 2 * SECOND


@dataclass(frozen=True, slots=True)
class Changes:
    """Entries as JSON, oldest first, and the cursor behind the last of them."""

    items: tuple[dict[str, Any], ...]
    cursor: str


def list_changes(
    store: ClassifiedStore, clock: Clock, customer: str, limit: int, since: str | None, scale: float = 1
) -> Changes:
    """Return at most `limit` entries and 4 MB behind the cursor, from the beginning without one.

    The order is total: creation date, classified, channel, status id. An empty page returns the cursor it was asked with.
    Raises InvalidRequestError for a cursor that is not of this customer.
    """
    scope = f"changes/{customer}"
    _, rank = read_token(scope, since, "since")
    until = clock.now() - max(int(SETTLED * scale), min(SETTLED, LEAST_SETTLED))
    items: list[dict[str, Any]] = []
    size = 0
    for entry in store.walk_entries(customer, rank, until, limit):
        shown = entry.to_json()
        size += len(json.dumps(shown, ensure_ascii=False).encode())
        if items and size > LARGEST_PAGE:
            break
        items.append(shown)
        rank = entry.rank
        if len(items) == limit:
            break
    if not items and since is not None:
        return Changes((), since)
    return Changes(tuple(items), write_token(scope, None, rank))
