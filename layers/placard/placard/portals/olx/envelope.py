"""The envelope of OLX's notifications (contracts/olx.md §0 and §4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from placard.portals.reading import as_object

OTHER_FLOWS = frozenset({"incoming_message", "vas_lifecycle"})


def unwrap(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the envelope: the body itself, or the whole of it inside `data` (§0, rule 6)."""
    inner = as_object(body.get("data"))
    return inner if "object_id" not in body and "object_id" in inner else body
