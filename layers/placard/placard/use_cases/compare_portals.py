"""Compare what each portal lists with what the hub believes, account by account (lifecycle §7, step 7).

Nothing is taken from a list: a publication that differs is asked to read its advert anew, and what it reads goes the usual
way. Accounts are taken in the order of their names, so that a round whose time is over goes on behind the last one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from placard.domain.apply import wake
from placard.domain.channels import PROVIDER_OF
from placard.domain.classified import Classified
from placard.domain.comparison import Drift, Finding, compare, find_foreign, find_unseen, hold
from placard.domain.errors import (
    BudgetSpentError,
    PortalError,
    PortalUnavailableError,
    TransitionConflictError,
)
from placard.domain.events import Advert, AdvertState
from placard.domain.instants import DAY, SECOND
from placard.domain.listing_process import ListingProcess, State
from placard.domain.publication import Publication
from placard.domain.retry import next_wait
from placard.ports import (
    Change,
    ClassifiedStore,
    Clock,
    Credentials,
    ListedAdvert,
    ListedPage,
    Lister,
    ProcessStore,
    Progress,
    ProgressStore,
    PublicationStore,
    WakeUp,
    WakeUps,
)

logger = logging.getLogger(__name__)

_PAGE = 100
MOST_PAGES = 1000
MOST_TRIES = 5


@dataclass(frozen=True, slots=True)
class Account:
    """One customer at one channel."""

    provider: str
    customer: str
    channel: str

    @property
    def name(self) -> str:
        """Its place in the order."""
        return f"{self.provider}/{self.customer}/{self.channel}"


@dataclass(frozen=True, slots=True)
class Compared:
    """What one account's comparison found. `held`: removals too many to be believed; `failed`: why it could not be read."""

    account: Account
    listed: int = 0
    live: int = 0
    drifts: tuple[Drift, ...] = ()
    held: tuple[Drift, ...] = ()
    healed: int = 0
    failed: str | None = None


