"""Spotahome, simulated: listing processes and properties, logins, the creation under /api. It never calls.

    python -m sandbox.simulators.spotahome --port P [--token-seconds 3600] [--log FILE]

Port 0 takes a free one; the port is said in one JSON line. SPOTAHOME_BASE_URL is `http://127.0.0.1:P`,
SPOTAHOME_CREATE_URL `http://127.0.0.1:P/api`. Accepted: any e-mail address with the password `not-a-real-password`; each
address is a landlord account of its own, `feeds@agency.example` that of the contract's samples. A refresh ends the old
token.

A created property's process is `waitingContent` and stays so until it is moved. Lists are HAL pages of at most 100 with
the traps of the samples: links that lose the filters, `previous` on the first page, a `next` that leads back to page 1.
DELETE of a closed process is 409.

Switches:

    GET    /_sim/health               {"status": "ok"}
    GET    /_sim/calls?path=&method=  API calls, oldest first; path is a regular expression; no secrets
    GET    /_sim/counts               {calls, writes, tokens, callbacks}
    GET    /_sim/adverts              properties, each with `published` and its newest process
    POST   /_sim/reset                forgets properties, records, faults and switches, and with
                                      {"connections": true} tokens too
    POST   /_sim/faults               {match?: {method, path}, times?, share?, seed?, kind, ...}; share: of the calls
                                      that fit, chosen by seed; kinds: status (status, headers, body), html (502
                                      page), drop_before, drop_after (done, not answered; ms before it drops), delay (ms)
    GET, DELETE /_sim/faults          the orders in force; none any more
    GET, PUT /_sim/rules              delay_ms: how long a list takes; fail_every: each n-th list is a 500; shift: so many
                                      rows move from the front to the end after each page; miscount: added to `count` and
                                      `total`; empty_embedded: an empty list has `_embedded`; token_calls: a token ends
                                      after so many calls (401); show_published: properties show whether they are public.
                                      0 switches off what is a number
    POST   /_sim/tokens/expire        all tokens end (401)
    POST   /_sim/processes            {count, email?, states?}: opens so many, their states in turn; what is
                                      propertyVerified is public
    GET    /_sim/processes/{id}       one process, hidden or not
    POST   /_sim/processes/{id}       {state?, published?, agentId?, propertyId?, hidden?}: any state, allowed or not;
                                      hidden: the list does not show it any more
    POST   /_sim/properties/{id}      the same for the property's newest process
"""

import argparse
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from sandbox.simulators.controls import build_starlette, read_order
from sandbox.simulators.courier import Courier, RetryPolicy
from sandbox.simulators.faults import BadSwitchError
from sandbox.simulators.gate import Gate
from sandbox.simulators.journal import Journal
from sandbox.simulators.serve import run_simulator
from sandbox.simulators.spotahome_api import ProblemError, SpotahomeApi, answer_problem
from sandbox.simulators.spotahome_processes import SAMPLE_EMAIL, STATES, Process, SpotahomePortal, owner_of

HOUR_SECONDS = 3600
MOST_SEEDED = 100_000
RULES: dict[str, Any] = {
    "delay_ms": 0,
    "fail_every": 0,
    "shift": 0,
    "miscount": 0,
    "empty_embedded": False,
    "token_calls": 0,
    "show_published": True,
}
# What a tester may change of a process: its member, and what it must be.
MOVES: dict[str, tuple[str, type | tuple[type, ...]]] = {
    "state": ("state", str),
    "agentId": ("agent_id", (str, type(None))),
    "propertyId": ("property_id", (str, type(None))),
    "hidden": ("hidden", bool),
}


