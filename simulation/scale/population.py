"""Customers and their classifieds, live for long: each shape is made once by the use cases themselves, and copied.

A copy is the same bytes with other names in them, which are all of one length. What nobody reads again (old entries, folded
messages) is measured once and left out of memory.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from typing import Any, NamedTuple

from placard.domain import ids
from placard.domain.hashes import content_hash
from placard.domain.instants import MINUTE
from placard.use_cases.publish_classified import Caller, post_classified
from placard.use_cases.subscribe_webhook import subscribe
from simulation.portals.aviv import AvivClassified
from simulation.portals.olx import OlxAdvert
from simulation.scale.hub import FIRST_REMOTE, Hub

# A shape is what portals a classified is on: the share of each in twenty.
SHAPES: tuple[tuple[tuple[str, ...], int], ...] = (
    (("IMOVIRTUAL",), 8),
    (("IMOVIRTUAL", "SL"), 1),
    (("SL",), 8),
    (("SL", "BD"), 3),
)
_OF_TWENTY = [shape for shape, (_, share) in enumerate(SHAPES) for _ in range(share)]
_PATTERN_CUSTOMER = 99_999
_PATTERN_ESTATE = 999_990
_KEPT = ("CLASSIFIED", "PUBLICATION", "TOLD", "LINK")
# Where the portals go on counting when everything has been copied.
_FIRST_NEW_REMOTE = 5_000_000


def name_customer(number: int) -> str:
    """Return a customer's name."""
    return f"c{number:05d}"


def name_estate(number: int) -> str:
    """Return the CRM's own key of a classified."""
    return f"e-{number:06d}"


def make_body(estate: int, shape: int, text: str) -> dict[str, Any]:
    """Return what the CRM sends."""
    data = {
        "estateType": "APARTMENT",
        "distributionType": "BUY",
        "location": {},
        "prices": {},
        "metaData": {"source": {"offererEstateId": name_estate(estate)}},
        "text": text,
        "kind": "flat",
    }
    return {"portals": list(SHAPES[shape][0]), "data": data}


class Estate(NamedTuple):
    """A classified, by whom it is of and what shape it has."""

    number: int
    customer: int
    shape: int

    @property
    def classified_id(self) -> str:
        """Return its id."""
        return ids.classified_id(name_customer(self.customer), name_estate(self.number))


@dataclass
class Pattern:
    """One classified as the use cases made it: its items and its adverts as bytes, and the names in them."""

    items: bytes
    names: tuple[str, ...]
    remotes: tuple[str, ...]
    sizes: dict[str, int]

    def copy(self, estate: Estate, numbers: int) -> tuple[Any, list[Any]]:
        """Return items and adverts of another classified, whose adverts are numbered from here on."""
        body = make_body(estate.number, estate.shape, "text 0")
        customer, key = name_customer(estate.customer), name_estate(estate.number)
        new = (estate.classified_id, customer, key, content_hash(body))
        text = self.items
        for old, name in zip(self.names, new, strict=True):
            text = text.replace(old.encode(), name.encode())
        for place, old in enumerate(self.remotes):
            prefix = old.partition("-")[0]
            text = text.replace(old.encode(), f"{prefix}-{numbers + place}".encode())
        return pickle.loads(text)  # noqa: S301 - what this process has just written


class Population:
    """All classifieds of a hub: how many each customer has is given by number."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.estates: list[Estate] = []
        self._copied = 0
        self._subscription: dict[Any, Any] = {}
        self.patterns = self._make_patterns()

    def settle(self, customer: int, number: int) -> None:
        """Give a customer a subscription and so many classifieds, all live."""
        name = name_customer(customer)
        for key, slot in self._subscription.items():
            text = pickle.dumps((key, slot)).replace(name_customer(_PATTERN_CUSTOMER).encode(), name.encode())
            self.hub.store.adopt(dict([pickle.loads(text)]))  # noqa: S301 - the same
        secret = self.hub.vault.read(f"crm/webhook/{name_customer(_PATTERN_CUSTOMER)}")
        if secret is not None:
            self.hub.vault.write(f"crm/webhook/{name}", secret.value, 0)
        for _ in range(number):
            estate = self.new_estate(customer)
            pattern = self.patterns[estate.shape]
            items, adverts = pattern.copy(estate, 2 * FIRST_REMOTE + self._copied)
            self._copied += len(adverts)
            self.hub.store.adopt(items)
            for advert in adverts:
                self.hub.portals["olx" if isinstance(advert, OlxAdvert) else "aviv"].add(advert)

    def new_estate(self, customer: int) -> Estate:
        """Return a classified that nobody has heard of yet."""
        number = len(self.estates)
        estate = Estate(number, customer, _OF_TWENTY[number * 7 % 20])
        self.estates.append(estate)
        return estate

    def open(self) -> None:
        """Let the morning begin: everybody is there, and nothing has been counted yet."""
        for portal in self.hub.portals.values():
            portal.count_from(_FIRST_NEW_REMOTE)
        self.hub.forget_counts()

    def _make_patterns(self) -> list[Pattern]:
        hub, customer = self.hub, name_customer(_PATTERN_CUSTOMER)
        subscribe(hub.store, hub.vault, lambda url: url, hub.agenda, customer, {"url": f"https://crm.test/{customer}"})
        for shape in range(len(SHAPES)):
            body = make_body(_PATTERN_ESTATE + shape, shape, "text 0")
            post_classified(hub.store, hub.agenda, Caller(customer), body)
        hub.start_rounds()
        while not hub.idle or hub.agenda.now() < hub.agenda.began + 10 * MINUTE:
            hub.agenda.go_on()
        self._subscription = hub.store.slots_of(lambda key: key == (f"CUSTOMER#{customer}", "WEBHOOK"))
        return [self._read_pattern(shape) for shape in range(len(SHAPES))]

    def _read_pattern(self, shape: int) -> Pattern:
        hub = self.hub
        estate = Estate(_PATTERN_ESTATE + shape, _PATTERN_CUSTOMER, shape)
        adverts: list[OlxAdvert | AvivClassified] = []
        for portal in hub.portals.values():
            adverts += portal.adverts_of(estate.classified_id)
        remotes = tuple(advert.uuid if isinstance(advert, OlxAdvert) else advert.remote_id for advert in adverts)
        mine = {f"CLASSIFIED#{estate.classified_id}", *(f"REMOTE#{name.partition('-')[0]}#{name}" for name in remotes)}
        every = hub.store.slots_of(lambda key: key[0] in mine)
        sizes: dict[str, int] = {}
        for _, name in every:
            sizes[name.partition("#")[0]] = sizes.get(name.partition("#")[0], 0) + 1
        kept = {key: slot for key, slot in every.items() if key[1].partition("#")[0] in _KEPT}
        body_hash = content_hash(make_body(estate.number, shape, "text 0"))
        names = (estate.classified_id, name_customer(_PATTERN_CUSTOMER), name_estate(estate.number), body_hash)
        return Pattern(pickle.dumps((kept, adverts)), names, remotes, sizes)
