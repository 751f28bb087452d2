"""Send the wake-ups that a stored change calls for (lifecycle §7, step 2). It writes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from placard.domain.channels import PROVIDER_OF, channels_of
from placard.domain.retry import LONGEST_HIDDEN
from placard.ports import (
    ClassifiedChanged,
    Clock,
    ProcessChanged,
    ProcessWakeUp,
    PublicationChanged,
    WakeUp,
    WakeUps,
)

Change = ClassifiedChanged | PublicationChanged | ProcessChanged


def relay_changes(changes: Iterable[Change], wake_ups: WakeUps, clock: Clock) -> int:
    """Wake every publication and listing process that a change concerns, each once; return how many.

    Raises when a send fails.
    """
    now = clock.now()
    wanted: dict[WakeUp | ProcessWakeUp, WakeUp | ProcessWakeUp] = {}
    for change in changes:
        for wake_up in _wake_ups(change, now):
            target = replace(wake_up, delay=0)
            known = wanted.get(target)
            if known is None or wake_up.delay < known.delay:
                wanted[target] = wake_up
    if wanted:
        wake_ups.send(tuple(wanted.values()))
    return len(wanted)


def _wake_ups(change: Change, now: int) -> Sequence[WakeUp | ProcessWakeUp]:
    if isinstance(change, ClassifiedChanged):
        return [
            WakeUp(PROVIDER_OF[channel], change.classified_id, channel, change.customer)
            for channel in channels_of(change.portals)
        ]
    wait = max(0, (change.retry_at or now) - now)
    if wait > LONGEST_HIDDEN:
        return []
    delay = -(-wait // 1000)
    if isinstance(change, ProcessChanged):
        return [ProcessWakeUp(change.provider, change.customer, change.process_id, delay)]
    return [WakeUp(PROVIDER_OF[change.channel], change.classified_id, change.channel, change.customer, delay)]
