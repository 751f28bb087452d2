"""Send the wake-ups that a stored change calls for (lifecycle §7, step 2). It writes nothing."""

from __future__ import annotations

from collections.abc import Iterable

from placard.domain.channels import PROVIDER_OF, channels_of
from placard.domain.retry import LONGEST_HIDDEN
from placard.ports import ClassifiedChanged, Clock, PublicationChanged, WakeUp, WakeUps


def relay_changes(changes: Iterable[ClassifiedChanged | PublicationChanged], wake_ups: WakeUps, clock: Clock) -> int:
    """Wake every publication that a change concerns, each once; return how many. Raises when a send fails."""
    now = clock.now()
    wanted: dict[tuple[str, str], WakeUp] = {}
    for change in changes:
        for wake_up in _wake_ups(change, now):
            known = wanted.get((wake_up.classified_id, wake_up.channel))
            if known is None or wake_up.delay < known.delay:
                wanted[wake_up.classified_id, wake_up.channel] = wake_up
    if wanted:
        wake_ups.send(tuple(wanted.values()))
    return len(wanted)


def _wake_ups(change: ClassifiedChanged | PublicationChanged, now: int) -> list[WakeUp]:
    if isinstance(change, ClassifiedChanged):
        return [
            WakeUp(PROVIDER_OF[channel], change.classified_id, channel, change.customer)
            for channel in channels_of(change.portals)
        ]
    wait = max(0, (change.retry_at or now) - now)
    if wait > LONGEST_HIDDEN:
        return []
    provider = PROVIDER_OF[change.channel]
    return [WakeUp(provider, change.classified_id, change.channel, change.customer, -(-wait // 1000))]
