"""An AWS on loopback that counts the calls it answers, in a process of its own: `python -m bench.counted_aws`.

It says its address in its first line of output, and its counts at `/_bench/calls`. `POST /_bench/copies`, `{table, pk, sk,
count}`, fills a table: with so many copies of an item, each in a partition of its own.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from threading import Lock
from typing import Any
from uuid import uuid4

from moto.core import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.integration.stores.aws import REGION

Environ = dict[str, Any]
Start = Callable[..., Any]


class CountedAws:
    """moto's application, with a count of calls by service and action."""

    def __init__(self) -> None:
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._calls: Counter[str] = Counter()
        self._lock = Lock()

    def __call__(self, environ: Environ, start: Start) -> Iterable[bytes]:
        """Answer one request."""
        if environ["PATH_INFO"] == "/_bench/calls":
            start("200 OK", [("content-type", "application/json")])
            return [json.dumps(self._calls).encode()]
        if environ["PATH_INFO"] == "/_bench/copies":
            copy_item(**json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))))
            start("204 No Content", [])
            return []
        name = environ.get("HTTP_X_AMZ_TARGET") or environ["PATH_INFO"]
        with self._lock:
            self._calls[name] += 1
        answer: Iterable[bytes] = self._moto(environ, start)
        return answer


def copy_item(table: str, pk: str, sk: str, count: int) -> None:
    """Put copies of an item into its table: what a hundred thousand calls would do in an hour."""
    backend = dynamodb_backends[DEFAULT_ACCOUNT_ID][REGION]
    original = backend.get_item(table, {"pk": {"S": pk}, "sk": {"S": sk}}).to_json()["Attributes"]
    for _ in range(count):
        backend.put_item(table, {**original, "pk": {"S": f"CLASSIFIED#{uuid4()}"}})


class _Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"  # AWS keeps connections open

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Write nothing: a line for each of a million calls is nobody's."""


def main() -> None:
    """Serve until the process is ended."""
    server = make_server("127.0.0.1", 0, CountedAws(), threaded=True, request_handler=_Handler)
    print(f"http://127.0.0.1:{server.port}", flush=True)  # noqa: T201 - it is what the starter reads
    server.serve_forever()


if __name__ == "__main__":
    main()
