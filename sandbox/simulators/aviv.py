"""AVIV's Classifieds Management V4, simulated: calls under /caas/v4, tokens under /oauth/token, callbacks.

    python -m sandbox.simulators.aviv --port P [--delay-ms 300] [--retry-ms 1000] [--token-seconds 86400] [--log FILE]

Port 0 takes a free one; the port is said in one JSON line. The base URL is `http://127.0.0.1:P/caas/v4`. Accepted:
client `hub-client-id` with any secret, any intermediary `RC-…`, any audience ending in `/caas/v4`. A call under it
without `User-Agent` loses its connection, one without the three `name/version` pairs gets a firewall's HTML page.

Every accepted write runs RECEIVING, RECEIVED, CREATING/UPDATING/DELETING and an end per portal over `delay_ms`; a PUT
equal to the stored body does nothing. Refused later: a headline with `[refuse]`; BD under 1,000,000 unless CASTLE,
MANOR_HOUSE or MANSION. A picture with `missing` or `broken` in its URL ends `*_WITH_MEDIA_ERROR`.

Switches:

    GET    /_sim/health               {"status": "ok"}
    GET    /_sim/calls?path=&method=  API calls, oldest first; path is a regular expression; no secrets
    GET    /_sim/callbacks?object_id= what was sent: body, attempts, statuses, outcome; by classifiedId
    GET    /_sim/counts               {calls, writes, tokens, callbacks}
    GET    /_sim/adverts              classifieds with intermediary, revision and the portals they are live on
    POST   /_sim/reset                forgets adverts, records, faults and switches, and with
                                      {"connections": true} tokens and subscriptions too
    POST   /_sim/faults               {match?: {method, path}, times?, share?, seed?, kind, ...}; share: of the calls
                                      that fit, chosen by seed; kinds: status (status, headers, body), html (502
                                      page), drop_before, drop_after (done, not answered; ms before it drops), delay (ms),
                                      endless (status, headers, ms between pieces of a body that does not end)
    GET, DELETE /_sim/faults          the orders in force; none any more
    PUT    /_sim/callbacks            {mode, delay_ms, early}, the rest is default; mode: normal, twice,
                                      swapped (each second before its first), none, slow (delay_ms 3000),
                                      mixed ({shares: {"twice": 0.2, …}, seed}, the rest normal);
                                      delay_ms: wait before each (mixed: each slow one); early: RECEIVING is told before the 202
    GET, PUT /_sim/rules              delay_ms: how long a write takes; media_errors: as_created (pushed as CREATED),
                                      named, never; duplicated_media: refuse a URL of another medium;
                                      quotas: {"BD": 1} shows one of an agency on BD, others are CREATED all
                                      the same; compare: each write ends with COMPARING_FAILED;
                                      refuse: {"DELETE": 2} refuses the next two deletions later on (POST, PUT);
                                      {"RECEIVING": 1} ends the next write with RECEIVING_FAILED
    GET    /_sim/tokens               tokens given out per intermediary
    POST   /_sim/tokens/expire        all tokens end (401)
    POST   /_sim/classifieds/{id}/status  {portals, status, message?, subStatus?, subStatusDetails?,
                                      mediaStatuses?, callback?, forged?}: a status out of the blue, any word;
                                      forged: called back, but not to be read

Callbacks go to the URL the intermediary subscribed with and expect 201; others are tried four times more, `--retry-ms`
apart, with 10 s for an answer: the vendor publishes no policy.
"""

import argparse
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from sandbox.simulators.aviv_api import BASE, AvivApi, answer_problem, stop_agent
from sandbox.simulators.aviv_classifieds import AvivPortal
from sandbox.simulators.aviv_problems import ProblemError
from sandbox.simulators.controls import build_starlette, read_order
from sandbox.simulators.courier import Courier, RetryPolicy
from sandbox.simulators.faults import BadSwitchError
from sandbox.simulators.gate import Gate
from sandbox.simulators.journal import Journal
from sandbox.simulators.serve import run_simulator

DAY_SECONDS = 86_400
STATUS_MEMBERS = ("subStatus", "subStatusDetails", "mediaStatuses")


class AvivSwitches:
    """The /_sim calls only AVIV has."""

    def __init__(self, portal: AvivPortal) -> None:
        self._portal = portal

    async def add_status(self, request: Request) -> Response:
        classified = self._portal.classifieds.get(request.path_params["id"])
        if classified is None:
            return JSONResponse({"error": "no such classified"}, 404)
        match await read_order(request):
            case {"portals": [*portals], "status": str(status), **rest}:
                members: dict[str, Any] = {name: rest[name] for name in STATUS_MEMBERS if name in rest}
                message = str(rest.get("message", "Set by the tester"))
                told = self._portal.record(
                    *(classified, portals, status, message),
                    callback=rest.get("callback", True),
                    forged=rest.get("forged", False),
                    **members,
                )
            case _:
                raise BadSwitchError(
                    f"a status takes portals, status, message, callback, forged, {', '.join(STATUS_MEMBERS)}"
                )
        return JSONResponse(told, 201)

    async def count_tokens(self, request: Request) -> Response:
        return JSONResponse(self._portal.token_counts)

    async def expire_tokens(self, request: Request) -> Response:
        self._portal.tokens.clear()
        return Response(status_code=204)


def build_app(
    *, delay_ms: int = 300, retry_ms: int = 1000, token_seconds: int = DAY_SECONDS, log: Path | None = None
) -> ASGIApp:
    """The simulator as an ASGI app. Durations in milliseconds where named so."""
    journal = Journal(log)
    policy = RetryPolicy(
        accepts=lambda status: status == 201, retries=4, interval=retry_ms / 1000, timeout=10.0, retry_slow=True
    )
    rules = {"delay_ms": delay_ms, "media_errors": "as_created", "duplicated_media": False, "refuse": {}}
    rules |= {"quotas": {}, "compare": False}
    portal = AvivPortal(journal, Courier(journal, policy), rules)
    api, switches = AvivApi(portal, token_seconds), AvivSwitches(portal)
    every, one = f"{BASE}/classifieds", f"{BASE}/classifieds/{{id}}"
    routes = [
        Route("/oauth/token", api.grant_token, methods=["POST"]),
        Route(every, api.post_classified, methods=["POST"]),
        Route(every, api.list_classifieds, methods=["GET"]),
        Route(one, api.show_classified, methods=["GET"]),
        Route(one, api.put_classified, methods=["PUT"]),
        Route(one, api.delete_classified, methods=["DELETE"]),
        Route(f"{one}/statuses", api.list_statuses, methods=["GET"]),
        Route(f"{BASE}/webhooks", api.put_webhook, methods=["PUT"]),
        Route(f"{BASE}/webhooks", api.delete_webhook, methods=["DELETE"]),
        Route("/_sim/classifieds/{id}/status", switches.add_status, methods=["POST"]),
        Route("/_sim/tokens", switches.count_tokens),
        Route("/_sim/tokens/expire", switches.expire_tokens, methods=["POST"]),
    ]
    return Gate(build_starlette(portal, routes, {ProblemError: answer_problem}), journal, portal.faults, stop_agent)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox.simulators.aviv", description="Simulates AVIV's Classifieds Management V4 on loopback."
    )
    parser.add_argument("--delay-ms", type=int, default=300)
    parser.add_argument("--retry-ms", type=int, default=1000)
    parser.add_argument("--token-seconds", type=int, default=DAY_SECONDS)
    run_simulator(parser, build_app)


if __name__ == "__main__":
    main()
