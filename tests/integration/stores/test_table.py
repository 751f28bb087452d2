"""What only the real store has: a network that fails, and other transactions."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from threading import Thread
from typing import Any

import pytest

from placard.aws.classifieds import DynamoClassifiedStore
from placard.aws.engine import QUICK
from placard.aws.items import classified_key
from placard.aws.publications import DynamoPublicationStore
from placard.aws.table import Table
from placard.aws.vault import Vault
from placard.domain.errors import StoreUnavailableError, TransitionConflictError
from placard.ports import Change
from tests.fakes import FakeClock
from tests.fakes.clock import NOON
from tests.integration.stores import aws
from tests.integration.stores.samples import CLASSIFIED_ID, delete, entry, message, post, publication, put

Answer = tuple[int, dict[str, Any]]


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int, dict[str, Any]], None]]:
    """Point the stores at a DynamoDB that gives one and the same answer to everything."""
    for name, value in aws.ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    answers: list[Answer] = []
    with serving(answers) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        yield lambda status, body: answers.append((status, body))


@contextmanager
def serving(answers: list[Answer]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            status, body = answers[-1]
            self.send_response(status)
            self.send_header("content-type", "application/x-amz-json-1.0")
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def refusal(kind: str, text: str = "no") -> dict[str, Any]:
    return {"__type": f"com.amazonaws.dynamodb.v20120810#{kind}", "message": text}


def cancelled(*reasons: str) -> dict[str, Any]:
    """Return DynamoDB's answer to a cancelled transaction (API Reference, TransactWriteItems, Errors)."""
    text = "Transaction cancelled, please refer cancellation reasons for specific reasons"
    return refusal("TransactionCanceledException", f"{text} [{', '.join(reasons)}]") | {
        "CancellationReasons": [{"Code": reason} for reason in reasons]
    }


@pytest.mark.parametrize(
    "answer",
    [
        (500, refusal("InternalServerError")),
        (503, {}),
        (400, refusal("ProvisionedThroughputExceededException")),
        (400, refusal("ThrottlingException")),
        (400, refusal("RequestLimitExceeded")),
    ],
)
def test_trouble_of_the_service_is_one_error(answering: Callable[..., None], answer: Answer) -> None:
    answering(*answer)
    table = Table("table", QUICK)
    with pytest.raises(StoreUnavailableError):
        DynamoClassifiedStore(table, FakeClock()).write(post())
    with pytest.raises(StoreUnavailableError):
        DynamoPublicationStore(table, FakeClock(), 400).save(Change(publication(), (entry(1),)))
    with pytest.raises(StoreUnavailableError):
        DynamoPublicationStore(table, FakeClock(), 400).load(CLASSIFIED_ID)
    with pytest.raises(StoreUnavailableError):
        Vault("vault", "key", FakeClock(), QUICK).write("olx/app", {"secret": "s3cret"}, 0)


def test_mistake_of_ours_is_not_mistaken_for_trouble(answering: Callable[..., None]) -> None:
    answering(400, refusal("ValidationException", "Invalid UpdateExpression"))
    with pytest.raises(Exception, match="Invalid UpdateExpression") as raised:
        DynamoClassifiedStore(Table("table"), FakeClock()).write(post())
    assert not isinstance(raised.value, StoreUnavailableError)


@pytest.mark.parametrize(
    ("reasons", "error", "named"),
    [
        (("ConditionalCheckFailed", "None"), TransitionConflictError, "publication"),
        (("None", "TransactionConflict"), TransitionConflictError, "entry status-1"),
        (("TransactionConflict", "ConditionalCheckFailed"), TransitionConflictError, "publication, entry status-1"),
        (("ThrottlingError", "None"), StoreUnavailableError, "ThrottlingError"),
    ],
)
def test_cancelled_transaction_says_which_part_was_beaten(
    answering: Callable[..., None], reasons: tuple[str, ...], error: type[Exception], named: str
) -> None:
    answering(400, cancelled(*reasons))
    with pytest.raises(error, match=named):
        DynamoPublicationStore(Table("table"), FakeClock(), 400).save(Change(publication(), (entry(1),)))


