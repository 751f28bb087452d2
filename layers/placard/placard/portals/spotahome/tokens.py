"""Spotahome's tokens: one JWT per account, kept in the vault, renewed by one caller at a time (contracts/spotahome.md §2)."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from placard.domain.causes import Cause
from placard.domain.errors import CredentialsError, PortalUnavailableError
from placard.domain.instants import MINUTE, SECOND
from placard.domain.problems import Problem
from placard.portals.base import Reply, Turn, before_the_call
from placard.portals.reading import as_number, as_text, parse_object
from placard.portals.resting import Rests
from placard.portals.spotahome.accounts import Account, choose_account
from placard.portals.spotahome.credentials import name_login
from placard.ports import Clock, Credentials

# Longer than a refresh and a login together can take.
LEASE = 60 * SECOND
EARLY = MINUTE


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens by account. `scale` shortens waits in the sandbox."""

    base_url: str
    credentials: Credentials
    clock: Clock
    scale: float = 1.0

    def read(self, turn: Turn, account: Account) -> str:
        """Return the account's token, renewed a minute before it ends."""
        stored = self.credentials.read(account.token_name)
        token = None if stored is None else self._usable(stored.value, account)
        return self.renew(turn, account, None) if token is None else token

    def renew(self, turn: Turn, account: Account, refused: str | None) -> str:
        """Return a token other than the one refused. One caller renews it; the others take it from the vault.

        Raises CredentialsError without a call while the login rests (`portals.resting`).
        """
        # Fresh, for a refusal must be noted of the very login that was tried.
        account = choose_account(self.credentials, account.customer, account.name, fresh=True)
        login, now = name_login(account, self.base_url), self.clock.now()
        self._rests.take(login)
        leased = self.credentials.lease(account.token_name, now + LEASE, now)
        stored = self._rests.hold(login, fresh=True)
        token = self._usable(stored.value, account)
        if token is not None and token != refused:
            return token
        try:
            self._rests.take(login)
        except CredentialsError:
            # Whoever held the lease before us met a refusal. Ours must not hold up those who come with another login.
            if leased:
                self.credentials.write(account.token_name, stored.value, stored.version)
            raise
        if not leased:
            wait = int(SECOND * self.scale)
            raise PortalUnavailableError("somebody else is renewing the token", taken=False, wait=wait)
        try:
            with before_the_call():
                fresh = self._swap(turn, stored.value, account) or self._log_in(turn, account)
        except CredentialsError as error:
            raise self._rests.begin(stored, error) from error
        value = {"token": fresh, "expires_at": read_end(fresh), **self._of(account)}
        self.credentials.write(account.token_name, value, stored.version)
        return fresh

    @property
    def _rests(self) -> Rests:
        return Rests("Spotahome", self.credentials, self.clock, self.scale)

    def is_known(self, turn: Turn, account: Account, token: str) -> bool:
        """Whether Spotahome knows who bears a token: then a 401 is about rights (§2)."""
        with before_the_call():
            return self._call(turn, account, "GET", "/me", token).succeeded

    def _swap(self, turn: Turn, stored: Mapping[str, Any], account: Account) -> str | None:
        """Swap a token that has not ended for a new one; None where it has, or where Spotahome refuses."""
        token = as_text(stored.get("token"))
        if token is None or not self._is_of(stored, account):
            return None
        ends = as_number(stored.get("expires_at"))
        if ends is not None and self.clock.now() >= ends:
            return None
        reply = self._call(turn, account, "POST", "/authentications/me/refresh", token)
        return _read_token(reply) if reply.succeeded else None

    def _log_in(self, turn: Turn, account: Account) -> str:
        login = {"email": account.email, "password": account.password}
        reply = self._call(turn, account, "POST", "/authentications", None, login)
        if reply.said is None:
            # A proxy's page is not Spotahome's word on anybody's password.
            raise PortalUnavailableError("no token", taken=False, status_code=reply.status)
        if not reply.succeeded:
            raise CredentialsError(Problem.of(Cause.ACCOUNT_REFUSED, portal="Spotahome"), status_code=reply.status)
        return _read_token(reply)

    def _call(self, turn: Turn, account: Account, method: str, path: str, token: str | None, body: Any = None) -> Reply:
        headers = {} if token is None else {"Authorization": token}
        return turn.call(method, self.base_url + path, account=account.path, headers=headers, body=body)

    def _usable(self, stored: Mapping[str, Any], account: Account) -> str | None:
        if not self._is_of(stored, account):
            return None
        ends = as_number(stored.get("expires_at"))
        if ends is not None and self.clock.now() >= ends - int(EARLY * self.scale):
            return None
        return as_text(stored.get("token"))

    def _of(self, account: Account) -> dict[str, str]:
        """Return what a token stands for: a login may be corrected, and a hub pointed at another Spotahome."""
        return {"email": account.email, "base_url": self.base_url}

    def _is_of(self, stored: Mapping[str, Any], account: Account) -> bool:
        return all(stored.get(name) == value for name, value in self._of(account).items())


def _read_token(reply: Reply) -> str:
    token = as_text(reply.read().get("token"))
    if token is None:
        raise PortalUnavailableError("a login answer without a token", taken=False, status_code=reply.status)
    return token


def read_end(token: str) -> int | None:
    """Return when a JWT ends (ms), by its own claim `exp`; None where it cannot be read, and then a 401 will tell."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims: Mapping[str, Any] = parse_object(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except ValueError:
        return None
    ends = as_number(claims.get("exp"))
    return None if ends is None else int(ends * SECOND)
