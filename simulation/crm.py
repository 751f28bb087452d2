"""The CRMs: what they wish, and the endpoints where they are told."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from placard.domain import ids
from placard.domain.channels import CHANNEL_OF, PROVIDER_OF
from placard.domain.classified import Kind
from placard.domain.instants import HOUR, MINUTE, SECOND, from_text, to_text
from placard.domain.lifecycle import Word
from placard.domain.told import Place
from placard.ports import Delivery, Reply
from placard.use_cases.ask_portals import activate_classified, deactivate_classified, retry_classified
from placard.use_cases.listing_processes import Paging, assign_agent, cancel_process, list_processes, unassign_agent
from placard.use_cases.publish_classified import Caller, delete_classified, post_classified, put_classified
from placard.use_cases.subscribe_webhook import replay, subscribe, unsubscribe
from simulation.tape import Tape

CUSTOMERS = ("acme", "bolt")
PEOPLE = ("00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b")
# Which portals a run is about, the choices its CRMs have then, and how often they take each.
Choices = tuple[tuple[str, ...], ...]
SCENES: tuple[tuple[Choices, tuple[int, ...]], ...] = (
    (
        (("IMOVIRTUAL",), ("SL", "BD"), ("IMOVIRTUAL", "SL"), ("SL",), ("IMOVIRTUAL", "SL", "BD")),
        (6, 4, 2, 2, 2),
    ),
    ((("SPOTAHOME",), ("SPOTAHOME", "IMOVIRTUAL"), ("SPOTAHOME", "SL"), ("IMOVIRTUAL",)), (6, 2, 1, 1)),
)
_SCENE_WEIGHTS = (3, 2)


@dataclass(frozen=True)
class Scene:
    """What the CRMs of a run choose their portals from."""

    choices: Choices
    weights: tuple[int, ...]

    @classmethod
    def draw(cls, tape: Tape) -> Scene:
        """Draw the scene of a run."""
        return cls(*SCENES[tape.pick(_SCENE_WEIGHTS)])

    @property
    def acts(self) -> tuple[str, ...]:
        """The portals where something happens by itself, each as often as it stands here."""
        return (
            ("spotahome", "spotahome", "spotahome", "olx")
            if "spotahome" in self.providers
            else ("olx",) * 3 + ("aviv",)
        )

    @property
    def providers(self) -> frozenset[str]:
        """The providers that take part."""
        return frozenset(PROVIDER_OF[CHANNEL_OF[portal]] for choice in self.choices for portal in choice)

    def pick(self, tape: Tape) -> tuple[str, ...]:
        """Draw the portals of a body."""
        return self.choices[tape.pick(self.weights)]


# What a CRM does, and how often.
COMMANDS = ("put", "delete", "deactivate", "activate", "retry", "post", "subscribe", "replay", "unsubscribe")
_COMMAND_WEIGHTS = (24, 10, 8, 10, 8, 12, 5, 4, 1)
# Of a CRM whose listings are at Spotahome so many commands are about its processes.
_ABOUT_PROCESSES = 0.2
PROCESS_COMMANDS = ("cancel", "assign", "unassign")
_PROCESS_WEIGHTS = (2, 2, 1)
# How its endpoint does: for how long, and what it answers.
MODES = ("up", "down", "silent", "refusing", "gone", "deaf")
_MODE_WEIGHTS = (10, 4, 3, 3, 1, 3)
_ANSWERS = {"down": Reply(503, reason="down"), "refusing": Reply(422, reason="no"), "gone": Reply(410, reason="gone")}
FILTERS: tuple[list[str] | None, ...] = (None, ["CREATED", "DELETED", "CREATING_FAILED"], ["UPDATED", "RECEIVED"])


@dataclass
class Accepted:
    """One callback that the CRM took. `since`: the beginning of the subscription that told it."""

    customer: str
    place: Place
    created: int
    webhook_id: str
    body: str
    since: int


@dataclass
class Endpoints:
    """Implements `placard.ports.CallbackSender`. What was taken is kept in order, whether the hub heard of it or not."""

    modes: dict[str, str] = field(default_factory=lambda: dict.fromkeys(CUSTOMERS, "up"))
    accepted: list[Accepted] = field(default_factory=list)
    since: Callable[[], int] = lambda: 0

    def send(self, delivery: Delivery, _now: int) -> Reply:
        """Take a callback, or do not."""
        customer = delivery.url.split("/")[3]
        body = json.loads(delivery.body)
        mode = self.modes[customer]
        if mode in ("up", "deaf"):
            place = Place(body["classifiedId"], body["channel"])
            created = from_text(body["creationDate"])
            text = delivery.body.decode()
            self.accepted.append(Accepted(customer, place, created, delivery.webhook_id, text, self.since()))
        return Reply(201) if mode == "up" else _ANSWERS.get(mode, Reply(None, reason="timed out"))


class Crm:
    """One customer's CRM, which knows no more of the hub than its API."""

    def __init__(self, tape: Tape, customer: str, keys: tuple[str, ...], scene: Scene, ports: Any) -> None:
        self.customer, self.keys = customer, keys
        self._scene = scene
        # What was asked of listing processes and taken by the hub.
        self.cancelled: set[int] = set()
        self.assigned: dict[int, str | None] = {}
        self._asked: Counter[int] = Counter()
        self._tape, self._ports = tape, ports
        self._caller = Caller(customer)
        self._texts = 0
        self._wanted = FILTERS[tape.pick((4, 1, 1))]

    def command(self) -> tuple[str, Callable[[], None]]:
        """Draw what the CRM does next: its name, and the call."""
        if "spotahome" in self._scene.providers and self._tape.happens(_ABOUT_PROCESSES):
            return self._ask_process()
        what = COMMANDS[self._tape.pick(_COMMAND_WEIGHTS)]
        if what in ("subscribe", "replay", "unsubscribe"):
            return f"{self.customer} {what}", getattr(self, what)
        key = self.keys[self._tape.below(len(self.keys))]
        if what in ("put", "post"):
            body = self._body(key)
            return f"{self.customer} {what} {key} {body['portals']} {body['data']['text']}", lambda: self._write(
                what, key, body
            )
        return f"{self.customer} {what} {key}", lambda: self._ask(what, key)

    def subscribe(self) -> None:
        """Subscribe, or go on where it stopped."""
        wish = {"url": f"https://crm.test/{self.customer}", "statuses": self._wanted}
        subscribe(self._ports.store, self._ports.vault, lambda url: url, self._ports.clock, self.customer, wish)

    def replay(self) -> None:
        """Ask for what was not accepted since the beginning."""
        since = self._ports.clock.now() - 400 * HOUR
        replay(self._ports.store, self._ports.clock, self.customer, {"since": to_text(since)})

    def unsubscribe(self) -> None:
        """End the subscription."""
        unsubscribe(self._ports.store, self.customer)

    def post_first(self, key: str) -> tuple[str, Callable[[], None]]:
        """Return the call that makes a classified."""
        body = self._body(key)
        return f"{self.customer} post {key} {body['portals']} {body['data']['text']}", lambda: self._write(
            "post", key, body
        )

    def _write(self, what: str, key: str, body: dict[str, Any]) -> None:
        if what == "post":
            post_classified(self._ports.store, self._ports.clock, self._caller, body)
        else:
            put_classified(self._ports.store, self._ports.clock, self._caller, self.id_of(key), body)

    def _ask(self, what: str, key: str) -> None:
        store, clock = self._ports.store, self._ports.clock
        if what == "delete":
            delete_classified(store, clock, self._caller, self.id_of(key))
            return
        ask = {"deactivate": deactivate_classified, "activate": activate_classified, "retry": retry_classified}[what]
        ask(store, clock, self._caller, self.id_of(key), {})

    def _ask_process(self) -> tuple[str, Callable[[], None]]:
        """Draw a command about one of the listing processes that the hub shows."""
        what = PROCESS_COMMANDS[self._tape.pick(_PROCESS_WEIGHTS)]
        shown = list_processes(self._ports.processes, self.customer, {}, Paging())["_embedded"]["sah:listing-processes"]
        if not shown:
            return f"{self.customer} sees no processes", lambda: None
        number = int(shown[self._tape.below(len(shown))]["id"])
        agent = PEOPLE[self._tape.below(len(PEOPLE))] if what == "assign" else None
        call = partial(self._cancel, number) if what == "cancel" else partial(self._assign, number, agent)
        return f"{self.customer} {what} process {number} {agent or ''}", call

    def _cancel(self, number: int) -> None:
        ports = self._ports
        cancel_process(ports.hostile_processes, ports.store, ports.clock, self.customer, str(number), None)
        self.cancelled.add(number)

    def _assign(self, number: int, agent: str | None) -> None:
        ports = self._ports
        self.assigned.pop(number, None)
        self._asked[number] += 1
        mine = self._asked[number]
        if agent is None:
            unassign_agent(ports.hostile_processes, ports.clock, self.customer, str(number), None)
        else:
            body = {"agentId": agent}
            assign_agent(ports.hostile_processes, ports.clock, self.customer, str(number), lambda: body, None)
        if mine == self._asked[number]:
            self.assigned[number] = agent
        else:
            self.assigned.pop(number, None)  # of two calls at once either may have been the later one

    def id_of(self, key: str) -> str:
        """Return the id of a classified of this customer."""
        return ids.classified_id(self.customer, key)

    def _body(self, key: str) -> dict[str, Any]:
        portals = self._scene.pick(self._tape)
        if not self._tape.happens(0.15):
            self._texts += 1
        # Now and then a text is put back to what it was before.
        text = self._texts if not self._tape.happens(0.1) else max(self._texts - 1, 1)
        broken = [portals[0]] if self._tape.happens(0.06) else []
        kind = "house" if self._tape.happens(0.1) else "flat"
        data = {
            "estateType": "APARTMENT",
            "distributionType": "BUY",
            "location": {},
            "prices": {},
            "metaData": {"source": {"offererEstateId": key}},
            "text": f"text {text}",
            "kind": kind,
            "broken": broken,
            "poison": self._ports.poison.draws_a_mark(self._tape),
        }
        return {"portals": list(portals), "data": data}


def draw_mode(tape: Tape) -> str:
    """Draw how an endpoint does from now on."""
    return MODES[tape.pick(_MODE_WEIGHTS)]


GAPS = (30 * SECOND, 10, SECOND, 8 * MINUTE, 3 * HOUR, 26 * HOUR)
_GAP_WEIGHTS = (10, 6, 6, 5, 2, 1)


def draw_gap(tape: Tape) -> int:
    """Draw how long (ms) nobody does anything new."""
    return GAPS[tape.pick(_GAP_WEIGHTS)]


__all__ = ["CUSTOMERS", "Crm", "Endpoints", "Kind", "Word", "draw_gap", "draw_mode"]
