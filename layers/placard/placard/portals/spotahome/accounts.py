"""Which of an agency's accounts a call is made with (vault: `spotahome/accounts/<customer>`)."""

from __future__ import annotations

from dataclasses import dataclass

from placard.domain.errors import CredentialsError
from placard.domain.problems import Problem
from placard.portals.reading import as_object, as_text
from placard.ports import Credentials

NAMED = "/specific/spotahome/account"


@dataclass(frozen=True, slots=True)
class Account:
    """A login. `owner_id` is the landlord account that its properties belong to (contracts/spotahome.md §5)."""

    customer: str
    name: str
    email: str
    password: str
    owner_id: str | None

    @property
    def token_name(self) -> str:
        """Where its token is kept in the vault."""
        return f"spotahome/token/{self.customer}/{self.name}"

    def __repr__(self) -> str:
        """Return the account without its password."""
        return f"Account({self.customer}/{self.name})"


def choose_account(credentials: Credentials, customer: str, named: str | None = None) -> Account:
    """Return the account that is named, else the only one. Raises CredentialsError where there is none to choose."""
    secret = credentials.read(f"spotahome/accounts/{customer}")
    if secret is None or not secret.value:
        raise CredentialsError(Problem("not_connected", "No account of Spotahome is connected."))
    known = secret.value
    if named is None and len(known) > 1:
        detail = "Several accounts of Spotahome are connected and none is named."
        raise CredentialsError(Problem("account_ambiguous", detail, NAMED))
    name = next(iter(known)) if named is None else named
    if name not in known:
        raise CredentialsError(Problem("not_connected", f"The account {name} is not connected.", NAMED))
    account = as_object(known[name])
    email, password = as_text(account.get("email")), as_text(account.get("password"))
    if email is None or password is None:
        raise CredentialsError(Problem("credentials_invalid", "The account lacks its e-mail address or password."))
    return Account(customer, name, email, password, as_text(account.get("owner_id")))
