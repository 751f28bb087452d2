"""AVIV's callbacks (contracts/aviv.md §4.4): is it about our customer? Stored, and read later by `interpretation.py`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from placard.domain.errors import MalformedMessageError, StoreUnavailableError, WebhookRejectedError
from placard.domain.hashes import content_hash
from placard.domain.messages import Callback, Message
from placard.portals.aviv.paths import KEYS, read_token
from placard.portals.reading import as_list, as_text, parse_object

if TYPE_CHECKING:
    from placard.domain.events import PortalEvent
    from placard.ports import Credentials

PATH = re.compile(r"/(?P<token>[^/]{1,1000})/classifieds/(?P<id>[^/]{1,200})/statuses/?")


class AvivReceiver:
    """Checks the token in the path and stores; the hub then asks AVIV itself."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def verify(self, callback: Callback, received_at: int) -> Message:
        """Check the token and return the message; `customer` is the one the token names."""
        found = PATH.fullmatch(callback.path)
        customer = self._customer_of(found["token"]) if found is not None else None
        if found is None or customer is None:
            raise WebhookRejectedError("no such callback address")
        try:
            raw = callback.body.decode("utf-8")
            body = parse_object(raw)
            # §4.4, duplicates: AVIV gives its callbacks no id. The customer belongs to it, or whoever has a token of his own
            # could say first what AVIV then says in vain.
            portals = sorted(str(portal) for portal in as_list(body.get("portals")))
            told = [body.get(name) for name in ("status", "subStatus", "statusDate")]
            digest = content_hash([customer, found["id"], portals, *told])
        except (ValueError, RecursionError) as error:
            raise MalformedMessageError("not a status") from error
        return Message("aviv", found["id"], digest, raw, received_at, customer=customer)

    def _customer_of(self, token: str) -> str | None:
        """Try the current and the previous key; a key just rotated may not be in the cache yet."""
        for fresh in (False, True):
            secret = self._credentials.read("aviv/app", fresh=fresh)
            keys = () if secret is None else tuple(key for name in KEYS if (key := as_text(secret.value.get(name))))
            customer = read_token(token, keys)
            if customer is not None:
                return customer
        if not keys:
            raise StoreUnavailableError("the vault holds no path key")
        return None

    def interpret(self, message: Message, channel: str) -> PortalEvent | None:
        """Return the word alone: a body without proof states no fact."""
        from placard.portals.aviv.interpretation import interpret  # noqa: PLC0415 - no part of taking a callback

        return interpret(message, channel)
