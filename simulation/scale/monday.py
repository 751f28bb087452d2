"""The morning: a bulk change of one large customer, everybody's edits, a portal that is down, a package that runs out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any, NamedTuple

from placard.domain.channels import PROVIDER_OF
from placard.domain.classified import Classified
from placard.domain.instants import HOUR, MINUTE
from placard.domain.lifecycle import END_WORDS, Outcome
from placard.domain.publication import Entry
from placard.domain.told import Place
from placard.use_cases.publish_classified import Caller, post_classified, put_classified
from simulation.scale.hub import SEED, Hub
from simulation.scale.population import SHAPES, Estate, Population, make_body, name_customer
from tests.fakes import Record

LARGE, EXPIRING, FIRST_SMALL = 0, 1, 2


@dataclass(frozen=True)
class Plan:
    """How much of everything. Spans in milliseconds; `scaled` keeps the rates and shortens the morning."""

    small_customers: int = 1_680
    of_a_small_one: int = 100
    of_the_large_one: int = 20_000
    of_the_expiring_one: int = 12_000
    bulk_edits: int = 12_000
    bulk_new: int = 1_000
    edits: int = 28_000
    new: int = 4_000
    expiring: int = 5_000
    bulk_within: int = 10 * MINUTE
    burst: int = HOUR
    outage_begins: int = 20 * MINUTE
    outage_lasts: int = 4 * HOUR
    expires_at: int = 30 * MINUTE
    expires_within: int = MINUTE
    down: str = "aviv"
    hangs: bool = False

    @property
    def classifieds(self) -> int:
        """How many are live when the morning begins."""
        return self.small_customers * self.of_a_small_one + self.of_the_large_one + self.of_the_expiring_one

    def scaled(self, parts: int) -> Plan:
        """Return a morning of so many parts less of everything, as long as its share of it."""
        return Plan(
            **{
                name: value // parts if isinstance(value, int) and name not in ("of_a_small_one", "hangs") else value
                for name, value in self.__dict__.items()
            }
        )


class Wait(NamedTuple):
    """How long somebody waited for a portal: from the CRM's call to the end of its revision there."""

    customer: str
    provider: str
    since: int
    span: int


@dataclass
class Watch:
    """Who waits for what. Everything it knows it is told by the stream's records and by the CRMs' endpoints."""

    hub: Hub
    waits: list[Wait] = field(default_factory=list)
    wished: dict[Place, tuple[str, int]] = field(default_factory=dict)
    untold: dict[str, int] = field(default_factory=dict)
    tellings: list[int] = field(default_factory=list)
    expiring: set[str] = field(default_factory=set)
    expired_told: list[tuple[int, int]] = field(default_factory=list)
    ended_at: dict[str, int] = field(default_factory=dict)

    def expect(self, classified: Classified) -> None:
        """Note a revision that was accepted; one that overtakes another waits since the other's time."""
        for channel in classified.channels:
            place = Place(classified.classified_id, channel)
            since = self.wished.get(place, ("", classified.accepted_at))[1]
            self.wished[place] = (classified.customer, since)

    def see(self, record: Record) -> None:
        """Look at a record of the stream."""
        new = record.new
        if isinstance(new, Classified):
            if record.old is None or getattr(record.old, "revision", 0) != new.revision:
                self.expect(new)
        elif isinstance(new, Entry) and new.outcome is Outcome.APPLIED:
            self.untold[new.status_id] = new.creation_date
            if new.status in END_WORDS:
                self._end(new)

    def hear(self, webhook_id: str) -> None:
        """Note that a CRM was told."""
        created = self.untold.pop(webhook_id, None)
        if created is not None:
            self.tellings.append(self.hub.agenda.now() - created)
        if webhook_id in self.expiring:
            self.expiring.discard(webhook_id)
            self.expired_told.append((created or 0, self.hub.agenda.now()))

    def _end(self, entry: Entry) -> None:
        place = Place(entry.classified_id, entry.channel)
        if entry.classified_id in self.expiring:
            self.expiring.add(entry.status_id)
            self.expiring.discard(entry.classified_id)
        if place not in self.wished:
            return
        classified, _ = self.hub.store.load(entry.classified_id)
        publication = self.hub.store.load_publication(*place)
        if classified is None or publication is None or entry.revision < classified.revision:
            return
        if any(standing.open for standing in publication.standings.values()):
            return
        customer, since = self.wished.pop(place)
        provider = PROVIDER_OF[entry.channel]
        self.waits.append(Wait(customer, provider, since, self.hub.agenda.now() - since))
        self.ended_at[provider] = self.hub.agenda.now()


@dataclass
class Sample:
    """How things stood at one instant, since the morning began (ms)."""

    at: int
    waiting: dict[str, int]
    oldest: dict[str, int]
    past_due: int
    unfinished: int


