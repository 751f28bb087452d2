"""Ids that are derived, never drawn: the same facts give the same id on every machine and at every retry."""

from __future__ import annotations

from uuid import UUID, uuid5

_NAMESPACE = UUID("6d1f3c52-5a0c-5f57-9a2b-0a6f0c6e7b11")


def classified_id(customer: str, offerer_estate_id: str) -> str:
    """Return the id of a customer's classified (design §3): uniqueness and lookup by the CRM's key need no index."""
    return str(uuid5(uuid5(_NAMESPACE, customer), offerer_estate_id))


def received_id(classified: str, revision: int, channel: str, group: int = 0) -> str:
    """Return the id of a `RECEIVED` entry, known before it is stored (lifecycle §7, step 3).

    `group` counts the groups of portals that differ within one channel; the first keeps the plain id.
    """
    name = f"{revision}/{channel}/RECEIVED" + (f"/{group}" if group else "")
    return str(uuid5(UUID(classified), name))


def status_id(classified: str, channel: str, creation_date: str) -> str:
    """Return the id of any other entry: creation dates of one publication never repeat."""
    return str(uuid5(UUID(classified), f"{channel}/{creation_date}"))