def test_publication_held_by_a_transaction_is_a_conflict(answering: Callable[..., None]) -> None:
    answering(400, refusal("TransactionConflictException", "Transaction is ongoing for the item"))
    store = DynamoPublicationStore(Table("table"), FakeClock(), 400)
    with pytest.raises(TransitionConflictError):
        store.save(Change(publication()))
    with pytest.raises(StoreUnavailableError):
        store.put_message(message(), None)


def test_silent_storage_is_given_up_within_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in aws.ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        store = DynamoPublicationStore(Table("table", QUICK), FakeClock(), 400)
        began = time.monotonic()
        with pytest.raises(StoreUnavailableError):
            store.put_message(message(), None)
    assert time.monotonic() - began < 1


def test_broken_connection_is_opened_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container that slept finds its connections dead; the portal would not send its message twice."""
    for name, value in aws.ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{listener.getsockname()[1]}")
        store = DynamoPublicationStore(Table("table", QUICK), FakeClock(), 400)
        listener.settimeout(5)
        server = Thread(target=break_one_then_answer, args=(listener,), daemon=True)
        server.start()
        stored = store.put_message(message(), None)
        server.join()
    assert stored


def break_one_then_answer(listener: socket.socket) -> None:
    listener.accept()[0].close()
    connection, _ = listener.accept()
    with connection, connection.makefile("rb") as sent:
        length = next(int(line.split(b":")[1]) for line in sent if line.lower().startswith(b"content-length"))
        while sent.readline().strip():
            continue
        sent.read(length)
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")


def test_pause_ends_when_its_portal_is_taken_off_or_the_classified_is_posted_anew(table: Table) -> None:
    store = DynamoClassifiedStore(table, FakeClock())
    store.write(post())
    pause(table, {"SL", "BD"})
    changed = store.write(put()).classified
    assert changed is not None
    assert changed.paused == {"SL"}
    store.write(delete())
    again = store.write(post()).classified
    assert again is not None
    assert again.paused == frozenset()


def pause(table: Table, portals: set[str]) -> None:
    """Pause portals as `deactivate` will."""
    table.update(classified_key(CLASSIFIED_ID), "ADD paused :portals", "attribute_exists(pk)", {":portals": portals})


def test_list_ends_a_page_at_four_megabytes(table: Table) -> None:
    """The answer of a function is limited to 6 MB, whatever limit the caller asks for."""
    store = DynamoClassifiedStore(table, FakeClock())
    for number in range(18):
        store.write(post(estate=f"estate-{number}", body={"portals": ["SL"], "text": f"{number}" + "x" * 250_000}))
    first = store.list_classifieds("agency-7", 250, None)
    second = store.list_classifieds("agency-7", 250, first.after)
    assert len(first.rows) == 17
    assert (len(second.rows), second.after) == (1, None)


def test_timeline_reads_on_where_dynamodb_ends_its_page(table: Table) -> None:
    """A Query answers 1 MB at most, which is no reason for the timeline to look finished."""
    store = DynamoPublicationStore(table, FakeClock(), 400)
    random = Random(0)  # noqa: S311 - incompressible, and the same each time
    saved = publication()
    for number in range(20):
        saved = store.save(Change(saved, (entry(number, message=random.randbytes(90_000).hex()),)))
    page = DynamoClassifiedStore(table, FakeClock()).list_entries(CLASSIFIED_ID, 19, None)
    assert [row.creation_date for row in page.rows] == [NOON + number for number in range(19, 0, -1)]
    assert page.after is not None


def test_secret_is_sealed_and_its_cache_is_short(aws_environment: str) -> None:
    clock = FakeClock()
    name, key = aws.create_table(aws_environment, "VaultTable"), aws.create_key(aws_environment)
    reader, operator = Vault(name, key, clock), Vault(name, key, clock)
    operator.write("olx/app", {"secret": "first-value"}, 0)
    assert "first-value" not in repr(Table(name).get({"pk": "olx/app", "sk": "SECRET"}))
    reader.read("olx/app")
    operator.write("olx/app", {"secret": "second"}, 1)
    assert read_value(reader) == "first-value"
    assert read_value(reader, fresh=True) == "second"
    operator.write("olx/app", {"secret": "third"}, 2)
    clock.advance(59_999)
    assert read_value(reader) == "second"
    clock.advance(1)
    assert read_value(reader) == "third"


def read_value(vault: Vault, *, fresh: bool = False) -> object:
    secret = vault.read("olx/app", fresh=fresh)
    return None if secret is None else secret.value["secret"]
