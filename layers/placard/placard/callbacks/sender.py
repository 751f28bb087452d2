"""One callback to a CRM: signed, dialled at an address judged public, over within ten seconds (contracts/hub.md §3).

It stands on httpcore, the transport below httpx: that knows no redirects, cookies, proxies or decompression, and takes
the part that dials. So the host is looked up, judged and dialled in one place, with no look-up in between that could
answer otherwise; TLS and the Host header keep the host's name.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import certifi
import httpcore
from standardwebhooks.webhooks import Webhook

from placard.callbacks.addresses import LookUp, Target, find_addresses, parse_url
from placard.domain.instants import SECOND
from placard.domain.refusals import CallbackRefusedError
from placard.domain.retry_after import read_wait
from placard.ports import Delivery, Reply

LIMIT_SECONDS = 10.0
MOST_BYTES = 65_536  # of an answer, head and body together
MOST_SHOWN = 200  # characters
MOST_DIALLED = 4  # addresses of one host
PIECE_BYTES = 4_096


class _TooLongError(Exception):
    """An answer that does not end within MOST_BYTES."""


class HttpSender:
    """Sends callbacks, each over a connection of its own: one kept open would fail by its age, not by the CRM's fault."""

    def __init__(
        self,
        allow_loopback: bool,
        *,
        limit: float = LIMIT_SECONDS,
        look_up: LookUp | None = None,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        """`limit` in seconds for the whole exchange; `trust` holds the certificate authorities, the public ones by default."""
        self._allow_loopback = allow_loopback
        self._limit = limit
        self._look_up = look_up
        self._trust = trust

    def send(self, delivery: Delivery, now: int) -> Reply:
        """POST it. Never raises for what the other side does: a refused address is a Reply without status.

        An answer counts once it is whole, or once MOST_BYTES of it are read.
        """
        deadline = time.monotonic() + self._limit
        try:
            target = parse_url(delivery.url, self._allow_loopback)
            return self._exchange(target, delivery, now, deadline)
        except CallbackRefusedError as error:
            return Reply(None, reason=f"the URL {error.reason}")
        except httpcore.TimeoutException:
            return Reply(None, reason=f"no whole answer within {self._limit:g} s")
        except _TooLongError:
            return Reply(None, reason="an answer without end")
        except (httpcore.NetworkError, httpcore.ProtocolError) as error:
            return Reply(None, reason=f"no answer: {_to_line(str(error)) or type(error).__name__}")

    def _exchange(self, target: Target, delivery: Delivery, now: int, deadline: float) -> Reply:
        url = httpcore.URL(scheme=target.scheme, host=target.host, port=target.port, target=target.path or "/")
        dialler = _Dialler(target, self._allow_loopback, self._look_up, deadline)
        if target.scheme == "https" and self._trust is None:
            self._trust = ssl.create_default_context(cafile=certifi.where())
        with (
            httpcore.HTTPConnection(url.origin, ssl_context=self._trust, network_backend=dialler) as connection,
            connection.stream(
                "POST", url, headers=write_headers(target, delivery, now), content=delivery.body
            ) as answer,
        ):
            try:
                for _ in answer.iter_stream():
                    pass  # an answer whose body does not end in time is none
            except _TooLongError:
                pass  # its status was read
            asked = next((value for name, value in answer.headers if name.lower() == b"retry-after"), b"")
            return Reply(answer.status, read_wait(asked.decode("latin-1"), now), f"HTTP {answer.status}")


class _Dialler(httpcore.NetworkBackend):
    """Looks up a target, judges every address, and dials those it judged."""

    def __init__(self, target: Target, allow_loopback: bool, look_up: LookUp | None, deadline: float) -> None:
        self._target = target
        self._allow_loopback = allow_loopback
        self._look_up = look_up
        self._deadline = deadline
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Open a connection to the first address that takes one, giving each its share of the time left."""
        left = _time_left(self._deadline)
        found = find_addresses(self._target, self._allow_loopback, left, self._look_up)[:MOST_DIALLED]
        for tried, address in enumerate(found, start=1):
            share = _time_left(self._deadline) / (len(found) + 1 - tried)
            try:
                stream = self._sockets.connect_tcp(str(address), self._target.port, share)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if tried == len(found):
                    raise
            else:
                return _TimedStream(stream, self._deadline)
        raise AssertionError("find_addresses finds one at least")


class _TimedStream(httpcore.NetworkStream):
    """A connection that ends at a deadline, however slowly the other side reads or writes, and after MOST_BYTES read."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline
        self._allowed = MOST_BYTES

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what is there."""
        if not self._allowed:
            raise _TooLongError
        data = self._stream.read(min(max_bytes, self._allowed), _time_left(self._deadline))
        self._allowed -= len(data)
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write in pieces, because a write takes its time for each part that the other side accepts."""
        for start in range(0, len(buffer), PIECE_BYTES):
            self._stream.write(buffer[start : start + PIECE_BYTES], _time_left(self._deadline))

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """Go on encrypted."""
        stream = self._stream.start_tls(ssl_context, server_hostname, _time_left(self._deadline))
        return _TimedStream(stream, self._deadline)

    def close(self) -> None:
        """Hang up."""
        self._stream.close()

    def get_extra_info(self, info: str) -> Any:
        """What is known of the connection."""
        return self._stream.get_extra_info(info)


def _time_left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout
    return left


def write_headers(target: Target, delivery: Delivery, now: int) -> list[tuple[str, str]]:
    """Return a callback's headers but for those of its length, signed at `now` (ms)."""
    headers = {
        "Host": target.authority,
        "User-Agent": "Placard",
        "Accept": "*/*",
        "Content-Type": "application/json",
        "Connection": "close",
        **sign(delivery, now),
    }
    if delivery.traceparent is not None:
        headers["traceparent"] = delivery.traceparent
    return list(headers.items())


def sign(delivery: Delivery, now: int) -> dict[str, str]:
    """Return the headers of Standard Webhooks, with one signature for each valid secret."""
    seconds = now // SECOND
    moment, text = datetime.fromtimestamp(seconds, UTC), delivery.body.decode("utf-8")
    signatures = [Webhook(secret).sign(delivery.webhook_id, moment, text) for secret in delivery.secrets]
    return {
        "webhook-id": delivery.webhook_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": " ".join(signatures),
    }


def _to_line(text: str) -> str:
    """The beginning of a stranger's text on one line that no terminal or log reads as a command."""
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())[:MOST_SHOWN]
