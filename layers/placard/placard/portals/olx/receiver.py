"""OLX's notifications (contracts/olx.md §4 and §5). Imports neither an HTTP client nor an AWS library."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from placard.domain.errors import MalformedMessageError, StoreUnavailableError, WebhookRejectedError
from placard.domain.events import Advert, AdvertState, End, Operation, Picture, PortalEvent, Source, Verdict
from placard.domain.ids import content_hash
from placard.domain.instants import SECOND
from placard.domain.messages import Callback, Message
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
from placard.portals.reading import as_instant, as_number, as_object, as_text, parse_object

if TYPE_CHECKING:
    from placard.ports import Credentials

ADVERT_FLOWS = frozenset({"publish_advert", "advert_lifecycle"})
OTHER_FLOWS = frozenset({"incoming_message", "vas_lifecycle"})
SECRETS = ("notification_secret", "previous_notification_secret")
LONGEST_ID = 256
# Test events carry seconds, everything else milliseconds (§4).
FIRST_MILLISECOND = 10**12
LAST_MILLISECOND = 253_402_300_800_000


class OlxReceiver:
    """Checks the signature and stores; what a message means is read later."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def verify(self, callback: Callback, received_at: int) -> Message:
        """Check `x-signature` over the ids and return the message. The body is not covered (§0, rule 10)."""
        try:
            raw = callback.body.decode("utf-8")
            body = parse_object(raw)
            envelope = unwrap(body)
            object_id, transaction_id = _read_id(envelope, "object_id"), _read_id(envelope, "transaction_id")
            signed = f"{object_id},{transaction_id}".encode()
            # The portal masks `destination` differently from one delivery to the next (§4).
            digest = content_hash({name: value for name, value in envelope.items() if name != "destination"})
        except (ValueError, RecursionError) as error:
            raise MalformedMessageError("not a notification") from error
        if not self._is_signed(signed, callback.headers.get("x-signature", "")):
            raise WebhookRejectedError("the signature does not match")
        # A flow nobody knows may be about an advert: it waits for one, and is then shown as unknown (§4).
        parks = as_text(envelope.get("flow")) not in OTHER_FLOWS
        return Message("olx", object_id, digest, raw, received_at, parks=parks)

    def _is_signed(self, signed: bytes, given: str) -> bool:
        """Compare with the current and the previous secret; a secret just rotated may not be in the cache yet."""
        claimed = given.strip().encode("utf-8", "replace")
        for fresh in (False, True):
            secret = self._credentials.read("olx/app", fresh=fresh)
            keys = [] if secret is None else [key for name in SECRETS if (key := as_text(secret.value.get(name)))]
            matches = [
                hmac.compare_digest(hmac.new(key.encode(), signed, hashlib.sha1).hexdigest().encode(), claimed)
                for key in keys
            ]
            if any(matches):
                return True
        if not keys:
            raise StoreUnavailableError("the vault holds no notification secret")
        return False

    def interpret(self, message: Message, channel: str) -> PortalEvent | None:
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


def unwrap(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the envelope: the body itself, or the whole of it inside `data` (§0, rule 6)."""
    inner = as_object(body.get("data"))
    return inner if "object_id" not in body and "object_id" in inner else body


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


def _read_id(envelope: Mapping[str, Any], name: str) -> str:
    text = as_text(envelope.get(name))
    if text is None or len(text) > LONGEST_ID:
        raise ValueError(f"no {name}")
    return text


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
