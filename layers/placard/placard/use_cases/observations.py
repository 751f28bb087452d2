"""What a sweep saw, as a stored message, and back: differences go the very same way as callbacks (spotahome.md §6)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from placard.domain.channels import PROCESS_PROVIDER
from placard.domain.events import Advert, AdvertState, PortalEvent, Source
from placard.domain.hashes import content_hash
from placard.domain.instants import to_text
from placard.domain.listing_process import Facts, ListingProcess
from placard.domain.messages import Message
from placard.ports import Row

# The portal's word for a process that two sweeps have not shown is none; this is ours.
VANISHED = "vanished"

Interpret = Callable[[Row, str | None, int], PortalEvent]


def observe(
    before: ListingProcess | None, after: ListingProcess, to: str, raw: Mapping[str, Any], number: int, now: int
) -> Message:
    """Return the message that a sweep stores of one difference; the same sweep makes the same one again.

    `to` is the state told, or VANISHED; `raw` what else the row said, `number` the sweep's. The shape is that of
    synthetic_status_event.json.
    """
    facts = replace(after.facts, state=to)
    known = None if before is None else before.facts
    parts = [PROCESS_PROVIDER, after.process_id, None if known is None else known.summary, facts.summary, number]
    event_id = f"sah-{after.process_id}-{content_hash(parts)[:16]}"
    seen = {
        "id": event_id,
        "portal": PROCESS_PROVIDER,
        "observed": Source.POLL.value,
        "observedAt": to_text(now),
        "sweep": number,
        "processId": after.process_id,
        "locator": facts.locator,
        "accountId": facts.account_id,
        "propertyId": facts.property_id,
        "agentId": facts.agent_id,
        "published": facts.published,
        "from": None if known is None else known.state,
        "to": to,
        "row": dict(raw),
    }
    text = json.dumps(seen, separators=(",", ":"))
    return Message(PROCESS_PROVIDER, facts.property_id or "", event_id, text, now, customer=after.customer)


@dataclass(frozen=True, slots=True)
class ObservationReader:
    """Makes sense of stored observations, in the place of a receiver. `interpret_row` is the portal's own table."""

    interpret_row: Interpret

    def interpret(self, message: Message, channel: str) -> PortalEvent | None:
        """Return what a sweep saw, in our words."""
        seen = json.loads(message.raw)
        if seen["to"] == VANISHED:
            advert = Advert(AdvertState.UNKNOWN, VANISHED)
            return PortalEvent(
                source=Source.POLL,
                remote_id=message.remote_id,
                received_at=message.received_at,
                at=message.received_at,
                word=VANISHED,
                advert=advert,
                evidence=message.key,
            )
        row = Row(
            process_id=seen["processId"],
            state=seen["to"],
            locator=seen["locator"],
            account_id=seen["accountId"],
            property_id=seen["propertyId"],
            agent_id=seen["agentId"],
            published=seen["published"],
            raw=seen["row"],
        )
        return replace(self.interpret_row(row, seen["from"], message.received_at), evidence=message.key)


def read_facts(row: Row) -> Facts:
    """Return what a row says."""
    return Facts(row.state, row.locator, row.account_id, row.property_id, row.agent_id, row.published)
