"""OLX's notifications (contracts/olx.md §4): is it from OLX? What it says is read later, by `interpretation.py`."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from placard.domain.errors import MalformedMessageError, StoreUnavailableError, WebhookRejectedError
from placard.domain.hashes import content_hash
from placard.domain.messages import Callback, Message
from placard.portals.olx.envelope import OTHER_FLOWS, unwrap
from placard.portals.reading import as_text, parse_object

if TYPE_CHECKING:
    from placard.domain.events import PortalEvent
    from placard.ports import Credentials

SECRETS = ("notification_secret", "previous_notification_secret")
LONGEST_ID = 256


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
        from placard.portals.olx.interpretation import interpret  # noqa: PLC0415 - no part of taking a callback

        return interpret(message, channel)


def _read_id(envelope: Mapping[str, Any], name: str) -> str:
    text = as_text(envelope.get(name))
    if text is None or len(text) > LONGEST_ID:
        raise ValueError(f"no {name}")
    return text