class SpotahomeSwitches:
    """The /_sim calls only Spotahome has."""

    def __init__(self, portal: SpotahomePortal) -> None:
        self._portal = portal

    async def expire_tokens(self, request: Request) -> Response:
        self._portal.tokens.clear()
        return Response(status_code=204)

    async def seed_processes(self, request: Request) -> Response:
        match await read_order(request):
            case {"count": int(count), **rest} if 0 < count <= MOST_SEEDED and not rest.keys() - {"email", "states"}:
                states = rest.get("states", ["waitingContent"])
                if not isinstance(states, list) or not states or set(states) - set(STATES):
                    raise BadSwitchError(f"states are {', '.join(STATES)}")
                opened = self._portal.seed(count, owner_of(str(rest.get("email", SAMPLE_EMAIL))), states)
            case _:
                raise BadSwitchError("processes take count, email, states")
        return JSONResponse({"first": opened[0].number, "last": opened[-1].number}, 201)

    async def show_process(self, request: Request) -> Response:
        process = self._by_number(request)
        return self._missing() if process is None else JSONResponse(self._show(process))

    async def move_process(self, request: Request) -> Response:
        return await self._move(request, self._by_number(request))

    async def move_property(self, request: Request) -> Response:
        return await self._move(request, self._portal.newest_of(request.path_params["id"]))

    def _by_number(self, request: Request) -> Process | None:
        return self._portal.find_process(request.path_params["id"])

    async def _move(self, request: Request, process: Process | None) -> Response:
        order = await read_order(request)
        if not isinstance(order, dict) or order.keys() - MOVES.keys() - {"published"}:
            raise BadSwitchError(f"a process takes published, {', '.join(MOVES)}")
        for name, value in order.items():
            if not isinstance(value, bool if name == "published" else MOVES[name][1]):
                raise BadSwitchError(f"{name} is of the wrong type")
        if process is None:
            return self._missing()
        for name in order.keys() & MOVES.keys():
            setattr(process, MOVES[name][0], order[name])
        if "published" in order and process.property_id in self._portal.properties:
            self._portal.properties[process.property_id].published = order["published"]
        return JSONResponse(self._show(process))

    def _show(self, process: Process) -> dict[str, Any]:
        known = self._portal.properties.get(process.property_id or "")
        return {**process.show(), "hidden": process.hidden, "published": known is not None and known.published}

    def _missing(self) -> Response:
        return JSONResponse({"error": "no such process"}, 404)


def build_app(*, token_seconds: float = HOUR_SECONDS, log: Path | None = None) -> ASGIApp:
    """The simulator as an ASGI app."""
    journal = Journal(log)
    never = RetryPolicy(accepts=lambda status: True, retries=0, interval=0, timeout=1.0, retry_slow=False)
    portal = SpotahomePortal(journal, Courier(journal, never), RULES)
    api, switches = SpotahomeApi(portal, token_seconds), SpotahomeSwitches(portal)
    one = "/listing-processes/{id}"
    routes = [
        Route("/authentications", api.log_in, methods=["POST"]),
        Route("/me", api.show_me),
        Route("/authentications/me/refresh", api.swap_token, methods=["POST"]),
        Route("/listing-processes", api.list_processes),
        Route("/listing-processes/states", api.list_states),
        Route(one, api.cancel_process, methods=["DELETE"]),
        Route(f"{one}/assignation", api.assign_agent, methods=["PUT"]),
        Route(f"{one}/assignation", api.release_agent, methods=["DELETE"]),
        Route("/properties", api.list_properties),
        Route("/api/public/listings/properties", api.create_property, methods=["POST"]),
        Route("/_sim/tokens/expire", switches.expire_tokens, methods=["POST"]),
        Route("/_sim/processes", switches.seed_processes, methods=["POST"]),
        Route("/_sim/processes/{id:int}", switches.show_process),
        Route("/_sim/processes/{id:int}", switches.move_process, methods=["POST"]),
        Route("/_sim/properties/{id}", switches.move_property, methods=["POST"]),
    ]
    return Gate(build_starlette(portal, routes, {ProblemError: answer_problem}), journal, portal.faults)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox.simulators.spotahome",
        description="Simulates Spotahome's listing processes on loopback.",
    )
    parser.add_argument("--token-seconds", type=float, default=HOUR_SECONDS)
    run_simulator(parser, build_app)


if __name__ == "__main__":
    main()
