"""The faults of a campaign: what fails all the time while the storm lasts, and the squalls that come and go.

Shares are of all calls. Token calls are left alone: a rotated token whose answer is lost ends the consent by the vendor's
own rules, and what follows then is told and tested elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

import httpx

from chaos.workers import Workers

Order = dict[str, Any]
CALLED = {"olx": "^/advert/", "aviv": "^/caas/", "spotahome": "^/(api|listing-processes|properties)"}
# Longer than the hub waits for a portal.
TOO_LONG_MS = 21_000
# 10 % are answered, but the answer is lost; 30 % fail: 5xx, no answer, or time runs out before one.
FAILURES: tuple[tuple[float, Order], ...] = (
    (0.09, {"kind": "drop_after"}),
    (0.01, {"kind": "drop_after", "ms": TOO_LONG_MS}),
    (0.01, {"kind": "drop_before", "ms": TOO_LONG_MS}),
    (0.07, {"kind": "drop_before"}),
    (0.05, {"kind": "html"}),
    (0.12, {"kind": "status", "status": 503}),
    (0.05, {"kind": "status", "status": 500, "body": {"message": "Unexpected failure"}}),
)


@dataclass(frozen=True)
class Climate:
    """What a storm is made of: failures by simulator, each with its share of all calls, and which functions it kills.

    `mortal` are parts of functions' names; none: every function may be killed.
    """

    failures: Mapping[str, tuple[tuple[float, Order], ...]]
    mortal: tuple[str, ...] = ()


HARSH = Climate(dict.fromkeys(CALLED, FAILURES))
CALLBACKS = {
    "mode": "mixed",
    "shares": {"twice": 0.2, "swapped": 0.1, "slow": 0.1, "none": 0.05},
    "delay_ms": 4000,
}
# How the CRM's receiver fails while it is down; where only the answer is lost, it has taken the callback.
DOWN: tuple[Order, ...] = (
    {"kind": "drop_before"},
    {"kind": "drop_after"},
    {"kind": "status", "status": 503},
    {"kind": "html"},
)
# Spans in seconds: least and most.
BETWEEN_BURSTS, BETWEEN_KILLS, CRM_PHASE = (10.0, 30.0), (3.0, 9.0), (4.0, 16.0)


@dataclass(frozen=True)
class Squall:
    """Something that happens once: a burst of 429s, the CRM's receiver going down or up, a function killed."""

    at: float
    kind: str
    target: str = ""
    order: Order | None = None
    draw: float = 0.0


def forecast(seed: int, storm_s: float) -> list[Squall]:
    """Choose every squall of a storm, in order."""
    kills, bursts, outages = (Random(f"{seed}/{name}") for name in ("kills", "bursts", "crm"))
    killing = [Squall(at, "kill", draw=kills.random()) for at in _times(kills, BETWEEN_KILLS, storm_s)]
    return sorted([*killing, *_bursts(bursts, storm_s), *_outages(outages, storm_s)], key=lambda squall: squall.at)


def _bursts(chance: Random, storm_s: float) -> Iterator[Squall]:
    for portal, path in CALLED.items():
        for at in _times(chance, BETWEEN_BURSTS, storm_s):
            order = {"kind": "status", "status": 429, "headers": {"Retry-After": "1"}, "match": {"path": path}}
            yield Squall(at, "burst", portal, order | {"times": chance.randint(5, 25)})


def _outages(chance: Random, storm_s: float) -> Iterator[Squall]:
    """The receiver is down half of the time: each phase of being up is as long as the one of being down before it."""
    at = 0.0
    while at < storm_s:
        span = chance.uniform(*CRM_PHASE)
        yield Squall(at, "down", "crm", chance.choice(DOWN))
        yield Squall(min(at + span, storm_s), "up", "crm")
        at += 2 * span


def _times(chance: Random, between: tuple[float, float], storm_s: float) -> Iterator[float]:
    at = chance.uniform(*between)
    while at < storm_s:
        yield at
        at += chance.uniform(*between)


class Weather:
    """Carries the faults to the simulators. `crm_up`: whether the receiver takes anything."""

    def __init__(self, simulators: Mapping[str, str], aws_pid: int, seed: int, climate: Climate = HARSH) -> None:
        self._clients = {
            name: httpx.Client(base_url=f"{url}/_sim", timeout=30, trust_env=False) for name, url in simulators.items()
        }
        self._seed, self._climate = seed, climate
        self.workers = Workers(aws_pid, climate.mortal)
        self.bursts = 0
        self.crm_up = True

    def begin(self) -> None:
        for place, (portal, path) in enumerate(CALLED.items()):
            left = 1.0
            for number, (share, order) in enumerate(self._climate.failures[portal]):
                # The oldest order that strikes a call is the only one, so that each has its share of what is left.
                chosen = {"share": share / left, "seed": 100 * self._seed + 10 * place + number}
                self._switch(
                    portal, "POST", "faults", order | chosen | {"match": {"path": path} | order.get("match", {})}
                )
                left -= share
            if portal != "spotahome":  # which never calls
                self._switch(portal, "PUT", "callbacks", CALLBACKS | {"seed": 10 * self._seed + place})

    def strike(self, squall: Squall) -> None:
        match squall.kind:
            case "burst":
                self._switch(squall.target, "POST", "faults", squall.order)
                self.bursts += 1
            case "down":
                self._switch("crm", "POST", "faults", squall.order)
                self.crm_up = False
            case "up":
                self._switch("crm", "DELETE", "faults")
                self.crm_up = True
            case "kill":
                self.workers.kill_one(squall.draw)

    def end(self) -> None:
        """All is well again; what is still under way comes late."""
        for name in self._clients:
            self._switch(name, "DELETE", "faults")
        for name in ("olx", "aviv"):
            self._switch(name, "PUT", "callbacks", {})
        self.crm_up = True

    def close(self) -> None:
        for client in self._clients.values():
            client.close()

    def _switch(self, name: str, method: str, path: str, order: Any = None) -> None:
        self._clients[name].request(method, path, json=order).raise_for_status()
