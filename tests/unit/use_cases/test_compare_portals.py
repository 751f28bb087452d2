"""A portal's list against what the hub believes, over ports in memory."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

import pytest

from placard.domain import ids
from placard.domain.answers import Answer, Result
from placard.domain.classified import Kind
from placard.domain.comparison import Finding
from placard.domain.errors import BudgetSpentError, CredentialsError, PortalError
from placard.domain.events import Advert, Source
from placard.domain.events import AdvertState as S
from placard.domain.events import Operation as Op
from placard.domain.hashes import content_hash
from placard.domain.instants import DAY, HOUR, SECOND
from placard.domain.problems import Problem
from placard.ports import Call, ListedAdvert, ListedPage, Progress, Revision
from placard.use_cases.compare_portals import Account, Compared, CompareNightly, ComparePortals
from tests.fakes import MemoryVault
from tests.unit.domain.hub import event
from tests.unit.use_cases.world import CUSTOMER, World

LIVE = Advert(S.LIVE, "active")
ACCOUNT = Account("olx", CUSTOMER, "imovirtual")


@dataclass
class PlayedLists:
    """Implements Lister: pages of one advert each; `errors` are raised first, one a call."""

    adverts: dict[str, Advert | None] = field(default_factory=dict)
    errors: list[PortalError] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def list_adverts(self, customer: str, channel: str, after: str | None) -> ListedPage:
        self.asked.append(channel)
        if self.errors:
            raise self.errors.pop(0)
        rows = sorted(self.adverts.items()) if channel == "imovirtual" else []
        at = 0 if after is None else int(after)
        page = tuple(ListedAdvert(*row) for row in rows[at : at + 1])
        return ListedPage(page, str(at + 1) if at + 1 < len(rows) else None)


class Market:
    """A hub with as many live adverts as named, and the list that its portal shows of them."""

    def __init__(self, count: int = 1) -> None:
        self.world = World()
        self.names = [f"a-{number}" for number in range(1, count + 1)]
        self.world.portal.script = self._take
        self.lists = PlayedLists()
        self.vault = MemoryVault(self.world.clock, {f"olx/accounts/{CUSTOMER}/imovirtual": {"main": {}}})
        store = self.world.store
        self.compare = ComparePortals(
            lambda _: self.lists, store, store, self.vault, self.world.queues, self.world.clock
        )
        for name in self.names:
            self._publish(name)
        self.world.settle()
        for name in self.names:
            said = event(name, self.world.clock.now() + 1, ends=Op.POST, state=S.LIVE, transaction=f"t-{name}")
            self.world.say(said)
        self.world.settle()
        self.lists.adverts = dict.fromkeys(self.names, LIVE)

    def _take(self, call: Call) -> Answer:
        name = call.classified.offerer_estate_id
        return Answer(Result.ACCEPTED, name, f"t-{name}")

    def _publish(self, name: str) -> None:
        body = {"text": name}
        made = Revision(
            ids.classified_id(CUSTOMER, name),
            CUSTOMER,
            Kind.POST,
            self.world.clock.now(),
            name,
            body,
            content_hash(body),
            ("IMOVIRTUAL",),
        )
        assert self.world.store.write(made).accepted

    def found(self, **how: bool) -> Compared:
        return self.compare.compare(ACCOUNT, **how)

    def heal(self) -> Compared:
        (found,), after = self.compare(heal=True)
        assert after is None
        return found


def test_a_list_that_shows_what_is_believed_finds_nothing() -> None:
    found = Market(3).found()
    assert (found.listed, found.live, found.drifts) == (3, 3, ())


@pytest.mark.parametrize(
    ("shown", "finding", "removes"),
    [
        ({}, Finding.MISSING, True),
        ({"a-1": Advert(S.EXPIRED, "outdated")}, Finding.OTHERWISE, True),
        ({"a-1": Advert(S.UNKNOWN, "propertyVerified")}, Finding.OTHERWISE, True),
        ({"a-1": LIVE, "stranger": LIVE}, Finding.FOREIGN, False),
    ],
)
def test_each_sort_of_drift_is_found(shown: dict[str, Advert | None], finding: Finding, removes: bool) -> None:
    market = Market()
    market.lists.adverts = shown
    (drift,) = market.found().drifts
    assert (drift.finding, drift.removes) == (finding, removes)


def test_a_plan_changes_nothing_and_healing_reads_the_advert_anew() -> None:
    market = Market()
    market.lists.adverts = {"a-1": Advert(S.EXPIRED, "outdated")}
    written = len(market.world.store.records)
    market.found()
    assert len(market.world.store.records) == written
    now = market.world.clock.advance(SECOND)
    market.world.portal.reading = (event("a-1", now, state=S.EXPIRED, code="outdated", source=Source.POLL),)
    assert market.heal().healed == 1
    market.world.settle()
    _, (publication,) = market.world.store.load(ids.classified_id(CUSTOMER, "a-1"))
    assert publication.standings["IMOVIRTUAL"].advert.state is S.EXPIRED
    assert market.found().drifts == ()


def test_what_is_under_way_is_left_alone() -> None:
    market = Market()
    market.lists.adverts = {}
    body = {"text": "new"}
    key = ids.classified_id(CUSTOMER, "a-1")
    now = market.world.clock.now()
    edit = Revision(key, CUSTOMER, Kind.PUT, now, "a-1", body, content_hash(body), ("IMOVIRTUAL",))
    assert market.world.store.write(edit).accepted
    market.world.settle()
    assert market.found().drifts == ()


def test_a_revision_that_nobody_has_looked_at_is_woken() -> None:
    market = Market()
    body = {"text": "new"}
    key = ids.classified_id(CUSTOMER, "a-1")
    edit = Revision(key, CUSTOMER, Kind.PUT, market.world.clock.now(), "a-1", body, content_hash(body), ("IMOVIRTUAL",))
    assert market.world.store.write(edit).accepted
    assert market.found().drifts == ()
    market.world.clock.advance(HOUR)
    assert [drift.finding for drift in market.found().drifts] == [Finding.UNSEEN]
    market.heal()
    assert [wake_up.classified_id for wake_up in market.world.queues.take()] == [key]


def test_removals_too_many_to_be_believed_are_held_until_released(caplog: pytest.LogCaptureFixture) -> None:
    market = Market(6)
    market.lists.adverts = {"a-1": LIVE}
    caplog.clear()
    found = market.heal()
    assert (len(found.drifts), len(found.held), found.healed) == (5, 5, 0)
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert "is held" in record.getMessage()
    (released,), _ = market.compare(heal=True, release=CUSTOMER)
    assert (released.held, released.healed) == ((), 5)


def test_few_removals_are_believed() -> None:
    market = Market(6)
    market.lists.adverts = dict.fromkeys(market.names[4:], LIVE)
    found = market.heal()
    assert (len(found.drifts), found.healed) == (4, 4)


def test_a_page_waits_for_its_turn_and_a_closed_account_is_no_empty_list() -> None:
    market = Market()
    market.lists.errors = [BudgetSpentError(7 * SECOND)]
    before = market.world.clock.now()
    assert market.found().listed == 1
    assert market.world.clock.now() == before + 7 * SECOND
    market.lists.errors = [CredentialsError(Problem.quote("consent_revoked", "gone"))]
    found = market.found()
    assert (found.failed, found.drifts) == ("gone", ())


@dataclass
class MemoryProgress:
    progress: Progress | None = None

    def load_progress(self) -> Progress | None:
        return self.progress

    def save_progress(self, progress: Progress) -> None:
        self.progress = progress


def test_a_night_is_done_once_and_the_next_begins_anew() -> None:
    market = Market()
    nightly = CompareNightly(market.compare, MemoryProgress(), market.world.clock)
    assert [len(nightly()), len(nightly())] == [1, 0]
    market.world.clock.advance(DAY)
    assert len(nightly()) == 1


def test_a_round_goes_on_behind_the_account_that_ended_the_one_before() -> None:
    market = Market()
    market.vault.write(f"olx/accounts/{CUSTOMER}/otodom", {"main": {}}, 0)
    progress = MemoryProgress()
    nightly = CompareNightly(market.compare, progress, market.world.clock)
    market.lists.errors = [ZeroDivisionError()]  # type: ignore[list-item]
    with pytest.raises(ZeroDivisionError):
        nightly()
    assert [one.account.channel for one in nightly()] == ["otodom"]
