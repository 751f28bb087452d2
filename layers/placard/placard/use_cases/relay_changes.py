"""Send the wake-ups that a stored change calls for (lifecycle §7, step 2), and count what has ended. It writes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from placard.domain.channels import PROVIDER_OF, channels_of
from placard.domain.instants import SECOND
from placard.domain.lifecycle import FAILED_WORDS
from placard.domain.publication import Entry
from placard.domain.retry import LONGEST_HIDDEN
from placard.ports import (
    ClassifiedChanged,
    Clock,
    ProcessChanged,
    ProcessWakeUp,
    PublicationChanged,
    Telling,
    TellingChanged,
    WakeUp,
    WakeUps,
)

Change = ClassifiedChanged | PublicationChanged | ProcessChanged | TellingChanged


def relay_changes(changes: Iterable[Change], wake_ups: WakeUps, clock: Clock) -> int:
    """Wake every publication, listing process and telling that a change concerns, each once; return how many.

    Raises when a send fails.
    """
    now = clock.now()
    looks: dict[WakeUp | ProcessWakeUp, WakeUp | ProcessWakeUp] = {}
    tellings: dict[tuple[str, object], Telling] = {}
    for change in changes:
        if isinstance(change, TellingChanged):
            _add_telling(tellings, change, now)
            continue
        for wake_up in _wake_ups(change, now):
            target = replace(wake_up, delay=0)
            known = looks.get(target)
            if known is None or wake_up.delay < known.delay:
                looks[target] = wake_up
    if looks:
        wake_ups.send(tuple(looks.values()))
    if tellings:
        wake_ups.tell(tuple(tellings.values()))
    return len(looks) + len(tellings)


def count_told(entries: Iterable[Entry]) -> Mapping[tuple[str, str], Mapping[str, int]]:
    """Return by portal and customer what entries of the timeline tell, for the metrics of their names."""
    counts: dict[tuple[str, str], Counter[str]] = {}
    for entry in entries:
        live = entry.advert is not None and entry.advert.live
        told = {
            "entries": True,
            "operations failed": entry.status in FAILED_WORDS,
            "adverts gone live": entry.live_changed and live,
            "adverts gone off": entry.live_changed and not live,
        }
        for portal in entry.portals:
            counts.setdefault((portal, entry.customer), Counter()).update({name: int(so) for name, so in told.items()})
    return counts


def _add_telling(tellings: dict[tuple[str, object], Telling], change: TellingChanged, now: int) -> None:
    wait = _wait(change.retry_at, now)
    known = tellings.get((change.customer, change.place))
    if wait is not None and (known is None or wait < known.delay):
        tellings[change.customer, change.place] = Telling(change.customer, change.place, wait)


def _wake_ups(
    change: ClassifiedChanged | PublicationChanged | ProcessChanged, now: int
) -> Sequence[WakeUp | ProcessWakeUp]:
    if isinstance(change, ClassifiedChanged):
        return [
            WakeUp(PROVIDER_OF[channel], change.classified_id, channel, change.customer)
            for channel in channels_of(change.portals)
        ]
    wait = _wait(change.retry_at, now)
    if wait is None:
        return []
    if isinstance(change, ProcessChanged):
        return [ProcessWakeUp(change.provider, change.customer, change.process_id, wait)]
    return [WakeUp(PROVIDER_OF[change.channel], change.classified_id, change.channel, change.customer, wait)]


def _wait(retry_at: int | None, now: int) -> int | None:
    """Return the delay in whole seconds, None for a wait that only the due index keeps."""
    wait = max(0, (retry_at or now) - now)
    return None if wait > LONGEST_HIDDEN else -(-wait // SECOND)
