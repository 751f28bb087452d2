"""What every portal call has in common: one client per container, limits, and what a failed call means (design §5)."""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

import httpx

from placard.domain.answers import Answer
from placard.domain.budget import Rate
from placard.domain.errors import BudgetSpentError, PortalError, PortalUnavailableError, StoreUnavailableError
from placard.domain.retry_after import read_wait
from placard.portals.breaker import Breaker
from placard.portals.reading import parse_object
from placard.ports import Budget, Clock

logger = logging.getLogger(__name__)

TIMEOUT = 20.0  # seconds; portals ask for 15 to 20 (contracts/olx.md §6, contracts/aviv.md §1)
MOST_BYTES = 1_000_000
MOST_QUOTED = 500  # characters

# A portal may quote the credentials it was shown; evidence is read by people.
SECRET = re.compile(r"""(?i)\b(bearer|basic)\s+[^\s"',}]+|("?(?:access_|refresh_)?token"?\s*[:=]\s*)"?[^"\s,}]+"?""")

# Nothing left our machine, so the portal cannot have taken it. Whatever else fails on the way may have arrived.
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


@dataclass(frozen=True, slots=True)
class Reply:
    """A portal's answer, read up to a limit. Header names in lower case. `asked` is the call's method and path."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    asked: str = ""

    @property
    def text(self) -> str:
        """The beginning of the body, for people."""
        return self.body[:MOST_QUOTED].decode("utf-8", "replace")

    @property
    def succeeded(self) -> bool:
        """Whether the portal took the call."""
        return 200 <= self.status < 300

    @property
    def exchange(self) -> str:
        """What was asked and answered, without secrets: the call, the status, the portal's trace, why it refused."""
        trace = self.headers.get("traceparent")
        parts = [f"{self.asked} → HTTP {self.status}", f"trace {trace}" if trace else ""]
        parts.append("" if self.succeeded else SECRET.sub("…", self.text))
        return "; ".join(part for part in parts if part)

    @property
    def said(self) -> dict[str, Any] | None:
        """The JSON object in the body, None where there is none: a firewall's page, half an answer, nothing at all."""
        try:
            return parse_object(self.body)
        except ValueError:
            return None

    def read(self) -> dict[str, Any]:
        """Return the JSON object of a success; what cannot be read leaves the outcome unknown."""
        said = self.said
        if said is None:
            raise PortalUnavailableError(
                f"unreadable answer with HTTP {self.status}", taken=True, status_code=self.status, body=self.text
            )
        return said


@dataclass(slots=True)
class Wire:
    """The HTTP client of one portal, made on first use and kept for the life of the container, behind a circuit breaker."""

    clock: Clock
    client: httpx.Client | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    breaker: Breaker | None = None

    def call(
        self,
        method: str,
        url: str,
        *,
        account: str,
        headers: Mapping[str, str] | None = None,
        body: Any = None,
        query: Mapping[str, str] | None = None,
    ) -> Reply:
        """Make one call for an account, named as the portal tells them apart, and return the answer to it, 2xx or 4xx.

        Raises PortalUnavailableError for everything that is worth another try: no answer, 429, 5xx, a redirection; its
        CircuitOpenError where the account's calls fail and nothing was sent.
        """
        with nullcontext() if self.breaker is None else self.breaker.guard(account), self._timed(account):
            reply = self._send(method, url, {**self.headers, **(headers or {})}, body, query)
            with quoting(reply):
                self._refuse_outage(reply)
        return reply

    @contextmanager
    def _timed(self, account: str) -> Iterator[None]:
        """Tell the log how long a call took and whether it is worth another try: metrics count these lines."""
        began, failed = time.monotonic(), True
        try:
            yield
            failed = False
        finally:
            told = {"provider": self.breaker and self.breaker.provider, "account": account, "failed": failed}
            took = int((time.monotonic() - began) * 1000)
            logger.info("a portal call ended", extra={**told, "milliseconds": took})

    def refuse(self, account: str) -> None:
        """Raise CircuitOpenError where a call for this account would not be made."""
        if self.breaker is not None:
            self.breaker.refuse(account)

    def _send(
        self, method: str, url: str, headers: dict[str, str], body: Any, query: Mapping[str, str] | None
    ) -> Reply:
        if self.client is None:
            # The environment may name a proxy, or a .netrc that would replace the Authorization header.
            self.client = httpx.Client(timeout=TIMEOUT, follow_redirects=False, trust_env=False)
        # ASCII escapes keep whatever a CRM may write, half a surrogate pair included.
        content = None if body is None else json.dumps(body).encode("ascii")
        deadline = time.monotonic() + TIMEOUT
        asked = f"{method} {urlsplit(url).path}"
        try:
            with self.client.stream(method, url, headers=headers, content=content, params=query) as response:
                read = b""
                for part in response.iter_bytes():
                    read += part
                    if time.monotonic() > deadline:
                        raise PortalUnavailableError("no whole answer in time", taken=True)
                    if len(read) > MOST_BYTES:
                        raise PortalUnavailableError(
                            "an answer too long to read", taken=True, status_code=response.status_code
                        )
                return Reply(response.status_code, response.headers, read, asked)
        except NOT_SENT as error:
            raise _silence(asked, f"no connection: {type(error).__name__}", taken=False) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _silence(asked, f"no answer: {type(error).__name__}", taken=True) from error

    def _refuse_outage(self, reply: Reply) -> None:
        if reply.status == 429:
            wait = read_wait(reply.headers.get("retry-after"), self.clock.now())
            raise PortalUnavailableError(
                "too many calls", taken=False, throttled=True, wait=wait, status_code=429, body=reply.text
            )
        if reply.status >= 500 or 300 <= reply.status < 400 or reply.status == 408:
            wait = read_wait(reply.headers.get("retry-after"), self.clock.now())
            raise PortalUnavailableError(
                f"HTTP {reply.status}", taken=True, wait=wait, status_code=reply.status, body=reply.text
            )


