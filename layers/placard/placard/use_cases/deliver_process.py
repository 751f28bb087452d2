"""A look at one listing process: lease, push what the CRM asked for, record (lifecycle §6). Shaped as deliver_publication is."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from placard.domain.errors import (
    BudgetSpentError,
    CredentialsError,
    PortalRejectedError,
    PortalUnavailableError,
    TransitionConflictError,
)
from placard.domain.instants import DAY, SECOND
from placard.domain.listing_process import ListingProcess, Wanted, confirm, postpone, take, undo
from placard.domain.retry import next_wait
from placard.ports import Clock, Poller, ProcessStore, ProcessWakeUp

logger = logging.getLogger(__name__)

GIVE_UP = DAY
_MOST_RACES = 20


@dataclass(frozen=True, slots=True)
class DeliverProcess:
    """Pushes one wish at a time. `lease` (ms) is longer than any call can take."""

    store: ProcessStore
    poller: Poller
    clock: Clock
    lease: int = 120 * SECOND
    scale: float = 1

    def __call__(self, wake_up: ProcessWakeUp, follow: Callable[[str | None], None] | None = None) -> None:
        """Look once. Whatever is left to push stands in the table: a `look` mark or a due time.

        `follow` is told the trace of the CRM's request, so that every line of the log can name it.
        """
        process = self.store.load(wake_up.customer, wake_up.process_id)
        if process is None or not process.wanted:
            return
        if follow is not None:
            follow(process.traceparent)
        now = self.clock.now()
        if any(until is not None and now < until for until in (process.lease_until, process.retry_at)):
            return
        try:
            taken = self.store.save(take(process, now + self.lease))
        except TransitionConflictError:
            # Their change wakes the next look.
            logger.info("another look was first", extra={"processId": wake_up.process_id})
            return
        self._push(taken)

    def _push(self, process: ListingProcess) -> None:
        """Send the agent first: Spotahome may take none for a process that is cancelled."""
        wanted = process.wanted
        sent = Wanted(assigns=True, agent_id=wanted.agent_id) if wanted.assigns else Wanted(cancels=True)
        logger.info("calling the portal", extra={"processId": process.process_id, "cancels": sent.cancels})
        try:
            if sent.assigns:
                self.poller.assign(process.customer, process.process_id, sent.agent_id, process.traceparent)
            else:
                self.poller.cancel(process.customer, process.process_id, process.traceparent)
        except PortalUnavailableError as error:
            self._postpone(process, sent, error)
        except (PortalRejectedError, CredentialsError) as error:
            self._undo(process, sent, error.in_short)
        else:
            self._record(process, lambda current, now: confirm(current, sent, now))

    def _postpone(self, process: ListingProcess, sent: Wanted, error: PortalUnavailableError) -> None:
        now = self.clock.now()
        if now - (process.failing_since or now) >= GIVE_UP * self.scale:
            self._undo(process, sent, f"the portal did not take it for 24 hours: {error}")
            return
        wait = max(int(next_wait(process.tries, self.clock.draw()) * self.scale), error.wait or 0)
        counts, fails = not error.throttled, not isinstance(error, BudgetSpentError)
        self._record(process, lambda current, at: postpone(current, at + wait, at, counts=counts, fails=fails))

    def _undo(self, process: ListingProcess, sent: Wanted, reason: str) -> None:
        """The copy shows again what Spotahome said last; what it says now is the next sweep's to learn."""
        logger.warning("Spotahome refused a wish", extra={"processId": process.process_id, "reason": reason})
        self._record(process, lambda current, now: undo(current, sent, now))

    def _record(self, process: ListingProcess, fold: Callable[[ListingProcess, int], ListingProcess]) -> None:
        """Fold into the process as it is now and store it; whoever loses the race reads and folds again."""
        current: ListingProcess | None = process
        for _ in range(_MOST_RACES):
            if current is None:
                return
            try:
                self.store.save(fold(current, self.clock.now()))
                return
            except TransitionConflictError:
                current = self.store.load(process.customer, process.process_id)
        raise TransitionConflictError(f"listing process {process.process_id} never stood still")
