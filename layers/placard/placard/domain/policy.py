"""What the core must know of a provider. Each portal folder fills one of these; nothing else of a portal reaches the core."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from placard.domain.budget import Rate
from placard.domain.causes import Cause
from placard.domain.events import Advert, AdvertState, Operation, Picture
from placard.domain.instants import DAY, HOUR, MINUTE
from placard.domain.lifecycle import RESTING_PROBLEM
from placard.domain.problems import Problem

# A problem names so many media; the entry's `mediaStatuses` names them all.
MOST_NAMED = 3


def _as_told(advert: Advert, last: Operation | None) -> Advert:
    return advert


def _without_past(before: Advert, told: Advert) -> Advert:
    return told


@dataclass(frozen=True, slots=True)
class Policy:
    """A provider's manifest. All spans are in milliseconds.

    `callbacks_are_facts`: signed callbacks are believed; otherwise they are hints that only wake a reading (lifecycle §4).
    `operation_due`: when an operation without an end is looked after.
    `settle`: after this long, a POST that a search does not find was never taken.
    `next_operations`: what the portal permits for an advert in this state.
    `resolve`: settles a code that two states share, by the last operation that succeeded; None where only a reading can tell.
    `follow`: what a description of the advert means after the one before it, for a portal that never says what it did.
    `resting_problems`: codes whose reason for not being live is another than that of their state.
    `remarks`: (state, code) → what is to be said of an advert that is wished for and stands so, while an operation runs or
    it is live as well.
    `taken_as`: how an advert stands whose creation was taken, None where only the portal's next word tells.
    `pauses`: the portal can pause; elsewhere a pause is a DELETE.
    `manual`: operations the portal takes from people alone → what they have to do.
    `looks_first`: the portal knows no key of ours, so that a creation begins with a search.
    `yields`: a creation takes days there; it gives way to a removal, and once its advert is gone to any newer revision.
    `judges_updates`: what breaks our rules is sent all the same where it is live, for the portal to judge.
    `repost_wait`: how long after a DELETE a POST of the same advert would be charged twice.
    `patience`: how long calls may fail before the timeline says so.
    `again`: the pace of what is tried slowly, an overdue operation or a refused DELETE.
    `give_up`: when a revision fails for good.
    `silence`: how long after its call an operation without an end is worth an alarm; None: never.
    `rate`: how often the portal may be called, never scaled; None: as often as we like.
    `media_steps`: the portal's word for a medium → the cause whose wording says how it is mended.
    """

    provider: str
    callbacks_are_facts: bool
    operation_due: int
    settle: int
    next_operations: Callable[[Advert], tuple[Operation, ...]]
    resolve: Callable[[Advert, Operation | None], Advert | None] = _as_told
    follow: Callable[[Advert, Advert], Advert] = _without_past
    resting_problems: Mapping[str, str] = field(default_factory=dict)
    remarks: Mapping[tuple[AdvertState, str], Problem] = field(default_factory=dict)
    taken_as: AdvertState | None = None
    pauses: bool = True
    manual: Mapping[Operation, Problem] = field(default_factory=dict)
    looks_first: bool = False
    yields: bool = False
    judges_updates: bool = False
    repost_wait: int = 0
    patience: int = 15 * MINUTE
    again: int = HOUR
    give_up: int = DAY
    silence: int | None = None
    rate: Rate | None = None
    media_steps: Mapping[str, Cause] = field(default_factory=dict)

    def explain_media(self, refused: Sequence[Picture]) -> Problem:
        """Return why media are missing: the first of them by their URLs, and the steps that mend them."""
        if not refused:
            return Problem.of(Cause.MEDIA_REFUSED_UNNAMED)
        named = ", ".join(picture.url for picture in refused[:MOST_NAMED])
        more = ", …" if len(refused) > MOST_NAMED else ""
        known = [self.media_steps[picture.status] for picture in refused if picture.status in self.media_steps]
        steps = "".join(f" {step.wording}" for step in dict.fromkeys(known))
        return Problem.of(Cause.MEDIA_REFUSED, count=len(refused), named=named + more, steps=steps)

    def explain(self, advert: Advert) -> Problem | None:
        """Return why an advert at rest is not live, None where it is or where nothing was ever there."""
        remark = self.remark(advert)
        if remark is not None:
            return remark
        code = self.resting_problems.get(advert.code or "") or RESTING_PROBLEM.get(advert.state)
        if code is None:
            return None
        said = [part for part in (advert.moderation_reason, advert.moderation_description) if part]
        return (
            Problem.quote(code, ": ".join(said)) if said else Problem.shown_as(code, advert.code or advert.state.value)
        )

    def remark(self, advert: Advert) -> Problem | None:
        """Return what is to be said of an advert that stands so, whatever was asked last."""
        return self.remarks.get((advert.state, advert.code or ""))

    def by_hand(self, operation: Operation) -> Problem:
        """Return what people have to do in the place of an operation that the portal takes from nobody else."""
        return self.manual[operation]

    def scaled(self, scale: float) -> Policy:
        """Return the same policy with every wait shortened; the sandbox alone does this (`TimeScale`)."""
        if scale == 1:
            return self
        return replace(
            self,
            operation_due=int(self.operation_due * scale),
            settle=int(self.settle * scale),
            repost_wait=int(self.repost_wait * scale),
            patience=int(self.patience * scale),
            again=int(self.again * scale),
            give_up=int(self.give_up * scale),
            silence=None if self.silence is None else int(self.silence * scale),
        )


@dataclass(frozen=True, slots=True)
class Rendering:
    """What a portal folder makes of a classified for one channel, before anything is sent.

    `payload` is the body without what depends on the choice of portals; `hashes` fingerprints, per portal, what that portal
    would show; `problems` names the rule breaks, per portal; `normalised` what was changed to fit, as
    `{field, from, to}`. `key` is the portal's own identity of the advert: another key is another advert. `names_portals`: the
    body sent names the portals it is for.
    """

    payload: Mapping[str, Any]
    hashes: Mapping[str, str]
    problems: Mapping[str, tuple[Problem, ...]] = field(default_factory=dict)
    normalised: tuple[Mapping[str, Any], ...] = ()
    key: str | None = None
    names_portals: bool = False

    def for_portals(self, portals: Iterable[str]) -> dict[str, Any]:
        """Return the body as it is sent for these portals of the channel."""
        return {"portals": list(portals), **self.payload} if self.names_portals else dict(self.payload)