def _silence(asked: str, why: str, *, taken: bool) -> PortalUnavailableError:
    error = PortalUnavailableError(why, taken=taken)
    error.exchange = f"{asked} → {why}"
    return error


@contextmanager
def quoting(reply: Reply) -> Iterator[None]:
    """Let an error that an answer leads to carry what was asked and answered."""
    try:
        yield
    except PortalError as error:
        error.exchange = error.exchange or reply.exchange
        raise


def quote_reading(asked: str, said: Mapping[str, Any]) -> str:
    """Return what was asked and what the portal said of an advert, in short and without secrets: a reading's evidence."""
    text = json.dumps(said, separators=(",", ":"), ensure_ascii=False)
    return SECRET.sub("…", f"{asked} → {text}")[:MOST_QUOTED]


def quote_exchange(reply: Reply, read: Callable[[], Answer]) -> Answer:
    """Return what an answer means, or raise what it means, with what was asked and answered."""
    with quoting(reply):
        answer = read()
    transaction = f"; transaction {answer.transaction}" if answer.transaction else ""
    return replace(answer, exchange=reply.exchange + transaction)


@dataclass(frozen=True, slots=True)
class Allowance:
    """A portal's share of calls: which budget pays for them, how many there may be, and for whom where customers share it."""

    budget: Budget
    name: str
    rate: Rate
    customer: str = ""

    def pay(self, now: int, *, owed: bool) -> None:
        """Pay for one call; BudgetSpentError where it has to wait."""
        try:
            wait = self.budget.take(self.name, self.rate, now, customer=self.customer, owed=owed)
        except StoreUnavailableError as error:
            # Nothing was sent, and nobody is to think that the portal may have taken it.
            raise PortalUnavailableError("the budget of calls cannot be asked", taken=False) from error
        if wait > 0:
            raise BudgetSpentError(wait)


@dataclass(slots=True)
class Turn:
    """The calls of one operation or one question.

    The first call waits for its turn. Those that follow are made anyway and owed: a token that is renewed, a list of many
    pages would otherwise begin anew each time and, on a busy day, never come to an end.
    """

    wire: Wire
    allowance: Allowance | None = None
    begun: bool = False
    admitted: bool = False

    def admit(self, account: str) -> None:
        """Pay for the next call before it is made, as what must be held for its sake is only worth taking then."""
        if self.admitted:
            return
        # What is not sent anyway takes nothing of what others could send.
        self.wire.refuse(account)
        if self.allowance is not None:
            self.allowance.pay(self.wire.clock.now(), owed=self.begun)
        self.begun = self.admitted = True

    def call(self, method: str, url: str, *, account: str, **parts: Any) -> Reply:
        """Make one call, as `Wire.call` does; BudgetSpentError where the first one has to wait."""
        self.admit(account)
        self.admitted = False
        return self.wire.call(method, url, account=account, **parts)


@contextmanager
def before_the_call() -> Iterator[None]:
    """Say of a call that only prepares the real one (a token, a subscription) that the real one was not sent."""
    try:
        yield
    except BudgetSpentError:
        raise
    except PortalUnavailableError as error:
        unsent = PortalUnavailableError(
            str(error), taken=False, wait=error.wait, throttled=error.throttled, status_code=error.status_code
        )
        unsent.exchange = error.exchange
        raise unsent from error
