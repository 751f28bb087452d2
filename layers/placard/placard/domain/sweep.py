"""Sweeps over an account's listing processes (contracts/spotahome.md §6): where one stands, and what a whole one proves. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from placard.domain.instants import DAY, HOUR, MINUTE
from placard.domain.listing_process import OPEN, Facts, ListingProcess, State


class Scope(StrEnum):
    """What a sweep asks for."""

    OPEN = "open"
    FULL = "full"


# The filters of the list, one after the other; None is no filter.
STAGES: Mapping[Scope, tuple[State | None, ...]] = {Scope.OPEN: OPEN, Scope.FULL: (None,)}
INTERVAL = 15 * MINUTE
# When a night begins (UTC): the first sweep after it asks for everything.
NIGHT = 2 * HOUR
MOST_PAGES = 1000

# The list has no stable order, so that a row may slip from one page to another unseen. A row missing in two sweeps has
# vanished, where the last of them showed no row twice; while rows move about, only in five.
QUIET_STRIKES = 2
STRIKES = 5
# The mass-removal guard: more than this share of the live listings, and at least so many, is held.
GUARDED_SHARE = 0.2
GUARDED_LEAST = 5


@dataclass(frozen=True, slots=True)
class Sweep:
    """Where the sweeps of one account stand; instants are milliseconds, every write is conditional on `version`.

    `number` counts sweeps. `scope` is that of the sweep under way, None between two; `stage` and `page` are what it asks for
    next, `seen` the process ids it has shown, `repeated` how many it has shown twice, `cut`: it ended before the last page.
    `leaving` are rows that take a live listing off the portal: they count only once the whole sweep is judged.
    `missed`: how many full sweeps in a row have not shown a process. `wants_full`: the next sweep asks for everything.
    `held` removals wait since `held_since` for a sweep that passes the guard, or for a person (`released`).
    """

    customer: str
    number: int = 0
    scope: Scope | None = None
    stage: int = 0
    page: int = 1
    seen: frozenset[int] = frozenset()
    repeated: int = 0
    cut: bool = False
    leaving: Mapping[str, Facts] = field(default_factory=dict)
    began_at: int = 0
    full_at: int = 0
    wants_full: bool = False
    missed: Mapping[str, int] = field(default_factory=dict)
    held: int = 0
    held_since: int | None = None
    released: bool = False
    lease_until: int | None = None
    version: int = 0

    @property
    def state(self) -> State | None:
        """The filter of the next page."""
        return STAGES[self.scope or Scope.FULL][self.stage]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a whole sweep proves: rows that take live listings off, processes that have vanished, removals held back."""

    sweep: Sweep
    leaving: Mapping[int, Facts]
    vanished: tuple[int, ...]
    held: int = 0


def next_scope(sweep: Sweep, asked: Scope | None, now: int, interval: int = INTERVAL) -> Scope | None:
    """Return what an account at rest is to be asked now, None for nothing yet. The first sweep asks for everything."""
    if asked is Scope.FULL or sweep.wants_full or _night(now) > _night(sweep.full_at):
        return Scope.FULL
    return Scope.OPEN if asked is not None or now >= sweep.began_at + interval else None


def begin(sweep: Sweep, scope: Scope, now: int) -> Sweep:
    """Start the next sweep."""
    fresh = replace(sweep, number=sweep.number + 1, scope=scope, stage=0, page=1, seen=frozenset(), began_at=now)
    fresh = replace(fresh, repeated=0, cut=False, leaving={})
    return replace(fresh, full_at=now, wants_full=False) if scope is Scope.FULL else fresh


def note(sweep: Sweep, process_ids: Iterable[int]) -> Sweep:
    """Note the processes that a page shows."""
    shown = tuple(process_ids)
    seen = sweep.seen | set(shown)
    return replace(sweep, seen=seen, repeated=sweep.repeated + len(sweep.seen) + len(shown) - len(seen))


def turn(sweep: Sweep, last: int | None, *, empty: bool) -> Sweep | None:
    """Return the sweep at its next page, None after the last: its number as the portal says, or an empty page (§6)."""
    ended = empty or (last is not None and sweep.page >= last)
    if not ended and sweep.page < MOST_PAGES:
        return replace(sweep, page=sweep.page + 1)
    sweep = replace(sweep, cut=sweep.cut or not ended)
    if sweep.scope is not None and sweep.stage + 1 < len(STAGES[sweep.scope]):
        return replace(sweep, stage=sweep.stage + 1, page=1)
    return None


def conclude(sweep: Sweep, copies: Mapping[int, ListingProcess], now: int) -> Verdict:
    """Judge a whole sweep beside the copies, and bring the account to rest.

    An open process that an open sweep does not show is closed or gone: the next sweep asks for everything.
    """
    rested = replace(sweep, scope=None, seen=frozenset(), leaving={})
    if sweep.scope is not Scope.FULL:
        lost = not sweep.cut and any(copy.open and number not in sweep.seen for number, copy in copies.items())
        return Verdict(replace(rested, wants_full=sweep.wants_full or lost), {}, ())
    strikes: dict[int, int] = {}
    if not sweep.cut:
        gone = (number for number, copy in copies.items() if not copy.vanished and number not in sweep.seen)
        strikes = {number: sweep.missed.get(str(number), 0) + 1 for number in gone}
    enough = STRIKES if sweep.repeated else QUIET_STRIKES
    vanished = {number for number, count in strikes.items() if count >= enough}
    leaving = {int(number): facts for number, facts in sweep.leaving.items()}
    live = {number for number, copy in copies.items() if copy.facts.live and not copy.vanished}
    removed = live & (vanished | leaving.keys())
    rested = replace(rested, released=False, held=0, held_since=None)
    held = 0
    if is_mass_removal(len(removed), len(live)) and not sweep.released:
        held = len(removed)
        rested = replace(rested, held=held, held_since=sweep.held_since or now)
        vanished, leaving = vanished - removed, {}
    missed = {str(number): count for number, count in strikes.items() if number not in vanished}
    return Verdict(replace(rested, missed=missed), leaving, tuple(sorted(vanished)), held)


def is_mass_removal(removed: int, live: int) -> bool:
    """Whether one sweep would take so many listings off that a fault of the portal is likelier than the truth."""
    return removed >= GUARDED_LEAST and removed > GUARDED_SHARE * live


def _night(now: int) -> int:
    return (now - NIGHT) // DAY
