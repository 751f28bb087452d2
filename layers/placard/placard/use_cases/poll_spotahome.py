"""Keep the copies of listing processes true by sweeps, since Spotahome never calls (contracts/spotahome.md §6).

Accounts take turns, each with half a second between two requests. What a sweep has not finished in its time is kept, and goes
on there at the next call.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from placard.domain import sweep as sweeps
from placard.domain.channels import PROCESS_PROVIDER
from placard.domain.errors import (
    BudgetSpentError,
    CircuitOpenError,
    CredentialsError,
    PortalRejectedError,
    PortalUnavailableError,
    StoreUnavailableError,
    TransitionConflictError,
)
from placard.domain.instants import MINUTE, SECOND
from placard.domain.listing_process import CHECKED, Finding, ListingProcess, State, judge
from placard.domain.retry import next_wait
from placard.domain.sweep import Scope, Sweep
from placard.ports import Clock, Credentials, Poller, ProcessStore, PublicationStore, Row
from placard.use_cases.observations import VANISHED, observe, read_facts
from placard.use_cases.receive_message import FIRST_LOOK

logger = logging.getLogger(__name__)

# Secrets of accounts connected are named so, then the customer.
ACCOUNTS = f"{PROCESS_PROVIDER}/accounts/"
# At most two requests a second per account (§6).
PACE = 500
# So many accounts take turns: while one waits, the others are asked, and their copies fit into memory.
AT_A_TIME = 8
# So many properties fit into one question: their ids stand in its URL.
AT_ONCE = 50
# A page that fails so often in a row ends the account's turn; the next call goes on there.
MOST_TRIES = 5
_MOST_RACES = 5


@dataclass(frozen=True, slots=True)
class Polled:
    """What one call did: rows that changed, customers whose removals are held, accounts that could not be read."""

    changed: int
    held: tuple[str, ...]
    failed: tuple[str, ...]


@dataclass(slots=True)
class _Turn:
    """One account while it is read; `next_at` is the time of its next request.

    `rows` are a page's while they wait for the visibility of their properties, as far as it is `told`.
    """

    sweep: Sweep
    copies: dict[int, ListingProcess]
    next_at: int
    tries: int = 0
    rows: tuple[Row, ...] = ()
    told: dict[str, bool | None] = field(default_factory=dict)
    last: int | None = None
    read_at: int = 0
    changed: int = 0
    done: bool = False
    failed: bool = False
    held: bool = False


@dataclass(frozen=True, slots=True)
class PollSpotahome:
    """Sweeps every account connected. `budget` (ms) ends before the function's timeout, `lease` after it."""

    poller: Poller
    processes: ProcessStore
    messages: PublicationStore
    credentials: Credentials
    clock: Clock
    budget: int = 200 * SECOND
    lease: int = 5 * MINUTE
    scale: float = 1

    def __call__(self, asked: Scope | None = None, *, release: str | None = None) -> Polled:
        """Sweep the accounts whose time has come, or all of them when a scope is asked for.

        `release` names a customer whose held removals a person has found to be true: its next full sweep begins now.
        """
        deadline = self.clock.now() + self.budget
        waiting = self._open(asked, release)
        going: list[_Turn] = []
        ended: list[_Turn] = []
        while self.clock.now() < deadline:
            going += islice(waiting, AT_A_TIME - len(going))
            if not going:
                break
            turn = min(going, key=lambda one: one.next_at)
            if turn.next_at >= deadline:
                break
            self.clock.wait_until(turn.next_at)
            self._step(turn)
            if turn.done:
                going.remove(turn)
                ended.append(self._close(turn))
        ended += [self._close(turn) for turn in going]
        return Polled(
            sum(turn.changed for turn in ended),
            tuple(turn.sweep.customer for turn in ended if turn.held),
            tuple(turn.sweep.customer for turn in ended if turn.failed),
        )

    # --- turns -------------------------------------------------------------------------------------------------------

    def _open(self, asked: Scope | None, release: str | None) -> Iterator[_Turn]:
        """Return the accounts' turns, each taken when there is room for it."""
        customers = [name.removeprefix(ACCOUNTS) for name in self.credentials.list_names(ACCOUNTS)]
        if release is not None:
            customers, asked = [one for one in customers if one == release], Scope.FULL
        turns = (self._take(customer, asked, released=release is not None) for customer in customers)
        return (turn for turn in turns if turn is not None)

    def _take(self, customer: str, asked: Scope | None, *, released: bool) -> _Turn | None:
        """Begin or go on with an account's sweep, under a lease; None while it rests or another call reads it."""
        now = self.clock.now()
        sweep = self.processes.load_sweep(customer) or Sweep(customer)
        if sweep.lease_until is not None and now < sweep.lease_until:
            return None
        if sweep.scope is None:
            scope = sweeps.next_scope(sweep, asked, now, int(sweeps.INTERVAL * self.scale))
            if scope is None:
                return None
            sweep = sweeps.begin(sweep, scope, now)
        elif asked is Scope.FULL and sweep.scope is Scope.OPEN:
            sweep = replace(sweep, wants_full=True)
        leased = replace(sweep, released=sweep.released or released, lease_until=now + self.lease)
        try:
            sweep = self.processes.save_sweep(leased)
        except TransitionConflictError:
            return None
        return _Turn(sweep, {copy.process_id: copy for copy in self.processes.load_all(customer)}, now)

    def _close(self, turn: _Turn) -> _Turn:
        """Store how far the sweep is, and let the account go."""
        turn.copies = {}
        try:
            self.processes.save_sweep(replace(turn.sweep, lease_until=None))
        except TransitionConflictError:
            logger.warning("another call took over the sweep", extra={"customer": turn.sweep.customer})
        return turn

    def _step(self, turn: _Turn) -> None:
        """Make one request of an account, and judge what it shows. A failure of one account is no other's."""
        customer, wait = turn.sweep.customer, PACE
        try:
            self._request(turn)
        except BudgetSpentError as error:
            # The hub calls this account for its listings too: the page's turn comes, and nothing has failed.
            wait = error.wait or PACE
        except CircuitOpenError:
            # Nobody calls the account for minutes: the next round goes on with this page.
            turn.failed = turn.done = True
        except PortalUnavailableError as error:
            turn.tries += 1
            wait = next_wait(turn.tries, self.clock.draw(), error.wait)
            turn.failed = turn.done = turn.tries >= MOST_TRIES
            logger.info("a page could not be read", extra={"customer": customer, "page": turn.sweep.page})
        except (PortalRejectedError, CredentialsError) as error:
            turn.failed = turn.done = True
            logger.warning("an account cannot be read", extra={"customer": customer, "reason": error.in_short})
        except StoreUnavailableError:
            raise
        except Exception:
            turn.failed = turn.done = True
            logger.exception("a sweep failed", extra={"customer": customer, "page": turn.sweep.page})
        else:
            turn.tries = 0
        turn.next_at = self.clock.now() + wait

    def _request(self, turn: _Turn) -> None:
        """Read the next page, or the visibility of properties on the page read before; judge a page that is whole."""
        customer = turn.sweep.customer
        asked = _properties(turn.rows, turn.told)[:AT_ONCE]
        if asked:
            told = self.poller.published(customer, asked)
            # One that the portal does not list is not asked about again, and says nothing.
            turn.told |= {property_id: told.get(property_id) for property_id in asked}
        else:
            turn.read_at = self.clock.now()
            sheet = self.poller.page(customer, turn.sweep.page, turn.sweep.state)
            turn.rows, turn.told, turn.last = sheet.rows, {}, sheet.last
        if not _properties(turn.rows, turn.told):
            rows = tuple(
                replace(row, published=turn.told.get(row.property_id or "", row.published)) for row in turn.rows
            )
            turn.rows = ()
            self._judge(turn, rows)
            self._turn_page(turn, empty=not rows)

    def _turn_page(self, turn: _Turn, *, empty: bool) -> None:
        following = sweeps.turn(turn.sweep, turn.last, empty=empty)
        if following is not None:
            turn.sweep = following
            return
        self._conclude(turn)
        if turn.sweep.wants_full:
            turn.sweep = sweeps.begin(turn.sweep, Scope.FULL, self.clock.now())
        else:
            turn.done = True

    # --- rows --------------------------------------------------------------------------------------------------------

    def _judge(self, turn: _Turn, rows: Sequence[Row]) -> None:
        """Store what a page changes; rows that take a live listing off wait for the end of the sweep."""
        turn.sweep = sweeps.note(turn.sweep, (row.process_id for row in rows))
        linked = self._linked(turn, rows)
        leaving = dict(turn.sweep.leaving)
        for row in rows:
            copy = turn.copies.get(row.process_id)
            judged = judge(turn.sweep.customer, row.process_id, copy, read_facts(row))
            leaving.pop(str(row.process_id), None)
            if copy is not None and copy.facts.live and judged.writes and not judged.process.facts.live:
                leaving[str(row.process_id)] = judged.process.facts
            else:
                self._follow(turn, row, linked)
        turn.sweep = replace(turn.sweep, leaving=leaving)

    def _linked(self, turn: _Turn, rows: Sequence[Row]) -> frozenset[str]:
        """Return the properties on a page that are the hub's adverts, as far as no copy knows it."""
        unknown = {
            row.property_id
            for row in rows
            if row.property_id and not ((copy := turn.copies.get(row.process_id)) and copy.linked)
        }
        return self.processes.linked(PROCESS_PROVIDER, sorted(unknown)) if unknown else frozenset()

    def _follow(self, turn: _Turn, row: Row, linked: frozenset[str]) -> None:
        """Bring one copy to what its row says; whoever was faster is judged anew."""
        customer, number = turn.sweep.customer, row.process_id
        for _ in range(_MOST_RACES):
            copy = turn.copies.get(number)
            if copy is not None and copy.pushed_at >= turn.read_at:
                return
            judged = judge(customer, number, copy, read_facts(row))
            after = judged.process
            found = after.facts.property_id in linked and not after.linked
            if not judged.writes and not found:
                return
            if judged.finding is Finding.IMPOSSIBLE:
                logger.warning(
                    "a listing process made an impossible jump",
                    extra={"customer": customer, "processId": number, "from": after.facts.state, "to": row.state},
                )
            after = replace(after, linked=after.linked or found)
            # A jump that no path explains is nobody's news; a state nobody knows is kept beside the advert's other words.
            unknown = row.state not in tuple(State)
            if after.linked and (found or judged.finding is Finding.MOVED or (unknown and judged.writes)):
                self._tell(turn, copy, after, row.state if unknown else after.facts.state, row.raw)
            if self._store(turn, after):
                return

    def _tell(
        self, turn: _Turn, before: ListingProcess | None, after: ListingProcess, to: str, raw: Mapping[str, Any]
    ) -> None:
        """Store what the advert's publication has to hear, before the copy moves on: a crash in between costs nothing."""
        now = self.clock.now()
        self.messages.put_message(observe(before, after, to, raw, turn.sweep.number, now), now + FIRST_LOOK)

    def _store(self, turn: _Turn, process: ListingProcess) -> bool:
        """Store a copy; where somebody was faster, take theirs and return False."""
        try:
            turn.copies[process.process_id] = self.processes.save(process)
        except TransitionConflictError:
            stored = self.processes.load(process.customer, process.process_id)
            if stored is not None:
                turn.copies[process.process_id] = stored
            return False
        turn.changed += 1
        return True

    # --- the end of a sweep ------------------------------------------------------------------------------------------

    def _conclude(self, turn: _Turn) -> None:
        sweep = turn.sweep
        verdict = sweeps.conclude(sweep, turn.copies, self.clock.now())
        if verdict.held:
            turn.held = True
            logger.error(
                "a sweep would remove too many live listings and is held",
                extra={"customer": sweep.customer, "sweep": sweep.number, "removals": verdict.held},
            )
        turn.read_at = sweep.began_at
        for number, facts in verdict.leaving.items():
            row = Row(
                number,
                facts.state,
                facts.locator,
                facts.account_id,
                facts.property_id,
                facts.agent_id,
                facts.published,
            )
            self._follow(turn, row, frozenset())
        for number in verdict.vanished:
            self._vanish(turn, number)
        turn.sweep = verdict.sweep

    def _vanish(self, turn: _Turn, number: int) -> None:
        """Note that two sweeps have not shown a process. Only an open one's advert is unknown: a closed one may be filed away."""
        for _ in range(_MOST_RACES):
            copy = turn.copies[number]
            if copy.pushed_at >= turn.sweep.began_at:
                return
            if copy.open and copy.linked:
                self._tell(turn, copy, copy, VANISHED, {})
            if self._store(turn, replace(copy, vanished=True)):
                return


def read_scope(asked: Any) -> Scope | None:
    """Return the scope that somebody asks for, None for none. Raises ValueError for what is none."""
    return None if asked is None else Scope(asked)


def _properties(rows: Sequence[Row], told: Mapping[str, bool | None]) -> list[str]:
    """Return the properties whose visibility matters and was not asked for yet."""
    wanted = (row.property_id for row in rows if row.published is None and row.state in CHECKED)
    return sorted({property_id for property_id in wanted if property_id and property_id not in told})
