"""The calls under /_sim that the simulators share: looking at it, resetting it, ordering faults."""

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Any, Protocol

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.simulators.courier import Courier
from sandbox.simulators.faults import BadSwitchError, FaultPlan, parse_fault
from sandbox.simulators.journal import Journal


class Portal(Protocol):
    """What the controls need of a simulated portal."""

    journal: Journal
    faults: FaultPlan
    courier: Courier
    rules: dict[str, Any]

    def list_adverts(self) -> list[dict[str, Any]]: ...

    def forget_adverts(self) -> None: ...

    def forget_connections(self) -> None: ...

    def restore_rules(self) -> None: ...


async def read_order(request: Request) -> Any:
    """A tester's JSON body, None when empty.

    Raises:
        BadSwitchError: it is not JSON.
    """
    body = await request.body()
    try:
        return json.loads(body) if body else None
    except ValueError as error:
        raise BadSwitchError("the body is not JSON") from error


def read_pattern(request: Request) -> re.Pattern[str]:
    """The regular expression `path` of a query; without one, what every path fits.

    Raises:
        BadSwitchError: it is none.
    """
    try:
        return re.compile(request.query_params.get("path", ""))
    except re.error as error:
        raise BadSwitchError(f"path is no regular expression: {error}") from error


async def refuse_switch(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, 400)


def change_rules(rules: dict[str, Any], order: Any) -> None:
    """Merge known rules; each keeps the type of its default.

    Raises:
        BadSwitchError: an unknown rule or another type.
    """
    if not isinstance(order, dict) or order.keys() - rules.keys():
        raise BadSwitchError(f"rules are {', '.join(sorted(rules))}")
    for name, value in order.items():
        if type(value) is not type(rules[name]):
            raise BadSwitchError(f"{name} must be like {rules[name]!r}")
    rules.update(order)


def spend_refusal(rules: dict[str, Any], operation: str) -> bool:
    """Whether the rule `refuse` orders this operation to be refused; each refusal is spent once."""
    left = int(rules["refuse"].get(operation, 0))
    if left <= 0:
        return False
    rules["refuse"] = {**rules["refuse"], operation: left - 1}
    return True


def build_gate_controls(journal: Journal, faults: FaultPlan) -> list[Route]:
    """The calls of everything that stands behind a gate."""

    async def show_health(request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def list_calls(request: Request) -> Response:
        path, method = read_pattern(request), request.query_params.get("method")
        calls = [call for call in journal.calls if path.search(call.path) and method in (None, call.method)]
        return JSONResponse({"items": [asdict(call) for call in calls]})

    async def show_counts(request: Request) -> Response:
        return JSONResponse(journal.count_all())

    async def order_fault(request: Request) -> Response:
        fault = parse_fault(await read_order(request))
        faults.orders.append(fault)
        return JSONResponse(asdict(fault), 201)

    async def list_faults(request: Request) -> Response:
        return JSONResponse({"items": [asdict(fault) for fault in faults.orders]})

    async def drop_faults(request: Request) -> Response:
        faults.orders.clear()
        return Response(status_code=204)

    return [
        Route("/_sim/health", show_health),
        Route("/_sim/calls", list_calls),
        Route("/_sim/counts", show_counts),
        Route("/_sim/faults", order_fault, methods=["POST"]),
        Route("/_sim/faults", list_faults),
        Route("/_sim/faults", drop_faults, methods=["DELETE"]),
    ]


def build_controls(portal: Portal) -> list[Route]:
    async def list_callbacks(request: Request) -> Response:
        wanted = request.query_params.get("object_id")
        found = [callback for callback in portal.journal.callbacks if wanted in (None, callback.object_id)]
        return JSONResponse({"items": [asdict(callback) for callback in found]})

    async def list_adverts(request: Request) -> Response:
        return JSONResponse({"items": portal.list_adverts()})

    async def reset(request: Request) -> Response:
        order = await read_order(request) or {}
        portal.courier.clear()
        portal.journal.clear()
        portal.faults.orders.clear()
        portal.restore_rules()
        portal.forget_adverts()
        if isinstance(order, dict) and order.get("connections"):
            portal.forget_connections()
        return Response(status_code=204)

    async def switch_callbacks(request: Request) -> Response:
        portal.courier.configure(await read_order(request))
        return JSONResponse(portal.courier.show())

    async def show_rules(request: Request) -> Response:
        return JSONResponse(portal.rules)

    async def switch_rules(request: Request) -> Response:
        change_rules(portal.rules, await read_order(request))
        return JSONResponse(portal.rules)

    return [
        *build_gate_controls(portal.journal, portal.faults),
        Route("/_sim/callbacks", list_callbacks),
        Route("/_sim/callbacks", switch_callbacks, methods=["PUT"]),
        Route("/_sim/adverts", list_adverts),
        Route("/_sim/reset", reset, methods=["POST"]),
        Route("/_sim/rules", show_rules),
        Route("/_sim/rules", switch_rules, methods=["PUT"]),
    ]


def build_starlette(portal: Portal, routes: list[Route], handlers: dict[Any, Any]) -> Starlette:
    """The portal's routes beside the controls; the client for callbacks lives as long as the server."""

    @asynccontextmanager
    async def hold_client(app: Starlette) -> AsyncIterator[None]:
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=20)
        # Only what the tester named is called: no proxy of the environment in between.
        async with httpx.AsyncClient(trust_env=False, timeout=None, limits=limits) as client:
            portal.courier.client = client
            yield
            portal.courier.clear()

    return Starlette(
        routes=[*routes, *build_controls(portal)],
        exception_handlers={BadSwitchError: refuse_switch, **handlers},
        lifespan=hold_client,
    )
