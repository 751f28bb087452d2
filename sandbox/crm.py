"""A small CRM: the client side of the hub's API, as the demo and the tests use it."""

import platform
from collections.abc import Iterator, Mapping
from typing import Any

import httpx

from sandbox.errors import SandboxError

# Three name/version pairs: software, tool, operating system.
USER_AGENT = f"placard-crm/1.0 httpx/{httpx.__version__} {platform.system()}/{platform.release()}"
TIMEOUT_SECONDS = 60.0
PAGE = 100

Json = dict[str, Any]


class Crm:
    """Calls the hub with a token of the machine client's. `customer` names another agency than the sandbox's own.

    Verbs named after what they do raise `SandboxError` unless the hub takes the call; `send` returns any answer.
    """

    def __init__(self, endpoints: Mapping[str, Any], customer: str | None = None) -> None:
        self._endpoints = endpoints
        self._headers = {"User-Agent": USER_AGENT} | ({} if customer is None else {"Customer-Id": customer})
        self._client = httpx.Client(timeout=TIMEOUT_SECONDS, trust_env=False)
        self._token: str | None = None

    def close(self) -> None:
        self._client.close()

    def fetch_token(self, scopes: list[str] | None = None) -> str:
        """A new access token for these scopes, all of the client's when none are named."""
        answer = self._client.post(
            self._endpoints["token_url"],
            data={"grant_type": "client_credentials", "scope": " ".join(scopes or self._endpoints["scopes"])},
            auth=(self._endpoints["client_id"], self._endpoints["client_secret"]),
        )
        answer.raise_for_status()
        return str(answer.json()["access_token"])

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Call the API; `options` are httpx's. Headers given here win, and one of None is left out."""
        given = options.pop("headers", {})
        answer = self._send(method, path, given, options)
        if answer.status_code == httpx.codes.UNAUTHORIZED and "Authorization" not in given:
            self._token = None  # it has ended: a campaign may last longer than a token
            answer = self._send(method, path, given, options)
        return answer

    def _send(self, method: str, path: str, given: Mapping[str, str | None], options: Json) -> httpx.Response:
        if self._token is None and "Authorization" not in given:
            self._token = self.fetch_token()
        wanted = {"Authorization": f"Bearer {self._token}", **self._headers, **given}
        headers = {name: value for name, value in wanted.items() if value is not None}
        request = self._client.build_request(method, self._endpoints["api_url"] + path, headers=headers, **options)
        if wanted.get("User-Agent", "") is None:
            del request.headers["User-Agent"]  # httpx would add its own
        return self._client.send(request)

    def post(self, classified: Json) -> Json:
        """Publish; returns the ack `{classifiedId, links, revision}`."""
        return self._demand("POST", "/classifieds", json=classified)

    def put(self, classified_id: str, classified: Json) -> Json:
        """Replace; returns the ack."""
        return self._demand("PUT", f"/classifieds/{classified_id}", json=classified)

    def delete(self, classified_id: str) -> Json:
        """Take off every portal; returns the ack."""
        return self._demand("DELETE", f"/classifieds/{classified_id}")

    def deactivate(self, classified_id: str, portals: list[str] | None = None) -> Json:
        """Take offline, to be kept there; on all portals unless some are named. Returns the ack."""
        return self._ask("deactivate", classified_id, portals)

    def activate(self, classified_id: str, portals: list[str] | None = None) -> Json:
        """Bring online again; returns the ack."""
        return self._ask("activate", classified_id, portals)

    def retry(self, classified_id: str, portals: list[str] | None = None) -> Json:
        """Try again what did not reach its goal; returns the ack."""
        return self._ask("retry", classified_id, portals)

    def read_latest(self, classified_id: str) -> dict[str, Json]:
        """The latest status entry of each portal."""
        answer = self._demand("GET", f"/classifieds/{classified_id}/statuses", params={"filter": "latest"})
        return {portal: entry for entry in answer["items"] for portal in entry["portals"]}

    def list_statuses(self, classified_id: str) -> Iterator[Json]:
        """The whole timeline, newest first, page by page."""
        params: dict[str, Any] = {"limit": PAGE}
        while True:
            page = self._demand("GET", f"/classifieds/{classified_id}/statuses", params=params)
            yield from page["items"]
            if "nextToken" not in page:
                return
            params["nextToken"] = page["nextToken"]

    def _ask(self, what: str, classified_id: str, portals: list[str] | None) -> Json:
        options = {} if portals is None else {"json": {"portals": portals}}
        return self._demand("POST", f"/classifieds/{classified_id}/{what}", **options)

    def _demand(self, method: str, path: str, **options: Any) -> Json:
        answer = self.send(method, path, **options)
        if not answer.is_success:
            raise SandboxError(f"The hub answers {method} {path} with {answer.status_code}: {explain(answer)}")
        body: Json = answer.json()
        return body


def explain(answer: httpx.Response) -> str:
    """What an error answer says, on one line."""
    try:
        body = answer.json()
    except ValueError:
        return answer.text[:200].strip() or "no reason given"
    if not isinstance(body, dict):
        return str(body)[:200]
    reasons = [f"{error.get('name')} {error.get('reason')}" for error in body.get("errors", [])]
    return "; ".join([str(body.get("detail") or body.get("message") or body.get("title")), *reasons])
