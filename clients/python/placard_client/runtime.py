"""What every call shares: the token, the headers, and the exception that a refusal becomes."""

from __future__ import annotations

import platform
import time
from collections.abc import Generator, Mapping, Sequence
from typing import Any, Self
from urllib.parse import quote

import httpx

from placard_client.errors import BY_STATUS, RefusedError

TIMEOUT_SECONDS = 30.0
# A token is renewed this long before it ends, so that no call is on its way while it does.
SPARE_SECONDS = 60.0


class ClientCredentials(httpx.Auth):
    """Fetches an access token with the client's own credentials when there is none, and a new one when it ends."""

    requires_response_body = True

    def __init__(self, token_url: str, client_id: str, client_secret: str, scopes: Sequence[str] = ()) -> None:
        self._token_url = token_url
        self._client = httpx.BasicAuth(client_id, client_secret)
        self._scopes = " ".join(scopes)
        self._token = ""
        self._ends = 0.0

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Send the request with a token, once more with a new one where that is refused."""
        if time.monotonic() >= self._ends:
            yield from self._fetch()
        request.headers["Authorization"] = f"Bearer {self._token}"
        response = yield request
        if response.status_code == httpx.codes.UNAUTHORIZED:
            yield from self._fetch()
            request.headers["Authorization"] = f"Bearer {self._token}"
            yield request

    def _fetch(self) -> Generator[httpx.Request, httpx.Response, None]:
        form = {"grant_type": "client_credentials"} | ({"scope": self._scopes} if self._scopes else {})
        asking = next(self._client.auth_flow(httpx.Request("POST", self._token_url, data=form)))
        response = yield asking
        if not response.is_success:
            raise _refusal(response)
        answer = response.json()
        self._token = answer["access_token"]
        self._ends = time.monotonic() + float(answer.get("expires_in", 0)) - SPARE_SECONDS


class BaseClient:
    """A connection to one hub. `software` is the CRM's own name and version, as the hub logs it: `MyCrm/1.0`.

    `customer_id` names the agency where the client may act for several. Nothing is repeated by itself: a POST may be sent again
    with the same body or `idempotency_key`, everything else is the same when it is done twice.
    """

    def __init__(
        self,
        api_url: str,
        auth: httpx.Auth,
        *,
        software: str,
        customer_id: str | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        system = f"{platform.system() or 'unknown'}/{platform.release() or '0'}"
        headers = {"User-Agent": f"{software} httpx/{httpx.__version__} {system}"}
        if customer_id is not None:
            headers["Customer-Id"] = customer_id
        self._http = httpx.Client(
            base_url=api_url, auth=auth, headers=headers, timeout=TIMEOUT_SECONDS, transport=transport
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        self._http.close()

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str | None] | None = None,
        body: Any = None,
    ) -> Any:
        """Return the answer's JSON, None for one without a body; what is None among the parameters is left out.

        Raises RefusedError for every status but a success, and httpx.TransportError where there is no answer.
        """
        answer = self._http.request(
            method,
            path,
            params={name: value for name, value in (query or {}).items() if value is not None},
            headers={name: value for name, value in (headers or {}).items() if value is not None},
            json=body,
        )
        if not answer.is_success:
            raise _refusal(answer)
        return answer.json() if answer.content else None


def escape(value: object) -> str:
    """Return a value as one segment of a path."""
    return quote(str(value), safe="")


def _refusal(answer: httpx.Response) -> RefusedError:
    try:
        body = answer.json()
    except ValueError:
        body = None
    asked = answer.headers.get("Retry-After", "")
    found = BY_STATUS.get(answer.status_code, RefusedError)
    return found(answer.status_code, body if isinstance(body, dict) else {}, float(asked) if asked.isdigit() else None)
