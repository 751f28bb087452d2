"""A classified on three channels, from POST to live everywhere and told: AWS calls and units on the wire, and their cost.

The whole hub runs on the embedded AWS with its portals simulated over HTTP; what runs by the clock (the sweeps) is not
counted, as it belongs to no classified. The floor is a literal list of the changes that must be recorded (design §3).
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from bench.hub import Hub, counting, running, wait_for
from bench.prices import DATED, PRICES
from bench.table import Row, state
from sandbox.samples import PORTUGUESE_FLAT, load_sample

Calls = Sequence[Mapping[str, Any]]

PORTALS = ("SL", "IMOVIRTUAL", "OTODOM")
ENTRIES = 3  # of each channel: RECEIVED, CREATING, CREATED
LIFECYCLES = 7
PATIENCE_SECONDS = 900  # what is lost on a busy machine is found again after five minutes
QUIET_SECONDS = 4
MILLION = 1_000_000


@dataclass(frozen=True)
class Change:
    """One change that must be recorded, in one call: how often, and the items that it writes (design §3)."""

    what: str
    times: int
    items: tuple[str, ...]


def list_changes(messages: int) -> tuple[Change, ...]:
    """Return the floor's changes, where the portals sent so many messages."""
    channels = len(PORTALS)
    return (
        Change("the wish is taken", 1, ("CLASSIFIED",)),
        Change("a channel has received it", channels, ("PUBLICATION", "STATUS", "TOLD")),
        Change("a call begins: nobody else may make it", channels, ("PUBLICATION",)),
        Change("the portal has taken it", channels, ("PUBLICATION", "STATUS", "TOLD", "LINK")),
        Change("a message is stored", messages, ("EVENT",)),
        Change("a message makes it live", channels, ("PUBLICATION", "STATUS", "TOLD", "EVENT")),
        Change("a message says nothing new", messages - channels, ("EVENT",)),
        Change("the CRM has accepted an entry", channels * ENTRIES, ("TOLD",)),
    )


@dataclass(frozen=True)
class Cycle:
    """What one classified's way came to. `messages` are the portals', `invocations` and `gigabyte_seconds` Lambda's."""

    calls: Calls
    messages: int
    invocations: int
    gigabyte_seconds: float


def measure() -> list[Row]:
    """Return the rows of calls, item writes and units, and those of the cost by service."""
    with running() as hub, counting(hub) as calls:
        _follow(hub, calls)  # workers start, secrets are read
        cycles = [_follow(hub, calls) for _ in range(LIFECYCLES)]
    prices = _prices(cycles)
    counts = {
        "AWS calls": (_count_calls, _floor_calls, "calls"),
        "items written": (lambda cycle: len(_writes(cycle)), lambda cycle: sum(_floor_items(cycle).values()), "items"),
        "write units": (
            lambda cycle: sum(one["units"] + one["index_units"] for one in _writes(cycle)),
            lambda cycle: sum(times * prices[kind] for kind, times in _floor_items(cycle).items()),
            "units",
        ),
    }
    rows = [
        _beside_floor(f"lifecycle on {len(PORTALS)} channels: {name}", unit, cycles, ours, floor)
        for name, (ours, floor, unit) in counts.items()
    ]
    return rows + _costs(cycles)


def _follow(hub: Hub, calls: Callable[[], Calls]) -> Cycle:
    """Publish a classified, wait until it is live, told and quiet, and return what that took."""
    before, began = len(calls()), int(time.time() * 1000)
    known = hub.crm.post(load_sample(PORTUGUESE_FLAT, portals=list(PORTALS)))["classifiedId"]
    wait_for(lambda: len(hub.told(known)) >= ENTRIES * len(PORTALS), f"the CRM is told of {known}", PATIENCE_SECONDS)
    while True:
        seen = len(calls())
        time.sleep(QUIET_SECONDS)
        if len(calls()) == seen:
            break
    latest = hub.crm.read_latest(known)
    if any(entry["status"] != "CREATED" or not entry["advert"]["live"] for entry in latest.values()):
        raise RuntimeError(f"{known} is not live everywhere: {latest}")
    made = [call for call in calls()[before:] if call["function"] != "QueryStatus"]
    stored = [call for call in made if call["status"] == 200 and call["action"] == "PutItem"]
    messages = sum(one["kind"] == "EVENT" for call in stored for one in call["writes"])
    return Cycle(made, messages, *_read_reports(hub, began))


