"""Wake what is past its due time (lifecycle §7, step 7): whatever a stream or a queue lost is found here."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from placard.domain.channels import PROCESS_PROVIDER, PROVIDER_OF
from placard.domain.instants import MINUTE, SECOND
from placard.domain.look import has_seen
from placard.domain.told import Place
from placard.ports import ClassifiedStore, Clock, Due, DueStore, ProcessWakeUp, Telling, WakeUp, WakeUps

logger = logging.getLogger(__name__)

# A woken item is looked at again this much later unless its look sets another time.
AGAIN = 5 * MINUTE
MOST_AT_ONCE = 500
# Each call of the CRM leaves a due time behind, so on a busy morning there are more than one page in a minute. No page is begun
# after this long: the next minute's round is about to begin, and goes on.
LONGEST_ROUND = 45 * SECOND
# A queue where more wake-ups wait gets none from here: what is past due for it most likely waits in it, and each wake-up anew
# would only make it longer. What was really lost is found once the queue is short again.
MOST_WAITING = 1000


@dataclass(frozen=True, slots=True)
class _Woken:
    """Whom to wake for a due time that was moved. `waiting` is how many wake-ups wait for each provider, once asked."""

    waiting: dict[str, int]
    looks: list[WakeUp | ProcessWakeUp] = field(default_factory=list)
    tellings: list[Telling] = field(default_factory=list)
    messages: list[tuple[str, str, str]] = field(default_factory=list)

    def send(self, wake_ups: WakeUps) -> None:
        """Send what there is to send."""
        for provider in {look.provider for look in self.looks} - self.waiting.keys():
            self.waiting[provider] = wake_ups.count_waiting(provider)
        looks = [look for look in self.looks if self.waiting[look.provider] <= MOST_WAITING]
        if looks:
            wake_ups.send(looks)
        if self.tellings:
            wake_ups.tell(self.tellings)
        if self.messages:
            wake_ups.retry_messages(self.messages)


@dataclass(frozen=True, slots=True)
class Reconcile:
    """Moves each due time on first and wakes afterwards: a crash in between costs one wait, never the wake-up.

    `scale` shortens that wait in the sandbox.
    """

    dues: DueStore
    store: ClassifiedStore
    wake_ups: WakeUps
    clock: Clock
    scale: float = 1

    def __call__(self) -> int:
        """Take up what is past due, the oldest first, until nothing is or the time is over; return how many there were."""
        began, taken = self.clock.now(), 0
        while True:
            now = self.clock.now()
            past = self.dues.past_due(now, MOST_AT_ONCE)
            waiting: dict[str, int] = {}
            moved = sum(self._wake(due, now, waiting) for due in past)
            taken += moved
            # The index may show again what this very round has moved: a page without anything else ends it.
            if len(past) < MOST_AT_ONCE or not moved or self.clock.now() - began >= LONGEST_ROUND:
                return taken

    def _wake(self, due: Due, now: int, waiting: dict[str, int]) -> bool:
        woken = _Woken(waiting)
        taken = self._take(due, now, woken)
        woken.send(self.wake_ups)
        return taken

    def _take(self, due: Due, now: int, woken: _Woken) -> bool:
        """Move a due time on and note whom to wake; False where somebody was first."""
        if due.kind == "CLASSIFIED":
            return self._take_classified(due, now, woken)
        if not self.dues.move(due, now + self._again):
            return False
        if due.kind == "PUBLICATION":
            _, classified_id = due.pk.split("#", 1)
            _, channel = due.sk.split("#", 1)
            woken.looks.append(WakeUp(PROVIDER_OF[channel], classified_id, channel, due.customer))
        elif due.kind == "TOLD":
            _, classified_id = due.pk.split("#", 1)
            _, channel = due.sk.split("#", 1)
            woken.tellings.append(Telling(due.customer, Place(classified_id, channel)))
        elif due.kind == "WEBHOOK":
            woken.tellings.append(Telling(due.customer))
        elif due.kind == "EVENT":
            _, provider, remote_id = due.pk.split("#", 2)
            _, digest = due.sk.split("#", 1)
            woken.messages.append((provider, remote_id, digest))
        elif due.kind == "PROCESS":
            _, process_id = due.sk.split("#", 1)
            woken.looks.append(ProcessWakeUp(PROCESS_PROVIDER, due.customer, int(process_id)))
        else:
            logger.error("a due time nobody knows", extra={"kind": due.kind})
        return True

    def _take_classified(self, due: Due, now: int, woken: _Woken) -> bool:
        """A classified stays due until every channel's publication has seen its newest revision."""
        _, classified_id = due.pk.split("#", 1)
        classified, publications = self.store.load(classified_id)
        if classified is None:
            return False
        known = {publication.channel: publication for publication in publications}
        unseen = [c for c in classified.channels if c not in known or not has_seen(known[c], classified)]
        if not unseen:
            self.dues.clear(due)
            return True
        if not self.dues.move(due, now + self._again):
            return False
        woken.looks.extend(WakeUp(PROVIDER_OF[c], classified_id, c, classified.customer) for c in unseen)
        return True

    @property
    def _again(self) -> int:
        return int(AGAIN * self.scale)
