"""AVIV's tokens: one per agency, kept its whole life in the vault for all instances (contracts/aviv.md §1)."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from placard.domain.causes import Cause
from placard.domain.errors import CredentialsError, PortalError, PortalUnavailableError
from placard.domain.instants import DAY, MINUTE, SECOND
from placard.domain.problems import Problem
from placard.portals.aviv.accounts import read_account
from placard.portals.aviv.credentials import name_agency, name_app
from placard.portals.base import Reply, Wire, before_the_call
from placard.portals.reading import as_number, as_text
from placard.portals.resting import Held, Rests
from placard.ports import Clock, Credentials

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
    def _rests(self) -> Rests:
        return Rests("AVIV", self.credentials, self.clock, self.scale)

    def read(self, customer: str) -> str:
        """Return the agency's token, fetched where there is none that lasts."""
        account = read_account(self.credentials, customer)
        stored = self.credentials.read(account.token_path)
        token = None if stored is None else self._usable(stored.value, account.intermediary)
        return self.fetch(customer, None) if token is None else token

    def fetch(self, customer: str, refused: str | None) -> str:
        """Return a token other than the one refused. One caller fetches it; the others take it from the vault.

        Raises CredentialsError without a call while the agency's credential or the hub's own rests (`portals.resting`).
        """
        # Fresh, since it happens once a day, and a refusal must be noted of the very account that was asked for.
        account, now = read_account(self.credentials, customer, fresh=True), self.clock.now()
        agency = name_agency(account, self.base_url)
        self._app()
        self._rests.take(agency)
        leased = self.credentials.lease(account.token_path, now + LEASE, now)
        stored = self._rests.hold(agency, fresh=True)
        token = self._usable(stored.value, account.intermediary)
        if token is not None and token != refused:
            return token
        try:
            app = self._app(fresh=True)
            self._rests.take(agency)
        except CredentialsError:
            # Whoever held the lease before us met a refusal. Ours must not hold up those who come with another credential.
            if leased:
                self.credentials.write(account.token_path, stored.value, stored.version)
            raise
        if token is not None and self._is_young(stored):
            # The caller raises when the next one is refused too; a single token may well have been revoked.
            logger.error("AVIV refuses a token that is minutes old", extra={"customer": customer})
        if not leased:
            wait = int(SECOND * self.scale)
            raise PortalUnavailableError("somebody else is fetching the token", taken=False, wait=wait)
        try:
            fetched = self._ask(customer, app, account.intermediary)
        except CredentialsError as error:
            stopped = self._rests.begin(stored, error)
            # A 401 is about the client; a grant may be missing for one agency alone.
            if error.status_code == 401:
                stopped = self._rests.begin(app, error)
            raise stopped from error
        # Whoever was first has a token of the same agency, and both are good.
        self.credentials.write(account.token_path, fetched, stored.version)
        return str(fetched["access_token"])

    def stop(self, customer: str, token: str, error: CredentialsError) -> PortalError:
        """Let the agency rest because AVIV refuses its token, or what it is for; return the error to raise."""
        account = read_account(self.credentials, customer)
        return self._rests.begin_of_token(name_agency(account, self.base_url), token, error)

    def _app(self, *, fresh: bool = False) -> Held:
        app = self._rests.take(name_app(self.base_url), fresh=fresh)
        if app.secret is None:
            raise CredentialsError(Problem.of(Cause.NO_APP, portal="AVIV"))
        return app

    def _ask(self, customer: str, app: Held, intermediary: str) -> dict[str, Any]:
        with before_the_call():
            reply = self.wire.call(
                "POST",
                self.token_url,
                account=customer,
                body={
                    "client_id": app.value.get("client_id"),
                    "client_secret": app.value.get("client_secret"),
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

    def _usable(self, stored: Mapping[str, Any], intermediary: str) -> str | None:
        """Return the token kept, unless it ends or is another agency's or environment's: an account may be corrected."""
        if stored.get("audience") != self.base_url or stored.get("intermediary_id") != intermediary:
            return None
        ends = as_number(stored.get("expires_at"))
        if ends is None or self.clock.now() >= ends - int(EARLY * self.scale):
            return None
        return as_text(stored.get("access_token"))

    def _is_young(self, stored: Held) -> bool:
        issued = as_number(stored.value.get("issued_at"))
        return issued is not None and self.clock.now() - issued < int(YOUNG * self.scale)


def _refused(reply: Reply) -> PortalError:
    """Return the error of a token refused; a firewall's page or a status nobody documents is an outage."""
    if reply.said is None or reply.status not in REFUSALS:
        return PortalUnavailableError("no token", taken=False, status_code=reply.status)
    hub_alone = reply.status in APP_REFUSED and APP_REFUSED[reply.status] in (None, as_text(reply.said.get("error")))
    cause = Cause.APP_REFUSED if hub_alone else Cause.ACCOUNT_REFUSED
    return CredentialsError(Problem.of(cause, portal="AVIV"), status_code=reply.status)
