"""A CRM of somebody else's, written for AVIV's Classifieds Management V4 before this hub was there.

It knows what seeds 000 and 003 document and nothing else: neither our package nor our sandbox, and no member that V4 does
not have. It reads strictly, as generated clients do: every required member, every word of an enumeration; unknown members
are passed over. Only its base URL and its token are new.
"""

import json
import queue
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from uuid import UUID

import httpx

USER_AGENT = "MyAwesomeSoft/1.0.0 curl/7.52.1 debian/9~1.gbpf8534c"
# Seed 000, ClassifiedStatus.
PORTALS = {"SL", "BUCOM", "BD", "SLC", "SLN"}
RECEIVING = {
    f"{word}_{call}" for word in ("RECEIVING", "RECEIVED", "RECEIVING_FAILED") for call in ("POST", "PUT", "DELETE")
}
WORDS = {
    *("RECEIVING", "RECEIVED", "RECEIVING_FAILED"),
    *("CREATING", "CREATED", "CREATED_WITH_MEDIA_ERROR", "CREATING_FAILED"),
    *("UPDATING", "UPDATED", "UPDATED_WITH_MEDIA_ERROR", "UPDATING_FAILED"),
    *("DELETING", "DELETED", "DELETING_FAILED"),
}
# Seed 000, Webhook: twelve of them can be subscribed to.
SUBSCRIBABLE = WORDS - {"CREATED_WITH_MEDIA_ERROR", "UPDATED_WITH_MEDIA_ERROR"}
Json = dict[str, Any]


class V4Error(Exception):
    """A refusal: its status and the text that the CRM shows to its people."""

    def __init__(self, answer: httpx.Response) -> None:
        said = answer.json()
        self.status, self.title, self.detail = answer.status_code, str(said["title"]), str(said["detail"])
        self.type, self.instance = str(said["type"]), str(said["instance"])
        self.errors = [(str(error["name"]), str(error["reason"])) for error in said.get("errors", [])]
        assert said["status"] == self.status
        super().__init__(f"{self.status} {self.title}: {self.detail}")


@dataclass(frozen=True)
class Status:
    """Seed 000's ClassifiedStatus."""

    portals: tuple[str, ...]
    status: str
    message: str
    at: datetime
    sub_status: str | None
    media: tuple[tuple[str, str], ...]

    @classmethod
    def read(cls, said: Json) -> Self:
        """Read one; raises for whatever the documentation does not foresee."""
        portals, word, sub_status = tuple(said["portals"]), said["status"], said.get("subStatus")
        assert portals, said
        assert set(portals) <= PORTALS, said
        assert word in WORDS, said
        assert isinstance(said["message"], str), said
        assert sub_status is None or sub_status in RECEIVING, said
        assert isinstance(said.get("subStatusDetails", ""), str), said
        media = tuple((str(item["url"]), str(item["status"])) for item in said.get("mediaStatuses", []))
        return cls(portals, word, said["message"], _read_date(said["statusDate"]), sub_status, media)


@dataclass(frozen=True)
class StoredStatus:
    """Seed 000's ClassifiedStatusInternal: a status with what its classified is."""

    status: Status
    status_id: str
    classified_id: UUID
    customer_id: str
    created: datetime
    revision: int

    @classmethod
    def read(cls, said: Json) -> Self:
        """Read one; raises for whatever the documentation does not foresee."""
        assert isinstance(said["statusId"], str), said
        assert isinstance(said["customerId"], str), said
        assert type(said["revision"]) is int, said
        assert said["revision"] >= 1, said
        created = _read_date(said["creationDate"])
        return cls(
            Status.read(said),
            said["statusId"],
            UUID(said["classifiedId"]),
            said["customerId"],
            created,
            said["revision"],
        )


