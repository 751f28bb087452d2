"""Holds the campaign's listings against the hub and the portals, until nothing is open or the time is over."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from chaos.crm import PREFIX, Agency, insist
from chaos.plan import PORTALS, Listing
from chaos.portals import Advert, Key, Portals, key_of
from chaos.verdict import Entry, Finding, count_repeated, is_explained, judge_publication, judge_telling
from sandbox.crm import Crm

OPEN_IN_A_ROW = 15

Case = tuple[int, str]  # a listing's number and a portal, or the empty text for what its CRM was told


@dataclass
class Judgement:
    """What one look found. `explained` counts publications whose wish ended with a problem, by portal and code."""

    findings: dict[Case, list[Finding]] = field(default_factory=dict)
    adverts: int = 0
    met: Counter[str] = field(default_factory=Counter)
    explained: dict[str, Counter[str]] = field(default_factory=lambda: {portal: Counter() for portal in PORTALS})
    entries: int = 0

    @property
    def counts(self) -> Counter[str]:
        return Counter(finding.kind for findings in self.findings.values() for finding in findings)


class Court:
    """Looks through the hub's API and the simulators' switches alone; to be made when the CRM has sent everything."""

    def __init__(self, agency: Agency, portals: Portals) -> None:
        self._agency, self._portals = agency, portals
        self._crm = Crm(agency.endpoints)
        # The webhook-ids that were accepted, in order, by classified id.
        self._accepted: defaultdict[str, list[str]] = defaultdict(list)
        self._counted = 0
        self._open = deque(agency.listings)

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
            judgement = Judgement()
            self._judge(number, self._agency.listings[number], adverts, judgement, whole=False)
            if judgement.findings:
                self._open.append(number)
            in_a_row = in_a_row + 1 if judgement.findings else 0
            progress()
            if in_a_row == OPEN_IN_A_ROW:
                break
        return not self._open

    def judge_all(self, progress: Callable[[], None]) -> Judgement:
        """Look at everything once more."""
        adverts, judgement = self._read_outside(), Judgement()
        for number, listing in self._agency.listings.items():
            self._judge(number, listing, adverts, judgement, whole=True)
            progress()
        self._open.extend(dict.fromkeys(number for number, _ in judgement.findings))
        return judgement

    def _read_outside(self) -> Mapping[Key, list[Advert]]:
        told, self._counted = self._portals.list_accepted(PREFIX, self._counted)
        for one in told:
            self._accepted[one["path"].split("/")[-2]].append(one["webhook_id"])
        return self._portals.list_adverts()

    def _judge(
        self, number: int, listing: Listing, adverts: Mapping[Key, list[Advert]], judgement: Judgement, *, whole: bool
    ) -> None:
        classified_id = self._agency.ids[number]
        latest = insist(lambda: self._crm.read_latest(classified_id))
        for portal in PORTALS:
            revision = self._agency.revisions[number, portal]
            found = adverts.get(key_of(listing, portal), [])
            entry = latest.get(portal)
            self._add(judgement, (number, portal), judge_publication(listing, portal, revision, found, entry))
            judgement.adverts += sum(advert.stands for advert in found)
            if entry is not None and is_explained(entry, revision):
                judgement.explained[portal][entry["problem"]["code"]] += 1
            else:
                judgement.met[portal] += (number, portal) not in judgement.findings
        if judgement.findings and not whole:
            return  # what is still moving has more to tell
        told = insist(lambda: list(self._crm.list_statuses(classified_id)))
        entries: list[Entry] = [entry for entry in told if entry["outcome"] == "applied"]
        judgement.entries += len(entries)
        self._add(judgement, (number, ""), judge_telling(reversed(entries), self._accepted[classified_id]))

    def _add(self, judgement: Judgement, case: Case, findings: list[Finding]) -> None:
        if findings:
            judgement.findings[case] = findings
