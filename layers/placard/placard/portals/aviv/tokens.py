"""AVIV's tokens: one per agency, kept its whole life in the vault for all instances (contracts/aviv.md §1)."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from placard.domain.errors import CredentialsError, PortalError, PortalUnavailableError
from placard.domain.instants import DAY, MINUTE, SECOND
from placard.domain.problems import Problem
from placard.portals.base import Reply, Wire, before_the_call
from placard.portals.reading import as_number, as_text
from placard.portals.resting import find_refusal, note_refusal
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
REFUSALS = (400, 401, 403)
# Where a refusal of the hub's own credentials is kept: it stops every agency. One of a grant may concern a single agency.
APP_REFUSAL = "aviv/app/refusal"


@dataclass(frozen=True, slots=True)
class _Account:
    """An agency's account: the token's path in the vault, whom it acts for, and the version of the secret that says so."""

    path: str
    intermediary: str
    version: int


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
        account = self._account(customer)
        token = self._usable(self.credentials.read(account.path), account.intermediary)
        return self.fetch(customer, None) if token is None else token

    def fetch(self, customer: str, refused: str | None) -> str:
        """Return a token other than the one refused. One caller fetches it; the others take it from the vault.

        Raises CredentialsError without a call while the credential rests (`portals.resting`).
        """
        resting = self._find_rest(customer)
        if resting is not None:
            raise CredentialsError(resting)
        account, now = self._account(customer), self.clock.now()
        leased = self.credentials.lease(account.path, now + LEASE, now)
        stored = self.credentials.read(account.path, fresh=True)
        token = self._usable(stored, account.intermediary)
        if token is not None and token != refused:
            return token
        resting = self._find_rest(customer)
        if resting is not None:
            # Whoever held the lease before us met a refusal. Ours must not hold up those who come with another credential.
            if leased:
                self._end_lease(account.path, stored)
            raise CredentialsError(resting)
        if token is not None and stored is not None and self._is_young(stored):
            # The caller raises when the next one is refused too; a single token may well have been revoked.
            logger.error("AVIV refuses a token that is minutes old", extra={"customer": customer})
        if not leased:
            wait = int(SECOND * self.scale)
            raise PortalUnavailableError("somebody else is fetching the token", taken=False, wait=wait)
        try:
            fetched = self._ask(account.intermediary)
        except CredentialsError as error:
            self._rest(account.path, self._describe(account), error)
            if error.status_code == 401:
                self._rest(APP_REFUSAL, self._describe_app(), error)
            raise
        # Whoever was first has a token of the same agency, and both are good.
        self.credentials.write(account.path, fetched, 0 if stored is None else stored.version)
        return str(fetched["access_token"])

    def stop(self, customer: str, token: str, error: CredentialsError) -> CredentialsError:
        """Let the agency rest because AVIV refuses what its token is for; return the error to raise.

        The token goes with it: it would keep the scopes it lacks for the rest of its day.
        """
        account = self._account(customer)
        stored = self.credentials.read(account.path, fresh=True)
        if stored is not None and stored.value.get("access_token") == token:
            self._rest(account.path, self._describe(account), error)
        return error

    def _rest(self, path: str, of: Mapping[str, Any], error: CredentialsError) -> None:
        stored = self.credentials.read(path, fresh=True)
        note = note_refusal(error.problem, of, self.clock.now(), self.scale)
        if self.credentials.write(path, {"refusal": note}, 0 if stored is None else stored.version):
            logger.error("a refused credential rests", extra={"credential": path, "problem": error.problem.code})

    def _end_lease(self, path: str, stored: Secret | None) -> None:
        value, version = ({}, 0) if stored is None else (stored.value, stored.version)
        self.credentials.write(path, value, version)

    def _find_rest(self, customer: str) -> Problem | None:
        """Return why the agency or the whole app rests, once it is sure that nobody replaced it this minute."""
        return self._read_rest(customer, fresh=False) and self._read_rest(customer, fresh=True)

    def _read_rest(self, customer: str, *, fresh: bool) -> Problem | None:
        account, now = self._account(customer, fresh=fresh), self.clock.now()
        notes = {APP_REFUSAL: self._describe_app(fresh=fresh), account.path: self._describe(account, fresh=fresh)}
        for path, of in notes.items():
            stored = self.credentials.read(path, fresh=fresh)
            problem = None if stored is None else find_refusal(stored.value.get("refusal"), of, now)
            if problem is not None:
                return problem
        return None

    def _describe_app(self, *, fresh: bool = False) -> dict[str, Any]:
        """Return what tells the hub's own credentials in this environment from those that replace them."""
        return {"audience": self.base_url, "app": self._app_secret(fresh=fresh).version}

    def _describe(self, account: _Account, *, fresh: bool = False) -> dict[str, Any]:
        """The same for an agency's."""
        return {**self._describe_app(fresh=fresh), "account": account.version}

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
        return {"audience": self.base_url, "intermediary_id": self._account(customer).intermediary}

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

    def _account(self, customer: str, *, fresh: bool = False) -> _Account:
        """Return the agency's one account."""
        secret = self.credentials.read(f"aviv/accounts/{customer}", fresh=fresh)
        if secret is None or not secret.value:
            raise CredentialsError(Problem("not_connected", "No account of AVIV is connected."))
        if len(secret.value) > 1:
            raise CredentialsError(Problem("account_ambiguous", "Several accounts of AVIV are connected."))
        name, account = next(iter(secret.value.items()))
        intermediary = as_text(account.get("intermediary_id")) if isinstance(account, Mapping) else None
        if intermediary is None:
            raise CredentialsError(Problem("credentials_invalid", "The account has no intermediary id."))
        return _Account(f"aviv/token/{customer}/{name}", intermediary, secret.version)

    def app(self) -> Mapping[str, Any]:
        """Return the hub's own credentials and the key of its callback addresses."""
        return self._app_secret().value

    def _app_secret(self, *, fresh: bool = False) -> Secret:
        secret = self.credentials.read(APP, fresh=fresh)
        if secret is None:
            raise CredentialsError(Problem("credentials_app", "The hub has no credentials for AVIV."))
        return secret


def _refused(reply: Reply) -> PortalError:
    """Return the error of a token refused; a firewall's page or a status nobody documents is an outage."""
    if reply.said is None or reply.status not in REFUSALS:
        return PortalUnavailableError("no token", taken=False, status_code=reply.status)
    hub_alone = reply.status in APP_REFUSED and APP_REFUSED[reply.status] in (None, as_text(reply.said.get("error")))
    if hub_alone:
        problem = Problem("credentials_app", "AVIV refuses the hub's own credentials.")
    else:
        problem = Problem("credentials_invalid", "AVIV gives no token for this account.")
    return CredentialsError(problem, status_code=reply.status)
