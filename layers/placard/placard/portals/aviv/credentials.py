"""What AVIV may refuse (contracts/aviv.md §5, 401 and 403): an agency's credential, or the hub's own."""

from __future__ import annotations

from placard.portals.aviv.accounts import APP, Account
from placard.portals.resting import Credential

CLIENT = {APP: ("client_id", "client_secret")}


def name_app(audience: str) -> Credential:
    """Return the hub's own credentials in an environment; while they rest no agency gets a token."""
    return Credential(APP, CLIENT, {"audience": audience})


def name_agency(account: Account, audience: str) -> Credential:
    """Return an agency's: another secret of the app may be granted what the former was not.

    Its note takes the place of its token, which would lack what it lacks for the rest of its day. An account stored again is
    another one, though it says the same: somebody did something about it.
    """
    return Credential(account.token_path, CLIENT, {"audience": audience, "account": account.version})
