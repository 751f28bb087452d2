"""Page tokens: opaque to the caller, and judged before anything is read. Whatever is wrong with one is a ValueError."""

from __future__ import annotations

import base64
import json
from typing import Any
from uuid import UUID

from placard.aws.items import ENTRIES
from placard.aws.members import SHARDS
from placard.domain.channels import PROVIDER_OF
from placard.domain.instants import from_text

# A page ends at its limit or at this much JSON (contracts/hub.md §2).
PAGE_BYTES = 4 * 1024 * 1024

# Where each shard's part of a list ended: classified id and time of change.
Ends = list[tuple[str, str] | None]

# The same for publications: classified id, channel and rank.
HealthEnds = list[tuple[str, str, int] | None]

_LONGEST_TOKEN = 4096
_LONGEST_KEY = 1000


def write_token(value: Any) -> str:
    """Return a JSON value as text that may stand in a query string."""
    return base64.urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).decode().rstrip("=")


def read_entries_token(token: str) -> str:
    """Return the sort key a page of the timeline ended at."""
    key = _read(token)
    if not isinstance(key, str) or not key.startswith(ENTRIES) or not key.isascii() or len(key) > _LONGEST_KEY:
        raise ValueError("not a token of this list")
    return key


def read_classifieds_token(token: str) -> Ends:
    """Return where each shard's last page ended: classified id and time of change, None where it has not begun."""
    ends = _read(token)
    if not isinstance(ends, list) or len(ends) != SHARDS:
        raise ValueError("not a token of this list")
    return [None if end is None else _read_end(end) for end in ends]


def _read_end(end: Any) -> tuple[str, str]:
    if not isinstance(end, list) or [type(member) for member in end] != [str, str]:
        raise ValueError("not a token of this list")
    classified_id, changed_at = end
    if str(UUID(classified_id)) != classified_id or len(changed_at) != len("2026-01-01T00:00:00.000Z"):
        raise ValueError("not a token of this list")
    from_text(changed_at)
    return classified_id, changed_at


def read_health_token(token: str) -> HealthEnds:
    """Return where each shard's last page ended: classified id, channel and rank, None where it has not begun."""
    ends = _read(token)
    if not isinstance(ends, list) or len(ends) != SHARDS:
        raise ValueError("not a token of this list")
    return [None if end is None else _read_health_end(end) for end in ends]


def _read_health_end(end: Any) -> tuple[str, str, int]:
    if not isinstance(end, list) or [type(member) for member in end] != [str, str, int]:
        raise ValueError("not a token of this list")
    classified_id, channel, rank = end
    if str(UUID(classified_id)) != classified_id or channel not in PROVIDER_OF or not 0 <= rank < 10**18:
        raise ValueError("not a token of this list")
    return classified_id, channel, rank


def _read(token: str) -> Any:
    if len(token) > _LONGEST_TOKEN or not token.isascii():
        raise ValueError("not a token")
    try:
        return json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except RecursionError as error:
        raise ValueError("not a token") from error
