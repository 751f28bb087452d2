"""AVIV's tokens: one per agency, kept its whole life in the vault for all instances (contracts/aviv.md §1)."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from placard.domain.errors import CredentialsError, PortalUnavailableError
from placard.domain.instants import DAY, MINUTE, SECOND
from placard.domain.problems import Problem
from placard.portals.base import Reply, Wire, before_the_call
from placard.portals.reading import as_number, as_text
from placard.ports import Clock, Credentials, Secret

logger = logging.getLogger(__name__)

APP = "aviv/app"
# Longer than the token call's own time limit.
LEASE = 30 * SECOND
EARLY = MINUTE
# A token refused this soon after it was given has not run out: somebody should know (§5).
YOUNG = 5 * MINUTE
# §1, token endpoint: status → the `error` that blames the hub, None for any. Others are about the agency.
APP_REFUSED = {401: None, 403: "access_denied"}


@dataclass(frozen=True, slots=True)
class Tokens:
    """Access tokens, by customer. `scale` shortens waits in the sandbox."""

    base_url: str
    token_url: str
    credentials: Credentials
    clock: Clock
    wire: Wire
    scale: float = 1.0

    def read(self, customer: str) -> str:
        """Return the agency's token, fetched where there is none that lasts."""
        name, intermediary = self._account(customer)
        stored = self.credentials.read(f"aviv/token/{customer}/{name}")
        token = self._usable(stored, intermediary)
        return self.fetch(customer, None) if token is None else token

    def fetch(self, customer: str, refused: str | None) -> str:
        """Return a token other than the one refused. One caller fetches it; the others take it from the vault."""
        name, intermediary = self._account(customer)
        path, now = f"aviv/token/{customer}/{name}", self.clock.now()
        leased = self.credentials.lease(path, now + LEASE, now)
        stored = self.credentials.read(path, fresh=True)
        token = self._usable(stored, intermediary)
        if token is not None and token != refused:
            return token
        if token is not None and stored is not None and self._is_young(stored):
            # The caller raises when the next one is refused too; a single token may well have been revoked.
            logger.error("AVIV refuses a token that is minutes old", extra={"customer": customer})
        if not leased:
            wait = int(SECOND * self.scale)
            raise PortalUnavailableError("somebody else is fetching the token", taken=False, wait=wait)
        fetched = self._ask(intermediary)
        # Whoever was first has a token of the same agency, and both are good.
        self.credentials.write(path, fetched, 0 if stored is None else stored.version)
        return str(fetched["access_token"])

    def _ask(self, intermediary: str) -> dict[str, Any]:
        app = self.app()
        with before_the_call():
            reply = self.wire.call(
                "POST",
                self.token_url,
                body={
                    "client_id": app.get("client_id"),
                    "client_secret": app.get("client_secret"),
                    "grant_type": "client_credentials",
                    "audience": self.base_url,
                    "intermediary_id": intermediary,
                },
            )
            if not reply.succeeded:
                raise _refused(reply)
            said = reply.read()
        token, life = as_text(said.get("access_token")), as_number(said.get("expires_in"))
        if token is None:
            raise PortalUnavailableError("a token answer without a token", taken=False, status_code=reply.status)
        now = self.clock.now()
        ends = now + (DAY if life is None else int(life * SECOND))
        of = {"audience": self.base_url, "intermediary_id": intermediary}
        return {"access_token": token, "issued_at": now, "expires_at": ends, **of}

    def context(self, customer: str) -> dict[str, str]:
        """Return what a token stands for: one agency in one environment."""
        return {"audience": self.base_url, "intermediary_id": self._account(customer)[1]}

    def _usable(self, stored: Secret | None, intermediary: str) -> str | None:
        """Return the token kept, unless it ends or is another agency's or environment's: an account may be corrected."""
        if stored is None or stored.value.get("audience") != self.base_url:
            return None
        if stored.value.get("intermediary_id") != intermediary:
            return None
        ends = as_number(stored.value.get("expires_at"))
        if ends is None or self.clock.now() >= ends - int(EARLY * self.scale):
            return None
        return as_text(stored.value.get("access_token"))

    def _is_young(self, stored: Secret) -> bool:
        issued = as_number(stored.value.get("issued_at"))
        return issued is not None and self.clock.now() - issued < int(YOUNG * self.scale)

    def _account(self, customer: str) -> tuple[str, str]:
        """Return the agency's one account and its intermediary id."""
        secret = self.credentials.read(f"aviv/accounts/{customer}")
        if secret is None or not secret.value:
            raise CredentialsError(Problem("not_connected", "No account of AVIV is connected."))
        if len(secret.value) > 1:
            raise CredentialsError(Problem("account_ambiguous", "Several accounts of AVIV are connected."))
        name, account = next(iter(secret.value.items()))
        intermediary = as_text(account.get("intermediary_id")) if isinstance(account, Mapping) else None
        if intermediary is None:
            raise CredentialsError(Problem("credentials_invalid", "The account has no intermediary id."))
        return name, intermediary

    def app(self) -> Mapping[str, Any]:
        """Return the hub's own credentials and the key of its callback addresses."""
        secret = self.credentials.read(APP)
        if secret is None:
            raise CredentialsError(Problem("credentials_app", "The hub has no credentials for AVIV."))
        return secret.value


def _refused(reply: Reply) -> CredentialsError:
    error = as_text((reply.said or {}).get("error"))
    if reply.status in APP_REFUSED and APP_REFUSED[reply.status] in (None, error):
        problem = Problem("credentials_app", "AVIV refuses the hub's own credentials.")
    else:
        problem = Problem("credentials_invalid", "AVIV gives no token for this account.")
    return CredentialsError(problem, status_code=reply.status)
