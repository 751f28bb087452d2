"""The small CRM against an API whose tokens end."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from sandbox.crm import Crm


class Api(ThreadingHTTPServer):
    """Gives out tokens and takes the newest one only, until it has ended."""

    given = 0
    ended = False

    def knows(self, authorization: str | None) -> bool:
        return not self.ended and authorization == f"Bearer token-{self.given}"


class Handler(BaseHTTPRequestHandler):
    server: Api

    def do_POST(self) -> None:
        self.server.given, self.server.ended = self.server.given + 1, False
        self.answer(200, {"access_token": f"token-{self.server.given}"})

    def do_GET(self) -> None:
        self.answer(200 if self.server.knows(self.headers["Authorization"]) else 401, {})

    def answer(self, status: int, body: object) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def api() -> Iterator[Api]:
    with Api(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def crm(api: Api) -> Iterator[Crm]:
    url = f"http://127.0.0.1:{api.server_port}"
    crm = Crm(
        {"api_url": url, "token_url": f"{url}/token", "client_id": "one", "client_secret": "two", "scopes": ["read"]}
    )
    yield crm
    crm.close()


def test_one_token_does_for_many_calls(api: Api, crm: Crm) -> None:
    assert [crm.send("GET", "/statuses").status_code for _ in range(3)] == [200] * 3
    assert api.given == 1


def test_a_token_that_ended_is_replaced(api: Api, crm: Crm) -> None:
    crm.send("GET", "/statuses")
    api.ended = True

    assert crm.send("GET", "/statuses").status_code == 200
    assert api.given == 2


def test_a_token_given_for_a_call_is_not_replaced(api: Api, crm: Crm) -> None:
    assert crm.send("GET", "/statuses", headers={"Authorization": "Bearer another"}).status_code == 401
    assert api.given == 0
