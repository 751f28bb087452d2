"""Casita's side of the wire: its homes and their news, served over HTTP."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from placard.domain.instants import to_text
from placard.domain.messages import Callback
from tests.fakes import FakeClock
from tests.unit.portals.casita.stage import KEY, sign

Json = dict[str, Any]
PATIENCE_SECONDS = 60.0
WORDS = {"POST": "published", "PUT": "changed", "DELETE": "removed"}


@dataclass
class CasitaPortal:
    """Takes homes and keeps their news until `tell` sends them. With a `refusal` it refuses what comes, for that reason."""

    clock: FakeClock = field(default_factory=FakeClock)
    homes: dict[str, Json] = field(default_factory=dict)
    news: dict[str, Json] = field(default_factory=dict)
    untold: list[Json] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    refusal: str | None = None

    async def serve(self, request: Request) -> Response:
        """Answer one call."""
        home = request.path_params.get("home")
        self.calls.append(f"{request.method} {request.url.path}")
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return JSONResponse({"message": "whose key is this?"}, 401)
        if request.method == "GET":
            return self._show(home, request.query_params.get("reference"))
        if request.method != "POST" and home not in self.homes:
            return JSONResponse({"message": "no such home"}, 404)
        home = home or f"h-{len(self.homes) + 1}"
        if request.method != "DELETE" and self.refusal is None:
            self.homes[home] = await request.json()
        ticket = f"t-{len(self.calls)}"
        self.announce(home, WORDS[request.method], ticket)
        return JSONResponse({"home": home, "ticket": ticket}, 202)

    def _show(self, home: str | None, reference: str | None) -> Response:
        if home is not None:
            shown = self.news.get(home)
            return JSONResponse({"message": "no such home"}, 404) if shown is None else JSONResponse(shown)
        listed = [{"home": name, "reference": one["reference"]} for name, one in self.homes.items()]
        return JSONResponse({"homes": [one for one in listed if reference in (None, one["reference"])]})

    def announce(self, home: str, word: str, ticket: str | None = None) -> None:
        """Something becomes of a home. What the hub asked for is refused while there is a refusal."""
        if self.refusal is not None and ticket is not None:
            word = {"published": "refused", "changed": "change_refused", "removed": "removal_refused"}[word]
        told = {"home": home, "news": word, "at": to_text(self.clock.now()), "url": f"https://casita.test/{home}"}
        self.news[home] = told | {"ticket": ticket, "reason": self.refusal}
        self.untold.append(self.news[home])

    def tell(self, url: str, secret: str, *, times: int = 1) -> list[int]:
        """Send the news that nobody has been told, each so often; return the answers. What ends with a 5xx comes again."""
        told, self.untold = self.untold, []
        callbacks = [sign(json.dumps(news).encode(), secret) for news in told for _ in range(times)]
        with httpx.Client(trust_env=False, timeout=PATIENCE_SECONDS) as client:
            return [_deliver(client, url, one) for one in callbacks]


def _deliver(client: httpx.Client, url: str, callback: Callback) -> int:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        status = client.post(url, content=callback.body, headers=dict(callback.headers)).status_code
        if status < 500 or time.monotonic() > deadline:
            return status


class Street:
    """Where the portal stands: one address for all tests, each with a portal that nobody has used."""

    def __init__(self) -> None:
        self.portal = CasitaPortal()
        one, homes = ["GET", "PUT", "DELETE"], ["GET", "POST"]
        self.app = Starlette(
            routes=[Route("/homes", self._serve, methods=homes), Route("/homes/{home}", self._serve, methods=one)]
        )

    async def _serve(self, request: Request) -> Response:
        return await self.portal.serve(request)
