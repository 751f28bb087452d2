"""The console before the real handlers and the store in memory, over real HTTP: as API Gateway puts them, without AWS."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

from functions.console import app as console
from functions.publish_classified import app as publish_classified
from functions.query_status import app as query_status
from placard import bootstrap
from placard.domain.channels import CHANNEL_OF
from placard.domain.classified import Classified
from placard.domain.events import Advert, AdvertState
from placard.domain.health import Health, PublicationHealth
from placard.domain.lifecycle import FAILED_WORDS, Word
from placard.domain.look import open_publication, see
from placard.domain.problems import Problem
from placard.ports import Change, Page
from placard.use_cases.publish_classified import Caller, post_classified
from tests.fakes import FakeClock, MemoryStore
from tests.integration.stores.samples import post
from tests.unit.api.crm import make_body

CUSTOMER, TOKEN = "agency-7", "a.valid.token"
PREFIX = "/some/stage"
Routes = Mapping[str, Any]
HANDLERS: Routes = {route: app.handler for app in (query_status, publish_classified) for route in app.ROUTES} | {
    "GET /console": console.handler,
    "GET /console/{asset}": console.handler,
}


@dataclass
class Call:
    """One request that came in."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: str


@dataclass
class Hub:
    """A store, and the page's requests. `broken` answers in the place of the handlers: a status by path prefix. `hold` may
    let a request wait.
    """

    url: str
    store: MemoryStore
    clock: FakeClock
    calls: list[Call] = field(default_factory=list)
    broken: dict[str, int] = field(default_factory=dict)
    hold: Callable[[Call], object] = lambda call: None

    def publish(self, key: str, title: str = "", portals: tuple[str, ...] = ("SL", "IMOVIRTUAL")) -> str:
        """Publish a listing, which then is live on all its portals, a second after the one before."""
        self.clock.advance(1000)
        body = make_body(key=key, portals=list(portals))
        if title:
            body["data"]["texts"] = {"headline": {"fr": title}}
        ack = post_classified(self.store, self.clock, Caller(CUSTOMER, None), body, None)
        for portal in portals:
            self.say(ack.classified_id, portal, Word.CREATED, AdvertState.LIVE)
        return ack.classified_id

    def publish_many(self, count: int) -> None:
        """Put listings into the store that are live on two portals."""
        _, publications = self.store.load(self.publish("many-0"))
        for number in range(1, count):
            revision = post(customer=CUSTOMER, estate=f"many-{number}", accepted_at=self.clock.now())
            self.store.write(revision)
            for one in publications:
                self.store.save(Change(replace(one, classified_id=revision.classified_id, version=0)))

    def say(
        self,
        classified_id: str,
        portal: str,
        word: Word,
        state: AdvertState,
        problem: Problem | None = None,
        **more: Any,
    ) -> None:
        """Let a portal say something new: an entry of the timeline, and where the portal then stands."""
        self.clock.advance(1)
        classified, publications = self.store.load(classified_id)
        channel = CHANNEL_OF[portal]
        stored = {one.channel: one for one in publications}
        publication = stored.get(channel) or open_publication(classified, channel)
        publication, seen = see(publication, classified, self.clock.now())
        standing = publication.standings[portal]
        problems = () if problem is None else (problem,)
        advert = Advert(state, more.pop("code", None), more.pop("url", None))
        now = self.clock.now()
        members = {"status": word, "problems": problems, "advert": advert, "portals": (portal,), "sub_status": None}
        members |= {"message": more.pop("message", word.value), "revision": classified.revision, "creation_date": now}
        entry = replace(standing.latest, status_id=f"{classified_id}-{portal}-{now}", **members, **more)
        ended = {} if word not in FAILED_WORDS else {"ended": classified.revision}
        standing = replace(standing, word=word, advert=advert, problems=problems, latest=entry, **ended)
        self.store.save(Change(publication.with_standings([standing]), (*seen, entry)))

    def listings(self) -> tuple[Classified, ...]:
        """What was published."""
        return self.store.find_all(Classified)

    def asked(self, method: str, ending: str) -> list[Call]:
        """The requests whose path ends so."""
        return [call for call in self.calls if call.method == method and call.path.endswith(ending)]


