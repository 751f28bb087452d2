"""The OLX simulator over HTTP, and a door for its notifications that leads to whichever hub is listening."""

from collections.abc import Callable, Iterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from placard.ports import Callback
from sandbox.simulators import olx
from sandbox.simulators.serve import serve_in_thread
from tests.fakes import MemoryVault
from tests.integration.olx.hub import Hub, Portal, ShiftedClock
from tests.unit.portals.olx.stage import APP, make_vault

MakeHub = Callable[..., Hub]


@pytest.fixture(scope="module")
def door() -> Iterator[tuple[str, list[Hub]]]:
    listening: list[Hub] = []

    async def take(request: Request) -> Response:
        callback = Callback(await request.body(), dict(request.headers))
        for hub in listening:
            hub.inbox.put(callback)
        return Response()

    with serve_in_thread(Starlette(routes=[Route("/", take, methods=["POST"])])) as url:
        yield url, listening


@pytest.fixture(scope="module")
def simulator() -> Iterator[str]:
    with serve_in_thread(olx.build_app(delay_ms=5, retry_ms=20)) as url:
        yield url


@pytest.fixture
def portal(simulator: str, door: tuple[str, list[Hub]]) -> Portal:
    """The portal as nobody has used it."""
    portal = Portal(simulator)
    portal.switch("POST", "reset", {"connections": True})
    portal.switch("PUT", "callback", {"url": f"{door[0]}/", "secret": APP["notification_secret"]})
    return portal


@pytest.fixture
def make_hub(portal: Portal, door: tuple[str, list[Hub]]) -> Iterator[MakeHub]:
    """Makes hubs that the portal's notifications reach. A vault of its own holds tokens that have to be renewed first."""
    listening = door[1]

    def make(seed: int, clock: ShiftedClock | None = None, vault: MemoryVault | None = None) -> Hub:
        clock = clock or ShiftedClock(seed)
        hub = Hub(portal, vault or make_vault(clock, expires_at=0), clock, seed)
        listening.append(hub)
        return hub

    yield make
    listening.clear()