class Monday:
    """One morning."""

    def __init__(self, plan: Plan, progress: Callable[[str], None] = lambda text: None) -> None:
        self.plan, self._progress = plan, progress
        self.hub = hub = Hub()
        self.population = Population(hub)
        self._random = Random(SEED)  # noqa: S311 - the same seed, the same morning
        self.estates: dict[int, list[Estate]] = {}
        for customer, number in self._customers():
            first = len(self.population.estates)
            self.population.settle(customer, number)
            self.estates[customer] = self.population.estates[first:]
        self.population.open()
        self.began = hub.agenda.now()
        self.watch = Watch(hub)
        self.samples: list[Sample] = []
        self.texts: dict[str, str] = {}
        carry = hub.store.carry

        def both(record: Record) -> None:
            self.watch.see(record)
            carry(record)

        hub.store.carry, hub.crms.hear = both, self.watch.hear
        self._plan_all()

    def run(self) -> None:
        """Let the morning pass until nothing is left to do."""
        last = self.began + max(self.plan.burst, self.plan.outage_begins + self.plan.outage_lasts)
        agenda = self.hub.agenda
        agenda.at(self.began, self._look_around)
        while agenda.instant < last or not self.hub.idle:
            agenda.go_on()
        self._sample()

    # --- what happens ---

    def _customers(self) -> Iterator[tuple[int, int]]:
        yield LARGE, self.plan.of_the_large_one
        yield EXPIRING, self.plan.of_the_expiring_one
        for customer in range(self.plan.small_customers):
            yield FIRST_SMALL + customer, self.plan.of_a_small_one

    def _plan_all(self) -> None:
        plan, at = self.plan, self.hub.agenda.at
        outage = self.hub.outage
        outage.provider, outage.hangs = plan.down, plan.hangs
        outage.begins = self.began + plan.outage_begins
        outage.ends = outage.begins + plan.outage_lasts
        large = self.estates[LARGE]
        for number in range(plan.bulk_edits):
            at(self._spread(number, plan.bulk_edits, plan.bulk_within), partial(self._edit, large[number], number))
        for number in range(plan.bulk_new):
            at(self._spread(number, plan.bulk_new, plan.bulk_within), partial(self._publish, LARGE))
        for number in range(plan.edits):
            customer = self._draw_customer()
            estate = self._random.choice(self.estates[customer])
            at(self._spread(number, plan.edits, plan.burst), partial(self._edit, estate, plan.bulk_edits + number))
        for number in range(plan.new):
            at(self._spread(number, plan.new, plan.burst), partial(self._publish, self._draw_customer()))
        for estate in self._expiring():
            instant = self.began + plan.expires_at + int(self._random.random() * plan.expires_within)
            at(instant, partial(self._expire, estate))

    def _spread(self, number: int, of: int, within: int) -> int:
        """Return the time of one of many calls: evenly, each a little off."""
        return self.began + int((number + self._random.random()) * within / of)

    def _draw_customer(self) -> int:
        return FIRST_SMALL + int(self._random.random() * self.plan.small_customers)

    def _expiring(self) -> list[Estate]:
        mine = [estate for estate in self.estates[EXPIRING] if "IMOVIRTUAL" in SHAPES[estate.shape][0]]
        if len(mine) < self.plan.expiring:
            raise ValueError("the account has fewer adverts than are to expire")
        return mine[: self.plan.expiring]

    def _edit(self, estate: Estate, number: int) -> None:
        classified_id, text = estate.classified_id, f"text {number + 1}"
        self.texts[classified_id] = text
        body = make_body(estate.number, estate.shape, text)
        caller = Caller(name_customer(estate.customer))
        hub = self.hub
        hub.call("publish", lambda: put_classified(hub.store, hub.agenda, caller, classified_id, body))

    def _publish(self, customer: int) -> None:
        estate = self.population.new_estate(customer)
        self.texts[estate.classified_id] = "text 0"
        body = make_body(estate.number, estate.shape, "text 0")
        caller = Caller(name_customer(customer))
        hub = self.hub
        hub.call("publish", lambda: post_classified(hub.store, hub.agenda, caller, body))

    def _expire(self, estate: Estate) -> None:
        olx = self.hub.portals["olx"]
        for advert in olx.adverts_at(Place(estate.classified_id, "imovirtual")):
            self.watch.expiring.add(estate.classified_id)
            olx.expire(advert)

    # --- how it stands ---

    def _look_around(self) -> None:
        self._sample()
        agenda = self.hub.agenda
        self.hub.meter.settle(agenda.now())
        agenda.at(agenda.now() + MINUTE, self._look_around)

    def _sample(self) -> None:
        hub, now = self.hub, self.hub.agenda.now()
        parts: dict[str, Any] = {**hub.queues, **hub.readers}
        sample = Sample(
            at=now - self.began,
            waiting={name: one.waiting for name, one in parts.items()},
            oldest={name: one.oldest(now) for name, one in parts.items()},
            past_due=sum(due <= now for due in hub.store.dues.values()),
            unfinished=len(self.watch.wished),
        )
        self.samples.append(sample)
        if sample.at // MINUTE % 10 == 0:
            shown = ", ".join(f"{name} {number}" for name, number in sample.waiting.items())
            self._progress(
                f"{sample.at // HOUR:2}:{sample.at // MINUTE % 60:02}  {sample.unfinished:6} wishes open; waiting: {shown};"
                f" {sample.past_due} past due"
            )

    def list_wrong(self) -> list[str]:
        """Return what does not stand at the portals as it was wished last."""
        wrong = []
        for classified_id, text in self.texts.items():
            classified, _ = self.hub.store.load(classified_id)
            if classified is None:
                wrong.append(f"{classified_id} is not known")
                continue
            for channel in classified.channels:
                place = Place(classified_id, channel)
                there = self.hub.portals[PROVIDER_OF[channel]]
                for portal in classified.portals_on(channel):
                    if there.shows(place, portal) != [text]:
                        wrong.append(f"{portal} shows {there.shows(place, portal)} of {classified_id}, not {text}")
        return wrong


def by_customer(waits: list[Wait]) -> dict[str, list[int]]:
    """Return each customer's waits."""
    found: dict[str, list[int]] = defaultdict(list)
    for wait in waits:
        found[wait.customer].append(wait.span)
    return found
