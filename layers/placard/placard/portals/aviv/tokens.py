"""AVIV's tokens: one per agency, kept its whole life in the vault for all instances (contracts/aviv.md §1)."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from placard.domain.causes import Cause
from placard.domain.errors import CredentialsError, PortalError, PortalUnavailableError
from placard.domain.instants import DAY, MINUTE, SECOND
from placard.domain.problems import Problem
from placard.portals.aviv.accounts import read_account, read_app
from placard.portals.aviv.resting import Resting
from placard.portals.base import Reply, Wire, before_the_call
from placard.portals.reading import as_number, as_text
from placard.ports import Clock, Credentials, Secret

logger = logging.getLogger(__name__)

# Longer than the token call's own time limit.
LEASE = 30 * SECOND
EARLY = MINUTE
# A token refused this soon after it was given has not run out: somebody should know (§5).
YOUNG = 5 * MINUTE
# §1, token endpoint: status → the `error` that blames the hub, None for any. Others are about the agency.
APP_REFUSED = {401: None, 403: "access_denied"}
REFUSALS = (400, 401, 403)


@dataclass(frozen=True, slots=True)
class Tokens:
    """Access tokens, by customer. `scale` shortens waits in the sandbox."""

    base_url: str
    token_url: str
    credentials: Credentials
    clock: Clock
    wire: Wire
    scale: float = 1.0

    @property
    def _resting(self) -> Resting:
        return Resting(self.base_url, self.credentials, self.clock, self.scale)

    def read(self, customer: str) -> str:
        """Return the agency's token, fetched where there is none that lasts."""
        account = read_account(self.credentials, customer)
        token = self._usable(self.credentials.read(account.token_path), account.intermediary)
        return self.fetch(customer, None) if token is None else token

    def fetch(self, customer: str, refused: str | None) -> str:
        """Return a token other than the one refused. One caller fetches it; the others take it from the vault.

        Raises CredentialsError without a call while the credential rests (`portals.resting`).
        """
        resting = self._resting.find(customer)
        if resting is not None:
            raise CredentialsError(resting)
        account, now = read_account(self.credentials, customer), self.clock.now()
        leased = self.credentials.lease(account.token_path, now + LEASE, now)
        stored = self.credentials.read(account.token_path, fresh=True)
        token = self._usable(stored, account.intermediary)
        if token is not None and token != refused:
            return token
        resting = self._resting.find(customer)
        if resting is not None:
            # Whoever held the lease before us met a refusal. Ours must not hold up those who come with another credential.
            if leased:
                self._end_lease(account.token_path, stored)
            raise CredentialsError(resting)
        if token is not None and stored is not None and self._is_young(stored):
            # The caller raises when the next one is refused too; a single token may well have been revoked.
            logger.error("AVIV refuses a token that is minutes old", extra={"customer": customer})
        if not leased:
            wait = int(SECOND * self.scale)
            raise PortalUnavailableError("somebody else is fetching the token", taken=False, wait=wait)
        try:
            fetched = self._ask(customer, account.intermediary)
        except CredentialsError as error:
            self._resting.begin(account, error)
            # A 401 is about the client; a grant may be missing for one agency alone.
            if error.status_code == 401:
                self._resting.begin_for_all(error)
            raise
        # Whoever was first has a token of the same agency, and both are good.
        self.credentials.write(account.token_path, fetched, 0 if stored is None else stored.version)
        return str(fetched["access_token"])

    def stop(self, customer: str, token: str, error: CredentialsError) -> CredentialsError:
        """Let the agency rest because AVIV refuses its token, or what it is for; return the error to raise."""
        account = read_account(self.credentials, customer)
        stored = self.credentials.read(account.token_path, fresh=True)
        if stored is not None and stored.value.get("access_token") == token:
            self._resting.begin(account, error)
        return error

    def _end_lease(self, path: str, stored: Secret | None) -> None:
        value, version = ({}, 0) if stored is None else (stored.value, stored.version)
        self.credentials.write(path, value, version)

    def _ask(self, customer: str, intermediary: str) -> dict[str, Any]:
        app = read_app(self.credentials).value
        with before_the_call():
            reply = self.wire.call(
                "POST",
                self.token_url,
                account=customer,
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
        return {"audience": self.base_url, "intermediary_id": read_account(self.credentials, customer).intermediary}

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


def _refused(reply: Reply) -> PortalError:
    """Return the error of a token refused; a firewall's page or a status nobody documents is an outage."""
    if reply.said is None or reply.status not in REFUSALS:
        return PortalUnavailableError("no token", taken=False, status_code=reply.status)
    hub_alone = reply.status in APP_REFUSED and APP_REFUSED[reply.status] in (None, as_text(reply.said.get("error")))
    cause = Cause.APP_REFUSED if hub_alone else Cause.ACCOUNT_REFUSED
    return CredentialsError(Problem.of(cause, portal="AVIV"), status_code=reply.status)
