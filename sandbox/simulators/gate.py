"""The door of a simulator: records every call and lets the ordered faults strike."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any, cast

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.simulators.faults import Fault, FaultPlan
from sandbox.simulators.journal import Journal

ERROR_PAGE = "<html><head><title>{0} Bad Gateway</title></head><body><h1>{0} Bad Gateway</h1><hr>nginx</body></html>"
PIECE = b"x" * 1_024


class Gate:
    """ASGI middleware around a portal's app. Calls under /_sim pass untouched and unrecorded."""

    def __init__(
        self,
        app: ASGIApp,
        journal: Journal,
        faults: FaultPlan,
        firewall: Callable[[str, Headers], Fault | None] | None = None,
        inspect: Callable[[str, Headers, bytes], dict[str, Any]] | None = None,
    ) -> None:
        self._app = app
        self._journal = journal
        self._faults = faults
        self._firewall = firewall
        self._inspect = inspect

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/_sim"):
            await self._app(scope, receive, send)
            return
        body = await read_body(receive)
        method, path, headers = scope["method"], scope["path"], Headers(scope=scope)
        call = self._journal.open_call(
            method, path, scope["query_string"].decode("latin-1"), decode_body(body), headers.get("traceparent")
        )
        if self._inspect is not None:
            call.webhook = self._inspect(path, headers, body)
        fault = self._faults.strike(method, path)
        if fault is None and self._firewall is not None:
            fault = self._firewall(path, headers)
        call.fault = fault.kind if fault else None
        if fault and fault.kind == "delay":
            await asyncio.sleep(fault.ms / 1000)
        answer: Response | None = None
        if fault and fault.kind in ("status", "html", "endless"):
            answer = build_answer(fault)
        elif fault is None or fault.kind != "drop_before":
            answer = await self._ask_app(body, scope)
        if fault and (answer is None or fault.kind == "drop_after"):
            self._journal.close_call(call, None)
            await asyncio.sleep(fault.ms / 1000)
            await drop_connection(scope, receive)
        elif answer is not None:
            self._journal.close_call(call, answer.status_code)
            await answer(scope, receive, send)

    async def _ask_app(self, body: bytes, scope: Scope) -> Response:
        """The portal's whole answer, held back so that a fault can still swallow it."""
        start: dict[str, Any] = {}
        chunks: list[bytes] = []

        async def replay() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def keep(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                chunks.append(message.get("body", b""))

        await self._app(scope, replay, keep)
        answer = Response(b"".join(chunks), start["status"])
        answer.raw_headers = list(start["headers"])
        return answer


async def drop_connection(scope: Scope, receive: Receive) -> None:
    cast(asyncio.Transport, scope["state"]["transport"]).abort()
    # The server takes the silence for a crash unless it has seen the connection go.
    while (await receive())["type"] != "http.disconnect":
        pass


async def read_body(receive: Receive) -> bytes:
    chunks = []
    more = True
    while more:
        message = await receive()
        chunks.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(chunks)


def decode_body(body: bytes) -> Any:
    """The body as JSON where it is JSON, else as text; None when empty."""
    try:
        return json.loads(body) if body else None
    except ValueError:
        return body.decode("utf-8", "replace")


async def go_on(pause: float) -> AsyncIterator[bytes]:
    """Pieces of a body without end."""
    while True:
        yield PIECE
        await asyncio.sleep(pause)


def build_answer(fault: Fault) -> Response:
    """The answer of a `status`, `html` or `endless` fault."""
    if fault.kind == "endless":
        return StreamingResponse(go_on(fault.ms / 1000), fault.status, headers=fault.headers)
    if fault.kind == "html":
        page = fault.body if isinstance(fault.body, str) else ERROR_PAGE.format(fault.status)
        return HTMLResponse(page, fault.status, headers=fault.headers)
    if isinstance(fault.body, str):
        return Response(fault.body, fault.status, headers=fault.headers)
    if fault.body is None:
        return Response(None, fault.status, headers=fault.headers)
    return JSONResponse(fault.body, fault.status, headers=fault.headers)
