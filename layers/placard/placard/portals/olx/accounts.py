"""Which of an agency's accounts on a site an advert belongs to (vault: `olx/accounts/<customer>/<channel>`)."""

from __future__ import annotations

from placard.domain.causes import Cause
from placard.domain.classified import Classified
from placard.domain.errors import CredentialsError
from placard.domain.problems import Problem
from placard.portals.olx.draft import Draft
from placard.portals.olx.sites import PORTAL_OF
from placard.portals.reading import as_text
from placard.ports import Credentials


def list_accounts(credentials: Credentials, customer: str, channel: str) -> tuple[str, ...]:
    """Return the names of the accounts connected; CredentialsError when there is none."""
    secret = credentials.read(f"olx/accounts/{customer}/{channel}")
    if secret is None or not secret.value:
        raise CredentialsError(Problem.of(Cause.NO_ACCOUNT, portal=PORTAL_OF[channel]))
    return tuple(secret.value)


def choose_account(classified: Classified, channel: str, accounts: tuple[str, ...]) -> str | None:
    """Return the account the listing names, else the only one; None where nobody can tell."""
    draft = Draft(classified.body, PORTAL_OF[channel])
    named = as_text(draft.override("account"))
    if named is None:
        return accounts[0] if len(accounts) == 1 else None
    if named not in accounts:
        raise CredentialsError(Problem.of(Cause.NO_SUCH_ACCOUNT, draft.locate("account"), account=named))
    return named


def ambiguous(channel: str) -> CredentialsError:
    """Return the error of a listing that names none of several accounts."""
    portal = PORTAL_OF[channel]
    return CredentialsError(Problem.of(Cause.SEVERAL_ACCOUNTS, f"/specific/olx/{portal}/account", portal=portal))
