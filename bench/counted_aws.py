"""An AWS on loopback that writes down the calls it answers and what they cost, in a process of its own.

`python -m bench.counted_aws NAME …` listens once for each name, so that a call tells whose it is, and says the addresses
in its first line of output, as JSON by name.

`GET /_bench/calls?after=n` tells the calls from the n-th on, each `{by, service, action, status}`, the `messages` of a
call to SQS, and of one to DynamoDB `writes`, each item's `{kind, units, index_units}`, or `read_units` and the kinds of
items it `reads`. A write is priced by the item before and after it, one write of an item at a time.

`POST /_bench/copies`, `{table, pk, sk, count}`, fills a table: with so many copies of an item, each in a partition of
its own.
"""

from __future__ import annotations

import io
import json
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

from moto.core import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import DynamoDBBackend, dynamodb_backends
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

from bench.full_table import NAMED, FullTable
from bench.units import Index, Item, index_units, read_units, write_units
from tests.integration.stores.aws import REGION
from tests.template import list_resources

Environ = dict[str, Any]
Start = Callable[..., Any]
Call = dict[str, Any]
Key = tuple[str, str, str]
SERVICES = {"DynamoDB_20120810": "dynamodb", "AmazonSQS": "sqs", "TrentService": "kms"}


class CountedAws:
    """moto's application, with a list of the calls it answered."""

    def __init__(self) -> None:
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._indexes = _read_indexes()
        self._calls: list[Call] = []
        self._locks: dict[Key, threading.Lock] = {}
        self._guard = threading.Lock()

    def listen(self, name: str) -> str:
        """Serve whoever is known by this name, in a thread; returns the address."""

        def answer(environ: Environ, start: Start) -> Iterable[bytes]:
            return self._answer(name, environ, start)

        server = make_server("127.0.0.1", 0, answer, threaded=True, request_handler=_Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.port}"

    def _answer(self, name: str, environ: Environ, start: Start) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/_bench/calls":
            after = int(parse_qs(environ["QUERY_STRING"]).get("after", ["0"])[0])
            start("200 OK", [("content-type", "application/json")])
            return [json.dumps(self._calls[after:]).encode()]
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        if environ["PATH_INFO"] == "/_bench/copies":
            _copy_item(**json.loads(body))
            start("204 No Content", [])
            return []
        environ["wsgi.input"] = io.BytesIO(body)
        service, _, action = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")
        call: Call = {"by": name, "service": SERVICES.get(service, "other"), "action": action or environ["PATH_INFO"]}
        asked = json.loads(body) if service in SERVICES and body else {}
        writes = _list_writes(action, asked) if call["service"] == "dynamodb" else []
        NAMED.set(frozenset(pk for _, pk, _ in writes) or _list_queried(action, asked))
        with self._alone(writes):
            before = [_read(*key) for key in writes]
            answered = b"".join(self._moto(environ, _noting(call, start)))
            after_it = [_read(*key) for key in writes]
        if writes:
            call["writes"] = self._price(action, writes, before, after_it)
        elif call["service"] == "dynamodb" and call["status"] == 200:
            call |= _price_reading(action, asked, json.loads(answered))
        elif call["service"] == "sqs":
            call["messages"] = len(asked.get("Entries", [asked]))
        self._calls.append(call)
        return [answered]

    def _price(
        self, action: str, writes: Sequence[Key], before: Sequence[Item | None], after: Sequence[Item | None]
    ) -> list[Call]:
        factor = 2 if action == "TransactWriteItems" else 1
        return [
            {
                "kind": _kind_of(new or old or {"sk": {"S": sk}}),
                "units": factor * write_units(old, new),
                "index_units": index_units(old, new, self._indexes.get(table.partition("-")[0], [])),
            }
            for (table, _, sk), old, new in zip(writes, before, after, strict=True)
        ]

    @contextmanager
    def _alone(self, writes: Sequence[Key]) -> Iterator[None]:
        with ExitStack() as held:
            for key in sorted(set(writes)):
                with self._guard:
                    lock = self._locks.setdefault(key, threading.Lock())
                held.enter_context(lock)
            yield


