"""Callbacks over real connections: what is sent, what an answer means, and how little a hostile other side can do."""

from __future__ import annotations

import base64
import itertools
import json
import os
import socket
import ssl
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from placard.callbacks.addresses import LookUp, resolve_and_check
from placard.callbacks.sender import MOST_BYTES, HttpSender
from placard.domain.instants import DAY, MINUTE, SECOND, from_text
from placard.ports import Delivery, Reply
from tests.integration.callbacks.listeners import Answer, Authority, Listener, listening, say, status

NOW = from_text("2026-11-22T03:00:00Z")
NEW, OLD, OTHER = (f"whsec_{base64.b64encode(bytes([number]) * 32).decode()}" for number in (1, 2, 3))
BODY = json.dumps({"status": "CREATED", "message": "en ligne à Bucarest: Ștefan 🏠"}, ensure_ascii=False).encode()
CREATED = status("201 Created")
LIMIT = 0.4
# The machine is shared: what is meant to end after LIMIT may take this much longer, and must not take its natural time.
SLACK = 3.0


def deliver(
    port: int,
    path: str = "/agency/classifieds/1/statuses",
    *,
    scheme: str = "http",
    host: str = "127.0.0.1",
    body: bytes = BODY,
    secrets: tuple[str, ...] = (NEW,),
    traceparent: str | None = None,
) -> Delivery:
    return Delivery(f"{scheme}://{host}:{port}{path}", "msg_1", body, secrets, traceparent)


def answers(*texts: str) -> LookUp:
    return lambda host, port: texts


@pytest.fixture
def sender() -> HttpSender:
    return HttpSender(allow_loopback=True, limit=5)


@pytest.fixture
def hasty() -> HttpSender:
    return HttpSender(allow_loopback=True, limit=LIMIT)


# --- what is sent ----------------------------------------------------------------------------------------------------


