"""The simulators over real HTTP on free ports, reset for each test, and a receiver that keeps what it was told."""

from collections.abc import Iterator
from itertools import count

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.simulators import aviv, olx, spotahome
from sandbox.simulators.serve import serve_in_thread
from tests.integration.simulators.callers import PLAIN, SECRET, Aviv, Olx, Receiver, Spotahome

# Each test receives under a name of its own: what an earlier one still sends is not mistaken for its own.
names = (f"receiver-{number}" for number in count())


@pytest.fixture(scope="session")
def receivers() -> Iterator[tuple[str, dict[str, Receiver]]]:
    known: dict[str, Receiver] = {}

    async def receive(request: Request) -> Response:
        one = known[request.path_params["name"]]
        one.told.append({"path": request.url.path, "headers": dict(request.headers), "body": await request.json()})
        return Response(status_code=one.answers.pop(0) if one.answers else one.status)

    with serve_in_thread(Starlette(routes=[Route("/{name}/{path:path}", receive, methods=["POST"])])) as url:
        yield url, known


@pytest.fixture
def receiver(receivers: tuple[str, dict[str, Receiver]]) -> Receiver:
    url, known = receivers
    name = next(names)
    known[name] = Receiver(f"{url}/{name}")
    return known[name]


@pytest.fixture(scope="session")
def olx_url() -> Iterator[str]:
    with serve_in_thread(olx.build_app(delay_ms=30, retry_ms=20)) as url:
        yield url


@pytest.fixture
def olx_api(olx_url: str, receiver: Receiver) -> Olx:
    httpx.post(f"{olx_url}/_sim/reset", json={"connections": True}, **PLAIN)
    httpx.put(f"{olx_url}/_sim/callback", json={"url": f"{receiver.url}/olx", "secret": SECRET}, **PLAIN)
    return Olx(olx_url)


@pytest.fixture(scope="session")
def aviv_base() -> Iterator[str]:
    with serve_in_thread(aviv.build_app(delay_ms=60, retry_ms=20)) as url:
        yield url


@pytest.fixture
def aviv_url(aviv_base: str, receiver: Receiver) -> str:
    httpx.post(f"{aviv_base}/_sim/reset", json={"connections": True}, **PLAIN)
    receiver.status = 201
    return aviv_base


@pytest.fixture
def aviv_api(aviv_url: str) -> Aviv:
    return Aviv(aviv_url)


@pytest.fixture(scope="session")
def spotahome_url() -> Iterator[str]:
    with serve_in_thread(spotahome.build_app()) as url:
        yield url


@pytest.fixture
def spotahome_api(spotahome_url: str) -> Spotahome:
    httpx.post(f"{spotahome_url}/_sim/reset", json={"connections": True}, **PLAIN)
    return Spotahome(spotahome_url)
