"""Casita's news: are they from Casita? What they say is read later, by `interpretation.py`."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

from placard.domain.errors import MalformedMessageError, StoreUnavailableError, WebhookRejectedError
from placard.domain.hashes import content_hash
from placard.domain.messages import Callback, Message
from placard.portals.reading import as_text, parse_object

if TYPE_CHECKING:
    from placard.domain.events import PortalEvent
    from placard.ports import Credentials

SECRETS = ("news_secret", "previous_news_secret")
LONGEST_ID = 256


class CasitaReceiver:
    """Checks the signature and stores; what a message means is read later."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def verify(self, callback: Callback, received_at: int) -> Message:
        """Check `casita-signature` over the untouched body and return the message."""
        if not self._is_signed(callback.body, callback.headers.get("casita-signature", "")):
            raise WebhookRejectedError("the signature does not match")
        try:
            raw = callback.body.decode("utf-8")
            news = parse_object(raw)
            digest = content_hash(news)
        except (ValueError, RecursionError) as error:
            raise MalformedMessageError("not news") from error
        home = as_text(news.get("home"))
        if home is None or len(home) > LONGEST_ID:
            raise MalformedMessageError("no home")
        return Message("casita", home, digest, raw, received_at)

    def _is_signed(self, body: bytes, given: str) -> bool:
        """Compare with the current and the previous secret; a secret just rotated may not be in the cache yet."""
        claimed = given.encode("utf-8", "replace")
        for fresh in (False, True):
            secret = self._credentials.read("casita/app", fresh=fresh)
            keys = [] if secret is None else [key for name in SECRETS if (key := as_text(secret.value.get(name)))]
            proofs = [hmac.new(key.encode(), body, hashlib.sha256).hexdigest().encode() for key in keys]
            if any(hmac.compare_digest(proof, claimed) for proof in proofs):
                return True
        if not keys:
            raise StoreUnavailableError("the vault holds no news secret")
        return False

    def interpret(self, message: Message, channel: str) -> PortalEvent | None:
        """Return what a stored message says."""
        from tests.portals.casita.interpretation import interpret  # no part of taking a callback

        return interpret(message)
