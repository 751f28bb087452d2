"""Faults a tester orders: wrong statuses, error pages, closed connections, delays, bodies without end."""

import re
from dataclasses import dataclass, field
from random import Random
from typing import Any

KINDS = ("status", "html", "drop_before", "drop_after", "delay", "endless")
MEMBERS = frozenset({"match", "times", "share", "seed", "kind", "status", "headers", "body", "ms"})


class BadSwitchError(ValueError):
    """A tester's order cannot be understood; its text says why."""


@dataclass
class Fault:
    """One order. `times` None = until removed; `struck` = how often it has struck.

    `share` = how many of the calls that fit it strikes, of 1; the same `seed` chooses the same ones.
    """

    kind: str
    method: str | None = None
    path: str | None = None
    times: int | None = None
    share: float = 1.0
    seed: int = 0
    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    ms: int = 0
    struck: int = 0

    def __post_init__(self) -> None:
        self._chance = Random(self.seed)

    def strikes(self, method: str, path: str) -> bool:
        """Whether it strikes this call; asked once for each."""
        return self.fits(method, path) and (self.share == 1 or self._chance.random() < self.share)

    def fits(self, method: str, path: str) -> bool:
        return (
            (self.times is None or self.struck < self.times)
            and (self.method is None or self.method == method)
            and (self.path is None or re.search(self.path, path) is not None)
        )


def parse_fault(order: Any) -> Fault:
    """Read `{match?: {method?, path?}, times?, share?, seed?, kind, status?, headers?, body?, ms?}`.

    Raises:
        BadSwitchError: an unknown kind or member, a wrong type, or a path that is no regular expression.
    """
    if not isinstance(order, dict) or order.get("kind") not in KINDS:
        raise BadSwitchError(f"kind must be one of {', '.join(KINDS)}")
    if unknown := order.keys() - MEMBERS:
        raise BadSwitchError(f"unknown members: {', '.join(sorted(unknown))}")
    match = order.get("match") or {}
    if not isinstance(match, dict) or match.keys() - {"method", "path"}:
        raise BadSwitchError("match takes method and path")
    for name in ("times", "seed", "status", "ms"):
        if name in order and (type(order[name]) is not int or order[name] < 0):
            raise BadSwitchError(f"{name} must be a whole number")
    if not is_share(order.get("share", 1)):
        raise BadSwitchError("share must be a number from 0 to 1")
    try:
        re.compile(match.get("path") or "")
    except (re.error, TypeError) as error:
        raise BadSwitchError(f"match.path is no regular expression: {error}") from error
    return Fault(
        kind=order["kind"],
        method=match.get("method"),
        path=match.get("path"),
        times=order.get("times"),
        share=order.get("share", 1.0),
        seed=order.get("seed", 0),
        status=order.get("status", 502 if order["kind"] == "html" else 500),
        headers={str(name): str(value) for name, value in (order.get("headers") or {}).items()},
        body=order.get("body"),
        ms=order.get("ms", 0),
    )


def is_share(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value <= 1


class FaultPlan:
    """The orders in force; of those that fit a call, the oldest strikes."""

    def __init__(self) -> None:
        self.orders: list[Fault] = []

    def strike(self, method: str, path: str) -> Fault | None:
        for fault in self.orders:
            if fault.strikes(method, path):
                fault.struck += 1
                return fault
        return None