def test_a_callback_arrives_as_it_was_written(sender: HttpSender) -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    with listening(CREATED) as crm:
        assert sender.send(deliver(crm.port, traceparent=trace), NOW) == Reply(201, None, "HTTP 201")
    assert crm.requests[0].startswith(b"POST /agency/classifieds/1/statuses HTTP/1.1\r\n")
    assert crm.body == BODY
    signature = crm.head.pop("webhook-signature")
    assert signature.startswith("v1,")
    assert crm.head | {"webhook-signature": signature} == {
        "host": f"127.0.0.1:{crm.port}",
        "user-agent": "Placard",
        "accept": "*/*",
        "content-type": "application/json",
        "content-length": str(len(BODY)),
        "connection": "close",
        "traceparent": trace,
        "webhook-id": "msg_1",
        "webhook-timestamp": str(NOW // SECOND),
        "webhook-signature": signature,
    }


def test_a_url_without_a_path_is_posted_to_its_root(sender: HttpSender) -> None:
    with listening(CREATED) as crm:
        assert sender.send(deliver(crm.port, ""), NOW).status == 201
    assert crm.requests[0].startswith(b"POST / HTTP/1.1\r\n")


def test_the_public_library_verifies_the_signature(sender: HttpSender) -> None:
    with listening(CREATED) as crm:
        sender.send(deliver(crm.port), time.time_ns() // 1_000_000)
    assert Webhook(NEW).verify(crm.body, crm.head) == json.loads(BODY)
    with pytest.raises(WebhookVerificationError):
        Webhook(OTHER).verify(crm.body, crm.head)
    with pytest.raises(WebhookVerificationError):
        Webhook(NEW).verify(crm.body + b" ", crm.head)
    with pytest.raises(WebhookVerificationError):
        Webhook(NEW).verify(crm.body, crm.head | {"webhook-id": "msg_2"})


def test_while_a_secret_is_replaced_both_verify(sender: HttpSender) -> None:
    with listening(CREATED) as crm:
        sender.send(deliver(crm.port, secrets=(NEW, OLD)), time.time_ns() // 1_000_000)
    assert len(crm.head["webhook-signature"].split(" ")) == 2
    for secret in (NEW, OLD):
        assert Webhook(secret).verify(crm.body, crm.head) == json.loads(BODY)
    with pytest.raises(WebhookVerificationError):
        Webhook(OTHER).verify(crm.body, crm.head)


def test_the_signature_is_that_of_the_specification(sender: HttpSender) -> None:
    """The example of the Standard Webhooks libraries' own tests."""
    secrets = ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",)
    with listening(CREATED) as crm:
        url = f"http://127.0.0.1:{crm.port}/x"
        delivery = Delivery(url, "msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}', secrets)
        sender.send(delivery, 1614265330 * SECOND)
    assert crm.head["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


# --- what an answer means --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", ["200 OK", "201 Created", "202 Accepted", "204 No Content", "299 Fine"])
def test_a_success_needs_no_words(sender: HttpSender, line: str) -> None:
    answer = say(f"HTTP/1.1 {line}\r\n\r\n") if line.startswith("204") else status(line, body=b"thank you")
    with listening(answer) as crm:
        assert sender.send(deliver(crm.port), NOW) == Reply(int(line[:3]), None, f"HTTP {line[:3]}")


@pytest.mark.parametrize(
    ("text", "wait"),
    [
        ("120", 2 * MINUTE),
        ("Sun, 22 Nov 2026 03:10:00 GMT", 10 * MINUTE),
        ("Sun, 22 Nov 2020 03:10:00 GMT", 0),
        ("999999999999", DAY),
        ("soon", None),
        ("-5", None),
        ("\xe9", None),
    ],
)
@pytest.mark.parametrize("line", ["429 Too Many Requests", "503 Service Unavailable"])
def test_the_wait_that_a_crm_asks_for(sender: HttpSender, line: str, text: str, wait: int | None) -> None:
    with listening(status(line, f"retry-AFTER: {text}")) as crm:
        assert sender.send(deliver(crm.port), NOW) == Reply(int(line[:3]), wait, f"HTTP {line[:3]}")


def test_a_refusal_is_told_without_its_body_which_may_quote_what_it_was_sent(sender: HttpSender) -> None:
    body = "\x1b[31mno\r\nsuch\x00 \u202eannonce é".encode() + b"\xff" + b"x" * 1_000
    with listening(status("404 Not Found", body=body)) as crm:
        reply = sender.send(deliver(crm.port), NOW)
    assert reply.status == 404
    assert reply.reason == "HTTP 404"


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirection_is_an_answer_and_is_not_followed(sender: HttpSender, code: int) -> None:
    with (
        listening(CREATED) as elsewhere,
        listening(status(f"{code} There", f"Location: http://127.0.0.1:{elsewhere.port}/x")) as crm,
    ):
        assert sender.send(deliver(crm.port), NOW).status == code
        assert elsewhere.connections == 0
        assert crm.connections == 1


def test_nothing_an_answer_sets_comes_back(sender: HttpSender) -> None:
    with listening(status("201 Created", "Set-Cookie: session=1; Path=/", "Connection: keep-alive")) as crm:
        for _ in range(2):
            assert sender.send(deliver(crm.port), NOW).status == 201
    assert "cookie" not in crm.head
    assert crm.connections == 2


# --- no answer -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "",
        "HTTP/1.1",
        "HTTP/1.1 201 Created\r\n",
        "HTTP/1.1 201 Created\r\nContent-Le",
        "HTTP/1.1 201 Created\r\nContent-Length: 10\r\n\r\nhalf",
        "HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhal",
        "HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "HTTP/1.1 201 Created\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
        "HTTP/1.1 201 Created\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 2 Short\r\n\r\n",
        "HTTP/1.1 099 Low\r\n\r\n",
        "HTTP/1.1 twenty Words\r\n\r\n",
        "SSH-2.0-OpenSSH_9.6\r\n",
        "220 mail.example ESMTP\r\n",
        "\x16\x03\x01\x02\x00",
        "\x00" * 100,
        "<html>",
        "\r\n\r\n\r\n",
        "HTTP/1.1 201 Created\r\n: nameless\r\n\r\n",
        "HTTP/1.1 201 Created\r\nName : spaced\r\n\r\n",
        "HTTP/1.1 201 Created\r\nX: \x00\r\n\r\n",
        "HTTP/1.1 201 Created\r\n" + "X: y\r\n" * 20_000 + "\r\n",
    ],
    ids=lambda text: ascii(text[:40]),
)
def test_what_is_no_whole_answer_of_http_is_none(sender: HttpSender, text: str) -> None:
    with listening(say(text)) as crm:
        reply = sender.send(deliver(crm.port), NOW)
    assert reply.status is None
    assert reply.reason.isprintable() and reply.reason


def test_a_host_where_nobody_listens_is_no_answer(sender: HttpSender) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    reply = sender.send(deliver(port), NOW)
    assert reply.status is None
    assert "refused" in reply.reason


def test_a_reset_connection_is_no_answer(sender: HttpSender) -> None:
    def reset(connection: socket.socket, listener: Listener) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")

    with listening(reset) as crm:
        assert sender.send(deliver(crm.port), NOW).status is None


def test_an_answer_before_the_body_is_read_counts(sender: HttpSender) -> None:
    with listening(status("413 Content Too Large"), reads=False) as crm:
        reply = sender.send(deliver(crm.port, body=b"1" * 20_000_000), NOW)
    assert reply.status in {413, None}  # None where the reset overtook the answer


# --- time ------------------------------------------------------------------------------------------------------------


def drip(pieces: Iterable[bytes]) -> Answer:
    """Send piece after piece, each well within the limit."""

    def answer(connection: socket.socket, listener: Listener) -> None:
        for piece in pieces:
            connection.sendall(piece)
            if listener.stopping.wait(LIMIT / 10):
                return

    return answer


def hang(connection: socket.socket, listener: Listener) -> None:
    listener.stopping.wait()


def one_by_one(text: bytes) -> list[bytes]:
    return [bytes([byte]) for byte in text]


@pytest.mark.parametrize(
    "answer",
    [
        hang,
        drip(one_by_one(b"HTTP/1.1 201 Created\r\nX-Slow: " + b"x" * 1_000)),
        drip([b"HTTP/1.1 201 Created\r\nContent-Length: 1000\r\n\r\n", *one_by_one(b"x" * 1_000)]),
        drip([b"HTTP/1.1 201 Created\r\n\r\n", *one_by_one(b"x" * 1_000)]),
        drip([b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n", *[b"1\r\nx\r\n"] * 1_000]),
        drip(itertools.repeat(b"HTTP/1.1 100 Continue\r\n\r\n")),
        drip(itertools.repeat(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")),
    ],
    ids=["silence", "slow head", "slow body", "slow body to the end", "slow chunks", "continue", "early hints"],
)
@pytest.mark.parametrize("reads", [True, False], ids=["reads", "reads nothing"])
def test_the_limit_holds_for_the_whole_exchange(hasty: HttpSender, answer: Answer, reads: bool) -> None:
    with listening(answer, reads=reads) as crm:
        began = time.monotonic()
        reply = hasty.send(deliver(crm.port), NOW)
        took = time.monotonic() - began
    assert reply == Reply(None, None, f"no whole answer within {LIMIT} s")
    assert LIMIT * 0.9 < took < LIMIT + SLACK


def test_the_limit_holds_for_a_crm_that_does_not_read(hasty: HttpSender) -> None:
    def sip(connection: socket.socket, listener: Listener) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        while not listener.stopping.wait(LIMIT / 20):
            connection.recv(1_024)

    with listening(sip, reads=False) as crm:
        began = time.monotonic()
        reply = hasty.send(deliver(crm.port, body=b"1" * 50_000_000), NOW)
        took = time.monotonic() - began
    assert reply.status is None
    assert took < LIMIT + SLACK


def test_the_limit_holds_for_a_handshake(hasty: HttpSender) -> None:
    with listening(hang, reads=False) as crm:
        began = time.monotonic()
        reply = hasty.send(deliver(crm.port, scheme="https"), NOW)
        took = time.monotonic() - began
    assert reply.status is None
    assert took < LIMIT + SLACK


def test_the_limit_holds_for_a_handshake_that_drips(hasty: HttpSender) -> None:
    record = b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc"  # the beginning of a long ServerHello
    with listening(drip(one_by_one(record + b"\x00" * 1_000)), reads=False) as crm:
        began = time.monotonic()
        reply = hasty.send(deliver(crm.port, scheme="https"), NOW)
        took = time.monotonic() - began
    assert reply.status is None
    assert took < LIMIT + SLACK


def test_the_limit_holds_for_a_name_server(hasty: HttpSender) -> None:
    with listening(hang, reads=False) as silent:

        def look_up(host: str, port: int) -> Sequence[str]:
            silent.stopping.wait()
            return ["127.0.0.1"]

        began = time.monotonic()
        reply = HttpSender(allow_loopback=True, limit=LIMIT, look_up=look_up).send(deliver(silent.port), NOW)
        took = time.monotonic() - began
    assert reply == Reply(None, None, "the URL names a host that could not be looked up in time")
    assert took < LIMIT + SLACK


# --- size ------------------------------------------------------------------------------------------------------------


class Flood:
    """Sends one beginning and then the same piece until the caller hangs up; counts what was taken."""

    def __init__(self, beginning: bytes, piece: bytes) -> None:
        self.beginning, self.piece, self.taken = beginning, piece, 0

    def __call__(self, connection: socket.socket, listener: Listener) -> None:
        # Small buffers, so that what lies in them does not hide what was read.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)
        self.taken += connection.send(self.beginning)
        while True:
            self.taken += connection.send(self.piece)


@pytest.mark.parametrize(
    "beginning",
    [
        b"HTTP/1.1 500 Oops\r\n\r\n",
        b"HTTP/1.1 500 Oops\r\nContent-Length: 9999999999\r\n\r\n",
        b"HTTP/1.1 500 Oops\r\nContent-Encoding: gzip\r\n\r\n",
    ],
)
def test_an_endless_body_is_read_to_the_limit_and_its_status_stands(sender: HttpSender, beginning: bytes) -> None:
    flood = Flood(beginning, b"x" * 4_096)
    with listening(flood) as crm:
        reply = sender.send(deliver(crm.port), NOW)
        assert reply == Reply(500, None, "HTTP 500")
    assert flood.taken < MOST_BYTES + 8_000_000  # the rest lay in the system's buffers


@pytest.mark.parametrize(
    ("beginning", "piece"),
    [
        (b"HTTP/1.1 201 Created\r\n", b"X: y\r\n" * 500),
        (b"HTTP/1.1 201 Created\r\nX: ", b"y" * 4_096),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
        (b"", b"y" * 4_096),
    ],
    ids=["headers", "one header", "continue", "no line"],
)
def test_an_endless_head_is_no_answer(sender: HttpSender, beginning: bytes, piece: bytes) -> None:
    flood = Flood(beginning, piece)
    with listening(flood) as crm:
        assert sender.send(deliver(crm.port), NOW).status is None
    assert flood.taken < MOST_BYTES + 8_000_000


# --- where it goes ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"])
def test_without_the_switch_this_machine_is_not_even_dialled(scheme: str, host: str) -> None:
    with listening(CREATED) as crm:
        reply = HttpSender(allow_loopback=False).send(deliver(crm.port, scheme=scheme, host=host), NOW)
        assert reply.status is None
        assert reply.reason.startswith("the URL must ")
        assert crm.connections == 0


def test_a_name_that_turned_since_it_was_subscribed_is_not_dialled() -> None:
    """DNS rebinding: public when judged, this machine when called."""
    turning = iter([["93.184.215.14"], ["127.0.0.1"]])

    def look_up(host: str, port: int) -> Sequence[str]:
        return next(turning)

    with listening(CREATED) as crm:
        url = resolve_and_check(f"https://crm.example:{crm.port}", allow_loopback=False, look_up=look_up)
        reply = HttpSender(allow_loopback=False, look_up=look_up).send(Delivery(url, "msg_1", BODY, (NEW,)), NOW)
        assert reply == Reply(None, None, "the URL must lead to public addresses only")
        assert crm.connections == 0


def test_the_address_judged_is_the_address_dialled() -> None:
    """A name is looked up once a call; a server that answers otherwise to a second question is never asked it."""
    asked: list[tuple[str, int]] = []

    def look_up(host: str, port: int) -> Sequence[str]:
        asked.append((host, port))
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    with listening(CREATED) as crm:
        sender = HttpSender(allow_loopback=True, look_up=look_up, limit=5)
        assert sender.send(deliver(crm.port, host="crm.example"), NOW).status == 201
        assert asked == [("crm.example", crm.port)]
        assert crm.head["host"] == f"crm.example:{crm.port}"
        assert sender.send(deliver(crm.port, host="crm.example"), NOW).status is None
        assert len(asked) == 2
        assert crm.connections == 1


def test_the_name_is_not_dialled_but_its_address() -> None:
    with listening(CREATED) as crm:
        sender = HttpSender(allow_loopback=True, look_up=answers("127.0.0.2"), limit=5)
        assert sender.send(deliver(crm.port, host="localhost"), NOW).status is None  # nobody listens there
        assert crm.connections == 0


def test_one_bad_address_among_good_ones_is_enough() -> None:
    with listening(CREATED) as crm:
        sender = HttpSender(allow_loopback=True, look_up=answers("127.0.0.1", "10.0.0.1"), limit=5)
        assert sender.send(deliver(crm.port, scheme="https", host="crm.example"), NOW).status is None
        assert crm.connections == 0


def test_the_next_address_is_tried_where_one_does_not_answer() -> None:
    with listening(CREATED) as crm:
        sender = HttpSender(allow_loopback=True, look_up=answers("::1", "127.0.0.2", "127.0.0.1"), limit=5)
        assert sender.send(deliver(crm.port, host="crm.example"), NOW).status == 201
        assert crm.connections == 1


def test_proxies_of_the_environment_are_left_aside(sender: HttpSender, monkeypatch: pytest.MonkeyPatch) -> None:
    with listening(CREATED) as proxy, listening(CREATED) as crm:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
            monkeypatch.setenv(name.lower(), os.environ[name])
        assert sender.send(deliver(crm.port), NOW).status == 201
        assert (proxy.connections, crm.connections) == (0, 1)


# --- TLS -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


def over_tls(trust: ssl.SSLContext | None, limit: float = 5) -> HttpSender:
    return HttpSender(allow_loopback=True, limit=limit, look_up=answers("127.0.0.1"), trust=trust)


def test_tls_and_host_keep_the_hosts_name(authority: Authority, tmp_path: Path) -> None:
    names: list[str | None] = []
    with listening(CREATED, tls=authority.serve_as(["crm.example"], tmp_path, names)) as crm:
        delivery = deliver(crm.port, scheme="https", host="CRM.Example")
        assert over_tls(authority.trust()).send(delivery, NOW).status == 201
    assert names == ["crm.example"]
    assert crm.head["host"] == f"crm.example:{crm.port}"
    assert crm.body == BODY


def test_a_certificate_for_the_address_dialled_is_none_for_the_name(authority: Authority, tmp_path: Path) -> None:
    with listening(CREATED, tls=authority.serve_as(["127.0.0.1", "other.example"], tmp_path, [])) as crm:
        reply = over_tls(authority.trust()).send(deliver(crm.port, scheme="https", host="crm.example"), NOW)
        assert reply.status is None
        assert "certificate verify failed" in reply.reason
        reply = over_tls(authority.trust()).send(deliver(crm.port, scheme="https"), NOW)
        assert reply.status == 201
        assert len(crm.requests) == 1


def test_by_default_only_public_authorities_are_trusted(authority: Authority, tmp_path: Path) -> None:
    with listening(CREATED, tls=authority.serve_as(["crm.example"], tmp_path, [])) as crm:
        reply = over_tls(None).send(deliver(crm.port, scheme="https", host="crm.example"), NOW)
        assert reply.status is None
        assert "certificate verify failed" in reply.reason
        assert crm.requests == []


def test_plain_http_where_tls_is_awaited_is_no_answer(authority: Authority, tmp_path: Path) -> None:
    with listening(CREATED, tls=authority.serve_as(["crm.example"], tmp_path, [])) as crm:
        assert over_tls(authority.trust()).send(deliver(crm.port), NOW).status is None
    with listening(CREATED) as crm:
        assert over_tls(authority.trust(), LIMIT).send(deliver(crm.port, scheme="https"), NOW).status is None
