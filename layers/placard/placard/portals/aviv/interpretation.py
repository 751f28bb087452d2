"""What AVIV's stored callbacks say: hints, never believed (contracts/aviv.md §4.4)."""

from __future__ import annotations

from placard.domain.events import PortalEvent, Source
from placard.domain.messages import Message
from placard.portals.aviv.words import WORDS
from placard.portals.reading import as_instant, as_text, parse_object


def interpret(message: Message, channel: str) -> PortalEvent | None:
    """Return the word alone: a body without proof states no fact."""
    try:
        body = parse_object(message.raw)
    except ValueError:
        body = {}
    word = as_text(body.get("status")) or "no status"
    at = as_instant(body.get("statusDate"))
    return PortalEvent(
        Source.CALLBACK,
        message.remote_id,
        message.received_at,
        word,
        at,
        known=word in WORDS,
        evidence=message.key,
    )
