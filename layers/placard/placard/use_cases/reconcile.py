"""Wake what is past its due time (lifecycle §7, step 7): whatever a stream or a queue lost is found here."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from placard.domain.channels import PROCESS_PROVIDER, PROVIDER_OF
from placard.domain.instants import MINUTE
from placard.domain.look import has_seen
from placard.domain.told import Place
from placard.ports import ClassifiedStore, Clock, Due, DueStore, ProcessWakeUp, Telling, WakeUp, WakeUps

logger = logging.getLogger(__name__)

# A woken item is looked at again this much later unless its look sets another time.
AGAIN = 5 * MINUTE
MOST_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Reconcile:
    """Moves each due time on first and wakes afterwards: a crash in between costs one round, never the wake-up."""

    dues: DueStore
    store: ClassifiedStore
    wake_ups: WakeUps
    clock: Clock

    def __call__(self) -> int:
        """Wake what is past due and return how many there were."""
        now = self.clock.now()
        past = self.dues.past_due(now, MOST_AT_ONCE)
        for due in past:
            self._wake(due, now)
        return len(past)

    def _wake(self, due: Due, now: int) -> None:
        if due.kind == "CLASSIFIED":
            self._wake_classified(due, now)
        elif not self.dues.move(due, now + AGAIN):
            return
        elif due.kind == "PUBLICATION":
            _, classified_id = due.pk.split("#", 1)
            _, channel = due.sk.split("#", 1)
            self.wake_ups.send((WakeUp(PROVIDER_OF[channel], classified_id, channel, due.customer),))
        elif due.kind == "TOLD":
            _, classified_id = due.pk.split("#", 1)
            _, channel = due.sk.split("#", 1)
            self.wake_ups.tell((Telling(due.customer, Place(classified_id, channel)),))
        elif due.kind == "WEBHOOK":
            self.wake_ups.tell((Telling(due.customer),))
        elif due.kind == "EVENT":
            _, provider, remote_id = due.pk.split("#", 2)
            _, digest = due.sk.split("#", 1)
            self.wake_ups.retry_messages(((provider, remote_id, digest),))
        elif due.kind == "PROCESS":
            _, process_id = due.sk.split("#", 1)
            self.wake_ups.send((ProcessWakeUp(PROCESS_PROVIDER, due.customer, int(process_id)),))
        else:
            logger.error("a due time nobody knows", extra={"kind": due.kind})

    def _wake_classified(self, due: Due, now: int) -> None:
        """A classified stays due until every channel's publication has seen its newest revision."""
        _, classified_id = due.pk.split("#", 1)
        classified, publications = self.store.load(classified_id)
        if classified is None:
            return
        known = {publication.channel: publication for publication in publications}
        unseen = [c for c in classified.channels if c not in known or not has_seen(known[c], classified)]
        if not unseen:
            self.dues.clear(due)
        elif self.dues.move(due, now + AGAIN):
            self.wake_ups.send(tuple(WakeUp(PROVIDER_OF[c], classified_id, c, classified.customer) for c in unseen))
