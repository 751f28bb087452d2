"""A CRM's subscription: what it wants to be told, and the one retry clock of its endpoint (contracts/hub.md §3). Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from placard.domain.instants import DAY, HOUR, MINUTE, SECOND, to_text
from placard.domain.lifecycle import WITH_MEDIA_ERROR, Outcome, Word
from placard.domain.publication import Entry
from placard.domain.told import Place

# Ten tries over about 75 hours, then daily (contracts/hub.md §3).
WAITS = (5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, DAY)
PAUSE_AFTER = 5 * DAY
WARN_AFTER = (DAY, 3 * DAY)
# An endpoint may ask for a longer wait than the schedule's, though not for one that nobody would wait for.
LONGEST_ASKED = DAY
_JITTER = 0.1
# The index of entries may lag this much behind the table.
_INDEX_LAG = 30 * SECOND

# What may be subscribed to (seed 000, Webhook): the words of a failed medium go with their success.
SUBSCRIBABLE = tuple(word for word in Word if word not in WITH_MEDIA_ERROR.values())
_PLAIN = {with_error: plain for plain, with_error in WITH_MEDIA_ERROR.items()}


class State(StrEnum):
    """How the endpoint does."""

    ACTIVE = "active"
    FAILING = "failing"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class Walk:
    """A walk over the customer's entries since `since`, to wake every publication that waits to be told.

    `shard` and `after` are how far it has come. `again_at` (ms) is None on the last round: the index shows late what was
    stored just before, so that a first round is followed by a short second one. `marks`: what it meets may have been left to
    rest while nobody was there to be told, so that it is made due before it is woken.
    """

    since: int
    shard: int = 0
    after: str | None = None
    not_before: int = 0
    again_at: int | None = None
    marks: bool = False


@dataclass(frozen=True, slots=True)
class Subscription:
    """Where a customer's entries are told. Instants are milliseconds.

    Entries created after `since` are told. `failing_since` is the first failure in a row, `next_at` the canary's time: the
    one publication that is tried while the endpoint fails. `behind_from` is the creation of the oldest entry known to wait
    for the clock. `resumed_at` is when somebody last said to go on; what was held before is tried at once.
    """

    customer: str
    url: str
    since: int
    statuses: tuple[Word, ...] | None = None
    live_changes: bool = True
    version: int = 0
    failures: int = 0
    failing_since: int | None = None
    next_at: int | None = None
    paused_at: int | None = None
    canary: Place | None = None
    behind_from: int | None = None
    walk: Walk | None = None
    resumed_at: int = 0

    @property
    def state(self) -> State:
        """How the endpoint does."""
        if self.paused_at is not None:
            return State.PAUSED
        return State.ACTIVE if self.failing_since is None else State.FAILING

    @property
    def due(self) -> int | None:
        """When somebody must look at the subscription itself, None while it needs nobody."""
        waits = [self.next_at, None if self.walk is None else self.walk.not_before]
        return min((instant for instant in waits if instant is not None), default=None)


def wants(subscription: Subscription, entry: Entry) -> bool:
    """Whether an entry is told: by its word, or since buyers see the advert or no longer see it."""
    if entry.outcome is not Outcome.APPLIED:
        return False
    if subscription.statuses is None or (entry.live_changed and subscription.live_changes):
        return True
    return _PLAIN.get(entry.status, entry.status) in subscription.statuses


def next_wait(failures: int, draw: float, asked: int | None = None, scale: float = 1) -> int:
    """Return the wait (ms) after this many failures in a row, one or more. `draw` is a number in [0, 1)."""
    wait = WAITS[failures - 1] if failures <= len(WAITS) else DAY
    jittered = wait * (1 - _JITTER + 2 * _JITTER * draw) * scale
    return max(int(jittered), min(asked or 0, LONGEST_ASKED))


def fail(
    subscription: Subscription,
    place: Place,
    oldest: int,
    now: int,
    draw: float,
    asked: int | None = None,
    scale: float = 1,
) -> Subscription:
    """Return the subscription after its endpoint failed: the clock goes on, and after five days it is paused."""
    since = now if subscription.failing_since is None else subscription.failing_since
    failures = subscription.failures + 1
    failed = replace(lower(subscription, oldest), failures=failures, failing_since=since, canary=place)
    pause_at = since + int(PAUSE_AFTER * scale)
    if now >= pause_at:
        return replace(failed, next_at=None, paused_at=now)
    # The last try is made just when the five days are over, unless the endpoint asked for later.
    scheduled = min(now + next_wait(failures, draw, scale=scale), pause_at)
    return replace(failed, next_at=max(scheduled, now + min(asked or 0, LONGEST_ASKED)))


def may_try(subscription: Subscription, now: int) -> bool:
    """Whether some publication may be tried though the endpoint fails: its time has come, or there is no canary."""
    if subscription.state is State.PAUSED:
        return False
    return subscription.canary is None or subscription.next_at is None or subscription.next_at <= now


def claim(subscription: Subscription, place: Place, until: int) -> Subscription:
    """Return the subscription with its clock in the hands of this canary until then."""
    return replace(subscription, next_at=until, canary=place)


def recover(subscription: Subscription, now: int) -> Subscription:
    """Return the subscription after its endpoint accepted again: whoever waits is woken."""
    if subscription.failing_since is None:
        return subscription
    return _go_on(subscription, subscription.behind_from, now)


def resume(subscription: Subscription, now: int, since: int | None = None) -> Subscription:
    """Return the subscription after somebody said to go on: `since` then, or where the CRM stopped accepting."""
    start = subscription.behind_from if since is None else since
    resumed = replace(_go_on(subscription, start, now, marks=True), resumed_at=now)
    return resumed if since is None else replace(resumed, since=since)


def pass_on(subscription: Subscription, now: int) -> Subscription:
    """Return the subscription after its canary had nothing to tell any more.

    Whoever waits is woken, and the first of them is the next canary; when nobody was found to wait, the failure is history.
    """
    if subscription.canary is None:
        return replace(subscription, failures=0, failing_since=None, next_at=None, behind_from=None)
    start = now if subscription.behind_from is None else subscription.behind_from
    walk = Walk(start, not_before=now, again_at=now + _INDEX_LAG)
    return replace(subscription, canary=None, next_at=now + 2 * _INDEX_LAG, walk=walk)


def lower(subscription: Subscription, oldest: int) -> Subscription:
    """Return the subscription knowing that an entry as old as this waits for its clock."""
    known = subscription.behind_from
    return replace(subscription, behind_from=oldest if known is None else min(known, oldest))


def next_round(walk: Walk) -> Walk | None:
    """Return the walk after all shards were walked: a second round over what the index may have shown late, then none."""
    if walk.again_at is None:
        return None
    return Walk(since=walk.again_at - 2 * _INDEX_LAG, not_before=walk.again_at, marks=walk.marks)


def warn(subscription: Subscription, now: int, scale: float = 1) -> str | None:
    """Return what the CRM's people should know of a failing endpoint, None while there is nothing to worry about."""
    since = subscription.failing_since
    if since is None:
        return None
    if subscription.paused_at is not None:
        return (
            f"No callback was accepted since {to_text(since)}: callbacks are paused; "
            "PUT /webhooks or POST /webhooks/replay goes on where you stopped accepting"
        )
    passed = [after for after in WARN_AFTER if now - since >= int(after * scale)]
    if not passed:
        return None
    return (
        f"No callback was accepted since {to_text(since)}; "
        f"callbacks pause on {to_text(since + int(PAUSE_AFTER * scale))} unless one is accepted"
    )


def _go_on(subscription: Subscription, start: int | None, now: int, *, marks: bool = False) -> Subscription:
    """Stop the clock and walk over what waits since `start`; a walk that has not come to its end begins again."""
    unfinished = None if subscription.walk is None else subscription.walk.since
    marks = marks or (subscription.walk is not None and subscription.walk.marks)
    starts = [instant for instant in (start, unfinished) if instant is not None]
    return replace(
        subscription,
        failures=0,
        failing_since=None,
        next_at=None,
        paused_at=None,
        canary=None,
        behind_from=None,
        walk=Walk(min(starts), not_before=now, again_at=now + _INDEX_LAG, marks=marks) if starts else None,
    )
