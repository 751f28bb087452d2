"""What the CRM of a campaign will do, and when: everything is chosen from the seed before anything is sent."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from random import Random
from typing import Any

from sandbox.samples import FOLDER, SPANISH_FLAT

Json = dict[str, Any]
SL, IMOVIRTUAL, SPOTAHOME = PORTALS = ("SL", "IMOVIRTUAL", "SPOTAHOME")
STREET = "Calle de la Tormenta"
# New listings arrive during this part of the storm, changes until its end.
ARRIVALS = 0.6
MOST_CHANGES = 3


class Wish(StrEnum):
    """What the CRM wishes of one portal."""

    PRESENT = "present"
    PAUSED = "paused"
    ABSENT = "absent"


class Fate(StrEnum):
    """What Spotahome's people make of a property, by the state they leave its process in."""

    PUBLISHED = "propertyVerified"
    REJECTED = "propertyUnverified"
    WAITING = "waitingContent"


@dataclass(frozen=True)
class Listing:
    """A classified as its CRM wishes it; `concerned` are the portals that the newest step speaks of."""

    number: int
    body: Json
    wishes: dict[str, Wish]
    fate: Fate
    version: int = 1
    deleted: bool = False
    concerned: frozenset[str] = frozenset(PORTALS)

    @property
    def listed(self) -> list[str]:
        return [portal for portal in PORTALS if self.wishes[portal] is not Wish.ABSENT]

    @property
    def price(self) -> int:
        return int(self.body["data"]["prices"]["rent"]["baseRent"]["amount"])

    @property
    def headline(self) -> str:
        return str(self.body["data"]["texts"]["headline"]["pt"])

    @property
    def units(self) -> int:
        return int(self.body["specific"]["spotahome"]["totalUnits"])


@dataclass(frozen=True)
class Request:
    """One call of the API; `path` is what follows the classified's own, None for POST /classifieds."""

    method: str
    path: str | None
    body: Json | None = None


@dataclass(frozen=True)
class Step:
    """One request of the CRM's at its time (s) since the storm began, and what it wishes from then on."""

    at: float
    name: str
    request: Request
    after: Listing


@dataclass
class Plan:
    """The steps of each listing, in order."""

    seed: int
    storm_s: float
    lanes: list[list[Step]] = field(default_factory=list)

    @property
    def steps(self) -> list[Step]:
        return sorted((step for lane in self.lanes for step in lane), key=lambda step: step.at)


def draw_plan(seed: int, classifieds: int, storm_s: float) -> Plan:
    """Choose what becomes of so many classifieds on three portals; the same seed chooses the same."""
    plan = Plan(seed, storm_s)
    for number in range(1, classifieds + 1):
        plan.lanes.append(list(_draw_lane(Random(f"{seed}/{number}"), seed, number, storm_s)))
    return plan


def _draw_lane(chance: Random, seed: int, number: int, storm_s: float) -> Iterator[Step]:
    fate = chance.choices(list(Fate), [8, 1, 1])[0]
    listing = Listing(number, _first_body(seed, number, chance), dict.fromkeys(PORTALS, Wish.PRESENT), fate)
    begin = chance.uniform(0, ARRIVALS * storm_s)
    yield Step(begin, "publish", Request("POST", None, listing.body), listing)
    for at in sorted(chance.uniform(begin, storm_s) for _ in range(chance.randint(0, MOST_CHANGES))):
        name, weights = list(CHANGES), [weight for _, weight in CHANGES.values()]
        changed = None
        while changed is None:
            chosen = chance.choices(name, weights)[0]
            changed = CHANGES[chosen][0](listing, chance)
        request, listing = changed
        yield Step(at, chosen, request, listing)


def _first_body(seed: int, number: int, chance: Random) -> Json:
    body: Json = json.loads((FOLDER / f"{SPANISH_FLAT}.json").read_text())
    body["portals"] = list(PORTALS)
    data = body["data"]
    data["location"] |= {"street": STREET, "houseNumber": str(number)}
    data["metaData"]["source"]["offererEstateId"] = f"chaos-{seed}-{number:04}"
    data["texts"]["headline"] = dict.fromkeys(("es", "fr", "pt"), f"Apartamento {number}, texto 1")
    data["prices"]["rent"]["baseRent"]["amount"] = chance.randint(500, 3000)
    return body


