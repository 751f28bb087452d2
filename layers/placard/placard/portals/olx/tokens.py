"""OLX's tokens: one pair per account, kept in the vault, renewed by one caller at a time (contracts/olx.md §1)."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from placard.domain.causes import Cause
from placard.domain.errors import CredentialsError, PortalError, PortalUnavailableError
from placard.domain.instants import MINUTE, SECOND
from placard.domain.problems import Problem
from placard.portals.base import Reply, Turn, before_the_call
from placard.portals.olx.answers import Other, Step, judge
from placard.portals.olx.credentials import APP, APP_REFUSED, CONSENT_REVOKED, name_consent
from placard.portals.reading import as_number, as_text
from placard.portals.resting import Held, Rests, without_note
from placard.ports import Clock, Credentials

_TOKENS = "olx/token/"
# Longer than the renewal's own time limit, so that nobody uses up a refresh token twice.
LEASE = 30 * SECOND
EARLY = 10 * SECOND
LIFE = 60 * MINUTE


@dataclass(frozen=True, slots=True)
class Tokens:
    """Access tokens for the adverts of one account. `scale` shortens waits in the sandbox."""

    base_url: str
    credentials: Credentials
    rests: Rests
    clock: Clock
    scale: float = 1.0

    def app(self) -> Held:
        """Return the hub's own credentials; CredentialsError where there are none, or while they rest."""
        app = self.rests.take(APP)
        if app.secret is None:
            raise CredentialsError(Problem.of(Cause.NO_APP, portal="OLX"))
        return app

    def read(self, turn: Turn, name: str) -> str:
        """Return a token that has not expired, renewing it where it has. `name` is its path in the vault."""
        account = self._stored(name)
        token = as_text(account.value.get("access_token"))
        if token is not None and self._is_fresh(account):
            return token
        return self.renew(turn, name, token)

    def renew(self, turn: Turn, name: str, used: str | None) -> str:
        """Return a token other than the one used up. The new pair is stored before anybody uses it."""
        # A lease without its call would make everybody else of this account wait until it ends.
        turn.admit(account_of(name))
        now = self.clock.now()
        leased = self.credentials.lease(name, now + LEASE, now)
        account = self._stored(name, fresh=True)
        token = as_text(account.value.get("access_token"))
        if token is not None and token != used and self._is_fresh(account):
            return token
        if not leased:
            wait = int(SECOND * self.scale)
            raise PortalUnavailableError("somebody else is renewing the token", taken=False, wait=wait)
        pair = self._refresh(turn, name, account)
        if not self.credentials.write(name, pair, account.version):
            # The account was connected anew meanwhile: that pair is the newer one.
            return str(self._stored(name, fresh=True).value.get("access_token", ""))
        return str(pair["access_token"])

    def stop(self, step: Step, reply: Reply, *, app: Held, name: str, token: str) -> PortalError | None:
        """Return the error of a step that ends a call whatever it was for, None for any other step.

        `app`, `name` and `token` are the credentials that the call was made with; what is refused for good rests.
        """
        if step is Step.STOP_ACCOUNT:
            error = CredentialsError(CONSENT_REVOKED, status_code=reply.status)
            return self.rests.begin_of_token(name_consent(name), token, error)
        return self._stop(step, reply, app)

    def _stop(self, step: Step, reply: Reply, app: Held) -> PortalError | None:
        if step is Step.RETRY:
            return PortalUnavailableError("refused before the API", taken=False, status_code=reply.status)
        if step is Step.STOP_APP:
            return self.rests.begin(app, CredentialsError(APP_REFUSED, status_code=reply.status))
        return None

    def trade(self, turn: Turn, name: str, code: str) -> dict[str, Any]:
        """Return the first pair of a consent, as it is to be kept; CredentialsError where its code is refused."""
        said = self._grant(turn, name, {"grant_type": "authorization_code", "code": code}, None)
        return self._read_pair(said, {})

    def _refresh(self, turn: Turn, name: str, account: Held) -> dict[str, Any]:
        grant = {"grant_type": "refresh_token", "refresh_token": account.value.get("refresh_token")}
        return self._read_pair(self._grant(turn, name, grant, account), without_note(account.value))

    def _grant(self, turn: Turn, name: str, grant: Mapping[str, Any], account: Held | None) -> Reply:
        """Ask for a pair; `account` is the credential that a refusal is of, which rests, None for a code."""
        app = self.app()
        pair = f"{app.value.get('client_id', '')}:{app.value.get('client_secret', '')}"
        basic = base64.b64encode(pair.encode()).decode("ascii")
        with before_the_call():
            reply = turn.call(
                "POST",
                f"{self.base_url}/oauth/v1/token",
                account=account_of(name),
                headers={**identify(app), "Authorization": f"Basic {basic}"},
                body=dict(grant),
            )
            step = judge(Other.RENEWAL, reply)
            if step is Step.STOP_ACCOUNT:
                refused = CredentialsError(CONSENT_REVOKED, status_code=reply.status)
                raise refused if account is None else self.rests.begin(account, refused)
            refusal = self._stop(step, reply, app)
            if refusal is not None:
                raise refusal
        return reply

    def _read_pair(self, reply: Reply, kept: Mapping[str, Any]) -> dict[str, Any]:
        with before_the_call():
            said = reply.read()
        token, refresh = as_text(said.get("access_token")), as_text(said.get("refresh_token"))
        if token is None:
            raise PortalUnavailableError("a token answer without a token", taken=False, status_code=reply.status)
        life = as_number(said.get("expires_in"))
        ends = self.clock.now() + (LIFE if life is None else int(life * SECOND))
        pair = {**kept, "access_token": token, "expires_at": ends}
        return pair if refresh is None else {**pair, "refresh_token": refresh}

    def _is_fresh(self, account: Held) -> bool:
        ends = as_number(account.value.get("expires_at"))
        return ends is not None and self.clock.now() < ends - int(EARLY * self.scale)

    def _stored(self, name: str, *, fresh: bool = False) -> Held:
        account = self.rests.take(name_consent(name), fresh=fresh)
        if not account.value:
            raise CredentialsError(Problem.of(Cause.NO_CONSENT))
        return account


def identify(app: Held) -> dict[str, str]:
    """Return the headers that name the app, as every call carries them."""
    return {"X-API-KEY": str(app.value.get("api_key", ""))}


def name_token(customer: str, channel: str, account: str) -> str:
    """Return where an account's token is kept in the vault."""
    return f"{_TOKENS}{customer}/{channel}/{account}"


def account_of(name: str) -> str:
    """Return the account that a token is of, as `<customer>/<channel>/<account>`."""
    return name.removeprefix(_TOKENS)