class V4Client:
    """The calls of V4 that this CRM makes."""

    def __init__(self, base_url: str, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}", "User-Agent": USER_AGENT}
        self._http = httpx.Client(base_url=base_url, headers=headers, timeout=60, trust_env=False)

    def close(self) -> None:
        """Close its connections."""
        self._http.close()

    def publish(self, classified: Json, trace: str | None = None) -> str:
        """POST a brand-new classified; returns its id."""
        return self._acknowledge(self._send("POST", "/classifieds", 202, classified, trace))

    def update(self, classified_id: str, classified: Json, trace: str | None = None) -> None:
        """PUT the full classified."""
        assert (
            self._acknowledge(self._send("PUT", f"/classifieds/{classified_id}", 202, classified, trace))
            == classified_id
        )

    def remove(self, classified_id: str) -> None:
        """DELETE: the classified shall cease to appear."""
        assert self._acknowledge(self._send("DELETE", f"/classifieds/{classified_id}", 202)) == classified_id

    def list_statuses(self, classified_id: str, **query: str) -> list[StoredStatus]:
        """All statuses of a classified, the oldest first."""
        items: list[Json] = []
        token: dict[str, str] = {}
        while True:
            path = f"/classifieds/{classified_id}/statuses"
            said = self._send("GET", path, 200, query={**query, **token}).json()
            items += said["items"]
            if "nextToken" not in said:
                return sorted((StoredStatus.read(item) for item in items), key=lambda one: one.created)
            token = {"nextToken": said["nextToken"]}

    def subscribe(self, url: str, statuses: list[str] | None = None) -> str:
        """PUT /webhooks: be told instead of asking."""
        wanted = {"url": url} if statuses is None else {"url": url, "statuses": statuses}
        return _read_string(self._send("PUT", "/webhooks", 200, wanted))

    def unsubscribe(self) -> str:
        """DELETE /webhooks."""
        return _read_string(self._send("DELETE", "/webhooks", 200))

    def send_without_agent(self) -> None:
        """Forget the one header that is required."""
        self._send("GET", "/classifieds", 200, agent="curl/8.0")

    def _acknowledge(self, answer: httpx.Response) -> str:
        said = answer.json()
        # Relative to the base, and to be followed as it stands.
        (link,) = [link["statuses"] for link in said["links"] if "statuses" in link]
        assert link == f"/classifieds/{said['classifiedId']}/statuses"
        return str(UUID(said["classifiedId"]))

    def _send(
        self,
        method: str,
        path: str,
        expected: int,
        body: Json | None = None,
        trace: str | None = None,
        query: dict[str, str] | None = None,
        agent: str = USER_AGENT,
    ) -> httpx.Response:
        headers = {"User-Agent": agent} | ({} if trace is None else {"traceparent": trace})
        answer = self._http.request(method, path, json=body, headers=headers, params=query)
        if answer.status_code != expected:
            raise V4Error(answer)
        if trace is not None:
            assert answer.headers["traceparent"] == trace
        return answer


class Listener:
    """Where the CRM is called back: `POST {url}/classifieds/{classifiedId}/statuses`, answered with 201."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._heard: queue.Queue[tuple[str, bytes]] = queue.Queue()

    def hear(self, path: str, body: bytes) -> None:
        """Keep what came."""
        self._heard.put((path, body))

    def await_status(self, seconds: float = 180) -> tuple[str, Status]:
        """The next status and the classified it is about; fails when none comes."""
        path, body = self._heard.get(timeout=seconds)
        found = re.fullmatch(r"/crm/classifieds/([^/]+)/statuses", path)
        assert found is not None, path
        return found[1], Status.read(json.loads(body))


@contextmanager
def listening() -> Iterator[Listener]:
    """Listen on a loopback port while the block runs."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            listener.hear(self.path, self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(201)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listener = Listener(f"http://127.0.0.1:{server.server_port}/crm")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield listener
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _read_date(text: str) -> datetime:
    date = datetime.fromisoformat(text)
    assert date.tzinfo is not None, text
    return date


def _read_string(answer: httpx.Response) -> str:
    said = answer.json()
    assert isinstance(said, str)
    return said
