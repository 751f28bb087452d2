"""What Spotahome may refuse (contracts/spotahome.md §7, 401): an account's login."""

from __future__ import annotations

from placard.portals.resting import Credential
from placard.portals.spotahome.accounts import Account


def name_login(account: Account, base_url: str) -> Credential:
    """Return an account's login in an environment. Its note takes the place of the token that it gave.

    An account stored again is another one, though it says the same: somebody did something about it.
    """
    return Credential(account.token_name, {}, {"base_url": base_url, "account": account.version})