class ListedStore(MemoryStore):
    """Keeps the list until something is written, as an index does: a page of ten thousand is not all of them anew."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock)
        self._lists: dict[object, tuple[PublicationHealth, ...]] = {}

    def list_publications(
        self, customer: str, health: Health | None, limit: int, after: str | None
    ) -> Page[PublicationHealth]:
        key = (customer, health, self.size())
        if key not in self._lists:
            self._lists[key] = super().list_publications(customer, health, 10**6, None).rows
        first = int(after or 0)
        rows = self._lists[key][first : first + limit]
        return Page(rows, str(first + limit) if first + limit < len(self._lists[key]) else None)


@contextmanager
def running() -> Iterator[Hub]:
    """Serve below a path of its own, as an API behind a stage or a domain's base path is."""
    clock = FakeClock()
    store = ListedStore(clock)
    settings = SimpleNamespace(trusted_clients=frozenset({"console"}), time_scale=1)
    bootstrap.use(classified_store=store, clock=clock, settings=settings)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    server.hub = Hub(f"http://127.0.0.1:{server.server_port}{PREFIX}", store, clock)  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server.hub  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        server.server_close()
        bootstrap.use()


class Door(BaseHTTPRequestHandler):
    """API Gateway: the route, the token, the event, the answer."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.answer()

    def do_POST(self) -> None:
        self.answer()

    def answer(self) -> None:
        hub: Hub = self.server.hub  # type: ignore[attr-defined]
        parts = urlsplit(self.path)
        path = parts.path.removeprefix(PREFIX)
        body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
        headers = {name.lower(): value for name, value in self.headers.items()}
        call = Call(self.command, path, parts.query, headers, body)
        hub.calls.append(call)
        hub.hold(call)
        status = next((status for start, status in hub.broken.items() if path.startswith(start)), None)
        if status is not None:
            self.reply({"statusCode": status, "headers": {"retry-after": "0"}, "body": '{"message": "down"}'})
            return
        route, parameters = find_route(self.command, path)
        open_to_all = path.startswith("/console")
        if route is None:
            self.reply({"statusCode": 404, "body": '{"message": "Not Found"}'})
        elif not open_to_all and headers.get("authorization") != f"Bearer {TOKEN}":
            self.reply({"statusCode": 401, "body": '{"message": "Unauthorized"}'})
        else:
            claims = {"client_id": "console", "customer_id": CUSTOMER, "scope": "placard/read placard/write"}
            # A trusted client names the agency; nobody else needs to here.
            headers.setdefault("customer-id", CUSTOMER)
            event = {
                "routeKey": route,
                "rawPath": path,
                "rawQueryString": parts.query,
                "headers": headers,
                "pathParameters": parameters,
                "requestContext": {"requestId": "1", "authorizer": {"jwt": {"claims": claims}}},
                "body": body,
                "isBase64Encoded": False,
            }
            self.reply(HANDLERS[route](event, None))

    def reply(self, answer: dict[str, Any]) -> None:
        body = answer.get("body", "").encode()
        self.send_response(answer["statusCode"])
        for name, value in answer.get("headers", {}).items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def find_route(method: str, path: str) -> tuple[str | None, dict[str, str]]:
    """Return the route of a request and its path parameters."""
    steps = path.strip("/").split("/")
    for route in HANDLERS:
        verb, _, pattern = route.partition(" ")
        names = pattern.strip("/").split("/")
        if verb == method and len(names) == len(steps):
            pairs = list(zip(names, steps, strict=True))
            if all(name == step or name.startswith("{") for name, step in pairs):
                return route, {name.strip("{}"): step for name, step in pairs if name.startswith("{")}
    return None, {}
