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
from placard.portals.spotahome.accounts import Account
from placard.ports import Clock, Credentials, Secret

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
        token = self._usable(self.credentials.read(account.token_name), account)
        return self.renew(turn, account, None) if token is None else token

    def renew(self, turn: Turn, account: Account, refused: str | None) -> str:
        """Return a token other than the one refused. One caller renews it; the others take it from the vault."""
        now = self.clock.now()
        leased = self.credentials.lease(account.token_name, now + LEASE, now)
        stored = self.credentials.read(account.token_name, fresh=True)
        token = self._usable(stored, account)
        if token is not None and token != refused:
            return token
        if not leased:
            wait = int(SECOND * self.scale)
            raise PortalUnavailableError("somebody else is renewing the token", taken=False, wait=wait)
        with before_the_call():
            fresh = self._swap(turn, stored, account) or self._log_in(turn, account)
        value = {"token": fresh, "expires_at": read_end(fresh), **self._of(account)}
        self.credentials.write(account.token_name, value, 0 if stored is None else stored.version)
        return fresh

    def is_known(self, turn: Turn, account: Account, token: str) -> bool:
        """Whether Spotahome knows who bears a token: then a 401 is about rights (§2)."""
        with before_the_call():
            return self._call(turn, account, "GET", "/me", token).succeeded

    def _swap(self, turn: Turn, stored: Secret | None, account: Account) -> str | None:
        """Swap a token that has not ended for a new one; None where it has, or where Spotahome refuses."""
        token = None if stored is None else as_text(stored.value.get("token"))
        if stored is None or token is None or not self._is_of(stored, account):
            return None
        ends = as_number(stored.value.get("expires_at"))
        if ends is not None and self.clock.now() >= ends:
            return None
        reply = self._call(turn, account, "POST", "/authentications/me/refresh", token)
        return _read_token(reply) if reply.succeeded else None

    def _log_in(self, turn: Turn, account: Account) -> str:
        login = {"email": account.email, "password": account.password}
        reply = self._call(turn, account, "POST", "/authentications", None, login)
        if not reply.succeeded:
            raise CredentialsError(Problem.of(Cause.ACCOUNT_REFUSED, portal="Spotahome"), status_code=reply.status)
        return _read_token(reply)

    def _call(self, turn: Turn, account: Account, method: str, path: str, token: str | None, body: Any = None) -> Reply:
        headers = {} if token is None else {"Authorization": token}
        return turn.call(method, self.base_url + path, account=account.path, headers=headers, body=body)

    def _usable(self, stored: Secret | None, account: Account) -> str | None:
        if stored is None or not self._is_of(stored, account):
            return None
        ends = as_number(stored.value.get("expires_at"))
        if ends is not None and self.clock.now() >= ends - int(EARLY * self.scale):
            return None
        return as_text(stored.value.get("token"))

    def _of(self, account: Account) -> dict[str, str]:
        """Return what a token stands for: a login may be corrected, and a hub pointed at another Spotahome."""
        return {"email": account.email, "base_url": self.base_url}

    def _is_of(self, stored: Secret, account: Account) -> bool:
        return all(stored.value.get(name) == value for name, value in self._of(account).items())


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
