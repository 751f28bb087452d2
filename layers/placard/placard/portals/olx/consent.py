"""An agency's consent (contracts/olx.md §1): where a person gives it, and what its code is traded for.

The code lives for 60 seconds and works once. What it gives, a pair of tokens, is kept where deliveries look for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

import httpx

from placard.domain.errors import TransitionConflictError
from placard.portals.base import Turn, Wire
from placard.portals.breaker import connect_breaker
from placard.portals.olx.manifest import POLICY
from placard.portals.olx.publisher import HEADERS
from placard.portals.olx.tokens import Tokens, name_token
from placard.portals.resting import Rests
from placard.ports import Budget, CircuitStore, Clock, Credentials

# Beginning of each site's address of consent.
PAGES = {
    "imovirtual": "https://www.imovirtual.com/pt",
    "otodom": "https://www.otodom.pl/pl",
    "storia": "https://www.storia.ro/ro",
    "olxro": "https://www.olx.ro/ro",
}
_MOST_RACES = 5


class OlxConsents:
    """Implements `placard.ports.Consents` for the four sites."""

    def __init__(
        self,
        base_url: str,
        credentials: Credentials,
        clock: Clock,
        *,
        time_scale: float = 1.0,
        client: httpx.Client | None = None,
        budget: Budget | None = None,
        circuits: CircuitStore | None = None,
    ) -> None:
        self._credentials = credentials
        self._wire = Wire(clock, client, HEADERS, connect_breaker(circuits, clock, POLICY.provider, time_scale))
        rests = Rests("OLX", credentials, clock, time_scale)
        self._tokens = Tokens(base_url.rstrip("/"), credentials, rests, clock, time_scale)

    def address(self, channel: str, state: str) -> str:
        """Return where a person lets the hub act for an account; CredentialsError where the hub itself is not known."""
        client_id = str(self._tokens.app().value.get("client_id", ""))
        query = urlencode({"response_type": "code", "client_id": client_id, "state": state})
        return f"{PAGES[channel]}/crm/authorization/?{query}"

    def trade(self, customer: str, channel: str, account: str, code: str) -> None:
        """Trade a code for the account's tokens and keep them; CredentialsError where it is refused."""
        name = name_token(customer, channel, account)
        pair = self._tokens.trade(Turn(self._wire), name, code)
        self._keep(name, lambda _: pair)
        self._keep(f"olx/accounts/{customer}/{channel}", lambda known: {**known, account: known.get(account, {})})

    def _keep(self, name: str, change: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> None:
        for _ in range(_MOST_RACES):
            stored = self._credentials.read(name, fresh=True)
            value = change({} if stored is None else stored.value)
            if self._credentials.write(name, value, 0 if stored is None else stored.version):
                return
        raise TransitionConflictError(f"{name} never stood still")
