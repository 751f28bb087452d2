"""What holds after every step, and what holds at rest (lifecycle §1, §7)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import Any

from placard.domain.apply import needs_look
from placard.domain.channels import PROVIDER_OF
from placard.domain.classified import Classified, Wish
from placard.domain.comparison import Finding
from placard.domain.decide import Decision, decide
from placard.domain.events import AdvertState
from placard.domain.instants import DAY, HOUR
from placard.domain.lifecycle import END_WORDS, Outcome
from placard.domain.listing_process import CHECKED, ListingProcess, State
from placard.domain.look import has_seen
from placard.domain.problems import Problem
from placard.domain.publication import Entry, Publication, Standing
from placard.domain.replay import Facts, facts_of, rebuild
from placard.domain.subscription import Subscription, wants
from placard.domain.told import Place, Told, position, untold
from placard.ports import Due, Message
from placard.use_cases.apply_events import PARKED_FOR
from simulation.breach import BreachError
from simulation.crm import Crm
from simulation.poison import place_of
from simulation.world import World

_EVERYTHING = 10_000


class Checks:
    """Looks at what changed since it last looked."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._seen = 0
        self._accepted = 0
        self._names: dict[tuple[Place, int], tuple[str, str]] = {}
        self._last: dict[tuple[str, Place, int], int] = {}
        self._taken: set[str] = set()

    # --- after every step ---

    def after_a_step(self) -> None:
        """Raise BreachError for the first promise broken."""
        if self.world.crashes:
            raise BreachError(self.world.crashes[0])
        records = self.world.memory.records
        for record in records[self._seen :]:
            self._check_record(record.key, record.new)
            if isinstance(record.new, ListingProcess) and record.new.vanished:
                self._check_vanished(record.new, record.old)
        self._seen = len(records)
        self._check_callbacks()

    def _check_record(self, key: tuple[str, str], new: Any) -> None:
        due = self.world.memory.due_of(key)
        if isinstance(new, Publication):
            self._check_publication(new, due)
        elif isinstance(new, Classified):
            _, publications = self.world.memory.load(new.classified_id)
            seen = {publication.channel: publication for publication in publications}
            unseen = [c for c in new.channels if c not in seen or not has_seen(seen[c], new)]
            _demand(due is not None or not unseen, "revision", new.revision, "is not seen by", unseen, ", and not due")
        elif isinstance(new, Message):
            known = self.world.memory.message_of(new.provider, new.remote_id, new.digest)
            young = self.world.scheduler.now - new.received_at < DAY
            unfolded = known is not None and known.outcome is None and young
            _demand(due is not None or not unfolded, "the message", new.key, "is not folded, and not due")
        elif isinstance(new, Told):
            self._check_told(new.place, new.customer, due)
        elif isinstance(new, ListingProcess):
            stored = self.world.processes.load(new.customer, new.process_id)
            waits = due is None and stored is not None and bool(stored.wanted or stored.lease_until)
            _demand(not waits, "process", new.process_id, "waits without a due time:", stored)

    def _check_publication(self, publication: Publication, due: int | None) -> None:
        waits = {
            "operation": publication.running is not None,
            "mark": publication.look,
            "reading": publication.reading_until is not None,
            "decision": self._decision(publication) if due is None and needs_look(publication) else None,
        }
        # The record may be an old one: what it is now is what must be due.
        now = self.world.memory.load_publication(publication.classified_id, publication.channel)
        if now is not None and now.version == publication.version and due is None:
            _demand(
                not any(waits.values()), publication.channel, "waits without a due time:", waits, publication.standings
            )
        for standing in publication.standings.values():
            ordered = standing.ended <= standing.acted <= standing.seen
            _demand(
                ordered, standing.portal, "ended", standing.ended, ", acted", standing.acted, ", seen", standing.seen
            )

    def _check_vanished(self, now: ListingProcess, before: object) -> None:
        """One sweep may miss a row that slips from page to page (contracts/spotahome.md §6); this one is not over yet."""
        if isinstance(before, ListingProcess) and not before.vanished:
            _demand(
                self.world.sweeps.has_missed(now),
                "process",
                now.process_id,
                "is believed to have vanished after one sweep",
            )

    def _decision(self, publication: Publication) -> Decision | None:
        """Return what a look at it would do now, None for nothing."""
        classified, _ = self.world.memory.load(publication.classified_id)
        if classified is None:
            return None
        portal = self.world.portals[PROVIDER_OF[publication.channel]]
        rendering = portal.render(classified, publication.channel)
        decision = decide(publication, rendering, portal.policy, self.world.scheduler.now)
        return None if decision == Decision() else decision

    def _check_told(self, place: Place, customer: str, due: int | None) -> None:
        memory = self.world.memory
        subscription = memory.load_subscription(customer)
        if due is not None or subscription is None or subscription.due is not None:
            return
        lagging = self._lagging(place, subscription)
        _demand(not lagging, len(lagging), "entries of", place.channel, "are not told, and not due:", lagging[:1])

    def _lagging(self, place: Place, subscription: Subscription) -> list[Entry]:
        told = self.world.memory.view(place, subscription.customer).told
        if told is None:
            return []
        entries = self.world.memory.entries_after(place, position(told, subscription.since), _EVERYTHING)
        return [entry for entry in untold(told, entries) if wants(subscription, entry)]

    def _check_callbacks(self) -> None:
        accepted = self.world.endpoints.accepted
        for one in accepted[self._accepted :]:
            known = self._names.setdefault((one.place, one.created), (one.webhook_id, one.body))
            _demand(known[0] == one.webhook_id, "one entry has two webhook-ids:", known[0], ",", one.webhook_id)
            _demand(known[1] == one.body, "one webhook-id has two bodies:", known[1], ",", one.body)
            if one.webhook_id not in self._taken:
                self._taken.add(one.webhook_id)
                lane = (one.customer, one.place, one.since)
                last = self._last.get(lane, 0)
                _demand(one.created > last, one.body, "of", one.place.channel, "was told after a later entry")
                self._last[lane] = one.created
        self._accepted = len(accepted)

    # --- while something of ours is broken ---

    def while_poisoned(self) -> None:
        """What breaks is known to whoever has to know, and the rest is unharmed (design §5)."""
        memory, poison = self.world.memory, self.world.poison
        dead = {place_of(message.body, memory) for message in self.world.network.dead.values()}
        for classified in memory.find_all(Classified):
            for channel in classified.channels:
                place = Place(classified.classified_id, channel)
                publication = memory.load_publication(*place)
                if poison.breaks("render", classified):
                    known = [] if publication is None else list(publication.standings.values())
                    codes = {one.code for standing in known if standing.open for one in _said_of(standing)}
                    waits = publication is None or any(standing.open for standing in known)
                    _demand(not waits or "hub_error" in codes, "a look breaks, unsaid:", known)
                elif not classified.body["data"].get("poison") and publication is not None and channel != "spotahome":
                    self._check_channel(classified, publication, place)
        for message in memory.find_all(Message):
            link = memory.link_of(message.provider, message.remote_id)
            old = self.world.scheduler.now - message.received_at > 2 * HOUR
            # One that waited for its advert for a day is unknown (lifecycle §7, step 5); a later LINK may bring it along.
            waited = link is not None and link.since - message.received_at >= PARKED_FOR
            if message.outcome is None and old and link is not None and not waited:
                place = Place(link.classified_id, link.channel)
                _demand(place in dead, "a fold breaks, unsaid:", message.key)

    # --- at rest ---

    def at_rest(self) -> None:
        """Raise BreachError for the first promise broken."""
        memory = self.world.memory
        due = [one for one in memory.past_due(10**15, 100) if not self._is_asked_daily(one)]
        _demand(not due, "something is still due:", due)
        entries: dict[Place, list[Entry]] = defaultdict(list)
        for entry in memory.find_all(Entry):
            entries[Place(entry.classified_id, entry.channel)].append(entry)
        for classified in memory.find_all(Classified):
            for channel in classified.channels:
                publication = memory.load_publication(classified.classified_id, channel)
                _demand(publication is not None, "nobody ever looked at", channel)
                if publication is not None:
                    place = Place(classified.classified_id, channel)
                    self._check_channel(classified, publication, place)
                    _check_timeline(publication, entries[place])
        self._check_comparison()
        for crm in self.world.crms:
            self._check_told_all(crm.customer, entries)
            if "spotahome" in self.world.scene.providers:
                self._check_processes(crm)

    def _check_comparison(self) -> None:
        """A plan writes nothing, and at rest buyers see nothing in the portals' lists that the hub does not know."""
        written = len(self.world.memory.records)
        for found in self.world.plan():
            drifts = [one for one in found.drifts if one.finding not in (Finding.FOREIGN, Finding.LEFT_OVER)]
            _demand(not drifts and found.failed is None, "a comparison finds", drifts, found.failed)
        _demand(len(self.world.memory.records) == written, "a plan has written something")

    def _is_asked_daily(self, due: Due) -> bool:
        """Whether only a portal's people can move this on: the hub asks once a day (lifecycle §2, pending)."""
        if due.kind != "PUBLICATION":
            return False
        publication = self.world.memory.load_publication(due.pk.partition("#")[2], due.sk.partition("#")[2])
        pending = publication is not None and any(
            standing.advert.state is AdvertState.PENDING and not standing.open
            for standing in publication.standings.values()
        )
        return pending and publication is not None and publication.running is None and not publication.look

    def _check_channel(self, classified: Classified, publication: Publication, place: Place) -> None:
        _demand(has_seen(publication, classified), place.channel, "has not seen revision", classified.revision)
        _demand(publication.running is None, "an operation of", place.channel, "is still in flight")
        _demand(not publication.surplus, place.channel, "has adverts too many:", publication.surplus)
        for portal in classified.portals_on(place.channel):
            self._check_portal(classified, publication.standings[portal], place)

    def _check_portal(self, classified: Classified, standing: Standing, place: Place) -> None:
        portal, wish = standing.portal, classified.wish(standing.portal)
        there = self.world.portals[PROVIDER_OF[place.channel]]
        live, count, shown = there.live_on(place, portal), there.adverts_on(place, portal), there.shows(place, portal)
        told = f"{portal} wished {wish}, {standing.word}, {standing.advert.state}, problems {standing.problems}"
        _demand(standing.wish is wish, "another wish is noted than stands:", told)
        _demand(count <= 1, count, "adverts at", told)
        _demand(standing.advert.live == live, "the portal shows", shown, ":", told)
        removed = any(problem.code == "removed_on_portal" for problem in standing.problems)
        _demand(not removed or place in there.site.taken_down, "nobody there took it down:", told)
        explained = bool(standing.problems)
        waits = wish is Wish.PAUSED and not live
        _demand(not standing.open or waits, "revision", standing.seen, "never ended:", told)
        _demand(standing.word in END_WORDS or waits, "no end:", told)
        if wish is Wish.PRESENT:
            _demand(live or explained, "neither live nor explained:", told)
            text = classified.body["data"]["text"]
            # What Spotahome shows only people change: an advert that the look before a creation finds is taken as it is.
            same = shown == [text] or there.policy.looks_first
            _demand(not live or explained or same, "shows", shown, ", not", text, ":", told)
        else:
            _demand(not live or explained, "still live:", told)
            if place.channel == "spotahome" and wish is Wish.ABSENT and not explained:
                opening = self.world.spotahome.opening_on(place)
                _demand(not opening, "processes", opening, "may yet make it live:", told)

    def _check_processes(self, crm: Crm) -> None:
        """The copies say what the portal says, and what the CRM asked for was done, or refused there."""
        there = self.world.spotahome
        copies = {copy.process_id: copy for copy in self.world.processes.load_all(crm.customer)}
        shown = {process.number: process for process in there.shown_to(crm.customer)}
        for number, process in shown.items():
            copy = copies.pop(number, None)
            _demand(copy is not None, "process", number, "has no copy")
            if copy is not None:
                row, facts = there.row_of(process), copy.facts
                public = facts.published if process.state in CHECKED else None
                known = (facts.state, facts.property_id, facts.agent_id, public)
                told = (row.state, row.property_id, row.agent_id, row.published)
                _demand(known == told, "the copy of process", number, "says", known, ", the portal", told)
                _demand(not copy.vanished and copy.impossible is None, "process", number, "is not believed:", copy)
        for number, copy in copies.items():
            _demand(copy.vanished, "process", number, "is shown no more and has not vanished:", copy)
        for copy in self.world.processes.load_all(crm.customer):
            _demand(not copy.wanted and copy.lease_until is None, "process", copy.process_id, "was not pushed:", copy)
        for number in crm.cancelled:
            process = there.processes[number]
            done = process.state is State.CANCELLED or process.refused
            _demand(done, "process", number, "was to be cancelled and is", process.state)
        for number, agent in crm.assigned.items():
            process = there.processes[number]
            done = process.agent == agent or process.over or process.moved_by_people
            _demand(done, "process", number, "was to go to", agent, "and is with", process.agent)

    def _check_told_all(self, customer: str, entries: dict[Place, list[Entry]]) -> None:
        subscription = self.world.memory.load_subscription(customer)
        mine = [one for one in self.world.endpoints.accepted if one.customer == customer]
        by_id = {entry.status_id: entry for found in entries.values() for entry in found}
        for one in mine:
            entry = by_id.get(one.webhook_id)
            _demand(entry is not None and entry.outcome is Outcome.APPLIED, one.body, "was told and is none")
        if subscription is None:
            return
        taken = {one.webhook_id for one in mine}
        for entry in by_id.values():
            owed = entry.customer == customer and entry.creation_date > subscription.since
            if owed and wants(subscription, entry):
                _demand(entry.status_id in taken, customer, "was never told", entry.status, "(", entry.revision, ")")


def _said_of(standing: Standing) -> tuple[Problem, ...]:
    """Return the problems that the CRM reads of a portal."""
    return (*standing.problems, *(standing.latest.problems if standing.latest is not None else ()))


def _check_timeline(publication: Publication, entries: list[Entry]) -> None:
    dates = [entry.creation_date for entry in entries]
    _demand(len(set(dates)) == len(dates), "two entries of one instant at", publication.channel)
    told, stored = rebuild(entries), facts_of(publication)
    _demand(_comparable(told) == _comparable(stored), "the timeline tells", told, ", stored is", stored)


def _comparable(facts: Facts) -> Facts:
    """Leave out portals that nothing was ever said of: a channel's portals are noted when they are first listed."""
    return replace(facts, portals={p: known for p, known in facts.portals.items() if known.seen})


def _demand(kept: bool, *otherwise: object) -> None:
    if not kept:
        raise BreachError(" ".join(map(str, otherwise)))
