"""OLX's tokens: one pair per account, kept in the vault, renewed by one caller at a time (contracts/olx.md §1)."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from placard.domain.causes import Cause
from placard.domain.errors import CredentialsError, PortalUnavailableError
from placard.domain.instants import MINUTE, SECOND
from placard.domain.problems import Problem
from placard.portals.base import Wire, before_the_call
from placard.portals.olx.answers import Other, judge, stop
from placard.portals.reading import as_number, as_text
from placard.ports import Clock, Credentials, Secret

APP = "olx/app"
# Longer than the renewal's own time limit, so that nobody uses up a refresh token twice.
LEASE = 30 * SECOND
EARLY = 10 * SECOND
LIFE = 60 * MINUTE


@dataclass(frozen=True, slots=True)
class Tokens:
    """Access tokens for the adverts of one account. `scale` shortens waits in the sandbox."""

    base_url: str
    credentials: Credentials
    clock: Clock
    wire: Wire
    scale: float = 1.0

    def headers(self) -> dict[str, str]:
        """Return the headers every call carries."""
        return {"X-API-KEY": str(self._app().get("api_key", ""))}

    def read(self, name: str) -> str:
        """Return a token that has not expired, renewing it where it has. `name` is its path in the vault."""
        secret = self._stored(name)
        token = as_text(secret.value.get("access_token"))
        if token is not None and self._is_fresh(secret):
            return token
        return self.renew(name, token)

    def renew(self, name: str, used: str | None) -> str:
        """Return a token other than the one used up. The new pair is stored before anybody uses it."""
        now = self.clock.now()
        leased = self.credentials.lease(name, now + LEASE, now)
        secret = self._stored(name, fresh=True)
        token = as_text(secret.value.get("access_token"))
        if token is not None and token != used and self._is_fresh(secret):
            return token
        if not leased:
            wait = int(SECOND * self.scale)
            raise PortalUnavailableError("somebody else is renewing the token", taken=False, wait=wait)
        pair = self._refresh(secret)
        if not self.credentials.write(name, pair, secret.version):
            # The account was connected anew meanwhile: that pair is the newer one.
            return str(self._stored(name, fresh=True).value.get("access_token", ""))
        return str(pair["access_token"])

    def _refresh(self, secret: Secret) -> dict[str, Any]:
        app = self._app()
        basic = base64.b64encode(f"{app.get('client_id', '')}:{app.get('client_secret', '')}".encode()).decode("ascii")
        with before_the_call():
            reply = self.wire.call(
                "POST",
                f"{self.base_url}/oauth/v1/token",
                headers={**self.headers(), "Authorization": f"Basic {basic}"},
                body={"grant_type": "refresh_token", "refresh_token": secret.value.get("refresh_token")},
            )
            refusal = stop(judge(Other.RENEWAL, reply), reply)
            if refusal is not None:
                raise refusal
            said = reply.read()
        token, refresh = as_text(said.get("access_token")), as_text(said.get("refresh_token"))
        if token is None:
            raise PortalUnavailableError("a token answer without a token", taken=False, status_code=reply.status)
        life = as_number(said.get("expires_in"))
        ends = self.clock.now() + (LIFE if life is None else int(life * SECOND))
        kept = {**secret.value, "access_token": token, "expires_at": ends}
        return kept if refresh is None else {**kept, "refresh_token": refresh}

    def _is_fresh(self, secret: Secret) -> bool:
        ends = as_number(secret.value.get("expires_at"))
        return ends is not None and self.clock.now() < ends - int(EARLY * self.scale)

    def _stored(self, name: str, *, fresh: bool = False) -> Secret:
        secret = self.credentials.read(name, fresh=fresh)
        if secret is None or not secret.value:
            raise CredentialsError(Problem.of(Cause.NO_CONSENT))
        return secret

    def _app(self) -> Mapping[str, Any]:
        secret = self.credentials.read(APP)
        if secret is None:
            raise CredentialsError(Problem.of(Cause.NO_APP, portal="OLX"))
        return secret.value