# --- the changes: None where a listing cannot take one -------------------------------------------------------------------

Changed = tuple[Request, Listing] | None
Change = Callable[[Listing, Random], Changed]


def _reprice(listing: Listing, chance: Random) -> Changed:
    body = _copy(listing.body)
    body["data"]["prices"]["rent"]["baseRent"]["amount"] = listing.price + chance.randint(1, 500)
    return _put(listing, body)


def _reword(listing: Listing, chance: Random) -> Changed:
    body = _copy(listing.body)
    text = f"Apartamento {listing.number}, texto {listing.version + 1}"
    body["data"]["texts"]["headline"] = dict.fromkeys(("es", "fr", "pt"), text)
    return _put(listing, body)


def _let_fewer(listing: Listing, chance: Random) -> Changed:
    """What Spotahome takes from people alone, once it has the property."""
    if listing.units == 1:
        return None
    body = _copy(listing.body)
    body["specific"]["spotahome"] = {"totalUnits": listing.units - 1, "rentableUnits": listing.units - 1}
    return _put(listing, body)


def _put(listing: Listing, body: Json, wishes: dict[str, Wish] | None = None) -> Changed:
    if listing.deleted:
        return None
    wishes = listing.wishes if wishes is None else wishes
    after = _next(listing, body, wishes)
    body["portals"] = after.listed
    return (Request("PUT", "", body), after) if after.listed else None


def _pause(listing: Listing, chance: Random) -> Changed:
    return _ask(listing, chance, "deactivate", Wish.PRESENT, Wish.PAUSED)


def _activate(listing: Listing, chance: Random) -> Changed:
    return _ask(listing, chance, "activate", Wish.PAUSED, Wish.PRESENT)


def _ask(listing: Listing, chance: Random, call: str, before: Wish, after: Wish) -> Changed:
    found = [portal for portal in PORTALS if listing.wishes[portal] is before]
    if not found:
        return None
    portals = sorted(chance.sample(found, chance.randint(1, len(found))))
    asked = _next(listing, listing.body, listing.wishes | dict.fromkeys(portals, after))
    return Request("POST", f"/{call}", {"portals": portals}), replace(asked, concerned=frozenset(portals))


def _take_off(listing: Listing, chance: Random) -> Changed:
    if len(listing.listed) < 2:
        return None
    return _put(listing, _copy(listing.body), listing.wishes | {chance.choice(listing.listed): Wish.ABSENT})


def _put_back(listing: Listing, chance: Random) -> Changed:
    missing = [portal for portal in PORTALS if listing.wishes[portal] is Wish.ABSENT]
    return (
        _put(listing, _copy(listing.body), listing.wishes | dict.fromkeys(missing, Wish.PRESENT)) if missing else None
    )


def _delete(listing: Listing, chance: Random) -> Changed:
    if listing.deleted:
        return None
    gone = _next(listing, listing.body, dict.fromkeys(PORTALS, Wish.ABSENT))
    return Request("DELETE", ""), replace(gone, deleted=True)


def _publish_again(listing: Listing, chance: Random) -> Changed:
    if not listing.deleted:
        return None
    body = _copy(listing.body) | {"portals": list(PORTALS)}
    after = _next(listing, body, dict.fromkeys(PORTALS, Wish.PRESENT))
    return Request("POST", None, body), replace(after, deleted=False)


def _next(listing: Listing, body: Json, wishes: dict[str, Wish]) -> Listing:
    concerned = frozenset(p for p in PORTALS if Wish.ABSENT not in (listing.wishes[p], wishes[p])) | frozenset(
        p for p in PORTALS if listing.wishes[p] is not wishes[p]
    )
    return replace(listing, body=body, wishes=wishes, version=listing.version + 1, concerned=concerned)


def _copy(body: Json) -> Json:
    copied: Json = json.loads(json.dumps(body))
    return copied


# Name → how it is made, and how often it is chosen beside the others.
CHANGES: dict[str, tuple[Change, int]] = {
    "change the price": (_reprice, 6),
    "change the text": (_reword, 4),
    "let fewer rooms": (_let_fewer, 1),
    "pause": (_pause, 4),
    "activate": (_activate, 4),
    "take off a portal": (_take_off, 2),
    "put back": (_put_back, 2),
    "delete": (_delete, 2),
    "publish again": (_publish_again, 1),
}
