"""Which of an agency's accounts a call is made with (vault: `spotahome/accounts/<customer>`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from placard.domain.causes import Cause
from placard.domain.errors import CredentialsError
from placard.domain.problems import Problem
from placard.portals.reading import as_object, as_text
from placard.ports import Credentials

NAMED = "/specific/spotahome/account"
OWNER = "/specific/spotahome/ownerId"


@dataclass(frozen=True, slots=True)
class Account:
    """A login. `owner_id` is the landlord account that its properties belong to (contracts/spotahome.md §5).

    `version` is that of the secret that says so.
    """

    customer: str
    name: str
    email: str
    password: str
    owner_id: str | None
    version: int

    @property
    def path(self) -> str:
        """Its name among all customers' accounts."""
        return f"{self.customer}/{self.name}"

    @property
    def token_name(self) -> str:
        """Where its token is kept in the vault."""
        return f"spotahome/token/{self.path}"

    def __repr__(self) -> str:
        """Return the account without its password."""
        return f"Account({self.path})"


def choose_account(
    credentials: Credentials, customer: str, named: str | None = None, *, fresh: bool = False
) -> Account:
    """Return the account that is named, else the only one. Raises CredentialsError where there is none to choose."""
    secret = credentials.read(f"spotahome/accounts/{customer}", fresh=fresh)
    if secret is None or not secret.value:
        raise CredentialsError(Problem.of(Cause.NO_ACCOUNT, portal="Spotahome"))
    known = secret.value
    if named is None and len(known) > 1:
        raise CredentialsError(Problem.of(Cause.SEVERAL_ACCOUNTS, NAMED, portal="Spotahome"))
    name = next(iter(known)) if named is None else named
    if name not in known:
        raise CredentialsError(Problem.of(Cause.NO_SUCH_ACCOUNT, NAMED, account=name))
    account = as_object(known[name])
    email, password = as_text(account.get("email")), as_text(account.get("password"))
    if email is None or password is None:
        raise CredentialsError(Problem.of(Cause.ACCOUNT_INCOMPLETE, what="e-mail address or password"))
    return Account(customer, name, email, password, as_text(account.get("owner_id")), secret.version)


def owner_of(account: Account, payload: Mapping[str, Any]) -> str:
    """Return whom a property belongs to: whom the listing names, else the account. Raises CredentialsError."""
    owner = as_text(payload.get("ownerId")) or account.owner_id
    if owner is None:
        raise CredentialsError(Problem.of(Cause.ACCOUNT_INCOMPLETE, OWNER, what="owner id"))
    return owner
