"""Time in the core: whole milliseconds since the epoch, UTC; text only at the edges."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
# A time of five digits a year cannot be written in the fixed width that timeline keys are sorted by.
_LATEST = 253_402_300_799_999


def to_text(instant: int) -> str:
    """Return the instant as `2026-09-14T08:17:44.870Z`: fixed width, so that text order is time order."""
    moment = _EPOCH + timedelta(milliseconds=min(max(instant, 0), _LATEST))
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def from_text(text: str, zone: tzinfo = UTC) -> int:
    """Return the instant a portal's date speaks of.

    Takes every form the portals use: `…T…Z`, `…+0000`, `…+01:00`, and the zone-less `YYYY-MM-DD HH:MM:SS`, read in `zone`
    (contracts/olx.md §5). Raises ValueError for anything else.
    """
    moment = datetime.fromisoformat(text.strip())
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    try:
        return (moment - _EPOCH) // _MILLISECOND
    except OverflowError as error:
        raise ValueError(f"not a date: {text!r}") from error
