"""How a publication fares, in the four words of a support person: what the console and `GET /publications` list."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from placard.domain.classified import Wish
from placard.domain.events import AdvertState
from placard.domain.instants import to_text
from placard.domain.lifecycle import FAILED_WORDS, Word
from placard.domain.problems import DEFAULT_LANGUAGE, Problem
from placard.domain.publication import Publication, Rank, Standing


class Health(StrEnum):
    """From bad to good: somebody must act; something is under way; buyers see it; it was taken offline on purpose."""

    PROBLEM = "problem"
    PENDING = "pending"
    LIVE = "live"
    OFF = "off"


UNDER_WAY = frozenset({Word.RECEIVING, Word.RECEIVED, Word.CREATING, Word.UPDATING, Word.DELETING})
# A portal's own words may be pages long; the timeline has them whole.
LONGEST_DETAIL = 300
# What a word weighs in a list that shows the worst first, and within a word the newest change (ms).
WEIGHT = {health: weight for weight, health in enumerate(reversed(Health))}
STRIDE = 10**14


@dataclass(frozen=True, slots=True)
class PortalHealth:
    """One portal of a publication: its latest entry's word, revision, time (ms) and first problem, and its advert."""

    portal: str
    health: Health
    status: Word
    revision: int
    changed_at: int
    state: AdvertState
    problem: Problem | None = None

    @property
    def live(self) -> bool:
        """Whether buyers see the advert, whatever else is the matter."""
        return self.state is AdvertState.LIVE

    def to_json(self, language: str = DEFAULT_LANGUAGE) -> dict[str, Any]:
        """Return it as the API shows it, the hint in one of `problems.LANGUAGES`."""
        shown: dict[str, Any] = {
            "portal": self.portal,
            "health": self.health.value,
            "status": self.status.value,
            "revision": self.revision,
            "changedAt": to_text(self.changed_at),
            "state": self.state.value,
            "live": self.live,
        }
        return shown | ({} if self.problem is None else {"problem": self.problem.to_json(language)})


@dataclass(frozen=True, slots=True)
class PublicationHealth:
    """How one classified fares on one channel: as its worst portal does, since the newest change among them."""

    classified_id: str
    channel: str
    customer: str
    portals: tuple[PortalHealth, ...]

    @property
    def health(self) -> Health:
        """The worst of its portals'."""
        return max((portal.health for portal in self.portals), key=WEIGHT.__getitem__)

    @property
    def rank(self) -> Rank:
        """Where it stands in the list: the worst and newest has the highest."""
        newest = max(portal.changed_at for portal in self.portals)
        return WEIGHT[self.health] * STRIDE + newest, f"{self.classified_id}#{self.channel}"

    def to_json(self, language: str = DEFAULT_LANGUAGE) -> dict[str, Any]:
        """Return it as the API shows it, hints in one of `problems.LANGUAGES`."""
        return {
            "classifiedId": self.classified_id,
            "channel": self.channel,
            "health": self.health.value,
            "portals": [portal.to_json(language) for portal in self.portals],
        }


def assess(publication: Publication) -> PublicationHealth | None:
    """Return how a publication fares; None where nothing of it is left to look after, or nothing is known yet."""
    found = (_assess_portal(standing) for standing in publication.standings.values())
    portals = tuple(portal for portal in found if portal is not None)
    if not portals:
        return None
    return PublicationHealth(publication.classified_id, publication.channel, publication.customer, portals)


def _assess_portal(standing: Standing) -> PortalHealth | None:
    latest = standing.latest
    if latest is None:
        return None
    problem = latest.problems[0] if latest.problems else None
    health = _judge(standing, latest.status, problem)
    if health is None:
        return None
    if problem is not None and len(problem.detail) > LONGEST_DETAIL:
        problem = replace(problem, detail=f"{problem.detail[: LONGEST_DETAIL - 1]}…")
    return PortalHealth(
        standing.portal, health, latest.status, latest.revision, latest.creation_date, standing.advert.state, problem
    )


def _judge(standing: Standing, word: Word, problem: Problem | None) -> Health | None:
    """Return the health of one portal, None where it is off for good and all is well."""
    if problem is not None or word in FAILED_WORDS:
        return Health.PROBLEM
    if word in UNDER_WAY:
        return Health.PENDING
    if standing.wish is Wish.ABSENT:
        return None
    if standing.wish is Wish.PAUSED:
        return Health.OFF
    # Wished present, ended, and not to be seen: whatever the portal is at, it is not done.
    return Health.LIVE if standing.advert.live else Health.PENDING


def weights(health: Health | None) -> tuple[int, int]:
    """Return the lowest and the highest first part of a rank: of one word, of all without one."""
    lowest = 0 if health is None else WEIGHT[health]
    highest = len(WEIGHT) - 1 if health is None else lowest
    return lowest * STRIDE, (highest + 1) * STRIDE - 1
