"""The AVIV simulator over HTTP, and a door for its callbacks that leads to the hub of the test."""

from collections.abc import Iterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from placard.ports import Callback
from sandbox.simulators import aviv
from sandbox.simulators.serve import serve_in_thread
from tests.integration.aviv.hub import Hub


@pytest.fixture(scope="module")
def simulator() -> Iterator[str]:
    with serve_in_thread(aviv.build_app(delay_ms=15, retry_ms=20)) as url:
        yield url


@pytest.fixture
def url(simulator: str) -> str:
    """The portal as nobody has used it."""
    httpx.post(f"{simulator}/_sim/reset", json={"connections": True}, trust_env=False).raise_for_status()
    return simulator


@pytest.fixture(scope="module")
def door() -> Iterator[tuple[str, list[Hub]]]:
    listening: list[Hub] = []

    async def take(request: Request) -> Response:
        callback = Callback(await request.body(), dict(request.headers), f"/{request.path_params['path']}")
        for hub in listening:
            hub.inbox.put(callback)
        return Response(status_code=201)

    with serve_in_thread(Starlette(routes=[Route("/{path:path}", take, methods=["POST"])])) as address:
        yield address, listening


@pytest.fixture
def hub(url: str, door: tuple[str, list[Hub]]) -> Iterator[Hub]:
    address, listening = door
    hub = Hub(url, address)
    listening.append(hub)
    yield hub
    listening.clear()
