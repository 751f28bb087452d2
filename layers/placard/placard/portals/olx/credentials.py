"""What OLX may refuse (contracts/olx.md §6): "stop the account", "stop all calls of the app"."""

from __future__ import annotations

from placard.domain.causes import Cause
from placard.domain.problems import Problem
from placard.portals.resting import Credential

APP = Credential("olx/app", {"olx/app": ("api_key", "client_id", "client_secret")})
APP_REFUSED = Problem.of(Cause.APP_REFUSED, portal="OLX")
CONSENT_REVOKED = Problem.of(Cause.CONSENT_REVOKED)


def name_consent(account: str) -> Credential:
    """Return an account's consent. `account` is the path of its tokens in the vault."""
    return Credential(account, {account: ("refresh_token",)})
