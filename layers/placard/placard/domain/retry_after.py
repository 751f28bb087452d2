"""The wait that an HTTP answer asks for (RFC 9110 §10.2.3), a portal's or a CRM's."""

from __future__ import annotations

from datetime import UTC
from email.utils import parsedate_to_datetime

from placard.domain.instants import DAY, SECOND


def read_wait(text: str | None, now: int) -> int | None:
    """Return the wait in milliseconds that a `Retry-After` asks for, seconds or HTTP date; at most a day.

    None where it says nothing that can be read.
    """
    if text is None:
        return None
    text = text.strip()
    if text.isascii() and text.isdigit():
        return min(int(text[:9]) * SECOND, DAY)
    try:
        moment = parsedate_to_datetime(text)
        moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
        return min(max(int(moment.timestamp() * SECOND) - now, 0), DAY)
    except (TypeError, ValueError, OverflowError):
        return None
