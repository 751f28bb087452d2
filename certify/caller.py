"""One callback to a receiver, made and signed by the hub's own code, and changed on its way where a case asks for it.

The hub itself calls only public addresses by https. The kit runs on the developer's machine and calls whatever it is
given; all else is as the hub does it: no redirects, no proxies, the whole answer within its time.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass

import certifi
import httpcore

from placard.callbacks.addresses import parse_url
from placard.callbacks.sender import MOST_BYTES, write_headers
from placard.ports import Delivery

# An answer is waited for this many times longer than the hub would, to tell a slow receiver from a silent one.
PATIENCE = 3


@dataclass(slots=True)
class Message:
    """What goes over the wire; a case changes it after it was signed."""

    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Seen:
    """What a receiver answered: its status, None without a whole answer, and after how many seconds."""

    status: int | None
    seconds: float
    reason: str

    @property
    def taken(self) -> bool:
        """Whether the hub would believe the callback accepted."""
        return self.status is not None and 200 <= self.status < 300


Change = Callable[[Message], None]


class Caller:
    """Calls a receiver; `limit` is the hub's own time for an answer, in seconds."""

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self._trust = ssl.create_default_context(cafile=certifi.where())

    def open(self) -> httpcore.ConnectionPool:
        """Connections that may be kept open from one callback to the next."""
        return httpcore.ConnectionPool(ssl_context=self._trust, max_connections=1)

    def send(
        self, delivery: Delivery, now: int, change: Change | None = None, kept: httpcore.ConnectionPool | None = None
    ) -> Seen:
        """POST it as the hub would at `now` (ms), over a connection of its own unless one is `kept`."""
        target = parse_url(delivery.url, allow_loopback=True)
        message = Message(dict(write_headers(target, delivery, now)), delivery.body)
        if change is not None:
            change(message)
        if kept is not None:
            del message.headers["Connection"]
        url = httpcore.URL(scheme=target.scheme, host=target.host, port=target.port, target=target.path)
        began = time.monotonic()
        try:
            if kept is not None:
                status = self._exchange(kept, url, message, began)
            else:
                with self.open() as pool:
                    status = self._exchange(pool, url, message, began)
        except httpcore.TimeoutException:
            return Seen(None, time.monotonic() - began, f"no whole answer within {PATIENCE * self.limit:g} s")
        except (httpcore.NetworkError, httpcore.ProtocolError) as error:
            return Seen(None, time.monotonic() - began, f"no answer: {error or type(error).__name__}")
        return Seen(status, time.monotonic() - began, f"HTTP {status}")

    def _exchange(self, pool: httpcore.ConnectionPool, url: httpcore.URL, message: Message, began: float) -> int:
        longest = PATIENCE * self.limit
        limits = dict.fromkeys(("connect", "read", "write", "pool"), longest)
        with pool.stream(
            "POST", url, headers=list(message.headers.items()), content=message.body, extensions={"timeout": limits}
        ) as answer:
            read = 0
            for piece in answer.iter_stream():
                read += len(piece)
                if read > MOST_BYTES:
                    break  # its status was read, as the hub does
                if time.monotonic() - began > longest:
                    raise httpcore.ReadTimeout
            return answer.status