def _noting(call: Call, start: Start) -> Start:
    """WSGI's `start_response`, with the status noted."""

    def noted(status: str, *others: Any) -> Any:
        call["status"] = int(status.split(maxsplit=1)[0])
        return start(status, *others)

    return noted


def _list_writes(action: str, asked: Any) -> list[Key]:
    """Return table, partition and sort key of every item that a call writes."""

    def key_of(order: Any) -> Key:
        key = order.get("Key") or order["Item"]
        return order["TableName"], key["pk"]["S"], key["sk"]["S"]

    if action == "TransactWriteItems":
        return [key_of(order) for step in asked["TransactItems"] for order in step.values()]
    writes = action in {"PutItem", "UpdateItem", "DeleteItem"}
    return [key_of(asked)] if writes and "pk" in (asked.get("Key") or asked["Item"]) else []


def _list_queried(action: str, asked: Any) -> frozenset[str]:
    """Return all texts among the values of a table's query: one of them is its partition's key."""
    if action != "Query" or "IndexName" in asked:
        return frozenset()
    return frozenset(value["S"] for value in asked["ExpressionAttributeValues"].values() if "S" in value)


def _price_reading(action: str, asked: Any, answered: Any) -> Call:
    if action == "GetItem":
        found, consistent = [[answered["Item"]] if "Item" in answered else []], bool(asked.get("ConsistentRead"))
    elif action == "BatchGetItem":  # each item is read by itself
        found = [[item] for items in answered["Responses"].values() for item in items]
        consistent = any(one.get("ConsistentRead") for one in asked["RequestItems"].values())
    elif action == "Query":
        found, consistent = [answered["Items"]], bool(asked.get("ConsistentRead"))
    else:
        return {}
    kinds = sorted({_kind_of(item) for items in found for item in items})
    return {"read_units": sum(read_units(items, consistent=consistent) for items in found), "reads": kinds}


def _kind_of(item: Item) -> str:
    """Return which sort of the one table's items this is (design §3)."""
    kind = item.get("kind") or item.get("sk") or {}
    return str(kind.get("S", "")).partition("#")[0]


def _read_indexes() -> dict[str, list[Index]]:
    """Return the indexes of each of the template's tables."""
    return {
        name: [
            Index(
                tuple(key["AttributeName"] for key in one["KeySchema"]),
                tuple(one["Projection"].get("NonKeyAttributes", ())),
            )
            for one in properties.get("GlobalSecondaryIndexes", [])
        ]
        for name, properties in list_resources("AWS::DynamoDB::Table").items()
    }


def _backend() -> DynamoDBBackend:
    backend: DynamoDBBackend = dynamodb_backends[DEFAULT_ACCOUNT_ID][REGION]
    return backend


def _read(table: str, pk: str, sk: str) -> Item | None:
    found = _backend().get_item(table, {"pk": {"S": pk}, "sk": {"S": sk}})
    attributes: Item | None = None if found is None else found.to_json()["Attributes"]
    return attributes


def _copy_item(table: str, pk: str, sk: str, count: int) -> None:
    """Put copies of an item into its table: what a hundred thousand calls would do in an hour."""
    original, filled = _read(table, pk, sk) or {}, _backend().get_table(table)
    filled.__class__ = FullTable
    filled.stream_shard = None  # nobody reads it, and moto keeps all it ever held
    for _ in range(count):
        _backend().put_item(table, {**original, "pk": {"S": f"CLASSIFIED#{uuid4()}"}})


class _Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"  # AWS keeps connections open

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Write nothing: a line for each of a million calls is nobody's."""


def main() -> None:
    """Serve until the process is ended."""
    aws = CountedAws()
    print(json.dumps({name: aws.listen(name) for name in sys.argv[1:]}), flush=True)  # noqa: T201 - the starter reads it
    threading.Event().wait()


if __name__ == "__main__":
    main()
