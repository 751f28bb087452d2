"""What stands between the functions and AWS: it passes every call on and writes down what it was and what it costs.

`python -m bench.wire AWS_URL FUNCTION …`, in a process of its own, listens for each function on a port of its own, since
a signature covers host and path; it says their addresses in its first line of output, as JSON by function.

`GET /_bench/calls?after=n` tells the calls from the n-th on: `{function, service, action, status}`, the `messages` of a
call to SQS, and of one to DynamoDB `writes`, each item's `{kind, units, index_units}`, or `read_units` and the kinds of
items it `reads`.

Before and after a write it reads the items itself, one write of an item at a time, so that the units are of what the
items really were. Those readings are not counted.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from bench.units import Index, Item, index_units, read_units, write_units
from sandbox.embedded_aws import ACCESS_KEY, REGION
from tests.template import list_resources

DYNAMODB = "DynamoDB_20120810."
Call = dict[str, Any]


def read_indexes(logical_name: str) -> list[Index]:
    """Return the indexes that template.yaml gives a table."""
    indexes = list_resources("AWS::DynamoDB::Table")[logical_name].get("GlobalSecondaryIndexes", [])
    return [
        Index(
            tuple(key["AttributeName"] for key in one["KeySchema"]),
            tuple(one["Projection"].get("NonKeyAttributes", ())),
        )
        for one in indexes
    ]


class Wire:
    """The calls so far, and the locks that let one write of an item through at a time."""

    def __init__(self, upstream: str) -> None:
        address = urlsplit(upstream)
        self._url = upstream
        self._signer = SigV4Auth(Credentials(ACCESS_KEY, ACCESS_KEY), "dynamodb", REGION)
        self._host, self._port = str(address.hostname), int(address.port or 80)
        self._indexes = read_indexes("Table")
        self._calls: list[Call] = []
        self._locks: dict[str, threading.Lock] = {}
        self._guard = threading.Lock()
        self._own = threading.local()

    def calls(self, after: int) -> list[Call]:
        """Return the calls from this number on."""
        return self._calls[after:]

    def pass_on(self, function: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        """Send a function's call on, note it and return its answer."""
        target = headers.get("x-amz-target", "")
        call: Call = {"function": function, "action": target.rpartition(".")[2], "service": _service(target)}
        if not target.startswith(DYNAMODB):
            answer = self._send(headers, body)
            if call["service"] == "sqs":
                call["messages"] = len(json.loads(body).get("Entries", [body]))
        else:
            asked = json.loads(body)
            writes = _writes(call["action"], asked)
            with self._alone(writes):
                before = [self._read(table, key) for table, key in writes]
                answer = self._send(headers, body)
                after = [self._read(table, key) for table, key in writes]
            call |= self._price(call["action"], asked, writes, before, after, json.loads(answer[2] or b"{}"))
        call["status"] = answer[0]
        self._calls.append(call)
        return answer

    def _price(
        self,
        action: str,
        asked: Any,
        writes: Sequence[tuple[str, Item]],
        before: Sequence[Item | None],
        after: Sequence[Item | None],
        answered: Any,
    ) -> Call:
        if writes:
            factor = 2 if action == "TransactWriteItems" else 1
            priced = [
                {
                    "kind": _kind(key, new or old or {}),
                    "units": factor * write_units(old, new),
                    "index_units": factor * index_units(old, new, self._indexes if "Vault" not in table else []),
                }
                for (table, key), old, new in zip(writes, before, after, strict=True)
            ]
            return {"writes": priced}
        consistent = bool(asked.get("ConsistentRead"))
        if action == "GetItem":
            found = [[answered["Item"]] if answered.get("Item") else []]
        elif action == "BatchGetItem":
            found = [[item] for items in answered.get("Responses", {}).values() for item in items]
            consistent = any(one.get("ConsistentRead") for one in asked["RequestItems"].values())
        else:
            found = [answered.get("Items", [])]
        kinds = sorted({_kind({}, item) for items in found for item in items})
        return {"read_units": sum(read_units(items, consistent=consistent) for items in found), "reads": kinds}

    @contextmanager
    def _alone(self, writes: Sequence[tuple[str, Item]]) -> Iterator[None]:
        with ExitStack() as held:
            for name in sorted({f"{table} {json.dumps(key, sort_keys=True)}" for table, key in writes}):
                with self._guard:
                    lock = self._locks.setdefault(name, threading.Lock())
                held.enter_context(lock)
            yield

    def _read(self, table: str, key: Item) -> Item | None:
        asked = json.dumps({"TableName": table, "Key": key, "ConsistentRead": True})
        headers = {"x-amz-target": f"{DYNAMODB}GetItem", "content-type": "application/x-amz-json-1.0"}
        request = AWSRequest("POST", f"{self._url}/", headers, asked)
        self._signer.add_auth(request)
        status, _, body = self._send(dict(request.headers), asked.encode())
        if status != 200:
            raise RuntimeError(f"an item could not be read: {body!r}")
        item: Item | None = json.loads(body).get("Item")
        return item

    def _send(self, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        connection: HTTPConnection | None = getattr(self._own, "connection", None)
        if connection is None:
            connection = self._own.connection = HTTPConnection(self._host, self._port, timeout=60)
        connection.request("POST", "/", body, {**headers, "content-length": str(len(body))})
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()


def _service(target: str) -> str:
    return {"DynamoDB_20120810": "dynamodb", "AmazonSQS": "sqs", "TrentService": "kms"}.get(
        target.rpartition(".")[0], "other"
    )


def _writes(action: str, asked: Any) -> list[tuple[str, Item]]:
    """Return table and key of every item that a call writes."""

    def key_of(order: Any) -> Item:
        return order["Key"] if "Key" in order else {name: order["Item"][name] for name in ("pk", "sk")}

    if action == "TransactWriteItems":
        orders = [order for step in asked["TransactItems"] for order in step.values()]
        return [(order["TableName"], key_of(order)) for order in orders]
    if action in {"PutItem", "UpdateItem", "DeleteItem"}:
        return [(asked["TableName"], key_of(asked))]
    return []


def _kind(key: Item, item: Item) -> str:
    """Return which sort of the one table's items this is."""
    kind = item.get("kind", {}).get("S") or (item or key).get("sk", {}).get("S", "") or "nothing"
    return str(kind).partition("#")[0]


def serve(wire: Wire, function: str) -> str:
    """Listen for a function's calls in a thread; returns the address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            """Tell the calls."""
            after = int(parse_qs(urlsplit(self.path).query).get("after", ["0"])[0])
            self._answer(200, {"content-type": "application/json"}, json.dumps(wire.calls(after)).encode())

        def do_POST(self) -> None:
            """Pass a call on."""
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            self._answer(*wire.pass_on(function, headers, body))

        def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in headers.items():
                if name not in {"transfer-encoding", "content-length", "connection", "date", "server"}:
                    self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Write nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def main() -> None:
    """Serve until the process is ended."""
    wire = Wire(sys.argv[1])
    print(json.dumps({name: serve(wire, name) for name in sys.argv[2:]}), flush=True)  # noqa: T201 - the starter reads it
    threading.Event().wait()


if __name__ == "__main__":
    main()
