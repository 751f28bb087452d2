"""Running a simulator: in this process until SIGTERM, or in a thread for tests."""

import argparse
import asyncio
import json
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol


class DroppableProtocol(H11Protocol):
    """uvicorn's HTTP protocol that hands the connection to the app, so that a fault can cut it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


def listen(port: int) -> socket.socket:
    """A listening loopback socket; port 0 takes a free one.

    Raises:
        OSError: the port is taken.
    """
    # Named TCP, asyncio sends small answers at once; otherwise each waits 40 ms for the caller's acknowledgement.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind(("127.0.0.1", port))
        sock.listen(128)
    except OSError:
        sock.close()
        raise
    return sock


def build_server(app: ASGIApp) -> uvicorn.Server:
    settings: dict[str, Any] = {
        "http": DroppableProtocol,
        "lifespan": "on",
        "log_level": "critical",
        "access_log": False,
        # State is in memory: nothing is worth waiting for.
        "timeout_graceful_shutdown": 0,
    }
    return uvicorn.Server(uvicorn.Config(app, **settings))


def run_simulator(parser: argparse.ArgumentParser, build_app: Callable[..., ASGIApp]) -> None:
    """Read a simulator's command line, with `--port` and `--log` beside its own options, and serve what it builds of them."""
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--log", type=Path)
    options = vars(parser.parse_args())
    port = options.pop("port")
    serve_until_stopped(build_app(**options), port)


def serve_until_stopped(app: ASGIApp, port: int) -> None:
    """Serve on loopback and say the port in one JSON line; ends with 0 on SIGTERM, with 1 when the port is taken."""
    try:
        sock = listen(port)
    except OSError as error:
        sys.exit(f"Port {port} cannot be used: {error.strerror}.")

    def leave(number: int, frame: FrameType | None) -> None:
        sys.exit(0)

    # uvicorn raises the signal again once it has stopped; this is where it lands.
    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGINT, leave)
    print(json.dumps({"port": sock.getsockname()[1]}), flush=True)
    build_server(app).run(sockets=[sock])


@contextmanager
def serve_in_thread(app: ASGIApp) -> Iterator[str]:
    """Serve on a free port while the block runs; yields the base URL."""
    sock = listen(0)
    server = build_server(app)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{sock.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
