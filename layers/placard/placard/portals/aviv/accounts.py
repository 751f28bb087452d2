"""Whom the hub acts for at AVIV, and as whom (vault: `aviv/accounts/<customer>` and `aviv/app`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from placard.domain.causes import Cause
from placard.domain.errors import CredentialsError
from placard.domain.messages import Secret
from placard.domain.problems import Problem
from placard.portals.reading import as_text
from placard.ports import Credentials

APP = "aviv/app"


class Account(NamedTuple):
    """An agency's account: where its token is kept, the intermediary it is, and the version of the secret that says so."""

    token_path: str
    intermediary: str
    version: int


def read_account(credentials: Credentials, customer: str, *, fresh: bool = False) -> Account:
    """Return the agency's one account. Raises CredentialsError."""
    secret = credentials.read(f"aviv/accounts/{customer}", fresh=fresh)
    if secret is None or not secret.value:
        raise CredentialsError(Problem.of(Cause.NO_ACCOUNT, portal="AVIV"))
    if len(secret.value) > 1:
        raise CredentialsError(Problem.of(Cause.SEVERAL_ACCOUNTS, portal="AVIV"))
    name, account = next(iter(secret.value.items()))
    intermediary = as_text(account.get("intermediary_id")) if isinstance(account, Mapping) else None
    if intermediary is None:
        raise CredentialsError(Problem.of(Cause.ACCOUNT_INCOMPLETE, what="intermediary id"))
    return Account(f"aviv/token/{customer}/{name}", intermediary, secret.version)


def read_app(credentials: Credentials) -> Secret:
    """Return the hub's own credentials and the key of its callback addresses. Raises CredentialsError."""
    secret = credentials.read(APP)
    if secret is None:
        raise CredentialsError(Problem.of(Cause.NO_APP, portal="AVIV"))
    return secret