def _read_reports(hub: Hub, began: int) -> tuple[int, float]:
    """Return how many invocations Lambda has reported since, and the GB-seconds that it would bill for them."""
    logs = hub.aws.client("logs")
    invocations, seconds = 0, 0.0
    for group in logs.describe_log_groups()["logGroups"]:
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"], startTime=began)
        for line in (event["message"] for page in pages for event in page["events"]):
            report = re.search(r"Billed Duration: ([\d.]+) ms\s+Memory Size: (\d+)", line)
            if report and not any(name in line for name in ("Reconcile", "PollSpotahome", "QueryStatus")):
                invocations += 1
                seconds += float(report[1]) / 1000 * int(report[2]) / 1024
    return invocations, seconds


def _beside_floor(
    name: str, unit: str, cycles: Sequence[Cycle], ours: Callable[[Cycle], float], floor: Callable[[Cycle], float]
) -> Row:
    """Return a row of medians: a lifecycle's count, its floor's, and their ratio."""
    counted, least = median(map(ours, cycles)), median(map(floor, cycles))
    ratio = median(ours(cycle) / floor(cycle) for cycle in cycles)
    return Row(name, unit, counted, least, None, "≤ 1.3 × bare", ratio <= 1.3, {"bare": round(ratio, 2)})


def _count_calls(cycle: Cycle) -> int:
    return len(cycle.calls)


def _floor_calls(cycle: Cycle) -> int:
    """Each change is a call; a reading goes before each decision, a message to a queue after each change that asks for one."""
    channels, entries = len(PORTALS), len(PORTALS) * ENTRIES
    changes = sum(change.times for change in list_changes(cycle.messages))
    readings = channels + cycle.messages + entries  # to deliver, to fold a message, to tell
    sent = 2 + entries  # AVIV's queue and OLX's; each entry's telling
    return changes + readings + sent


def _floor_items(cycle: Cycle) -> Counter[str]:
    """Return how often each kind of item must be written."""
    found: Counter[str] = Counter()
    for change in list_changes(cycle.messages):
        for kind in change.items:
            found[kind] += change.times
    return found


def _writes(cycle: Cycle) -> list[Mapping[str, Any]]:
    return [one for call in cycle.calls for one in call.get("writes", ())]


def _prices(cycles: Sequence[Cycle]) -> dict[str, float]:
    """Return the median units of one write of each kind, its indexes and its transaction included, as the wire saw them."""
    found: dict[str, list[float]] = {}
    for one in (one for cycle in cycles for one in _writes(cycle)):
        found.setdefault(one["kind"], []).append(one["units"] + one["index_units"])
    return {kind: median(units) for kind, units in found.items()}


def _costs(cycles: Sequence[Cycle]) -> list[Row]:
    """Return what a million lifecycles cost, by service and in all."""

    def units_of(cycle: Cycle) -> dict[str, float]:
        by_service = Counter(call["service"] for call in cycle.calls)
        # Lambda's own requests of a queue are billed as well: each message is received and deleted.
        messages = sum(call.get("messages", 0) for call in cycle.calls)
        return {
            "DynamoDB writes": sum(one["units"] + one["index_units"] for one in _writes(cycle)),
            "DynamoDB reads": sum(call.get("read_units", 0) for call in cycle.calls),
            "SQS": by_service["sqs"] + 2 * messages,
            "Lambda requests": cycle.invocations,
            "Lambda durations": cycle.gigabyte_seconds,
            "API Gateway": 1,
            "KMS": by_service["kms"],
        }

    used = [units_of(cycle) for cycle in cycles]
    costs = {name: MILLION * price * median(units[name] for units in used) for name, price in PRICES.items()}
    rows = [
        state(f"cost of 1,000,000 lifecycles: {name}", "US$", {"ours": round(cost, 2)}) for name, cost in costs.items()
    ]
    in_all = round(sum(costs.values()), 2)
    return [*rows, state(f"cost of 1,000,000 lifecycles: in all, prices of {DATED}", "US$", {"ours": in_all})]
