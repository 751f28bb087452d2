"""Holds the campaign's listings against the hub and the portals, until nothing is open or the time is over."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from chaos.crm import PREFIX, Agency, insist
from chaos.plan import PORTALS
from chaos.portals import Advert, Key, Portals, key_of
from chaos.verdict import Entry, Finding, count_repeated, is_explained, judge_publication, judge_telling
from sandbox.crm import Crm

OPEN_IN_A_ROW = 15
SIDE_BY_SIDE = 4

Case = tuple[int, str]  # a listing's number and a portal, or the empty text for what its CRM was told


@dataclass
class Judgement:
    """What a look found. `explained` counts publications whose wish ended with a problem, by portal and code."""

    findings: dict[Case, list[Finding]] = field(default_factory=dict)
    adverts: int = 0
    met: Counter[str] = field(default_factory=Counter)
    explained: Counter[tuple[str, str]] = field(default_factory=Counter)
    entries: int = 0

    @property
    def counts(self) -> Counter[str]:
        return Counter(finding.kind for findings in self.findings.values() for finding in findings)

    def add(self, other: Judgement) -> None:
        """Take in what a look at other listings found."""
        self.findings |= other.findings
        self.adverts += other.adverts
        self.met += other.met
        self.explained += other.explained
        self.entries += other.entries


@dataclass(frozen=True)
class Record:
    """What the hub says of a listing: each portal's latest entry, and what was applied, oldest first."""

    latest: Mapping[str, Entry]
    applied: list[Entry]


class Court:
    """Looks through the hub's API and the simulators' switches alone; to be made when the CRM has sent everything."""

    def __init__(self, agency: Agency, portals: Portals) -> None:
        self._agency, self._portals = agency, portals
        self._crm = Crm(agency.endpoints)
        # The webhook-ids that were accepted, in order, by classified id.
        self._accepted: defaultdict[str, list[str]] = defaultdict(list)
        self._counted = 0
        self._open = deque(agency.listings)
        self._judged: dict[int, Judgement] = {}

    def close(self) -> None:
        self._crm.close()

    @property
    def converged(self) -> int:
        """Listings of which nothing was open when they were last looked at."""
        return len(self._agency.listings) - len(self._open)

    @property
    def accepted(self) -> int:
        """Callbacks that the CRM has taken."""
        return self._counted

    @property
    def told_twice(self) -> int:
        return sum(count_repeated(accepted) for accepted in self._accepted.values())

    def look_at_open(self, progress: Callable[[], None]) -> bool:
        """Look at what was open, listing by listing, and leave it when many in a row still are; whether nothing is open.

        Each look costs the hub two calls while it has better things to do. Who was open is looked at last next time.
        """
        adverts, in_a_row = self._read_outside(), 0
        for _ in range(len(self._open)):
            number = self._open.popleft()
            if self._judge(number, adverts, self._read(number)):
                in_a_row = 0
            else:
                self._open.append(number)
                in_a_row += 1
            progress()
            if in_a_row == OPEN_IN_A_ROW:
                break
        return not self._open

    def look_at_all(self, progress: Callable[[], None]) -> None:
        """Look at every listing once; those that are not right are open again."""
        adverts = self._read_outside()
        self._open.clear()
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            numbers = list(self._agency.listings)
            for number, record in zip(numbers, pool.map(self._read, numbers), strict=True):
                if not self._judge(number, adverts, record):
                    self._open.append(number)
                progress()

    @property
    def judgement(self) -> Judgement:
        """Of all listings, each as it was seen last."""
        whole = Judgement()
        for judged in self._judged.values():
            whole.add(judged)
        return whole

    def _read_outside(self) -> Mapping[Key, list[Advert]]:
        told, self._counted = self._portals.list_accepted(PREFIX, self._counted)
        for one in told:
            self._accepted[one["path"].split("/")[-2]].append(one["webhook_id"])
        return self._portals.list_adverts()

    def _read(self, number: int) -> Record:
        """What the hub says of a listing."""
        classified_id = self._agency.ids[number]
        latest = insist(lambda: self._crm.read_latest(classified_id))
        told = insist(lambda: list(self._crm.list_statuses(classified_id)))
        return Record(latest, [entry for entry in reversed(told) if entry["outcome"] == "applied"])

    def _judge(self, number: int, adverts: Mapping[Key, list[Advert]], record: Record) -> bool:
        """Judge a listing; whether everything is as it should be."""
        listing, judged = self._agency.listings[number], Judgement(entries=len(record.applied))
        for portal in PORTALS:
            revision, entry = self._agency.revisions[number, portal], record.latest.get(portal)
            found = adverts.get(key_of(listing, portal), [])
            judged.adverts += sum(advert.stands for advert in found)
            findings = judge_publication(listing, portal, revision, found, entry)
            if findings:
                judged.findings[number, portal] = findings
            elif entry is not None and is_explained(entry, revision):
                judged.explained[portal, entry["problem"]["code"]] += 1
            else:
                judged.met[portal] += 1
        untold = judge_telling(record.applied, self._accepted[self._agency.ids[number]])
        if untold:
            judged.findings[number, ""] = untold
        self._judged[number] = judged
        return not judged.findings
