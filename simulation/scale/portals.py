"""The portals behind the hub's own budget and breakers, each call taking its time, and now and then down."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from placard.domain.answers import Answer
from placard.domain.classified import Classified
from placard.domain.errors import PortalUnavailableError
from placard.domain.events import PortalEvent
from placard.domain.instants import MINUTE
from placard.domain.policy import Rendering
from placard.portals.base import Allowance, Turn
from placard.portals.breaker import Breaker
from placard.ports import Budget, Call, Question
from simulation.portals import AvivPortal, OlxPortal
from simulation.scale.agenda import Agenda
from simulation.scale.costs import takes

Portal = OlxPortal | AvivPortal


@dataclass
class Outage:
    """When a portal is down, and whether it then answers 503 or not at all."""

    provider: str = ""
    begins: int = 0
    ends: int = 0
    hangs: bool = False

    def concerns(self, provider: str, now: int) -> bool:
        """Whether a portal is down now."""
        return provider == self.provider and self.begins <= now < self.ends


@dataclass
class Calls:
    """How often each portal was called in each minute: calls it answered, and calls it failed. `accounts`: for whom."""

    answered: Counter[tuple[str, int]] = field(default_factory=Counter)
    failed: Counter[tuple[str, int]] = field(default_factory=Counter)
    accounts: Counter[str] = field(default_factory=Counter)

    def forget(self) -> None:
        """Begin to count anew."""
        self.answered.clear()
        self.failed.clear()
        self.accounts.clear()


@dataclass
class Line:
    """What `portals.base.Wire` is to a real portal: calls behind the account's breaker."""

    provider: str
    clock: Agenda
    breaker: Breaker
    outage: Outage
    calls: Calls

    def refuse(self, account: str) -> None:
        """Raise CircuitOpenError where a call for this account would not be made."""
        self.breaker.refuse(account)

    def call(self, _method: str, _url: str, *, account: str, exchange: Callable[[], Any]) -> Any:
        """Make one call."""
        with self.breaker.guard(account):
            self.calls.accounts[account] += 1
            if self.outage.concerns(self.provider, self.clock.now()):
                self.calls.failed[self.provider, self.clock.now() // MINUTE] += 1
                self.clock.spend(takes("silence" if self.outage.hangs else "refusal"))
                status = None if self.outage.hangs else 503
                raise PortalUnavailableError("the portal is down", taken=True, status_code=status)
            self.calls.answered[self.provider, self.clock.now() // MINUTE] += 1
            self.clock.spend(takes("portal"))
            return exchange()


class TimedPublisher:
    """Implements `placard.ports.Publisher` for one instance of the function."""

    def __init__(self, portal: Portal, line: Line, budget: Budget) -> None:
        self._portal, self._line, self._budget = portal, line, budget

    def render(self, classified: Classified, channel: str) -> Rendering:
        """Return a classified in the portal's form."""
        return self._portal.render(classified, channel)

    def check_account(self, classified: Classified, channel: str) -> None:
        """There is always an account."""

    def send(self, call: Call) -> Answer:
        """Send one operation."""
        answer: Answer = self._call(call.classified.customer, partial(self._portal.send, call))[0]
        return answer

    def read(self, question: Question) -> tuple[PortalEvent, ...]:
        """Ask how the advert stands."""
        events: tuple[PortalEvent, ...] = self._call(question.classified.customer, partial(self._portal.read, question))
        return events

    def search(self, classified: Classified, channel: str) -> tuple[str, ...]:
        """Look for the advert by the hub's key."""
        found: tuple[str, ...] = self._call(classified.customer, partial(self._portal.search, classified, channel))
        return found

    def _call(self, customer: str, exchange: Callable[[], Any]) -> Any:
        rate = self._portal.policy.rate
        allowance = None if rate is None else Allowance(self._budget, self._portal.provider, rate, customer)
        return Turn(self._line, allowance).call("", "", account=customer, exchange=exchange)  # type: ignore[arg-type]
