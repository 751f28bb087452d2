"""What OLX's stored notifications say (contracts/olx.md §4 and §5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from placard.domain.events import Advert, AdvertState, End, Operation, Picture, PortalEvent, Source, Verdict
from placard.domain.instants import SECOND
from placard.domain.messages import Message
from placard.portals.olx.envelope import OTHER_FLOWS, unwrap
from placard.portals.olx.words import (
    EVENTS,
    IMAGE_ERROR,
    LOCATION_ERROR,
    STATE_CHANGED,
    WITHOUT_CODE,
    Ending,
    read_advert,
    read_code,
    read_problems,
    review,
    zone_of,
)
from placard.portals.reading import as_instant, as_number, as_text, parse_object

ADVERT_FLOWS = frozenset({"publish_advert", "advert_lifecycle"})
# Test events carry seconds, everything else milliseconds (§4).
FIRST_MILLISECOND = 10**12
LAST_MILLISECOND = 253_402_300_800_000


def interpret(message: Message, channel: str) -> PortalEvent | None:
    """Return what a stored message says, None for the flows that are not about an advert."""
    try:
        envelope = unwrap(parse_object(message.raw))
    except ValueError:
        return _unknown(message, "unreadable", None)
    flow, event_type = as_text(envelope.get("flow")), as_text(envelope.get("event_type")) or "no event type"
    if flow in OTHER_FLOWS:
        return None
    at = read_timestamp(envelope.get("timestamp"))
    data = unwrap_data(envelope.get("data"))
    if flow not in ADVERT_FLOWS or data is None:
        return _unknown(message, event_type, at)
    if event_type == STATE_CHANGED:
        advert = read_advert(data, channel) or Advert(AdvertState.ABSENT)
        return _event(message, event_type, at, advert=advert, details=advert.code)
    request = {"transaction": as_text(envelope.get("transaction_id"))}
    if event_type in EVENTS:
        return _event(message, event_type, at, **request, **_read_end(event_type, data, channel))
    if event_type == IMAGE_ERROR:
        picture = Picture(_find_url(data), "CREATING_FAILED", at or 0)
        return _event(message, event_type, at, **request, pictures=(picture,), details=as_text(data.get("title")))
    if event_type == LOCATION_ERROR:
        # The advert may still publish (§4): no end and no problem; the word stands in the timeline beside its result.
        return _event(message, event_type, at, **request, note=_explain_location(data))
    return _unknown(message, event_type, at)


def unwrap_data(data: Any) -> Mapping[str, Any] | None:
    """Return the event's own data: flat, or inside another `data`; None where there is none."""
    if not isinstance(data, Mapping):
        return None
    inner = data.get("data")
    return inner if isinstance(inner, Mapping) and "code" not in data else data


def read_timestamp(value: Any) -> int | None:
    """Return the instant in milliseconds, None where the body names none."""
    number = as_number(value)
    if number is None or not 0 < number < LAST_MILLISECOND:
        return None
    return int(number) if number >= FIRST_MILLISECOND else int(number * SECOND)


def _read_end(event_type: str, data: Mapping[str, Any], channel: str) -> dict[str, Any]:
    """Return the facts of an operation's end."""
    ending = EVENTS[event_type]
    code, title = read_code(data), as_text(data.get("title"))
    advert = read_advert(data, channel, ending) or _without_code(ending, title)
    facts = {"end": End(ending.verdict, ending.operation), "advert": review(advert, ending)}
    if ending.verdict is Verdict.SUCCEEDED:
        return facts | {"details": code}
    return facts | {
        # An error may carry the state from before it (§4).
        "advert_at": as_instant(data.get("recorded_at"), zone_of(channel)),
        "problems": read_problems(data, channel, code),
        "details": title,
    }


def _without_code(ending: Ending, title: str | None) -> Advert | None:
    """Return what the "empty code" means: nothing is there after a refused creation (§5, third row; §6).

    A success that names no code and shows no advert is on its way there, and is asked after.
    """
    if ending.verdict is Verdict.SUCCEEDED:
        state = WITHOUT_CODE.get(ending.operation)
        return None if state is None else Advert(state)
    return Advert(AdvertState.ABSENT) if ending.operation is Operation.POST or title == "NotFoundException" else None


def _find_url(data: Mapping[str, Any]) -> str:
    """Return the picture's URL out of the error's title, else the title as it is (contracts/hub.md)."""
    title = as_text(data.get("title")) or as_text(data.get("detail")) or "unknown picture"
    return next((word for word in title.split() if word.startswith(("http://", "https://"))), title)


def _explain_location(data: Mapping[str, Any]) -> str:
    said = ": ".join(text for name in ("title", "detail") if (text := as_text(data.get(name))))
    why = f" ({said})" if said else ""
    return f"the portal could not place the location{why}; the advert may still be published"


def _unknown(message: Message, word: str, at: int | None) -> PortalEvent:
    return PortalEvent(
        Source.CALLBACK, message.remote_id, message.received_at, word, at, known=False, evidence=message.key
    )


def _event(message: Message, word: str, at: int | None, **facts: Any) -> PortalEvent:
    return PortalEvent(Source.CALLBACK, message.remote_id, message.received_at, word, at, evidence=message.key, **facts)