@dataclass(frozen=True, slots=True)
class ComparePortals:
    """`budget` (ms) is how long a round goes on taking up accounts; it ends well before the function's timeout."""

    listers: Callable[[str], Lister]
    classifieds: ClassifiedStore
    publications: PublicationStore
    credentials: Credentials
    wake_ups: WakeUps
    clock: Clock
    budget: int = 120 * SECOND

    def accounts(self, customer: str | None = None) -> tuple[Account, ...]:
        """Return the accounts connected, in the order of their names."""
        found = []
        for name in self.credentials.list_names(""):
            parts = name.split("/")
            if len(parts) < 3 or parts[1] != "accounts":
                continue
            # Where a provider has several channels its secrets are named by them too.
            channels = [c for c, provider in PROVIDER_OF.items() if provider == parts[0] and parts[3:] in ([], [c])]
            found += [Account(parts[0], parts[2], channel) for channel in channels]
        return tuple(sorted((a for a in found if customer in (None, a.customer)), key=lambda one: one.name))

    def __call__(
        self,
        after: str = "",
        *,
        heal: bool = False,
        customer: str | None = None,
        release: str | None = None,
        begin: Callable[[str], None] = lambda _: None,
    ) -> tuple[tuple[Compared, ...], str | None]:
        """Compare accounts behind `after` while there is time; return what was found, and where to go on, None at the end.

        `release` names a customer whose removals a person has found to be true. `begin` is told of each account before
        it is taken up.
        """
        deadline = self.clock.now() + self.budget
        done: list[Compared] = []
        for account in self.accounts(customer):
            if account.name <= after:
                continue
            if done and self.clock.now() >= deadline:
                return tuple(done), done[-1].account.name
            begin(account.name)
            found = self.compare(account, released=release == account.customer)
            done.append(self._heal(found) if heal else found)
        return tuple(done), None

    def compare(self, account: Account, *, released: bool = False) -> Compared:
        """Return how one account differs; writes nothing."""
        try:
            listed = self._list(account)
        except PortalError as error:
            logger.warning(
                "an account could not be compared", extra={"account": account.name, "reason": error.in_short}
            )
            return Compared(account, failed=str(error))
        drifts: list[Drift] = []
        ours: set[str] = set()
        live = 0
        for classified, publications in self._believed(account, listed):
            publication = publications.get(account.channel)
            unseen = find_unseen(classified, publications, account.channel, self.clock.now())
            if publication is not None:
                ours |= {publication.remote_id or "", *publication.surplus}
                live += any(standing.advert.live for standing in publication.standings.values())
                drift = compare(publication, listed)
                drifts += [] if drift is None or unseen is not None else [drift]
            drifts += [] if unseen is None else [unseen]
        drifts += find_foreign(account.channel, listed, ours)
        held = () if released else hold(drifts, live)
        if held:
            counts = {"account": account.name, "removals": len(held), "live": live}
            logger.error("a portal's list would remove too many live listings and is held", extra=counts)
        return Compared(account, len(listed), live, tuple(drifts), held)

    # --- what is there -----------------------------------------------------------------------------------------------

    def _list(self, account: Account) -> dict[str, Advert | None]:
        """Return the whole list, remote id → advert. PortalError where it cannot be read to its end."""
        lister, after = self.listers(account.provider), None
        listed: dict[str, Advert | None] = {}
        for _ in range(MOST_PAGES):
            page = self._page(lister, account, after)
            listed |= {one.remote_id: one.advert for one in page.adverts}
            after = page.after
            if after is None:
                return listed
        raise PortalUnavailableError("the list has no end", taken=False)

    def _page(self, lister: Lister, account: Account, after: str | None) -> ListedPage:
        """Return one page; waits for its turn in the budget, and out a failure, a few times."""
        tries = 0
        while True:
            try:
                return lister.list_adverts(account.customer, account.channel, after)
            except BudgetSpentError as error:
                wait = error.wait or SECOND
            except PortalUnavailableError as error:
                tries += 1
                if tries >= MOST_TRIES:
                    raise
                wait = min(next_wait(tries, self.clock.draw(), error.wait), 20 * SECOND)
            self.clock.wait_until(self.clock.now() + wait)

    def _believed(
        self, account: Account, listed: Mapping[str, Advert | None]
    ) -> Iterator[tuple[Classified, dict[str, Publication]]]:
        """Return the customer's classifieds on the channel, and those that were deleted and are listed all the same."""
        seen: set[str] = set()
        after: str | None = None
        while True:
            page = self.classifieds.list_classifieds(account.customer, _PAGE, after)
            for one in page.rows:
                if account.channel in one.channels and one.classified_id not in seen:
                    seen.add(one.classified_id)
                    yield from self._load(one.classified_id)
            after = page.after
            if after is None:
                break
        for remote_id in sorted(listed):
            link = self.publications.link_of(account.provider, remote_id)
            if link is not None and link.channel == account.channel and link.classified_id not in seen:
                seen.add(link.classified_id)
                yield from self._load(link.classified_id)

    def _load(self, classified_id: str) -> Iterator[tuple[Classified, dict[str, Publication]]]:
        classified, publications = self.classifieds.load(classified_id)
        if classified is not None:
            yield classified, {publication.channel: publication for publication in publications}

    # --- what is done about it ---------------------------------------------------------------------------------------

    def _heal(self, found: Compared) -> Compared:
        """Wake what nobody has looked at, and let what differs be read anew, but for what is held."""
        healed = 0
        held = set(found.held)
        for drift in found.drifts:
            if drift in held or drift.finding is Finding.FOREIGN:
                continue
            if drift.finding is Finding.UNSEEN:
                account = found.account
                self.wake_ups.send((WakeUp(account.provider, drift.classified_id, drift.channel, account.customer),))
            elif not self._reread(drift):
                continue
            healed += 1
        if healed:
            logger.info("drift is healed", extra={"account": found.account.name, "publications": healed})
        return replace(found, healed=healed)

    def _reread(self, drift: Drift) -> bool:
        publication = self.publications.load_publication(drift.classified_id, drift.channel)
        if publication is None or publication.remote_id != drift.remote_id:
            return False
        try:
            self.publications.save(Change(wake(replace(publication, reread=True), self.clock.now())))
        except TransitionConflictError:
            # Whoever changed it meanwhile knows better than the list.
            return False
        return True


@dataclass(frozen=True, slots=True)
class CopyLister:
    """Implements `placard.ports.Lister` for a portal whose sweeps keep a copy of its list: nothing is called."""

    processes: ProcessStore

    def list_adverts(self, customer: str, channel: str, after: str | None) -> ListedPage:
        """Return every property that the copy knows; of several processes the newest counts."""
        newest: dict[str, ListingProcess] = {}
        for process in self.processes.load_all(customer):
            newest[process.facts.property_id or ""] = process
        there = {
            property_id: process
            for property_id, process in newest.items()
            if property_id and not process.vanished and process.facts.state != State.CANCELLED
        }
        return ListedPage(tuple(ListedAdvert(one, _advert(process)) for one, process in there.items()))


def _advert(process: ListingProcess) -> Advert | None:
    """The copy says for sure what the public sees and what not; what else a state means, the sweep has told already."""
    if process.facts.live:
        return Advert(AdvertState.LIVE, process.facts.state)
    return Advert(AdvertState.UNKNOWN, process.facts.state) if process.facts.published is False else None


@dataclass(frozen=True, slots=True)
class CompareNightly:
    """Compares and heals every account once a night, in as many rounds as it takes.

    An account counts as taken up before it is read: one that ends the function does not stop those behind it.
    """

    compare: ComparePortals
    progress: ProgressStore
    clock: Clock

    def __call__(self) -> tuple[Compared, ...]:
        """Go on where the round before ended; nothing once the night's work is done."""
        tonight = self.clock.now() // DAY
        known = self.progress.load_progress()
        if known is None or known.night < tonight:
            known = Progress(tonight)
        if known.done:
            return ()
        found, after = self.compare(
            known.after, heal=True, begin=lambda name: self.progress.save_progress(Progress(tonight, name))
        )
        if after is None:
            self.progress.save_progress(Progress(tonight, done=True))
        return found
