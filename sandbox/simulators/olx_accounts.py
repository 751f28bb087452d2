"""OLX: the app's credentials and the token pairs of its accounts (contract: olx.md §1)."""

import secrets
import time
from base64 import b64encode
from typing import Any

API_KEY = "hub-demo-api-key"
CLIENT = ("hub-demo-client", "hub-demo-secret")
# A first token names its account by what follows: demo-refresh-token-7 and demo-authorization-code-7 are account 7.
FIRST_REFRESH_TOKEN = "demo-refresh-token"
FIRST_CODE = "demo-authorization-code"
SCOPE = "read:adverts write:adverts read:leads read:profile_package"


class GrantRefusedError(Exception):
    """The token request is answered 400 with this text."""


class Accounts:
    """Token pairs in memory. Access tokens live `token_seconds`; each refresh token and each code works once."""

    def __init__(self, token_seconds: int) -> None:
        self._token_seconds = token_seconds
        self.forget()

    def forget(self) -> None:
        self._access: dict[str, tuple[str, float]] = {}
        self._refresh: dict[str, str] = {}
        self._spent: set[str] = set()
        self._revoked: set[str] = set()

    def accepts_client(self, authorization: str) -> bool:
        expected = "Basic " + b64encode(":".join(CLIENT).encode()).decode()
        return secrets.compare_digest(authorization.encode(), expected.encode())

    def grant(self, body: Any) -> dict[str, Any]:
        """Answer a token request with a new pair.

        Raises:
            GrantRefusedError: a grant that is not known, or a code or refresh token that is unknown or spent.
        """
        match body:
            case {"grant_type": "authorization_code", "code": str(code)}:
                account = self._spend(code, FIRST_CODE)
            case {"grant_type": "refresh_token", "refresh_token": str(token)}:
                account = self._spend(token, FIRST_REFRESH_TOKEN)
            case _:
                raise GrantRefusedError("Unsupported grant type or missing parameter")
        if account is None:
            what = "Authorization code" if body["grant_type"] == "authorization_code" else "Refresh token"
            raise GrantRefusedError(f"{what} doesn't exist or is invalid for the client")
        return self._issue(account)

    def find_account(self, authorization: str) -> str | None:
        """The account an access token acts for; None when it is unknown or expired."""
        account, ends = self._access.get(authorization.removeprefix("Bearer "), ("", 0.0))
        return account if time.monotonic() < ends else None

    def expire_access(self, account: str | None = None) -> None:
        """End all access tokens, of one account where it is named."""
        self._access = {token: held for token, held in self._access.items() if account not in (held[0], None)}

    def revoke(self, account: str) -> None:
        """The user withdraws the consent: every token of the account is refused until a new code is used."""
        self._revoked.add(account)
        self._access = {token: held for token, held in self._access.items() if held[0] != account}

    def _spend(self, token: str, first: str) -> str | None:
        account = self._refresh.pop(token, None) if first == FIRST_REFRESH_TOKEN else None
        if account is None and token.startswith(first) and token not in self._spent:
            self._spent.add(token)
            account = token.removeprefix(first).lstrip("-") or "1"
        if first == FIRST_CODE and account:
            self._revoked.discard(account)
        return None if account in self._revoked else account

    def _issue(self, account: str) -> dict[str, Any]:
        access, refresh = f"access-{account}-{secrets.token_hex(12)}", f"refresh-{account}-{secrets.token_hex(12)}"
        self._access[access] = (account, time.monotonic() + self._token_seconds)
        self._refresh[refresh] = account
        return {
            "access_token": access,
            "expires_in": self._token_seconds,
            "token_type": "Bearer",
            "scope": SCOPE,
            "refresh_token": refresh,
        }
