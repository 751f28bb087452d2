"""A look at one publication for its CRM: lease, call, move the cursor (lifecycle §7, step 6; contracts/hub.md §3)."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from placard.domain import subscription as clock_of
from placard.domain.errors import StoreUnavailableError, TransitionConflictError
from placard.domain.instants import DAY, HOUR, SECOND
from placard.domain.publication import Entry
from placard.domain.subscription import State, Subscription, Walk, wants
from placard.domain.told import FOUND_AGAIN, Told, is_all_told, position, settle, untold
from placard.ports import CallbackSender, Clock, Credentials, Delivery, Reply, Telling, ToldStore, View, WakeUps
from placard.use_cases.webhook_secrets import read_secrets

logger = logging.getLogger(__name__)

_AT_ONCE = 50
_LONGEST_LOOK = 30 * SECOND
_MOST_RACES = 20
# Publications that wait for a failing endpoint are woken by the walk that follows its recovery; this finds a lost one.
_SAFETY = DAY


class Ending(StrEnum):
    """How a look ended, for the metrics."""

    IDLE = "idle"  # nothing to tell, or nobody to tell it to
    TOLD = "told"  # everything accepted
    MORE = "more"  # all accepted so far, and a next look goes on
    WAITING = "waiting"  # the endpoint fails, or the CRM refused this publication: its time will come
    HELD = "held"  # the CRM has just refused an entry
    FAILED = "failed"  # the endpoint has just failed
    PAUSED = "paused"  # and that was once too often
    GONE = "gone"  # the CRM said 410: the subscription is over
    SWEPT = "swept"  # a step of waking who waited


@dataclass(frozen=True, slots=True)
class Look:
    """What one look did. `warning` is what GET /webhooks now says of a failing endpoint."""

    ending: Ending
    accepted: int = 0
    warning: str | None = None

    def and_then(self, later: Look) -> Look:
        """Return what both did: how it ended is the later's word, unless that one only waited for the former's end."""
        ending = self.ending if later.ending in (Ending.IDLE, Ending.WAITING) else later.ending
        settled = later.ending if self.ending is Ending.IDLE else ending
        return Look(settled, self.accepted + later.accepted, later.warning or self.warning)


def write_callback(entry: Entry, url: str, offerer_estate_id: str, secrets: tuple[str, ...]) -> Delivery:
    """Return the callback that tells an entry to the endpoint at `url`; the newest of the secrets stands first."""
    body = entry.to_json() | {"offererEstateId": offerer_estate_id}
    return Delivery(
        url=f"{url}/classifieds/{entry.classified_id}/statuses",
        webhook_id=entry.status_id,
        body=json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(),
        secrets=secrets,
        traceparent=entry.traceparent,
    )


@dataclass(frozen=True, slots=True)
class NotifyCrm:
    """Tells entries in order. `lease` (ms) is longer than any look can take; `scale` shortens the waits in the sandbox."""

    store: ToldStore
    sender: CallbackSender
    credentials: Credentials
    wake_ups: WakeUps
    clock: Clock
    lease: int = 120 * SECOND
    scale: float = 1

    def __call__(self, telling: Telling) -> Look:
        """Look once. Whatever is left to do afterwards stands in the table: a `look` mark or a due time."""
        if telling.place is None:
            return self._look_at_subscription(telling.customer)
        view = self.store.view(telling.place, telling.customer)
        if view.told is None:
            return Look(Ending.IDLE)
        if view.subscription is None and view.told.lease is None:
            self.store.rest(view.told)
            return Look(Ending.IDLE)
        if view.subscription is not None and is_all_told(view.told, view.subscription.since):
            return Look(Ending.IDLE)  # an earlier look has told the entry of this wake-up as well
        # A lease may be that of a look which died, and be over: who takes it lets it go, whether there is a subscription or not.
        told = self._take(view.told)
        return Look(Ending.WAITING) if told is None else self._tell(view, told)

    # --- one publication ---------------------------------------------------------------------------------------------

    def _take(self, told: Told) -> Told | None:
        """Take the lease, or leave word with who has it: then it looks again before it lets go."""
        for _ in range(_MOST_RACES):
            now = self.clock.now()
            taken = self.store.take(told.place, self.clock.new_id(), now + self.lease, now)
            if taken is not None:
                return taken
            if self.store.knock(told.place, now):
                return None
        raise TransitionConflictError(f"the telling of {told.classified_id}/{told.channel} never stood still")

    def _tell(self, view: View, told: Told) -> Look:
        """Tell under the lease, and again whenever somebody knocked meanwhile."""
        sofar = Look(Ending.IDLE)
        until = self.clock.now() + _LONGEST_LOOK
        for _ in range(_MOST_RACES):
            if view.subscription is None:
                told = replace(told, due=None)
            else:
                try:
                    told, look = _Teller(self, view, view.subscription, view.subscription.since, until).tell(told)
                except (StoreUnavailableError, TransitionConflictError):
                    raise
                except Exception:
                    self._set_aside(told)
                    raise
                sofar = sofar.and_then(look)
            if self.store.release(told):
                return sofar
            view = self.store.view(told.place, told.customer)
            told = replace(told, knocks=told.knocks if view.told is None else view.told.knocks)
        raise TransitionConflictError(f"the telling of {told.classified_id}/{told.channel} never stood still")

    def _set_aside(self, told: Told) -> None:
        """Hold a telling that breaks to an hourly try, and no other with it: another publication is the canary then."""
        now = self.clock.now()
        known = self.store.view(told.place, told.customer).told
        if known is not None and known.lease == told.lease:
            until = now + int(HOUR * self.scale)
            self.store.release(replace(known, held_at=now, retry_at=until, due=until))
        found = self.store.load_subscription(told.customer)
        if found is not None and found.canary == told.place:
            self._save(clock_of.pass_on(found, now))

    # --- the subscription itself -------------------------------------------------------------------------------------

    def _look_at_subscription(self, customer: str) -> Look:
        found = self.store.load_subscription(customer)
        now = self.clock.now()
        if found is None:
            return Look(Ending.IDLE)
        if found.walk is not None and found.walk.not_before <= now:
            return self._walk(found, found.walk, now)
        if found.next_at is None or found.next_at > now:
            return Look(Ending.IDLE)
        look = Look(Ending.IDLE) if found.canary is None else self(Telling(customer, found.canary))
        if look.ending is Ending.IDLE:
            self._save(clock_of.pass_on(found, now))
        return look

    def _walk(self, found: Subscription, walk: Walk, now: int) -> Look:
        """Wake some of those who may wait, and note how far the walk has come; the note wakes the next step."""
        met, further = self.store.places_of(found.customer, walk, _AT_ONCE)
        places = sorted(met)
        if walk.marks:
            for place in places:
                self.store.expect(place, now + FOUND_AGAIN)
        self.wake_ups.tell([Telling(found.customer, place) for place in places])
        rest = clock_of.next_round(walk) if further is None else replace(further, not_before=now)
        self._save(replace(found, walk=rest))
        return Look(Ending.SWEPT)

    def _save(self, subscription: Subscription) -> None:
        try:
            self.store.save_subscription(subscription)
        except TransitionConflictError:
            # Somebody else changed it; their change wakes the next look.
            logger.info("another step was first", extra={"customerId": subscription.customer})


@dataclass(slots=True)
class _Teller:
    """Tells one publication under its lease, as far as it comes.

    `since` is where this look reads from: a replay that comes meanwhile begins earlier, at what is not settled by it.
    """

    hub: NotifyCrm
    view: View
    subscription: Subscription
    since: int
    until: int
    secrets: tuple[str, ...] = ()

    def tell(self, told: Told) -> tuple[Told, Look]:
        """Return how far it has come, ready to let the lease go, and how that look ended."""
        entries = self._untold(told)
        if len(entries) < _AT_ONCE and not any(wants(self.subscription, entry) for entry in entries):
            return _told_all(self._pass_over(told, entries)), Look(Ending.IDLE)
        waits_until = self._held_until(told) or self._failing_until(told)
        if waits_until is not None:
            return self._wait(told, entries, waits_until)
        accepted = 0
        while entries:
            for entry in entries:
                if not wants(self.subscription, entry):
                    told = self._pass_over(told, [entry])
                    continue
                if self.hub.clock.now() > self.until:
                    return replace(told, due=self.hub.clock.now()), Look(Ending.MORE, accepted)
                if accepted:
                    told = self.hub.store.keep(told)
                reply = self._send(entry)
                if reply.status is None or not 200 <= reply.status < 300:
                    told, look = self._refused(told, entry, reply)
                    return told, replace(look, accepted=accepted)
                accepted += 1
                self._recover()
                told = self._pass_over(told, [entry])
            entries = self._untold(told) if len(entries) == _AT_ONCE else []
        return _told_all(told), Look(Ending.TOLD if accepted else Ending.IDLE, accepted)

    def _untold(self, told: Told) -> list[Entry]:
        """Return the oldest entries that are in no settled stretch."""
        after = position(told, self.since)
        return untold(told, self.hub.store.entries_after(told.place, after, _AT_ONCE))

    def _pass_over(self, told: Told, entries: list[Entry]) -> Told:
        """Return what was told with everything up to the last of these settled: accepted, or not asked for."""
        return settle(told, self.since, entries[-1].creation_date) if entries else told

    def _held_until(self, told: Told) -> int | None:
        """Return until when the CRM's own refusal holds this publication, None once somebody has said to go on."""
        if told.retry_at is None or told.held_at is None or told.held_at < self.subscription.resumed_at:
            return None
        return told.retry_at if told.retry_at > self.hub.clock.now() else None

    def _failing_until(self, told: Told) -> int | None:
        """Return when to look again although the sweep after a recovery wakes who waits; None where this look may call."""
        return None if self._may_call(told) else self.hub.clock.now() + int(_SAFETY * self.hub.scale)

    def _wait(self, told: Told, entries: list[Entry], until: int) -> tuple[Told, Look]:
        """Leave it for later, with the subscription knowing how far back somebody waits."""
        oldest = entries[0].creation_date
        self._change(lambda found, _: clock_of.lower(found, oldest))
        return replace(told, due=until), Look(Ending.WAITING)

    def _may_call(self, told: Told) -> bool:
        """Whether the endpoint may be called: it accepts, or its clock has come round and this look is its canary."""
        if self.subscription.state is State.ACTIVE:
            return True
        now = self.hub.clock.now()
        if not clock_of.may_try(self.subscription, now):
            return False
        claimed = clock_of.claim(self.subscription, told.place, now + self.hub.lease)
        try:
            self.subscription = self.hub.store.save_subscription(claimed)
        except TransitionConflictError:
            logger.info("another canary flies", extra={"customerId": told.customer})
            return False
        return True

    def _send(self, entry: Entry) -> Reply:
        now = self.hub.clock.now()
        # Read once for a look: a secret that is replaced meanwhile is valid for a day yet.
        self.secrets = self.secrets or read_secrets(self.hub.credentials, self.subscription.customer, now)
        delivery = write_callback(entry, self.subscription.url, self.view.offerer_estate_id, self.secrets)
        reply = self.hub.sender.send(delivery, now)
        logger.info(
            "told the CRM",
            extra={
                "customerId": entry.customer,
                "statusId": entry.status_id,
                "status": reply.status,
                "reason": reply.reason,
                "traceparent": entry.traceparent,
            },
        )
        return reply

    def _recover(self) -> None:
        if self.subscription.state is not State.ACTIVE:
            self._change(clock_of.recover)

    def _refused(self, told: Told, entry: Entry, reply: Reply) -> tuple[Told, Look]:
        if reply.status == 410:
            self.hub.store.delete_subscription(told.customer)
            logger.warning("the CRM said 410: its subscription is over", extra={"customerId": told.customer})
            return replace(told, due=None), Look(Ending.GONE)
        if reply.status is not None and 400 <= reply.status < 500 and reply.status != 429:
            return self._hold(told, entry, reply)
        return self._fail(told, entry, reply)

    def _hold(self, told: Told, entry: Entry, reply: Reply) -> tuple[Told, Look]:
        """The CRM refuses this publication's entry: it waits, on the same schedule, and holds no other publication."""
        self._recover()
        now = self.hub.clock.now()
        tries = told.tries + 1
        wait = clock_of.next_wait(tries, self.hub.clock.draw(), reply.retry_after, self.hub.scale)
        self._change(lambda found, _: clock_of.lower(found, entry.creation_date))
        held = replace(told, tries=tries, held_at=now, retry_at=now + wait, due=now + wait)
        return held, Look(Ending.HELD)

    def _fail(self, told: Told, entry: Entry, reply: Reply) -> tuple[Told, Look]:
        """The endpoint fails: its one clock goes on, and everything else of this customer waits for it."""
        draw = self.hub.clock.draw()
        mine = self.subscription

        def fail(found: Subscription, now: int) -> Subscription:
            if found.failing_since is not None and (found.next_at, found.failures) != (mine.next_at, mine.failures):
                return clock_of.lower(
                    found, entry.creation_date
                )  # the clock runs already: this failure is the same one
            return clock_of.fail(
                found, told.place, entry.creation_date, now, draw, reply.retry_after, scale=self.hub.scale
            )

        self._change(fail)
        now = self.hub.clock.now()
        warning = clock_of.warn(self.subscription, now, self.hub.scale)
        ending = Ending.PAUSED if self.subscription.state is State.PAUSED else Ending.FAILED
        return replace(told, due=now + int(_SAFETY * self.hub.scale)), Look(ending, warning=warning)

    def _change(self, change: Callable[[Subscription, int], Subscription]) -> None:
        """Change the subscription as it is now; whoever loses the race reads and changes again."""
        found: Subscription | None = self.subscription
        for _ in range(_MOST_RACES):
            if found is None:
                return  # unsubscribed meanwhile: nobody is to be told
            changed = change(found, self.hub.clock.now())
            try:
                self.subscription = found if changed == found else self.hub.store.save_subscription(changed)
                return
            except TransitionConflictError:
                found = self.hub.store.load_subscription(self.subscription.customer)
        raise TransitionConflictError(f"the subscription of {self.subscription.customer} never stood still")


def _told_all(told: Told) -> Told:
    return replace(told, due=None, seen=told.knocks)
