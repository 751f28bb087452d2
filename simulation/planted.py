"""Faults planted in the hub on purpose, to show that the simulation finds them: `python -m simulation.planted`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import count
from typing import Any
from unittest.mock import patch

from placard.domain import apply as folding
from placard.domain import lifecycle
from placard.domain.apply import Folded
from placard.domain.channels import PROVIDER_OF
from placard.domain.classified import Classified
from placard.domain.comparison import Drift, Finding
from placard.domain.decide import Decision
from placard.domain.events import AdvertState, PortalEvent
from placard.domain.instants import DAY
from placard.domain.lifecycle import Outcome, Situation, Step
from placard.domain.listing_process import ListingProcess
from placard.domain.policy import Policy
from placard.domain.publication import Entry, Phase, Publication, Running, Standing
from placard.domain.told import Place, Told
from placard.ports import Change, Delivery, Due, Link, Message, WakeUp
from placard.use_cases.apply_events import ApplyEvents
from placard.use_cases.compare_portals import ComparePortals
from placard.use_cases.reconcile import Reconcile
from simulation.run import run
from tests.fakes import MemoryStore

MOST_SEEDS = 2000


@dataclass(frozen=True)
class Fault:
    """Something left out, swapped or forgotten: what stands in the place of what, by name."""

    name: str
    patches: Mapping[str, Any]


# --- what stands in the hub's place ----------------------------------------------------------------------------------


def _expire_at_once(publication: Publication, _now: int) -> Publication:
    running = publication.running
    if running is None or running.phase is not Phase.CALLING:
        return publication
    return replace(publication, running=replace(running, phase=Phase.UNKNOWN), lease_until=None)


def _look_after_nothing(_publication: Publication, running: Running, _now: int) -> Decision:
    return Decision(wake_at=running.due if running.phase is Phase.ACCEPTED else None)


_wake = folding.wake


def _wake_without_due(publication: Publication, now: int) -> Publication:
    return replace(_wake(publication, now), due=None)


def _match_any(publication: Publication, _standing: Standing, event: PortalEvent) -> Running | None:
    return publication.running if event.end is not None else None


def _explain_nothing(standing: Standing, *_: object) -> Standing:
    return replace(standing, problems=())


def _release_unseen(self: MemoryStore, told: Told) -> bool:
    stored = self._leased(told)
    return _release(self, replace(told, knocks=stored.knocks))


_release, _entries_after, _take = MemoryStore.release, MemoryStore.entries_after, MemoryStore.take


def _entries_backwards(self: MemoryStore, place: Place, instant: int, limit: int) -> tuple[Entry, ...]:
    return _entries_after(self, place, instant, limit)[::-1]


def _forget_the_hint(self: ApplyEvents, _publication: Publication, message: Message) -> str:
    self.store.mark_message(message, "hint", None)
    return "hint"


def _fold_in_two_steps(self: ApplyEvents, message: Message, link: Link) -> str:
    self.store.mark_message(message, "applied", None)
    return _fold(self, message._replace(outcome=None), link)


_fold = ApplyEvents._fold
_webhook_ids = count()


def _name_anew(**members: Any) -> Delivery:
    return Delivery(**{**members, "webhook_id": f"{members['webhook_id']}-{next(_webhook_ids)}"})


def _clear_first(self: Reconcile, due: Due, now: int, woken: Any) -> bool:
    if due.kind != "PUBLICATION":
        return _take_due(self, due, now, woken)
    self.dues.clear(due)
    classified_id, channel = due.pk.partition("#")[2], due.sk.partition("#")[2]
    woken.looks.append(WakeUp(PROVIDER_OF[channel], classified_id, channel, due.customer))
    return True


_take_due = Reconcile._take


def _seen_already(_publication: Publication, _classified: Classified) -> bool:
    return True


def _steps(state: AdvertState, situation: Situation, step: Step) -> dict[AdvertState, dict[Situation, Step]]:
    return lifecycle.STEPS | {state: lifecycle.STEPS[state] | {situation: step}}


def _differ_in_flight(publication: Publication, _listed: object) -> Drift | None:
    remote_id = publication.remote_id or ""
    drift = Drift(Finding.OTHERWISE, publication.channel, publication.classified_id, remote_id)
    return drift if publication.running is not None else None


def _forget_what_is_in_flight(self: ComparePortals, drift: Drift) -> bool:
    publication = self.publications.load_publication(drift.classified_id, drift.channel)
    if publication is None:
        return False
    forgotten = replace(publication, running=None, lease_until=None, reread=True)
    self.publications.save(Change(folding.wake(forgotten, self.clock.now())))
    return True


def _note_nothing(publication: Publication, _reason: str, policy: Policy, now: int, *, last: bool) -> Folded:
    waiting = replace(publication, look=False, due=now + policy.again, faults=publication.faults + last)
    return Folded(waiting, (), Outcome.APPLIED)


def _leave_wanted(process: ListingProcess, _sent: object, now: int) -> ListingProcess:
    return replace(process, lease_until=None, due=now + DAY)


def _always(_self: object, *_: object) -> None:
    """Check nothing."""


_S = AdvertState
_DECIDE, _APPLY = "placard.domain.decide", "placard.domain.apply"
FAULTS = (
    Fault("a lease is taken for lapsed at once", {"placard.domain.look.expire": _expire_at_once}),
    Fault("an unknown outcome is never looked into", {f"{_DECIDE}._look_after": _look_after_nothing}),
    Fault("publications are stored whatever their version", {"tests.fakes.MemoryStore._check_publication": _always}),
    Fault("a fold clears the due time", {f"{_APPLY}.wake": _wake_without_due}),
    Fault("any end ends the operation in flight", {f"{_APPLY}._matching": _match_any}),
    Fault("an advert that is not live is not explained", {f"{_APPLY}.explain": _explain_nothing}),
    Fault("an edit is never news", {f"{_DECIDE}._is_unchanged": lambda *_: True}),
    Fault(
        "a live advert counts as deleted",
        {f"{_DECIDE}.STEPS": _steps(_S.LIVE, Situation.ABSENT, Step.END_DELETED)},
    ),
    Fault("a lease on a telling is let go whoever knocked", {"tests.fakes.MemoryStore.release": _release_unseen}),
    Fault("entries are told backwards", {"tests.fakes.MemoryStore.entries_after": _entries_backwards}),
    Fault("a callback has a new id at each try", {"placard.use_cases.notify_crm.Delivery": _name_anew}),
    Fault("a hint is marked and nothing read", {"placard.use_cases.apply_events.ApplyEvents._hint": _forget_the_hint}),
    Fault(
        "a message is marked before it is folded",
        {"placard.use_cases.apply_events.ApplyEvents._fold": _fold_in_two_steps},
    ),
    Fault("a due time is cleared and not moved", {"placard.use_cases.reconcile.Reconcile._take": _clear_first}),
    Fault(
        "a creation begins without a look",
        {"placard.use_cases.deliver_publication.DeliverPublication._look_first": _always},
    ),
    Fault("a vanished row is believed after one sweep", {"placard.domain.sweep.QUIET_STRIKES": 1}),
    Fault(
        "a comparison heals what is in flight",
        {
            "placard.use_cases.compare_portals.compare": _differ_in_flight,
            "placard.use_cases.compare_portals.ComparePortals._reread": _forget_what_is_in_flight,
        },
    ),
    Fault("a refused push is not undone", {"placard.use_cases.deliver_process.undo": _leave_wanted}),
    Fault("a look that breaks is not noted", {"placard.use_cases.deliver_publication.stumble": _note_nothing}),
    Fault("a classified is not due until it was seen", {"placard.use_cases.reconcile.has_seen": _seen_already}),
)


def find(fault: Fault, seeds: int = MOST_SEEDS, first: int = 0) -> tuple[int, str] | None:
    """Return the first seed that a fault breaks, and the promise broken; None where none does."""
    with ExitStack() as planted:
        for name, instead in fault.patches.items():
            planted.enter_context(patch(name, instead))
        for seed in range(first, first + seeds):
            breach = run(seed).breach
            if breach is not None:
                return seed, breach
    return None


def main() -> int:
    """Plant every fault and print which seed found it; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m simulation.planted", description=__doc__)
    parser.add_argument("--seeds", type=int, default=MOST_SEEDS)
    asked = parser.parse_args()
    missed = 0
    for fault in FAULTS:
        found = find(fault, asked.seeds)
        missed += found is None
        print(f"{fault.name}: " + ("missed" if found is None else f"seed {found[0]}: {found[1][:100]}"), flush=True)
    print(f"{len(FAULTS) - missed} of {len(FAULTS)} planted faults found")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
